"""The driver on the simulated clock: time is the inputs' own, paced or not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.runtime.rig import SECOND, START, Place, events_of, packets_of, place, price
from tradeworthy.core.events import SessionEnded
from tradeworthy.core.packets import Input
from tradeworthy.gateways.feeds.protocol import FeedReport, Row, inputs_of
from tradeworthy.runtime import drivers
from tradeworthy.runtime.clocks import Pace
from tradeworthy.runtime.drivers import SimulatedDriver
from tradeworthy.runtime.life import FEED, Life


class Prices:
    """A feed of prices, two at a time, a second apart, in lists of three."""

    name, instruments, timeframe = "prices", ("BTC",), "1m"

    def __init__(self, count: int) -> None:
        self.rows: list[Row] = [
            (at, START + (1 + at // 2) * SECOND, price(at=1.0 + at)) for at in range(count)
        ]
        self.afters: list[int] = []

    def identity(self) -> dict[str, object]:
        """Its length."""
        return {"feed": self.name, "count": len(self.rows)}

    def span(self) -> tuple[int, int | None]:
        """From the start to the last row."""
        return START, self.rows[-1][1]

    def end(self) -> int | None:
        """The last position."""
        return len(self.rows) - 1

    def batches(self, after: int = -1) -> Iterator[list[Row]]:
        """Three rows at a time."""
        self.afters.append(after)
        rows = self.rows[after + 1 :]
        for at in range(0, len(rows), 3):
            yield rows[at : at + 3]

    def inputs(self, after: int = -1) -> Iterator[Input]:
        """One by one."""
        return inputs_of(self.batches(after))

    def report(self) -> FeedReport:
        """Nothing to report."""
        return FeedReport(self.name, {})


class Clockwork(Pace):
    """A pace whose waits take no time; `waits` are what it waited for. Stops at `stops_at`."""

    def __init__(self, stops_at: int = 0) -> None:
        self.waits: list[int] = []
        self._stops_at = stops_at

    async def until(self, ts: int) -> bool:
        """Note it."""
        self.waits.append(ts - START)
        return ts != self._stops_at


def drive(
    life: Life, feed: Prices, *, end_s: int | None = None, pace: Pace | None = None, beats: Sequence[int] = ()
) -> bool:
    """Drive; stopped in the beat after as many inputs as `beats` say."""

    async def go() -> bool:
        stop = asyncio.Event()

        async def beat() -> None:
            if life.core.sequencer.positions.get(FEED, -1) in beats:
                stop.set()

        end_ts = None if end_s is None else START + end_s * SECOND
        return await SimulatedDriver(life, feed, stop, end_ts=end_ts, pace=pace, beat=beat).run()

    return asyncio.run(go())


def heard(life: Life) -> list[float]:
    """What the desk heard."""
    prices: list[float] = life.core.sequencer.agents["told"].state.heard
    return prices


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """A place for a session of one desk that does as it is told."""
    return place(tmp_path)


def test_a_feed_is_driven_to_its_end(there: Place) -> None:
    """All of it, and then the run is over, at the time of its last input."""
    with there.opened() as life:
        assert drive(life, Prices(8))
        assert heard(life) == [1.0 + at for at in range(8)]
    (ended,) = [one for one in packets_of(there.folder) if isinstance(one.event, SessionEnded)]
    assert ended.ts == START + 4 * SECOND


@pytest.mark.parametrize("end_s", [1, 2, 3, 100])
@pytest.mark.parametrize("chunk", [1, 2, 2_000])
def test_a_duration_ends_the_run_in_session_time(
    there: Place, monkeypatch: pytest.MonkeyPatch, end_s: int, chunk: int
) -> None:
    """What comes at the end belongs to it, what comes after it does not; a longer one waits for its time."""
    monkeypatch.setattr(drivers, "CHUNK", chunk)
    with there.opened() as life:
        assert drive(life, Prices(8), end_s=end_s)
        assert len(heard(life)) == min(2 * end_s, 8)
    (ended,) = [one for one in packets_of(there.folder) if isinstance(one.event, SessionEnded)]
    assert ended.ts == START + end_s * SECOND


def test_a_stopped_drive_goes_on_at_its_position(there: Place) -> None:
    """Stopped between chunks, in as many lives as it takes, with the digest of one."""
    with place(there.home.path / "whole").opened() as life:
        drive(life, Prices(8))
        whole = life.digest.hex()
    feed, digest = Prices(8), ""
    for beats in ([2], [5], []):
        with there.opened() as life:
            assert drive(life, feed, beats=beats) is not bool(beats)
            digest = life.digest.hex()
    assert feed.afters == [-1, 2, 5]
    assert digest == whole


def test_a_paced_drive_waits_for_each_moment_once(there: Place) -> None:
    """Inputs of one time are admitted together, and the end is waited for, too."""
    pace = Clockwork()
    with there.opened() as life:
        assert drive(life, Prices(6), end_s=9, pace=pace)
        assert len(heard(life)) == 6
    assert [*dict.fromkeys(pace.waits)] == [1 * SECOND, 2 * SECOND, 3 * SECOND, 9 * SECOND]


@pytest.mark.parametrize(("stops_at_s", "inputs"), [(2, 2), (9, 6)])
def test_a_paced_drive_that_is_stopped_while_it_waits_is_not_over(
    there: Place, stops_at_s: int, inputs: int
) -> None:
    """Nothing of the moment that it waited for is admitted."""
    with there.opened() as life:
        assert not drive(life, Prices(6), end_s=9, pace=Clockwork(START + stops_at_s * SECOND))
        assert len(heard(life)) == inputs
    assert events_of(there.folder, SessionEnded) == []
