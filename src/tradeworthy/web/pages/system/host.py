"""How much of the machine the installation uses: memory of processes, and the disk under the home folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from tradeworthy.journal.segments import list_segments
from tradeworthy.runtime.home import Home

PROCESSES = Path("/proc")
PAGES_HELD = 1
"""The place of the resident pages in /proc/<pid>/statm."""


class Use(NamedTuple):
    """Bytes, and counts; None where this machine does not say. `segments` are of the run that was asked about."""

    session_bytes: int | None
    server_bytes: int | None
    disk_free_bytes: int | None
    disk_bytes: int | None
    journal_bytes: int
    segments: int
    runs: int
    runs_bytes: int


def measured(home: Home, pid: int | None, run: str) -> Use:
    """What is used at this moment, by the session with `pid` and by this process; it reads folders: not for a loop."""
    folder = home.runs / run if run else None
    disk = _disk(home)
    sizes = [_bytes_in(one) for one in home.runs.glob("*/")]
    return Use(
        resident_bytes(pid) if pid else None,
        resident_bytes(os.getpid()),
        disk[0],
        disk[1],
        _bytes_in(folder) if folder else 0,
        len(list_segments(folder)) if folder else 0,
        len(sizes),
        sum(sizes),
    )


def resident_bytes(pid: int) -> int | None:
    """Memory that the process holds, None if it is not there or the machine has no /proc."""
    try:
        words = (PROCESSES / str(pid) / "statm").read_text().split()
    except OSError:
        return None
    return int(words[PAGES_HELD]) * os.sysconf("SC_PAGESIZE")


def _disk(home: Home) -> tuple[int | None, int | None]:
    try:
        found = shutil.disk_usage(home.path)
    except OSError:
        return None, None
    return found.free, found.total


def _bytes_in(folder: Path) -> int:
    """What its files hold; one that goes away meanwhile counts nothing."""
    total = 0
    for path in folder.glob("*"):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total
