"""Opens the run that a plan asks for: goes on with the one there is, or begins an empty one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tradeworthy.core.agents import Agent
from tradeworthy.core.events import Event
from tradeworthy.core.ports import Outbox, Recorder
from tradeworthy.execution.accounting import Opened
from tradeworthy.journal.segments import Header, list_segments
from tradeworthy.runtime.assembly import CONFIGURED, Core, assemble, first_inputs
from tradeworthy.runtime.concluded import is_concluded
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.runs import RunName, header_of, identity_of, newest

SECOND_NS = 1_000_000_000
Sink = Callable[[bytes], None]
Opening = Callable[[int], Opened | None]
"""What a run that begins at that session time (UTC ns) takes over; None: the configuration's cash."""


def nothing_taken_over(_: int) -> None:
    """The configuration's cash."""


@dataclass(frozen=True)
class OpenRun:
    """A run that is ready for its feed: session time at its beginning, and where its duration ends."""

    life: Life
    start_ts: int
    end_ts: int | None
    resumed: bool


def open_run(
    plan: Plan,
    home: Home,
    feed: dict[str, Any],
    start_ts: int,
    *,
    observers: Sequence[Agent] = (),
    on_decision: Sink | None = None,
    opening: Opening = nothing_taken_over,
) -> OpenRun:
    """The plan's unfinished run, recovered, or an empty one, on the simulated clock.

    `feed` is the feed's identity, `start_ts` where its time begins (UTC ns); `opening` says what an empty one
    takes over.
    """
    stem, decisions = stem_of(plan, feed)
    last = newest(home, stem)
    end_ts = end_of(plan, start_ts)
    resumes = plan.mode is not Mode.BACKTEST and not plan.fresh
    if resumes and last and not is_concluded(home.runs / str(last)):
        header = header_of(plan, last, feed, decisions, start_ts=start_ts, end_ts=end_ts)
        life = make_life(plan.configuration, home, header)
        with ExitStack() as undo:
            undo.callback(life.close)
            if life.core.sequencer.positions.get(CONFIGURED, -1) + 1 < len(first_inputs(plan.configuration)):
                begin(life, start_ts, first_inputs(plan.configuration, opening(start_ts)))
            undo.pop_all()
        return OpenRun(life, start_ts, end_ts, resumed=True)
    first = first_inputs(plan.configuration, opening(start_ts))
    name = RunName(stem, claim_ordinal(home, stem, last, alone=plan.mode is not Mode.BACKTEST))
    header = header_of(plan, name, feed, decisions, start_ts=start_ts, end_ts=end_ts)
    life = make_life(plan.configuration, home, header, observers, on_decision)
    begin(life, start_ts, first)
    return OpenRun(life, start_ts, end_ts, resumed=False)


def stem_of(plan: Plan, feed: dict[str, Any]) -> tuple[str, str]:
    """What the names of the plan's runs begin with, and their decision hash."""
    identity, decisions = identity_of(plan, feed)
    return f"{plan.configuration.name}-{identity[:8]}", decisions


def end_of(plan: Plan, start_ts: int) -> int | None:
    """Where the plan's duration ends, in session time (UTC ns); None if it has none."""
    return None if plan.duration_s is None else start_ts + round(plan.duration_s * SECOND_NS)


def make_life(
    configuration: Configuration,
    home: Home,
    header: Header,
    observers: Sequence[Agent] = (),
    on_decision: Sink | None = None,
) -> Life:
    """The life of the run that `header` names, opened (and recovered) in its folder."""
    return Life(
        home.runs / header.run,
        header,
        builder(configuration, header, observers),
        segment_bytes=configuration.journal.segment_mib << 20,
        on_decision=on_decision,
    )


def builder(
    configuration: Configuration, header: Header, observers: Sequence[Agent] = ()
) -> Callable[[Recorder, Outbox], Core]:
    """What assembles the core of the run that `header` names."""

    def build(recorder: Recorder, outbox: Outbox) -> Core:
        return assemble(
            configuration,
            recorder,
            outbox,
            seed=header.seed,
            record_inputs=header.record_inputs,
            observers=observers,
        )

    return build


def begin(life: Life, ts: int, events: list[Event]) -> None:
    """Admit what the run is told first; what it was told in an earlier life is dropped as a repeat."""
    for position, event in enumerate(events):
        life.admit(CONFIGURED, ts, event, position=position)


def claim_ordinal(home: Home, stem: str, last: RunName | None, *, alone: bool) -> int:
    """The first free ordinal, its folder made: two processes never share one.

    A session is `alone` in its home, so a folder without a journal is what a killed process left: it is used.
    """
    ordinal = last.ordinal + 1 if last else 1
    while True:
        folder = home.runs / f"{stem}-{ordinal}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if list_segments(folder) or not alone:
                ordinal += 1
                continue
        return ordinal
