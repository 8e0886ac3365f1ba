"""What people hand to a session that trades tokens and learns: signals, forced states, actions, and learning's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.events import Curator, CuratorsChanged, RowOperated, StateForced
from tradeworthy.desks.uptrend.thresholds import check_threshold
from tradeworthy.gateways.actions import actions_of
from tradeworthy.gateways.forced_states import rows_of, states_of
from tradeworthy.gateways.social import signals_of
from tradeworthy.learning.events import (
    Job,
    JobAsked,
    OverrideRolledBack,
    Threshold,
    ThresholdsChanged,
)
from tradeworthy.learning.schedule import LearningSchedule
from tradeworthy.runtime.assembly import Core

BY_HAND = "operator"
SHOWN_LENGTH = 80
"""So much of a wrong name is shown."""

KINDS = ("social", "forced", "row", "actions", "job", "threshold", "rollback", "curators")


def token_events(kind: str, events: Sequence[dict[str, Any]], core: Core, now: int) -> list[Event]:
    """The events of an injection of `kind` at session time `now` (UTC ns): all of them, or a UsageError.

    NotAvailable where no desk of the session learns.
    """
    if kind not in KINDS:
        raise UsageError(f"can't inject {kind!r}; the kinds are: price, state, {', '.join(KINDS)}")
    schedule = core.sequencer.agents.get("learning-schedule")
    if not isinstance(schedule, LearningSchedule):
        raise NotAvailable(f"no desk of this session takes {kind}: it is for desks of kind uptrend")
    instruments = core.listing.state.instruments
    match kind:
        case "social":
            return list(signals_of(events, now))
        case "forced":
            return _of_listed(states_of(events), instruments)
        case "row":
            return _of_listed(rows_of(events, BY_HAND), instruments)
        case "actions":
            return [actions_of(events, now, BY_HAND)]
        case _:
            return [_learning(kind, one, schedule) for one in events]


def _of_listed(made: Iterable[StateForced | RowOperated], listed: Mapping[str, object]) -> list[Event]:
    """The events, if all speak of instruments that are listed."""
    events: list[Event] = []
    for event in made:
        if event.instrument not in listed:
            raise UsageError(
                f"instrument {event.instrument!r} is not listed here; listed are {', '.join(listed) or 'none yet'}"
            )
        events.append(event)
    return events


def _learning(kind: str, given: dict[str, Any], schedule: LearningSchedule) -> Event:
    try:
        match kind:
            case "job":
                return JobAsked(Job(given["job"]), str(given.get("by") or "operator"))
            case "threshold":
                by = str(given.pop("by", "") or "operator")
                entry = msgspec.convert([given.get(name) for name in _threshold_fields(given)], Threshold)
                check_threshold(entry)
                return ThresholdsChanged((entry,), "operator", by)
            case "rollback":
                return _rollback(given, schedule)
            case _:
                curators = tuple(_curator(one) for one in given["curators"])
                return CuratorsChanged(curators, str(given.get("by") or "operator"))
    except ValueError as error:
        raise UsageError(str(error)) from error
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise UsageError(f"{kind} {given!r} is wrong: {error}; see `tradeworthy learn --help`") from error


def _threshold_fields(given: dict[str, Any]) -> tuple[str, ...]:
    fields = Threshold.__struct_fields__
    if unknown := sorted(set(given) - set(fields)):
        raise ValueError(f"unknown field {unknown[0]!r}; there is {', '.join(fields)}")
    for name in fields[2:]:
        given.setdefault(name, "")
    given.setdefault("value", None)
    return fields


def _rollback(given: dict[str, Any], schedule: LearningSchedule) -> OverrideRolledBack:
    override, undo = str(given["override"]), bool(given.get("undo", False))
    by, reason = str(given.get("by") or ""), str(given.get("reason") or "")
    if not by or not reason:
        raise ValueError("a roll-back needs a name and a reason: give --by NAME and --reason TEXT")
    known = schedule.state.blocked if undo else [one.id for one in schedule.state.table]
    if override not in known:
        shown = ", ".join(known[:5]) or "none"
        raise ValueError(
            f"there is no {'rolled back ' if undo else ''}override {override[:SHOWN_LENGTH]!r}; there is {shown};"
            " `tradeworthy learn show` lists all"
        )
    return OverrideRolledBack(override, by, reason, undo=undo)


def _curator(given: dict[str, Any]) -> Curator:
    fields = Curator.__struct_fields__
    if unknown := sorted(set(given) - set(fields)):
        raise ValueError(f"unknown field {unknown[0]!r}; there is {', '.join(fields)}")
    whole = msgspec.to_builtins(Curator(str(given["id"])))
    values = dict(zip(fields, whole, strict=True)) | given
    made = msgspec.convert([values[name] for name in fields], Curator)
    if not 0.0 <= made.final_weight <= 1.0:
        raise ValueError(f"final_weight of curator {made.id} is {made.final_weight}; give 0 to 1")
    return made
