"""Commands that are answered by an input: at once on the simulated clock, when the answer is there on the wall's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from structlog.testing import LogCapture

from tests.flows.golden_packet import BARS, TEXT, TOKEN
from tests.flows.sessions import eventually
from tests.runtime.rig import SECOND, START, Place, events_of, packets_of
from tests.runtime.wall_rig import Drive, Script, Step, Wall, clock, looks, says
from tradeworthy.core.errors import AllHalted, Bug, Retryable
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.desks.uptrend.events import PositionStatusChanged, SocialSignal
from tradeworthy.desks.uptrend.names import TIMEFRAMES
from tradeworthy.gateways.feeds.protocol import Put
from tradeworthy.learning.events import Job, JobAnswered, RunJob
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.ticks import PricePoint, TradeTick
from tradeworthy.runtime import wall as wall_module
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.errands import Errands, WallErrands
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.replay import replay
from tradeworthy.runtime.wall import WallDriver

SIGNAL = SocialSignal("tweet-1", "ann", "$BONK", START)
PATIENCE_S = 20.0
HOUR_S = 3_600


def packet(event: Event, seq: int = 1) -> Packet:
    """`event` on its way."""
    return Packet(seq, 1, 0, START, "trader", event)


def asked(timeframe: str = "1h", seq: int = 1) -> Packet:
    """A request for history."""
    return packet(RequestBackfill(f"key/{seq}", TOKEN, timeframe, 666, pool="pool"), seq)


def job(seq: int = 1, one: Job = Job.FACTS) -> Packet:
    """A job."""
    return packet(RunJob(one, f"{one.value}/{seq}"), seq)


def history(packet: Packet) -> Event:
    """666 bars of a falling price, the last of them closed by then."""
    request = packet.event
    assert isinstance(request, RequestBackfill)
    length, count = TIMEFRAMES_NS[request.timeframe], request.bars
    end = packet.ts - packet.ts % length
    prices = tuple(2.0 - number / count for number in range(count))
    stamps = tuple(end - (count - number) * length for number in range(count))
    return BackfillAnswered(
        *(request.key, request.instrument, request.timeframe, stamps),
        *(prices, prices, prices, prices, (1.0,) * count),
    )


def nothing(packet: Packet) -> Event:
    """The answer of a job that found nothing."""
    asked = packet.event
    assert isinstance(asked, RunJob)
    return JobAnswered(asked.job, asked.key, packet.seq)


class Provider:
    """History from outside: dead or slow for as long as it is told to be."""

    def __init__(self) -> None:
        self._heard: list[int] = []
        self.dead = False
        self.open = threading.Event()
        self.open.set()

    @property
    def asked(self) -> int:
        """How many requests came."""
        return len(self._heard)

    def __call__(self, packet: Packet) -> Event:
        """The answer, once the provider is quick again."""
        self._heard.append(packet.seq)
        self.open.wait(PATIENCE_S)
        if self.dead:
            raise Retryable("the provider does not answer: connection refused; it is asked again")
        return history(packet)


def waited(errands: WallErrands, waiting: dict[int, Packet]) -> list[tuple[Packet, Event]]:
    """The answers that come next, at least one."""
    came: list[tuple[Packet, Event]] = []

    def go_on() -> bool:
        came.extend(errands.go_on(waiting))
        return bool(came)

    assert eventually(go_on)
    return came


# One errand


def test_a_command_that_nobody_answers_is_a_bug() -> None:
    """The packet is named."""
    with pytest.raises(Bug, match=r"nobody answers RequestBackfill \(packet 7\)"):
        Errands({RunJob: nothing}).answer(asked(seq=7))


def test_a_raise_is_an_answer_that_says_so_and_is_told_once(log: LogCapture) -> None:
    """L13, B39: the desk hears why there is no history; a person hears it once for each, until it comes again."""
    provider = Provider()
    errands = Errands({RequestBackfill: provider})
    provider.dead = True
    for seq, timeframe in enumerate(("1h", "1h", "4h"), start=1):
        answer = errands.answer(asked(timeframe, seq))
        assert isinstance(answer, BackfillAnswered)
        assert (answer.key, answer.timeframe, answer.pool, answer.ts) == (f"key/{seq}", timeframe, "pool", ())
        assert answer.error.startswith("Retryable: the provider does not answer")
    provider.dead = False
    errands.answer(asked("1h"))
    provider.dead = True
    errands.answer(asked("1h", 9))
    told = [(one["errand"], one["packet"]) for one in log.entries if one["event"] == "errand_failed"]
    assert told == [("history of BONK 1h", 1), ("history of BONK 4h", 3), ("history of BONK 1h", 9)]


def test_a_job_that_raises_fails_by_its_name_and_learning_goes_on(log: LogCapture) -> None:
    """P5: a fault of a learning job is an answer, and no end of the session."""

    def broken(_: Packet) -> Event:
        raise ZeroDivisionError("float division by zero")

    answer = Errands({RunJob: broken}).answer(job(5, Job.TUNING))
    assert answer == JobAnswered(Job.TUNING, "tuning/5", 5, error="ZeroDivisionError: float division by zero")
    assert [one["errand"] for one in log.entries] == ["job tuning"]


def test_what_halts_all_is_no_answer() -> None:
    """A journal that can't be read or written: nothing may go on."""

    def damaged(_: Packet) -> Event:
        raise AllHalted("the disk is full")

    with pytest.raises(AllHalted, match="the disk is full"):
        Errands({RunJob: damaged}).answer(job())


# Threads


def test_each_command_is_begun_once_and_so_many_of_a_kind_at_a_time() -> None:
    """Four of five requests are under way, the fifth waits, and a job does not wait for any of them."""
    provider = Provider()
    provider.open.clear()
    errands = WallErrands(Errands({RequestBackfill: provider, RunJob: nothing}))
    waiting = {seq: asked(seq=seq) for seq in range(1, 6)} | {6: job(6)}
    ((first, answer),) = waited(errands, waiting)
    assert (first.seq, type(answer)) == (6, JobAnswered)
    del waiting[6]
    assert errands.go_on(waiting) == []
    assert eventually(lambda: provider.asked == 4)
    provider.open.set()
    seqs: list[int] = []
    while waiting:
        for one, _ in waited(errands, waiting):
            seqs.append(one.seq)
            del waiting[one.seq]
    assert sorted(seqs) == [1, 2, 3, 4, 5]
    assert provider.asked == 5
    assert errands.is_idle()


def test_what_halts_all_in_a_thread_halts_all() -> None:
    """It is raised where the session lives."""

    def damaged(_: Packet) -> Event:
        raise AllHalted("the journal is damaged")

    errands = WallErrands(Errands({RunJob: damaged}))
    with pytest.raises(AllHalted, match="the journal is damaged"):
        waited(errands, {1: job()})


# Sessions


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """A place for a session of the uptrend desk."""
    path = tmp_path / "golden.toml"
    path.write_text(TEXT.format(base="1m", bars=BARS["1m"]))
    return Place(Home(tmp_path / "home").make(), Plan(load(path), Mode.PAPER))


@pytest.fixture
def life(there: Place) -> Iterator[Life]:
    """A run that has begun."""
    with there.opened() as life:
        yield life


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's wall moves without a word: the driver looks at it each millisecond."""
    monkeypatch.setattr(wall_module, "LOOK_NS", 1_000_000)


class Errand(Drive):
    """A drive that runs errands."""

    errands: WallErrands

    def _driver(self, script: Script) -> WallDriver:
        driver = super()._driver(script)
        driver.errands = self.errands
        return driver


def drive(life: Life, provider: Callable[[Packet], Event], at: int = START) -> Errand:
    """The life on a wall that stands at `at`, with history from `provider` and jobs that find nothing."""
    made = Errand(life, Wall(at))
    made.errands = WallErrands(Errands({RequestBackfill: provider, RunJob: nothing}))
    return made


def until(holds: Callable[[], object]) -> Step:
    """A step that ends once the session has looked and `holds`; the rig's patience bounds it."""

    async def step(script: Script, _: Put) -> None:
        while not holds():
            await script.seen()

    return step


def rows(life: Life) -> dict[str, str]:
    """The status of each row."""
    trader = life.core.sequencer.agents["trader"].state
    return {row.timeframe: row.status.value for row in trader.rows.values()}


def test_an_answer_that_comes_late_is_admitted_at_the_walls_time(life: Life) -> None:
    """L3, L13: rows are dormant until their history is there; the answer joins the trace of its request."""
    provider, seen = Provider(), list[dict[str, str]]()
    provider.open.clear()
    drive(life, provider).run(
        Script(
            says(SIGNAL),
            until(lambda: provider.asked == 4),
            clock(START + 90 * SECOND),
            looks(lambda: seen.append(rows(life))),
            looks(provider.open.set),
            until(lambda: not life.outbox.unanswered),
            looks(lambda: seen.append(rows(life))),
        )
    )
    assert seen == [dict.fromkeys(TIMEFRAMES, "dormant"), dict.fromkeys(TIMEFRAMES, "watchlist")]
    life.writer.wait_durable()
    requests = {one.seq: one for one in packets_of(life.folder) if isinstance(one.event, RequestBackfill)}
    answers = [one for one in packets_of(life.folder) if isinstance(one.event, BackfillAnswered)]
    assert sorted(one.cause for one in answers) == sorted(requests)
    for answer in answers:
        assert answer.trace == requests[answer.cause].trace
        assert answer.ts == START + 90 * SECOND


def test_a_dead_provider_is_told_and_asked_again_within_the_hour(life: Life, log: LogCapture) -> None:
    """L13, B39: no row is left dormant for good because of one failure."""
    provider = Provider()
    provider.dead = True

    def revive() -> None:
        provider.dead = False

    drive(life, provider).run(
        Script(
            says(SIGNAL),
            until(lambda: provider.asked == 4 and not life.outbox.unanswered),
            looks(revive),
            clock(START + HOUR_S * SECOND),
            until(lambda: provider.asked == 8 and not life.outbox.unanswered),
        )
    )
    life.writer.wait_durable()
    errors = [bool(one.error) for one in events_of(life.folder, BackfillAnswered)]
    assert errors == [True] * 4 + [False] * 4
    assert sum(one["event"] == "errand_failed" for one in log.entries) == 4
    assert rows(life) == dict.fromkeys(TIMEFRAMES, "watchlist")


def test_a_stop_waits_for_no_errand_and_the_next_process_asks_again(there: Place) -> None:
    """A9: the snapshot knows what is unanswered; a resumed run asks once more, and its replay is the same."""
    slow = Provider()
    slow.open.clear()
    with there.opened() as life:
        drive(life, slow).run(Script(says(SIGNAL), until(lambda: slow.asked == 4)))
        assert len(life.outbox.unanswered) == 4
        life.snapshot()
    with there.opened() as life:
        assert life.recovery.replayed == 0
        provider = Provider()
        drive(life, provider, life.core.sequencer.now).run(Script(until(lambda: not life.outbox.unanswered)))
        assert provider.asked == 4
        assert rows(life) == dict.fromkeys(TIMEFRAMES, "watchlist")
        life.snapshot()
    slow.open.set()
    assert replay(there.folder).digests == 2


def test_a_killed_process_leaves_its_errands_to_the_next(there: Place, tmp_path: Path) -> None:
    """P1: some were answered, some were not; those that were are not asked again."""
    with there.opened() as life:
        life.admit("feed", START, SIGNAL)
        requests = list(life.outbox.unanswered.values())
        for one in requests[:2]:
            life.admit_answer(one, START, history(one))
        life.writer.wait_durable()
        copy = there.copy(tmp_path / "killed")
    with copy.opened() as life:
        assert list(life.outbox.unanswered.values()) == requests[2:]


def test_an_answer_that_nobody_waits_for_is_dropped(life: Life) -> None:
    """At least once asked, once admitted."""
    life.admit("feed", START, SIGNAL)
    one = next(iter(life.outbox.unanswered.values()))
    for _ in range(2):
        life.admit_answer(one, START, history(one))
    life.writer.wait_durable()
    assert len(events_of(life.folder, BackfillAnswered)) == 1


def test_on_the_simulated_clock_time_waits_for_the_answers(life: Life) -> None:
    """Design 3: each is admitted at the time of its command, before the next timer and the next row."""
    life.answer = Errands({RequestBackfill: history, RunJob: nothing}).answer
    life.admit_rows([(0, START, SIGNAL)])
    assert rows(life) == dict.fromkeys(TIMEFRAMES, "watchlist")
    life.advance(START + HOUR_S * SECOND)
    life.writer.wait_durable()
    found = packets_of(life.folder)
    asked = {one.seq: one.ts for one in found if isinstance(one.event, RunJob)}
    answers = [(one.cause, one.ts) for one in found if isinstance(one.event, JobAnswered)]
    assert dict(answers) == asked
    order = [
        one.event.job for one in found if isinstance(one.event, RunJob) and one.ts >= START + HOUR_S * SECOND
    ]
    assert order == [Job.FACTS, Job.LESSONS, Job.TUNING, Job.OVERRIDES][: len(order)]
    changes = events_of(life.folder, PositionStatusChanged)
    assert [one.reason for one in changes] == ["bars_reached"] * 4


def test_a_session_on_prices_goes_on_from_its_snapshot(there: Place) -> None:
    """A9: points, trades and the minute that is being made of them are in it."""
    with there.opened() as life:
        life.answer = Errands({RequestBackfill: history, RunJob: nothing}).answer
        life.admit_rows([(0, START, SIGNAL)])
        for number in range(1, 200):
            ts = START + number * 20 * SECOND
            price = 1.0 + number / 1_000
            tick = TradeTick(TOKEN, price, ts, 1.0, trade=str(number), aggressor="buy")
            life.admit_rows([(2 * number, ts, PricePoint(TOKEN, price, ts)), (2 * number + 1, ts, tick)])
        life.snapshot()
        known = states(life)
    with there.opened() as life:
        assert life.recovery.replayed == 0
        assert states(life) == known
    assert replay(there.folder).digests == 1


def states(life: Life) -> dict[str, bytes]:
    """All that the agents know, by name."""
    return {name: msgspec.msgpack.encode(one.state) for name, one in life.core.sequencer.agents.items()}
