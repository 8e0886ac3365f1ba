"""What a run came to, in lines."""

from types import SimpleNamespace
from typing import Any

from tradeworthy.cli.outcome import outcome_lines
from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport

HOUR = 3_600 * 10**9
NOTHING = "candidates open_candidates orders fills trades_closed trades_won faults halted realised_pnl"
SEEN: dict[str, Any] = {
    **dict.fromkeys(NOTHING.split(), 0),
    "mode": "backtest",
    "run": "r-1",
    "session_time": "2024-01-01T00:00:00Z",
    "inputs": 1,
    "equity": "1",
    "open_positions": [],
    "parts": [],
    "verdicts": {},
}


def feed_lines(**read: InstrumentReport) -> list[str]:
    """The lines about a feed of which that was read."""
    ended: Any = SimpleNamespace(overview=SEEN, feed=FeedReport("recorded", read), files=[])
    return [line for line in outcome_lines(ended) if line.startswith("feed:")]


def read(first: int, last: int, **more: Any) -> InstrumentReport:
    """Bars from hour `first` to hour `last`."""
    return InstrumentReport(first_ts=first * HOUR, last_ts=last * HOUR, bars=1, **more)


def test_holes_and_bad_rows_are_told_for_each_instrument() -> None:
    """Nothing is left out in silence, and what is whole has no line."""
    assert feed_lines(A=read(1, 9), B=read(1, 9, missing=1), C=read(1, 9, missing=2, bad={"nan": 3})) == [
        "feed: B has 1 gap",
        "feed: C has 3 rows left out (nan), 2 gaps",
    ]


def test_instruments_that_begin_late_end_early_or_never_come_are_told() -> None:
    """The farthest off first, and three of them."""
    late = {name: read(hour, 9) for name, hour in (("B", 2), ("C", 5), ("D", 3), ("E", 4))}
    shown = "C 1970-01-01T05:00:00Z, E 1970-01-01T04:00:00Z, D 1970-01-01T03:00:00Z, ..."
    assert feed_lines(A=read(1, 9), **late, F=InstrumentReport(), G=read(1, 8)) == [
        "feed: no bar at all of F",
        f"feed: 4 of 7 begin after 1970-01-01T01:00:00Z: {shown}",
        "feed: 1 of 7 end before 1970-01-01T09:00:00Z: G 1970-01-01T08:00:00Z",
    ]


def test_a_feed_that_was_not_read_has_no_line() -> None:
    """A market feed reports no bars."""
    assert feed_lines() == []
    assert feed_lines(A=InstrumentReport()) == []
