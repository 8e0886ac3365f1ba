"""Prediction markets as rows: what is asked and how it ended, the gaps that were found, and how capital is shared."""

from __future__ import annotations

from tradeworthy.core.packets import Packet
from tradeworthy.desks.arbitrage.events import AllocationsChanged, GapClosed, OpportunityDetected
from tradeworthy.market.money import Scale, decimal_of
from tradeworthy.market.predictions import MarketClosed, MarketDisputed, MarketOpened, MarketResolved
from tradeworthy.store.changes import Changes, Row
from tradeworthy.store.values import Ids, at, at_or_none, json_of

MS_NS = 1_000_000


class MarketRows:
    """Makes the rows of `markets`, `opportunities` and `allocations`."""

    def __init__(self, run: str, ids: Ids, scales: dict[str, Scale]) -> None:
        self._run, self._ids, self._scales = run, ids, scales

    def add(self, packet: Packet, changes: Changes) -> None:
        """Note one packet; most make no row here."""
        event = packet.event
        if isinstance(event, GapClosed):
            self._gap_closed(packet, event, changes)
        elif isinstance(event, OpportunityDetected):
            changes.add("opportunities", self._head(packet) | self._opportunity(packet.ts, event))
        elif isinstance(event, MarketOpened):
            changes.change("markets", self._opened(packet, event))
        elif isinstance(event, MarketClosed | MarketDisputed | MarketResolved):
            changes.change("markets", self._ended(packet, event))
        elif isinstance(event, AllocationsChanged):
            self._allocated(packet, event, changes)

    def _head(self, packet: Packet) -> Row:
        return {
            "id": self._ids.of(packet.seq),
            "run": self._run,
            "seq": packet.seq,
            "created_at": at(packet.ts),
        }

    def _token(self, instrument: str) -> str | None:
        scale = self._scales.get(instrument)
        return (scale.instrument.token or None) if scale else None

    def _opened(self, packet: Packet, event: MarketOpened) -> Row:
        market = event.market
        return {
            "run": self._run,
            "market": market.id,
            "venue": market.venue,
            "external_id": market.external_id,
            "title": market.title,
            "event": market.event or None,
            "event_title": market.event_title or None,
            "category": market.category or None,
            "series": market.series or None,
            "underlying": market.underlying or None,
            "yes_instrument": market.yes,
            "no_instrument": market.no,
            "yes_token": self._token(market.yes),
            "no_token": self._token(market.no),
            "strike": market.strike,
            "start_at": at_or_none(market.start_ts),
            "end_at": at_or_none(market.end_ts),
            "books": market.books,
            "status": "open",
            "opened_at": at(packet.ts),
            "seq": packet.seq,
        }

    def _ended(self, packet: Packet, event: MarketClosed | MarketDisputed | MarketResolved) -> Row:
        status = {MarketClosed: "closed", MarketDisputed: "disputed", MarketResolved: "resolved"}[type(event)]
        row: Row = {
            "run": self._run,
            "market": event.market,
            "status": status,
            f"{status}_at": at(packet.ts),
            "reason": event.reason or None,
            "seq": packet.seq,
        }
        if isinstance(event, MarketResolved):
            row["payout"] = decimal_of(event.payout)
        return row

    def _opportunity(self, ts: int, event: OpportunityDetected) -> Row:
        return {
            "detected": True,
            "strategy": event.strategy or None,
            "kind": event.kind,
            "method": event.method.value,
            "market": event.markets[0] if event.markets else None,
            "markets": json_of(event.markets),
            "legs": json_of(event.legs),
            "gross_edge": event.gross_edge,
            "net_edge": event.net_edge,
            "signal": event.signal,
            "fair": event.fair,
            "capacity": self._capacity(event),
            "profit": decimal_of(event.profit),
            "payout_floor": decimal_of(event.payout_floor),
            "oracle": event.oracle or None,
            "oracle_value": event.oracle_value,
            "oracle_at": at_or_none(event.oracle_ts),
            "book_at": at_or_none(event.book_ts),
            "expires_at": at_or_none(event.expires_at),
            "oracle_age_ms": _age_ms(ts, event.oracle_ts),
            "book_age_ms": _age_ms(ts, event.book_ts),
            "dedupe_key": event.dedupe_key or None,
            "skip": event.skip or None,
        }

    def _capacity(self, event: OpportunityDetected) -> object:
        scale = self._scales.get(event.instrument)
        return scale.quantity_of(event.capacity_lots) if scale else None

    def _gap_closed(self, packet: Packet, event: GapClosed, changes: Changes) -> None:
        """The end of a gap stands beside its opportunity; one of which none was made has a row of its own."""
        ending: Row = {
            "gap_opened_at": at(event.opened_ts),
            "gap_closed_at": at(event.closed_ts),
            "gap_ms": (event.closed_ts - event.opened_ts) / MS_NS,
            "net_edge_max": event.net_edge_max,
            "survived": event.survived,
            "gap_reason": event.reason,
        }
        if event.candidate:
            changes.change("opportunities", {"run": self._run, "seq": event.candidate, **ending})
            return
        about = {
            "detected": False,
            "kind": event.kind,
            "method": event.method.value,
            "market": event.markets[0] if event.markets else None,
            "markets": json_of(event.markets),
        }
        changes.add("opportunities", self._head(packet) | about | ending)

    def _allocated(self, packet: Packet, event: AllocationsChanged, changes: Changes) -> None:
        for one in event.allocations:
            row = {
                "run": self._run,
                "seq": packet.seq,
                "strategy": one.strategy,
                "created_at": at(packet.ts),
                "desk": event.desk,
                "share": one.share,
                "score": one.score,
                "trades": one.trades,
                "wins": one.wins,
                "losses": one.losses,
                "pnl": decimal_of(one.pnl),
                "capital": decimal_of(event.capital),
                "reason": event.reason,
            }
            changes.add("allocations", row)


def _age_ms(now: int, ts: int) -> float | None:
    return (now - ts) / MS_NS if ts else None
