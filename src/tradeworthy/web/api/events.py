"""/api/v1/events: what changes, as it changes, as server-sent events."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import structlog
from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from tradeworthy.core.errors import NotAvailable, Retryable, TradeworthyError
from tradeworthy.store.listings import LIMIT_MAX, Spot
from tradeworthy.web.api.refusals import documented
from tradeworthy.web.api.values import told
from tradeworthy.web.entry.access import Access, Caller, Reader, access_of
from tradeworthy.web.face import Face, face_of
from tradeworthy.web.hub import Change
from tradeworthy.web.records import Reading
from tradeworthy.web.topics import TOPICS, topics_of

log = structlog.get_logger()
router = APIRouter(prefix="/api/v1", tags=["events"])

HEARTBEAT_S: Final = 10.0
RETRY_MS: Final = 2_000
UNREAD_MAX: Final = 50
"""So many changes wait for a slow reader; then he is told that he lagged, and what of."""

PAGES_MAX: Final = 20
"""So many pages of packets are sent at once to who comes back; one who missed more is told that he lagged."""

STREAMS_MAX: Final = 100
_SPOT = r"^([^\x00-\x1f\x7f:]{1,200}:[0-9]{1,18})?$"


class EventsAsked(BaseModel):
    """What to be told of."""

    model_config = ConfigDict(extra="forbid")

    packets: bool = Field(default=False, description="With the decision packets themselves.")


class Letter(NamedTuple):
    """A change that waits to be sent; `lagged` if others before it are lost."""

    change: Change
    lagged: bool = False


class Mailbox:
    """The changes that a reader was not sent yet, at most UNREAD_MAX: when it is full they become one."""

    def __init__(self) -> None:
        self._letters: deque[Letter] = deque()
        self._wake = asyncio.Event()
        self._is_over = False

    def add(self, change: Change) -> None:
        """Put a change in."""
        if len(self._letters) >= UNREAD_MAX:
            topics = change.topics.union(*(letter.change.topics for letter in self._letters))
            self._letters.clear()
            self._letters.append(Letter(change._replace(topics=topics), lagged=True))
        else:
            self._letters.append(Letter(change))
        self._wake.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._is_over = True
        self._wake.set()

    async def next(self, wait_s: float) -> Letter | None:
        """The oldest, None if none came within `wait_s`; StopAsyncIteration at the end."""
        if not self._letters and not self._is_over:
            self._wake.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                return None
        if self._letters:
            return self._letters.popleft()
        raise StopAsyncIteration


class Stream:
    """One reader: where he stands, and what he is to be sent."""

    def __init__(
        self, face: Face, access: Access, caller: Caller, *, packets: bool, since: Spot | None
    ) -> None:
        self._face, self._access, self._caller, self._packets = face, access, caller, packets
        self._since = since
        self._place = since or Spot(face.hub.run, face.hub.seq)
        self._mailbox = Mailbox()

    async def events(self) -> AsyncGenerator[bytes, None]:
        """What he is sent, until he goes, may not read any more, or the server stops."""
        following = asyncio.create_task(self._follow(), name="events")
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            async for piece in self._missed():
                yield piece
            while self._access.holds(self._caller):
                try:
                    letter = await self._mailbox.next(HEARTBEAT_S)
                except StopAsyncIteration:
                    return
                if letter is None:
                    yield b": still here\n\n"
                    continue
                async for piece in self._sent(letter):
                    yield piece
        finally:
            following.cancel()

    async def _follow(self) -> None:
        try:
            async for change in self._face.hub.changes():
                self._mailbox.add(change)
        finally:
            self._mailbox.end()

    async def _missed(self) -> AsyncIterator[bytes]:
        """What has changed since the place that he names; where he names none, where he stands."""
        hub = self._face.hub
        topics = frozenset[str]()
        if self._since is not None:
            topics = await self._topics_since(self._since)
        change = Change(hub.run, hub.seq, topics, hub.pulse)
        async for piece in self._sent(Letter(change)):
            yield piece

    async def _topics_since(self, since: Spot) -> frozenset[str]:
        hub = self._face.hub
        if since.run != hub.run or hub.seq - since.seq > PAGES_MAX * LIMIT_MAX:
            return TOPICS
        try:
            return await self._face.records.read(
                lambda reading: topics_of(reading.listings.types_since(since.seq)), since.run
            )
        except TradeworthyError:
            return TOPICS

    async def _sent(self, letter: Letter) -> AsyncIterator[bytes]:
        change, is_lagged = letter
        if change.run != self._place.run:
            self._place = Spot(change.run, 0)
        pages = PAGES_MAX if self._packets and change.run and not is_lagged else 0
        try:
            while pages:
                found = await self._face.records.read(self._next_packets, change.run)
                for row in found:
                    self._place = Spot(row["run"], row["seq"])
                    yield event("packet", self._place, told(row))
                pages = pages - 1 if len(found) == LIMIT_MAX else 0
                is_lagged = len(found) == LIMIT_MAX and not pages
        except NotAvailable:
            log.debug("no_rows_yet", run=change.run)
        except TradeworthyError as error:
            yield event("trouble", None, {"error": str(error)})
            return
        said = {
            "run": change.run,
            "seq": change.seq,
            "topics": sorted(change.topics),
            "pulse": change.pulse.state,
        }
        self._place = Spot(change.run, max(change.seq, self._place.seq))
        yield event("lagged" if is_lagged else "changed", self._place, said)

    def _next_packets(self, reading: Reading) -> list[dict[str, Any]]:
        return reading.listings.packets(self._place.seq)


@router.get(
    "/events",
    responses={
        **documented(),
        200: {"content": {"text/event-stream": {}}, "description": "Events until the reader goes."},
    },
    response_class=StreamingResponse,
)
async def events(
    request: Request,
    caller: Reader,
    asked: Annotated[EventsAsked, Query()],
    last_event_id: Annotated[str, Header(max_length=220, pattern=_SPOT)] = "",
) -> StreamingResponse:
    """`changed` with run, seq and topics, at most ten a second; with `packets` each as `packet` before it.

    Ids are `run:seq`: with Last-Event-ID the stream goes on from there. `lagged` instead of `changed` says that this
    reader was too slow, and that changes or packets before it were left out: ask for what you need. `trouble` says why
    the tables can't be read just now.
    """
    state = request.app.state
    if getattr(state, "streams", 0) >= STREAMS_MAX:
        raise Retryable(f"{STREAMS_MAX} readers follow already: close one, then try again")
    run, _, seq = last_event_id.rpartition(":")
    since = Spot(run, int(seq)) if run else None
    stream = Stream(face_of(request), access_of(request), caller, packets=asked.packets, since=since)

    async def counted() -> AsyncIterator[bytes]:
        state.streams = getattr(state, "streams", 0) + 1
        try:
            async with aclosing(stream.events()) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            state.streams -= 1

    return StreamingResponse(
        counted(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def event(kind: str, at: Spot | None, data: Mapping[str, Any]) -> bytes:
    """One event; without `at` the reader's place stays where it was."""
    head = f"id: {at.run}:{at.seq}\n" if at and at.run else ""
    return f"{head}event: {kind}\ndata: {msgspec.json.encode(data).decode()}\n\n".encode()
