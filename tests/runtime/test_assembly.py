"""The core of a session: the same parts in every mode, in the one order that lets causes come before effects."""

from pathlib import Path
from typing import Any

import pytest

from tests.desks.divergence.desk_rig import DeskRig
from tests.desks.divergence.desk_rig import configured as panels
from tests.desks.divergence.desk_rig import desk as panel_desk
from tests.runtime.rig import BTC, TOLD, configured, desk, place, values
from tradeworthy.core.errors import UsageError
from tradeworthy.execution.accounting import CashMoved
from tradeworthy.market.instruments import InstrumentListed
from tradeworthy.runtime.assembly import first_inputs, instruments_of
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.desks import check_desks


def test_books_come_before_orders_orders_before_risk_and_risk_before_desks(tmp_path: Path) -> None:
    """A user sees parts with fixed names."""
    with place(tmp_path, desk("one", "0.5"), desk("two", "0.5")).opened() as life:
        names = [*life.core.sequencer.agents]
    assert names == [
        "counters",
        *("listing", "marks", "markets", "oracles", "freshness"),
        *("ledger", "orders", "settlement", "paper-executor", "risk-guardian", "fingerprint", "tally"),
        *("one", "one-flattener", "two", "two-flattener"),
    ]


@pytest.mark.parametrize(("settings", "strategies"), [({}, []), ({"atomic_arb": True}, ["atomic-arb"])])
def test_a_built_in_desk_brings_agents_of_its_own(
    tmp_path: Path, settings: dict[str, Any], strategies: list[str]
) -> None:
    """A2: all of the one desk, after the parts that they read."""
    arbitrage = {"name": "arbitrage", "kind": "arbitrage", "settings": settings}
    with place(tmp_path, arbitrage).opened() as life:
        agents = life.core.sequencer.agents
    assert [name for name, agent in agents.items() if agent.desk == "arbitrage"] == [
        *("opportunity-scanner", "oracle-sniper", *strategies, "capital-allocator"),
        "arbitrage-flattener",
    ]


def test_a_wrong_setting_of_a_built_in_desk_is_named(tmp_path: Path) -> None:
    """A11: before any server is started for it."""
    whole = configured({"name": "arbitrage", "kind": "arbitrage", "settings": {"min_edg": 0.1}})
    with pytest.raises(
        UsageError, match=r"desk arbitrage, kind arbitrage: .*min_edg; did you mean min_edge\?"
    ):
        check_desks(whole)


def test_a_desk_sees_its_share_of_the_account(tmp_path: Path) -> None:
    """Its capital, its positions, and nobody else's."""
    with place(tmp_path, desk("one", "0.3"), desk("two", "0.5")).opened() as life:
        one = life.core.sequencer.agents["one"].account  # type: ignore[attr-defined]
        assert (one.capital("one"), one.capital("two")) == (3_000 * 10**8, 5_000 * 10**8)
        assert one.position("one", BTC).lots == 0
        assert one.scale(BTC).instrument.id == BTC


def test_a_run_is_told_its_instruments_and_then_its_cash() -> None:
    """Those that some desk trades, in the configuration's order."""
    told = first_inputs(configured(desk(instruments=["ETH", "BTC"])))
    assert [one.instrument.id for one in told if isinstance(one, InstrumentListed)] == ["BTC", "ETH"]
    assert told[-1] == CashMoved(10_000 * 10**8, "initial cash")
    assert len(first_inputs(configured(desk(instruments=["ETH"])))) == 2


def changed(**figures: object) -> Configuration:
    """The configuration with the first instrument changed."""
    whole = values()
    whole["instruments"][0].update(figures)
    return from_values(whole, "the test's")


@pytest.mark.parametrize(
    "figures",
    [
        {"tick": "0.0001", "lot": "0.00001"},
        {"lots_min": 5, "lots_max": 3},
        {"lots_max": 10**18},
        {"price_max": "0.01"},
    ],
)
def test_an_instrument_whose_money_does_not_fit_is_refused(figures: dict[str, object]) -> None:
    """Before anything is traded in it: the instrument, the figures and the way out (A11)."""
    with pytest.raises(UsageError, match="BTC") as refused:
        instruments_of(changed(**figures))
    assert "\n" not in str(refused.value)


def test_a_desk_may_not_be_named_like_a_part(tmp_path: Path) -> None:
    """Two parts of one name would share what they remember."""
    with pytest.raises(Exception, match="two agents are named 'ledger'"):
        place(tmp_path, desk("ledger", file=str(TOLD))).open()


def test_a_desk_on_a_panel_brings_what_it_hears_before_itself() -> None:
    """Its panel, the script if there is one, and the posture; no other session has these parts."""
    script = [{"at": "2024-10-04T00:00:00Z", "posture": "TURTLE"}]
    short = panel_desk("short", "0.5", forewarner={"enabled": True})
    names = [*DeskRig(panels(short, panel_desk("long", "0.5"), script=script)).sequencer.agents]
    assert names[names.index("tally") + 1 :] == [
        *("panel-6x5m", "script", "survival-stack"),
        *("short", "short-boosts", "short-forewarner", "short-flattener"),
        *("long", "long-boosts", "long-flattener"),
    ]
