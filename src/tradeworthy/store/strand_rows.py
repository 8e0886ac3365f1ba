"""The uptrend desk's event log as rows: `strands`, one for each event that names its kind (specs/uptrend.md 12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EpisodeEnded,
    PositionClosed,
    SignalDecided,
    SignalTaken,
    SocialSignal,
    StageChanged,
)
from tradeworthy.desks.uptrend.names import row_of
from tradeworthy.learning.events import Scope
from tradeworthy.market.money import Scale, decimal_of
from tradeworthy.store.changes import Changes, Row
from tradeworthy.store.values import Ids, at, at_or_none, json_of

Maker = Callable[["StrandRows", Packet, Any, Changes], None]

PHASES = ("macro_phase", "meso_phase", "micro_phase")
_ACTION = (
    *("decision_type", "state", "signal", "size_frac", "a_value", "e_value", "reasons", "pattern_key"),
    *("action_category", "scope", "trade", "timeframe"),
)


class Token(msgspec.Struct, frozen=True):
    """What an instrument stands for, and where the newest word on it can be read."""

    ticker: str = ""
    chain: str = ""
    contract: str = ""
    url: str = ""


class KnownUptrend(msgspec.Struct):
    """What these rows rest on besides their packets: tokens by instrument, and the (desk, position) that have a row."""

    tokens: dict[str, Token] = {}
    positions: set[tuple[str, str]] = set()


def position_id(ids: Ids, desk: str, position: str) -> UUID:
    """The id of a desk's position."""
    return ids.named(f"position/{desk}/{position}")


def trade_id_of(ids: Ids, trade: str) -> UUID | None:
    """The id of a trade; None for "", which is none."""
    return ids.named(f"trade/{trade}") if trade else None


class StrandRows:
    """Makes the rows of `strands`; the tokens of `known` are kept up."""

    def __init__(self, run: str, ids: Ids, scales: dict[str, Scale], known: KnownUptrend) -> None:
        self._run, self._ids, self._scales, self._known = run, ids, scales, known
        # The trace of the newest word, and where it can be read: what rests on it is in the same turn.
        self._said = 0, ""

    def add(self, packet: Packet, changes: Changes) -> None:
        """Note one packet; most make no row here."""
        maker = self._MAKERS.get(type(packet.event))
        if maker is not None:
            maker(self, packet, packet.event, changes)

    def _token(self, instrument: str) -> Token:
        return self._known.tokens.get(instrument, Token())

    def _strand(self, packet: Packet, instrument: str, timeframe: str, content: Row, **more: Any) -> Row:
        event: Any = packet.event
        ticker = self._token(instrument).ticker
        return {
            "id": self._ids.of(packet.seq),
            "run": self._run,
            "seq": packet.seq,
            "created_at": at(packet.ts),
            "desk": event.desk,
            "kind": event.kind,
            "instrument": instrument,
            "symbol": ticker or instrument or None,
            "timeframe": timeframe or None,
            "session_bucket": f"{at(packet.ts):%Y%m%d_%H}",
            "content": json_of(content),
            "status": "active",
            **more,
        }

    def _of_row(self, packet: Packet, position: str, content: Row, scope: Scope, **more: Any) -> Row:
        """The strand of what happened to a row."""
        event: Any = packet.event
        row, desk = row_of(position), event.desk
        token = self._token(row.instrument)
        about = {
            "position_id": position_id(self._ids, desk, position),
            "position": position,
            "token_contract": token.contract,
            "chain": token.chain,
            "ts": at(packet.ts),
        }
        made = {
            "module": "pm",
            "tags": json_of([event.kind]),
            "position_id": about["position_id"],
            "regime_context": json_of({name: scope[name] for name in PHASES if name in scope}),
            **more,
        }
        return self._strand(packet, row.instrument, row.timeframe, {**about, **content}, **made)

    def _heard(self, packet: Packet, event: SocialSignal, _: Changes) -> None:
        self._said = packet.trace, event.url

    def _taken(self, packet: Packet, event: SignalTaken, changes: Changes) -> None:
        trace, url = self._said
        token = Token(event.ticker, event.chain, event.contract, url if trace == packet.trace else "")
        if event.instrument:
            self._known.tokens[event.instrument] = token
        pack = {
            "curator": {"id": event.curator},
            "token": {**msgspec.structs.asdict(token), **event.figures},
            "intent_analysis": {"intent_analysis": {"intent_type": event.intent}},
        }
        content = {
            "signal": event.signal,
            "token": token,
            "grade": event.grade,
            "blocked": event.blocked,
            "health": event.health,
            "entry_context": event.entry,
            "said_at": at_or_none(event.ts_event),
        }
        row = self._strand(
            packet,
            event.instrument,
            "",
            content,
            module="social_ingest",
            tags=json_of(["social_lowcap", "blocked" if event.blocked else "dm_candidate"]),
            target_agent=None if event.blocked else "decision_maker_lowcap",
            signal_pack=json_of(pack),
            parent_id=self._ids.of(event.repeat_of) if event.repeat_of else None,
        )
        changes.add("strands", row)

    def _decided(self, packet: Packet, event: SignalDecided, changes: Changes) -> None:
        content = {
            "action": "approve" if event.approved else "reject",
            "allocation_pct": event.allocation_pct,
            "allocation_usd": _usd(event.allocation),
            "curator": event.curator,
            "curator_confidence": event.curator_score,
            "reasoning": event.reason,
            "checks": event.checks,
            "token": self._token(event.instrument),
            "positions": event.positions,
            "position_ids": [position_id(self._ids, event.desk, one) for one in event.positions],
            "reused": event.reused,
        }
        row = self._strand(
            packet,
            event.instrument,
            "",
            content,
            module="decision_maker_lowcap",
            tags=json_of(["decision", "approved" if event.approved else "rejected"]),
            parent_id=self._ids.of(event.signal),
        )
        changes.add("strands", row)

    def _stage(self, packet: Packet, event: StageChanged, changes: Changes) -> None:
        content = {
            "episode_id": event.episode,
            "from_state": event.from_state,
            "to_state": event.to_state,
            "bar_ts": at(event.bar_ts),
            "price": event.price,
            "pattern_key": event.pattern_key,
            "action_category": event.action_category,
            "scope": event.scope,
        }
        changes.add("strands", self._of_row(packet, event.position, content, event.scope))

    def _episode(self, packet: Packet, event: EpisodeEnded, changes: Changes) -> None:
        content = {
            "episode_id": event.episode,
            "episode_type": event.episode_type,
            "outcome": event.outcome,
            "entered": event.entered,
            "started_at": at(event.started_ts),
            "ended_at": at(event.ended_ts),
            "pattern_key": event.pattern_key,
            "scope": event.scope,
            "windows": event.windows,
            "levers_considered": event.levers_considered,
        }
        changes.add("strands", self._of_row(packet, event.position, content, event.scope))

    def _action(self, packet: Packet, event: ActionTaken, changes: Changes) -> None:
        scale = self._scales.get(event.instrument)
        trade_id = trade_id_of(self._ids, event.trade)
        multipliers = {
            name: getattr(event, name)
            for name in ("pm_strength_applied", "exposure_skew_applied", "pm_final_multiplier")
        }
        content = {
            **{name: getattr(event, name) for name in _ACTION},
            "controls": {"signals": event.signals},
            "bar_ts": at(event.bar_ts),
            "trade_id": trade_id,
            "candidate": event.candidate,
            "execution_result": {
                "status": event.status,
                "error": event.error,
                "price": event.price,
                "slippage": event.slippage,
                "quantity": float(scale.quantity_of(event.lots)) if scale else None,
                "notional_usd": _usd(event.notional),
                "fee_usd": _usd(event.fee),
                "tx_hash": None,
            },
            "learning_multipliers": multipliers,
            **multipliers,
        }
        row = self._of_row(packet, event.position, content, event.scope, trade_id=trade_id)
        changes.add("strands", row)

    def _closed(self, packet: Packet, event: PositionClosed, changes: Changes) -> None:
        trade_id = trade_id_of(self._ids, event.trade)
        content = {
            "trade": event.trade,
            "trade_id": trade_id,
            "entry_context": event.entry_context,
            "trade_summary": {**event.summary, "trade_id": trade_id},
            "decision_type": event.decision_type,
            "exit_reason": event.exit_reason,
            "rr": event.rr,
            "pnl_usd": _usd(event.pnl),
            "opened_at": at(event.opened_ts),
            "closed_at": at(event.closed_ts),
        }
        row = self._of_row(packet, event.position, content, event.entry_context, trade_id=trade_id)
        changes.add("strands", row)

    _MAKERS: ClassVar[Mapping[type[Event], Maker]] = {
        SocialSignal: _heard,
        SignalTaken: _taken,
        SignalDecided: _decided,
        StageChanged: _stage,
        EpisodeEnded: _episode,
        ActionTaken: _action,
        PositionClosed: _closed,
    }


def _usd(cash: int) -> float:
    """Cash units as a number in JSON; the exact figure is in the packet."""
    return float(decimal_of(cash))
