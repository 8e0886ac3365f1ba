"""The summary of a run from its packets as they happen, for where there is no database: the same keys and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tradeworthy.core.candidates import Candidate, Decision, Verdict
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import EquityMarked, PositionChanged, TradeClosed, TradeReversed
from tradeworthy.execution.intents import strategy_of
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.market.money import decimal_of
from tradeworthy.market.predictions import MarketOpened
from tradeworthy.reporting.gaps import Gaps
from tradeworthy.reporting.metrics import win_rate
from tradeworthy.reporting.times import time_of

Key = tuple[str, str]
CARRIED = "carried"
"""The kind of a trade whose opening this run did not see."""


class RunningSummary:
    """Counts what `add` is told of. Memory follows what is open, not how long the run is.

    `desk_kinds` are the kinds of desk of the product's own that the configuration names.
    """

    def __init__(self, run: str, mode: str, currency: str, desk_kinds: Sequence[str] = ()) -> None:
        self._about = {"run": run, "mode": mode, "currency": currency, "runs": [run], "strategy": None}
        self._desk_kinds = sorted(set(desk_kinds))
        self._books = ""
        self._gaps = Gaps()
        self._first = self._last = self._candidates = self._fills = self._fees = self._unrealised = 0
        self._verdicts: Counter[tuple[str, str]] = Counter()
        self._refusals: Counter[str] = Counter()
        self._kinds: dict[int, str] = {}
        self._filled_kind = CARRIED
        self._open: dict[Key, str] = {}
        self._ended: dict[Key, str] = {}
        self._ended_by = 0
        self._trades: Counter[tuple[str, str]] = Counter()
        self._pnl: Counter[tuple[str, str]] = Counter()
        self._wins = self._losses = 0

    def add(self, packet: Packet) -> None:
        """Note one packet."""
        event = packet.event
        self._first, self._last = self._first or packet.ts, packet.ts
        self._gaps.add(packet)
        if isinstance(event, Candidate):
            self._candidates += 1
            self._kinds[packet.seq] = event.kind
        elif isinstance(event, Verdict):
            self._verdicts[event.outcome.value, event.reason] += 1
            self._kinds.pop(event.candidate, None)
        elif isinstance(event, Decision):
            self._refusals[event.reason] += not event.approved
        elif isinstance(event, FillObserved):
            self._fill(event)
        elif isinstance(event, PositionChanged):
            self._position(event, packet.cause)
        elif isinstance(event, TradeClosed):
            self._closed(event)
        elif isinstance(event, TradeReversed):
            self._count(_who(event.desk, event.position), CARRIED, event.pnl, -1)
        elif isinstance(event, EquityMarked):
            self._unrealised = event.equity - event.cash - event.cost
        elif isinstance(event, MarketOpened):
            self._books = max(self._books, event.market.books)

    def _fill(self, event: FillObserved) -> None:
        first = event.order.partition(".")[0]
        self._filled_kind = self._kinds.get(int(first), CARRIED) if first.isdecimal() else CARRIED
        if event.status is FillStatus.FAILED:
            self._fills -= 1
            self._fees -= event.fee
        else:
            self._fills += 1
            self._fees += event.fee

    def _position(self, event: PositionChanged, cause: int) -> None:
        key = event.desk, event.position
        if event.lots:
            self._open.setdefault(key, self._filled_kind)
            return
        # One packet may flatten several positions, as the merge of a set does; their trades close after that.
        if cause != self._ended_by:
            self._ended, self._ended_by = {}, cause
        self._ended[key] = self._open.pop(key, CARRIED)

    def _closed(self, event: TradeClosed) -> None:
        kind = self._ended.pop((event.desk, event.position), CARRIED)
        self._count(_who(event.desk, event.position), kind, event.pnl, 1)

    def _count(self, who: str, kind: str, pnl: int, sign: int) -> None:
        self._trades[who, kind] += sign
        self._pnl[who, kind] += sign * pnl
        self._wins += sign * (pnl > 0)
        self._losses += sign * (pnl < 0)

    def figures(self) -> dict[str, Any]:
        """The summary so far, with the keys of the database's; money is Decimal."""
        closed, refusals = self._trades.total(), +self._refusals
        return {
            **self._about,
            "desk_kinds": self._desk_kinds,
            "books": self._books or None,
            "period": {"from": time_of(self._first), "to": time_of(self._last)},
            "total_trades": closed + len(self._open),
            "open_trades": len(self._open),
            "closed_trades": closed,
            "realized_pnl": decimal_of(self._pnl.total()),
            "unrealized_pnl": decimal_of(self._unrealised),
            "fees": decimal_of(self._fees),
            "wins": self._wins,
            "losses": self._losses,
            "win_rate": win_rate(self._wins, self._losses),
            "rejections": refusals.total(),
            "risk_rejections": [
                {"reason": reason, "count": count} for reason, count in _most_first(refusals)
            ],
            "by_opportunity_type": self._by(1, "type"),
            "by_strategy": self._by(0, "strategy"),
            "candidates": self._candidates,
            "verdicts": self._by_verdict(),
            "fills": self._fills,
            "opportunities": self._gaps.figures(),
        }

    def _by(self, part: int, name: str) -> list[dict[str, Any]]:
        trades: Counter[str] = Counter()
        pnl: dict[str, Decimal] = {}
        for key, count in self._trades.items():
            trades[key[part]] += count
            pnl[key[part]] = pnl.get(key[part], Decimal(0)) + decimal_of(self._pnl[key])
        for (desk, position), kind in self._open.items():
            trades[(_who(desk, position), kind)[part]] += 1
        return [
            {name: word, "trades": trades[word], "pnl": pnl.get(word, Decimal(0))}
            for word in sorted(trades)
            if trades[word]
        ]

    def _by_verdict(self) -> list[dict[str, Any]]:
        waiting = {("OPEN", ""): len(self._kinds)} if self._kinds else {}
        verdicts = Counter({**self._verdicts, **waiting})
        return [
            {"outcome": outcome, "reason": reason, "count": count}
            for (outcome, reason), count in _most_first(verdicts)
        ]


def _who(desk: str, position: str) -> str:
    """The strategy that holds a position, the desk itself where it has none."""
    return strategy_of(position) or desk


def _most_first(counts: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
