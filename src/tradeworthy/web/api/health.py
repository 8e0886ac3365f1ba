"""/health, open to all, and /metrics for Prometheus."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from tradeworthy import __version__
from tradeworthy.core.errors import TradeworthyError
from tradeworthy.web.api.asked import answer, json_of
from tradeworthy.web.api.checkup import UNITS, Checkup
from tradeworthy.web.api.metrics import TOPICS, CountRequests, Requests, exposition, totals
from tradeworthy.web.api.refusals import documented
from tradeworthy.web.api.values import Number
from tradeworthy.web.entry.access import reader
from tradeworthy.web.face import face_of

router = APIRouter(tags=["health"])


class PartShown(BaseModel):
    """How one service stands."""

    ok: bool
    word: str
    figure: Number = Field(description="null if there is none.")
    unit: str = Field(description="What the figure counts.")


class HealthShown(BaseModel):
    """How all services stand."""

    ok: bool = Field(description="Whether every part is.")
    at: datetime
    version: str
    parts: dict[str, PartShown]


@router.get("/health", response_model=HealthShown)
async def health(request: Request) -> Response:
    """Each service, asked just now: 200 whenever this server answers; `ok` says whether all is well.

    It needs no token, and names no address, path or reason.
    """
    checkup: Checkup = request.app.state.checkup
    found = await checkup.parts(face_of(request))
    parts = {name: {**part._asdict(), "unit": UNITS[name]} for name, part in found.items()}
    whole = {
        "ok": all(part.ok for part in found.values()),
        "at": datetime.now(UTC),
        "version": __version__,
        "parts": parts,
    }
    return answer(json_of(HealthShown, whole))


@router.get(
    "/metrics",
    dependencies=[Depends(reader)],
    responses={
        **documented(),
        200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."},
    },
    response_class=Response,
)
async def metrics(request: Request) -> Response:
    """Figures for Prometheus, of the run that is shown."""
    hub = face_of(request).hub
    try:
        found = await hub.read("metrics", totals, TOPICS) if hub.run else None
    except TradeworthyError:
        # What the tables say is left out, and database_up tells.
        found = None
    return Response(exposition(hub, found, request.app.state.requests), media_type=CONTENT_TYPE_LATEST)


def observe(app: FastAPI) -> None:
    """Count what `app` answers, refusals too, and how long it has served: to be called last."""
    app.state.checkup, app.state.requests = Checkup(), Requests()
    app.add_middleware(CountRequests, requests=app.state.requests)
