"""How a resource is had: the rows are read, checked and written as JSON in a worker thread, away from the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.store.listings import Listings
from tradeworthy.web.api.asking import PageAsked
from tradeworthy.web.face import face_of
from tradeworthy.web.records import Reading

Found = dict[str, Any]


async def answered(
    request: Request, run: str, shape: type[BaseModel], ask: Callable[[Reading], Any]
) -> Response:
    """What `ask` finds about `run` ("": the one that pages show), in the shape that the specification promises.

    NotAvailable for a run that there is not, Retryable without a database.
    """

    def found(reading: Reading) -> bytes:
        require_run(reading)
        return json_of(shape, ask(reading))

    face = face_of(request)
    return answer(await face.records.read(found, run or face.hub.run))


async def page(
    request: Request, asked: PageAsked, shape: type[BaseModel], ask: Callable[..., list[Found]]
) -> Response:
    """The page of rows that the method `ask` of Listings gives; `next` names its last row if it is full."""

    def found(reading: Reading) -> Found:
        listed = ask(reading.listings, asked.limit, asked.spot, **asked.filters())
        last = listed[-1] if len(listed) == asked.limit else None
        return {"rows": listed, "next": last and f"{last['run']}:{last['seq']}"}

    return await answered(request, asked.run, shape, found)


async def rows(
    request: Request, run: str, shape: type[BaseModel], ask: Callable[[Reading], list[Any]]
) -> Response:
    """All rows that `ask` finds."""
    return await answered(request, run, shape, lambda reading: {"rows": ask(reading)})


def require_run(reading: Reading) -> Listings:
    """The listings of the run that is asked about; NotAvailable unless there is one."""
    try:
        return reading.listings
    except NotAvailable:
        raise
    except UsageError as error:
        raise NotAvailable(str(error)) from error


def json_of(shape: type[BaseModel], found: Any) -> bytes:
    """`found` as JSON of that shape."""
    return shape.model_validate(found).model_dump_json().encode()


def answer(content: bytes) -> Response:
    """The answer that says `content`; nobody may keep it."""
    return Response(content, media_type="application/json", headers={"Cache-Control": "no-store"})
