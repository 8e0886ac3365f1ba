"""Ends the session of a home folder from outside: asked, then signalled, then killed, as far as is allowed."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from enum import StrEnum

from tradeworthy.core.errors import NotAvailable, Retryable, TradeworthyError
from tradeworthy.gateways.control import Stop, ask
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.runtime.home import Home, read_holder
from tradeworthy.runtime.pid_file import clean
from tradeworthy.store.embedded import EmbeddedPostgres

POLL_S = 0.05
ANSWER_S_MAX = 3.0


class Ended(StrEnum):
    """How it went."""

    STOPPED = "stopped"
    KILLED = "killed"
    NOT_RUNNING = "not running"


def end_session(home: Home, timeout_s: float, *, force: bool) -> tuple[Ended, str]:
    """Ask the session to stop and wait until its process is gone; with `force` kill it after `timeout_s`.

    How it went, and the name of the session's face ("" if none ran).
    TradeworthyError if it is still there. A killed session loses nothing that was durable, and its servers, which
    nobody else uses, are stopped for it.
    """
    holder = read_holder(home.lock)
    pid = _pid(home, holder)
    if pid is None:
        clean_up(home)
        return Ended.NOT_RUNNING, ""
    face = str((holder or {}).get("face", ""))
    until = time.monotonic() + timeout_s
    _ask_or_signal(home, pid, min(ANSWER_S_MAX, timeout_s))
    if _gone(home, pid, until):
        return Ended.STOPPED, face
    if not force:
        raise TradeworthyError(
            f"the session (PID {pid}) still runs after {timeout_s:g} s; it may be writing rows: wait,"
            " or end it at once with `tradeworthy stop --force`"
        )
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _gone(home, pid, time.monotonic() + ANSWER_S_MAX)
    clean_up(home)
    return Ended.KILLED, face


def clean_up(home: Home) -> None:
    """Stop embedded servers that a killed process left without a user, and remove its pid file."""
    clean(home.pid_file)
    for server in (EmbeddedPostgres(home.path), EmbeddedRedis(home.path)):
        if server.running_url():
            with server:
                pass


def _pid(home: Home, holder: dict[str, object] | None) -> int | None:
    """The process that holds the session lock; the kernel vouches for it, so it is no one else's."""
    if holder is None:
        return None
    pid = holder.get("pid")
    if not isinstance(pid, int):
        raise Retryable(f"a session is starting in {home.path}; try again in a moment")
    return pid


def _ask_or_signal(home: Home, pid: int, timeout_s: float) -> None:
    try:
        ask(home.path, Stop(), timeout_s=max(timeout_s, POLL_S))
    except (NotAvailable, Retryable):
        # It is starting, stopping, or too busy to listen: a signal reaches it all the same.
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise NotAvailable(f"the session (PID {pid}) is another user's; stop it as that user") from error


def _gone(home: Home, pid: int, until: float) -> bool:
    while _pid_now(home) == pid:
        if time.monotonic() > until:
            return False
        time.sleep(POLL_S)
    return True


def _pid_now(home: Home) -> object:
    return (read_holder(home.lock) or {}).get("pid")
