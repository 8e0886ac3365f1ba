"""A real PostgreSQL server of the home folder's own: started on demand, shared by its processes, stopped by the last.

Everything lies in `<home>/postgres`: `data` (the cluster), and the files that shared_server.py tells of.

It listens on 127.0.0.1 with a password: socket paths may be longer than the 107 bytes that a kernel takes, and on a
shared machine a server that trusts everyone would run their programs as us.
"""

from __future__ import annotations

import secrets
import signal
import subprocess
from pathlib import Path

import psycopg

from tradeworthy.core.errors import Retryable, TradeworthyError, UsageError
from tradeworthy.store.server_account import ServerAccount, binaries, let_in
from tradeworthy.store.shared_server import ATTEMPTS, SharedServer

OWNER = "tradeworthy"
"""The server's superuser, and the name of its database."""

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


class EmbeddedPostgres(SharedServer):
    """One user of the home folder's server; `open` it, and `close` it to leave.

    Several may be open in one process and in many; each holds a lease of its own.
    """

    folder_name = "postgres"
    noun = "database"
    called = "The embedded database"
    busy = "Another process has been starting or stopping the database"
    start_s_max = 60.0
    stop_s_max = 10.0
    stop_signals = (signal.SIGINT, signal.SIGQUIT)
    log_words = ("FATAL", "could not")

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._data = self.folder / "data"

    def _url(self, database: str = OWNER) -> str:
        password = (self.folder / "password").read_text()
        return f"postgresql://{OWNER}:{password}@127.0.0.1:{self._port()}/{database}"

    def _refusal(self, error: OSError) -> TradeworthyError:
        if isinstance(error, PermissionError):
            return UsageError(
                f"The embedded database can't use {error.filename or self.folder}: {error.strerror};"
                " run as the user who made it, or set TRADEWORTHY_HOME or DATABASE_URL"
            )
        return Retryable(
            f"The embedded database in {self.folder} can't start: {error.strerror}; free the cause and try again"
        )

    def _join(self) -> None:
        """Wait for a server that another process started, and finish what that one was killed over."""
        if self._lease is not None:
            return
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
        self._reap()
        # No process of the server is left, so this can only speak of a pid that is now someone else's.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        for _ in range(ATTEMPTS):
            let_in(account, self.folder)
            if self._launch(self._command(self._take_port()), **account.popen()):
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

    def _command(self, port: int) -> list[str | Path]:
        options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        return [binaries() / "postgres", "-D", self._data, "-p", str(port), *options]

    def _answers(self) -> bool:
        return self._postmaster()[7:8] == ["ready"]

    def _pid(self) -> int | None:
        lines = self._postmaster()
        return int(lines[0]) if lines else None

    def _make_database(self) -> None:
        try:
            with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
                found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [OWNER]).fetchone()
                if found is None:
                    connection.execute(f'CREATE DATABASE "{OWNER}"')
        except psycopg.OperationalError as error:
            said = (str(error).strip().splitlines() or ["no answer"])[-1].strip()
            raise Retryable(
                f"The embedded database in {self.folder} runs and lets nobody in: {said}; look at {self.folder / 'log'}"
            ) from None

    def _postmaster(self) -> list[str]:
        try:
            return [line.strip() for line in (self._data / "postmaster.pid").read_text().splitlines()]
        except FileNotFoundError:
            return []
