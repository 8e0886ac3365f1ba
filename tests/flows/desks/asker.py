"""A desk that asks for what a HealthObserved of its name says, so that a test decides its every intent."""

import msgspec

from tradeworthy import Candidate, Desk, DeskContext, Intent, State, TradeCandidate, on
from tradeworthy.core.agents import Answer
from tradeworthy.risk.operators import HealthObserved


class Asker(Desk):
    """The word is an intent as JSON; a bare word is a reason to skip, none says nothing."""

    class Memory(State):
        """How often it was asked."""

        asked: int = 0

    @on(HealthObserved)
    def ask(self, event: HealthObserved, context: DeskContext) -> Answer:
        """The candidate."""
        if event.part != self.name:
            return "not_asked"
        self.state.asked += 1
        if not event.word:
            return None
        if not event.word.startswith("["):
            return Candidate("signal", "", {}, skip=event.word)
        intent = msgspec.json.decode(event.word, type=Intent)
        name = intent.legs[0].instrument if intent.legs else ""
        return TradeCandidate(f"signal{self.state.asked}", name, {}, intent=intent)
