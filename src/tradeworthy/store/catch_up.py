"""Brings the tables up with the journals of runs whose process is gone, and rebuilds them from nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import structlog

from tradeworthy.core.errors import AllHalted, NotAvailable
from tradeworthy.core.packets import HEAD, Codec
from tradeworthy.journal.reader import read_header
from tradeworthy.journal.segments import (
    COMMIT_MARK,
    FRAME,
    Header,
    Place,
    list_segments,
    segment_path,
    segment_stat,
)
from tradeworthy.store.addresses import connect
from tradeworthy.store.projection import Projection
from tradeworthy.store.tables import clear_run

COMMIT_BYTES = FRAME.size + HEAD.size + len(COMMIT_MARK)
"""What a write ends with, after its last record."""


class CaughtUp(NamedTuple):
    """What was projected of one run: how many records, or what ended that early ("": nothing)."""

    run: str
    records: int
    error: str


def project_all(
    home: Path, url: str, codec: Codec, *, skip: str = "", backtests: bool = True
) -> list[CaughtUp]:
    """Project what is missing of every run under `home`/runs, the oldest first; only those where something was.

    `skip` names the run of a living session, which has its own projector; without `backtests` they are left
    out. A damaged journal is projected up to the damage and named. Retryable if there is no database.
    """
    folders = [folder for folder in _run_folders(home) if folder.name != skip]
    with connect(url) as connection:
        found = connection.execute("SELECT run, segment, place, chain FROM runs")
        stands = {run: Place(*place) for run, *place in found}
    done = [
        _project(folder, url, codec, backtests=backtests)
        for folder in folders
        if _is_behind(folder, stands.get(folder.name))
    ]
    return [one for one in done if one.records or one.error]


def rebuild(home: Path, url: str, codec: Codec) -> list[CaughtUp]:
    """Take away the rows of every run that still has its journal, and project them anew."""
    with connect(url) as connection:
        for folder in _run_folders(home):
            clear_run(connection, folder.name)
    return project_all(home, url, codec)


def _run_folders(home: Path) -> list[Path]:
    runs = home / "runs"
    folders = [folder for folder in runs.iterdir() if list_segments(folder)] if runs.is_dir() else []
    return sorted(folders, key=lambda folder: (_first_segment_time(folder), folder.name))


def _first_segment_time(folder: Path) -> int:
    return segment_stat(segment_path(folder, list_segments(folder)[0])).st_mtime_ns


def _is_behind(folder: Path, place: Place | None) -> bool:
    """Whether the journal may hold more than `place`: cheap, and in doubt true."""
    number = list_segments(folder)[-1]
    path = segment_path(folder, number)
    if place is None or place.segment != number or not path.exists():
        return True
    return not 0 <= path.stat().st_size - place.offset <= COMMIT_BYTES


def _project(folder: Path, url: str, codec: Codec, *, backtests: bool) -> CaughtUp:
    try:
        header = _header(folder)
        if header is None or not (backtests or header.record_inputs):
            return CaughtUp(folder.name, 0, "")
        _make_durable(folder)
        projection = Projection(folder, header, codec)
        try:
            projection.attach(url)
            records = projection.advance(None, final=True)
            projection.flush()
            return CaughtUp(folder.name, records, "")
        finally:
            projection.detach()
    except (AllHalted, NotAvailable) as error:
        structlog.get_logger().warning("run_not_projected", run=folder.name, error=str(error))
        return CaughtUp(folder.name, 0, str(error))


def _header(folder: Path) -> Header | None:
    """The run's header; None if its process was killed before it had one: nothing is missing of it."""
    try:
        return read_header(folder)
    except NotAvailable:
        return None


def _make_durable(folder: Path) -> None:
    """Rows may only rest on what is on disk, and a killed process may have left its last write to the kernel."""
    path = segment_path(folder, list_segments(folder)[-1])
    if path.exists():
        with path.open("rb") as file:
            os.fsync(file.fileno())
