"""One divergence desk's files: trades.csv, daily.csv, bars.csv and summary.json, from an engine or from a session.

Both write them here, so that two computations can be compared file against file: floats stand there in the shortest
form that reads back the same, money exactly, as decimals.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tradeworthy.core.errors import Retryable
from tradeworthy.desks.divergence.results import BarLog, DayResult, Trade
from tradeworthy.market.money import cash_text
from tradeworthy.reporting.files import make_folder
from tradeworthy.reporting.metrics import Performance
from tradeworthy.reporting.times import day_of, day_text, text_of

TRADES = (
    *("asset", "direction", "entry_bar", "exit_bar", "entry_price", "exit_price", "pnl_pct", "pnl_absolute"),
    *("leverage", "exit_reason", "entry_at", "exit_at", "lots", "fees", "entry_branch", "exit_branch"),
)
DAILY = ("date", "capital", "pnl", "trades", "boost", "beta", "mc_status", "n_bars")
BARS = (
    *("date", "bar_idx", "vel_div", "vol_regime_ok", "position_open", "regime_size_mult", "boost", "beta"),
    *("posture", "action"),
)

WORDS = {None: "", True: "true", False: "false"}
"""What a flag is called; None is what is not known."""


class ReferenceFiles:
    """Writes into the folder `out` as the desk goes on from `capital` (cash units); `close` writes summary.json.

    UsageError if `out` can't be written to; Retryable if the disk refuses later.
    """

    def __init__(self, out: Path, capital: int) -> None:
        self.out = out
        self._performance = Performance(capital)
        self._count = 0
        self._files = ExitStack()
        make_folder(out)
        self._trades, self._daily, self._bars = (
            self._open(name, heads)
            for name, heads in (("trades.csv", TRADES), ("daily.csv", DAILY), ("bars.csv", BARS))
        )

    def bar(self, bar: BarLog) -> None:
        """A line of the bar log."""
        self._write(
            self._bars,
            [
                day_text(day_of(bar.ts)),
                bar.bar_idx,
                bar.vel_div,
                WORDS[bar.vol_regime_ok],
                WORDS[bar.position_open],
                *(bar.regime_size_mult, bar.boost, bar.beta, bar.posture, bar.action),
            ],
        )

    def trade(self, trade: Trade) -> None:
        """A closed trade."""
        self._count += 1
        self._performance.trade(trade.pnl_absolute)
        self._write(
            self._trades,
            [
                *(trade.asset, trade.direction, trade.entry_bar, trade.exit_bar),
                *(trade.entry_price, trade.exit_price, trade.pnl_pct, cash_text(trade.pnl_absolute)),
                *(trade.leverage, trade.exit_reason, text_of(trade.entry_ts), text_of(trade.exit_ts)),
                *(trade.lots, cash_text(trade.fees), trade.entry_branch, trade.exit_branch),
            ],
        )

    def day(self, day: DayResult) -> None:
        """A day that is over, after its bars and trades."""
        self._performance.end_day()
        self._write(
            self._daily,
            [
                *(day_text(day.date), cash_text(day.capital), cash_text(day.pnl), len(day.trades)),
                *(day.boost, day.beta, day.mc_status, day.n_bars),
            ],
        )

    def close(self) -> dict[str, Any]:
        """Write summary.json; what is in it."""
        found = self._performance.figures()
        summary = {
            "ROI": found["roi"],
            "PF": found["profit_factor"],
            "DD": found["max_drawdown"],
            "Sharpe": found["sharpe"],
            "WR": found["win_rate"],
            "Trades": self._count,
            "days": found["days"],
        }
        try:
            self._files.close()
            text = json.dumps(summary, indent=2) + "\n"
            (self.out / "summary.json").write_text(text, encoding="utf-8")
        except OSError as error:
            raise self._refused(error) from None
        return summary

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def _open(self, name: str, heads: Iterable[str]) -> Any:
        try:
            file = self._files.enter_context((self.out / name).open("w", encoding="utf-8", newline=""))
        except OSError as error:
            self._files.close()
            raise self._refused(error) from None
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heads)
        return writer

    def _write(self, writer: Any, row: Sequence[Any]) -> None:
        try:
            writer.writerow(row)
        except OSError as error:
            raise self._refused(error) from None

    def _refused(self, error: OSError) -> Retryable:
        return Retryable(f"Can't write to {self.out}: {error.strerror}; free the disk and run it again")


def write_reference(out: Path, results: Iterable[DayResult], capital: int) -> dict[str, Any]:
    """Write the files of an engine's days, which began with `capital` (cash units), into `out`; the summary."""
    with ReferenceFiles(out, capital) as files:
        for result in results:
            for bar in result.bars_log or ():
                files.bar(bar)
            for trade in result.trades:
                files.trade(trade)
            files.day(result)
        return files.close()
