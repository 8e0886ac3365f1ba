"""The pace of the simulated clock: session time tied to the wall, without a wall in the test."""

import asyncio

import pytest

from tests.runtime.rig import SECOND, START
from tradeworthy.runtime.clocks import Pace, wall_now


class Wall:
    """A wall whose waits take no time; `waits` are their lengths in seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ns = 77 * SECOND
        self.waits: list[float] = []
        monkeypatch.setattr("tradeworthy.runtime.clocks.time.monotonic_ns", lambda: self.ns)
        monkeypatch.setattr("tradeworthy.runtime.clocks.asyncio.wait_for", self.wait_for)

    async def wait_for(self, stopped: object, seconds: float) -> None:
        """Let the time pass."""
        stopped.close()  # type: ignore[attr-defined]
        self.waits.append(seconds)
        self.ns += round(seconds * SECOND)
        raise TimeoutError


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    """A wall of the test's own."""
    return Wall(monkeypatch)


def test_session_time_passes_at_the_speed_asked_for(wall: Wall, stop: asyncio.Event) -> None:
    """Counted from the first wait on, which is none."""

    async def go() -> None:
        pace = Pace(60.0, stop)
        for minute in (0, 1, 1, 4):
            assert await pace.until(START + minute * 60 * SECOND)

    asyncio.run(go())
    assert wall.waits == [1.0, 3.0]


def test_time_that_was_worked_is_not_waited_again(wall: Wall, stop: asyncio.Event) -> None:
    """Who is late catches up: the pace is that of the whole, not of each step."""

    async def go() -> None:
        pace = Pace(1.0, stop)
        await pace.until(START)
        wall.ns += 10 * SECOND
        assert await pace.until(START + 4 * SECOND)
        assert await pace.until(START + 12 * SECOND)

    asyncio.run(go())
    assert wall.waits == [2.0]


def test_a_stop_ends_the_wait() -> None:
    """At once, however far the next input is."""

    async def go() -> bool:
        stop = asyncio.Event()
        pace = Pace(1.0, stop)
        await pace.until(START)
        waiting = asyncio.create_task(pace.until(START + 3_600 * SECOND))
        await asyncio.sleep(0)
        stop.set()
        return await waiting

    assert asyncio.run(go()) is False


def test_the_wall_counts_nanoseconds_since_1970() -> None:
    """An int, as all times are."""
    assert isinstance(wall_now(), int)
    assert START < wall_now() < 3 * START
