"""The evidence of a flow: what was put in, what was asked of the database, what it said, and the table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import Retryable
from tradeworthy.market.bars import BarClosed, utc_text
from tradeworthy.proving.flows.playing import Played
from tradeworthy.proving.flows.stages import Followed, Looked

HEADS = ("scenario", "packet_id", "final sink", "failure stage")
NONE = "-"
ROWS_MAX = 40
"""Rows of one answer that the transcript shows."""

EVENT_CHARACTERS = 600
"""Of a line that says what was put in: an import of forty trades is longer than anyone reads."""


def row_of(followed: Followed) -> list[str]:
    """A packet's line of the table."""
    return [followed.scenario, followed.packet, followed.final_sink, followed.failure_stage or NONE]


def summary_of(played: Played) -> dict[str, Any]:
    """A scenario's outcome for programs."""
    return {
        "scenario": played.scenario.name,
        "about": played.scenario.about,
        "run": played.run,
        "planted": played.planted,
        "packets": [
            {
                "packet_id": one.packet,
                "final_sink": one.final_sink,
                "failure_stage": one.failure_stage,
                "fault": one.fault,
                "query": one.looked[-1].sql if one.failure_stage else "",
                "stages": [step.stage.value for step in one.looked],
            }
            for one in played.followed
        ],
    }


def write_evidence(out: Path, played: Played, command: str) -> None:
    """A folder in `out` with the scenario's bundle; Retryable if it can't be written.

    commands.log says what was put in, sql.txt each query with its rows, session.log what the session said; its
    configuration and the summary (md and json) lie beside them.
    """
    folder, scenario = out / played.scenario.name, played.scenario
    summary = json.dumps(summary_of(played), indent=2) + "\n"
    files = {
        "flow.toml": scenario.configuration,
        **(scenario.files or {}),
        "commands.log": "\n".join([command, *_put_in(played)]) + "\n",
        "sql.txt": "\n".join(_transcript(played)),
        "session.log": "\n".join(played.log) + "\n",
        "summary.json": summary,
        "summary.md": "\n".join(_told(played)) + "\n",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Retryable(
            f"Can't write evidence to {folder}: {error.strerror}; free the disk and run it again"
        ) from None


def write_table(out: Path, played: Sequence[Played]) -> None:
    """The table of all scenarios in `out`, as Markdown and JSON."""
    rows = [row_of(one) for each in played for one in each.followed]
    lines = [*_table(rows), "", f"{len(rows)} packets, {sum(len(one.died) for one in played)} lost"]
    try:
        (out / "summary.md").write_text("\n".join(["# Flows", "", *lines]) + "\n", encoding="utf-8")
        text = json.dumps([summary_of(one) for one in played], indent=2) + "\n"
        (out / "summary.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise Retryable(
            f"Can't write evidence to {out}: {error.strerror}; free the disk and run it again"
        ) from None


def _put_in(played: Played) -> Iterator[str]:
    """What the session was told, but for bars, a line each."""
    script = played.scenario.script
    yield f"session {played.run}: {len(script.rows())} events on bars of {script.base}"
    if played.planted:
        yield f"planted a fault in stage {played.planted}"
    for ts, event in script.rows():
        if not isinstance(event, BarClosed):
            fields = msgspec.json.encode(msgspec.structs.asdict(event)).decode()
            yield f"{utc_text(ts)} {type(event).__name__} {fields[:EVENT_CHARACTERS]}"


def _transcript(played: Played) -> Iterator[str]:
    for one in played.followed:
        yield f"-- packet {one.packet}"
        for step in one.looked:
            yield from _asked(step)


def _asked(step: Looked) -> Iterator[str]:
    yield f"-- {step.stage.value}: {step.sink}: {f'LOST, {step.fault}' if step.fault else 'found'}"
    yield f"{step.sql};"
    for row in step.rows[:ROWS_MAX]:
        yield f"--   {json.dumps(row, default=str)}"
    if len(step.rows) > ROWS_MAX:
        yield f"--   and {len(step.rows) - ROWS_MAX} more"
    yield ""


def _told(played: Played) -> Iterator[str]:
    yield f"# {played.scenario.name}"
    yield ""
    yield f"{played.scenario.about}."
    yield ""
    yield from _table([row_of(one) for one in played.followed])
    for one in played.died:
        yield ""
        yield f"{one.packet} was lost in {one.failure_stage}: {one.fault}. The query:"
        yield ""
        yield "```sql"
        yield one.looked[-1].sql
        yield "```"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(HEADS)} |"
    yield f"|{'---|' * len(HEADS)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
