"""The part named `risk-guardian`: it judges each candidate that has an intent, and holds the latches."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.events import Event, Quarantined, WokeUp
from tradeworthy.execution.accounting import CashMoved, EquityMarked, Opened, TradeClosed, TradeReversed
from tradeworthy.execution.intents import TradeCandidate
from tradeworthy.execution.ledger import Ledger, candidate_of
from tradeworthy.execution.orders import FillObserved
from tradeworthy.market.listing import Listing
from tradeworthy.market.marks import Marks
from tradeworthy.market.money import cash_text
from tradeworthy.risk.backoff import SECOND, Backoff, after_fault, must_latch
from tradeworthy.risk.exposure import Reservation, exposure_of
from tradeworthy.risk.guards import Account, Judgement, judge
from tradeworthy.risk.latches import Latch, Latches
from tradeworthy.risk.operators import HaltChanged, HaltRule, Operator, Order
from tradeworthy.risk.requests import Asked, asked_of
from tradeworthy.risk.settings import PPM, DeskRisk, RiskSettings, limits_of, ppm_of

GUARDIAN = "risk-guardian"
DAY = 86_400 * SECOND
MINUTE = 60 * SECOND
MARK, MIDNIGHT = "mark", "midnight"


class GuardianState(State):
    """In cash units `day_equity`, of the day's start, and `peak`, the highest.

    `reservations` are those of approved candidates without a verdict. By desk: its back-off, and in `entered`
    the times of its entry orders approved within the last minute.
    """

    armed: bool = False
    day_equity: int = 0
    peak: int = 0
    latches: Latches = msgspec.field(default_factory=Latches)
    backoffs: dict[str, Backoff] = {}
    reservations: dict[int, Reservation] = {}
    entered: dict[str, list[int]] = {}


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
        account: str = "paper",
    ) -> None:
        super().__init__(GUARDIAN, GuardianState())
        self._limits = limits_of(settings)
        self._shares_ppm = {name: ppm_of(desk.share) for name, desk in desks.items()}
        self._ledger, self._listing, self._marks = ledger, listing, marks
        self._account = account

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
        if not self.state.armed:
            self._arm(context)
        now, desk = context.now, context.candidate_desk
        asked = asked_of(
            candidate,
            now,
            desk=desk,
            share_ppm=self._shares_ppm.get(desk, PPM),
            listing=self._listing,
            marks=self._marks,
            limits=self._limits,
        )
        account = self._account_with(candidate, asked, now)
        judgement = judge(asked.request, account, self._limits)
        reduces = candidate.intent.reduce_only
        if judgement.reason and not reduces:
            decided = _refused(context.seq, desk, judgement)
        else:
            why = "reduce_only" if reduces else ""
            decided = [_decision(context.seq, desk, why, judgement, approved=True)]
            if not reduces:
                self.state.reservations[context.seq] = asked.reservation
                self.state.entered[desk] += [now] * asked.request.orders
        if account.equity < account.peak or account.equity < account.day_equity:
            decided += self._trip(account.equity, now)
        return decided

    @on(FillObserved)
    def convert(self, fill: FillObserved, context: Context) -> None:
        """What filled is a position now and no longer reserved."""
        reservation = self.state.reservations.get(candidate_of(fill.order))
        if reservation is not None and self._ledger.booked_at(context.seq):
            reservation.convert(fill)

    @on(Verdict)
    def release(self, verdict: Verdict, _: Context) -> None:
        """A candidate that ended reserves nothing."""
        self.state.reservations.pop(verdict.candidate, None)

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
        """Begin at the equity that was handed over, with the latches of the run before."""
        self._arm(context)
        self.state.day_equity = self.state.peak = self._ledger.equity(self._marks)
        made: list[Event] = []
        for latch in event.latches:
            desk, _, rule = latch.rpartition("/")
            reason = f"latched in run {event.parent}"
            made += self.state.latches.set(Latch(desk, HaltRule(rule), GUARDIAN, reason, context.now))
        return made

    @on(TradeClosed, TradeReversed)
    def mark_after_trade(self, _: TradeClosed | TradeReversed, context: Context) -> list[Event]:
        """The account after a round trip, and the latches that it trips."""
        return self._mark(context.now)

    @on(WokeUp)
    def mark_on_time(self, event: WokeUp, context: Context) -> list[Event]:
        """The account at its hour; at UTC midnight the day's loss starts anew."""
        made = self._mark(context.now)
        if event.key == MIDNIGHT:
            self.state.day_equity = self._ledger.equity(self._marks)
        self._wake(event.key, context)
        return made if event.key == MARK else [one for one in made if not isinstance(one, EquityMarked)]

    # Latches

    @on(Operator)
    def obey(self, event: Operator, context: Context) -> list[Event] | None:
        """Halt, resume or flatten. A flatten halts too, or entries would undo it.

        A resume without a name or a reason changes nothing. One that releases the daily loss or the drawdown
        counts that loss from here on: the account may lose the whole limit once more.
        """
        if event.command_name is Order.RESUME:
            return self._resume(event)
        if event.command_name is Order.FLATTEN and event.account not in ("", self._account):
            return None
        rule = HaltRule.FLATTEN if event.command_name is Order.FLATTEN else HaltRule.OPERATOR
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

    def _resume(self, event: Operator) -> list[Event] | None:
        if not event.by.strip() or not event.reason.strip():
            return None
        state = self.state
        released = state.latches.release(event.desk)
        for desk in [desk for desk in state.backoffs if event.desk in ("", desk)]:
            del state.backoffs[desk]
        rules = [latch.rule for latch in released]
        if HaltRule.DAILY_LOSS in rules or HaltRule.DRAWDOWN in rules:
            equity = self._ledger.equity(self._marks)
            if HaltRule.DAILY_LOSS in rules:
                state.day_equity = equity
            if HaltRule.DRAWDOWN in rules:
                state.peak = equity
        return [
            HaltChanged(latch.desk, halted=False, rule=latch.rule.value, by=event.by, reason=event.reason)
            for latch in released
        ]

    def _account_with(self, candidate: TradeCandidate, asked: Asked, now: int) -> Account:
        """The account as it would stand with `asked` on top."""
        state, reservation = self.state, asked.reservation
        desk, reservations = reservation.desk, state.reservations
        at = exposure_of(
            self._ledger,
            self._marks,
            reservations.values(),
            reservation,
            [leg.instrument for leg in candidate.intent.legs],
        )
        if at.equity > state.peak:
            state.peak = at.equity
        backoff = state.backoffs.get(desk)
        entered = state.entered.get(desk, [])
        if entered and now - entered[0] >= MINUTE:
            entered = [ts for ts in entered if now - ts < MINUTE]
        state.entered[desk] = entered
        return Account(
            halt=state.latches.holding(""),
            desk_halt=state.latches.holding(desk),
            backoff_until=backoff.until if backoff else 0,
            equity=at.equity,
            day_equity=state.day_equity,
            peak=state.peak,
            position=at.position,
            desk=at.desk,
            portfolio=at.portfolio,
            cash=at.cash,
            orders_in_minute=len(entered),
            duplicate_of=_same_key(reservations, reservation.key) if reservations else 0,
        )

    def _trip(self, equity: int, now: int) -> list[Event]:
        """Latch what the equity breaks."""
        state = self.state
        made: list[Event] = []
        for rule, base, ppm in (
            (HaltRule.DAILY_LOSS, state.day_equity, self._limits.daily_loss_ppm),
            (HaltRule.DRAWDOWN, state.peak, self._limits.drawdown_ppm),
        ):
            lost, limit = base - equity, base * ppm // PPM
            if base > 0 and lost > limit and not state.latches.has("", rule):
                reason = f"equity fell by {cash_text(lost)}, limit {cash_text(limit)}"
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


def _same_key(reservations: dict[int, Reservation], key: str) -> int:
    """The open candidate that reserved under `key` (0: none)."""
    return next((seq for seq, one in reservations.items() if one.key == key), 0)


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
