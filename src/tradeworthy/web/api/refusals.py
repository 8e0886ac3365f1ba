"""How an error is answered over HTTP: {"error": one line} with a status, whatever raised it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tradeworthy.core.errors import AllHalted, Bug, NotAvailable, Retryable, TradeworthyError, UsageError
from tradeworthy.web.entry.access import Forbidden, NotSignedIn

log = structlog.get_logger()

STATUSES: tuple[tuple[type[TradeworthyError], int], ...] = (
    (NotSignedIn, 401),
    (Forbidden, 403),
    (NotAvailable, 404),
    (UsageError, 400),
    (Retryable, 503),
    (AllHalted, 503),
    (Bug, 500),
    (TradeworthyError, 409),
)
"""The first that fits holds; 409 is a session that understands, and refuses."""

MEANINGS = {
    400: "What was asked for is wrong; the line says what, and what would be right.",
    401: "Nobody is signed in, or the token is wrong or revoked.",
    403: "Who asks may not do this, or it came from another site's page.",
    404: "It is not here: no such run, row or page, or no session that runs.",
    405: "The address takes other methods.",
    408: "The body came too slowly.",
    409: "The session refuses.",
    413: "The body is too long.",
    422: "A field of the request is wrong; the line says which.",
    429: "Too many requests; Retry-After says how many seconds to wait.",
    503: "The session or the database does not answer just now; the same request may work later.",
}
FAULTS_SHOWN_MAX = 5


class Refusal(BaseModel):
    """Why a request was refused."""

    error: str = Field(description="One line: what, the value, the limit, the next step.")


def documented(*more: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation for its description: those that any may meet, and `more`."""
    always = (400, 401, 404, 408, 413, 422, 429, 503)
    return {
        status: {"model": Refusal, "description": MEANINGS[status]} for status in sorted({*always, *more})
    }


def refused(error: str, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer of `status` that says `error`, made one line."""
    line = " ".join(error.encode("utf-8", "replace").decode().split())
    return JSONResponse({"error": line}, status, dict(headers or {}))


def refusal_of(error: TradeworthyError) -> JSONResponse:
    """The answer to what raised `error`."""
    status = next(status for kind, status in STATUSES if isinstance(error, kind))
    if status >= 500:
        log.warning("request_failed", error=str(error))
    return refused(str(error), status, {"WWW-Authenticate": "Bearer"} if status == 401 else None)


def answer_errors(app: FastAPI) -> None:
    """Let every error that is no defect of ours be answered in one line; a defect stays a plain 500."""

    @app.exception_handler(TradeworthyError)
    async def _(request: Request, error: TradeworthyError) -> Response:
        return refusal_of(error)

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> Response:
        return refused("; ".join(_faults(error.errors())), 422)

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> Response:
        said = f"{error.detail}: {request.method} {request.url.path[:200]}"
        return refused(said, error.status_code, error.headers)


def _faults(errors: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """The first faults, each with its place; what was given is not repeated: it may be long, or a secret."""
    found = list(errors)
    for fault in found[:FAULTS_SHOWN_MAX]:
        place = ".".join(str(part) for part in fault["loc"])
        said = str(fault["msg"]).removeprefix("Value error, ")
        yield f"{place[:200]}: {said}"
    if len(found) > FAULTS_SHOWN_MAX:
        yield f"and {len(found) - FAULTS_SHOWN_MAX} more"
