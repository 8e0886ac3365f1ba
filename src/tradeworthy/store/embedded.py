"""A real PostgreSQL server of the home folder's own: started on demand, shared by its processes, stopped by the last.

Everything lies in `<home>/postgres`: `data` (the cluster), `port`, `password`, `log`, and three files that exist to
be locked, because the kernel drops a lock with the process that held it, however that died:

    mutex   exclusively by whoever starts or stops the server
    users   shared by each user of the server; who gets it exclusively was the last one
    alive   by the server's own processes, which inherit it: free means that none of them is left

It listens on 127.0.0.1 with a password: socket paths may be longer than the 107 bytes that a kernel takes, and on a
shared machine a server that trusts everyone would run their programs as us.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg

from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.store.server_account import ServerAccount, binaries, free_port, is_free, let_in

OWNER = "tradeworthy"
"""The server's superuser, and the name of its database."""

START_S_MAX = 60.0
STOP_S_MAX = 10.0
LOG_BYTES_MAX = 4 << 20
POLL_S = 0.002
ATTEMPTS = 3
"""Starts before we give up: a free port may be taken, or a folder closed, between the look and the leap."""

_children: dict[Path, subprocess.Popen[bytes]] = {}
"""Servers that this process started, to be reaped by it whichever of its users stops them."""

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """One user of the home folder's server; `open` it, and `close` it to leave.

    Several may be open in one process and in many; each holds a lease of its own.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home.absolute() / "postgres"
        self._data = self.folder / "data"
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
                if not self._is_alive():
                    self._start()
                elif self._lease is None:
                    self._join()
                undo.pop_all()
                self._lease = lease
                return self._url(OWNER)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(
                f"{self.folder} can't hold the embedded database: a file stands where a folder should be;"
                " move it away or set TRADEWORTHY_HOME"
            ) from None
        except PermissionError as error:
            raise UsageError(
                f"The embedded database can't use {error.filename or self.folder}: {error.strerror};"
                " run as the user who made it, or set TRADEWORTHY_HOME or DATABASE_URL"
            ) from None
        except OSError as error:
            raise Retryable(
                f"The embedded database in {self.folder} can't start: {error.strerror}; free the cause and try again"
            ) from None

    def url(self) -> str:
        """The server's URL now; a server that died is started again, on the same port if it is still free."""
        return self.open()

    def running_url(self) -> str | None:
        """The server's URL if it runs, without starting it or taking a lease."""
        return self._url(OWNER) if (self.folder / "alive").exists() and self._is_alive() else None

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
                        f"Another process has been starting or stopping the database in {self.folder}"
                        f" for over {START_S_MAX:.0f} s; look at {self.folder / 'log'}"
                    )
                time.sleep(POLL_S)
            yield

    def _is_alive(self) -> bool:
        # Shared, so that two who look at the same time do not take each other for the server.
        with (self.folder / "alive").open("wb") as file:
            return not _lock(file, fcntl.LOCK_SH)

    def _url(self, database: str) -> str:
        password = (self.folder / "password").read_text()
        return f"postgresql://{OWNER}:{password}@127.0.0.1:{self._port()}/{database}"

    def _port(self) -> int:
        text = (self.folder / "port").read_text() if (self.folder / "port").exists() else ""
        return int(text) if text.isdecimal() else 0  # a killed process may have left half of it

    def _join(self) -> None:
        """Wait for a server that another process started, and finish what that one was killed over."""
        if self._is_ready():
            self._make_database()
        elif self._is_alive():
            raise Retryable(
                f"The embedded database in {self.folder} runs and is not ready: {self._last_log_line()};"
                f" look at {self.folder / 'log'}"
            )
        else:
            self._start()

    def _start(self) -> None:
        account = ServerAccount.of(self._data)
        let_in(account, self.folder)
        if not self._data.exists():
            self._initialise(account)
        if ended := _children.pop(self.folder, None):
            ended.wait()
        # No process of the server is left, so this can only speak of a pid that is now someone else's.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        for _ in range(ATTEMPTS):
            let_in(account, self.folder)
            port = self._port()
            if not is_free(port):
                port = free_port()
                (self.folder / "port").write_text(str(port))
            if self._launch(account, port):
                break
        else:
            raise Retryable(
                f"The embedded database in {self.folder} did not start: {self._last_log_line()};"
                f" look at {self.folder / 'log'}"
            )
        self._make_database()

    def _initialise(self, account: ServerAccount) -> None:
        """Make the cluster beside its place and move it there whole, so that a kill leaves nothing half made."""
        scratch = self.folder / "data.new"
        secret = secrets.token_urlsafe(24)
        account.own_folder(scratch)
        account.own_file(self.folder / "password.new", secret)
        made = subprocess.run(  # noqa: S603 - the server's own tool, with our own arguments
            [
                *(binaries() / "initdb", "-D", scratch, "-U", OWNER),
                *("--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
                *("--auth=scram-sha-256", f"--pwfile={self.folder / 'password.new'}"),
            ],
            capture_output=True,
            text=True,
            check=False,
            **account.popen(),
        )
        (self.folder / "password.new").unlink()
        if made.returncode:
            reason = (made.stderr.strip() or "no output").splitlines()[-1]
            raise Retryable(f"The embedded database in {self.folder} can't be initialised: {reason}")
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secret)
        scratch.rename(self._data)

    def _launch(self, account: ServerAccount, port: int) -> bool:
        """Start the server and wait until it is ready; False if it ended instead."""
        log = self.folder / "log"
        mode = "wb" if log.exists() and log.stat().st_size > LOG_BYTES_MAX else "ab"
        with (self.folder / "alive").open("wb") as alive, log.open(mode) as output:
            fcntl.flock(alive, fcntl.LOCK_EX)
            options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
            _children[self.folder] = child = subprocess.Popen(  # noqa: S603 - the server's own program, with our own arguments
                [binaries() / "postgres", "-D", self._data, "-p", str(port), *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[alive.fileno()],
                **account.popen(),
            )
        if self._is_ready(child):
            return True
        child.send_signal(signal.SIGQUIT)
        return False

    def _is_ready(self, child: subprocess.Popen[bytes] | None = None) -> bool:
        """Wait until the server is ready; False if that takes too long, or `child` ended instead."""
        until = time.monotonic() + START_S_MAX
        while time.monotonic() < until and (child.poll() is None if child else self._is_alive()):
            if self._postmaster()[7:8] == ["ready"]:
                return True
            time.sleep(POLL_S)
        return False

    def _make_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [OWNER]).fetchone()
            if found is None:
                connection.execute(f'CREATE DATABASE "{OWNER}"')

    def _postmaster(self) -> list[str]:
        try:
            return [line.strip() for line in (self._data / "postmaster.pid").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def _last_log_line(self) -> str:
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        fatal = [line for line in lines[-20:] if "FATAL" in line or "could not" in line]
        return (fatal or lines or ["it wrote no log"])[-1].strip()

    def _stop(self) -> None:
        for how, seconds in ((signal.SIGINT, STOP_S_MAX), (signal.SIGQUIT, STOP_S_MAX)):
            postmaster = self._postmaster()
            if self._is_alive() and postmaster:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(postmaster[0]), how)
            until = time.monotonic() + seconds
            while self._is_alive() and time.monotonic() < until:
                time.sleep(POLL_S)
        if self._is_alive():
            raise Retryable(
                f"The embedded database in {self.folder} does not stop; look at {self.folder / 'log'}"
            )
        if child := _children.pop(self.folder, None):
            child.wait()


def _lock(file: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
