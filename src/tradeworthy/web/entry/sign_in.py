"""Signing in and out: a form that takes a token, a link that is used once, and the end of a session."""

from __future__ import annotations

import math
from html import escape
from typing import Annotated
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tradeworthy.core.errors import UsageError
from tradeworthy.web.dashboard import theme
from tradeworthy.web.entry.access import COOKIE, SESSION_S, Access, Caller, access_of, caller_of
from tradeworthy.web.entry.limits import Tries, address
from tradeworthy.web.entry.sign_in_page import POLICY, page

log = structlog.get_logger()

NEXT_LENGTH_MAX = 500
WRONG_TOKEN = "That token is not known here, or was revoked. Check that all of it was copied."  # noqa: S105
WRONG_LINK = (
    "That link was used already, is older than 10 minutes, or belongs to an earlier start of the server."
    " Sign in with a token, or start the server with --link again."
)

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
async def form(request: Request, next: Annotated[str, Query()] = "/") -> Response:  # noqa: A002
    """The form; who is signed in already can go on, or become another."""
    return _page(request, safe_next(next))


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Open a session for who shows a token."""
    text, wanted = _form(await request.body())
    if waiting := _waiting(request, wanted):
        return waiting
    access = access_of(request)
    try:
        caller = access.by_token(text)
    except UsageError as error:
        log.warning("tokens_unreadable", error=str(error))
        return _page(request, wanted, "Nobody can be let in just now: the server's log says why.", 503)
    return _opened(request, access, caller, wanted) if caller else _refused(request, WRONG_TOKEN, wanted)


@router.get("/sign-in/{code}")
async def by_link(request: Request, code: str) -> Response:
    """Open a session for who was given the link."""
    if waiting := _waiting(request, "/"):
        return waiting
    access = access_of(request)
    caller = access.by_code(code)
    return _opened(request, access, caller, "/") if caller else _refused(request, WRONG_LINK, "/")


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session, whoever else has its cookie."""
    if caller := caller_of(request):
        access_of(request).end_session(caller)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def safe_next(wanted: str) -> str:
    """Where to go after: a path of this server's, else its first page."""
    is_path = wanted.startswith("/") and not wanted.startswith(("//", "/sign-"))
    if not is_path or "\\" in wanted or not wanted.isprintable() or len(wanted) > NEXT_LENGTH_MAX:
        return "/"
    return wanted


def _form(body: bytes) -> tuple[str, str]:
    """The token and where to go; empty and the first page for what is no such form."""
    try:
        found = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    except ValueError:
        return "", "/"
    text = found.get("token", [""])[0].strip()
    return text.removeprefix("Bearer ").strip(), safe_next(found.get("next", ["/"])[0])


def _opened(request: Request, access: Access, caller: Caller, wanted: str) -> Response:
    _tries(request).succeeded(address(request))
    log.info("signed_in", name=caller.name, scope=caller.scope.value, address=address(request))
    response = RedirectResponse(wanted, 303)
    response.set_cookie(
        COOKIE,
        access.open_session(caller),
        max_age=SESSION_S,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _refused(request: Request, error: str, wanted: str) -> Response:
    _tries(request).failed(address(request))
    log.warning("sign_in_refused", address=address(request))
    return _page(request, wanted, error, 401)


def _waiting(request: Request, wanted: str) -> Response | None:
    """The answer to who has failed too often to try again now."""
    wait = math.ceil(_tries(request).wait_s(address(request)))
    if not wait:
        return None
    response = _page(request, wanted, f"Too many failed tries: wait {wait} s, then try again.", 429)
    response.headers["Retry-After"] = str(wait)
    return response


def _page(request: Request, wanted: str, error: str = "", status: int = 200) -> Response:
    caller = caller_of(request)
    known = f"{caller.name}, may {caller.scope}" if caller else ""
    content = page(request.cookies.get(theme.COOKIE, ""), escape(wanted), escape(error), escape(known))
    return HTMLResponse(content, status, {"Content-Security-Policy": POLICY})


def _tries(request: Request) -> Tries:
    tries: Tries = request.app.state.tries
    return tries
