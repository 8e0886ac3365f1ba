"""Which packets move which topics."""

from tradeworthy.runtime.event_union import EVENTS
from tradeworthy.web.topics import OTHERS, TOPICS, topics_of

UNTOLD = {
    *("BarRefused", "DataHeard", "InstrumentChanged", "InstrumentDelisted", "PriceLate", "RequestBackfill"),
}
"""Decision packets that no page shows by themselves."""


def test_every_decision_packet_moves_a_page() -> None:
    """What the tables get, some page shows: a new event is told of, or named here."""
    quiet = {event.__name__ for event in EVENTS if event.decision and not topics_of([event.__name__])}
    assert quiet == UNTOLD


def test_topics_come_from_events_that_there_are() -> None:
    """No topic waits for a packet that can't come."""
    moved = frozenset[str]().union(*(topics_of([event.__name__]) for event in EVENTS))
    assert moved | set(OTHERS) == TOPICS
    assert topics_of(["NoSuchEvent"]) == frozenset()
    assert topics_of(["Decision", "TradeClosed"]) == {"decisions", "trades", "equity", "alerts"}
