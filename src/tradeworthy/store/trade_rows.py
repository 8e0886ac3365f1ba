"""Positions and trades as rows: a trade is one round trip, open from its first fill, closed when nothing is held."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import PositionChanged, TradeClosed, TradeReversed
from tradeworthy.execution.intents import strategy_of
from tradeworthy.execution.orders import FillObserved
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import Scale, decimal_of
from tradeworthy.store.changes import Changes, Row
from tradeworthy.store.values import Ids, at, average, day_of


class OpenTrade(msgspec.Struct, frozen=True):
    """A trade that holds something: signed lots `held` of the unsigned `lots` entered, and what those cost so far."""

    id: UUID
    lots: int
    held: int
    cost: Decimal
    entry_notional: Decimal


class RecentFill(msgspec.Struct, frozen=True):
    """A fill's order, and whether it added liquidity (a maker's)."""

    order: str = ""
    maker: bool = False


class KnownTrades(msgspec.Struct):
    """What a trade's rows rest on besides their packets, by (desk, position).

    `flat` are trades whose TradeClosed may follow, with the packet that caused it; `filled` are the fills of the last
    moment that had one (session ns) by seq: those of a group all come before what they make of the positions.
    """

    open: dict[tuple[str, str], OpenTrade] = {}
    flat: dict[tuple[str, str], tuple[OpenTrade, int]] = {}
    filled: dict[int, RecentFill] = {}
    filled_ts: int = 0


class TradeRows:
    """Follows positions into `positions` and `trades`; `known` is kept up."""

    def __init__(self, run: str, ids: Ids, scales: dict[str, Scale], known: KnownTrades) -> None:
        self._run, self._ids, self._scales, self._known = run, ids, scales, known

    def add(self, packet: Packet, changes: Changes) -> None:
        """Note one packet; most make no row here."""
        event = packet.event
        if isinstance(event, FillObserved):
            self._filled(packet, event)
        elif isinstance(event, PositionChanged):
            self._position(packet, event, changes)
        elif isinstance(event, TradeClosed):
            self._closed(packet, event, changes)
        elif isinstance(event, TradeReversed):
            self._reversed(packet, event, changes)

    def _filled(self, packet: Packet, event: FillObserved) -> None:
        known = self._known
        if packet.ts != known.filled_ts:
            known.filled.clear()
            known.filled_ts = packet.ts
        known.filled[packet.seq] = RecentFill(event.order, event.maker)

    def _sizes(self, instrument: str, lots: int, notional: Decimal) -> Row:
        scale = self._scales.get(instrument)
        quantity = scale.quantity_of(abs(lots)) if scale else None
        return {
            "lots": abs(lots),
            "quantity": quantity,
            "entry_notional": notional,
            "entry_price": average(notional, quantity) if quantity else None,
        }

    def _named(self, position: str, instrument: str, *only: str) -> Row:
        """Whose position it is and of what; only the columns named, if some are."""
        scale = self._scales.get(instrument)
        row: Row = {"strategy": strategy_of(position) or None, "instrument": instrument}
        if scale is not None:
            one = scale.instrument
            row |= {"venue": one.venue, "market": one.market or None}
            row |= {"outcome": one.outcome or None, "token": one.token or None}
        return {name: word for name, word in row.items() if name in only} if only else row

    def _position(self, packet: Packet, event: PositionChanged, changes: Changes) -> None:
        scale = self._scales.get(event.instrument)
        cash: Row = {name: decimal_of(getattr(event, name)) for name in ("cost", "realised", "fees")}
        row = {
            "run": self._run,
            "desk": event.desk,
            "position": event.position,
            **self._named(event.position, event.instrument, "strategy", "instrument", "market", "outcome"),
            "lots": event.lots,
            "quantity": scale.quantity_of(event.lots) if scale else None,
            "updated_at": at(packet.ts),
            "seq": packet.seq,
        }
        changes.change("positions", row | cash)
        key = event.desk, event.position
        trade = self._known.open.get(key)
        if trade is not None:
            self._follow(packet, trade, event, changes)
        elif event.lots:
            self._begin(key, packet, event, changes)

    def _begin(self, key: tuple[str, str], packet: Packet, event: PositionChanged, changes: Changes) -> None:
        cost = decimal_of(event.cost)
        filled = self._known.filled.get(packet.cause, RecentFill())
        row = {
            "id": self._ids.of(packet.seq),
            "run": self._run,
            "seq": packet.seq,
            "created_at": at(packet.ts),
            "desk": event.desk,
            "position": event.position,
            **self._named(event.position, event.instrument),
            "side": (Side.BUY if event.lots > 0 else Side.SELL).value,
            "status": "open",
            "lots_held": event.lots,
            "cost": cost,
            "fees": decimal_of(event.fees),
            "entry_candidate": candidate_of(filled.order),
            "entry_order": filled.order or None,
            "liquidity": ("maker" if filled.maker else "taker") if filled.order else None,
            "opened_at": at(event.ts_event),
            **self._sizes(event.instrument, event.lots, abs(cost)),
        }
        changes.add("trades", row)
        self._known.open[key] = OpenTrade(row["id"], abs(event.lots), event.lots, cost, abs(cost))

    def _follow(self, packet: Packet, trade: OpenTrade, event: PositionChanged, changes: Changes) -> None:
        key = event.desk, event.position
        cost = decimal_of(event.cost)
        lots, notional = trade.lots, trade.entry_notional
        if abs(event.lots) > abs(trade.held):
            lots += abs(event.lots) - abs(trade.held)
            notional += abs(cost) - abs(trade.cost)
        row = {"id": trade.id, "lots_held": event.lots, "cost": cost, "fees": decimal_of(event.fees)}
        row |= self._sizes(event.instrument, lots, notional)
        if event.lots:
            self._known.open[key] = OpenTrade(trade.id, lots, event.lots, cost, notional)
        else:
            # Its TradeClosed follows in this turn, unless the position is flat because its fill failed.
            row["status"] = "reversed"
            # One packet may flatten several positions, as the merge of a set does.
            flat = {other: one for other, one in self._known.flat.items() if one[1] == packet.cause}
            self._known.flat = {**flat, key: (self._known.open.pop(key), packet.cause)}
        changes.change("trades", row)

    def _closed(self, packet: Packet, event: TradeClosed, changes: Changes) -> None:
        flat, cause = self._known.flat.pop((event.desk, event.position), (None, 0))
        trade = flat if cause == packet.cause else None
        entry, exit_ = decimal_of(event.entry_notional), decimal_of(event.exit_notional)
        sizes = self._sizes(event.instrument, event.lots, entry)
        pnl, fees = decimal_of(event.pnl), decimal_of(event.fees)
        row: Row = {
            "id": trade.id if trade else self._ids.of(packet.seq),
            "status": "closed",
            "lots_held": 0,
            "cost": Decimal(0),
            "exit_notional": exit_,
            "exit_price": average(exit_, sizes["quantity"]) if sizes["quantity"] else None,
            "fees": fees,
            "pnl": pnl,
            "reason": event.reason,
            "candidate": event.candidate or None,
            "entry_candidate": event.entry_candidate or None,
            "opened_at": at(event.opened_ts),
            "closed_at": at(event.closed_ts),
            "closed_seq": packet.seq,
            **sizes,
        }
        if trade:
            changes.change("trades", row)
        else:
            changes.add("trades", row | self._unopened(packet, event))
        won = {"trades": 1, "wins": int(pnl > 0), "losses": int(pnl < 0), "pnl": pnl, "fees": fees}
        changes.daily(self._run, day_of(packet.ts), won)

    def _unopened(self, packet: Packet, event: TradeClosed) -> dict[str, Any]:
        """The rest of a trade whose opening this run has no packet of."""
        return {
            "run": self._run,
            "seq": packet.seq,
            "created_at": at(event.opened_ts),
            "desk": event.desk,
            "position": event.position,
            **self._named(event.position, event.instrument),
            "side": event.side.value,
        }

    def _reversed(self, packet: Packet, event: TradeReversed, changes: Changes) -> None:
        row = {
            "run": self._run,
            "desk": event.desk,
            "position": event.position,
            "closed_at": at(event.closed_ts),
            "seq": packet.seq,
        }
        changes.reversals.append(row)
        pnl, fees = decimal_of(event.pnl), decimal_of(event.fees)
        lost = {"trades": -1, "wins": -int(pnl > 0), "losses": -int(pnl < 0), "pnl": -pnl, "fees": -fees}
        changes.daily(self._run, day_of(packet.ts), lost)


def candidate_of(order: str) -> int | None:
    """The candidate in an order's name `<candidate>.<leg>`, None if it has another form."""
    first = order.partition(".")[0]
    return int(first) if first.isdecimal() else None


def leg_of(order: str) -> int | None:
    """The leg in an order's name `<candidate>.<leg>[suffix]`, None if it has another form."""
    found = re.match(r"\d+\.(\d+)", order)
    return int(found[1]) if found else None
