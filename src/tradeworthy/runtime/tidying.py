"""Keeps journals small: closed segments are compressed while a session runs, and runs that are too old removed."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from tradeworthy.journal.keeping import compress_closed
from tradeworthy.runtime.clocks import wall_now
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.runs import holds_books

END_S_MAX = 10.0
"""So long a session's end compresses what is left; the rest is left to the next one."""

log = structlog.get_logger()


class Tidying:
    """Tidies the journals of `home`, of which that in `folder` is at work; runs are kept for `keep_days`."""

    def __init__(self, home: Home, folder: Path, keep_days: float) -> None:
        self._home, self._folder, self._keep_days = home, folder, keep_days
        self._worker: threading.Thread | None = None
        self._ends = threading.Event()

    def go_on(self) -> None:
        """Compress what is closed by now, in a thread; the originals stay while somebody may read them."""
        if self._worker is None or not self._worker.is_alive():
            self._worker = threading.Thread(target=self._compress, name="tidying", daemon=True)
            self._worker.start()

    def _compress(self) -> None:
        try:
            for _ in compress_closed(self._folder, keep=True):
                if self._ends.is_set():
                    return
        except OSError as error:
            log.warning("journals_not_tidied", error=str(error))

    def end(self) -> None:
        """Compress the rest, and remove the originals and old runs; next time, if it can't be."""
        self._ends.set()
        if self._worker:
            self._worker.join()
        until = time.monotonic() + END_S_MAX
        try:
            for _ in compress_closed(self._folder):
                if time.monotonic() > until:
                    break
            for run in remove_old_runs(self._home.runs, self._keep_days, wall_now(), holds_books):
                log.info("run_removed", run=run, keep_days=self._keep_days)
        except OSError as error:
            log.warning("journals_not_tidied", error=str(error))


def remove_old_runs(runs: Path, keep_days: float, now: int, spared: Callable[[Path], bool]) -> list[str]:
    """Remove the runs in `runs` last written over `keep_days` before `now` (UTC ns), but for those `spared`."""
    old = []
    for folder in sorted(runs.glob("*/")):
        written = [path.stat().st_mtime_ns for path in folder.glob("*.journal*")]
        if written and max(written) < now - keep_days * 86_400e9 and not spared(folder):
            shutil.rmtree(folder)
            old.append(folder.name)
    return old
