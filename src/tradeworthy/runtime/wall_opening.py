"""Opens a run on the wall clock: goes on with the one there is, follows one of other code, or begins an empty one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tradeworthy.core.errors import NotAvailable
from tradeworthy.core.events import Event, Resumed
from tradeworthy.execution.accounting import Opened
from tradeworthy.journal.reader import read_header
from tradeworthy.journal.segments import Header
from tradeworthy.runtime.assembly import CONFIGURED, first_inputs, instruments_of
from tradeworthy.runtime.concluded import is_concluded
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.opening import (
    Opening,
    OpenRun,
    begin,
    claim_ordinal,
    end_of,
    make_life,
    nothing_taken_over,
    stem_of,
)
from tradeworthy.runtime.plan import Plan
from tradeworthy.runtime.runs import WALL, RunName, header_of, newest, unsealed_on_wall
from tradeworthy.runtime.sealed import Handover, check_heir, handover_of, is_sealed, seal


def open_wall_run(
    plan: Plan, home: Home, feed: dict[str, Any], now: int, opening: Opening = nothing_taken_over
) -> OpenRun:
    """The plan's unfinished run on the wall clock, recovered and told of the gap up to `now` (UTC ns), or a new one.

    Changed code or configuration never replays an old tail: the run that was going on under that name is sealed, and
    what its records say opens the new one. UsageError if that can't go on with it. After a finished run, and with
    `fresh`, an empty run begins; `opening` says what that takes over.
    """
    stem, decisions = stem_of(plan, feed)
    last = newest(home, stem)
    there = None if plan.fresh or last is None else _unfinished(home.runs / str(last))
    if last and there:
        header = header_of(plan, last, feed, decisions, parent=there.parent, **_wall_clock(there.session))
        began = there.session["start_ts"]

        def told_again() -> list[Event]:
            handed = handover_of(home.runs / header.parent) if header.parent else None
            return _first_inputs(plan, home, handed or opening(began))

        life = _begun(plan, home, header, now, told_again)
        return OpenRun(life, began, there.session["end_ts"], resumed=True)
    parent = None if plan.fresh else _handed_over(plan, home)
    first = _first_inputs(plan, home, parent or opening(now))
    name = RunName(stem, claim_ordinal(home, stem, last, alone=True))
    clock = _wall_clock({"start_ts": now, "end_ts": end_of(plan, now), "told": len(first)})
    header = header_of(plan, name, feed, decisions, parent=parent.header.run if parent else "", **clock)
    return OpenRun(_begun(plan, home, header, now, lambda: first), now, clock["end_ts"], resumed=False)


def _unfinished(folder: Path) -> Header | None:
    """The header of the run in `folder`; None if it is over, or died before it had a header."""
    if is_sealed(folder) or is_concluded(folder):
        return None
    try:
        return read_header(folder)
    except NotAvailable:
        return None


def _wall_clock(session: dict[str, Any]) -> dict[str, Any]:
    """What tells the header of a run on the wall clock from one on the simulated; `told` counts its first inputs."""
    told = {"told": session["told"]} if "told" in session else {}
    return {"start_ts": session["start_ts"], "end_ts": session["end_ts"], "clock": WALL, **told}


def _begun(plan: Plan, home: Home, header: Header, now: int, first: Callable[[], list[Event]]) -> Life:
    """The run of `header`, the one run that goes on under the plan's name, told `first` all that it must know."""
    life = make_life(plan.configuration, home, header)
    with ExitStack() as undo:
        undo.callback(life.close)
        lived, last_ts = life.core.sequencer.inputs, life.core.sequencer.now
        told = header.session.get("told", len(instruments_of(plan.configuration)) + 1)
        if life.core.sequencer.positions.get(CONFIGURED, -1) + 1 < told:
            begin(life, now, first())
            life.writer.wait_durable()
        _seal_others(plan, home, header.run)
        if lived:
            life.admit(WALL, now, Resumed(max(0, now - last_ts)))
        undo.pop_all()
    return life


def _first_inputs(plan: Plan, home: Home, taken_over: Handover | Opened | None) -> list[Event]:
    """What a run on the wall clock is told first: Opened before all else, if it has a parent."""
    if not isinstance(taken_over, Handover):
        return first_inputs(plan.configuration, taken_over)
    told = first_inputs(plan.configuration, taken_over.opened)
    return [
        taken_over.opened,
        *taken_over.market_facts(),
        *(one for one in told if one is not taken_over.opened),
        *_of_tokens(plan, home, taken_over),
    ]


def _of_tokens(plan: Plan, home: Home, taken_over: Handover) -> list[Event]:
    if not plan.configuration.on_tokens:
        return []
    from tradeworthy.runtime.handed_on import learning_handed_on, rows_handed_on

    learned = learning_handed_on(plan.configuration, taken_over, home.runs / taken_over.header.run)
    return [*learned, *rows_handed_on(plan.configuration, taken_over)]


def _handed_over(plan: Plan, home: Home) -> Handover | None:
    """What the run that went on under the plan's name hands over; None if none did, or it is finished.

    A run that died before it had books has left them where they were, with its parent; one that died before it had
    its parent sealed has the same books.
    """
    configuration = plan.configuration
    found = [handover_of(folder) for folder in unsealed_on_wall(home, configuration.name)]
    found = [one for one in found if one.begun]
    if not found or found[-1].finished:
        return None
    tokens = found[-1].tokens() if configuration.on_predictions else []
    check_heir(
        found[-1],
        [*instruments_of(configuration), *tokens],
        [desk.name for desk in configuration.desks],
        configuration.account.currency,
    )
    return found[-1]


def _seal_others(plan: Plan, home: Home, run: str) -> None:
    """From now on `run` is the one that goes on under the plan's name."""
    for folder in unsealed_on_wall(home, plan.configuration.name):
        if folder.name != run:
            seal(folder, run)
