"""What every request is served from: the installation, and what one server keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from tradeworthy.runtime.home import Home
from tradeworthy.web.candles import CandleBook
from tradeworthy.web.hub import Hub
from tradeworthy.web.records import Records
from tradeworthy.web.settings import WebSettings

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

KEY = "tradeworthy"
"""Where the face stands in a request's scope: pages are mounted below the app, and have no other way to it."""


class Face(NamedTuple):
    """One server."""

    home: Home
    settings: WebSettings
    records: Records
    hub: Hub
    candles: CandleBook


class WithFace:
    """Puts `face` into the scope of all that passes."""

    def __init__(self, app: ASGIApp, face: Face) -> None:
        self._app, self._face = app, face

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        scope[KEY] = self._face
        await self._app(scope, receive, send)


def face_of(connection: HTTPConnection) -> Face:
    """The face of the server that `connection` came to."""
    face: Face = connection.scope[KEY]
    return face
