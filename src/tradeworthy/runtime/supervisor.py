"""The one place that may catch anything: a desk's fault becomes a quarantine, a gateway's a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from tradeworthy.core.errors import AllHalted, NotAvailable

log = structlog.get_logger()

Result = TypeVar("Result")

BACKOFF_S_MAX = 60.0


def supervised(action: Callable[[], Result], mend: Callable[[Exception], None]) -> Result:
    """The result of `action`, run again after each fault that `mend` could mend.

    `mend` raises if it can't. AllHalted always passes: there is nothing to mend.
    """
    while True:
        try:
            return action()
        except AllHalted:
            raise
        except Exception as error:
            mend(error)


async def kept_running(
    name: str,
    gateway: Callable[[], Awaitable[None]],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run `gateway` until it returns, restarting it after each fault with back-off 1, 2, 4 ... 60 s."""
    failures = 0
    while True:
        try:
            await gateway()
            return
        except (AllHalted, NotAvailable):
            raise
        except Exception as error:
            backoff_s = min(2.0**failures, BACKOFF_S_MAX)
            failures += 1
            log.warning(
                "gateway_crashed", gateway=name, error=repr(error), failures=failures, backoff_s=backoff_s
            )
            await sleep(backoff_s)
