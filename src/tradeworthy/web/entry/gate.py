"""Who may pass: which host was asked for, who asks, and whether another site's page made him ask."""

from __future__ import annotations

import ipaddress
from html import escape
from urllib.parse import quote, urlsplit

import structlog
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tradeworthy.core.errors import UsageError
from tradeworthy.web.api.refusals import refusal_of, refused
from tradeworthy.web.entry.access import NOBODY, Access, NotSignedIn, caller_of
from tradeworthy.web.entry.limits import SAFE_METHODS

log = structlog.get_logger()

LOCAL = ("localhost", "127.0.0.1", "::1")
OPEN = ("/health", "/sign-in", "/sign-out", "/favicon.ico")
OPEN_BELOW = ("/sign-in/", "/static/", "/_nicegui/")
"""What needs no token: whether the server is up, how to sign in, and the looks, which say nothing of anybody."""

MADE_BY_PAGES = "/_nicegui/auto/"
"""Files that a page has given out are no mere looks."""

API = "/api/"
POLICY_VIOLATION = 1008
"""Why a socket is closed (RFC 6455, 7.4.1)."""


class Gate:
    """Finds out who asks: behind it `state.access` and `state.caller` are set. Requests from elsewhere end here."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access
        host = access.settings.host.strip("[]")
        self._hosts = frozenset(one.lower() for one in (*LOCAL, host, *access.settings.hosts))
        self._is_everywhere = _is_address(host) and ipaddress.ip_address(host).is_unspecified

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] in {"http", "websocket"}:
            connection = HTTPConnection(scope)
            if refusal := self._refusal(connection):
                await turn_away(connection, refusal, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, connection: HTTPConnection) -> Response | None:
        """Why it may not pass; None if it may."""
        state = connection.scope.setdefault("state", {})
        state["access"], state["caller"] = self._access, None
        asked = ", ".join(connection.headers.getlist("host"))
        if not self._is_ours(asked):
            return refused(
                f"this server is not {asked[:100]!r}: use the address that it was started with, or list the name in"
                " TRADEWORTHY_WEB__HOSTS",
                400,
            )
        if is_foreign(connection):
            return refused("this came from a page of another site: ask from the dashboard's own", 403)
        try:
            state["caller"] = self._access.caller(connection)
        except UsageError as error:
            log.warning("tokens_unreadable", error=str(error))
            if not is_open(connection):
                return refused("nobody can be let in just now: the server's log says why", 503)
        return None

    def _is_ours(self, asked: str) -> bool:
        """Whether the Host header is ours; a site whose name was made to point at us gives its own name here."""
        name = host_name(asked)
        return name in self._hosts or (self._is_everywhere and _is_address(name))


class Door:
    """Lets nobody in who is not known, except to what is open to all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] in {"http", "websocket"}:
            connection = HTTPConnection(scope)
            if caller_of(connection) is None and not is_open(connection):
                await turn_away(connection, _shown_out(connection), receive, send)
                return
        await self._app(scope, receive, send)


def is_open(connection: HTTPConnection) -> bool:
    """Whether it needs no token."""
    path = connection.scope["path"]
    if connection.scope["type"] != "http" or path.startswith(MADE_BY_PAGES) or ".." in path:
        return False
    return path in OPEN or path.startswith(OPEN_BELOW)


def is_foreign(connection: HTTPConnection) -> bool:
    """Whether a page of another site made a browser ask for a change, or for a socket.

    A browser says so in Origin. A request that could change something by a cookie alone has to say that it is ours;
    programs that show a token need not, as no other page can make a browser send one.
    """
    headers = connection.headers
    if connection.scope["type"] == "http" and connection.scope["method"] in SAFE_METHODS:
        return False
    origin = headers.get("origin")
    if origin is None:
        return "authorization" not in headers and "cookie" in headers
    return _place(origin) != headers.get("host", "").lower()


def host_name(asked: str) -> str:
    """The name in a Host header, without port and brackets; "" if it has none, or more than one."""
    asked = asked.strip().lower()
    if "," in asked:
        return ""
    if asked.startswith("["):
        return asked[1:].partition("]")[0]
    return asked.partition(":")[0]


async def turn_away(connection: HTTPConnection, refusal: Response, receive: Receive, send: Send) -> None:
    """Answer with `refusal`; a socket is closed before it opens."""
    if connection.scope["type"] == "http":
        await refusal(connection.scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.close", "code": POLICY_VIOLATION})


def _place(origin: str) -> str:
    """Host and port of an Origin header, "" if it has none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _shown_out(connection: HTTPConnection) -> Response:
    """What nobody in particular gets: a program the error, a browser the way to sign in."""
    path, headers = connection.scope["path"], connection.headers
    is_page = connection.scope.get("method") == "GET" and "text/html" in headers.get("accept", "")
    if path.startswith(API) or not is_page:
        return refusal_of(NotSignedIn(NOBODY))
    query = connection.url.query
    wanted = f"/{quote(path.lstrip('/'))}" + (f"?{query}" if query else "")
    if headers.get("sec-fetch-site") == "cross-site":
        # A link on another site: the browser kept our cookie back, and sends it when our own page asks.
        here = escape(wanted)
        return HTMLResponse(
            f'<!doctype html><meta http-equiv="refresh" content="0;url={here}"><a href="{here}">Go on</a>'
        )
    return RedirectResponse(f"/sign-in?next={quote(wanted)}", 303)
