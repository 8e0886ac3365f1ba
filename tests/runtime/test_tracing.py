"""The way of a packet: from its root to the end of each candidate, or why there was none (P2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.rig import (
    BUY,
    LEAVE,
    REST,
    SECOND,
    SKIP,
    START,
    WAKE,
    Place,
    book,
    desk,
    feed,
    packets_of,
    place,
    price,
)
from tradeworthy.core.candidates import Candidate
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Resumed, TimeAdvanced
from tradeworthy.market.bars import PriceObserved
from tradeworthy.runtime.tracing import Trace, find_seq, trace
from tradeworthy.store.values import Ids


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """A place with tight limits for one of its two desks."""
    return place(tmp_path, desk("big", "0.9", notional=1_000.0), desk("small", "0.001", notional=1_000.0))


def told(there: Place, *events: PriceObserved) -> list[int]:
    """Tell the desks each of `events`, after a book; the seqs of these inputs."""
    with there.opened() as life:
        feed(life, book(), *events)
    return [one.seq for one in packets_of(there.folder) if isinstance(one.event, PriceObserved)]


def names(found: Trace) -> list[str]:
    """The classes of its packets, in order."""
    return [type(one.event).__name__ for one in found.packets]


def fates(found: Trace) -> list[tuple[str, str]]:
    """Outcome and reason of each candidate."""
    return [
        (verdict.outcome.value, verdict.reason) if verdict else ("open", "") for _, verdict in found.fates()
    ]


def test_a_filled_and_a_rejected_candidate_of_one_price(there: Place) -> None:
    """One root, two desks, two candidates, each with its own end: P2."""
    (seq,) = told(there, price(BUY))
    found = trace(there.folder, str(seq))
    assert (found.root, found.reasons, found.doubt) == (seq, {}, "")
    assert names(found)[0] == "PriceObserved"
    assert sorted(fates(found)) == [("FILLED", "filled"), ("REJECTED", "desk_share")]
    assert {"TradeCandidate", "Decision", "PlaceOrder", "FillObserved", "PositionChanged", "Verdict"} < {
        *names(found)
    }
    (refused,) = [verdict for _, verdict in found.fates() if verdict and verdict.outcome == "REJECTED"]
    assert [*refused.figures] == [*refused.limits] == ["desk_share"]


def test_the_trace_is_the_same_from_each_of_its_packets(there: Place) -> None:
    """By seq or by the id that the database has; also from a packet that is not on record itself."""
    (seq,) = told(there, price(BUY))
    found = trace(there.folder, str(seq))
    ids = Ids(there.folder.name)
    for one in found.packets:
        assert trace(there.folder, str(one.seq)) == found
        assert trace(there.folder, str(ids.of(one.seq))) == found
        assert find_seq(there.folder, str(ids.of(one.seq))) == one.seq


def test_a_skipped_candidate_says_why(there: Place) -> None:
    """The desk's own reason: P2."""
    (seq,) = told(there, price(SKIP))
    assert fates(trace(there.folder, str(seq))) == [("SKIPPED", "not_today")] * 2


def test_an_order_is_followed_into_later_turns(tmp_path: Path) -> None:
    """A candidate whose order rests ends in another turn, which belongs to its trace."""
    there = place(tmp_path)
    with there.opened() as life:
        feed(life, book(), price(REST), price(), book(890))
    (candidate,) = [one for one in packets_of(there.folder) if isinstance(one.event, Candidate)]
    found = trace(there.folder, str(candidate.seq))
    assert fates(found) == [("FILLED", "filled")]
    assert len({one.trace for one in found.packets}) == 2
    fill = next(one for one in found.packets if type(one.event).__name__ == "FillObserved")
    assert trace(there.folder, str(fill.seq)) == found


def test_a_candidate_that_is_open_has_no_end_yet(tmp_path: Path) -> None:
    """Its order rests."""
    there = place(tmp_path)
    with there.opened() as life:
        feed(life, book(), price(REST))
    (candidate,) = [one for one in packets_of(there.folder) if isinstance(one.event, Candidate)]
    assert fates(trace(there.folder, str(candidate.seq))) == [("open", "")]


@pytest.mark.parametrize("snapshots", [0, 1, 3])
def test_a_quiet_turn_is_recomputed_and_says_each_desks_reason(there: Place, snapshots: int) -> None:
    """From the nearest snapshot, or from the start: P2."""
    with there.opened() as life:
        for number in range(3):
            feed(life, book(), price(), price(BUY if number == 0 else WAKE))
            if snapshots > number:
                life.snapshot()
    quiet = [one.seq for one in packets_of(there.folder) if getattr(one.event, "quantity", BUY) != BUY]
    for seq in quiet:
        assert trace(there.folder, str(seq)).reasons == {"big": "watching", "small": "watching"}


def test_a_quiet_wake_up_says_its_reason_too(tmp_path: Path) -> None:
    """Its root is the passing of time."""
    there = place(tmp_path)
    with there.opened() as life:
        feed(life, price(WAKE))
        life.advance(START + 60 * SECOND)
    (woken,) = [one for one in packets_of(there.folder) if isinstance(one.event, TimeAdvanced)]
    assert trace(there.folder, str(woken.seq)).reasons == {"told": "woken"}


def test_a_gap_on_the_wall_clock_wakes_nobody_in_its_trace(tmp_path: Path) -> None:
    """Recomputed as it was: timers of the gap did not run."""
    there = place(tmp_path)
    with there.opened() as life:
        feed(life, price(WAKE))
        life.admit("wall", START + 3_600 * SECOND, Resumed(3_599 * SECOND))
        feed(life, price())
    (resumed,) = [one for one in packets_of(there.folder) if isinstance(one.event, Resumed)]
    assert trace(there.folder, str(resumed.seq)).reasons == {}
    after = packets_of(there.folder)[-1]
    assert trace(there.folder, str(after.seq)).reasons == {"told": "watching"}


def test_a_turn_across_an_hour_is_told_from_the_hours_count(tmp_path: Path) -> None:
    """The counters close before it; its own reasons are its own."""
    there = place(tmp_path)
    with there.opened() as life:
        feed(life, price(), price(), price(WAKE), every=1_800 * SECOND)
    last = [one.seq for one in packets_of(there.folder) if isinstance(one.event, PriceObserved)]
    for seq in last:
        assert trace(there.folder, str(seq)).reasons == {"told": "watching"}


def test_a_withheld_packet_has_no_reason_of_the_desk_that_was_not_given_it(tmp_path: Path) -> None:
    """It faulted; the other one watched."""
    there = place(tmp_path, desk("one", "0.5", hates=13.0), desk("two", "0.5"))
    with there.opened() as life:
        feed(life, price(at=13.0))
    (seq,) = [one.seq for one in packets_of(there.folder) if isinstance(one.event, PriceObserved)]
    assert trace(there.folder, str(seq)).reasons == {"two": "watching"}


@pytest.mark.parametrize("packet", ["0", "9999", "abc", "1.5", "6f1c8a52-3a55-5c0a-9d8f-0f6f5a7d2c11"])
def test_a_packet_that_is_not_there_is_refused(there: Place, packet: str) -> None:
    """In one line that says what would be (A11)."""
    told(there, price())
    with pytest.raises(UsageError) as refused:
        trace(there.folder, packet)
    assert packet in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_exit_of_a_position_is_a_trace_of_its_own(there: Place) -> None:
    """Each candidate has one way, from its own price."""
    first, second = told(there, price(BUY), price(LEAVE))
    assert ("FILLED", "filled") in fates(trace(there.folder, str(first)))
    assert ("FILLED", "filled") in fates(trace(there.folder, str(second)))
    assert {one.seq for one in trace(there.folder, str(first)).packets}.isdisjoint(
        one.seq for one in trace(there.folder, str(second)).packets
    )
