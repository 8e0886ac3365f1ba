"""Steps of a path: whose each is, and what stands for those not on record."""

from datetime import UTC, datetime

import pytest

from tradeworthy.core.packets import Packet
from tradeworthy.market.bars import PriceObserved
from tradeworthy.web.pages.trace.steps import (
    INSIDE,
    QUIET,
    ROOT,
    WOKEN,
    Lane,
    Step,
    lane_of,
    missing,
    steps_of_packets,
    steps_of_rows,
    whole,
    with_reasons,
)

AT = datetime(2024, 1, 1, 0, 3, 36, 250_000, tzinfo=UTC)
AT_US = 1_704_067_416_250_000


def step(seq: int, cause: int, *, trace: int = 10, at_us: int = AT_US, agent: str = "scanner") -> Step:
    """A step of a desk."""
    return Step(seq, cause, trace, at_us, agent, "Candidate", {}, Lane.DESK)


@pytest.mark.parametrize(
    ("kind", "agent", "lane"),
    [
        ("PriceObserved", "feed", Lane.FEED),
        ("OpportunityDetected", "opportunity-scanner", Lane.DESK),
        ("Decision", "risk-guardian", Lane.RISK),
        ("PlaceOrder", "orders", Lane.EXECUTION),
        ("Verdict", "orders", Lane.EXECUTION),
        ("Verdict", "episode-log", Lane.DESK),
        ("FillObserved", "paper-executor", Lane.VENUE),
        ("TradeClosed", "ledger", Lane.LEDGER),
        ("EquityMarked", "risk-guardian", Lane.LEDGER),
    ],
)
def test_a_packet_stands_in_the_lane_of_its_part(kind: str, agent: str, lane: Lane) -> None:
    """By what it is, else by who made it."""
    assert lane_of(kind, agent) is lane


def test_rows_and_packets_make_the_same_steps() -> None:
    """The picture does not depend on where a path was read."""
    event = PriceObserved("BTC", 95_216.95, AT_US * 1000)
    fields = {"instrument": "BTC", "price": 95_216.95, "ts_event": AT_US * 1000, "quantity": 0.0}
    row = {"seq": 10, "cause": 0, "trace": 10, "created_at": AT, "agent": "feed", "type": "PriceObserved"}
    of_row = steps_of_rows([row | {"input": True, "event": fields}])
    of_packet = steps_of_packets([Packet(10, 10, 0, AT_US * 1000, "feed", event)])
    assert of_row == of_packet
    assert of_row[0].at == AT
    assert of_row[0].lane is Lane.FEED


def test_the_input_that_began_it_is_there_by_its_number() -> None:
    """P2: the tables have no market data, and the picture still begins with it."""
    found = whole([step(12, 10), step(13, 12)])
    assert [(one.seq, one.type, one.cause) for one in found[:2]] == [(10, ROOT, 0), (12, "Candidate", 10)]
    assert found[0].lane is Lane.FEED


def test_the_journals_input_takes_its_place() -> None:
    """Once it was looked up, with its own time."""
    root = Step(10, 0, 10, AT_US - 250_000, "feed", "PriceObserved", {"price": 1.0}, Lane.FEED)
    found = whole([step(12, 10)], root)
    assert found[0] is root
    assert len(found) == 2


def test_a_cause_that_is_not_on_record_is_seen_as_such() -> None:
    """Inside a turn it is what agents tell each other; after a while it is a timer of the same agent."""
    later = step(21, 20, at_us=AT_US + 250_000)
    found = {one.seq: one for one in whole([step(12, 11), step(13, 12), later])}
    assert (found[11].type, found[11].cause) == (INSIDE, 10)
    assert (found[20].type, found[20].cause) == (WOKEN, 13), "its agent last acted in 13"


def test_another_turns_input_begins_a_path_of_its_own() -> None:
    """A trade that is settled later hangs from the market's end, not from the price that opened it."""
    found = {one.seq: one for one in whole([step(12, 10), step(31, 30, trace=30)])}
    assert (found[30].type, found[30].cause) == (ROOT, 0)


def test_what_is_missing_is_named() -> None:
    """Causes and roots that a second look may find."""
    assert missing([step(12, 10), step(13, 12), step(31, 29, trace=28)]) == [10, 28, 29]
    assert missing([]) == []


def test_a_quiet_turn_shows_each_desks_reason() -> None:
    """P2: why nobody opened a candidate is part of the picture."""
    found = with_reasons(whole([step(10, 0)]), {"b": "no_edge", "a": "waiting"})
    assert [(one.type, one.event.get("skip"), one.cause) for one in found[1:]] == [
        (QUIET, "waiting", 10),
        (QUIET, "no_edge", 10),
    ]
    assert with_reasons([], {"a": "waiting"}) == []


def test_no_steps_make_no_path() -> None:
    """Nothing is invented."""
    assert whole([]) == []
