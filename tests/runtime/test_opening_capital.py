"""What capital a new run begins with: the ledger's, else the store's, else the configuration's."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from tests.runtime.rig import configured
from tradeworthy.core.errors import UsageError
from tradeworthy.execution.accounting import CashMoved, Opened, capital_moved
from tradeworthy.gateways.capital_ledger import CapitalLedger, LedgerLine, amount_of
from tradeworthy.market.bars import utc_text
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import check_desks
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.opening_capital import taken_over
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.state_keeping import kept_desks, ledgers_in, report_age_ns

DAY = 86_400_000_000_000
BEGIN = 20_000 * DAY
KEY = "divergence:short:state"


def panel_desk(name: str = "short", share: str = "0.5", **own: Any) -> dict[str, Any]:
    """A section of a desk on a panel."""
    places = {
        "strategy_name": name,
        "state_key": f"divergence:{name}:state",
        "pnl_key": f"divergence:{name}:pnl",
        "log_dir": f"paper_logs/{name}",
    }
    settings = {**places, "direction": -1, "assets_min": 2, "vol_symbol": "BTC", **own}
    return {
        "name": name,
        "kind": "divergence",
        "timeframe": "5m",
        "instruments": ["BTC", "ETH"],
        "share": share,
        "settings": settings,
    }


def two_desks(**own: Any) -> Configuration:
    """A short and a long desk with half of 10,000 each."""
    venue = {"matcher": "bar", "fills": "taker_close"}
    return configured(panel_desk(), panel_desk("long", **own), venue=venue)


class Rig:
    """A home, a plan, and what the store says."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home").make()
        self.plan = Plan(two_desks(), Mode.PAPER)
        self.stored: dict[str, Mapping[str, Any]] = {}
        self.short, self.long = kept_desks(self.plan.configuration, self.home, "recorded")

    def opened(self, start_ts: int, *, fresh: bool = False) -> Opened | None:
        """What a run from `start_ts` on takes over."""
        plan = Plan(self.plan.configuration, Mode.PAPER, fresh=fresh)
        return taken_over(plan, self.home, "recorded", lambda key: self.stored.get(key, {}), start_ts)

    def record(self, day: int, opened: int, closed: int) -> None:
        """A line of the short desk's ledger."""
        opens, closes = amount_of(opened * CASH_UNIT), amount_of(closed * CASH_UNIT)
        CapitalLedger(self.short.ledger).append(
            LedgerLine(
                seq=0,
                strategy="short",
                date=utc_text(BEGIN + day * DAY)[:10],
                capital_open=opens,
                pnl=closes - opens,
                capital_close=closes,
                trades=1,
                engine="e",
                config="c",
                ts=utc_text(BEGIN + (day + 1) * DAY),
                run=f"r-{day}",
            )
        )

    def store(self, seq: int, closed: str, capital: str = "5500", ts: int = BEGIN) -> None:
        """What the store says of the short desk."""
        self.stored[KEY] = {
            "configuration": "test",
            "feed": "recorded",
            "strategy": "short",
            "ts": utc_text(ts),
            "capital": Decimal(capital),
            "ledger": {"seq": seq, "capital_close": Decimal(closed)},
        }


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A home with nothing in it."""
    return Rig(tmp_path)


def test_where_all_are_empty_the_configuration_s_cash_is_taken(rig: Rig) -> None:
    """D11: and only then."""
    assert rig.opened(BEGIN) is None


def test_the_ledger_goes_before_the_store(rig: Rig, log: LogCapture) -> None:
    """D11: each desk begins with its own capital; the cash is theirs together."""
    rig.record(0, 5_000, 5_100)
    rig.record(1, 5_100, 4_900)
    rig.store(2, "4900.00", "4950")
    opened = rig.opened(BEGIN + 2 * DAY)
    assert opened is not None
    assert opened.capitals == {"short": 4_900 * CASH_UNIT}
    assert opened.cash == 9_900 * CASH_UNIT
    assert capital_moved(opened, "short", 500_000) == 4_900 * CASH_UNIT
    said = {key: log.entries[-1][key] for key in ("event", "desk", "source", "seq", "capital")}
    assert said == {
        "event": "capital_resumed",
        "desk": "short",
        "source": "ledger",
        "seq": 2,
        "capital": "4900.00",
    }


def test_a_run_over_recorded_dates_begins_as_the_first_one_did(rig: Rig) -> None:
    """D11: running them again is no second gain: what came after its begin does not count."""
    rig.record(0, 5_000, 5_100)
    rig.record(1, 5_100, 4_900)
    again = rig.opened(BEGIN + DAY)
    assert again is not None
    assert again.capitals == {"short": 5_100 * CASH_UNIT}
    assert rig.opened(BEGIN) is None


def test_the_store_is_asked_where_there_is_no_ledger(rig: Rig) -> None:
    """D11: if it speaks of this strategy, on this feed, before that time."""
    rig.store(3, "5400", ts=BEGIN)
    opened = rig.opened(BEGIN)
    assert opened is not None
    assert opened.capitals == {"short": 5_500 * CASH_UNIT}
    assert rig.opened(BEGIN - 1) is None
    rig.stored[KEY] = {**rig.stored[KEY], "feed": "simulator"}
    assert rig.opened(BEGIN) is None


def test_a_value_that_is_no_state_is_an_error(rig: Rig) -> None:
    """One line: the store may be written to by anybody."""
    rig.store(3, "5400")
    for wrong in ({"ts": "now"}, {"capital": "much"}, {"ledger": 7}):
        good, rig.stored[KEY] = rig.stored[KEY], {**rig.stored[KEY], **wrong}
        with pytest.raises(UsageError, match=f"{KEY} of the state store is no state of a desk"):
            rig.opened(BEGIN)
        rig.stored[KEY] = good


def test_one_seq_with_two_capitals_stops_and_names_both(rig: Rig) -> None:
    """D11: nothing is guessed."""
    rig.record(0, 5_000, 5_100)
    rig.store(1, "5099.99")
    with pytest.raises(UsageError) as error:
        rig.opened(BEGIN + DAY)
    said = str(error.value)
    assert str(rig.short.ledger) in said
    assert KEY in said
    assert "5100.00" in said
    assert "5099.99" in said
    assert "\n" not in said


def test_fresh_sets_the_ledgers_aside(rig: Rig) -> None:
    """An empty run is empty; the old record stays readable."""
    rig.record(0, 5_000, 5_100)
    assert rig.opened(BEGIN + DAY, fresh=True) is None
    assert not rig.short.ledger.exists()
    assert [path.parent for path in ledgers_in(rig.home)] == [rig.short.ledger.parent]
    assert rig.opened(BEGIN + DAY) is None


def test_nothing_left_to_trade_with_is_an_error(rig: Rig) -> None:
    """With the next step."""
    rig.record(0, 5_000, 0)
    with pytest.raises(UsageError, match=r"desk short has 0\.00 left .* --fresh"):
        rig.opened(BEGIN + DAY)


def test_a_desk_without_a_capital_of_its_own_has_its_share() -> None:
    """Of later money, too."""
    opened = Opened("ledger", 9_900, (), capitals={"short": 4_900})
    assert capital_moved(opened, "long", 500_000) == 4_950
    assert capital_moved(CashMoved(3, "more"), "short", 500_000) == 1


def test_desks_that_share_a_place_are_refused() -> None:
    """One of them would write over the other."""
    configuration = two_desks(state_key=KEY)
    with pytest.raises(UsageError, match=f"desks short and long both keep their state in {KEY}"):
        check_desks(configuration)


def test_a_ledger_is_of_one_configuration_and_feed(rig: Rig) -> None:
    """What the simulator made is no capital on recorded data."""
    assert rig.short.ledger == rig.home.path / "paper_logs/short/test-recorded/ledger.jsonl"
    assert report_age_ns(rig.plan.configuration) == 12 * 300_000_000_000
