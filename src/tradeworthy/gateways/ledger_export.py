"""The ledger's days, read from the journal: what a desk's own trades made of its capital, day by UTC day.

A bar that closes at midnight, and what follows from it within the grace of its row, belongs to the day that ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import SessionEnded
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import (
    CashMoved,
    Opened,
    TradeClosed,
    TradeReversed,
    capital_moved,
    result_of,
)
from tradeworthy.gateways.capital_ledger import CapitalLedger, LedgerLine, amount_of
from tradeworthy.market.bars import utc_text

log = structlog.get_logger()

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True)
class Account:
    """Whose days they are: a desk and its share in millionths, the strategy it runs, and what made them.

    `grace_ns` is how long a row of its panel waits past midnight; `engine` and `config` are the lines' own.
    """

    desk: str
    share_ppm: int
    strategy: str
    grace_ns: int
    run: str
    engine: str
    config: str


class DayBook:
    """The days of one desk, from its run's packets in order; `capital` is what it has now, in cash units."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.capital = 0
        self._day = self._from_ts = -1
        self._is_open = False
        self._opened = self._moved = self._pnl = self._trades = 0

    def take(self, packet: Packet) -> Iterator[tuple[int, LedgerLine]]:
        """The days that are over by now, each with the time (UTC ns) from which it counts; then note the packet."""
        if self._day < 0:
            self._day, self._from_ts = packet.ts // DAY_NS, packet.ts
        while self._day < (packet.ts - self.account.grace_ns - 1) // DAY_NS:
            yield self._end((self._day + 1) * DAY_NS)
        event = packet.event
        if isinstance(event, CashMoved | Opened):
            self._take_money(capital_moved(event, self.account.desk, self.account.share_ppm))
        elif isinstance(event, TradeClosed | TradeReversed) and event.desk == self.account.desk:
            self.capital += result_of(event)
            self._pnl += result_of(event)
            self._trades += 1 if isinstance(event, TradeClosed) else -1
        elif isinstance(event, SessionEnded):
            yield self._end(min(packet.ts, (self._day + 1) * DAY_NS))

    def _take_money(self, amount: int) -> None:
        """What the run begins with is no movement of its first day."""
        self.capital += amount
        if self._is_open:
            self._moved += amount
        else:
            self._is_open, self._opened = True, amount

    def _end(self, until_ts: int) -> tuple[int, LedgerLine]:
        account, from_ts = self.account, self._from_ts
        line = LedgerLine(
            seq=0,
            strategy=account.strategy,
            date=utc_text(self._day * DAY_NS)[:10],
            capital_open=amount_of(self._opened),
            pnl=amount_of(self._pnl),
            cash_moved=amount_of(self._moved),
            capital_close=amount_of(self.capital),
            trades=self._trades,
            engine=account.engine,
            config=account.config,
            ts=utc_text(until_ts),
            run=account.run,
        )
        self._day, self._from_ts, self._opened = self._day + 1, until_ts, self.capital
        self._moved = self._pnl = self._trades = 0
        return from_ts, line


class LedgerExport:
    """Writes a desk's days into its ledger, each once: a date that is recorded is not written again.

    While it `checks`, days of this very run that are recorded must say what the journal says.
    While the disk refuses, lines wait in memory; whoever reads the journal again makes them again.
    """

    def __init__(self, account: Account, ledger: CapitalLedger) -> None:
        self.book, self.ledger = DayBook(account), ledger
        self.checks = False
        self._late: list[LedgerLine] = []
        self._is_late = False

    def take(self, packet: Packet) -> list[LedgerLine]:
        """The lines that became durable; UsageError if a day is recorded otherwise, while it checks."""
        made: list[LedgerLine] = []
        for from_ts, line in self.book.take(packet):
            if self._is_new(from_ts, line):
                self._late.append(line)
                made += self.flush()
        return made

    def flush(self) -> list[LedgerLine]:
        """Write what waits, as far as the disk lets; what was written."""
        made: list[LedgerLine] = []
        try:
            while self._late:
                made.append(self.ledger.append(self._late[0]))
                del self._late[0]
        except OSError as error:
            if not self._is_late:
                self._is_late = True
                log.error("ledger_late", ledger=str(self.ledger.path), error=error.strerror)  # noqa: TRY400 - one line
            return made
        if self._is_late:
            self._is_late = False
            log.info("ledger_written", ledger=str(self.ledger.path), lines=len(made))
        return made

    def _is_new(self, from_ts: int, line: LedgerLine) -> bool:
        last = self._late[-1] if self._late else self.ledger.last
        if last is None or from_ts >= last.until_ts:
            return True
        for known in self.ledger.lines if self.checks else ():
            if known.run == line.run and known.date == line.date and not known.says_as(line):
                raise UsageError(
                    f"the journal of run {line.run} closes {line.date} with {line.capital_close}, and ledger"
                    f" {self.ledger.path} line {known.seq} with {known.capital_close}: find out which is right and move"
                    " the other away"
                )
        return False
