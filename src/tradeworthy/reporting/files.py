"""A backtest's files: trades.csv, daily.csv, bars.csv as they happen, and summary.json at the end.

Money stands there exactly, as decimals; float64 prices in the shortest form that reads back the same.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

from tradeworthy.core.candidates import Candidate
from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import PositionChanged, TradeClosed, TradeReversed
from tradeworthy.execution.orders import FillObserved
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.money import Scale, cash_text
from tradeworthy.reporting.daily import json_text
from tradeworthy.reporting.metrics import Performance
from tradeworthy.reporting.running_summary import RunningSummary
from tradeworthy.reporting.times import DAY, day_of, day_text, text_of

TRADES = (
    *("trade", "desk", "position", "instrument", "side", "quantity", "entry_price", "exit_price"),
    *("entry_notional", "exit_notional", "fees", "pnl", "pnl_pct", "opened_at", "closed_at", "reason"),
    *("entry_candidate", "candidate"),
)
DAILY = ("date", "capital", "pnl", "trades", "wins", "losses", "fees", "candidates", "fills")
BARS = (
    *("opened_at", "instrument", "timeframe", "open", "high", "low", "close", "volume"),
    *("lots", "candidates", "fills", "closed"),
)


FILES = ("trades.csv", "daily.csv", "bars.csv", "summary.json")
"""The names of what is written."""


def make_folder(out: Path) -> None:
    """Make the folder `out`, unless it is there; UsageError if it can't be made or written to."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise _unusable(out, error) from None


def _unusable(out: Path, error: OSError) -> UsageError:
    return UsageError(
        f"--out {out} can't be written to: {error.strerror}; name a folder that does not exist yet, or an empty one"
    )


class BacktestFiles:
    """Writes into the folder `out` while packets come; `close` writes summary.json and returns what is in it.

    `scale` gives an instrument's arithmetic, `cash` (units) is the capital at the start. UsageError if `out` is a file
    or can't be written to; Retryable if the disk refuses later. bars.csv has a row for each BarClosed that `add` is
    given, with what its turn decided: give it each bar before the turn's decisions.
    """

    def __init__(
        self,
        out: Path,
        scale: Callable[[str], Scale],
        *,
        cash: int,
        run: str,
        mode: str = "backtest",
        currency: str = "USDT",
        desk_kinds: Sequence[str] = (),
    ) -> None:
        self.out = out
        self._scale = scale
        self._summary = RunningSummary(run, mode, currency, desk_kinds)
        self._performance = Performance(cash)
        self._files = ExitStack()
        self._written = 0
        self._day: int | None = None
        self._last_ts = 0
        self._today = dict.fromkeys(("pnl", "trades", "wins", "losses", "fees", "candidates", "fills"), 0)
        self._lots: dict[tuple[str, str], tuple[str, int]] = {}
        self._bar: BarClosed | None = None
        self._on_bar = [0, 0, 0]
        make_folder(out)
        try:
            self._trades, self._daily, self._bars = (
                self._open(name, heads)
                for name, heads in (("trades.csv", TRADES), ("daily.csv", DAILY), ("bars.csv", BARS))
            )
        except OSError as error:
            self._files.close()
            raise _unusable(out, error) from None

    def _open(self, name: str, heads: Iterable[str]) -> Any:
        file = self._files.enter_context((self.out / name).open("w", encoding="utf-8", newline=""))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heads)
        return writer

    def add(self, packet: Packet) -> None:
        """Note one packet, in the order of their seqs; those that no file speaks of are passed over."""
        event = packet.event
        try:
            self._advance(packet.ts)
            if isinstance(event, BarClosed):
                self._end_bar()
                self._bar = event
                return
            self._summary.add(packet)
            if isinstance(event, Candidate):
                self._today["candidates"] += 1
                self._on_bar[0] += 1
            elif isinstance(event, FillObserved):
                self._today["fills"] += 1
                self._on_bar[1] += 1
            elif isinstance(event, PositionChanged):
                self._position(event)
            elif isinstance(event, TradeClosed):
                self._trade(event)
                self._on_bar[2] += 1
            elif isinstance(event, TradeReversed):
                self._performance.undo(event.pnl)
                self._count(event.pnl, event.fees, -1)
        except OSError as error:
            raise self._refused(error) from None

    def close(self) -> dict[str, Any]:
        """Write what is left and summary.json; the summary's figures."""
        try:
            with self._files:
                self._end_bar()
                if self._day is not None and not self._only_struck():
                    self._end_day(self._day)
            figures = self._summary.figures() | self._performance.figures()
            (self.out / "summary.json").write_text(json_text(figures), encoding="utf-8")
        except OSError as error:
            raise self._refused(error) from None
        return figures

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def _refused(self, error: OSError) -> Retryable:
        return Retryable(f"Can't write to {self.out}: {error.strerror}; free the disk and run it again")

    def _advance(self, ts: int) -> None:
        """Close each day that is over; days without an event have a row as well, so that returns are daily."""
        self._last_ts, day = ts, day_of(ts)
        if self._day is not None and self._day < day:
            self._end_bar()
            while self._day < day:
                self._end_day(self._day)
                self._day += 1
        self._day = day

    def _only_struck(self) -> bool:
        """Whether the last day is no more than the midnight at which the run ended."""
        return self._last_ts % DAY == 0 and not any(self._today.values())

    def _end_day(self, day: int) -> None:
        today, self._today = self._today, dict.fromkeys(self._today, 0)
        self._daily.writerow(
            [
                day_text(day),
                cash_text(self._performance.capital),
                cash_text(today["pnl"]),
                *(today[name] for name in ("trades", "wins", "losses")),
                cash_text(today["fees"]),
                *(today[name] for name in ("candidates", "fills")),
            ]
        )
        self._performance.end_day()

    def _end_bar(self) -> None:
        bar, self._bar = self._bar, None
        if bar is None:
            return
        lots = sum(held for instrument, held in self._lots.values() if instrument == bar.instrument)
        prices = bar.open, bar.high, bar.low, bar.close, bar.volume
        self._bars.writerow(
            [text_of(bar.ts_event), bar.instrument, bar.timeframe, *prices, lots, *self._on_bar]
        )
        self._on_bar = [0, 0, 0]

    def _position(self, event: PositionChanged) -> None:
        key = event.desk, event.position
        if event.lots:
            self._lots[key] = event.instrument, event.lots
        else:
            self._lots.pop(key, None)

    def _count(self, pnl: int, fees: int, sign: int) -> None:
        today = self._today
        today["trades"] += sign
        today["wins"] += sign * (pnl > 0)
        today["losses"] += sign * (pnl < 0)
        today["pnl"] += sign * pnl
        today["fees"] += sign * fees

    def _trade(self, event: TradeClosed) -> None:
        self._performance.trade(event.pnl)
        self._count(event.pnl, event.fees, 1)
        self._written += 1
        scale = self._scale(event.instrument)
        per_unit = scale.price_of(1) / scale.cost(1, event.lots)
        self._trades.writerow(
            [
                self._written,
                event.desk,
                event.position,
                event.instrument,
                event.side.value,
                scale.quantity_of(event.lots),
                float(per_unit * event.entry_notional),
                float(per_unit * event.exit_notional),
                cash_text(event.entry_notional),
                cash_text(event.exit_notional),
                cash_text(event.fees),
                cash_text(event.pnl),
                event.pnl / event.entry_notional if event.entry_notional else 0.0,
                text_of(event.opened_ts),
                text_of(event.closed_ts),
                event.reason,
                event.entry_candidate,
                event.candidate,
            ]
        )
