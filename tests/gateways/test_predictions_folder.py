"""Which record lies in a folder, and what a user is told where none does."""

from pathlib import Path

import pytest

from tests.gateways.market_records import (
    Best,
    Swept,
    feed_of,
    gamma,
    steady,
    write_day,
    write_list,
    write_windows,
)
from tradeworthy.core.errors import NotAvailable, UsageError

QUOTES = [Best(0, 0, (0.5, 0.51), (0.49, 0.5))]
LISTED = [Swept(0, "alone", 0.4, 0.5)]


def test_each_record_is_known_by_its_files(tmp_path: Path) -> None:
    """A folder needs no further word."""
    day = write_day(tmp_path / "day", steady(300), [gamma(0)])
    listed = write_list(tmp_path / "list", LISTED)
    windows = write_windows(tmp_path / "windows", QUOTES)
    data = [feed_of(folder).identity()["data"] for folder in (day, listed, windows)]
    assert data == ["window_day", "us_quotes", "window_quotes"]


def test_a_feed_is_known_by_content_not_by_place(tmp_path: Path) -> None:
    """Equal identities yield equal events; no path is in one."""
    folders = [write_day(tmp_path / name, steady(300), [gamma(0)]) for name in ("one", "two")]
    one, two = (feed_of(folder) for folder in folders)
    assert one.identity() == two.identity()
    assert str(tmp_path) not in repr(one.identity())
    assert feed_of(folders[0], lag_ms=1).identity() != one.identity()
    assert feed_of(folders[0], seed=8).identity() != one.identity()


def test_a_folder_above_records_names_them(tmp_path: Path) -> None:
    """The setting for all recorded data is the folder above."""
    write_windows(tmp_path / "windows", QUOTES)
    (tmp_path / "other").mkdir()
    with pytest.raises(NotAvailable, match="its folders windows do: name one with --feed recorded:DIR"):
        feed_of(tmp_path)


def test_a_folder_without_a_record_says_what_it_needs(tmp_path: Path) -> None:
    """One line, with the next step."""
    with pytest.raises(NotAvailable, match=r"it must have .*bbo\.parquet"):
        feed_of(tmp_path)
    with pytest.raises(NotAvailable, match="does not exist"):
        feed_of(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotAvailable, match="is a file"):
        feed_of(tmp_path / "file")


def test_two_records_in_one_folder_are_refused(tmp_path: Path) -> None:
    """Which one is meant is not guessed."""
    write_windows(tmp_path, QUOTES)
    write_day(tmp_path, steady(300), [gamma(0)])
    with pytest.raises(UsageError, match="a day of windows and quotes of windows"):
        feed_of(tmp_path)


@pytest.mark.parametrize("name", ["bbo.parquet", "markets.parquet"])
def test_a_file_that_is_no_record_is_named(tmp_path: Path, name: str) -> None:
    """What can't be read ends in one line."""
    write_windows(tmp_path, QUOTES)
    (tmp_path / name).write_text("nothing")
    with pytest.raises(UsageError, match=rf"{name} can't be read .*; it must have "):
        feed_of(tmp_path)


def test_a_record_without_its_list_says_so(tmp_path: Path) -> None:
    """The list of markets belongs to the record."""
    write_list(tmp_path, LISTED)
    (tmp_path / "markets.parquet").unlink()
    with pytest.raises(NotAvailable, match=r"there is no .*markets\.parquet"):
        feed_of(tmp_path)


@pytest.mark.parametrize("kind", ["day", "list", "windows"])
def test_a_range_without_events_is_refused(tmp_path: Path, kind: str) -> None:
    """--from and --to may miss the record."""
    write_day(tmp_path / "day", steady(300), [gamma(0)])
    write_list(tmp_path / "list", LISTED)
    write_windows(tmp_path / "windows", QUOTES)
    with pytest.raises(NotAvailable, match="in the range asked for"):
        feed_of(tmp_path / kind, to_ts=1)
