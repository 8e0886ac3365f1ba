"""The steps of a path, from the tables or the journal: which part took each, and what stands for those not on record.

Market data, timers and what agents tell each other inside a turn are not in the tables: they stand there by number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tradeworthy.core.packets import Packet
from tradeworthy.store.values import plain

Event = dict[str, Any]

INSIDE = "Inside the turn"
"""The type of a step that stands for a packet between agents, of which there is no record."""

WOKEN = "Wake-up"
"""The type of a step that stands for a timer of this trace, of which there is no record."""

ROOT = "Input"
"""The type of a step that stands for market data, of which the tables have no more than the number."""

QUIET = "No candidate"
"""The type of a step that stands for a desk that opened nothing in a turn; its event says why."""

UNSEEN = frozenset({INSIDE, WOKEN, ROOT})
"""The types of steps that are drawn by their number alone."""


class Lane(StrEnum):
    """The parts that a path goes through, from left to right."""

    FEED = "Feed"
    DESK = "Desk"
    RISK = "Risk"
    EXECUTION = "Execution"
    VENUE = "Venue"
    LEDGER = "Ledger"


LANES: Final = tuple(Lane)

_BY_TYPE: Final[dict[str, Lane]] = {
    **dict.fromkeys(("Decision", "HaltChanged", "Operator", "PostureChanged"), Lane.RISK),
    **dict.fromkeys(("ActionTaken", "CancelOrder", "CancelWorking", "PlaceOrder"), Lane.EXECUTION),
    **dict.fromkeys(("OrderObserved", "FillObserved", "Reconciled"), Lane.VENUE),
    **dict.fromkeys(("MarketClosed", "MarketDisputed", "MarketResolved"), Lane.VENUE),
    **dict.fromkeys(("CashMoved", "EquityMarked", "PositionChanged", "SetsMerged", "Settled"), Lane.LEDGER),
    **dict.fromkeys(("PositionBooked", "PositionClosed", "TradeClosed", "TradeReversed"), Lane.LEDGER),
    **dict.fromkeys(("SignalTaken", "SocialSignal", "StateForced"), Lane.FEED),
}
_BY_AGENT: Final[dict[str, Lane]] = {
    **dict.fromkeys(("answers", "configuration", "feed", "operator"), Lane.FEED),
    "risk-guardian": Lane.RISK,
    "orders": Lane.EXECUTION,
    "paper-executor": Lane.VENUE,
    "ledger": Lane.LEDGER,
}


class Step(NamedTuple):
    """A packet on its way: `at_us` is session time in microseconds since 1970, `event` its fields by name."""

    seq: int
    cause: int
    trace: int
    at_us: int
    agent: str
    type: str
    event: Event
    lane: Lane

    @property
    def at(self) -> datetime:
        """Session time, UTC."""
        return datetime.fromtimestamp(self.at_us // 1_000_000, UTC).replace(
            microsecond=self.at_us % 1_000_000
        )


def lane_of(type_: str, agent: str) -> Lane:
    """The part that a packet belongs to: by what it is, else by whose it is; all other agents are a desk's."""
    return _BY_TYPE.get(type_) or _BY_AGENT.get(agent, Lane.DESK)


def steps_of_rows(rows: Iterable[dict[str, Any]]) -> list[Step]:
    """Steps from rows of the table `packets`, in their order."""
    return [
        Step(
            row["seq"],
            row["cause"],
            row["trace"],
            _micros(row["created_at"]),
            row["agent"],
            row["type"],
            row["event"] or {},
            Lane.FEED if row["input"] and row["type"] not in _BY_TYPE else lane_of(row["type"], row["agent"]),
        )
        for row in rows
    ]


def steps_of_packets(packets: Iterable[Packet]) -> list[Step]:
    """Steps from packets of the journal, in their order."""
    found = []
    for one in packets:
        name = type(one.event).__name__
        place = lane_of(name, one.agent) if one.cause or name in _BY_TYPE else Lane.FEED
        event: Event = plain(one.event)
        found.append(Step(one.seq, one.cause, one.trace, one.ts // 1_000, one.agent, name, event, place))
    return found


def whole(steps: Sequence[Step], root: Step | None = None) -> list[Step]:
    """The steps in order, with the input that they began with (`root`: as the journal has it), and no cause missing.

    What is not on record (market data, wake-ups, what agents tell each other inside a turn) is there by its number.
    """
    known = {step.seq: step for step in steps}
    if root is not None:
        known.setdefault(root.seq, root)
    first = min(steps, key=lambda step: step.seq, default=None)
    if first is not None and first.trace not in known:
        known[first.trace] = _input(first.trace, first)
    for step in steps:
        if step.cause and step.cause not in known:
            is_input = step.cause == step.trace
            known[step.cause] = _input(step.cause, step) if is_input else _unseen(step, known)
    return sorted(known.values(), key=lambda step: step.seq)


def with_reasons(steps: Sequence[Step], reasons: Mapping[str, str]) -> list[Step]:
    """The steps of a quiet turn, and for each desk one that says why it opened nothing; their seqs are below 0."""
    if not steps:
        return []
    root = steps[0]
    told = [
        Step(-number, root.seq, root.trace, root.at_us, desk, QUIET, {"desk": desk, "skip": code}, Lane.DESK)
        for number, (desk, code) in enumerate(sorted(reasons.items()), 1)
    ]
    return [*steps, *told]


def missing(steps: Sequence[Step]) -> list[int]:
    """The seqs of the causes and roots that the steps name and do not hold."""
    known = {step.seq for step in steps}
    return sorted({seq for step in steps for seq in (step.cause, step.trace) if seq and seq not in known})


def _input(seq: int, effect: Step) -> Step:
    return Step(seq, 0, seq, effect.at_us, "", ROOT, {}, Lane.FEED)


def _unseen(effect: Step, known: dict[int, Step]) -> Step:
    """The cause of `effect`: a timer of its agent if time has moved since that or another last did something."""
    earlier = [one for one in known.values() if one.trace == effect.trace and one.seq < effect.cause]
    own = [one for one in earlier if one.agent == effect.agent]
    before = max(own or earlier, key=lambda one: one.seq, default=None)
    kind = WOKEN if before is not None and before.at_us < effect.at_us else INSIDE
    parent = before.seq if before is not None else 0
    return Step(effect.cause, parent, effect.trace, effect.at_us, effect.agent, kind, {}, effect.lane)


def _micros(at: datetime) -> int:
    seconds = at.replace(microsecond=0).timestamp()
    return int(seconds) * 1_000_000 + at.microsecond
