"""Keeps journals small: closed segments are compressed while a session runs, and runs that are too old removed."""

from __future__ import annotations

import os
import shutil
import threading
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from tradeworthy.journal.segments import list_segments, packed_path, segment_path, sync_folder
from tradeworthy.runtime.clocks import wall_now
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.runs import holds_books, last_written

CHUNK_BYTES = 1 << 20
DRAFT = "packing.draft"
"""No name of a journal's file: whoever looks how a journal grows does not see it."""

SPARED_WHILE_AT_WORK = 4
"""So many closed segments stay as they are for a while: followers may read in them, and people may copy them."""

ROOM_MIN = 4
"""Nothing is compressed with less free disk than so many times a segment: what is left is the journal's."""

END_S_MAX = 10.0
"""So long a session's end compresses what is left; the rest is left to the next one."""

log = structlog.get_logger()

Stop = Callable[[], bool]


class Tidying:
    """Tidies the journals of `home`, of which that in `folder` is at work; runs are kept for `keep_days`."""

    def __init__(self, home: Home, folder: Path, keep_days: float) -> None:
        self._home, self._folder, self._keep_days = home, folder, keep_days
        self._worker: threading.Thread | None = None
        self._stops = threading.Event()

    def go_on(self) -> None:
        """Compress what is closed by now, in a thread."""
        if not (self._stops.is_set() or (self._worker and self._worker.is_alive())):
            self._worker = threading.Thread(target=self._compress, name="tidying", daemon=True)
            self._worker.start()

    def _compress(self) -> None:
        try:
            compress_closed(self._folder, spared=SPARED_WHILE_AT_WORK, stop=self._stops.is_set)
        except OSError as error:
            log.warning("journals_not_tidied", error=str(error))

    def stop(self) -> None:
        """Compress nothing more; at once."""
        self._stops.set()
        if self._worker:
            self._worker.join()

    def end(self) -> None:
        """Compress the rest, and remove old runs; next time, if it can't be."""
        self.stop()
        until = time.monotonic() + END_S_MAX
        try:
            compress_closed(self._folder, stop=lambda: time.monotonic() > until)
            for run in remove_old_runs(self._home.runs, self._keep_days, wall_now(), holds_books):
                log.info("run_removed", run=run, keep_days=self._keep_days)
        except OSError as error:
            log.warning("journals_not_tidied", error=str(error))


def compress_closed(folder: Path, *, spared: int = 0, stop: Stop = lambda: False) -> list[Path]:
    """Compress all segments but the last, which may be at work, and the `spared` before it; the new files.

    It ends early once `stop` says so, and where the disk has no room. What is read meanwhile is there all the time: an
    original goes after its compressed file has come, which has its times. OSError if it can't.
    """
    done = list[Path]()
    paths = (segment_path(folder, number) for number in list_segments(folder)[: -1 - spared])
    for path in (path for path in paths if path.exists()):
        if shutil.disk_usage(folder).free < ROOM_MIN * path.stat().st_size or not _compressed(path, stop):
            break
        done.append(packed_path(path))
    return done


def _compressed(path: Path, stop: Stop) -> bool:
    """Put a compressed segment in the place of the original in `path`; False if it was stopped before."""
    draft, packer, times = path.with_name(DRAFT), zlib.compressobj(), path.stat()
    try:
        with path.open("rb") as original, draft.open("wb") as file:
            for chunk in iter(partial(original.read, CHUNK_BYTES), b""):
                if stop():
                    return False
                file.write(packer.compress(chunk))
            file.write(packer.flush())
            file.flush()
            os.fsync(file.fileno())
        os.utime(draft, ns=(times.st_atime_ns, times.st_mtime_ns))
        draft.replace(packed_path(path))
        sync_folder(path.parent)
        path.unlink()
    finally:
        draft.unlink(missing_ok=True)
    return True


def remove_old_runs(runs: Path, keep_days: float, now: int, spared: Callable[[Path], bool]) -> list[str]:
    """Remove the runs in `runs` last written over `keep_days` before `now` (UTC ns), but for those `spared`."""
    old = []
    for folder in sorted(runs.glob("*/")):
        if list_segments(folder) and last_written(folder) < now - keep_days * 86_400e9 and not spared(folder):
            shutil.rmtree(folder)
            old.append(folder.name)
    return old
