"""The waits after faults, and when a desk has faulted too often."""

from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.risk.backoff import FAULTS_MAX, SECOND, WINDOW_NS, Backoff, after_fault, must_latch


def waits(*gaps_s: int) -> tuple[list[int], Backoff]:
    """The waits in seconds after faults that come `gaps_s` after one another, and the last back-off."""
    now, backoff, found = 0, Backoff(), []
    for gap_s in gaps_s:
        now += gap_s * SECOND
        backoff = after_fault(backoff, now)
        found.append((backoff.until - now) // SECOND)
    return found, backoff


def test_the_wait_doubles_up_to_a_minute() -> None:
    """1, 2, 4 ... 60 s of session time while faults come within ten minutes of each other."""
    found, backoff = waits(*[180] * 9)
    assert found == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert not must_latch(backoff), "four in any ten minutes latch nothing"


def test_ten_minutes_without_a_fault_begin_anew() -> None:
    """A desk that was healthy that long waits one second again."""
    assert waits(0, 1, 1, 599, 600)[0] == [1, 2, 4, 8, 1]


def test_five_in_ten_minutes_latch() -> None:
    """The fifth within ten minutes of the first, and not a moment later."""
    assert not must_latch(waits(0, 1, 1, 1)[1])
    assert must_latch(waits(0, 1, 1, 1, 596)[1])
    assert not must_latch(waits(0, 1, 1, 1, 597)[1])


@given(st.lists(st.integers(0, 2000 * SECOND), max_size=60))
def test_what_is_remembered_is_bounded_and_right(gaps: list[int]) -> None:
    """At most five times are kept, all of the last ten minutes; it latches as counting all faults would."""
    now, backoff, all_faults = 0, Backoff(), []
    for gap in gaps:
        now += gap
        all_faults.append(now)
        backoff = after_fault(backoff, now)
        recent = [ts for ts in all_faults if now - ts < WINDOW_NS]
        assert backoff.times == recent[-FAULTS_MAX:]
        assert must_latch(backoff) == (len(recent) >= FAULTS_MAX)
        assert SECOND <= backoff.until - now <= 60 * SECOND
