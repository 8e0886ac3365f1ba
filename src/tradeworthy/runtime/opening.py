"""Opens the run that a plan asks for: goes on with the one there is, or begins an empty one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tradeworthy.core.agents import Agent
from tradeworthy.core.events import Event
from tradeworthy.core.ports import Outbox, Recorder
from tradeworthy.journal.reader import read_header
from tradeworthy.journal.segments import Header, list_segments
from tradeworthy.runtime.assembly import CONFIGURED, Core, assemble, first_inputs, listed_instruments
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.runs import RunName, header_of, identity_of, newest, newest_unsealed
from tradeworthy.runtime.sealed import opened_from

SECOND_NS = 1_000_000_000
SEALED = "sealed"

Sink = Callable[[bytes], None]


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
) -> OpenRun:
    """The plan's unfinished run, recovered, or an empty one, on the simulated clock.

    `feed` is the feed's identity, `start_ts` where its time begins (UTC ns).
    """
    stem, decisions = _stem(plan, feed)
    last = newest(home, stem)
    end_ts = _end(plan, start_ts)
    if last and not plan.fresh and plan.mode is not Mode.BACKTEST:
        header = header_of(plan, last, feed, decisions, start_ts=start_ts, end_ts=end_ts)
        life = make_life(plan.configuration, home, header)
        if not life.finished:
            _begin(life, start_ts, first_inputs(plan.configuration))
            return OpenRun(life, start_ts, end_ts, resumed=True)
        life.close()
    name = RunName(stem, _next_ordinal(home, stem, last))
    header = header_of(plan, name, feed, decisions, start_ts=start_ts, end_ts=end_ts)
    life = make_life(plan.configuration, home, header, observers, on_decision)
    _begin(life, start_ts, first_inputs(plan.configuration))
    return OpenRun(life, start_ts, end_ts, resumed=False)


def open_wall_run(plan: Plan, home: Home, feed: dict[str, Any], now: int) -> OpenRun:
    """The plan's unfinished run, recovered, on the wall clock.

    Changed code or configuration never replays an old tail: the newest run of that name is sealed, and what it
    held opens the new one.
    """
    stem, decisions = _stem(plan, feed)
    last = newest(home, stem)
    if last and not plan.fresh:
        there = read_header(home.runs / str(last)).session
        header = header_of(plan, last, feed, decisions, start_ts=there["start_ts"], end_ts=there["end_ts"])
        life = make_life(plan.configuration, home, header)
        if not life.finished:
            return OpenRun(life, there["start_ts"], there["end_ts"], resumed=True)
        life.close()
    parent = None if plan.fresh else newest_unsealed(home, plan.configuration.name)
    name = RunName(stem, _next_ordinal(home, stem, last))
    end_ts = _end(plan, now)
    header = header_of(
        plan, name, feed, decisions, parent=parent.name if parent else "", start_ts=now, end_ts=end_ts
    )
    opened = opened_from(parent) if parent else None
    life = make_life(plan.configuration, home, header)
    listed = listed_instruments(plan.configuration)
    _begin(life, now, [*listed, opened] if opened else first_inputs(plan.configuration))
    if parent:
        life.writer.wait_durable()
        (parent / SEALED).write_text(str(name), encoding="utf-8")
    return OpenRun(life, now, end_ts, resumed=False)


def _stem(plan: Plan, feed: dict[str, Any]) -> tuple[str, str]:
    identity, decisions = identity_of(plan, feed)
    return f"{plan.configuration.name}-{identity[:8]}", decisions


def _end(plan: Plan, start_ts: int) -> int | None:
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


def _begin(life: Life, ts: int, events: list[Event]) -> None:
    """Admit what the run is told first; what it was told in an earlier life is dropped as a repeat."""
    for position, event in enumerate(events):
        life.admit(CONFIGURED, ts, event, position=position)


def _next_ordinal(home: Home, stem: str, last: RunName | None) -> int:
    """The first free ordinal, its folder made: two processes never share one."""
    ordinal = last.ordinal + 1 if last else 1
    while True:
        folder = home.runs / f"{stem}-{ordinal}"
        if not list_segments(folder):
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                ordinal += 1
                continue
            return ordinal
        ordinal += 1
