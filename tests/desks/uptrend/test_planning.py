"""The order in which actions are asked for, and what keeps each back."""

from typing import Any

import pytest

from tests.desks.uptrend.managing import FLAT
from tradeworthy.desks.uptrend.config import ManagerSettings
from tradeworthy.desks.uptrend.gates import Judged
from tradeworthy.desks.uptrend.holdings import Action, Deed, History, Holding
from tradeworthy.desks.uptrend.names import DecisionType, Stage
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.planning import (
    BOUGHT,
    COOLDOWN,
    HOLD,
    KINDS,
    NO_EXIT,
    NO_QUANTITY,
    TRIM_TOO_SMALL,
    View,
    pattern_of,
    plan,
)
from tradeworthy.desks.uptrend.sizing import Books
from tradeworthy.learning.scopes import CATEGORIES, S1_ENTRY, S3_DX
from tradeworthy.market.instruments import CASH_UNIT

HOUR = 3_600_000_000_000
ENTRY, ADD = DecisionType.ENTRY, DecisionType.ADD
S0, S1, S2, S3 = Stage.S0, Stage.S1, Stage.S2, Stage.S3
ALL = ("buy_signal", "buy_flag", "first_dip_buy_flag", "trim_flag", "emergency_exit", "reclaimed_ema333")


def planned(
    state: Stage, *flags: str, lots: int = 0, value: int = 0, history: History | None = None, **fields: Any
) -> Action | str:
    """What is planned in `state` under `flags` for a row of `lots`, worth a unit of currency each or `value`."""
    values: dict[str, Any] = {"sr_level": 1.0} | dict.fromkeys(flags, True) | fields
    payload = Payload(state, state, 10 * HOUR, 1.0, FLAT, 0.01, **values)
    holding = Holding("1h@BONK", "BONK", lots_bought=lots, trade="t" if lots else "", state=state)
    holding.history = history or History()
    judged = Judged(payload.buy_signal, payload.buy_flag, {}, {}, ())
    spent = lots * CASH_UNIT
    books = Books(spent, 0, value or spent, 10 * max(CASH_UNIT, spent))
    return plan(
        View(payload, judged, holding, books, 0.5, 0.5, ManagerSettings(), lambda _, default: default, HOUR)
    )


def kind(found: Action | str) -> str:
    """The candidate's kind, or the reason why there is none."""
    return found if isinstance(found, str) else f"{found.kind}/{found.signal}"


@pytest.mark.parametrize(
    ("state", "flags", "asked"),
    [
        (S0, ("exit_position", *ALL), "emergency_exit/exit_position"),
        (S0, (), "emergency_exit/exit_position"),
        (S3, ALL, "emergency_exit/emergency_exit"),
        (S3, ("trim_flag", "buy_flag"), "trim/trim_flag"),
        (S2, ("trim_flag", "buy_flag"), "trim/trim_flag"),
        (S1, ("buy_signal",), "s1_entry/buy_signal"),
        (S2, ("buy_flag", "buy_signal"), "retest/buy_flag"),
        (S3, ("buy_flag", "first_dip_buy_flag", "reclaimed_ema333"), "dx/buy_flag"),
        (S3, ("first_dip_buy_flag", "reclaimed_ema333"), "first_dip/first_dip_buy_flag"),
        (S3, ("reclaimed_ema333",), NO_EXIT),
        (S2, (), HOLD),
        (Stage.S4, ("buy_flag",), HOLD),
    ],
)
def test_the_first_that_applies_is_planned(state: Stage, flags: tuple[str, ...], asked: str) -> None:
    """L5: exit, emergency exit, trim, S1 buy, S2 or S3 buy, reclaim, nothing."""
    found = planned(state, *flags, lots=100)
    assert kind(found) == asked
    assert isinstance(found, str) or found.kind in KINDS


@pytest.mark.parametrize("state", [S0, S3])
def test_nothing_is_sold_where_nothing_is_held(state: Stage) -> None:
    """B8: an exit without quantity is none, and no buy comes in its place."""
    assert planned(state, "emergency_exit", "buy_flag", "buy_signal") == NO_QUANTITY


def test_a_trim_flag_without_quantity_leaves_a_retest_its_way() -> None:
    """Spec 9.2: trims only where something is held."""
    assert kind(planned(S2, "trim_flag", "buy_flag")) == "retest/buy_flag"


def test_a_trim_that_cools_down_is_no_buy_either() -> None:
    """L6: the bar asked for less, not for more."""
    history = History(last_trim=Deed(8 * HOUR, 1.0, 0.3, "trim_flag", sr_level_price=1.0))
    assert planned(S2, "trim_flag", "buy_flag", lots=100, history=history) == COOLDOWN


def test_a_trim_of_dust_is_none() -> None:
    """L15: less than dust_usd, or than a lot, is not trimmed; an exit sells it all the same."""
    least = 20 * CASH_UNIT // 3  # a trade in loss trims 15 %
    assert kind(planned(S2, "trim_flag", lots=100, value=least + 1)) == "trim/trim_flag"
    assert planned(S2, "trim_flag", "buy_flag", lots=100, value=least - 1) == TRIM_TOO_SMALL
    assert planned(S2, "trim_flag", lots=3, value=7 * CASH_UNIT) == TRIM_TOO_SMALL
    assert kind(planned(S3, "emergency_exit", lots=1, value=1)) == "emergency_exit/emergency_exit"


def test_an_exit_is_whole_and_a_trim_has_its_table() -> None:
    """B12, L6: 1.0, and the table by E with its multiplier, capped."""
    out = planned(S0, lots=100)
    trim = planned(S2, "trim_flag", lots=100)
    assert isinstance(out, Action)
    assert isinstance(trim, Action)
    assert (out.size_frac, out.decision, out.category) == (1.0, DecisionType.EMERGENCY_EXIT, "exit")
    assert (trim.size_frac, trim.reasons["cooldown_expired"]) == (0.3, True)
    assert {"flag", "state", "a_score", "e_score", "ts_score", "dx_score", "ox_score"} <= set(trim.reasons)


def test_a_first_dip_is_taken_once_in_a_run() -> None:
    """Spec 6.5: the flag is used up by the buy."""
    history = History(last_s3_buy=Deed(5, 1.0, 0.15, "first_dip_buy_flag"))
    assert planned(S3, "first_dip_buy_flag", lots=100, history=history) == BOUGHT


def test_the_first_buy_is_an_entry_and_later_ones_are_adds() -> None:
    """B15: one function names pattern and category for writer and reader."""
    assert pattern_of(S1, "buy_signal", ENTRY) == (S1_ENTRY, "entry")
    assert pattern_of(S2, "buy_flag", ENTRY) == ("pm.uptrend.S2.retest_entry", "entry")
    assert pattern_of(S2, "buy_flag", ADD) == ("pm.uptrend.S2.add", "add")
    assert pattern_of(S3, "buy_flag", ADD) == (S3_DX, "add")
    assert pattern_of(S3, "buy_flag", ENTRY) == (S3_DX, "entry")
    assert pattern_of(S3, "trim_flag", DecisionType.TRIM) == ("pm.uptrend.S3.trim", "trim")
    assert pattern_of(S0, "exit_position", DecisionType.EMERGENCY_EXIT)[1] in CATEGORIES
