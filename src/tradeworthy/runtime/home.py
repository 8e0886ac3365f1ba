"""The home folder: what lies where, and the lock that lets one session at a time trade in it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from tradeworthy.core.errors import UsageError
from tradeworthy.store.addresses import home_folder

TRIES, TRY_AGAIN_S = 5, 0.02
"""Who looks at the lock holds it for a moment, too: one refusal is no proof of a session."""


@dataclass(frozen=True)
class Home:
    """The folder under which everything of one installation lies."""

    path: Path

    @property
    def runs(self) -> Path:
        """One folder for each run."""
        return self.path / "runs"

    @property
    def control_socket(self) -> Path:
        """Where a running session listens."""
        return self.path / "control.sock"

    @property
    def latch(self) -> Path:
        """The halt latch."""
        return self.path / "halt.latch"

    @property
    def lock(self) -> Path:
        """Held by the one running session; it names the process and the run."""
        return self.path / "session.lock"

    @property
    def pid_file(self) -> Path:
        """The pilot's process id, while it runs."""
        return self.path / "pilot.pid"

    @property
    def catalog(self) -> Path:
        """The Parquet catalog, unless `data.catalog` says otherwise."""
        return self.path / "catalog"

    def make(self) -> Home:
        """Create the folder; UsageError if something else stands there or it can't be written."""
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"can't make the home folder {self.path}: {error.strerror} ({error.filename}); "
                "move what stands there, or set TRADEWORTHY_HOME to another folder"
            ) from error
        return self


def home() -> Home:
    """The home folder: TRADEWORTHY_HOME, else the platform's place for user data; UsageError if that is a file."""
    path = home_folder().absolute()
    there = next(one for one in (path, *path.parents) if one.exists())
    if not there.is_dir():
        raise UsageError(
            f"the home folder {path} can't be used: {there} is a file; move it away, or set TRADEWORTHY_HOME"
        )
    return Home(path)


class SessionLock:
    """An exclusive lock on the home folder that the kernel drops when its process dies."""

    def __init__(self, place: Home) -> None:
        self._path = place.lock
        self._descriptor = -1

    def take(self, note: dict[str, str]) -> None:
        """Take it, and leave `note` with the process id; UsageError naming the holder if it is taken."""
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UsageError(
                f"can't open {self._path}: {error.strerror}; move what stands there,"
                " or set TRADEWORTHY_HOME to another folder"
            ) from error
        for _ in range(TRIES):
            if _locked(self._descriptor, fcntl.LOCK_EX):
                self.note(note)
                return
            time.sleep(TRY_AGAIN_S)
        os.close(self._descriptor)
        raise UsageError(
            f"a session is running in {self._path.parent} ({holder_words(read_holder(self._path))}); "
            "stop it with `tradeworthy stop`, or set TRADEWORTHY_HOME to another folder"
        )

    def note(self, note: dict[str, str]) -> None:
        """Replace what the lock file says."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"pid": os.getpid(), **note}).encode(), 0)

    def release(self) -> None:
        """Let go; the file stays, empty."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def read_holder(path: Path) -> dict[str, object] | None:
    """What the lock file says if a live process holds it, else None."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        # Shared, so that two who look at the same time do not take each other for the holder.
        if _locked(descriptor, fcntl.LOCK_SH):
            return None
        said: dict[str, object] = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
    except ValueError:
        return {}
    finally:
        os.close(descriptor)
    return said


def _locked(descriptor: int, how: int) -> bool:
    """Take the lock if nobody holds it."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder_words(holder: dict[str, object] | None) -> str:
    """The holder in words."""
    holder = holder or {}
    return f"PID {holder.get('pid', 'unknown')}, run {holder.get('run', 'starting')}"
