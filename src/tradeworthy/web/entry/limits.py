"""How much may be asked: requests a second of each caller, bytes and seconds of a body, tries to sign in."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from tradeworthy.web.api.refusals import refused
from tradeworthy.web.entry.access import Caller, caller_of
from tradeworthy.web.settings import WebSettings

KEYS_MAX = 10_000
"""So many callers are told apart; then those that were not heard of for longest are forgotten."""

LIBRARY = ("/_nicegui/", "/_nicegui_ws/", "/static/")
"""A page's scripts, styles and its socket: a browser asks for a hundred of them at once."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing."""

FREE_TRIES = 5
WAIT_S_MAX = 60.0
FORGET_S = 900.0

Clock = Callable[[], float]


class Buckets:
    """A rate for each key: `a_second` on average, `burst` at once. `now` is monotonic seconds."""

    def __init__(self, a_second: float, burst: int, now: Clock = time.monotonic) -> None:
        self._a_second, self._burst, self._now = a_second, burst, now
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Take one for `key`: 0, or if none is left the seconds until there is one."""
        now = self._now()
        level, at = self._levels.pop(key, (float(self._burst), now))
        level = min(self._burst, level + (now - at) * self._a_second)
        is_free = level >= 1
        self._levels[key] = (level - 1 if is_free else level, now)
        if len(self._levels) > KEYS_MAX:
            self._levels.popitem(last=False)
        return 0.0 if is_free else (1 - level) / self._a_second


class Tries:
    """Failed sign-ins of each address: after FREE_TRIES every further one doubles the wait, up to WAIT_S_MAX."""

    def __init__(self, now: Clock = time.monotonic) -> None:
        self._now = now
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Seconds until `address` may try again; 0 if now."""
        failed, at = self._failed.get(address, (0, 0.0))
        wait = 0.0 if failed < FREE_TRIES else min(2.0 ** min(failed - FREE_TRIES, 10), WAIT_S_MAX)
        return max(0.0, at + wait - self._now())

    def failed(self, address: str) -> None:
        """Note a failed try."""
        now = self._now()
        failed, at = self._failed.pop(address, (0, now))
        self._failed[address] = (1 if now - at > FORGET_S else failed + 1, now)
        if len(self._failed) > KEYS_MAX:
            self._failed.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the failed ones."""
        self._failed.pop(address, None)


class Limits:
    """Refuses what is too much, before the app hears of it: 429, 413 or 408. It stands inside of the gate."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app, self._settings = app, settings
        self._buckets = Buckets(settings.requests_a_second, settings.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        wait = self._wait_s(connection)
        if wait:
            answer = too_many(wait)
        else:
            body = await self._body(connection, receive)
            if isinstance(body, bytes):
                await self._app(scope, _again(body, receive), send)
                return
            if body is None:
                return
            answer = refused(*body, {"Connection": "close"})
        await answer(scope, receive, send)

    def _wait_s(self, connection: HTTPConnection) -> float:
        if connection.url.path.startswith(LIBRARY):
            return 0.0
        # A screen that asks too often must not stand in the way of its own HALT.
        kind = "look" if connection.scope["method"] in SAFE_METHODS else "act"
        return self._buckets.wait_s(f"{kind} {who(connection)}")

    async def _body(self, connection: HTTPConnection, receive: Receive) -> bytes | tuple[str, int] | None:
        """The whole body, or why it is refused; None if the caller went away."""
        most, seconds = self._settings.body_bytes_max, self._settings.body_s_max
        too_long = f"a body is at most {most} bytes: send it in parts", 413
        announced = connection.headers.get("content-length", "")
        if announced.isdecimal() and (len(announced) > 18 or int(announced) > most):
            return too_long
        try:
            async with asyncio.timeout(seconds):
                found = await _received(receive, most)
        except TimeoutError:
            return f"the body did not come within {seconds:g} s: send it faster, or in parts", 408
        if found is not None and len(found) > most:
            return too_long
        return found


def too_many(wait_s: float) -> Any:
    """The answer to who has to wait."""
    seconds = max(1, math.ceil(wait_s))
    return refused(
        f"too many requests: wait {seconds} s, and ask less often", 429, {"Retry-After": str(seconds)}
    )


def who(connection: HTTPConnection) -> str:
    """Whom a limit is for: the token or session, else the address."""
    caller: Caller | None = caller_of(connection)
    if caller is None:
        return f"address {address(connection)}"
    return f"token {caller.token}" if caller.token else f"session {caller.session}"


def address(connection: HTTPConnection) -> str:
    """Where a request comes from, "" if unknown."""
    return connection.client.host if connection.client else ""


async def _received(receive: Receive, most: int) -> bytes | None:
    """What came, up to a piece more than `most` bytes; None if the caller went away."""
    found = bytearray()
    while len(found) <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        found += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(found)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body in one piece, and then whatever else happens to the connection."""
    left = [body]

    async def next_message() -> MutableMapping[str, Any]:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return next_message
