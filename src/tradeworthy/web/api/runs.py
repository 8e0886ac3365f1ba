"""/api/v1, to read: how the installation stands, its runs, and what a run knows, measures and has learned."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from tradeworthy.core.errors import NotAvailable
from tradeworthy.store.listings import Listings
from tradeworthy.store.values import plain
from tradeworthy.web.api.asked import answer, answered, json_of, rows
from tradeworthy.web.api.asking import BarsAsked, LearnedAsked, RunAsked, RunPath, RunsAsked
from tradeworthy.web.api.models import Rows
from tradeworthy.web.api.refusals import documented
from tradeworthy.web.api.run_models import (
    AllocationShown,
    BarShown,
    DayShown,
    LessonShown,
    OverrideShown,
    RiskShown,
    Run,
    RunSummary,
    StatusShown,
    ThresholdShown,
)
from tradeworthy.web.entry.access import reader
from tradeworthy.web.face import face_of
from tradeworthy.web.records import Reading

router = APIRouter(prefix="/api/v1", tags=["runs"], dependencies=[Depends(reader)], responses=documented())


@router.get("/status", response_model=StatusShown)
async def status(request: Request) -> Response:
    """How the session stands, as it last said itself, at most a second ago; needs no database."""
    return answer(json_of(StatusShown, standing(request)))


def standing(request: Request) -> dict[str, Any]:
    """What the hub knows of the session."""
    hub = face_of(request).hub
    said = {name: value for name, value in hub.status.items() if value is not None}
    said["session_time"] = said.get("session_time") or None
    return {**said, "run": hub.run or None, "pulse": hub.pulse._asdict(), "tables": hub.trouble}


@router.get("/runs", response_model=Rows[Run])
async def runs(request: Request, asked: Annotated[RunsAsked, Query()]) -> Response:
    """All runs, the newest first."""
    try:
        found = await face_of(request).records.read(
            lambda reading: json_of(
                Rows[Run], {"rows": Listings(reading.connection, []).all_runs(asked.limit)}
            )
        )
    except NotAvailable:
        return answer(json_of(Rows[Run], {"rows": []}))
    return answer(found)


@router.get("/runs/{run}", response_model=RunSummary)
async def run_summary(request: Request, run: RunPath) -> Response:
    """One run with its report: the figures of `tradeworthy report`."""

    def found(reading: Reading) -> dict[str, Any]:
        return {
            **reading.listings.about(),
            "runs": reading.queries.runs,
            "report": reading.queries.summary(),
        }

    return await answered(request, run, RunSummary, found)


@router.get("/daily", response_model=Rows[DayShown])
async def daily(request: Request, asked: Annotated[RunAsked, Query()]) -> Response:
    """Each UTC day's counts, P&L and last equity, the oldest first."""
    return await rows(request, asked.run, Rows[DayShown], lambda one: one.queries.daily())


@router.get("/allocations", response_model=Rows[AllocationShown])
async def allocations(request: Request, asked: Annotated[RunAsked, Query()]) -> Response:
    """How each desk's capital is shared at present; none for a desk that has no strategies of its own."""
    return await rows(request, asked.run, Rows[AllocationShown], lambda one: one.queries.allocations())


@router.get("/risk", response_model=RiskShown)
async def risk(request: Request, asked: Annotated[RunAsked, Query()]) -> Response:
    """Figures against limits, what is open where, what was refused, and what is halted."""

    def found(reading: Reading) -> dict[str, Any]:
        listings = reading.listings
        return {
            **listings.guard(),
            **listings.exposures(),
            "rejections": listings.rejections(),
            "halts": reading.queries.halts(),
        }

    return await answered(request, asked.run, RiskShown, found)


@router.get("/bars", response_model=Rows[BarShown])
async def bars(request: Request, asked: Annotated[BarsAsked, Query()]) -> Response:
    """Closed bars that opened before `before`, the newest first; only desks with store.bars keep them."""
    return await rows(
        request,
        asked.run,
        Rows[BarShown],
        lambda one: one.listings.bars(limit=asked.limit, before=asked.before, **asked.filters()),
    )


@router.get("/lessons", response_model=Rows[LessonShown])
async def lessons(request: Request, asked: Annotated[LearnedAsked, Query()]) -> Response:
    """What was mined; with `archived` what no longer holds, too."""
    return await rows(
        request,
        asked.run,
        Rows[LessonShown],
        lambda one: plain(one.learning.lessons(archived=asked.archived)),
    )


@router.get("/overrides", response_model=Rows[OverrideShown])
async def overrides(request: Request, asked: Annotated[LearnedAsked, Query()]) -> Response:
    """The multipliers in force; with `archived` those that were, too."""

    def found(reading: Reading) -> list[dict[str, Any]]:
        back = reading.learning.rolled_back()
        held = reading.learning.overrides(archived=asked.archived)
        return [{**plain(one), "rolled_back": back.get(one.id)} for one in held]

    return await rows(request, asked.run, Rows[OverrideShown], found)


@router.get("/thresholds", response_model=Rows[ThresholdShown])
async def thresholds(request: Request, asked: Annotated[RunAsked, Query()]) -> Response:
    """Thresholds that are not their defaults."""
    return await rows(
        request,
        asked.run,
        Rows[ThresholdShown],
        lambda one: [
            {**plain(held.entry), "source": held.source, "by": held.by} for held in one.learning.thresholds()
        ],
    )
