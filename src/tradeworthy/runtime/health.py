"""How this installation stands: the session that runs in it or not, its parts, its servers, its latch."""

from __future__ import annotations

import os
from typing import Any

from tradeworthy.core.errors import NotAvailable, Retryable
from tradeworthy.gateways.control import Status, ask
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.runtime.home import Home, read_holder
from tradeworthy.runtime.pid_file import read_pid
from tradeworthy.runtime.runs import find
from tradeworthy.store.addresses import checked
from tradeworthy.store.embedded import EmbeddedPostgres
from tradeworthy.store.values import at_or_none

ANSWER_S_MAX = 5.0


def status(home: Home, *, answer_s: float = ANSWER_S_MAX) -> dict[str, Any]:
    """JSON values: `running`, the holder's `pid` and `run`, the servers' addresses, the latch, and the overview.

    `face` is pilot or session; `stale_pid` is what a pilot that was killed has left in its pid file.
    `answers` is False for a session that is starting, stopping or too busy to say more within `answer_s`. An embedded
    server that does not run has None for its address; none is started.
    """
    holder = read_holder(home.lock)
    known: dict[str, Any] = {
        "running": holder is not None,
        "answers": False,
        "pid": (holder or {}).get("pid"),
        "run": (holder or {}).get("run") or newest_run(home),
        "face": (holder or {}).get("face", ""),
        "stale_pid": read_pid(home.pid_file) if holder is None else None,
        "home": str(home.path),
        **servers(home),
        "latch": latch(home),
    }
    if holder is None:
        return known
    try:
        return {**known, **ask(home.path, Status(), timeout_s=answer_s), "answers": True}
    except (NotAvailable, Retryable):
        return known


def newest_run(home: Home) -> str | None:
    """The run that was last written to, None if there is none."""
    try:
        return find(home, "").name
    except NotAvailable:
        return None


def servers(home: Home) -> dict[str, str | None]:
    """`database_url` and `redis_url`, passwords and all."""
    database, redis = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    return {
        "database_url": checked(database) if database else EmbeddedPostgres(home.path).running_url(),
        "redis_url": redis or EmbeddedRedis(home.path).running_url(),
    }


def latch(home: Home) -> dict[str, Any] | None:
    """Who set the halt latch, why and when; None if it is not set."""
    held = LatchFile(home.path).read()
    return None if held is None else {"by": held.by, "reason": held.reason, "at": at_or_none(held.at)}
