"""Which run a plan opens on the simulated clock: the one there is, or an empty one."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.rig import SECOND, START, TOLD, configured, desk, events_of, feed, packets_of, price
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Resumed
from tradeworthy.execution.accounting import CashMoved, Opened
from tradeworthy.journal.reader import read_header
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.opening import OpenRun, claim_ordinal, open_run
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.runs import RunName

FEED = {"feed": "test", "sha256": "aa"}


@dataclasses.dataclass
class Opener:
    """A home, and what is asked for in it."""

    home: Home
    plan: Plan

    def open(
        self, *, inputs: int = 0, feed_identity: dict[str, Any] | None = None, **changes: Any
    ) -> OpenRun:
        """The plan, changed, opened, fed some inputs, and closed."""
        run = open_run(dataclasses.replace(self.plan, **changes), self.home, feed_identity or FEED, START)
        feed(run.life, *[price()] * inputs)
        run.life.close()
        return run


@pytest.fixture
def opener(tmp_path: Path) -> Opener:
    """A home folder and a plan of a minute."""
    return Opener(Home(tmp_path / "home").make(), Plan(configured(), Mode.PAPER, duration_s=60.0))


def name_of(run: OpenRun) -> str:
    """The run's name."""
    return run.life.header.run


def test_the_same_command_goes_on_with_its_run(opener: Opener) -> None:
    """To its original end, with what it was told first told once, and no gap on the simulated clock."""
    first = opener.open(inputs=3)
    again = opener.open(inputs=2)
    assert (first.resumed, again.resumed) == (False, True)
    assert name_of(again) == name_of(first)
    assert (again.start_ts, again.end_ts) == (START, START + 60 * SECOND)
    assert again.life.core.sequencer.positions["feed"] == 4
    folder = opener.home.runs / name_of(again)
    assert len(events_of(folder, CashMoved)) == 1
    assert events_of(folder, Resumed) == []


def test_an_empty_run_begins_with_what_it_takes_over(opener: Opener) -> None:
    """D11: which is on record; the run that goes on has its own journal and is not asked again."""
    asked: list[int] = []

    def opening(start_ts: int) -> Opened:
        asked.append(start_ts)
        return Opened("ledger", 77, ())

    def opened() -> OpenRun:
        run = open_run(opener.plan, opener.home, FEED, START, opening=opening)
        run.life.close()
        return run

    runs = opened(), opened()
    folder = opener.home.runs / name_of(runs[0])
    assert [run.resumed for run in runs] == [False, True]
    assert asked == [START]
    assert [one.cash for one in events_of(folder, Opened)] == [77]
    assert events_of(folder, CashMoved) == []


def test_pace_makes_no_other_run(opener: Opener) -> None:
    """`--speed` is how it is watched."""
    assert name_of(opener.open()) == name_of(opener.open(speed=50.0))


def test_a_finished_run_is_followed_by_an_empty_one(opener: Opener) -> None:
    """Its ordinal is the next."""
    run = open_run(opener.plan, opener.home, FEED, START)
    run.life.finish(START + 60 * SECOND)
    run.life.conclude()
    run.life.close()
    after = opener.open()
    assert not after.resumed
    stem, _, ordinal = name_of(run).rpartition("-")
    assert name_of(after) == f"{stem}-{int(ordinal) + 1}"
    assert after.life.core.sequencer.positions == {"configuration": 2}


def test_a_finished_run_that_was_not_seen_to_its_end_is_gone_on_with(opener: Opener) -> None:
    """Its rows and its closing line are owed."""
    run = open_run(opener.plan, opener.home, FEED, START)
    run.life.finish(START + 60 * SECOND)
    run.life.close()
    assert opener.open().resumed


def test_fresh_begins_an_empty_run_whatever_there_is(opener: Opener) -> None:
    """And the command without it goes on with that one."""
    first, fresh = opener.open(inputs=3), opener.open(fresh=True)
    assert not fresh.resumed
    assert name_of(fresh) != name_of(first)
    assert name_of(opener.open()) == name_of(fresh)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8},
        {"duration_s": 61.0},
        {"duration_s": None},
        {"configuration": configured(desk(hates=3.0))},
        {"feed_identity": FEED | {"sha256": "bb"}},
    ],
)
def test_any_change_begins_an_empty_run_and_leaves_the_old_one(
    opener: Opener, change: dict[str, Any]
) -> None:
    """Seed, duration, configuration, feed: and back at the old command, the old run goes on."""
    first = opener.open(inputs=3)
    other = opener.open(inputs=1, **change)
    assert not other.resumed
    assert other.life.core.sequencer.positions["feed"] == 0
    assert other.life.header.parent == ""
    back = opener.open()
    assert name_of(back) == name_of(first)
    assert back.life.core.sequencer.positions["feed"] == 2


def test_changed_code_begins_an_empty_run(opener: Opener, tmp_path: Path) -> None:
    """A desk's file is code."""
    file = tmp_path / "told.py"
    shutil.copy(TOLD, file)
    mine = configured(desk(file=str(file)))
    first = opener.open(inputs=3, configuration=mine)
    file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert not opener.open(configuration=mine).resumed
    assert (
        first.life.header.decision_hash
        != read_header(
            next(iter(folder for folder in opener.home.runs.iterdir() if folder.name != name_of(first)))
        ).decision_hash
    )


def test_a_backtest_always_begins_empty(opener: Opener) -> None:
    """And its journal holds its decisions, not its inputs."""
    runs = [opener.open(inputs=2, mode=Mode.BACKTEST) for _ in range(2)]
    assert [run.resumed for run in runs] == [False, False]
    assert len({name_of(run) for run in runs}) == 2
    header = read_header(opener.home.runs / name_of(runs[0]))
    assert not header.record_inputs
    assert {packet.agent for packet in packets_of(opener.home.runs / name_of(runs[0]))} <= {"counters"}


def test_the_header_says_all_that_a_replay_needs(opener: Opener) -> None:
    """Configuration, seed, feed, machine, versions, and what was asked for."""
    run = opener.open(seed=9)
    header = read_header(opener.home.runs / name_of(run))
    assert header.configuration == opener.plan.configuration.resolved()
    assert (header.seed, header.feed, header.record_inputs) == (9, FEED, True)
    assert header.session == {
        "mode": "paper",
        "duration_s": 60.0,
        "start_ts": START,
        "end_ts": START + 60 * SECOND,
    }
    assert header.cpu
    assert set(header.versions) == {"python", "msgspec", "numba", "numpy"}


def test_two_processes_never_share_an_ordinal(tmp_path: Path) -> None:
    """Backtests of one plan at one time each make a folder of their own."""
    home = Home(tmp_path / "home").make()

    def claim(_: int) -> int:
        return claim_ordinal(home, "test-0", None, alone=False)

    with ThreadPoolExecutor(8) as pool:
        claimed = [*pool.map(claim, range(64))]
    assert sorted(claimed) == [*range(1, 65)]


def test_a_folder_that_a_killed_process_left_empty_is_used(tmp_path: Path) -> None:
    """By a session, which is alone in its home; a backtest can't know whose it is."""
    home = Home(tmp_path / "home").make()
    (home.runs / "test-0-1").mkdir()
    assert claim_ordinal(home, "test-0", None, alone=True) == 1
    assert claim_ordinal(home, "test-0", None, alone=False) == 2
    (home.runs / "test-0-3").mkdir()
    (home.runs / "test-0-3" / "00000001.journal").touch()
    assert claim_ordinal(home, "test-0", RunName("test-0", 2), alone=True) == 4


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda file: file.unlink(), "can't read desk file .*: No such file or directory"),
        (lambda file: file.write_text("class"), r"can't be loaded: SyntaxError in line 1"),
    ],
)
def test_a_desk_that_can_not_be_loaded_begins_no_run(
    opener: Opener, tmp_path: Path, break_it: Callable[[Path], Any], said: str
) -> None:
    """One line (A11); and once it is corrected, the command works."""
    file = tmp_path / "told.py"
    shutil.copy(TOLD, file)
    mine = configured(desk(file=str(file)))
    break_it(file)
    with pytest.raises(UsageError, match=said):
        opener.open(configuration=mine)
    shutil.copy(TOLD, file)
    assert not opener.open(configuration=mine).resumed
