"""Cool-downs and the index of open gaps."""

import msgspec

from tradeworthy.desks.arbitrage.events import Kind, Method
from tradeworthy.desks.arbitrage.gaps import MS_NS, Gap, Gaps

SECOND = 1_000 * MS_NS


def gap(*markets: str, opened_ts: int = 0, edge: float = 0.1) -> Gap:
    """A gap of these markets."""
    return Gap(Kind.MISPRICING, Method.LADDER, markets, "", opened_ts, edge, edge)


def test_a_gap_is_found_by_each_of_its_markets_until_it_ends() -> None:
    """The index holds nothing of what is over."""
    gaps = Gaps()
    gaps.begin("one", gap("a", "b"))
    gaps.begin("two", gap("b", "c"))
    assert gaps.of_market("b") == ["one", "two"]
    closed = gaps.end("one", 5 * SECOND, "gap_vanished")
    assert (closed.markets, closed.closed_ts, closed.survived) == (("a", "b"), 5 * SECOND, False)
    assert (gaps.of_market("a"), gaps.of_market("b")) == ([], ["two"])
    gaps.end("two", 6 * SECOND, "closed")
    assert not gaps.open
    assert not gaps.keys


def test_the_cooldown_ends_by_time_or_by_half_as_much_edge_again() -> None:
    """60 s, or an edge of .15 after one of .10."""
    gaps = Gaps()
    assert not gaps.cooling("one", 0.1, 0, 60 * SECOND, 0.5)
    gaps.tell("one", 0.1, 0, 60 * SECOND)
    assert gaps.cooling("one", 0.1, 59 * SECOND, 60 * SECOND, 0.5)
    assert gaps.cooling("one", 0.149, 59 * SECOND, 60 * SECOND, 0.5)
    assert not gaps.cooling("one", 0.151, 59 * SECOND, 60 * SECOND, 0.5)
    assert not gaps.cooling("one", 0.1, 60 * SECOND, 60 * SECOND, 0.5)
    assert not gaps.cooling("two", 0.1, 1, 60 * SECOND, 0.5)


def test_what_is_past_its_cooldown_is_forgotten() -> None:
    """Bounded by how many are told of within one cool-down, the oldest first; telling again renews."""
    gaps = Gaps()
    for step in range(1_000):
        gaps.tell(f"gap {step}", 0.1, step * SECOND, 60 * SECOND)
        gaps.tell("again", 0.1, step * SECOND, 60 * SECOND)
    assert len(gaps.told) == 62
    assert "again" in gaps.told
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(gaps), type=Gaps) == gaps
