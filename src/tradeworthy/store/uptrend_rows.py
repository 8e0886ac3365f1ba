"""The uptrend desk's positions as rows: one of `uptrend_positions` for each token, timeframe and desk.

Each fact has one owner: status comes from PositionStatusChanged and PositionsAllocated alone, books and the open
trade from PositionBooked (and the status that opens or ends a trade), the engine's words from EngineReported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EngineReported,
    EpisodeEnded,
    PositionBooked,
    PositionClosed,
    PositionsAllocated,
    PositionStatusChanged,
    StageChanged,
)
from tradeworthy.desks.uptrend.names import Stage, Status
from tradeworthy.market.money import Scale, decimal_of
from tradeworthy.store.changes import Changes, Row
from tradeworthy.store.strand_rows import KnownUptrend, Token, position_id, trade_id_of
from tradeworthy.store.values import Ids, at, at_or_none, decimal_near, json_of

Maker = Callable[["UptrendRows", Packet, Any, Changes], None]

HOLD_NOTHING = (Status.DORMANT, Status.WATCHLIST)


class UptrendRows:
    """Makes the rows of `uptrend_positions`; the positions of `known` are kept up."""

    def __init__(self, run: str, ids: Ids, scales: dict[str, Scale], known: KnownUptrend) -> None:
        self._run, self._ids, self._scales, self._known = run, ids, scales, known

    def add(self, packet: Packet, changes: Changes) -> None:
        """Note one packet; most make no row here."""
        maker = self._MAKERS.get(type(packet.event))
        if maker is not None:
            maker(self, packet, packet.event, changes)

    def _change(self, packet: Packet, desk: str, position: str, values: Row, changes: Changes) -> None:
        """Patch a position's row; one that no decision made has none."""
        if (desk, position) in self._known.positions:
            head = {"run": self._run, "desk": desk, "position": position, "seq": packet.seq}
            changes.change("uptrend_positions", {**head, "updated_at": at(packet.ts), **values})

    def _allocated(self, packet: Packet, event: PositionsAllocated, changes: Changes) -> None:
        said = self._known.tokens.get(event.instrument, Token())
        splits = {one.timeframe: one.split for one in event.rows}
        policy = {
            "timeframe_splits": splits,
            "total_allocation_pct": sum(one.allocation_pct for one in event.rows),
            "created_at": at(packet.ts),
        }
        for one in event.rows:
            key = event.desk, one.position
            values: Row = {
                "curator_sources": json_of(event.curator_sources),
                "source_tweet_url": said.url or None,
                "entry_context": json_of(event.entry_context),
                "alloc_policy": json_of(policy),
                "total_allocation_pct": one.allocation_pct,
                "alloc_cap_usd": decimal_of(one.cap),
                "bars_count": one.bars_count,
                "bars_threshold": one.bars_threshold,
            }
            if key in self._known.positions:
                self._change(packet, *key, values, changes)
                continue
            self._known.positions.add(key)
            zero = Decimal(0)
            row = {
                "run": self._run,
                "desk": event.desk,
                "position": one.position,
                "id": position_id(self._ids, *key),
                "seq": packet.seq,
                "created_at": at(packet.ts),
                "updated_at": at(packet.ts),
                "instrument": event.instrument,
                "token_chain": event.chain,
                "token_contract": event.contract,
                "token_ticker": event.ticker,
                "timeframe": one.timeframe,
                "status": one.status.value,
                "usd_alloc_remaining": decimal_of(one.cap),
                "trades_closed": 0,
                **dict.fromkeys(_SUMS, zero),
                **values,
            }
            changes.add("uptrend_positions", row)

    def _status(self, packet: Packet, event: PositionStatusChanged, changes: Changes) -> None:
        values: Row = {"status": event.status.value, "bars_count": event.bars_count or None}
        if event.status in HOLD_NOTHING:
            values |= {"current_trade_id": None, "trade_seq": packet.seq, "total_quantity": Decimal(0)}
        elif event.trade:
            values |= {"current_trade_id": trade_id_of(self._ids, event.trade), "trade_seq": packet.seq}
        self._change(packet, event.desk, event.position, values, changes)

    def _reported(self, packet: Packet, event: EngineReported, changes: Changes) -> None:
        values = {
            "engine": json_of(event.payload),
            "engine_seq": packet.seq,
            "s3_start_at": at_or_none(event.payload.s3_start_ts),
        }
        self._change(packet, event.desk, event.position, values, changes)

    def _stage(self, packet: Packet, event: StageChanged, changes: Changes) -> None:
        values: Row = {"stage": event.to_state.value, "episode": event.episode}
        if event.to_state is Stage.S3:
            values["first_dip_taken"] = False
        self._change(packet, event.desk, event.position, values, changes)

    def _episode(self, packet: Packet, event: EpisodeEnded, changes: Changes) -> None:
        brief = {
            "episode_id": event.episode,
            "episode_type": event.episode_type,
            "outcome": event.outcome,
            "ended_at": at(event.ended_ts),
        }
        self._change(packet, event.desk, event.position, {"last_episode": json_of(brief)}, changes)

    def _action(self, packet: Packet, event: ActionTaken, changes: Changes) -> None:
        values: Row = {}
        if event.status == "executed":
            values["last_activity_timestamp"] = at(packet.ts)
            if event.pattern_key.endswith(".first_dip"):
                values["first_dip_taken"] = True
        if event.history:
            values["execution_history"] = json_of(event.history)
        if values:
            self._change(packet, event.desk, event.position, values, changes)

    def _booked(self, packet: Packet, event: PositionBooked, changes: Changes) -> None:
        closed = event.why == "closed"
        held = bool(event.trade) and not closed
        spent, extracted, value = event.spent, event.extracted, event.value
        result = extracted - (spent * event.lots_sold // event.lots_bought if event.lots_bought else 0)
        total = extracted + value - spent
        values: Row = {
            "current_trade_id": trade_id_of(self._ids, event.trade) if held else None,
            "trade_seq": packet.seq,
            "total_allocation_usd": decimal_of(spent),
            "total_extracted_usd": decimal_of(extracted),
            "usd_alloc_remaining": decimal_of(event.remaining),
            "current_usd_value": decimal_of(value),
            "avg_entry_price": decimal_near(event.avg_entry),
            "avg_exit_price": decimal_near(event.avg_exit),
            "realised_usd": decimal_of(event.realised),
            "rpnl_usd": decimal_of(event.realised + (0 if closed else result)),
            "total_pnl_usd": decimal_of(event.realised + (0 if closed else total)),
            "rpnl_pct": 100 * result / spent if spent else None,
            "total_pnl_pct": 100 * total / spent if spent else None,
            "trades_closed": event.trades_closed,
            "pnl_last_calculated_at": at(packet.ts),
            "first_entry_timestamp": at_or_none(event.first_entry_ts),
        }
        scale = self._scales.get(event.instrument)
        if scale is not None:
            nothing = Decimal(0)
            quantity = scale.quantity_of(event.lots)
            values |= {
                "total_quantity": quantity if held else nothing,
                "dust_quantity": nothing if held else quantity,
                "total_tokens_bought": scale.quantity_of(event.lots_bought),
                "total_tokens_sold": scale.quantity_of(event.lots_sold),
            }
        if event.history or closed:
            values["execution_history"] = json_of(event.history)
        self._change(packet, event.desk, event.position, values, changes)

    def _closed(self, packet: Packet, event: PositionClosed, changes: Changes) -> None:
        values = {"closed_at": at(event.closed_ts), "close_reason": event.exit_reason}
        self._change(packet, event.desk, event.position, values, changes)

    _MAKERS: ClassVar[Mapping[type[Event], Maker]] = {
        PositionsAllocated: _allocated,
        PositionStatusChanged: _status,
        EngineReported: _reported,
        StageChanged: _stage,
        EpisodeEnded: _episode,
        ActionTaken: _action,
        PositionBooked: _booked,
        PositionClosed: _closed,
    }


_SUMS = (
    *("total_allocation_usd", "total_extracted_usd", "current_usd_value", "total_quantity"),
    *(
        "total_tokens_bought",
        "total_tokens_sold",
        "dust_quantity",
        "realised_usd",
        "rpnl_usd",
        "total_pnl_usd",
    ),
)
