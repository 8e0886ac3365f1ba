"""The halt latch: a file in the home folder that stops all entries, session or none, database or none."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import msgspec

from tradeworthy.core.errors import AllHalted, UsageError

LATCH_NAME = "halt.latch"
BYTES_MAX = 65_536
"""A latch longer than this is not one of ours, and counts as garbled."""


class Latch(msgspec.Struct, frozen=True):
    """Who halted, why, and when (`at` in UTC ns; 0 if the file could not say)."""

    by: str
    reason: str
    at: int


class LatchFile:
    """`halt.latch` of a home folder. Present means halted, whatever it holds; `release` takes it away."""

    def __init__(self, home: Path) -> None:
        self.path = home / LATCH_NAME

    def is_set(self) -> bool:
        """Whether entries must stop: one stat, cheap enough before each order. A doubt counts as set."""
        try:
            self.path.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def read(self) -> Latch | None:
        """The latch, or None if there is none; one that can't be read is a latch that says so."""
        if not self.is_set():
            return None
        try:
            with self.path.open("rb") as file:
                return msgspec.json.decode(file.read(BYTES_MAX), type=Latch)
        except FileNotFoundError:
            # Released since the stat, or a link that leads nowhere, which is still a doubt.
            return self._doubt("it leads nowhere") if self.is_set() else None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            return self._doubt(str(error))

    def set(self, by: str, reason: str, at: int) -> Latch:
        """Set the latch and return the one that holds: the first stays until it is released.

        It is on disk when this returns. AllHalted if it can't be written: then stop the session instead.
        """
        held = self.read()
        if held is not None and held.at:
            return held
        latch = Latch(by, reason, at)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(msgspec.json.encode(latch))
        except OSError as error:
            raise AllHalted(
                f"the halt latch {self.path} can't be written ({error.strerror}):"
                " stop the session (`tradeworthy stop`, or its process), then make room or fix the folder"
            ) from error
        return latch

    def release(self, by: str, reason: str) -> Latch | None:
        """Take the latch away and return what it held (None: there was none).

        UsageError without a name or a reason, or if the file can't be removed.
        """
        require_name_and_reason(by, reason)
        latch = self.read()
        try:
            self.path.unlink(missing_ok=True)
            if latch is not None:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise UsageError(
                f"the halt latch {self.path} can't be removed ({error.strerror}): still halted;"
                " remove it as the user who owns it"
            ) from error
        return latch

    def _doubt(self, why: str) -> Latch:
        reason = (
            f"the halt latch {self.path} can't be read ({why}), which counts as halted: resume to clear it"
        )
        return Latch("unknown", reason, 0)

    def _replace(self, content: bytes) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f".{LATCH_NAME}.", dir=self.path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
        _sync_folder(self.path.parent)


def require_name_and_reason(by: str, reason: str) -> None:
    """UsageError unless both say something: a resume is somebody's decision, and is on record as such."""
    missing = [option for option, text in (("--by NAME", by), ("--reason TEXT", reason)) if not text.strip()]
    if missing:
        raise UsageError(f"resume needs a name and a reason: give {' and '.join(missing)}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
