"""What a proof of the uptrend desk has reached: every kind of action and way out, every stage and sort of window."""

from __future__ import annotations

from collections import Counter

from tradeworthy.core.candidates import Candidate
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.booking import EXECUTED
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EngineJudged,
    EpisodeEnded,
    PositionClosed,
    WindowClosed,
)
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.planning import (
    BUY,
    EMERGENCY,
    EXIT,
    FIRST_DIP,
    RECLAIM,
    S1_BUY,
    TRIM,
)
from tradeworthy.desks.uptrend.transitions import FAST_AT_BOTTOM
from tradeworthy.execution.intents import TradeCandidate
from tradeworthy.proving.parity.coverage import Coverage

WHOLE, IN_PART, NONE = "taker", "taker, in part", "nothing on offer"
LONG = "long"

SIGNALS = (S1_BUY, BUY, FIRST_DIP, RECLAIM, TRIM, EMERGENCY, EXIT)
EXITS = (FAST_AT_BOTTOM,)
STAGES = tuple(str(one) for one in (Stage.S0, Stage.S1, Stage.S2, Stage.S3))
WINDOWS = tuple(f"{kind} {decision}" for kind in ("s1", "s3") for decision in ("acted", "skipped"))
EPISODES = ("success", "failure", "missed", "correct_skip")

OWED = {
    "actions": SIGNALS,
    "exits": EXITS,
    "fills": (WHOLE,),
    "stages": STAGES,
    "windows": WINDOWS,
    "episodes": EPISODES,
}
"""What must occur at least once, by the sort of thing it is.

The way out all_emas_below_333 is not owed: with the global exit nearly every run in S3 ends before by the fast band.
"""


class Reached:
    """How often each thing occurred, by its sort."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {name: Counter[str]() for name in (*OWED, "skipped")}
        self._asked: dict[str, int] = {}

    def see(self, event: Event) -> None:
        """Count what `event` shows."""
        counts = self.counts
        match event:
            case EngineJudged():
                counts["stages"][str(event.payload.state)] += 1
            case TradeCandidate():
                self._asked[event.intent.legs[0].position] = event.intent.legs[0].lots
            case Candidate() if event.skip and not event.kind.endswith("_window"):
                counts["skipped"][event.skip] += 1
            case ActionTaken():
                asked = self._asked.pop(event.position, 0)
                if event.status == EXECUTED:
                    counts["actions"][event.signal] += 1
                counts["fills"][WHOLE if event.lots == asked else IN_PART if event.lots else NONE] += 1
            case PositionClosed():
                counts["exits"][event.exit_reason] += 1
            case WindowClosed():
                counts["windows"][f"{event.window.split('/')[-2]} {event.decision_taken}"] += 1
            case EpisodeEnded():
                counts["episodes"][event.outcome] += 1
            case _:
                pass

    def missing(self) -> tuple[str, ...]:
        """What is owed and never occurred."""
        return tuple(
            f"{sort}: {name}" for sort, names in OWED.items() for name in names if not self.counts[sort][name]
        )

    def coverage(self) -> Coverage:
        """The counts as parity shows them; what is owed and never occurred is 0."""
        every = {
            sort: {name: found[name] for name in (*OWED.get(sort, ()), *sorted(found)) if name}
            for sort, found in self.counts.items()
        }
        exits, fills = every.pop("exits"), every.pop("fills")
        return Coverage(exits, fills, {LONG: sum(self.counts["exits"].values())}, every)
