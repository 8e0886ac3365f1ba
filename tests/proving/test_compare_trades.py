"""Which trade is which: the nearest of one desk, instrument and side, and a word on the others."""

from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.candidates import Candidate, Outcome, Verdict
from tradeworthy.core.events import CountersClosed
from tradeworthy.execution.accounting import TradeClosed, TradeReversed
from tradeworthy.market.instruments import Side
from tradeworthy.proving.compare.story import Story
from tradeworthy.proving.compare.trades import explain, match

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND


def trade(ts: int, desk: str = "one", instrument: str = "BTC", candidate: int = 0) -> TradeClosed:
    """A round trip that began at `ts`."""
    return TradeClosed(
        *(desk, instrument, instrument, Side.BUY, 1, 100, 110, 2, 8),
        *(ts, ts + 60, "held", 99, candidate),
    )


def told(*events: tuple[int, int, object]) -> Story:
    """A story of (seq, ts, event)."""
    story = Story()
    for seq, ts, event in events:
        story.take(seq, ts, event)  # type: ignore[arg-type]
    return story


def test_the_nearest_entries_are_one_trade() -> None:
    """P6: each trade is matched once; what is too far away stays alone."""
    run, backtest = [trade(100), trade(108), trade(200)], [trade(107), trade(111), trade(230)]
    pairs, ours, theirs = match(run, backtest, 20)
    assert [(one.opened_ts, other.opened_ts) for one, other in pairs] == [(100, 111), (108, 107)]
    assert [one.opened_ts for one in ours] == [200]
    assert [one.opened_ts for one in theirs] == [230]


def test_another_desk_instrument_or_side_is_another_trade() -> None:
    """P6: however near it is."""
    pairs, ours, theirs = match([trade(5), trade(5, "two")], [trade(5, instrument="ETH")], 10)
    assert not pairs
    assert len(ours) == 2
    assert len(theirs) == 1


@given(
    st.lists(st.integers(0, 60), max_size=12), st.lists(st.integers(0, 60), max_size=12), st.integers(0, 15)
)
def test_no_trade_is_lost_or_matched_twice(one: list[int], other: list[int], tolerance: int) -> None:
    """P6: pairs and rests are all there was, and no two of the rests could have been a pair."""
    run, backtest = [trade(ts, candidate=1) for ts in one], [trade(ts, candidate=2) for ts in other]
    pairs, ours, theirs = match(run, backtest, tolerance)
    assert sorted(one) == sorted([pair[0].opened_ts for pair in pairs] + [left.opened_ts for left in ours])
    assert sorted(other) == sorted(
        [pair[1].opened_ts for pair in pairs] + [left.opened_ts for left in theirs]
    )
    assert all(abs(left.opened_ts - right.opened_ts) <= tolerance for left, right in pairs)
    assert not any(abs(left.opened_ts - right.opened_ts) <= tolerance for left in ours for right in theirs)


def test_a_trade_that_is_alone_is_explained_by_the_others_verdict() -> None:
    """P6: that on a candidate of the same kind goes before a nearer one on another."""
    own = told((7, 1_000, Candidate("breakout", "BTC", {})), (8, 1_000, trade(1_060, candidate=7)))
    other = told(
        (3, 1_000, Candidate("held", "BTC", {})),
        (4, 1_000, Verdict(3, "one", Outcome.FILLED, "filled")),
        (5, 1_010, Candidate("breakout", "BTC", {})),
        (6, 1_010, Verdict(5, "one", Outcome.REJECTED, "position_limit")),
    )
    said = explain(own.trades[0], own, other, 60)
    assert said == "breakout of 1970-01-01T00:00:00.000001010Z REJECTED position_limit"


def test_without_a_candidate_the_counters_of_that_hour_speak() -> None:
    """P6: why the desk saw nothing, the most frequent reasons first."""
    own = told((7, HOUR + 5, Candidate("breakout", "BTC", {})), (8, HOUR + 5, trade(HOUR + 9, candidate=7)))
    counts = {"holding": 5, "inside_range": 50, "warming_up": 1, "order_working": 3}
    other = told((1, 0, CountersClosed("one", HOUR, 2 * HOUR, counts)))
    said = explain(own.trades[0], own, other, SECOND)
    assert said == (
        "no candidate; the desk's reasons of that hour: inside_range 50, holding 5, order_working 3"
    )
    assert explain(own.trades[0], own, Story(), SECOND) == "no candidate"


def test_a_trade_that_was_void_is_none() -> None:
    """P6: a fill that failed takes its round trip back."""
    whole = trade(100)
    void = TradeReversed(
        *("one", "BTC", "BTC", Side.BUY, 1, 2, 8, whole.closed_ts, whole.candidate, 200, "failed")
    )
    assert not told((1, 0, whole), (2, 0, void)).trades
