"""The files of a session's divergence desks: for each one those that an engine's run has."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tradeworthy.core.agents import Context, on
from tradeworthy.desks.divergence.forewarner import standing
from tradeworthy.desks.divergence.results import BarLog, DayResult, Trade
from tradeworthy.reporting.desk_records import DeskRecords
from tradeworthy.reporting.reference import ReferenceFiles
from tradeworthy.reporting.times import day_of
from tradeworthy.risk.stance import ForewarnerReported, McStatus


@dataclass
class _Log:
    """One desk: its capital, what its day came to so far, and its files once its first day is there."""

    capital: int
    began: int
    files: ReferenceFiles | None = None
    last: BarLog | None = None
    report: ForewarnerReported | None = None
    mc_status: str = McStatus.OK.value
    n_bars: int = 0
    trades: list[Trade] = field(default_factory=list)


class DeskLogs(DeskRecords):
    """The part named `logs`. Each desk's files go into a folder of its name in `out`; `close` ends them.

    `capital` is each desk's at the begin, in cash units. Days before `first_day` (days since 1970) are left out; what
    the desk made or lost on them is in its capital. UsageError if `out` can't be written to; Retryable if the disk
    refuses later.
    """

    def __init__(
        self,
        out: Path,
        capital: Mapping[str, int],
        terms: Mapping[str, Any],
        *,
        posts: bool,
        first_day: int = 0,
    ) -> None:
        super().__init__("logs", terms, posts=posts)
        self.out = out
        self._first_day, self._open = first_day, ExitStack()
        self._logs = {desk: _Log(cash, cash) for desk, cash in capital.items()}

    @on(ForewarnerReported)
    def take_report(self, event: ForewarnerReported, _: Context) -> None:
        """A report holds from the next bar on, for its desk or for all."""
        for desk, log in self._logs.items():
            if event.desk in ("", desk):
                log.report = event

    def keep_bar(self, desk: str, bar: BarLog) -> None:
        """A bar of another day than the last ends that one's."""
        log = self._logs[desk]
        if log.last and day_of(log.last.ts) != day_of(bar.ts):
            self._end_day(log)
        log.last, log.mc_status = bar, standing(log.report, self.now).value
        log.n_bars += 1
        if day_of(bar.ts) >= self._first_day:
            self._files(desk).bar(bar)

    def keep_trade(self, desk: str, trade: Trade) -> None:
        """A trade is of the day of the bar at which it closed."""
        log = self._logs[desk]
        log.capital += trade.pnl_absolute
        log.trades.append(trade)
        if log.files:
            log.files.trade(trade)

    def close(self) -> dict[str, dict[str, Any]]:
        """Write what is left; each desk's summary."""
        with self._open:
            for log in self._logs.values():
                self._end_day(log)
            return {desk: self._files(desk).close() for desk in self._logs}

    def _files(self, desk: str) -> ReferenceFiles:
        log = self._logs[desk]
        if log.files is None:
            log.files = self._open.enter_context(ReferenceFiles(self.out / desk, log.began))
        return log.files

    def _end_day(self, log: _Log) -> None:
        bar = log.last
        if bar is None:
            return
        if log.files:
            made = log.capital - log.began
            day = day_of(bar.ts), log.capital, made, tuple(log.trades)
            log.files.day(DayResult(*day, bar.boost, bar.beta, log.mc_status, log.n_bars))
        log.began, log.n_bars, log.last, log.trades = log.capital, 0, None, []
