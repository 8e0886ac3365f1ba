"""The driver on the wall clock: what is delivered is stamped and admitted, timers fire when they are due."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from tests.runtime.rig import (
    BTC,
    BUY,
    LEAVE,
    REST,
    SECOND,
    START,
    WAKE,
    Place,
    book,
    desk,
    events_of,
    feed,
    marks_of,
    packets_of,
    place,
    price,
)
from tests.runtime.wall_rig import Drive, Script, Wall, clock, crashes, looks, repeats, says
from tradeworthy.core.candidates import Verdict
from tradeworthy.core.errors import AllHalted, NotAvailable
from tradeworthy.core.events import Quarantined, SessionEnded, TimeAdvanced
from tradeworthy.core.sequencer import CLOCK
from tradeworthy.execution.orders import FillObserved
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.runtime import wall as wall_module
from tradeworthy.runtime.life import FEED, Life
from tradeworthy.runtime.replay import replay


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's wall moves without a word: the driver looks at it each millisecond."""
    monkeypatch.setattr(wall_module, "LOOK_NS", 1_000_000)


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """A place for a session of one desk that does as it is told."""
    return place(tmp_path)


@pytest.fixture
def life(there: Place) -> Iterator[Life]:
    """A run that has begun."""
    with there.opened() as life:
        yield life


def test_what_is_delivered_is_stamped_by_the_wall(life: Life) -> None:
    """Session time is when it came, not what the venue's clock says."""
    wall = Wall()
    Drive(life, wall).run(
        Script(
            clock(START + 3 * SECOND),
            says(price(ts=START + 99 * SECOND)),
            clock(START + 4 * SECOND),
            says(price(ts=1), price(ts=2)),
        )
    )
    life.writer.wait_durable()
    heard = [packet for packet in packets_of(life.folder) if isinstance(packet.event, PriceObserved)]
    assert [packet.ts - START for packet in heard] == [3 * SECOND, 4 * SECOND, 4 * SECOND]
    assert [packet.position for packet in heard] == [0, 1, 2]
    assert {packet.agent for packet in heard} == {FEED}


def test_session_time_never_falls_though_the_wall_steps_back(life: Life) -> None:
    """It stands still until the wall is there again."""
    Drive(life, Wall()).run(
        Script(
            clock(START + 100 * SECOND),
            says(price()),
            clock(START + 10 * SECOND),
            says(price()),
            clock(START + 101 * SECOND),
            says(price()),
        )
    )
    life.writer.wait_durable()
    times = [packet.ts for packet in packets_of(life.folder)]
    assert times == sorted(times)
    assert [ts - START for ts in times[-3:]] == [100 * SECOND, 100 * SECOND, 101 * SECOND]


def test_a_timer_fires_when_the_wall_reaches_it_and_not_before(life: Life) -> None:
    """TimeAdvanced is admitted at the timer's own time, though nothing is delivered."""
    woken = life.core.sequencer.agents["told"].state.woken
    seen: list[int] = []
    look = looks(lambda: seen.append(len(woken)))
    Drive(life, Wall()).run(
        Script(says(price(WAKE)), look, clock(START + 5 * SECOND - 1), look, clock(START + 7 * SECOND), look)
    )
    assert seen == [0, 0, 1]
    life.writer.wait_durable()
    advanced = [packet for packet in packets_of(life.folder) if isinstance(packet.event, TimeAdvanced)]
    assert [(packet.agent, packet.ts - START) for packet in advanced] == [(CLOCK, 5 * SECOND)]


def test_timers_fire_before_what_is_delivered_after_them(life: Life) -> None:
    """At the wall's time of the delivery."""
    Drive(life, Wall()).run(Script(says(price(WAKE)), clock(START + 6 * SECOND), says(price())))
    life.writer.wait_durable()
    last = [(type(packet.event), packet.ts - START) for packet in packets_of(life.folder)][-2:]
    assert last == [(TimeAdvanced, 5 * SECOND), (PriceObserved, 6 * SECOND)]


def test_the_run_ends_when_its_duration_is_over_on_the_wall(life: Life) -> None:
    """At its end, whenever the wall is looked at; timers past the end do not fire."""
    drive = Drive(life, Wall(), end_ts=START + 4 * SECOND)
    assert drive.run(Script(says(price(WAKE)), clock(START + 60 * SECOND), says(price()))) is True
    life.writer.wait_durable()
    ended = [packet for packet in packets_of(life.folder) if isinstance(packet.event, SessionEnded)]
    assert [packet.ts for packet in ended] == [life.core.sequencer.now] == [START + 4 * SECOND]
    assert life.core.sequencer.agents["told"].state.woken == []


def test_what_comes_when_the_duration_is_over_is_not_admitted(life: Life) -> None:
    """Not even if it waits already: each input is held against the wall."""

    class Ticking(Wall):
        """A second passes with each look."""

        def __call__(self) -> int:
            self.ts += SECOND
            return self.ts

    async def burst(script: Script, put: object) -> None:
        for number in range(20):
            script.position += 1
            await put(script.position, price(at=1.0 + number))  # type: ignore[operator]
        await script.seen()

    assert Drive(life, Ticking(), end_ts=START + 30 * SECOND).run(Script(burst)) is True
    life.writer.wait_durable()
    heard = [packet.ts for packet in packets_of(life.folder) if packet.agent == FEED]
    assert 3 < len(heard) < 10
    assert max(heard) < life.core.sequencer.now == START + 30 * SECOND


def test_a_stop_ends_the_drive_and_not_the_run(life: Life) -> None:
    """The same command goes on with it."""
    assert Drive(life, Wall(), end_ts=START + 60 * SECOND).run(Script(says(price()))) is False
    life.writer.wait_durable()
    assert events_of(life.folder, SessionEnded) == []


def test_a_round_trip_on_the_books_of_a_live_feed(life: Life) -> None:
    """Book, signal, fill, exit, as they come; and it replays from its journal (P1)."""
    Drive(life, Wall(START + SECOND)).run(Script(says(book()), says(price(BUY)), says(price(LEAVE))))
    assert life.core.tally.state.closed == 1
    life.snapshot()
    found = replay(life.folder)
    assert (found.digest, found.packets) == (life.digest.hex(), life.core.sequencer.seq)


def test_a_resumed_feed_goes_on_at_its_position_and_repeats_are_dropped(there: Place) -> None:
    """What was admitted in the life before is not admitted again."""
    with there.opened() as life:
        Drive(life, Wall()).run(Script(says(price(at=1.0), price(at=2.0))))
    with there.opened() as life:
        script = Script(repeats(0, price(at=1.0)), repeats(1, price(at=2.0)), says(price(at=3.0)))
        Drive(life, Wall()).run(script)
        assert script.afters == [1]
        assert life.core.sequencer.agents["told"].state.heard == [1.0, 2.0, 3.0]


def test_a_crashed_gateway_is_restarted_past_what_it_delivered(life: Life, log: LogCapture) -> None:
    """After 1, 2, 4 ... seconds, each crash a line (A10); what it says again is dropped."""
    script = Script(
        says(price(at=1.0), price(at=2.0)),
        crashes(ConnectionResetError("gone")),
        repeats(1, price(at=2.0)),
        crashes(ValueError("not JSON")),
        says(price(at=3.0)),
    )
    drive = Drive(life, Wall())
    drive.run(script)
    assert drive.slept == [1, 2]
    assert script.afters == [-1, 1, 1]
    assert life.core.sequencer.agents["told"].state.heard == [1.0, 2.0, 3.0]
    crashes_logged = [entry for entry in log.entries if entry["event"] == "gateway_crashed"]
    assert [(entry["gateway"], entry["failures"]) for entry in crashes_logged] == [
        ("script", 1),
        ("script", 2),
    ]


def test_nothing_trades_in_a_book_from_before_a_crash(life: Life) -> None:
    """While the gateway is away the market moves: the hole is on record, and its books are forgotten."""
    Drive(life, Wall(START + SECOND)).run(
        Script(says(book()), crashes(ConnectionResetError()), says(price(BUY)), says(book()))
    )
    life.writer.wait_durable()
    assert events_of(life.folder, FeedGap) == [
        FeedGap("script", "", START + SECOND, START + SECOND, "gateway_crashed")
    ]
    assert [verdict.reason for verdict in events_of(life.folder, Verdict)] == ["no_price"]
    assert events_of(life.folder, FillObserved) == []


def test_a_gateway_that_went_away_and_came_back_is_on_record(life: Life) -> None:
    """Once down, however often it fails again, and once back."""
    steps = [says(price()), *[crashes(ConnectionResetError()) for _ in range(3)], says(price(), price())]
    Drive(life, Wall()).run(Script(*steps))
    life.writer.wait_durable()
    assert events_of(life.folder, HealthObserved) == [
        HealthObserved("script", ok=False, word="gateway_crashed"),
        HealthObserved("script", ok=True, word="gateway_back"),
    ]


def test_a_gateway_that_falls_silent_is_told_of_once_each_time(life: Life, log: LogCapture) -> None:
    """agent_stale after 120 s without a delivery, again after the next silence, and both on record (A10)."""
    Drive(life, Wall()).run(
        Script(
            says(price()),
            clock(START + 119 * SECOND),
            says(price()),
            clock(START + 238 * SECOND),
            clock(START + 239 * SECOND),
            clock(START + 600 * SECOND),
            says(price()),
            clock(START + 719 * SECOND),
            clock(START + 725 * SECOND),
        )
    )
    stale = [entry for entry in log.entries if entry["event"] == "agent_stale"]
    assert [(entry["agent"], entry["silent_s"]) for entry in stale] == [("script", 120), ("script", 125)]
    life.writer.wait_durable()
    assert events_of(life.folder, HealthObserved) == [
        HealthObserved("script", ok=False, word="agent_stale"),
        HealthObserved("script", ok=True, word="gateway_back"),
        HealthObserved("script", ok=False, word="agent_stale"),
    ]


def test_a_wall_that_steps_back_makes_nobody_stale_too_late(life: Life, log: LogCapture) -> None:
    """Silence counts from the earlier time."""
    steps = [clock(START + 500 * SECOND), says(price()), clock(START + SECOND), clock(START + 121 * SECOND)]
    Drive(life, Wall(START)).run(Script(says(price()), *steps))
    stale = [entry["silent_s"] for entry in log.entries if entry["event"] == "agent_stale"]
    assert stale == [500, 120]


def test_the_session_goes_on_while_its_gateway_is_away(life: Life) -> None:
    """Timers fire in the back-off."""
    Drive(life, Wall()).run(Script(says(price(WAKE)), *[crashes(ConnectionResetError()) for _ in range(3)]))
    assert life.core.sequencer.agents["told"].state.woken == [START + 5 * SECOND]


@pytest.mark.parametrize("error", [NotAvailable("no such venue: name another"), AllHalted("no disk")])
def test_what_no_restart_would_help_ends_the_drive(life: Life, error: Exception) -> None:
    """The session ends with that line."""
    with pytest.raises(type(error), match=str(error)):
        Drive(life, Wall()).run(Script(says(price()), crashes(error)))


def test_a_feed_that_says_it_is_over_leaves_the_session_to_its_timers(life: Life, log: LogCapture) -> None:
    """A gateway that returns is not restarted: the run goes on to its end."""

    class Ends(Script):
        """Returns after its last step."""

        async def run(self, put: object, after: int) -> None:
            for step in self.steps:
                await step(self, put)  # type: ignore[arg-type]
            assert self.drive
            self.drive.wall.ts = START + 60 * SECOND

    assert Drive(life, Wall(), end_ts=START + 60 * SECOND).run(Ends(says(price(WAKE)))) is True
    assert life.core.sequencer.agents["told"].state.woken == [START + 5 * SECOND]
    assert "gateway_ended" in [entry["event"] for entry in log.entries]


def test_a_session_that_can_not_keep_up_has_its_losses_on_record(life: Life) -> None:
    """A FeedGap names instrument and time, where prices were lost; of books only the newest is taken."""

    async def burst(script: Script, put: object) -> None:
        for number in range(8):
            script.position += 1
            await put(script.position, price(at=1.0 + number, ts=START + number))  # type: ignore[operator]
        await script.seen()

    Drive(life, Wall(), waiting_max=3).run(Script(burst, says(price(at=9.0)), says(book(1), book(2))))
    life.writer.wait_durable()
    assert life.core.sequencer.agents["told"].state.heard == [1.0, 2.0, 3.0, 9.0]
    assert events_of(life.folder, FeedGap) == [FeedGap("script", BTC, START + 3, START + 7, "overflow")]
    assert [one.bids[0].ticks for one in events_of(life.folder, BookChanged)] == [2]
    positions = [packet.position for packet in packets_of(life.folder) if packet.agent == FEED]
    assert positions == sorted(set(positions))


def test_a_desk_that_raises_is_quarantined_and_the_session_goes_on(tmp_path: Path) -> None:
    """On the wall clock as on the simulated one."""
    there = place(tmp_path, desk("one", "0.5", hates=2.0), desk("two", "0.5"))
    with there.opened() as life:
        Drive(life, Wall()).run(Script(says(price(at=1.0)), says(price(at=2.0)), says(price(at=3.0))))
        agents = life.core.sequencer.agents
        assert agents["one"].state.heard == [1.0, 3.0]
        assert agents["two"].state.heard == [1.0, 2.0, 3.0]
    assert [one.desk for one in events_of(there.folder, Quarantined)] == ["one"]
    assert len(marks_of(there.folder, "quarantine")) == 1


def test_an_order_that_rests_trades_with_a_later_book(life: Life) -> None:
    """The paper venue's book matcher on a live feed."""
    Drive(life, Wall(START + SECOND)).run(Script(says(book()), says(price(REST)), says(book(890))))
    life.writer.wait_durable()
    fills = events_of(life.folder, FillObserved)
    assert [(fill.ticks, fill.lots, fill.maker) for fill in fills] == [(900, 10, True)]


def test_inputs_of_a_life_and_of_the_wall_never_share_a_position(life: Life) -> None:
    """Each source counts for itself, so that none of them drops another's inputs."""
    feed(life, price())
    Drive(life, Wall(START + 2 * SECOND)).run(
        Script(says(price()), crashes(ConnectionResetError()), crashes(ConnectionResetError()), says(price()))
    )
    assert life.core.sequencer.positions[FEED] == 2
    assert life.core.sequencer.positions["wall"] == 3
