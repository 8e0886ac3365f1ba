"""Runs whose process is gone: `report` brings their rows up, and all rows can be made again from the journals."""

from pathlib import Path

import pytest

from tests.store.story import BEGIN, CODEC, DAY, Story, rows_of
from tradeworthy.core.errors import Retryable
from tradeworthy.journal.segments import segment_path
from tradeworthy.store.addresses import connect
from tradeworthy.store.catch_up import project_all, rebuild
from tradeworthy.store.server_account import free_port


@pytest.fixture
def two_runs(tmp_path: Path) -> Path:
    """A home with two runs, the second after the first."""
    for number in (1, 2):
        with Story(
            tmp_path / "runs" / f"breakout-{number}",
            parent="breakout-1" if number == 2 else "",
            begin=BEGIN + number * DAY,
        ) as story:
            story.open_account()
            story.round_trips(number)
            story.operations()
    return tmp_path


def test_every_run_that_is_behind_is_caught_up_once(two_runs: Path, url: str) -> None:
    """All that dead processes left; a second call finds nothing to do (A9)."""
    assert [run.run for run in project_all(two_runs, url, CODEC)] == ["breakout-1", "breakout-2"]
    rows = rows_of(url)
    assert {row[0]["run"] for row in rows["trades"]} == {"breakout-1", "breakout-2"}
    assert project_all(two_runs, url, CODEC) == []
    assert rows_of(url) == rows


def test_a_living_run_is_left_to_its_own_projector(two_runs: Path, url: str) -> None:
    """`skip` names the run of the session that is going on."""
    assert [run.run for run in project_all(two_runs, url, CODEC, skip="breakout-2")] == ["breakout-1"]


def test_a_run_that_was_killed_before_it_had_a_header_is_nothing_to_tell_of(
    two_runs: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its folder stays, empty but for a segment without a record; no report is to speak of it each time."""
    for size, name in ((0, "breakout-3"), (3, "breakout-4")):
        path = segment_path(two_runs / "runs" / name, 1)
        path.parent.mkdir()
        path.write_bytes(b"\0" * size)
    assert [run.run for run in project_all(two_runs, url, CODEC)] == ["breakout-1", "breakout-2"]
    assert project_all(two_runs, url, CODEC) == []
    assert capsys.readouterr().out == ""


def test_a_rebuild_gives_the_rows_that_were_there(two_runs: Path, url: str) -> None:
    """The tables are a function of the journals, and runs keep their place among each other."""
    project_all(two_runs, url, CODEC)
    rows = rows_of(url)
    with connect(url) as connection:
        connection.execute("UPDATE trades SET pnl = pnl + 1")
        connection.execute("DELETE FROM packets WHERE seq % 3 = 0")
    assert rows_of(url) != rows
    rebuild(two_runs, url, CODEC)
    assert rows_of(url) == rows


def test_a_torn_tail_is_projected_up_to_the_tear_and_then_completed(
    two_runs: Path, url: str, tmp_path: Path
) -> None:
    """A kill in mid-write: what is whole has rows now, the rest when the run goes on."""
    path = segment_path(tmp_path / "runs" / "breakout-2", 1)
    whole = path.read_bytes()
    for cut in (700, 300, 60):
        path.write_bytes(whole[:-cut])
        project_all(two_runs, url, CODEC)
    path.write_bytes(whole)
    project_all(two_runs, url, CODEC)
    rows = rows_of(url)
    rebuild(two_runs, url, CODEC)
    assert rows_of(url) == rows


def test_a_damaged_run_is_named_and_does_not_keep_the_others(two_runs: Path, url: str) -> None:
    """Rows up to the damage stand; the other runs are whole (A11)."""
    path = segment_path(two_runs / "runs" / "breakout-1", 1)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    done = {one.run: one for one in project_all(two_runs, url, CODEC)}
    assert "is damaged at byte" in done["breakout-1"].error
    assert done["breakout-2"].error == ""
    rows = rows_of(url)["packets"]
    assert all(len([row for (row,) in rows if row["run"] == run]) > 5 for run in done)


def test_without_a_database_it_says_so(two_runs: Path) -> None:
    """One line, exit code 3 (A11)."""
    with pytest.raises(Retryable, match="Cannot connect to database"):
        project_all(two_runs, f"postgresql://user@127.0.0.1:{free_port()}/name", CODEC)


def test_a_home_without_runs_is_nothing_to_do(tmp_path: Path, url: str) -> None:
    """Before the first run."""
    assert project_all(tmp_path / "absent", url, CODEC) == []
