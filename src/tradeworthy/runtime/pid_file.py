"""The pilot's pid file: the process id, for `kill $(cat pilot.pid)`; whether it lives is the session lock's to say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from tradeworthy.core.errors import UsageError

log = structlog.get_logger()


@contextmanager
def pid_file(path: Path) -> Iterator[None]:
    """`path` holds this process's id while it is entered; a stale file is written over. UsageError if it can't be.

    To be entered by the holder of the session lock alone.
    """
    try:
        path.write_text(f"{os.getpid()}\n", encoding="ascii")
    except OSError as error:
        raise UsageError(
            f"can't write the pid file {path}: {error.strerror}; move what stands there"
        ) from error
    log.info("pid_file_written", path=str(path), pid=os.getpid())
    try:
        yield
    finally:
        if clean(path):
            log.info("pid_file_cleaned", path=str(path))


def clean(path: Path) -> bool:
    """Remove the pid file; whether there was one that could be removed."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def read_pid(path: Path) -> int | None:
    """The process id in the file; None if there is no such file, 0 if it holds none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError:
        return 0
    return int(text) if text.isascii() and text.isdecimal() else 0
