"""The decision maker: five checks on a signal, and the four rows of a token that passes them."""

from __future__ import annotations

from collections.abc import Callable

from tradeworthy.core.agents import Agent, Answer, Context, State, on
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.deciding import Asked, allocation_of, caps_of, checks, share_pct
from tradeworthy.desks.uptrend.events import Allocated, PositionsAllocated, SignalDecided, SignalTaken
from tradeworthy.desks.uptrend.ingest import SocialIngest
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Row, Status, part_name
from tradeworthy.desks.uptrend.trader import RowState, Trader
from tradeworthy.learning.events import Scope

PART = "decision-maker"
APPROVED, NO_CAPITAL = "approved", "no_capital"


class Approved(State):
    """A signal that was approved, and the caps of its rows by timeframe, in cash units."""

    taken: SignalTaken
    caps: dict[str, int]


class DecisionState(State):
    """What is approved and not allocated yet, by the seq of its SignalTaken: it lasts no longer than the turn."""

    approved: dict[int, Approved] = {}


class DecisionMaker(Agent):
    """Decides on every signal that ingestion lets through. It buys nothing: entries are the position manager's.

    `capital` gives the cash units that an allocation is a share of. Where the token's rows stand there already (none
    of them active), they are used again: a new signal sets caps and entry context anew, up or down, by this decision
    that is on record; a repeat of a signal may lower the caps and raises none.
    """

    def __init__(
        self,
        desk: str,
        settings: UptrendSettings,
        ingest: SocialIngest,
        trader: Trader,
        capital: Callable[[], int],
    ) -> None:
        self._settings, self._ingest, self._trader, self._capital = settings, ingest, trader, capital
        super().__init__(part_name(desk, PART), DecisionState(), desk=desk)

    @on(SignalTaken)
    def decide(self, taken: SignalTaken, context: Context) -> Answer:
        """The five checks and what follows of them; nothing for a signal that was blocked."""
        if taken.desk != self.desk or taken.blocked:
            return None
        rows = self._trader.rows()
        own = [row for row in rows if row.instrument == taken.instrument]
        curator = self._ingest.curators.score(taken.curator)
        asked = Asked(
            taken.chain,
            taken.intent,
            curator,
            holding=[row.position for row in own if row.status is Status.ACTIVE],
            active=sum(row.status is Status.ACTIVE for row in rows),
        )
        found = checks(asked, self._settings.decision)
        reason = next((one.reason for one in found if not one.passed), "")
        caps = {} if reason else self._caps(taken, own)
        if not reason and not any(caps.values()):
            reason = NO_CAPITAL
        approved = not reason
        if approved:
            self.state.approved[context.seq] = Approved(taken, caps)
        decided = SignalDecided(
            desk=self.desk,
            signal=context.seq,
            instrument=taken.instrument,
            approved=approved,
            checks=found,
            reason=reason or APPROVED,
            allocation_pct=self._settings.decision.allocation_pct if approved else 0.0,
            allocation=sum(caps.values()) if approved else 0,
            curator=taken.curator,
            curator_score=curator.score,
            positions=tuple(Row(taken.instrument, one).key for one in TIMEFRAMES) if approved else (),
            reused=approved and bool(own),
        )
        return (decided, decided.reason)

    @on(SignalDecided)
    def allocate(self, decided: SignalDecided, context: Context) -> Answer:
        """The four rows of an approved signal in one event, so that there are all of them or none."""
        if decided.desk != self.desk or not decided.approved:
            return None
        approved = self.state.approved.pop(decided.signal)
        taken, caps = approved.taken, approved.caps
        own = [row for row in self._trader.rows() if row.instrument == taken.instrument]
        sources = tuple(own[0].curator_sources) if own else ()
        return PositionsAllocated(
            desk=self.desk,
            instrument=taken.instrument,
            chain=taken.chain,
            contract=taken.contract,
            ticker=taken.ticker,
            rows=tuple(self._row(taken, timeframe, caps[timeframe]) for timeframe in TIMEFRAMES),
            entry_context=own[0].entry_context if own and taken.repeat_of else self._context(taken, context),
            curator_sources=sources if taken.curator in sources else (*sources, taken.curator),
            reused=bool(own),
        )

    def _caps(self, taken: SignalTaken, own: list[RowState]) -> dict[str, int]:
        decision = self._settings.decision
        caps = caps_of(allocation_of(self._capital(), decision.allocation_pct), decision.splits)
        if taken.repeat_of:
            caps |= {row.timeframe: min(row.cap, caps[row.timeframe]) for row in own}
        return caps

    def _row(self, taken: SignalTaken, timeframe: str, cap: int) -> Allocated:
        decision, threshold = self._settings.decision, self._settings.market.bars_threshold
        row = Row(taken.instrument, timeframe)
        count, split = self._trader.bars_count(row), decision.splits[timeframe]
        before = self._trader.row(row.key)
        enough = Status.WATCHLIST if count >= threshold else Status.DORMANT
        return Allocated(
            row.key,
            timeframe,
            split,
            share_pct(decision.allocation_pct, split),
            cap,
            before.status if before else enough,
            count,
            threshold,
        )

    def _context(self, taken: SignalTaken, context: Context) -> Scope:
        """The entry context: the words of lessons, and as text what was known when it was decided."""
        figures = taken.figures
        known = {
            "curator_score": figures["curator_score"],
            "mcap_at_entry": figures["market_cap"],
            "vol_at_entry": figures["volume_24h"],
            "age_at_entry": figures["age_days"],
            "timeframe_focus": figures["timeframe"],
            "mapping_confidence": figures["named_by"],
            "allocation_pct": self._settings.decision.allocation_pct,
            "token_contract": taken.contract,
            "token_ticker": taken.ticker,
            "created_at": context.now,
        }
        return taken.entry | {name: str(value) for name, value in known.items() if value not in {None, ""}}
