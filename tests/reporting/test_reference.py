"""One desk's files in the form of its engine."""

import csv
import json
import math
from pathlib import Path

import msgspec
import pytest

from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.desks.divergence.results import BarLog, DayResult, Trade
from tradeworthy.market.money import cash_of
from tradeworthy.reporting.reference import BARS, DAILY, TRADES, ReferenceFiles, write_reference

MINUTE = 60_000_000_000
DAY = 1440 * MINUTE
CAPITAL = cash_of(25_000)


def bar(day: int, number: int, vel_div: float) -> BarLog:
    """A bar of a day, before the gate is calibrated on the first."""
    ts = day * DAY + number * MINUTE
    return BarLog(number, ts, vel_div, day > 0 or None, False, 1.1, 1.0, 0.2, "APEX", "no_divergence")


def trade(day: int, pnl: int) -> Trade:
    """A trade from bar 3 to bar 9."""
    begin = day * DAY
    return Trade(
        *("BTC", -1, 3, 9, 0.1 + 0.2, 1 / 3, pnl / 5e11, pnl, 1.25, "MAX_HOLD"),
        *(begin + 4 * MINUTE, begin + 10 * MINUTE, 7, 1_234, "maker", "taker"),
    )


def results() -> list[DayResult]:
    """Two days: one that loses, one that wins."""
    days, capital = [], CAPITAL
    for day, pnl in enumerate((-5_000_000_000, 12_345_678_901)):
        capital += pnl
        bars = (bar(day, 0, math.nan), bar(day, 1, -0.1 - 0.2))
        days.append(DayResult(day, capital, pnl, (trade(day, pnl),), 1.0, 0.2, "OK", 2, bars))
    return days


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_floats_read_back_as_they_were_and_money_exactly(tmp_path: Path) -> None:
    """D3: a comparison of files is a comparison of float64 and of cash units."""
    write_reference(tmp_path, results(), CAPITAL)
    first, second = rows(tmp_path / "trades.csv")
    assert tuple(first) == TRADES
    assert [float(first[name]) for name in ("entry_price", "exit_price")] == [0.1 + 0.2, 1 / 3]
    assert cash_of(second["pnl_absolute"]) == 12_345_678_901
    assert (first["entry_at"], first["fees"]) == ("1970-01-01T00:04:00Z", "0.00001234")
    days = rows(tmp_path / "daily.csv")
    assert tuple(days[0]) == DAILY
    assert [cash_of(day["capital"]) for day in days] == [day.capital for day in results()]


def test_the_bar_log_tells_what_is_not_known(tmp_path: Path) -> None:
    """D7: nan is no number yet, an empty flag no calibration yet."""
    write_reference(tmp_path, results(), CAPITAL)
    bars = rows(tmp_path / "bars.csv")
    assert tuple(bars[0]) == BARS
    assert [row["date"] for row in bars] == ["1970-01-01"] * 2 + ["1970-01-02"] * 2
    assert [row["vol_regime_ok"] for row in bars] == ["", "", "true", "true"]
    assert math.isnan(float(bars[0]["vel_div"]))
    assert float(bars[1]["vel_div"]) == -0.1 - 0.2


def test_the_summary_is_that_of_the_trades_and_days(tmp_path: Path) -> None:
    """D3: ROI, PF, DD, Sharpe, WR and Trades; a run without a trade has no ratio to show."""
    summary = write_reference(tmp_path, results(), CAPITAL)
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert summary["ROI"] == 7_345_678_901 / CAPITAL
    assert summary["DD"] == 5_000_000_000 / CAPITAL
    assert (summary["WR"], summary["Trades"], summary["days"]) == (0.5, 2, 2)
    empty = write_reference(tmp_path / "empty", [], CAPITAL)
    assert (empty["PF"], empty["Sharpe"], empty["Trades"]) == (None, None, 0)


def test_one_unit_more_is_another_file(tmp_path: Path) -> None:
    """Nothing is rounded away."""
    write_reference(tmp_path / "one", results(), CAPITAL)
    first, last = results()
    price = math.nextafter(last.trades[0].exit_price, 1.0)
    other = msgspec.structs.replace(last, trades=(msgspec.structs.replace(last.trades[0], exit_price=price),))
    write_reference(tmp_path / "other", [first, other], CAPITAL)
    same = [
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
        for name in ("trades.csv", "daily.csv", "bars.csv", "summary.json")
    ]
    assert same == [False, True, True, True]


def test_a_folder_that_can_not_be_written_to_is_refused(tmp_path: Path) -> None:
    """At once if it is a file; later as what may be mended."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="can't be written to"):
        ReferenceFiles(tmp_path / "file", CAPITAL)
    (tmp_path / "daily.csv").mkdir()
    with pytest.raises(Retryable, match="Can't write to"):
        ReferenceFiles(tmp_path, CAPITAL)
