"""What a request may say: pages, times, names. All else is refused before anything is looked up."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from tradeworthy.store.listings import LIMIT_MAX, POINTS_MAX, Spot

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Session time is between them."""

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
_SPOT = r"^([^\x00-\x1f\x7f:]{1,200}:)?[0-9]{1,18}$"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PACKET = r"^([0-9]{1,18}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"


def _written(value: object) -> object:
    """Text that begins with a date; numbers could be seconds or milliseconds, and are neither here."""
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("write a time like 2025-05-04T14:30:00Z")
    return value


def _in_range(when: datetime) -> datetime:
    """The time in UTC; one without a zone is UTC."""
    found = when.replace(tzinfo=UTC) if when.tzinfo is None else when
    if not FIRST <= found < LAST:
        raise ValueError(f"a time is between the years {FIRST:%Y} and {LAST:%Y}")
    return found.astimezone(UTC)


Word = Annotated[str, Field(max_length=200, pattern=_PRINTABLE)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_PRINTABLE)]
When = Annotated[datetime, BeforeValidator(_written), AfterValidator(_in_range)]
RunPath = Annotated[str, Path(min_length=1, max_length=200, pattern=_PRINTABLE, description="A run by name.")]
DeskPath = Annotated[
    str, Path(min_length=1, max_length=200, pattern=_PRINTABLE, description="A desk by name.")
]
PacketPath = Annotated[str, Path(pattern=_PACKET, description="A seq of the run, or a packet's id.")]


class RunAsked(BaseModel):
    """A run."""

    model_config = ConfigDict(extra="forbid")

    run: Word = Field(
        "", description="By name, with its parents; default: the one that runs, else the newest."
    )

    def filters(self) -> dict[str, Any]:
        """What else is asked for, by the names that Listings takes."""
        return self.model_dump(exclude={"run", "limit", "before"})


class PageAsked(RunAsked):
    """A page of a run's rows."""

    limit: int = Field(50, ge=1, le=LIMIT_MAX, description="How many rows at most.")
    before: str | None = Field(
        None,
        max_length=220,
        pattern=_SPOT,
        description="The page before this row: `next` of the page that was had, or a seq of the run asked for.",
    )

    @property
    def spot(self) -> Spot | int | None:
        """The row that `before` names."""
        if self.before is None:
            return None
        run, _, seq = self.before.rpartition(":")
        return Spot(run, int(seq)) if run else int(seq)


class RunsAsked(BaseModel):
    """The list of runs."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(LIMIT_MAX, ge=1, le=LIMIT_MAX, description="How many runs at most.")


class OrdersAsked(PageAsked):
    """A page of orders."""

    status: Word = ""
    desk: Word = ""
    instrument: Word = ""


class TradesAsked(PageAsked):
    """A page of trades."""

    status: Word = Field(
        "", description="open, closed, resolved, rejected or cancelled; empty: what was traded."
    )
    strategy: Word = ""
    kind: Word = Field("", description="The type of opportunity, or the desk's word.")
    since: When | None = Field(
        None, description="Opened from this session time on; without a zone it is UTC."
    )
    until: When | None = Field(None, description="Opened up to this session time, included.")


class CandidatesAsked(PageAsked):
    """A page of candidates."""

    desk: Word = ""
    verdict: Word = Field("", description="As FILLED or SKIPPED; OPEN is those that have not ended.")
    reason: Word = ""
    kind: Word = ""


class DecisionsAsked(PageAsked):
    """A page of decisions."""

    approved: bool | None = None
    decided_by: Word = ""


class OpportunitiesAsked(PageAsked):
    """A page of opportunities."""

    strategy: Word = ""
    kind: Word = ""
    method: Word = ""
    detected: bool = Field(
        default=True, description="false: gaps that closed before anything was made of them."
    )


class CountersAsked(RunAsked):
    """Counted turns."""

    desk: Word = ""
    since: When | None = Field(None, description="Hours that began from this session time on.")
    until: When | None = Field(None, description="Hours that began up to this session time, included.")
    limit: int = Field(LIMIT_MAX, ge=1, le=LIMIT_MAX, description="How many rows at most.")


class EquityAsked(RunAsked):
    """A curve."""

    points: int = Field(POINTS_MAX, ge=1, le=POINTS_MAX, description="How many points at most.")
    since: When | None = Field(None, description="From this session time on; without a zone it is UTC.")
    until: When | None = Field(None, description="Up to this session time, included.")


class BarsAsked(RunAsked):
    """Bars of an instrument."""

    instrument: Name
    timeframe: str = Field(pattern=r"^[0-9]{1,3}[a-zA-Z]$", description="1m, 15m, 1h ...")
    limit: int = Field(LIMIT_MAX, ge=1, le=LIMIT_MAX, description="How many bars at most.")
    before: When | None = Field(None, description="Bars that opened before this session time.")


class LearnedAsked(RunAsked):
    """What was learned."""

    archived: bool = Field(default=False, description="With what holds no longer.")


class HourAsked(RunAsked):
    """An hour of a desk."""

    at: When | None = Field(None, description="A session time in the hour; default: the newest hour.")
