"""/api/v1, to read: the way of a packet, and why a desk did not trade."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import State

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.runtime.hours import hour_of
from tradeworthy.runtime.pulse import STOPPED
from tradeworthy.web.api.asked import answer, answered, json_of, require_run
from tradeworthy.web.api.asking import DeskPath, HourAsked, PacketPath, RunAsked
from tradeworthy.web.api.journal_trace import JournalTraces
from tradeworthy.web.api.refusals import documented
from tradeworthy.web.api.run_models import HourShown, TraceShown
from tradeworthy.web.entry.access import reader
from tradeworthy.web.face import face_of
from tradeworthy.web.records import Reading

router = APIRouter(
    prefix="/api/v1", tags=["explanations"], dependencies=[Depends(reader)], responses=documented()
)


@router.get("/traces/{packet}", response_model=TraceShown)
async def traces(request: Request, packet: PacketPath, asked: Annotated[RunAsked, Query()]) -> Response:
    """The way of a packet: its candidate, all packets about it, and how it ended.

    Of a turn that led to no decision the journal tells, which can take seconds, with each desk's reason.
    """
    face = face_of(request)

    def ask(reading: Reading) -> tuple[str, dict[str, Any] | None]:
        about = require_run(reading).about()
        try:
            return about["run"], of_tables(packet, reading.queries.trace(packet))
        except NotAvailable:
            grows = about["run"] == face.hub.run and face.hub.pulse.state != STOPPED
            if packet.isdecimal() and not (0 < int(packet) <= about["last_seq"] or grows):
                raise NotAvailable(
                    f"packet {packet} is not on record in run {about['run']}; its last is {about['last_seq']}"
                ) from None
            return about["run"], None

    name, found = await face.records.read(ask, asked.run or face.hub.run)
    if found is None:
        found = await _journals(request.app.state).find(face.home, name, packet)
    return answer(json_of(TraceShown, found))


@router.get("/why/{desk}", response_model=HourShown)
async def why(request: Request, desk: DeskPath, asked: Annotated[HourAsked, Query()]) -> Response:
    """Why a desk did not trade in an hour: turns by reason, candidates by verdict, windows it let pass."""
    home = face_of(request).home

    def found(reading: Reading) -> dict[str, Any]:
        try:
            hour = hour_of(home, reading.queries, desk, asked.at)
        except UsageError as error:
            raise NotAvailable(str(error)) from error
        return {**hour, "begin": hour["from"], "end": hour["to"]}

    async with _one_at_a_time(request.app.state):
        return await answered(request, asked.run, HourShown, found)


def _one_at_a_time(state: State) -> asyncio.Lock:
    """An hour that only a journal knows keeps a worker busy for long: pages find the others."""
    if not hasattr(state, "hours"):
        state.hours = asyncio.Lock()
    found: asyncio.Lock = state.hours
    return found


def _journals(state: State) -> JournalTraces:
    """Those of the server."""
    if not hasattr(state, "journals"):
        state.journals = JournalTraces()
    found: JournalTraces = state.journals
    return found


def of_tables(packet: str, found: dict[str, Any]) -> dict[str, Any]:
    """A trace as the tables tell it."""
    candidate = found["candidate"]
    return {
        "run": found["run"],
        "packet": packet,
        "source": "database",
        "candidate": candidate and candidate["seq"],
        "ended": found["ended"],
        "path": found["path"],
        "reasons": {},
        "doubt": "",
    }
