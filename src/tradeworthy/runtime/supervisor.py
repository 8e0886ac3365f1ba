"""The one place that may catch anything: a desk's fault becomes a quarantine, a gateway's a restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from tradeworthy.core.errors import AllHalted, NotAvailable

log = structlog.get_logger()

Result = TypeVar("Result")

BACKOFF_S_MAX = 60.0


def supervised(action: Callable[[], Result], mend: Callable[[Exception | SystemExit], None]) -> Result:
    """The result of `action`, run again after each fault that `mend` could mend.

    `mend` raises if it can't. AllHalted always passes: there is nothing to mend. SystemExit is a fault like any
    other: a handler does not end the session.
    """
    while True:
        try:
            return action()
        except AllHalted:
            raise
        except (Exception, SystemExit) as error:
            mend(error)


def _nothing() -> None:
    """Nobody wants to hear of it."""


async def kept_running(
    name: str,
    gateway: Callable[[], Awaitable[None]],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    crashed: Callable[[], None] = _nothing,
    seconds: Callable[[], float] = time.monotonic,
) -> None:
    """Run `gateway` until it returns, restarting it after each fault with back-off 1, 2, 4 ... 60 s.

    One that ran for longer than the longest back-off begins at 1 s again. `crashed` is told before each wait.
    """
    failures = 0
    while True:
        began = seconds()
        try:
            await gateway()
            log.warning("gateway_ended", gateway=name)
            return
        except (AllHalted, NotAvailable):
            raise
        except Exception as error:
            if seconds() - began > BACKOFF_S_MAX:
                failures = 0
            backoff_s = min(2.0 ** min(failures, 10), BACKOFF_S_MAX)
            failures += 1
            log.warning(
                "gateway_crashed", gateway=name, error=repr(error), failures=failures, backoff_s=backoff_s
            )
            crashed()
            await sleep(backoff_s)
