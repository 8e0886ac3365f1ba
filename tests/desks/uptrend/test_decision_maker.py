"""The decision maker: five checks, all told, and four rows or none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.uptrend.signalling import CAPITAL, Signalling, settings_of, signal
from tradeworthy.desks.uptrend.curators import Score
from tradeworthy.desks.uptrend.deciding import (
    BUY_INTENTS,
    INTENTS,
    Asked,
    allocation_of,
    caps_of,
    checks,
)
from tradeworthy.desks.uptrend.events import (
    Curator,
    CuratorsChanged,
    PositionsAllocated,
    SignalDecided,
    SignalTaken,
)
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Status
from tradeworthy.execution.orders import PlaceOrder
from tradeworthy.learning.scopes import build_scope
from tradeworthy.market.instruments import CASH_UNIT

KEYS = ("1m@BONK", "15m@BONK", "1h@BONK", "4h@BONK")


def decided(desk: Signalling, **changes: Any) -> SignalDecided:
    """What is decided on one signal."""
    before = len(desk.events(SignalDecided))
    desk.put(signal(**changes))
    made = desk.events(SignalDecided)
    assert len(made) == before + 1
    return made[-1]


def reasons(found: SignalDecided) -> list[str]:
    """The checks' reasons, in order."""
    return [one.reason for one in found.checks]


GOOD = ["supported_chain", "not_holding", "curator_score_met", "buy_intent", "room_in_book"]


def test_an_approved_signal_makes_four_rows_with_their_caps() -> None:
    """L2: 10 % of 10 000 in parts of 5, 12.5, 70 and 12.5 %: 50, 125, 700 and 125, to the cent."""
    desk = Signalling()
    found = decided(desk)
    assert found.approved
    assert reasons(found) == GOOD
    assert (found.reason, found.allocation_pct, found.allocation) == ("approved", 10.0, 1_000 * CASH_UNIT)
    assert found.positions == KEYS
    rows = desk.events(PositionsAllocated)[0].rows
    assert tuple(row.position for row in rows) == KEYS
    assert [row.cap for row in rows] == [cash * CASH_UNIT for cash in (50, 125, 700, 125)]
    assert [row.allocation_pct for row in rows] == [0.5, 1.25, 7.0, 1.25]
    assert [row.split for row in rows] == [0.05, 0.125, 0.70, 0.125]


def test_each_packet_names_the_one_that_caused_it() -> None:
    """L2: signal, decision and rows hang together by their seqs, and the decision names its signal."""
    desk = Signalling()
    desk.put(signal())
    taken, found, rows = (desk.packets(kind)[0] for kind in (SignalTaken, SignalDecided, PositionsAllocated))
    assert (found.cause, rows.cause) == (taken.seq, found.seq)
    assert desk.events(SignalDecided)[0].signal == taken.seq
    assert desk.row(KEYS[0]).decision == found.seq
    assert rows.trace == taken.trace


@pytest.mark.parametrize(
    ("said", "place", "word"),
    [
        ({"ticker": "PEPE"}, 0, "unsupported_chain"),
        ({"curator": "bob"}, 2, "low_curator_score"),
        ({"curator": "who"}, 2, "unknown_curator"),
        ({"intent": "profit_taking"}, 3, "no_buy_intent"),
        ({"intent": "shill"}, 3, "no_buy_intent"),
    ],
)
def test_a_rejected_signal_makes_no_rows_and_keeps_all_five_reasons(
    said: dict[str, Any], place: int, word: str
) -> None:
    """L2: the check that failed is named, and the others are told beside it."""
    desk = Signalling(decision={"chains": ["solana"]})
    found = decided(desk, **said)
    assert not found.approved
    assert reasons(found) == [*GOOD[:place], word, *GOOD[place + 1 :]]
    assert [one.passed for one in found.checks].count(False) == 1
    assert (found.reason, found.allocation, found.positions) == (word, 0, ())
    assert not desk.trader.rows()
    assert not desk.events(PositionsAllocated)


def test_a_token_with_an_active_row_is_already_held() -> None:
    """L2: one active row of four is enough, and its key is the figure."""
    desk = Signalling()
    decided(desk)
    desk.activate("1h@BONK")
    found = decided(desk, number=2)
    assert (found.reason, found.checks[1].figure) == ("already_holding", "1h@BONK")
    assert decided(desk, number=3, ticker="WIF").approved


def test_a_full_book_takes_no_token_more() -> None:
    """L2: fewer active rows than max_positions, whatever token they are of."""
    desk = Signalling(decision={"max_positions": 2})
    decided(desk)
    desk.activate("1m@BONK")
    assert decided(desk, number=2, ticker="WIF").approved
    desk.activate("1m@WIF")
    found = decided(desk, number=3, ticker="PEPE")
    assert (found.reason, found.checks[4].figure, found.checks[4].limit) == ("max_positions", 2, 2)


def test_a_curator_at_the_least_score_is_heard() -> None:
    """0.6 is enough; what a person changes of the table counts from the next signal on."""
    desk = Signalling()
    desk.put(CuratorsChanged((Curator("ann", 0.6), Curator("bob", 0.5999))))
    assert decided(desk).approved
    assert decided(desk, number=2, ticker="WIF", curator="bob").reason == "low_curator_score"


@given(
    st.sampled_from(["solana", "base", "tron"]),
    st.sampled_from(INTENTS),
    st.floats(0, 1),
    st.sampled_from([[], ["1h@BONK"]]),
    st.integers(0, 100),
)
def test_the_five_checks_depend_on_their_own_figure_alone(
    chain: str, intent: str, score: float, holding: list[str], active: int
) -> None:
    """L2: all five are evaluated, whatever the others say."""
    settings = settings_of().decision
    asked = Asked(chain, intent, Score(score, known=True), holding, active)
    assert [one.passed for one in checks(asked, settings)] == [
        chain != "tron",
        not holding,
        score >= 0.6,
        intent in BUY_INTENTS,
        active < 69,
    ]


@given(
    st.integers(0, 10**18),
    st.lists(st.integers(0, 1000), min_size=4, max_size=4).filter(lambda parts: sum(parts) > 0),
)
def test_caps_sum_to_the_allocation_to_the_last_unit(allocation: int, parts: list[int]) -> None:
    """B38: a token's four rows together may never deploy more than was allocated to it."""
    splits = {one: part / sum(parts) for one, part in zip(TIMEFRAMES, parts, strict=True)}
    caps = caps_of(allocation, splits)
    assert sum(caps.values()) == allocation
    assert all(cap >= 0 for cap in caps.values())


def test_an_allocation_is_rounded_down() -> None:
    """Not a unit more than the percentage; nothing of debts."""
    assert allocation_of(999, 10.0) == 99
    assert allocation_of(-5, 10.0) == 0


def test_without_capital_nothing_is_approved() -> None:
    """All five checks pass, and there is nothing to allocate."""
    desk = Signalling()
    desk.capital = 0
    found = decided(desk)
    assert (found.approved, found.reason, reasons(found)) == (False, "no_capital", GOOD)
    assert not desk.trader.rows()


def test_a_second_approval_uses_the_same_rows_with_caps_of_its_own() -> None:
    """L2: a new signal adds its curator and sets the caps anew, up or down, by a decision that is on record."""
    desk = Signalling(curators=[{"id": "ann", "weight": 0.8}, {"id": "eve", "weight": 0.9}])
    first = decided(desk)
    desk.capital = 2 * CAPITAL
    found = decided(desk, number=2, curator="eve", market_cap=6e8)
    assert (first.reused, found.reused) == (False, True)
    assert len(desk.trader.rows()) == 4
    row = desk.row("1h@BONK")
    assert row.cap == 1_400 * CASH_UNIT
    assert row.curator_sources == ("ann", "eve")
    assert row.entry_context["curator"] == "eve"
    assert row.decision == desk.packets(SignalDecided)[1].seq


def test_a_repeat_of_a_signal_raises_no_cap() -> None:
    """L2: the same word twice is no new decision about money, but less capital does lower the caps."""
    desk = Signalling()
    decided(desk)
    before = desk.row("1h@BONK").entry_context
    desk.capital = 2 * CAPITAL
    found = decided(desk)
    assert (found.approved, found.reused, found.allocation) == (True, True, 1_000 * CASH_UNIT)
    assert [row.cap for row in desk.trader.rows()] == [cash * CASH_UNIT for cash in (50, 125, 700, 125)]
    desk.capital = CAPITAL // 2
    assert decided(desk).allocation == 500 * CASH_UNIT
    row = desk.row("1h@BONK")
    assert (row.cap, row.curator_sources, row.entry_context) == (350 * CASH_UNIT, ("ann",), before)


def test_the_entry_context_holds_what_was_known_as_text() -> None:
    """B32: scopes are text, also where they come from; the focus of a signal is no row's timeframe."""
    desk = Signalling()
    decided(desk, timeframe="15m", volume_24h=2e5)
    context = desk.row("1h@BONK").entry_context
    assert {type(value) for value in context.values()} == {str}
    assert all(context.values())
    assert context["timeframe_focus"] == "15m"
    assert (context["token_ticker"], context["curator_score"], context["mcap_at_entry"]) == (
        "BONK",
        "0.8",
        "1000000.0",
    )
    scope = build_scope(context, timeframe="1h", a=0.5, e=0.5, regime={})
    assert (scope["timeframe"], scope["curator"], scope["mcap_bucket"]) == ("1h", "ann", "micro")


def test_a_decision_buys_nothing() -> None:
    """Every entry goes through the position manager."""
    desk = Signalling()
    desk.put(signal())
    assert not desk.events(PlaceOrder)


signals = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from(["BONK", "WIF", "PEPE", "SOL", "NOPE"]),
        st.sampled_from(["ann", "bob", "who"]),
        st.sampled_from(["new_discovery", "mention_only"]),
        st.sampled_from(["", "1m", "4h"]),
    ),
    max_size=12,
)


@given(signals)
def test_an_approval_leaves_exactly_four_rows_and_a_rejection_none(
    said: list[tuple[int, str, str, str, str]],
) -> None:
    """L2, B23: rows come in fours, never twice, and never without a decision, in any order of signals and trades."""
    desk = Signalling()
    approved: set[str] = set()
    for number, ticker, curator, intent, activated in said:
        before = len(desk.trader.rows())
        made = desk.put(signal(number, ticker=ticker, curator=curator, intent=intent))
        decisions = [one for one in made if isinstance(one, SignalDecided)]
        allocated = [one for one in made if isinstance(one, PositionsAllocated)]
        yes = [one.instrument for one in decisions if one.approved]
        assert [one.instrument for one in allocated] == yes
        new = [one for one in yes if one not in approved]
        assert len(desk.trader.rows()) == before + 4 * len(new)
        approved.update(yes)
        if activated and yes:
            desk.activate(f"{activated}@{ticker}")
    rows = desk.trader.rows()
    assert sorted({row.instrument for row in rows}) == sorted(approved)
    assert len({(row.instrument, row.timeframe) for row in rows}) == len(rows) == 4 * len(approved)


def test_rows_with_bars_enough_begin_on_the_watchlist() -> None:
    """L3, B6: a row that can be judged is watched at once, so that its first entry is possible."""
    desk = Signalling()
    desk.bars(20)
    decided(desk)
    found = {row.timeframe: (row.status, row.bars_count) for row in desk.trader.rows()}
    assert found["1h"] == (Status.WATCHLIST, 20)
    assert found["4h"] == (Status.DORMANT, 0)
