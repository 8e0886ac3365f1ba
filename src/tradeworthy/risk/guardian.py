"""The part named `risk-guardian`: it judges each candidate that has an intent, and holds the latches."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tradeworthy.core.agents import Agent, Context, on
from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.events import Event, Quarantined, WokeUp
from tradeworthy.execution.accounting import (
    CashMoved,
    EquityMarked,
    Opened,
    SetsMerged,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.execution.intents import IntentProposed, TradeCandidate
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved
from tradeworthy.market.freshness import Freshness
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.listing import Listing
from tradeworthy.market.markets import Markets
from tradeworthy.market.marks import Marks
from tradeworthy.market.oracles import Oracles
from tradeworthy.market.predictions import MarketResolved
from tradeworthy.risk.approvals import Approvals
from tradeworthy.risk.backoff import SECOND, Backoff, after_fault, must_latch
from tradeworthy.risk.breakers import tripped
from tradeworthy.risk.exposure import exposure_of, grouped
from tradeworthy.risk.facts import MarketParts
from tradeworthy.risk.guards import Judgement, judge, plain_rules
from tradeworthy.risk.latches import Latch, Latches
from tradeworthy.risk.operators import DailyReset, HaltChanged, HaltRule, Operator, Order
from tradeworthy.risk.requests import Asked, Proposal, asked_of
from tradeworthy.risk.rules import Account
from tradeworthy.risk.settings import DeskRisk, RiskSettings, limits_of, ppm_of

GUARDIAN = "risk-guardian"
DAY = 86_400 * SECOND
MARK, MIDNIGHT = "mark", "midnight"
ACCOUNT = "paper"
"""The account that a flatten may name."""


class GuardianState(Approvals):
    """In cash units `day_equity`, of the day's start, and `peak`, the highest; by desk its back-off."""

    armed: bool = False
    day_equity: int = 0
    peak: int = 0
    latches: Latches = msgspec.field(default_factory=Latches)
    backoffs: dict[str, Backoff] = {}


class Guardian(Agent):
    """Risk's one voice. Exits (reduce-only) pass whatever fails; their figures are recorded all the same.

    `desks` says what each desk may expose; an unnamed one may expose the whole account.
    """

    state: GuardianState

    def __init__(
        self,
        settings: RiskSettings,
        desks: Mapping[str, DeskRisk],
        *,
        ledger: Ledger,
        listing: Listing,
        marks: Marks,
        markets: Markets,
        oracles: Oracles,
        freshness: Freshness,
    ) -> None:
        super().__init__(GUARDIAN, GuardianState())
        self._limits = limits_of(settings)
        self._by_venue = self._limits.venue_ppm < self._limits.leverage_ppm
        self._plain = plain_rules(self._limits)
        leverage = settings.leverage_max
        self._shares_ppm = {name: ppm_of(desk.share * leverage) for name, desk in desks.items()}
        self._ledger, self._marks = ledger, marks
        self._parts = MarketParts(listing, marks, markets, oracles, freshness)

    # What others read

    def reserved(self) -> int:
        """Cash units, fees included, that approved candidates may still spend."""
        return sum(
            one.fees + sum(hold.lots * hold.each for hold in one.holds)
            for one in self.state.reservations.values()
        )

    def halted(self, desk: str = "") -> str:
        """The rule that stops `desk`'s entries, the session's latches first ("" if none does)."""
        return self.state.latches.holding("") or (self.state.latches.holding(desk) if desk else "")

    def latches(self) -> tuple[str, ...]:
        """The latches as `desk/rule`, for the Opened of the run that follows this one."""
        return tuple(self.state.latches.held)

    # Candidates

    @on(TradeCandidate)
    def decide(self, candidate: TradeCandidate, context: Context) -> list[Event] | None:
        """One Decision with every figure and limit; a refusal comes with its Verdict."""
        if candidate.skip:
            return None
        kind, instrument = candidate.kind, candidate.instrument
        return self._decide(
            Proposal(context.seq, context.candidate_desk, kind, instrument, candidate.intent), context
        )

    @on(IntentProposed)
    def decide_proposed(self, event: IntentProposed, context: Context) -> list[Event]:
        """The same for an intent that came after its candidate."""
        return self._decide(
            Proposal(event.candidate, event.desk, event.kind, event.instrument, event.intent), context
        )

    @on(FillObserved)
    def convert(self, fill: FillObserved, context: Context) -> None:
        """Turn what filled from a reservation into a position."""
        if self._ledger.booked_at(context.seq):
            self.state.fill(fill, self._ledger)

    @on(SetsMerged)
    def merge(self, event: SetsMerged, _: Context) -> None:
        """What was merged locks nothing any more."""
        for position in (event.yes_position, event.no_position):
            self.state.loosen(event.desk, position, self._ledger)

    @on(MarketResolved)
    def doubt(self, event: MarketResolved, _: Context) -> None:
        """An outcome of neither 0 nor 1 breaks the promise of sets: what is left of them has a direction."""
        market = self._parts.markets.market(event.market)
        if market is not None and 0 < event.payout < CASH_UNIT:
            self.state.doubt(market, self._ledger)

    @on(Verdict)
    def release(self, verdict: Verdict, _: Context) -> None:
        """A candidate that ended reserves nothing."""
        self.state.release(verdict, self._ledger)

    # The account

    @on(CashMoved)
    def move_baselines(self, event: CashMoved, context: Context) -> None:
        """Money put in is no profit and money taken out no loss."""
        if not self.state.armed:
            self._arm(context)
        self.state.day_equity += event.amount
        self.state.peak += event.amount

    @on(Opened)
    def take_over(self, event: Opened, context: Context) -> list[Event]:
        """Begin at the equity that was handed over, with the latches and the peak of the run before."""
        self._arm(context)
        self.state.day_equity = equity = self._ledger.equity(self._marks)
        self.state.peak = max(equity, event.peak)
        made: list[Event] = []
        for latch in event.latches:
            desk, _, rule = latch.rpartition("/")
            reason = f"latched in run {event.parent}"
            made += self.state.latches.set(Latch(desk, HaltRule(rule), GUARDIAN, reason, context.now))
        return made

    @on(TradeClosed, TradeReversed)
    def mark_after_trade(self, trade: TradeClosed | TradeReversed, context: Context) -> list[Event]:
        """The account after a round trip, and the latches that it trips."""
        self.state.close(trade, context.now, self._limits)
        return self._mark(context.now)

    @on(WokeUp)
    def mark_on_time(self, event: WokeUp, context: Context) -> list[Event]:
        """The account at its hour; at UTC midnight the day's loss starts anew."""
        made = self._mark(context.now)
        if event.key == MIDNIGHT:
            equity, before = self._ledger.equity(self._marks), self.state.day_equity
            self.state.day_equity = equity
            made = [one for one in made if not isinstance(one, EquityMarked)]
            made.append(DailyReset(context.now, equity, equity - before))
        self._wake(event.key, context)
        return made

    # Latches

    @on(Operator)
    def obey(self, event: Operator, context: Context) -> list[Event] | None:
        """Halt, resume or flatten. A flatten halts too, or entries would undo it.

        A resume without a name or a reason changes nothing. One that releases the daily loss or the drawdown
        counts that loss from here on: the account may lose the whole limit once more.
        """
        if event.command_name is Order.RESUME:
            return self._resume(event, context)
        if event.command_name is Order.FLATTEN:
            rule = HaltRule.FLATTEN
            if event.account not in ("", ACCOUNT):
                return None
        else:
            rule = HaltRule.KILL_FILE if event.latch else HaltRule.OPERATOR
        return self.state.latches.set(Latch(event.desk, rule, event.by, event.reason, context.now))

    @on(Quarantined)
    def back_off(self, event: Quarantined, context: Context) -> list[Event]:
        """A desk's entries wait after its fault; five in ten minutes latch it. One of no desk halts all."""
        latches, now = self.state.latches, context.now
        if not event.desk:
            return latches.set(Latch("", HaltRule.QUARANTINE, GUARDIAN, event.error, now))
        backoff = after_fault(self.state.backoffs.get(event.desk, Backoff()), now)
        self.state.backoffs[event.desk] = backoff
        if not must_latch(backoff):
            return []
        reason = f"{len(backoff.times)} faults in ten minutes, the last: {event.error}"
        return latches.set(Latch(event.desk, HaltRule.FAULTS, GUARDIAN, reason, now))

    def _resume(self, event: Operator, context: Context) -> list[Event] | None:
        if not event.by.strip() or not event.reason.strip():
            return None
        state = self.state
        released = state.latches.release(event.desk)
        for desk in [desk for desk in state.backoffs if event.desk in ("", desk)]:
            del state.backoffs[desk]
        made: list[Event] = [
            HaltChanged(latch.desk, halted=False, rule=latch.rule.value, by=event.by, reason=event.reason)
            for latch in released
        ]
        rules = [latch.rule for latch in released]
        equity = self._ledger.equity(self._marks)
        if HaltRule.DAILY_LOSS in rules:
            state.day_equity = equity
        if HaltRule.DRAWDOWN in rules:
            state.peak = equity
            made += self._mark(context.now)
        return made

    # How

    def _decide(self, proposal: Proposal, context: Context) -> list[Event]:
        if not self.state.armed:
            self._arm(context)
        now, (seq, desk, _, _, intent) = context.now, proposal
        share_ppm = self._shares_ppm.get(desk, self._limits.leverage_ppm)
        asked = asked_of(proposal, now, share_ppm=share_ppm, parts=self._parts, limits=self._limits)
        account = self._account_with(proposal, asked, now)
        judgement = judge(asked.request, account, self._limits, self._plain)
        if judgement.reason and not intent.reduce_only:
            decided = _refused(seq, desk, judgement)
        else:
            why = "reduce_only" if intent.reduce_only else ""
            decided = [_decision(seq, desk, why, judgement, approved=True)]
            if not intent.reduce_only:
                self.state.approve(proposal, asked, now, self._limits)
        if account.equity < account.peak or account.equity < account.day_equity:
            decided += self._trip(account.equity, now)
        return decided

    def _account_with(self, proposal: Proposal, asked: Asked, now: int) -> Account:
        """The account as it would stand with `asked` on top."""
        state, reservation = self.state, asked.reservation
        desk, reservations = reservation.desk, state.reservations
        at = exposure_of(self._ledger, self._marks, reservations.values(), reservation, state.locks.lots)
        instruments = [leg.instrument for leg in proposal.intent.legs]
        most = grouped(at, instruments, self._parts, by_venue=self._by_venue)
        if at.equity > state.peak:
            state.peak = at.equity
        latches = state.latches if state.latches.held else None
        backoff = state.backoffs.get(desk)
        pace = state.paces.get(f"{desk}/{proposal.intent.strategy}") if state.paces else None
        return Account(
            halt=latches.holding("", besides=HaltRule.KILL_FILE) if latches else "",
            desk_halt=latches.holding(desk) if latches else "",
            backoff_until=backoff.until if backoff else 0,
            kill_file=latches is not None and latches.has("", HaltRule.KILL_FILE),
            equity=at.equity,
            day_equity=state.day_equity,
            peak=state.peak,
            position=most.position,
            event=most.event,
            underlying=most.underlying,
            venue=most.venue,
            desk=at.desk,
            portfolio=at.portfolio,
            cash=at.cash,
            orders_in_minute=state.entries(desk, now),
            requests_in_minute=pace.requests(now) if pace else 0,
            paused_until=pace.paused_until if pace else 0,
            duplicate_of=state.same_key(reservation.key, now, self._limits),
        )

    def _trip(self, equity: int, now: int) -> list[Event]:
        """Latch what the equity breaks."""
        state = self.state
        made: list[Event] = []
        for rule, reason in tripped(equity, state.day_equity, state.peak, self._limits):
            made += state.latches.set(Latch("", rule, GUARDIAN, reason, now))
        return made

    def _mark(self, now: int) -> list[Event]:
        books = self._ledger.state
        equity = self._ledger.equity(self._marks)
        state = self.state
        if equity > state.peak:
            state.peak = equity
        marked = EquityMarked(
            now, books.cash, books.cost, equity, books.realised, books.fees, state.peak, len(books.positions)
        )
        return [marked, *self._trip(equity, now)]

    def _arm(self, context: Context) -> None:
        self.state.armed = True
        self._wake(MARK, context)
        self._wake(MIDNIGHT, context)

    def _wake(self, key: str, context: Context) -> None:
        every = self._limits.mark_every_ns if key == MARK else DAY
        context.wake_at(context.now - context.now % every + every, key, late_ok=True)


def _decision(seq: int, desk: str, reason: str, judgement: Judgement, *, approved: bool) -> Decision:
    return Decision(GUARDIAN, seq, desk, approved, reason, judgement.figures, judgement.limits)


def _refused(seq: int, desk: str, judgement: Judgement) -> list[Event]:
    """The no, and the verdict that it is, with the figure and limit of the rule that failed first."""
    reason, failed, figures, limits = judgement
    return [
        _decision(seq, desk, reason, judgement, approved=False),
        Verdict(
            seq,
            desk,
            Outcome.REJECTED,
            reason,
            figures={failed: figures[failed]},
            limits={failed: limits[failed]},
        ),
    ]
