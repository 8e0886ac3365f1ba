"""data import and data list."""

from pathlib import Path

import pytest

from tests.cli.command_line import call
from tests.gateways.recordings import bar, write


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
