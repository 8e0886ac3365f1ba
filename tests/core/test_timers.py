"""Timers against a model that knows no heap: a plain list, searched each time."""

from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.timers import NEVER, Timer, Timers

AGENT = st.sampled_from(["a", "b"])
KEY = st.sampled_from(["x", "y", "z"])
TS = st.integers(-3, 20)

OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), AGENT, KEY, TS, st.booleans()),
        st.tuples(st.just("pop"), TS),
        st.tuples(st.just("drop"), TS),
        st.tuples(st.just("reload")),
    ),
    max_size=60,
)


class Naive:
    """Live timers in the order in which they were set."""

    def __init__(self) -> None:
        self.live: list[Timer] = []

    def set(self, timer: Timer) -> None:
        """Replace by agent and key."""
        self.live = [one for one in self.live if (one.agent, one.key) != (timer.agent, timer.key)]
        self.live.append(timer)

    def pop(self, ts: int) -> Timer | None:
        """The first of the earliest, if it is due."""
        due = min(self.live, key=lambda timer: timer.ts, default=None)
        if due is None or due.ts > ts:
            return None
        self.live.remove(due)
        return due


def without_order(timer: Timer | None) -> tuple[object, ...] | None:
    """What a timer says, but for the order that Timers gave it."""
    if timer is None:
        return None
    return timer.ts, timer.agent, timer.key, timer.trace, timer.cause, timer.late_ok


@given(OPERATIONS)
def test_timers_do_as_the_model(operations: list[tuple[object, ...]]) -> None:
    """Whatever is set, fired, dropped and reloaded: the same timers fire, in the same order."""
    timers, model = Timers(), Naive()
    for number, (operation, *arguments) in enumerate(operations):
        if operation == "set":
            agent, key, ts, late_ok = arguments
            timer = Timer(ts, 0, agent, key, number, number, late_ok)  # type: ignore[arg-type]
            timers.set(timer)
            model.set(timer)
        elif operation == "pop":
            popped = timers.pop(arguments[0])  # type: ignore[arg-type]
            assert without_order(popped) == without_order(model.pop(arguments[0]))  # type: ignore[arg-type]
        elif operation == "drop":
            timers.drop_missed(arguments[0])  # type: ignore[arg-type]
            model.live = [one for one in model.live if one.late_ok or one.ts > arguments[0]]  # type: ignore[operator]
        else:
            dumped = timers.dump()
            timers = Timers()
            timers.load(dumped)
            assert timers.dump() == dumped
        assert timers.due == min((timer.ts for timer in model.live), default=NEVER)
        expected = sorted(model.live, key=lambda timer: timer.ts)
        assert [*map(without_order, timers.dump())] == [*map(without_order, expected)]


def test_a_dump_is_the_same_after_a_reload() -> None:
    """How often a run was resumed leaves no mark in its snapshots."""
    through, reloaded = Timers(), Timers()
    for timers in (through, reloaded):
        for ts in range(5):
            timers.set(Timer(ts, 0, "a", "x", 0, 0))
        for key in "yzw":
            timers.set(Timer(4, 0, "a", key, 0, 0))
    reloaded.load(reloaded.dump())
    for timers in (through, reloaded):
        timers.set(Timer(4, 0, "a", "v", 0, 0))
    assert through.dump() == reloaded.dump()
    assert [timer.key for timer in reloaded.dump()] == [*"xyzwv"]


def test_a_timer_set_again_and_again_takes_no_memory() -> None:
    """A deadline that each input puts off leaves nothing behind, however far ahead it is."""
    timers = Timers()
    timers.set(Timer(500_000, 0, "orders", "expiry", 0, 0))
    for ts in range(10_000):
        timers.set(Timer(ts + 1_000_000, 0, "orders", "stale", 0, 0))
    assert len(timers._heap) < 50
    assert [timer.ts for timer in timers.dump()] == [500_000, 1_009_999]


def test_never_is_past_all_session_time() -> None:
    """A timer at the last ns that a record can hold is still due before never."""
    timers = Timers()
    assert timers.due == NEVER > (1 << 63) - 1
    timers.set(Timer((1 << 63) - 1, 0, "a", "x", 0, 0))
    assert timers.due == (1 << 63) - 1
