"""A record of quotes that nobody kept: the pilot says by name what is wrong with them, and trades none."""

from collections import Counter
from pathlib import Path

import pytest

from tests.runtime.rig import events_of
from tradeworthy.core.candidates import Decision
from tradeworthy.core.events import CountersClosed
from tradeworthy.desks.arbitrage.events import OpportunityDetected
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.execution.orders import FillObserved, PlaceOrder
from tradeworthy.runtime.backtest import Backtested, run_backtest
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.pilot import pilot_plan
from tradeworthy.runtime.plan import Mode, Plan

RECORD = "polymarket_btc5m_bbo"


class Ran:
    """The pilot on the whole record: how it ended, and its turns without a candidate by reason."""

    def __init__(self, home: Path, record: Path) -> None:
        plan = Plan(pilot_plan().configuration, Mode.BACKTEST, f"recorded:{record}", seed=7)
        self.ended: Backtested = run_backtest(plan, Home(home))
        (self.folder,) = (home / "runs").iterdir()
        self.turns: Counter[str] = Counter()
        for closed in events_of(self.folder, CountersClosed):
            self.turns.update(closed.counts)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, recorded_data: Path) -> Ran:
    """One run for all that is asked of it."""
    return Ran(tmp_path_factory.mktemp("bad"), recorded_data / RECORD)


def test_bad_quotes_are_not_traded(ran: Ran) -> None:
    """P2: eight windows of them, and not one fill, nor an order, nor a candidate."""
    assert ran.ended.finished
    assert ran.ended.overview["markets"] == {"closed": 8}
    for kind in (OpportunityDetected, Decision, PlaceOrder, FillObserved):
        assert events_of(ran.folder, kind) == []
    assert ran.ended.overview["fills"] == 0
    assert ran.ended.overview["equity"] == "500.00"


@pytest.mark.parametrize(
    "reason",
    [
        SkipReason.FROZEN_BOOK,
        SkipReason.CARRIED_OVER,
        SkipReason.NEVER_SETTLED,
        SkipReason.STRIKE_UNKNOWN,
        SkipReason.NO_ORACLE,
    ],
)
def test_what_is_wrong_with_them_is_counted_by_name(ran: Ran, reason: SkipReason) -> None:
    """P2: quotes by their fault, times without a price, and windows that were entered after their start."""
    assert ran.turns[reason] > 0, ran.turns


def test_prices_of_zero_are_missing_ones(ran: Ran) -> None:
    """The feed says how many of the record's prices were none, and none of them reached a desk."""
    assert ran.ended.feed.instruments["BTC"].bad["no_price"] > 0
    assert ran.ended.overview["prices"]["BTC"]["price"] > 0
