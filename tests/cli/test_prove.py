"""prove calibration."""

import math
from pathlib import Path

import pytest

from tests.cli.command_line import call
from tests.gateways.market_records import Price, gamma, write_day


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """Four hours of prices that swing, and their windows."""
    count = 4 * 3600 + 1
    values = [60_000 + 40 * math.sin(second / 97) + 25 * math.sin(second / 31) for second in range(count)]
    markets = [gamma(at, strike=None, up=values[at + 300] >= values[at]) for at in range(0, count - 300, 300)]
    return write_day(tmp_path / "day", [Price(second, value) for second, value in enumerate(values)], markets)


def test_calibration_is_a_table_for_people(day: Path) -> None:
    """Every model on each stretch of the day, the reliability of both, and how it was done."""
    said = call("prove", "calibration", "--feed", f"recorded:{day}")
    assert said.code == 0
    assert said.lines[0] == "whole day: 48 markets, 240 forecasts"
    for words in ("constant 0.5", "sign of S-K", "O3, minute volatility", "O3, better", "came true"):
        assert words in said.out
    assert "the second half had no part in it" in said.out


def test_calibration_is_json_for_programs(day: Path) -> None:
    """The same figures, by name."""
    found = call("prove", "calibration", "--feed", f"recorded:{day}", "--json").json
    assert [scope["name"] for scope in found["scopes"]] == ["whole day", "first half", "second half"]
    assert found["scopes"][0]["scores"][0]["brier"]["value"] == 0.25


@pytest.mark.parametrize(("feed", "code"), [("recorded:/nowhere", 3), ("simulator", 2)])
def test_a_feed_without_a_day_is_one_line(feed: str, code: int) -> None:
    """Absent data is 3, a wrong feed 2."""
    said = call("prove", "calibration", "--feed", feed)
    assert said.code == code
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
