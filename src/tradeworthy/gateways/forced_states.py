"""What a test or a person says of rows: forced engine states, and rows that are paused, archived or brought back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.events import RowOperated, StateForced
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Stage, Status
from tradeworthy.desks.uptrend.payloads import FORCIBLE
from tradeworthy.gateways.json_lines import check_value, known_name, read_objects, struct_of

STATE_EXAMPLE = (
    '{"instrument": "BONK", "timeframe": "1h", "state": "S1", "payload": {"buy_signal": true, "price": 1.0}}'
)
ROW_EXAMPLE = '{"instrument": "BONK", "timeframe": "1h", "status": "paused", "reason": "rug"}'

STAGES = tuple(stage.value for stage in Stage if stage)
STATUSES: Mapping[str, Status] = {
    "paused": Status.PAUSED,
    "archived": Status.ARCHIVED,
    "back": Status.WATCHLIST,
}


class StateLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line for the engine; its fields are those of StateForced."""

    instrument: str
    timeframe: str
    state: str
    payload: dict[str, Any] = {}
    check: dict[str, Any] = {}
    a_value: float | None = None
    e_value: float | None = None
    bars: int = 1


class RowLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line for the trader: `status` is paused, archived or back; without `timeframe` it is all rows."""

    instrument: str
    status: str
    timeframe: str = ""
    reason: str = ""


def read_states(path: Path) -> list[dict[str, Any]]:
    """The file's forced states, each checked; UsageError names the file, the line and what is wrong with it."""
    return read_objects(path, _state, noun="forced state", example=STATE_EXAMPLE)


def states_of(objects: Iterable[Mapping[str, Any]]) -> list[StateForced]:
    """The events of such objects; UsageError names the first wrong one."""
    return [_state(found, f"forced state {number}") for number, found in enumerate(objects, start=1)]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The file's words on rows, each checked; UsageError names the file, the line and what is wrong with it."""
    return read_objects(path, lambda found, where: _row(found, "", where), noun="row", example=ROW_EXAMPLE)


def rows_of(objects: Iterable[Mapping[str, Any]], by: str) -> list[RowOperated]:
    """The events of such objects, on the word of `by`; UsageError names the first wrong one."""
    return [_row(found, by, f"row {number}") for number, found in enumerate(objects, start=1)]


def _state(found: Mapping[str, Any], where: str) -> StateForced:
    line = struct_of(found, StateLine, where, STATE_EXAMPLE)
    _instrument(line.instrument, where)
    known_name(line.timeframe, TIMEFRAMES, "timeframe", where)
    known_name(line.state, STAGES, "state", where)
    for name, lever in (("a_value", line.a_value), ("e_value", line.e_value)):
        if lever is not None and not 0 <= lever <= 1:
            raise UsageError(f"{where}: {name} is {lever}; it must be 0 to 1, or left out")
    if not 0 <= line.bars < 1 << 31:
        raise UsageError(
            f"{where}: bars is {line.bars}; it must be 1 or more, or 0: until the next forced state"
        )
    for name, value in line.payload.items():
        known_name(name, FORCIBLE, "payload field", where)
        _forced(name, value, FORCIBLE[name], where)
    for name, value in line.check.items():
        _figure(f"check {name!r}", value, where)
    payload = {name: _figure(name, value, where) for name, value in line.payload.items()}
    return StateForced(
        line.instrument,
        line.timeframe,
        Stage(line.state),
        payload,
        dict(line.check),
        line.a_value,
        line.e_value,
        line.bars,
    )


def _row(found: Mapping[str, Any], by: str, where: str) -> RowOperated:
    line = struct_of(found, RowLine, where, ROW_EXAMPLE)
    _instrument(line.instrument, where)
    if line.timeframe:
        known_name(line.timeframe, TIMEFRAMES, "timeframe", where)
    known_name(line.status, STATUSES, "status", where)
    return RowOperated(line.instrument, line.timeframe, STATUSES[line.status], by, line.reason or line.status)


def _instrument(instrument: str, where: str) -> None:
    if not instrument:
        raise UsageError(f"{where}: instrument is ''; it must be an instrument's id")


def _forced(name: str, value: object, kind: type, where: str) -> None:
    """UsageError unless `value` is of the field's own type; prices and scores are never below 0."""
    fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
    if not fits or (kind is not bool and isinstance(value, bool)):
        raise UsageError(f"{where}: payload field {name} is {value!r}; it must be of type {kind.__name__}")
    if isinstance(value, int | float) and value < 0:
        raise UsageError(f"{where}: payload field {name} is {value}; it must be 0 or more")


def _figure(name: str, value: object, where: str) -> Figure:
    """`value` as a figure of a record; UsageError for what is none."""
    if value is not None and not isinstance(value, str | int | float | bool):
        raise UsageError(f"{where}: {name} is {value!r}; it must be a number, a word, true, false or null")
    check_value(value, name, where)
    return value
