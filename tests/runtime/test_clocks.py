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


def test_a_long_wait_is_no_silence(wall: Wall, stop: asyncio.Event) -> None:
    """Between two bars an hour apart the session looks at the outside each second; it is waited no longer for it."""
    beats: list[int] = []

    async def go() -> None:
        async def beat() -> None:
            beats.append(wall.ns)

        pace = Pace(1.0, stop, beat)
        await pace.until(START)
        assert await pace.until(START + 7 * SECOND // 2)
        assert await pace.until(START + 4 * SECOND)

    asyncio.run(go())
    assert wall.waits == [1.0, 1.0, 1.0, 0.5, 0.5]
    assert len(beats) == 3


def test_a_stop_in_a_beat_ends_the_wait(wall: Wall, stop: asyncio.Event) -> None:
    """A person's word, or a halt, is heard in between."""

    async def go() -> bool:
        async def beat() -> None:
            stop.set()

        pace = Pace(1.0, stop, beat)
        await pace.until(START)
        return await pace.until(START + 3_600 * SECOND)

    assert asyncio.run(go()) is False
    assert wall.waits == [1.0]
