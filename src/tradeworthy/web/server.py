"""Serves the app until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.runtime.home import Home
from tradeworthy.store import init_db
from tradeworthy.web.app import build_app
from tradeworthy.web.entry.access import sign_in_code
from tradeworthy.web.entry.tokens import Scope
from tradeworthy.web.hub import Hub
from tradeworthy.web.settings import WebSettings

log = structlog.get_logger()

CLOSE_S_MAX = 3
LINK_NAME = "local"
"""Who comes by the link that is printed at start."""


class _Server(uvicorn.Server):
    """Tells those who follow the hub that it is over, before it waits for their requests to end.

    A signal ends it in order, and is not raised once more when it has: that is no error of anybody's.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._hub.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM while it serves."""
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def bound(settings: WebSettings) -> socket.socket:
    """A listening socket at the settings' address; UsageError, NotAvailable if it can't be had."""
    try:
        return socket.create_server((settings.host, settings.port), backlog=128)
    except OSError as error:
        said = str(error.strerror).partition(" (")[0]
        if error.errno is not None and error.errno < 0:
            raise UsageError(
                f"{settings.host!r} is no address of this machine ({said}): give --host 127.0.0.1"
            ) from None
        place = f"{settings.host}:{settings.port}"
        raise NotAvailable(f"can't listen on {place}: {said}; give another port with --port") from None


def sign_in_link(settings: WebSettings, port: int) -> str:
    """An address that signs one browser in as an operator, once, within ten minutes."""
    code = sign_in_code(settings.secret, LINK_NAME, Scope.OPERATE)
    return f"{address_of(settings, port)}/sign-in/{code}"


def address_of(settings: WebSettings, port: int) -> str:
    """Where a browser on this machine finds it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - what it says
    return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{port}"


def serve(home: Home, settings: WebSettings, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve on `listening` until SIGINT or SIGTERM; `ready` is called once the database is there, Retryable if not."""
    home.make()
    asyncio.run(init_db(home.path))
    ready()
    app = build_app(home, settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        http="h11",  # It bounds headers before it reads them all.
        proxy_headers=False,  # An address that a caller names himself is none to count his tries by.
        timeout_graceful_shutdown=CLOSE_S_MAX,
        ws_max_size=settings.body_bytes_max,
    )
    port = listening.getsockname()[1]
    log.info("web_started", address=address_of(settings, port), home=str(home.path))
    _Server(config, app.state.hub).run(sockets=[listening])
    log.info("web_stopped")
