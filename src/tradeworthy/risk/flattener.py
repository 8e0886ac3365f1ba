"""Closes all that a desk holds when it must be flat, with exits that the desk itself might not open."""

from __future__ import annotations

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.execution.intents import Intent, Leg, TradeCandidate
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.order_desk import OrderDesk
from tradeworthy.execution.positions import Position
from tradeworthy.market.instruments import Side
from tradeworthy.market.listing import Listing
from tradeworthy.risk.backoff import SECOND
from tradeworthy.risk.operators import HaltChanged, HaltRule
from tradeworthy.risk.settings import OnFault

FLATTEN = "flatten"
"""The kind of its candidates, and the reason of their intents."""

LOOK_AGAIN = "look_again"
WAIT_S_MAX = 3600
WORKING_WAIT_S_MAX = 60
"""While orders of the desk are at work, something may change at any time."""


class FlattenerState(State):
    """`rules` are the latches that want the desk flat, as `desk/rule`; without one it sleeps.

    `lots` is what was held at the last look, all positions together, and `wait_s` how long it waits for the next.
    """

    rules: list[str] = []
    lots: int = 0
    wait_s: int = 1


class Flattener(Agent):
    """The part `<desk>-flattener`: exits at market until all is closed or a person resumes the desk.

    It sells into whatever is bid, which can cost money. It looks again after 1 s, then after 2, 4 ... 60 s while
    orders are at work, and up to an hour where none helps: what is left is too small, or its market gone.
    """

    state: FlattenerState

    def __init__(
        self, desk: str, on_fault: OnFault, *, ledger: Ledger, orders: OrderDesk, listing: Listing
    ) -> None:
        super().__init__(f"{desk}-flattener", FlattenerState(), desk)
        self._ledger, self._orders, self._listing = ledger, orders, listing
        self._rules = [HaltRule.FLATTEN, *([HaltRule.FAULTS] if on_fault is OnFault.FLATTEN else [])]

    @on(HaltChanged)
    def begin_or_end(self, event: HaltChanged, context: Context) -> list[Event] | str:
        """Close all when a latch that wants it is set; stop trying when the last one is released."""
        if event.desk not in ("", self.desk) or event.rule not in self._rules:
            return "nothing_to_flatten"
        rules, name = self.state.rules, f"{event.desk}/{event.rule}"
        if not event.halted:
            if name in rules:
                rules.remove(name)
            return "resumed"
        if name not in rules:
            rules.append(name)
        return self._close(context)

    @on(WokeUp)
    def look_again(self, _: WokeUp, context: Context) -> list[Event] | str:
        """Close what is open still, or what an entry that was on its way has opened since."""
        return self._close(context) if self.state.rules else "resumed"

    def _close(self, context: Context) -> list[Event] | str:
        """An exit for each position without one at work; sleeps once nothing is held or can still be filled."""
        state, works = self.state, self._orders.state.works.values()
        mine = [work.intent for work in works if work.desk == self.desk]
        held = self._ledger.positions(self.desk)
        if not held and not mine:
            state.lots, state.wait_s = 0, 1
            return "flat"
        lots = sum(abs(one.lots) for one in held)
        longest_s = WORKING_WAIT_S_MAX if mine else WAIT_S_MAX
        state.wait_s = min(longest_s, 2 * state.wait_s) if lots == state.lots else 1
        state.lots = lots
        context.wake_at(context.now + state.wait_s * SECOND, LOOK_AGAIN, late_ok=True)
        closing = [intent.legs[0].position for intent in mine if intent.reason == FLATTEN]
        # A run that takes positions over hears of its latches before its instruments are listed.
        known = self._listing.state.instruments
        exits: list[Event] = [
            self._exit(one) for one in held if one.position not in closing and one.instrument in known
        ]
        return exits or "flattening"

    def _exit(self, held: Position) -> TradeCandidate:
        side = Side.SELL if held.lots > 0 else Side.BUY
        lots = min(abs(held.lots), self._listing.scale(held.instrument).lots_max)
        leg = Leg(held.instrument, side, lots, position=held.position)
        return TradeCandidate(
            FLATTEN,
            held.instrument,
            {"lots": held.lots, "cost": held.cost},
            intent=Intent((leg,), reduce_only=True, reason=FLATTEN),
        )
