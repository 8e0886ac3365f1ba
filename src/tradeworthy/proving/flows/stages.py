"""Where a packet may be lost, and how it is followed: from query to query, until one does not find it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.rows import dict_row

from tradeworthy.core.errors import UsageError

Found = dict[str, Any]
Want = Callable[[list[Found]], str]
"""What is wrong with the rows that a query found ("": nothing)."""


class FlowStage(StrEnum):
    """The stages of a packet's way, in order."""

    INGEST = "ingest"
    DECISION = "decision"
    POSITIONS = "positions"
    BACKFILL = "backfill"
    ROLLUP = "rollup"
    ENGINE = "engine"
    EPISODES = "episodes"
    ACTION = "action"
    BOOKS = "books"
    CLOSURE = "closure"
    FACTS = "facts"
    LESSONS = "lessons"
    OVERRIDES = "overrides"
    RUNTIME = "runtime"


def stage_of(name: str) -> FlowStage:
    """The stage called `name`; UsageError for a name that there is none of."""
    if name not in set(FlowStage):
        raise UsageError(f"there is no stage {name!r}; name one of {', '.join(FlowStage)}")
    return FlowStage(name)


class Step(NamedTuple):
    """One look at the database: which stage it proves, in which table, by which query, and what it must find."""

    stage: FlowStage
    sink: str
    query: LiteralString
    want: Want
    values: Mapping[str, Any] = {}


class Packet(NamedTuple):
    """What was put in, and the steps of its way."""

    id: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Looked:
    """One step that was taken: the query as it was sent, its rows, and what is wrong with them ("": nothing)."""

    stage: FlowStage
    sink: str
    sql: str
    rows: list[Found]
    fault: str


@dataclass(frozen=True)
class Followed:
    """One row of the table: a packet, the last table that it reached, and the stage that lost it ("": none did)."""

    scenario: str
    packet: str
    final_sink: str
    failure_stage: str
    looked: tuple[Looked, ...]

    @property
    def fault(self) -> str:
        """What was wrong where it was lost."""
        return self.looked[-1].fault if self.failure_stage else ""


def follow(connection: psycopg.Connection[Any], run: str, scenario: str, packet: Packet) -> Followed:
    """Take the steps of `packet` in order, up to the first that does not find what it must."""
    looked: list[Looked] = []
    sink = "-"
    for step in packet.steps:
        values = {"run": run, "packet": packet.id, **step.values}
        cursor = psycopg.ClientCursor(connection, row_factory=dict_row)
        sql = cursor.mogrify(step.query, values)
        rows = cursor.execute(step.query, values).fetchall()
        fault = step.want(rows)
        looked.append(Looked(step.stage, step.sink, sql, rows, fault))
        if fault:
            return Followed(scenario, packet.id, sink, step.stage.value, tuple(looked))
        sink = step.sink
    return Followed(scenario, packet.id, sink, "", tuple(looked))


def count(least: int, most: int | None = None) -> Want:
    """As many rows: `least`, or up to `most`."""

    def want(rows: list[Found]) -> str:
        if len(rows) < least or (most is not None and len(rows) > most):
            return f"{len(rows)} rows, expected {least if most == least else f'at least {least}'}"
        return ""

    return want


def column(name: str, values: Sequence[Any]) -> Want:
    """The values of one column, row by row."""

    def want(rows: list[Found]) -> str:
        found = [row[name] for row in rows]
        return "" if found == list(values) else f"{name} is {_text(found)}, expected {_text(list(values))}"

    return want


def last(**values: Any) -> Want:
    """The newest row's columns."""

    def want(rows: list[Found]) -> str:
        if not rows:
            return "no row"
        wrong = [name for name, value in values.items() if not _same(rows[-1][name], value)]
        return ", ".join(f"{name} is {rows[-1][name]}, expected {values[name]}" for name in wrong)

    return want


def each(words: str, test: Callable[[Found], bool], least: int = 1) -> Want:
    """Every row passes `test`, and there are at least so many; `words` say what they must be."""

    def want(rows: list[Found]) -> str:
        if len(rows) < least:
            return f"{len(rows)} rows, expected at least {least}"
        wrong = [row for row in rows if not test(row)]
        return f"{_text(wrong[0])}: expected {words}" if wrong else ""

    return want


def both(*wants: Want) -> Want:
    """The first complaint of several."""
    return lambda rows: next((fault for want in wants if (fault := want(rows))), "")


def _same(found: Any, value: Any) -> bool:
    if isinstance(value, float) and found is not None:
        return abs(float(found) - value) < 1e-6
    return bool(found == value)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return ", ".join(map(str, value)) or "nothing" if isinstance(value, list) else str(value)
