"""A gap's life: a first look, the wait for the latency, what is told of it, and its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tradeworthy.core.agents import Context, State
from tradeworthy.core.events import Event
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import GapClosed, Kind, Method, OpportunityDetected
from tradeworthy.desks.arbitrage.findings import Found, Look, opportunity
from tradeworthy.desks.arbitrage.gaps import MS_NS, Gap, Gaps
from tradeworthy.desks.arbitrage.heard import Hearing
from tradeworthy.desks.arbitrage.mispricing import Mispricing
from tradeworthy.desks.arbitrage.oracle_lag import METHODS, OracleLag
from tradeworthy.desks.arbitrage.quotes import SECOND_NS, Quotes
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.views import MarketView, Views
from tradeworthy.desks.arbitrage.watching import Watched
from tradeworthy.execution.desk import DeskParts

ORACLE_METHODS = tuple(dict.fromkeys(METHODS.values()))
EVENT_METHODS = (Method.BUY_ALL_YES, Method.BUY_ALL_NO)


class Priced(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The last price of a symbol at which its markets were looked at, and when (session ns)."""

    price: float
    ts: int


class ScannerState(State):
    """The markets that are watched, the gaps, the prices last looked at by symbol, and the proof of data."""

    watched: Watched = msgspec.field(default_factory=Watched)
    gaps: Gaps = msgspec.field(default_factory=Gaps)
    priced: dict[str, Priced] = {}
    hearing: Hearing = msgspec.field(default_factory=Hearing)


class Tracker:
    """Leads gaps through their life. All that it remembers is in the scanner's state, which it is handed."""

    def __init__(self, settings: ArbitrageSettings, parts: DeskParts, views: Views) -> None:
        self._settings, self._views, self._markets = settings, views, parts.markets
        quotes = Quotes(settings, parts)
        self._lag = OracleLag(settings, parts, quotes)
        self._sets = Mispricing(settings, parts, quotes)
        self._latency_ns = settings.latency_ms * MS_NS
        self._cooldown_ns = round(settings.cooldown_s * SECOND_NS)

    def seek(
        self, key: str, method: Method, views: Sequence[MarketView], state: ScannerState, context: Context
    ) -> str:
        """Look where no gap `key` is open; an edge begins one, and the scanner is woken after the latency."""
        now = context.now
        look = self._look(method, views, state, now)
        if isinstance(look, SkipReason):
            return look
        found = self._find(method, views, state, now, look)
        if isinstance(found, SkipReason):
            return found
        gap = Gap(
            found.kind,
            method,
            tuple(view.id for view in views),
            look.instrument,
            now,
            look.edge,
            look.edge,
            refused=found.refused,
        )
        state.gaps.begin(key, gap)
        context.wake_at(now + self._latency_ns, key)
        return SkipReason.WAITING

    def revisit(
        self, market_id: str, state: ScannerState, now: int, turn: list[Event | str], *, oracle_only: bool
    ) -> list[str]:
        """Look again at the open gaps of a market: what ends, and what is told of, is added to `turn`.

        Books of two moments end no gap: of two messages of one change the first has just arrived.
        """
        reasons: list[str] = []
        for key in state.gaps.of_market(market_id):
            gap = state.gaps.open[key]
            if oracle_only and gap.kind != Kind.ORACLE_LAG:
                continue
            look = self._look_again(gap, state, now)
            if isinstance(look, SkipReason):
                if look is not SkipReason.SKEW:
                    turn.append(state.gaps.end(key, now, look))
                reasons.append(look)
                continue
            gap.edge = look.edge
            gap.edge_max = max(gap.edge_max, look.edge)
            reasons.append(self._follow(key, gap, look, state, now, turn))
        return reasons

    def prove(self, key: str, state: ScannerState, now: int, turn: list[Event | str]) -> str:
        """The latency is over: what is still there survived, and is told of; the rest ends."""
        gap = state.gaps.open.get(key)
        if gap is None or gap.survived:
            return SkipReason.GAP_VANISHED
        look = self._look_again(gap, state, now)
        found = look if isinstance(look, SkipReason) else self._find_again(gap, look, state, now)
        if isinstance(found, SkipReason) or isinstance(look, SkipReason):
            reason = _ending(found) if isinstance(found, SkipReason) else SkipReason.GAP_VANISHED
            turn.append(state.gaps.end(key, now, reason))
            return reason
        gap.survived = True
        gap.edge = look.edge
        gap.edge_max = max(gap.edge_max, look.edge)
        if self._cooling(key, gap, state, now):
            return SkipReason.COOLDOWN
        return self._tell(key, gap, found, state, now, turn)

    def end_all(
        self, markets: Iterable[str], reason: SkipReason, state: ScannerState, now: int
    ) -> list[GapClosed]:
        """The open gaps of all these markets are over."""
        keys = dict.fromkeys(key for market in markets for key in state.gaps.of_market(market))
        return [state.gaps.end(key, now, reason) for key in keys]

    def told(self, event: OpportunityDetected, seq: int, state: ScannerState) -> None:
        """Note which candidate was made of a gap."""
        for key in state.gaps.of_market(event.markets[0]):
            gap = state.gaps.open[key]
            if gap.method is event.method and (gap.method in EVENT_METHODS or gap.markets == event.markets):
                gap.candidate = seq

    def is_cheap(self, surer: MarketView, rarer: MarketView) -> bool:
        """Whether the best prices would make an M5 of the two, if the one follows from the other."""
        return self._sets.is_cheap(surer, rarer)

    # One step

    def _follow(
        self, key: str, gap: Gap, look: Look, state: ScannerState, now: int, turn: list[Event | str]
    ) -> str:
        """What to do about a gap that still stands."""
        if not gap.survived:
            return SkipReason.WAITING
        if look.refused and gap.candidate:
            return SkipReason.NO_EDGE
        if self._cooling(key, gap, state, now):
            return SkipReason.COOLDOWN
        found = self._find_again(gap, look, state, now)
        if isinstance(found, SkipReason):
            return found
        return self._tell(key, gap, found, state, now, turn)

    def _cooling(self, key: str, gap: Gap, state: ScannerState, now: int) -> bool:
        """Whether it was told of lately; what was too little for the sniper then, and is enough now, is news."""
        told, enough = state.gaps.told.get(key), self._settings.sniper_min_edge
        if gap.kind == Kind.ORACLE_LAG and told is not None and told.edge < enough <= gap.edge:
            return False
        return state.gaps.cooling(key, gap.edge, now, self._cooldown_ns, self._settings.improve)

    def _tell(
        self, key: str, gap: Gap, found: Found, state: ScannerState, now: int, turn: list[Event | str]
    ) -> str:
        turn.append(opportunity(found, self._settings, now))
        gap.refused = found.refused
        state.gaps.tell(key, gap.edge, now, self._cooldown_ns)
        return found.refused or SkipReason.COOLDOWN

    # Looks

    def _look(
        self,
        method: Method,
        views: Sequence[MarketView],
        state: ScannerState,
        now: int,
        refused: str = "",
    ) -> Look | SkipReason:
        if method in ORACLE_METHODS:
            return self._lag.look(views[0], now, state.watched)
        return self._sets.look(method, views, now, refused)

    def _find(
        self, method: Method, views: Sequence[MarketView], state: ScannerState, now: int, look: Look
    ) -> Found | SkipReason:
        if method in ORACLE_METHODS:
            return self._lag.find(views[0], now, state.watched, look.instrument)
        return self._sets.find(method, views, now, look.refused)

    def _look_again(self, gap: Gap, state: ScannerState, now: int) -> Look | SkipReason:
        """A look at an open gap, or why it is over."""
        views = self._views_of(gap)
        known = "" if gap.refused == SkipReason.PHANTOM_GROSS else gap.refused
        look = self._look(gap.method, views, state, now, known) if views else SkipReason.UNKNOWN_MARKET
        if isinstance(look, SkipReason):
            return _ending(look)
        return look if look.instrument == gap.instrument else SkipReason.GAP_VANISHED

    def _find_again(self, gap: Gap, look: Look, state: ScannerState, now: int) -> Found | SkipReason:
        return self._find(gap.method, self._views_of(gap), state, now, look)

    def _views_of(self, gap: Gap) -> list[MarketView]:
        """The markets of a gap; none if one of them is not known any more."""
        views = [view for market in gap.markets if (view := self._views.of(market))]
        return views if len(views) == len(gap.markets) else []


def _ending(reason: SkipReason) -> SkipReason:
    """Why a gap ended, by what a look gave."""
    return SkipReason.GAP_VANISHED if reason is SkipReason.NO_EDGE else reason
