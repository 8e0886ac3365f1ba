"""Why a desk did not trade in an hour: the counted turns, those of the hour that is not over yet, the verdicts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tradeworthy.core.counters import CountersState
from tradeworthy.core.errors import DeskHalted, NotAvailable, Retryable, UsageError
from tradeworthy.core.packets import Kind
from tradeworthy.gateways.control import Status, ask
from tradeworthy.journal import snapshots
from tradeworthy.journal.reader import read, read_header
from tradeworthy.journal.segments import list_segments
from tradeworthy.runtime.home import Home, read_holder
from tradeworthy.runtime.overview import counting
from tradeworthy.runtime.rebuilding import rebuilt
from tradeworthy.store.queries import Queries
from tradeworthy.store.values import at


class PartHour(NamedTuple):
    """Turns without a candidate since the last full hour of a run's session time, by desk and reason."""

    run: str
    since: datetime
    until: datetime
    turns: dict[str, dict[str, int]]


def part_hour(home: Home, run: str) -> PartHour | None:
    """The hour that `run` stands in and has not counted yet; None if it has, or is not on disk.

    A living session is asked; of another the newest snapshot knows, or the core is rebuilt where more followed.
    DeskHalted if its desks can't be rebuilt by the present code.
    """
    said = _asked(home, run) if (read_holder(home.lock) or {}).get("run") == run else None
    said = said or _on_record(home.runs / run)
    if said is None or not said["turns"]:
        return None
    return PartHour(run, at(said["from_ts"]), at(said["to_ts"]), said["turns"])


def _asked(home: Home, run: str) -> dict[str, Any] | None:
    try:
        answer = ask(home.path, Status())
    except (NotAvailable, Retryable):
        return None
    return answer["counting"] if answer["run"] == run else None


def _on_record(folder: Path) -> dict[str, Any] | None:
    if not list_segments(folder) or not read_header(folder).record_inputs:
        return None
    base = snapshots.newest(folder)
    if base and not any(record.kind == Kind.INPUT for record in read(folder, base.place)):
        state = msgspec.msgpack.decode(base.agents["counters"], type=CountersState)
        return {"from_ts": state.from_ts, "to_ts": base.core.now, "turns": state.counts}
    return counting(rebuilt(folder).sequencer)


def hour_of(home: Home, queries: Queries, desk: str, when: datetime | None) -> dict[str, Any]:
    """What `Queries.why` says of one hour of `desk`, with the turns that only the run itself knows yet.

    `when` (None: the newest hour) picks the hour; `doubt` says what could not be counted. UsageError for a desk that
    the run does not have. `let_pass` are the windows that it skipped, with what is known of them by now.
    """
    parts, doubt = [], ""
    for run in queries.runs:
        try:
            part = part_hour(home, run)
        except DeskHalted as error:
            doubt = f"the turns since the last full hour are not in it: {error}"
            continue
        if part and desk in part.turns:
            parts.append(part)
    if when is None and parts:
        when = parts[0].since
    found = queries.why(desk, when)
    for part in parts:
        if part.since < found["to"] and part.until >= found["from"]:
            found["turns"] = _added(found["turns"], part.turns[desk])
    found["total_turns"] = sum(row["turns"] for row in found["turns"])
    found["candidates"] = sum(row["count"] for row in found["verdicts"])
    found["let_pass"] = queries.learning().let_pass(desk, found["from"], found["to"])
    found["doubt"] = doubt
    return found


def _added(rows: list[dict[str, Any]], turns: dict[str, int]) -> list[dict[str, Any]]:
    """Rows of `reason` and `turns` with those of a part hour added, the most frequent first."""
    counts = {row["reason"]: row["turns"] for row in rows}
    for reason, count in turns.items():
        counts[reason] = counts.get(reason, 0) + count
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"reason": reason, "turns": count} for reason, count in ordered]


def parse_time(text: str) -> datetime:
    """A person's UTC time: `2025-05-04`, `2025-05-04T14:30`, with or without zone; UsageError otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--at {text!r} is no time; write it like 2025-05-04T14:30 (UTC)") from error
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if not datetime(1970, 1, 1, tzinfo=UTC) <= found < datetime(2200, 1, 1, tzinfo=UTC) - timedelta(hours=1):
        raise UsageError(
            f"--at {text!r} is not between the years 1970 and 2200; write it like 2025-05-04T14:30"
        )
    return found
