"""The fault drills on the dense desk: that they pass, and that each sees the fault that it is for."""

import math
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.desks.divergence.engine import DivergenceEngine
from tradeworthy.desks.divergence.results import BarLog
from tradeworthy.proving.preflight import memory as preflight_memory
from tradeworthy.proving.preflight import resets as preflight_resets
from tradeworthy.proving.preflight import survival as preflight_survival
from tradeworthy.proving.preflight.books import Books, position_of
from tradeworthy.proving.preflight.boosts import BAD, PendingBoost, drill_boosts
from tradeworthy.proving.preflight.bounds import drill_bounds, growing
from tradeworthy.proving.preflight.drills import Preflight, drills_of, fly
from tradeworthy.proving.preflight.evidence import evidence_of_drills
from tradeworthy.proving.preflight.memory import drill_memory, resident_bytes
from tradeworthy.proving.preflight.postures import drill_postures
from tradeworthy.proving.preflight.reader import Reader
from tradeworthy.proving.preflight.resets import drill_resets
from tradeworthy.proving.preflight.restarts import after_boosts, after_redis, after_the_stack
from tradeworthy.proving.preflight.results import Drilled, Measure, at_least, below, exactly
from tradeworthy.proving.preflight.sessions import check_servers
from tradeworthy.proving.preflight.sizes import BYTES, sizes_of
from tradeworthy.proving.preflight.stage import Stage, restored, set_stage, trace_of
from tradeworthy.proving.preflight.survival import drill_survival
from tradeworthy.risk.stance import Posture
from tradeworthy.risk.survival import rm_of
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home

CONFIGS = Path(__file__).parents[2] / "configs"
APEX, STALKER, TURTLE, HIBERNATE = Posture


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home folder without recorded data."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        yield Home(Path(folder)).make()


@pytest.fixture(scope="module")
def stage(home: Home) -> Stage:
    """The dense short desk on three generated days."""
    return set_stage(load(CONFIGS / "parity-dense.toml"), home, "short", "simulator", days=3)


def verdict_of(drilled: Drilled) -> str:
    """The verdict, with what was broken."""
    return " ".join([drilled.verdict, *(one.what for one in drilled.measures if not one.kept)])


# The stage


def test_the_day_of_the_drills_is_one_of_the_most_trades(stage: Stage) -> None:
    """Nothing equals nothing is no proof."""
    assert len(stage.day.trades) >= 5
    engine = stage.engine_before_day()
    assert tuple(engine.process_day(stage.day.date, stage.day.frame).trades) == stage.day.trades


def test_a_desk_that_is_not_there_is_the_users_mistake(home: Home) -> None:
    """One line with the names that there are."""
    with pytest.raises(UsageError, match="short, long"):
        set_stage(load(CONFIGS / "parity-dense.toml"), home, "shrot", "simulator", days=1)


def test_a_desk_of_another_kind_has_no_drills(home: Home) -> None:
    """The drills are the divergence engine's."""
    with pytest.raises(UsageError, match="no divergence desk"):
        set_stage(load(CONFIGS / "breakout.toml"), home, feed="simulator", days=1)


def test_days_without_a_trade_are_not_drilled(home: Home) -> None:
    """The champion's first two days calibrate."""
    with pytest.raises(NotAvailable, match="no trade in 2 days"):
        set_stage(load(CONFIGS / "blue.toml"), home, feed="simulator", days=2)


def test_generated_days_are_the_simulators_own(stage: Stage) -> None:
    """Made piece by piece, they are the rows that a session sees."""
    made = dict(stage.generated(2))
    days = stage.frame.days()[:2]
    assert list(made) == [date for date, _, _ in days]
    for date, start, stop in days:
        assert made[date].close.tobytes() == stage.frame.close[start:stop].tobytes()
        assert made[date].closed_ts.tolist() == stage.frame.closed_ts[start:stop].tolist()


# 1: boosts from threads


def test_the_last_write_of_a_boost_wins() -> None:
    """D8: one pending pair; it is taken once."""
    pending = PendingBoost()
    pending.update_acb_boost(1.5, 0.2)
    pending.update_acb_boost(2.0, 0.8)
    assert pending.take() == (2.0, 0.8)
    assert pending.take() is None


@pytest.mark.parametrize("pair", BAD)
def test_a_bad_boost_leaves_the_one_before(pair: tuple[float, float]) -> None:
    """D8: NaN and what is out of range is refused."""
    pending = PendingBoost()
    pending.update_acb_boost(1.5, 0.2)
    with pytest.raises(ValueError, match="correct it"):
        pending.update_acb_boost(*pair)
    assert pending.take() == (1.5, 0.2)


def test_threads_that_write_boosts_tear_nothing(stage: Stage) -> None:
    """D8: two days, fifty threads, equal to a serial run."""
    assert verdict_of(drill_boosts(stage, 2)) == "PASS"


def test_a_boost_that_is_told_otherwise_shows(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """D8: an engine that mixes two writers' pairs does not come to the serial run's day."""
    tell = DivergenceEngine.set_boost
    told: list[DivergenceEngine] = []

    def mixed(self: DivergenceEngine, boost: float, beta: float) -> None:
        told.append(self)
        tell(self, boost, 0.1 if self is told[0] else beta)

    monkeypatch.setattr(DivergenceEngine, "set_boost", mixed)
    assert "days that differ from a serial one" in verdict_of(drill_boosts(stage, 2))


def test_a_half_closed_position_is_seen(stage: Stage) -> None:
    """D8: a fill of half the lots, and a close that is none."""
    engine, frame = stage.engine_before_day(), stage.day.frame
    books = Books(stage, engine)
    engine.begin_day(stage.day.date)
    for i in range(frame.rows):
        judged = engine.step_bar(frame, i)
        if judged.action.startswith("EXIT"):
            at = next(
                at for at, row in enumerate(engine.rows) if row[0] == "fill" and row[7] == judged.action[5:]
            )
            *who, lots, fee, reason, ts = engine.rows[at]
            engine.rows[at] = (*who, lots // 2, fee, reason, ts)  # type: ignore[assignment]
        books.take(frame, i, judged)
        if books.faults:
            break
    assert any("a trade closes when nothing is left" in fault for fault in books.faults)
    assert any("only the volume cuts a fill" in fault for fault in books.faults)


def test_a_position_that_is_closed_keeps_nothing(stage: Stage) -> None:
    """D8: what is left in a flat position is no position."""
    engine = stage.engine_before_day()
    assert position_of(engine.snapshot()) == 0
    engine.process_day(stage.day.date, stage.day.frame.slice(0, 40))
    kept = msgspec.msgpack.decode(engine.snapshot())
    kept["records"][-1] = bytes(8) + b"\1" + bytes(len(kept["records"][-1]) - 9)
    assert position_of(msgspec.msgpack.encode(kept)) is None


# 2: kills and restarts


def test_posture_is_apex_again_after_every_restart() -> None:
    """D9: boosts, watchdog, stack and a real Redis killed and restarted."""
    measures = [*after_boosts(), *after_the_stack(), *after_redis()]
    assert [one.what for one in measures if not one.kept] == []


def test_no_drill_touches_servers_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drill stops and fills servers: they must be its own."""
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere:6379/0")
    with pytest.raises(NotAvailable, match="REDIS_URL"):
        check_servers()


# 3: bounded sets


def test_what_can_grow_is_counted_once_by_its_place() -> None:
    """D10: items of collections, bytes of buffers; shared ones once."""

    class Holder:
        __module__ = "tradeworthy.tests"

        def __init__(self) -> None:
            self.names = {"a": [1, 2], "b": [3]}
            self.again = self.names
            self.text, self.buffer = "no collection", bytearray(10)

    assert sizes_of(Holder(), "it") == {"it.names": 2, "it.names[]": 3, f"it.buffer{BYTES}": 10}


@pytest.mark.parametrize(("per_look", "grows"), [(0, False), (1, False), (5, True)])
def test_a_collection_that_grows_is_named(per_look: int, *, grows: bool) -> None:
    """D10: a few more are a cache's, an item for each trade is none."""
    looks = [Counter({"ring": 750, "set": 10 + per_look * number}) for number in range(40)]
    assert ("set" in growing(looks)) is grows
    assert "ring" not in growing(looks)


def test_engine_and_session_keep_what_they_keep(stage: Stage) -> None:
    """D10: twelve days of the engine, ten of a session."""
    assert verdict_of(drill_bounds(stage, 12, 10)) == "PASS"


# 5: postures that flip


def log(posture: Posture, action: str = "no_divergence") -> BarLog:
    """A bar of that posture."""
    return BarLog(0, 0, 0.0, None, False, 1.0, 1.0, 0.2, posture.value, action)


@pytest.mark.parametrize(
    ("bars", "broken"),
    [
        ([(APEX, "ENTER")], ""),
        ([(STALKER, "ENTER")], "unconfirmed entries"),
        ([(TURTLE, ""), (TURTLE, ""), (TURTLE, "ENTER")], ""),
        ([(HIBERNATE, ""), (HIBERNATE, ""), (HIBERNATE, "ENTER")], "unconfirmed entries"),
        ([(APEX, "ENTER"), *[(HIBERNATE, "")] * 2, (HIBERNATE, "EXIT:HIBERNATE_HALT")], ""),
        (
            [(APEX, "ENTER"), (APEX, ""), (HIBERNATE, "EXIT:HIBERNATE_HALT")],
            "unconfirmed halts, halts too soon",
        ),
        ([(STALKER, "SKIP:posture")], ""),
        ([(APEX, "SKIP:posture")], "kept out wrongly"),
    ],
)
def test_the_readers_rules_are_held(bars: list[tuple[Posture, str]], broken: str) -> None:
    """D12: three equal reads, and no forced exit within two bars of an entry."""
    counted: Counter[str] = Counter()
    reader = Reader(counted)
    for posture, action in bars:
        reader.take(log(posture, action), posture)
    rules = ("unconfirmed entries", "unconfirmed halts", "halts too soon", "kept out wrongly", "half")
    assert ", ".join(rule for rule in rules if counted[rule]) == broken


def test_half_a_posture_is_seen() -> None:
    """D12: the bar read another posture than the one in force."""
    counted: Counter[str] = Counter()
    Reader(counted).take(log(STALKER), APEX)
    assert counted["half"] == 1


def test_flips_give_no_half_posture_and_no_forced_exit(stage: Stage) -> None:
    """D12: bursts by session time, and a thread on a real Redis."""
    assert verdict_of(drill_postures(stage, 8, 0.6)) == "PASS"


# 6: the survival stack


def test_the_survival_stack_is_exact() -> None:
    """D12: corners, thresholds, ways up."""
    assert verdict_of(drill_survival()) == "PASS"


def test_a_weight_that_is_off_by_one_float_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """D12: the formula is held against fractions."""
    monkeypatch.setattr(
        preflight_survival,
        "rm_of",
        lambda *cats: math.nextafter(rm_of(*cats), 2.0) if cats[1] else rm_of(*cats),
    )
    assert "corners that are not exact" in verdict_of(drill_survival())


# 7 and 8: memory, resets


def test_day_replays_take_no_memory(stage: Stage) -> None:
    """D10: a few replays; the process is there to be measured."""
    assert resident_bytes() > 1 << 20
    assert verdict_of(drill_memory(stage, 4)) == "PASS"


def test_memory_that_grows_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """D10: 50 MB is the limit."""
    sizes = iter(range(0, 1000 << 20, 26 << 20))
    monkeypatch.setattr(preflight_memory, "resident_bytes", lambda: next(sizes))
    assert "growth in MB" in verdict_of(drill_memory(stage, 6))


def test_reset_and_restore_are_as_good_as_new(stage: Stage) -> None:
    """D10: to the bit, in mid-trade too."""
    assert verdict_of(drill_resets(stage, 2, 6)) == "PASS"


def test_a_restore_that_forgets_shows(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """D10: capital is part of a snapshot."""

    def forgetful(engine: DivergenceEngine, before: bytes) -> DivergenceEngine:
        restored(engine, before).capital += 1
        return engine

    monkeypatch.setattr(preflight_resets, "restored", forgetful)
    assert "snapshots that go on otherwise" in verdict_of(drill_resets(stage, 2, 6))


def test_a_trace_is_of_all_that_an_engine_answers(stage: Stage) -> None:
    """D10: another boost is another trace, if only in the bar log."""
    traces = []
    for boost in (1.0, 1.0, 1.0000000000000002):
        engine = stage.engine_before_day()
        engine.set_boost(boost, 0.2)
        traces.append(trace_of(engine, engine.process_day(stage.day.date, stage.day.frame)))
    assert traces[0] == traces[1] != traces[2]


# What comes of it


def test_a_figure_is_held_against_its_limit() -> None:
    """Least figures are inclusive, and what must be below a limit is not at it."""
    assert [below("a", 4.9, 5).kept, at_least("b", 5, 5).kept, exactly("c", 5, 5).kept] == [True] * 3
    assert [below("a", 5, 5).kept, at_least("b", 4, 5).kept, exactly("c", 4, 5).kept] == [False] * 3


def test_a_drill_without_a_server_is_absent_and_not_passed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D11: nothing is skipped on probably fine."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    flight = Preflight(load(CONFIGS / "parity-dense.toml"), home, feed="simulator")
    monkeypatch.setattr(Preflight, "stage", None)
    assert fly(flight, 4).verdict == "ABSENT"


def test_the_numbers_of_drills_are_eight() -> None:
    """One of them is an error with the others' numbers."""
    assert list(drills_of()) == [*range(1, 9)]
    with pytest.raises(UsageError, match="1, 2, 3, 4, 5, 6, 7, 8"):
        drills_of([9])


def test_a_line_is_passed_by_the_full_numbers_alone() -> None:
    """D15: few rounds are evidence in part, a failed drill is a failed line."""
    kept, broken = Measure("a", 0, "0", kept=True), Measure("b", 1, "0", kept=False)
    drills = [
        Drilled(3, "bounds", "did", (kept,)),
        Drilled(7, "memory"),
        Drilled(8, "resets"),
        Drilled(6, "s", "", (broken,)),
    ]
    full = evidence_of_drills(drills, "blue", "command", full=True)
    assert {line: one.status for line, one in full.items()} == {"D10": "passed", "D12": "failed"}
    assert evidence_of_drills(drills, "blue", "command", full=False)["D10"].status == "in part"
    assert evidence_of_drills(drills[:1], "blue", "command", full=True)["D10"].status == "in part"
