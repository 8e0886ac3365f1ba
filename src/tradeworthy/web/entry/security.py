"""Puts the gate, the limits and the headers before an app, and the ways to sign in and to steer into it."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Mount, compile_path

from tradeworthy.runtime.home import Home
from tradeworthy.web.api import control as control_api
from tradeworthy.web.api.refusals import answer_errors, refused
from tradeworthy.web.entry import sign_in
from tradeworthy.web.entry.access import Access
from tradeworthy.web.entry.gate import API, Door, Gate
from tradeworthy.web.entry.headers import SecurityHeaders
from tradeworthy.web.entry.limits import Limits, Tries
from tradeworthy.web.settings import WebSettings

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def protect(app: FastAPI, home: Home, settings: WebSettings) -> Access:
    """Make `app` safe to serve, and add /sign-in, /sign-out and the control API to it.

    To be called once, after all other routers are in: what is below /api/ and not known by then is answered in JSON.
    Pages that are mounted at "/" stay last.
    """
    access = Access(home, settings)
    app.state.access, app.state.tries = access, Tries()
    app.include_router(sign_in.router)
    app.include_router(control_api.router)
    app.add_api_route(API + "{rest:path}", _unknown, methods=list(METHODS), include_in_schema=False)
    # A mount at "/" takes all that no route before it took.
    app.router.routes.sort(key=lambda route: isinstance(route, Mount) and not route.path)
    answer_errors(app)
    # The last one added is the outermost.
    app.add_middleware(Door)
    app.add_middleware(Limits, settings=settings)
    app.add_middleware(Gate, access=access)
    app.add_middleware(SecurityHeaders)
    return access


async def _unknown(request: Request, rest: str) -> Response:
    """Answer what no router knows."""
    app: FastAPI = request.app
    allowed = ", ".join(
        method.upper()
        for template, methods in app.openapi()["paths"].items()
        if compile_path(template)[0].match(request.url.path)
        for method in sorted(methods)
    )
    asked = f"{request.method} {request.url.path[:200]}"
    if allowed:
        return refused(f"{asked}: this address takes {allowed}", 405, {"Allow": allowed})
    return refused(f"there is no {asked}: {app.openapi_url} lists what there is", 404)
