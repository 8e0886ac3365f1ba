"""The batch engine's book of rows: what signals make of it, and what each row has done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.attention import Attention, hear_signal
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.curators import Curators, configured
from tradeworthy.desks.uptrend.deciding import Asked, allocation_of, caps_of, checks, share_pct
from tradeworthy.desks.uptrend.decision_maker import APPROVED, NO_CAPITAL
from tradeworthy.desks.uptrend.engine import Memory
from tradeworthy.desks.uptrend.episodes import RowEpisodes
from tradeworthy.desks.uptrend.events import (
    Allocated,
    PositionsAllocated,
    SignalDecided,
    SignalTaken,
    SocialSignal,
)
from tradeworthy.desks.uptrend.geometry import Geometry
from tradeworthy.desks.uptrend.history import Column, Window
from tradeworthy.desks.uptrend.holdings import Holding
from tradeworthy.desks.uptrend.ingest import GRADES, Tokens, entry_of, health
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Row, Status
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.trader import RowState
from tradeworthy.learning.events import Scope

Say = Callable[[Event], None]
"""Told each event that the session has, too."""


@dataclass
class Standing:
    """One row: what it is, what the engine remembers of it, its books and its episodes."""

    row: RowState
    holding: Holding
    episodes: RowEpisodes
    memory: Memory = field(default_factory=Memory)
    payload: Payload | None = None
    levels: Geometry | None = None
    levels_ts: int = 0


class _Heard(NamedTuple):
    """A signal as it was taken, and how it was named."""

    taken: SignalTaken
    named_by: str


@dataclass
class Rows:
    """All rows by key in order of creation, the bars of every row that may be, and what is said of tokens."""

    desk: str
    settings: UptrendSettings
    standing: dict[str, Standing] = field(default_factory=dict)
    bars: dict[Row, Column] = field(default_factory=dict)
    tokens: dict[str, Attention] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make what signals are read by."""
        settings = self.settings
        self._curators = Curators(settings.decision.unknown_curator_score)
        self._curators.take(configured(settings.curators))
        self._known = Tokens(settings.tokens, settings.decision.chains, settings.decision.ignored_tickers)
        self._seen: set[tuple[str, str]] = set()
        kept = settings.market.bars_kept
        for token in settings.tokens:
            for timeframe in settings.market.bars:
                self.bars[Row(token.instrument, timeframe)] = Column(kept)
        self.bars.setdefault(Row(settings.regime.instrument, settings.regime.timeframe), Column(kept))

    def window(self, row: Row, bars: int = 0) -> Window:
        """The newest `bars` of `row` (0: all)."""
        return self.bars[row].window(bars)

    def count(self, row: Row) -> int:
        """How many bars of `row` are kept."""
        return self.bars[row].count if row in self.bars else 0

    def of(self, instrument: str) -> list[Standing]:
        """The rows of `instrument`."""
        return [one for one in self.standing.values() if one.row.instrument == instrument]

    def hear(self, signal: SocialSignal, now: int, capital: int, say: Say) -> None:
        """Decide on a signal at session time `now` with `capital` cash units, and make or renew its rows."""
        taken, named_by = self._taken(signal)
        if taken.blocked:
            return
        hear_signal(self.tokens.setdefault(taken.instrument, Attention()), taken, now)
        decided, caps = self._decided(taken, capital)
        say(decided)
        if decided.approved:
            allocated = self._allocated(taken, caps, named_by, now)
            say(allocated)
            self._take_rows(allocated, now)

    def _taken(self, signal: SocialSignal) -> _Heard:
        found = self._known.find(signal)
        token, grade = found.token, GRADES[found.named_by]
        chain = token.chain if token else signal.chain.casefold()
        market_cap = signal.market_cap
        if market_cap is None and token is not None:
            market_cap = token.market_cap
        name = (signal.source, signal.signal)
        repeated = name in self._seen
        self._seen.add(name)
        score, _ = self._curators.score(signal.curator)
        taken = SignalTaken(
            desk=self.desk,
            signal=signal.signal,
            curator=signal.curator,
            instrument=token.instrument if token else "",
            ticker=token.ticker if token else signal.ticker,
            chain=chain,
            contract=token.contract if token else signal.contract,
            intent=signal.intent,
            grade=grade,
            blocked=found.blocked,
            health=health(signal, chain, grade, market_cap),
            entry=entry_of(signal, chain, market_cap),
            figures={
                "market_cap": market_cap,
                "volume_24h": signal.volume_24h,
                "age_days": signal.age_days,
                "curator_score": score,
                "timeframe": signal.timeframe,
            },
            repeat_of=int(repeated),
            ts_event=signal.ts_event,
        )
        return _Heard(taken, found.named_by)

    def _decided(self, taken: SignalTaken, capital: int) -> tuple[SignalDecided, dict[str, int]]:
        decision, own = self.settings.decision, self.of(taken.instrument)
        active = [one.row for one in self.standing.values() if one.row.status is Status.ACTIVE]
        curator = self._curators.score(taken.curator)
        holding = [row.position for row in active if row.instrument == taken.instrument]
        found = checks(Asked(taken.chain, taken.intent, curator, holding, len(active)), decision)
        reason = next((one.reason for one in found if not one.passed), "")
        caps: dict[str, int] = {}
        if not reason:
            caps = caps_of(allocation_of(capital, decision.allocation_pct), decision.splits)
            if taken.repeat_of:
                caps |= {one.row.timeframe: min(one.row.cap, caps[one.row.timeframe]) for one in own}
            reason = "" if any(caps.values()) else NO_CAPITAL
        decided = SignalDecided(
            desk=self.desk,
            signal=0,
            instrument=taken.instrument,
            approved=not reason,
            checks=found,
            reason=reason or APPROVED,
            allocation_pct=0.0 if reason else decision.allocation_pct,
            allocation=0 if reason else sum(caps.values()),
            curator=taken.curator,
            curator_score=curator.score,
            positions=() if reason else tuple(Row(taken.instrument, one).key for one in TIMEFRAMES),
            reused=not reason and bool(own),
        )
        return decided, caps

    def _allocated(
        self, taken: SignalTaken, caps: dict[str, int], named_by: str, now: int
    ) -> PositionsAllocated:
        own = self.of(taken.instrument)
        sources = tuple(own[0].row.curator_sources) if own else ()
        renewed = not (own and taken.repeat_of)
        return PositionsAllocated(
            desk=self.desk,
            instrument=taken.instrument,
            chain=taken.chain,
            contract=taken.contract,
            ticker=taken.ticker,
            rows=tuple(self._share(taken.instrument, one, caps[one]) for one in TIMEFRAMES),
            entry_context=self._context(taken, named_by, now) if renewed else own[0].row.entry_context,
            curator_sources=sources if taken.curator in sources else (*sources, taken.curator),
            reused=bool(own),
        )

    def _share(self, instrument: str, timeframe: str, cap: int) -> Allocated:
        decision, threshold = self.settings.decision, self.settings.market.bars_threshold
        row = Row(instrument, timeframe)
        count, split, before = self.count(row), decision.splits[timeframe], self.standing.get(row.key)
        status = Status.WATCHLIST if count >= threshold else Status.DORMANT
        share = share_pct(decision.allocation_pct, split)
        held = before.row.status if before else status
        return Allocated(row.key, timeframe, split, share, cap, held, count, threshold)

    def _context(self, taken: SignalTaken, named_by: str, now: int) -> Scope:
        known = {
            "curator_score": taken.figures["curator_score"],
            "mcap_at_entry": taken.figures["market_cap"],
            "vol_at_entry": taken.figures["volume_24h"],
            "age_at_entry": taken.figures["age_days"],
            "timeframe_focus": taken.figures["timeframe"],
            "mapping_confidence": named_by,
            "allocation_pct": self.settings.decision.allocation_pct,
            "token_contract": taken.contract,
            "token_ticker": taken.ticker,
            "created_at": now,
        }
        return taken.entry | {name: str(value) for name, value in known.items() if value not in {None, ""}}

    def _take_rows(self, event: PositionsAllocated, now: int) -> None:
        for one in event.rows:
            known = self.standing.get(one.position)
            if known is not None:
                row = known.row
                row.cap, row.split, row.allocation_pct = one.cap, one.split, one.allocation_pct
                row.entry_context, row.curator_sources = event.entry_context, event.curator_sources
                continue
            made = RowState(
                position=one.position,
                instrument=event.instrument,
                timeframe=one.timeframe,
                chain=event.chain,
                contract=event.contract,
                ticker=event.ticker,
                cap=one.cap,
                allocation_pct=one.allocation_pct,
                split=one.split,
                status=one.status,
                entry_context=event.entry_context,
                curator_sources=event.curator_sources,
                bars_count=one.bars_count,
                bars_threshold=one.bars_threshold,
                created_ts=now,
                decision=0,
            )
            holding = Holding(one.position, event.instrument)
            self.standing[one.position] = Standing(made, holding, RowEpisodes(one.position))
