"""A small app behind the real gate, and a control socket that notes what is asked of it."""

import asyncio
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import StarletteDeprecationWarning
from starlette.responses import PlainTextResponse

from tradeworthy.core.errors import Bug, NotAvailable, Retryable, TradeworthyError, UsageError
from tradeworthy.gateways.control import ControlServer, Flatten, Inject, Request, Stop
from tradeworthy.runtime.home import Home
from tradeworthy.web.entry.access import Access, Reader
from tradeworthy.web.entry.security import protect
from tradeworthy.web.entry.tokens import Scope
from tradeworthy.web.settings import WebSettings

with warnings.catch_warnings():
    # It would rather have httpx2, a fork that nothing else here needs.
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

__all__ = ("TestClient",)

SECRET = "a secret that is long enough to sign with"
HERE = "http://127.0.0.1:5005"
OUR_ORIGIN = {"Origin": HERE}
JSON = {"Content-Type": "application/json"}
ERRORS: dict[str, TradeworthyError] = {
    "usage": UsageError("wrong"),
    "absent": NotAvailable("not here"),
    "later": Retryable("try\nagain"),
    "refused": TradeworthyError("no"),
    "bug": Bug("can't be"),
}


def settings(**given: Any) -> WebSettings:
    """Settings with a secret, and rates that no test meets by accident."""
    return WebSettings(**({"secret": SECRET, "requests_a_second": 1e6, "burst": 100_000} | given))


class Small:
    """The app, its Access, and a token of each scope."""

    def __init__(self, home: Path, **given: Any) -> None:
        self.home = home
        self.app = FastAPI()

        @self.app.get("/api/v1/whoami")
        async def whoami(caller: Reader) -> dict[str, str]:
            return {"name": caller.name, "scope": caller.scope}

        @self.app.get("/api/v1/fails/{kind}")
        async def fails(kind: str, _: Reader) -> None:
            raise ERRORS.get(kind, ZeroDivisionError("a defect"))

        @self.app.get("/", include_in_schema=False)
        async def page() -> PlainTextResponse:
            return PlainTextResponse("the page")

        @self.app.get("/health", include_in_schema=False)
        async def health() -> dict[str, bool]:
            return {"ok": True}

        self.access: Access = protect(self.app, Home(home), settings(**given))
        self.read = self.access.tokens.make("ann", Scope.READ)
        self.operate = self.access.tokens.make("ben", Scope.OPERATE)

    def client(self, token: str = "", **headers: str) -> TestClient:
        """A browser or program of its own, which shows `token` if there is one."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return TestClient(
            self.app, HERE, headers=headers, follow_redirects=False, raise_server_exceptions=False
        )

    def signed_in(self, token: str) -> TestClient:
        """A browser that has signed in with `token`."""
        browser = self.client()
        answer = browser.post("/sign-in", data={"token": token}, headers=OUR_ORIGIN)
        assert answer.status_code == 303, answer.text
        return browser


@contextmanager
def session(home: Path, refuse: TradeworthyError | None = None) -> Iterator[list[Request]]:
    """A session's control socket in `home`, and what was asked of it."""
    heard: list[Request] = []

    async def handle(request: Request) -> dict[str, Any]:
        heard.append(request)
        if refuse:
            raise refuse
        match request:
            case Flatten():
                return {"flattening": ["p1", "p2"]}
            case Inject():
                return {"admitted": len(request.events)}
            case Stop():
                return {"stopping": "run-1"}
            case _:
                return {}

    loop = asyncio.new_event_loop()
    server = ControlServer(home, handle)
    loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield heard
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
