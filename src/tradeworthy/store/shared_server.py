"""A server of the home folder's own, shared by processes: started on demand, stopped by its last user.

Everything lies in one folder: the server's own files, `port`, `password`, `log`, and three files that exist to be
locked, because the kernel drops a lock with the process that held it, however that died:

    mutex   exclusively by whoever starts or stops the server
    users   shared by each user of the server; who gets it exclusively was the last one
    alive   by the server's own processes, which inherit it: free means that none of them is left
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, ClassVar, Self

from tradeworthy.core.errors import Retryable, TradeworthyError, UsageError
from tradeworthy.store.server_account import free_port, is_free

LOG_BYTES_MAX = 4 << 20
POLL_S = 0.002
ATTEMPTS = 3
"""Starts before we give up: a free port may be taken, or a folder closed, between the look and the leap."""

_children: dict[Path, subprocess.Popen[bytes]] = {}
"""Servers that this process started, to be reaped by it whichever of its users stops them."""


class SharedServer(ABC):
    """One user of the home folder's server; `open` it, and `close` it to leave.

    Several may be open in one process and in many; each holds a lease of its own.
    """

    folder_name: ClassVar[str]
    noun: ClassVar[str]
    called: ClassVar[str]
    """The server at the start of an error's line."""
    busy: ClassVar[str]
    """The start of the error's line when the mutex does not come free."""
    start_s_max: ClassVar[float]
    stop_s_max: ClassVar[float]
    stop_signals: ClassVar[tuple[signal.Signals, signal.Signals]]
    """The signal that asks the server to end, and the one for when it does not."""
    log_words: ClassVar[tuple[str, ...]] = ()
    """Words of the log lines that tell why the server ended; without such lines, the last one has to."""

    def __init__(self, home: Path) -> None:
        self.folder = home.absolute() / self.folder_name
        self._lease: IO[bytes] | None = None

    def open(self) -> str:
        """Start the server unless it runs, and take a lease on it; its URL.

        UsageError if the folder can't be used; Retryable, with the last line of the server's log, if it won't start.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._mutex(), ExitStack() as undo:
                lease = self._lease or undo.enter_context((self.folder / "users").open("wb"))
                fcntl.flock(lease, fcntl.LOCK_SH)
                if self._is_alive():
                    self._join()
                else:
                    self._start()
                undo.pop_all()
                self._lease = lease
                return self._url()
        except (FileExistsError, NotADirectoryError):
            raise UsageError(
                f"{self.folder} can't hold the embedded {self.noun}: a file stands where a folder should be;"
                " move it away or set TRADEWORTHY_HOME"
            ) from None
        except OSError as error:
            raise self._refusal(error) from None

    def url(self) -> str:
        """The server's URL now; a server that died is started again, on the same port if it is still free."""
        return self.open()

    def running_url(self) -> str | None:
        """The server's URL if it runs, without starting it or taking a lease."""
        return self._url() if (self.folder / "alive").exists() and self._is_alive() else None

    def close(self) -> None:
        """Leave; the last one to leave stops the server."""
        if self._lease is None:
            return
        with self._mutex(), contextlib.closing(self._lease) as lease:
            self._lease = None
            if _lock(lease, fcntl.LOCK_EX):
                self._stop()

    def stop(self) -> None:
        """Stop the server under its users, as an outage would; their next `url()` starts it again."""
        with self._mutex():
            self._stop()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What differs from server to server

    @abstractmethod
    def _url(self) -> str:
        """The address, from the files of the folder."""

    @abstractmethod
    def _start(self) -> None:
        """Start the server, of which no process is left, and wait until it is ready."""

    @abstractmethod
    def _join(self) -> None:
        """See to a server that runs; `_lease` is None if this user is only just coming in."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the server is ready, at one look."""

    @abstractmethod
    def _pid(self) -> int | None:
        """The process to signal; None if the server has not written it down."""

    @abstractmethod
    def _refusal(self, error: OSError) -> TradeworthyError:
        """The line for what the system refused us while the server was opened."""

    # What they share

    @contextlib.contextmanager
    def _mutex(self) -> Iterator[None]:
        until = time.monotonic() + self.start_s_max
        with (self.folder / "mutex").open("wb") as file:
            while not _lock(file, fcntl.LOCK_EX):
                if time.monotonic() > until:
                    raise Retryable(
                        f"{self.busy} in {self.folder} for over {self.start_s_max:.0f} s;"
                        f" look at {self.folder / 'log'}"
                    )
                time.sleep(POLL_S)
            yield

    def _is_alive(self) -> bool:
        # Shared, so that two who look at the same time do not take each other for the server.
        with (self.folder / "alive").open("wb") as file:
            return not _lock(file, fcntl.LOCK_SH)

    def _port(self) -> int:
        text = (self.folder / "port").read_text() if (self.folder / "port").exists() else ""
        return int(text) if text.isdecimal() else 0  # a killed process may have left half of it

    def _take_port(self) -> int:
        """The port of last time if it is still free, else a new one, written down."""
        port = self._port()
        if not is_free(port):
            port = free_port()
            (self.folder / "port").write_text(str(port))
        return port

    def _reap(self) -> None:
        if ended := _children.pop(self.folder, None):
            ended.wait()

    def _launch(self, command: Sequence[str | Path], **options: Any) -> bool:
        """Run the server, with these options of Popen, and wait until it is ready; False if it ended instead."""
        log = self.folder / "log"
        mode = "wb" if log.exists() and log.stat().st_size > LOG_BYTES_MAX else "ab"
        with (self.folder / "alive").open("wb") as alive, log.open(mode) as output:
            fcntl.flock(alive, fcntl.LOCK_EX)
            _children[self.folder] = child = subprocess.Popen(  # noqa: S603 - the server's own program, with our own arguments
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[alive.fileno()],
                **options,
            )
        if self._is_ready(child):
            return True
        child.send_signal(self.stop_signals[1])
        return False

    def _is_ready(self, child: subprocess.Popen[bytes] | None = None) -> bool:
        """Wait until the server is ready; False if that takes too long, or it ended (as `child`, if ours) instead."""
        until = time.monotonic() + self.start_s_max
        while time.monotonic() < until and (child.poll() is None if child else self._is_alive()):
            if self._answers():
                return True
            time.sleep(POLL_S)
        return False

    def _last_log_line(self) -> str:
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        telling = [line for line in lines[-20:] if any(word in line for word in self.log_words)]
        return (telling or lines or ["it wrote no log"])[-1].strip()

    def _stop(self) -> None:
        for how in self.stop_signals:
            pid = self._pid()
            if self._is_alive() and pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
            until = time.monotonic() + self.stop_s_max
            while self._is_alive() and time.monotonic() < until:
                time.sleep(POLL_S)
        if self._is_alive():
            raise Retryable(f"{self.called} in {self.folder} does not stop; look at {self.folder / 'log'}")
        self._reap()


def _lock(file: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
