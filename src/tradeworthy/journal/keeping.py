"""What is kept of journals, and how: closed segments compressed, old runs not at all."""

import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

from tradeworthy.journal.segments import list_segments, segment_path, write_whole


def compress_closed(folder: Path) -> list[Path]:
    """Compress all segments but the last, which may be at work; the new files. OSError if it can't."""
    done = []
    for path in (segment_path(folder, number) for number in list_segments(folder)[:-1]):
        if path.exists():
            done.append(path.with_name(path.name + ".z"))
            write_whole(done[-1], zlib.compress(path.read_bytes()))
            path.unlink()
    return done


def remove_old_runs(runs: Path, keep_days: float, now: int, spared: Callable[[Path], bool]) -> list[str]:
    """Remove the runs in `runs` last written over `keep_days` before `now` (UTC ns), but for those `spared`."""
    old = []
    for folder in sorted(runs.glob("*/")):
        written = [path.stat().st_mtime_ns for path in folder.glob("*.journal*")]
        if written and max(written) < now - keep_days * 86_400e9 and not spared(folder):
            shutil.rmtree(folder)
            old.append(folder.name)
    return old
