"""A backtest's files, from the packets of a story."""

import csv
import json
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest

from tests.store.story import BEGIN, BTC, CASH, DAY, Story
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import SessionEnded
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import TradeClosed
from tradeworthy.market.money import Scale
from tradeworthy.reporting.files import BacktestFiles


def files(out: Path) -> BacktestFiles:
    """Files of a backtest that begins with 10,000."""
    scale = Scale(BTC)
    return BacktestFiles(out, lambda _: scale, cash=10_000 * CASH, run="breakout-1")


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def written(tmp_path: Path) -> tuple[Story, Path]:
    """A story over four days, of which the third is without a trade, and its files."""
    out = tmp_path / "out"
    with Story(tmp_path / "runs" / "breakout-1") as story:
        story.open_account()
        story.round_trips(4)
        story.order_refused()
        story.ts = BEGIN + DAY
        story.round_trips(1)
        story.ts = BEGIN + 3 * DAY
        story.round_trips(2)
        story.enter()
    with files(out) as made:
        for _, packet in story.packets:
            made.add(packet)
        made.close()
    return story, out


def test_each_closed_trade_is_a_row_with_exact_money(written: tuple[Story, Path]) -> None:
    """Their pnl sums to the ledger's last unit; prices are the shortest float that reads back the same."""
    story, out = written
    closed = [packet.event for _, packet in story.packets if isinstance(packet.event, TradeClosed)]
    trades = rows(out / "trades.csv")
    assert [int(Decimal(row["pnl"]).scaleb(8)) for row in trades] == [trade.pnl for trade in closed]
    assert (
        trades[0] | {"entry_price": "100.0", "exit_price": "99.5", "quantity": "0.010", "pnl": "-0.0059975"}
        == trades[0]
    )
    assert trades[1]["exit_price"] == "101.0"
    assert [row["trade"] for row in trades] == [str(number) for number in range(1, 8)]
    assert float(trades[0]["pnl_pct"]) == closed[0].pnl / closed[0].entry_notional


def test_each_day_is_a_row_also_without_trades(written: tuple[Story, Path]) -> None:
    """Capital and pnl add up from day to day, so that daily returns are daily."""
    _, out = written
    days = rows(out / "daily.csv")
    assert [row["date"] for row in days] == ["2023-11-14", "2023-11-15", "2023-11-16", "2023-11-17"]
    assert [row["trades"] for row in days] == ["4", "1", "0", "2"]
    capital = Decimal(10_000)
    for row in days:
        capital += Decimal(row["pnl"])
        assert Decimal(row["capital"]) == capital


@pytest.mark.parametrize(("after_midnight_ns", "days"), [(0, 1), (1, 2)])
def test_a_midnight_at_which_a_run_ends_is_no_day(tmp_path: Path, after_midnight_ns: int, days: int) -> None:
    """An empty day of return 0 would flatter the Sharpe ratio."""
    midnight = (BEGIN // DAY + 1) * DAY
    with files(tmp_path / "out") as made:
        made.add(Packet(1, 1, 0, midnight - 1, "feed", SessionEnded()))
        made.add(Packet(2, 2, 0, midnight + after_midnight_ns, "session", SessionEnded()))
        made.close()
    assert len(rows(tmp_path / "out" / "daily.csv")) == days


def test_each_bar_is_a_row_with_what_it_decided(written: tuple[Story, Path]) -> None:
    """Prices as they came, lots after the bar's turn, candidates, fills and closed trades in it."""
    story, out = written
    bars = rows(out / "bars.csv")
    assert len(bars) == sum(type(packet.event).__name__ == "BarClosed" for _, packet in story.packets)
    assert sum(int(row["fills"]) for row in bars) == 15
    assert sum(int(row["closed"]) for row in bars) == 7
    assert sum(int(row["candidates"]) for row in bars) == 16
    assert bars[-1]["lots"] == "10"
    assert (bars[0]["opened_at"], bars[0]["open"], bars[0]["volume"]) == (
        "2023-11-14T00:00:00Z",
        "100.0",
        "1.0",
    )


def test_the_summary_has_the_reports_keys_and_the_metrics(written: tuple[Story, Path]) -> None:
    """summary.json: the daily summary's figures with ROI, profit factor, drawdown, Sharpe and win rate."""
    _, out = written
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"), parse_float=Decimal)
    assert (summary["total_trades"], summary["closed_trades"], summary["open_trades"]) == (8, 7, 1)
    assert summary["mode"] == "backtest"
    assert summary["risk_rejections"] == [{"reason": "position_limit", "count": 1}]
    assert Decimal(str(summary["realized_pnl"])) == sum(
        Decimal(row["pnl"]) for row in rows(out / "trades.csv")
    )
    assert {"roi", "profit_factor", "max_drawdown", "sharpe", "win_rate", "days"} <= set(summary)
    assert summary["days"] == 4


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    """One line with the path and the next step, exit code 2 (A11)."""
    out = tmp_path / "out"
    out.write_text("mine")
    with pytest.raises(UsageError, match="name a folder") as caught:
        files(out)
    assert "\n" not in str(caught.value)
    assert out.read_text() == "mine"


def test_memory_does_not_grow_with_the_run(tmp_path: Path) -> None:
    """Rows are written as they happen; only what is open is kept."""
    with Story(tmp_path / "runs" / "breakout-1") as story:
        story.round_trips(150)
        packets = [packet for _, packet in story.packets]
    sizes = []
    with files(tmp_path / "out") as made:
        tracemalloc.start()
        for round_ in range(4):
            for packet in packets:
                made.add(packet)
            sizes.append(tracemalloc.get_traced_memory()[0])
            assert round_ < 4
        tracemalloc.stop()
        made.close()
    assert sizes[-1] - sizes[1] < 20_000
