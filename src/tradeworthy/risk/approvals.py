"""What was approved and still counts: reservations, locked sets, the pace of desks and strategies, keys."""

from __future__ import annotations

import msgspec

from tradeworthy.core.agents import State
from tradeworthy.core.candidates import Outcome, Verdict
from tradeworthy.execution.accounting import TradeClosed, TradeReversed
from tradeworthy.execution.intents import strategy_of
from tradeworthy.execution.ledger import Ledger, candidate_of
from tradeworthy.execution.orders import FillObserved
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.predictions import Market
from tradeworthy.risk.exposure import Reservation
from tradeworthy.risk.locks import Locks
from tradeworthy.risk.pace import MINUTE, Pace
from tradeworthy.risk.requests import Asked, Proposal
from tradeworthy.risk.settings import Limits


class Approvals(State):
    """`reservations` are those of approved candidates without a verdict, `locks` what filled without a direction.

    By desk, in `entered` the times of its entry orders approved within the last minute. By `desk/strategy`, its pace.
    `keys` says which candidate had an intent's own key, and when it was approved: for a while that makes a duplicate.
    """

    reservations: dict[int, Reservation] = {}
    locks: Locks = msgspec.field(default_factory=Locks)
    entered: dict[str, list[int]] = {}
    paces: dict[str, Pace] = {}
    keys: dict[str, tuple[int, int]] = {}

    # What was asked before

    def entries(self, desk: str, now: int) -> int:
        """How many entry orders of `desk` were approved in the minute before `now`; forgets the older ones."""
        entered = self.entered.get(desk, [])
        if entered and now - entered[0] >= MINUTE:
            entered = [ts for ts in entered if now - ts < MINUTE]
        self.entered[desk] = entered
        return len(entered)

    def pace(self, desk: str, strategy: str) -> Pace:
        """The pace of that strategy."""
        return self.paces.setdefault(f"{desk}/{strategy}", Pace())

    def same_key(self, key: str, now: int, limits: Limits) -> int:
        """The candidate that reserved under `key` and is open, or had it as its own lately (0: none)."""
        for seq, one in self.reservations.items():
            if one.key == key:
                return seq
        if key not in self.keys:
            return 0
        seq, ts = self.keys[key]
        return seq if now - ts < limits.duplicate_after_ns else 0

    # What becomes of it

    def approve(self, proposal: Proposal, asked: Asked, now: int, limits: Limits) -> None:
        """Count an entry."""
        desk, intent = proposal.desk, proposal.intent
        self.reservations[proposal.seq] = asked.reservation
        self.entered[desk] += [now] * asked.request.orders
        if limits.requests_per_minute_max is not None:
            self.pace(desk, intent.strategy).approved.append(now)
        if intent.dedupe_key and limits.duplicate_after_ns:
            old = now - limits.duplicate_after_ns
            for key in [key for key, (_, ts) in self.keys.items() if ts <= old]:
                del self.keys[key]
            self.keys[asked.reservation.key] = (proposal.seq, now)

    def fill(self, fill: FillObserved, ledger: Ledger) -> None:
        """What filled is a position now and no longer reserved; what was sold locks nothing any more."""
        reservation = self.reservations.get(candidate_of(fill.order))
        if reservation is not None:
            reservation.convert(fill)
        if self.locks.lots:
            self.loosen(fill.desk, fill.position or fill.instrument, ledger)

    def release(self, verdict: Verdict, ledger: Ledger) -> None:
        """A candidate that ended reserves nothing; the whole sets of one with a promise are locked."""
        reservation = self.reservations.pop(verdict.candidate, None)
        if reservation is None or not reservation.promised:
            return
        if verdict.outcome is not Outcome.FILLED or verdict.reason not in (
            Reason.FILLED,
            Reason.PARTLY_FILLED,
        ):
            return
        legs = reservation.whole_sets()
        self.locks.add(verdict.candidate, {f"{reservation.desk}/{key}": lots for key, lots in legs.items()})
        for position in legs:
            self.loosen(reservation.desk, position, ledger)

    def loosen(self, desk: str, position: str, ledger: Ledger) -> None:
        """Lock no more than is held under that key."""
        if self.locks.lots:
            self.locks.limit(f"{desk}/{position}", abs(ledger.position(desk, position).lots))

    def doubt(self, market: Market, ledger: Ledger) -> None:
        """Sets with a token of `market` are locked no longer: its outcome is none that they were bought for."""
        if self.locks.lots:
            for held in ledger.positions():
                if held.instrument in (market.yes, market.no):
                    self.locks.limit(f"{held.desk}/{held.position}", 0)

    def close(self, trade: TradeClosed | TradeReversed, now: int, limits: Limits) -> None:
        """Count a round trip for its strategy, or take it back; what was closed locks nothing any more."""
        if isinstance(trade, TradeClosed) and self.locks.lots:
            self.locks.close(f"{trade.desk}/{trade.position}")
        losses_max, pause_ns = limits.loss_streak_max, limits.loss_streak_pause_ns
        if losses_max is None:
            return
        pace = self.pace(trade.desk, strategy_of(trade.position))
        if isinstance(trade, TradeClosed):
            pace.close(trade, now, losses_max, pause_ns)
        else:
            pace.take_back(trade, now, losses_max, pause_ns)
