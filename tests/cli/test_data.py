"""data fetch, import, rollup, check and list."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.command_line import call
from tests.gateways.recordings import bar, write
from tests.venues.archive_server import ArchiveServer, minutes
from tradeworthy.gateways.archive import ArchiveFile


def test_bars_are_imported_counted_and_listed(home: Path, tmp_path: Path) -> None:
    """What is no bar is left out by reason; importing again changes nothing."""
    nan = ("BTC", 2, 100.0, 101.0, 99.0, float("nan"), 1.0)
    folder = write(tmp_path / "data", [bar("BTC", 0), bar("BTC", 1), nan, bar("BTC", 3), bar("ETH", 0)])
    said = call("data", "import", folder, "--venue", "paper")
    assert said.code == 0
    assert [line.split() for line in said.lines[1:]] == [
        ["BTC", "1m", "3", "1", "nan", "1"],
        ["ETH", "1m", "1", "0", "-"],
    ]
    listed = call("data", "list", "--json").json
    assert [(one["instrument"], one["bars"], one["gaps"]) for one in listed] == [("BTC", 3, 1), ("ETH", 1, 0)]
    assert call("data", "import", folder, "--venue", "paper").code == 0
    assert call("data", "list", "--json").json == listed


def test_an_empty_catalog_says_how_to_fill_it(home: Path) -> None:
    """Nothing there is no error."""
    said = call("data", "list")
    assert said.code == 0
    assert "tradeworthy data import DIR" in said.out
    assert call("data", "list", "--json").json == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nowhere", "--venue", "v"], 3),
        (["{folder}", "--venue", "v", "--timeframe", "7m"], 2),
        (["{folder}", "--venue", "v", "--timeframe", "5m"], 3),
        (["{folder}", "--venue", "v", "--instrument", "FOO"], 2),
        (["{folder}", "--venue", "../v"], 2),
        (["{folder}"], 2),
    ],
)
def test_what_can_not_be_imported_is_refused(home: Path, tmp_path: Path, words: list[str], code: int) -> None:
    """A11: one line."""
    folder = write(tmp_path / "data", [bar("BTC", 0)])
    said = call("data", "import", *(word.format(folder=folder) for word in words))
    assert said.code == code
    assert said.err.count("\n") == 1


@pytest.fixture
def archive(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    """An archive that the command line is told of."""
    with ArchiveServer() as server:
        monkeypatch.setenv("TRADEWORTHY_DATA__ARCHIVE_URL", server.url)
        yield server


def file(day: str) -> ArchiveFile:
    """A day's file of BTCUSDT."""
    return ArchiveFile("um", "BTCUSDT", "1m", day)


def test_bars_are_fetched_rolled_up_and_checked(archive: ArchiveServer) -> None:
    """L13, D13: from the archive to a whole series of another timeframe, with three commands."""
    for day in ("2025-03-10", "2025-03-11"):
        archive.put(file(day), minutes(file(day)))
    said = call("data", "fetch", "BTCUSDT", "--from", "2025-03-10", "--to", "2025-03-11")
    assert said.code == 0
    assert said.lines[1].split() == ["BTCUSDT", "1m", "2", "2880", "0", "0", "-"]
    assert call("data", "rollup", "--to", "5m").lines[1].split()[1:] == [
        "BTCUSDT",
        "1m",
        "5m",
        "576",
        "0",
        "0",
    ]
    checked = call("data", "check", "--to", "2025-03-11")
    assert checked.code == 0
    assert [line.split()[-1] for line in checked.lines[1:]] == ["yes", "yes"]


def test_days_that_the_archive_lacks_are_named(archive: ArchiveServer) -> None:
    """D13: exit code 1, what is there is taken, and the check lists the same days."""
    archive.put(file("2025-03-10"), minutes(file("2025-03-10"), 100))
    said = call("data", "fetch", "BTCUSDT", "--from", "2025-03-10", "--to", "2025-03-13", "--json")
    assert said.code == 1
    assert said.json[0]["days_absent"] == ["2025-03-11", "2025-03-12", "2025-03-13"]
    assert said.err.startswith("missing: the archive has no BTCUSDT of 2025-03-11 to 2025-03-13;")
    checked = call("data", "check", "--to", "2025-03-13")
    assert checked.code == 1
    assert checked.lines[2:] == [
        "binance_um/BTCUSDT 1m  days missing: 2025-03-11 to 2025-03-13",
        "binance_um/BTCUSDT 1m  hole: 2025-03-10T01:40:00Z to 2025-03-11T00:00:00Z",
    ]
    assert call("data", "check", "--to", "2025-03-13", "--json").json[0]["bars"] == 100


def test_the_check_ends_yesterday(home: Path, tmp_path: Path) -> None:
    """D13: by itself it never asks for today, and refuses to if told."""
    call("data", "import", write(tmp_path / "data", [bar("BTC", 0)]), "--venue", "paper")
    today = datetime.now(UTC).date()
    (found,) = call("data", "check", "--json").json
    assert date.fromisoformat(found["last_day"]) == today - timedelta(days=1)
    assert call("data", "check", "--to", str(today)).code == 2


def test_a_check_joins_the_sign_off_list(archive: ArchiveServer, tmp_path: Path) -> None:
    """D13, D15: missing days fail the line; a whole series that was not checked to yesterday is evidence in part."""
    for day in ("2025-03-10", "2025-03-11"):
        archive.put(file(day), minutes(file(day)))
    call("data", "fetch", "BTCUSDT", "--from", "2025-03-10", "--to", "2025-03-11")
    out = tmp_path / "proof"
    assert call("data", "check", "--sign-off", out).code == 1
    shown = call("prove", "sign-off", out)
    assert shown.code == 1
    assert "D13 failed" in shown.out
    assert "missing 2025-03-12 to " in (out / "sign_off.md").read_text()
    other = tmp_path / "other"
    assert call("data", "check", "--to", "2025-03-11", "--sign-off", other).code == 0
    assert "- command: `tradeworthy data check --to 2025-03-11`" in (other / "sign_off.md").read_text()
    assert "D13 in part" in call("prove", "sign-off", other).out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["fetch", "BTCUSDT"], 2),
        (["fetch", "BTCUSDT", "--from", "soon"], 2),
        (["fetch", "BTCUSDT", "--from", ""], 2),
        (["fetch", "BTCUSDT", "--from", "2025-01-01", "--to", "2024-01-01"], 2),
        (["fetch", "BTCUSDT", "--from", "2025-01-01", "--to", "2999-01-01"], 2),
        (["fetch", "BTCUSDT", "--from", "2025-01-01", "--to", "2025-01-01", "--market", "moon"], 2),
        (["fetch", "BTCUSDT", "--from", "2025-01-01", "--to", "2025-01-01", "--url", "nowhere"], 2),
        (["fetch", "BTCUSDT", "--from", "2025-01-01", "--to", "2025-01-01"], 3),
        (
            ["fetch", "BTCUSDT", "--from", "2025-01-01", "--to", "2025-01-01", "--url", "http://127.0.0.1:1"],
            3,
        ),
        (["rollup"], 3),
        (["rollup", "--to", "7m"], 2),
        (["check"], 3),
        (["check", "--from", "then"], 2),
    ],
)
def test_what_can_not_be_done_is_one_line(archive: ArchiveServer, words: list[str], code: int) -> None:
    """A11: wrong use, an unknown symbol, a dead server, an empty catalog."""
    said = call("data", *words)
    assert said.code == code
    assert said.err.count("\n") == 1
