"""Runs on disk: which is the newest, which is meant, and whose parents are whose."""

import os
from pathlib import Path

import pytest

from tests.runtime.rig import SECOND, START
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.journal.reader import verify
from tradeworthy.journal.segments import Header
from tradeworthy.journal.writer import JournalWriter
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.runs import WALL, RunName, find, holds_books, newest, unsealed_on_wall, with_parents
from tradeworthy.runtime.sealed import is_sealed, seal


@pytest.fixture
def place(tmp_path: Path) -> Home:
    """A home folder."""
    return Home(tmp_path / "home").make()


def made(home: Home, name: str, age_s: int = 0, parent: str = "", clock: str = "") -> Path:
    """A run with nothing but its header, last written `age_s` ago."""
    folder = home.runs / name
    JournalWriter(verify(folder), Header(name, {}, "", 7, parent=parent, session={"clock": clock})).close()
    for path in folder.glob("*.journal"):
        os.utime(path, ns=(START, START - age_s * SECOND))
    return folder


def test_the_newest_of_a_stem_is_that_of_the_highest_ordinal(place: Home) -> None:
    """Ten comes after nine; folders without a journal, and other names, don't count."""
    for ordinal in (9, 10, 2):
        made(place, f"test-aa-{ordinal}")
    made(place, "test-aa-x")
    made(place, "test-aab-11")
    (place.runs / "test-aa-12").mkdir()
    assert newest(place, "test-aa") == RunName("test-aa", 10)
    assert str(RunName("test-aa", 10)) == "test-aa-10"
    assert newest(place, "other") is None


def test_no_name_means_the_run_that_was_last_written_to(place: Home) -> None:
    """Whatever its name."""
    made(place, "a-0-1", age_s=5)
    latest = made(place, "b-0-1", age_s=1)
    made(place, "c-0-1", age_s=9)
    assert find(place, "") == latest
    assert find(place, "c-0-1").name == "c-0-1"


def test_a_wrong_name_is_refused_with_the_nearest(place: Home) -> None:
    """Without a near one, the newest is named (A11)."""
    made(place, "breakout-3f9a1c2e-1", age_s=5)
    made(place, "other-0-1")
    with pytest.raises(
        UsageError, match=r"no run 'breakout-3f9a1c2f-1' .*did you mean breakout-3f9a1c2e-1\?"
    ):
        find(place, "breakout-3f9a1c2f-1")
    with pytest.raises(UsageError, match="the newest is other-0-1"):
        find(place, "zzz")


def test_without_any_run_there_is_nothing_to_find(place: Home) -> None:
    """Exit code 3, and how to begin."""
    with pytest.raises(NotAvailable, match=r"there is no run in .* yet; start one with"):
        find(place, "")


def test_a_run_comes_with_its_parents(place: Home) -> None:
    """As far back as they are on disk."""
    made(place, "a-0-2", parent="a-0-1")
    made(place, "a-1-1", parent="a-0-2")
    made(place, "a-2-1", parent="a-1-1")
    assert [folder.name for folder in with_parents(place, "a-2-1")] == ["a-2-1", "a-1-1", "a-0-2"]


def test_runs_that_go_on_on_the_wall_clock(place: Home) -> None:
    """Of that configuration's name alone, by age; not sealed, and not of the simulated clock."""
    made(place, "desk-0-1", age_s=9, clock=WALL)
    made(place, "desk-1-1", age_s=5, clock=WALL)
    made(place, "desk-2-1", age_s=3)
    made(place, "desk-two-3-1", age_s=2, clock=WALL)
    assert [folder.name for folder in unsealed_on_wall(place, "desk")] == ["desk-0-1", "desk-1-1"]
    seal(place.runs / "desk-0-1", "desk-1-1")
    assert is_sealed(place.runs / "desk-0-1")
    assert [folder.name for folder in unsealed_on_wall(place, "desk")] == ["desk-1-1"]
    kept = [folder.name for folder in sorted(place.runs.iterdir()) if holds_books(folder)]
    assert kept == ["desk-1-1", "desk-two-3-1"]
    assert [folder.name for folder in unsealed_on_wall(place, "desk-two")] == ["desk-two-3-1"]
