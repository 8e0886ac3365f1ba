"""Runs on disk: which one a plan goes on with, and what a new one is called."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.journal.reader import Damage, read_header
from tradeworthy.journal.segments import Header, list_segments, segment_path, segment_stat
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.identity import cpu_features, decision_hash, run_identity, versions
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.sealed import is_sealed

WALL = "wall"
"""What the header of a run on the wall clock names as its clock, and the source of what is said of the wall's time."""


@dataclass(frozen=True)
class RunName:
    """`<configuration>-<identity>-<ordinal>`: runs of one identity differ in the ordinal alone."""

    stem: str
    ordinal: int

    def __str__(self) -> str:
        return f"{self.stem}-{self.ordinal}"


def identity_of(plan: Plan, feed: dict[str, Any]) -> tuple[str, str]:
    """Identity and decision hash of the run that `plan` asks for; a run is over when either would change."""
    decisions = decision_hash(plan.configuration.desk_files)
    resolved = plan.configuration.resolved()
    for desk in resolved["desks"]:
        desk["file"] = Path(desk["file"]).name if desk["file"] else None
    resolved.pop("data")
    resolved["recorded_markets"].pop("events")  # The feed's identity says what is in it.
    parts = (decisions, resolved, feed, plan.the_seed, plan.duration_s, plan.mode.value)
    return run_identity(*parts), decisions


def newest(home: Home, stem: str) -> RunName | None:
    """The newest run of that stem, or None."""
    ordinals = [
        int(tail)
        for folder in home.runs.glob(f"{stem}-*")
        if (tail := folder.name.removeprefix(f"{stem}-")).isdecimal() and list_segments(folder)
    ]
    return RunName(stem, max(ordinals)) if ordinals else None


def unsealed_on_wall(home: Home, name: str) -> list[Path]:
    """The folders of the runs on the wall clock of that configuration's name that none has followed, by age.

    There is one at most, but for a kill between a run's first inputs and the sealing of the run before it.
    """
    return [
        folder for folder in _by_age(home) if folder.name.rsplit("-", 2)[0] == name and holds_books(folder)
    ]


def holds_books(folder: Path) -> bool:
    """Whether the run may still be gone on with or taken over from: its cash and positions are in it alone."""
    return not is_sealed(folder) and _on_wall(folder)


def _on_wall(folder: Path) -> bool:
    try:
        return read_header(folder).session.get("clock") == WALL
    except NotAvailable:
        return False  # Its process died before it had written the header: there never was a run.
    except Damage:
        return True  # Whoever wants to take over from it is told.


def header_of(
    plan: Plan, name: RunName, feed: dict[str, Any], decisions: str, *, parent: str = "", **session: Any
) -> Header:
    """The header of the run `name`: all that a replay needs."""
    return Header(
        parent=parent,
        run=str(name),
        configuration=plan.configuration.resolved(),
        decision_hash=decisions,
        seed=plan.the_seed,
        record_inputs=plan.mode is not Mode.BACKTEST,
        feed=feed,
        cpu=cpu_features().split(),
        versions=versions(),
        session={"mode": plan.mode.value, "duration_s": plan.duration_s, **session},
    )


def find(home: Home, run: str) -> Path:
    """The folder of the run named `run`, or of the newest run for ""; NotAvailable if there is none at all.

    UsageError, with the nearest name, if none has that name.
    """
    folders = _by_age(home)
    for folder in folders:
        if folder.name == run:
            return folder
    if not run and folders:
        return folders[-1]
    if not folders:
        raise NotAvailable(f"there is no run in {home.path} yet; start one with `tradeworthy demo`")
    known = [folder.name for folder in reversed(folders)]
    near = difflib.get_close_matches(run, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the newest is {known[0]}"
    raise UsageError(f"there is no run {run!r} in {home.path}; {hint}")


def with_parents(home: Home, run: str) -> list[Path]:
    """The folder that `find` gives, and those of its parents as far as they are still on disk, newest first."""
    folders = [find(home, run)]
    while parent := read_header(folders[-1]).parent:
        if not list_segments(home.runs / parent):
            break
        folders.append(home.runs / parent)
    return folders


def _by_age(home: Home) -> list[Path]:
    """The folders of all runs, the one last written to at the end."""
    return sorted(
        (folder for folder in home.runs.glob("*") if list_segments(folder)),
        key=last_written,
    )


def last_written(folder: Path) -> int:
    """When the journal in `folder` was last written to (UTC ns), which is its last segment."""
    return segment_stat(segment_path(folder, list_segments(folder)[-1])).st_mtime_ns
