"""/api/v1: what people ask of a running session, each through the control gateway and on record with a name."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import structlog
from fastapi import APIRouter, Path, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.control import Flatten, Inject, Stop, ask
from tradeworthy.runtime import halting
from tradeworthy.runtime.token_requests import KINDS
from tradeworthy.web.api.refusals import documented
from tradeworthy.web.entry.access import Caller, Operator, access_of

log = structlog.get_logger()

EVENTS_MAX = 10_000
INJECTED = ("price", "state", *KINDS)
"""What may be injected; `tradeworthy inject --help` says of each what a line holds."""

NAMED = ("job", "threshold", "rollback", "curators")
"""Kinds whose events say who asks for them."""

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
_SAYS_SOMETHING = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"

Reason = Annotated[
    str,
    Field(max_length=1000, pattern=_SAYS_SOMETHING, description="Why; it goes on record."),
]
By = Annotated[
    str,
    Field(
        max_length=100,
        pattern=_PRINTABLE,
        description="Who asks, if another than the token's name; it goes on record beside it.",
    ),
]
DeskName = Annotated[
    str, Field(max_length=100, pattern=_PRINTABLE, description='One desk; "" is all of them.')
]

router = APIRouter(prefix="/api/v1", tags=["control"], responses=documented(403, 409))


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class HaltAsked(_Asked):
    """Stop entries until a person resumes; exits go on."""

    reason: Reason
    by: By = ""
    desk: DeskName = ""


class ResumeAsked(_Asked):
    """Release a halt."""

    reason: Reason
    by: By = ""
    desk: DeskName = ""


class FlattenAsked(_Asked):
    """Halt, and close every position of `account` at market: that can cost money, so `confirm` has to be true."""

    account: str = Field(min_length=1, max_length=100, pattern=_PRINTABLE, description="As `paper`.")
    confirm: bool = Field(description="true, or nothing is done.")
    reason: Reason
    by: By = ""
    desk: DeskName = ""


class InjectAsked(_Asked):
    """Events for the session: all of them are admitted, or none if one is wrong."""

    events: list[dict[str, Any]] = Field(min_length=1, max_length=EVENTS_MAX)


class Done(BaseModel):
    """What came of it, and who is on record for it."""

    said: str
    by: str


class Flattening(Done):
    """`flattening` names the positions that are being closed."""

    flattening: list[str]


class Admitted(BaseModel):
    """How many events the session has taken."""

    admitted: int
    by: str


class Stopping(BaseModel):
    """The run that is ending in good order."""

    stopping: str
    by: str


def _known(kind: str) -> str:
    if kind not in INJECTED:
        raise ValueError(f"the kinds are {', '.join(INJECTED)}")
    return kind


Kind = Annotated[str, Path(json_schema_extra={"enum": list(INJECTED)}), AfterValidator(_known)]


@router.post("/halt")
def halt(asked: HaltAsked, caller: Operator, request: Request) -> Done:
    """Stop all entries, or one desk's; it works without a session, and without a database.

    The latch is a file: what is halted stays halted over restarts. 503 says that the latch is set and the session did
    not answer.
    """
    by = _noted("halt", asked, caller)
    return Done(said=halting.halt(access_of(request).home, by, asked.reason, asked.desk), by=by)


@router.post("/resume")
def resume(asked: ResumeAsked, caller: Operator, request: Request) -> Done:
    """Release what halts all entries, or one desk's."""
    by = _noted("resume", asked, caller)
    return Done(said=halting.resume(access_of(request).home, by, asked.reason, asked.desk), by=by)


@router.post("/flatten")
def flatten(asked: FlattenAsked, caller: Operator, request: Request) -> Flattening:
    """Halt, and close every open position of the account at market."""
    if not asked.confirm:
        raise UsageError(
            f'flatten closes every position of {asked.account!r} at market, which can cost money: send "confirm": true'
        )
    by = _noted("flatten", asked, caller)
    wanted = Flatten(asked.account, by, asked.reason, asked.desk, confirm=True)
    closing = [str(one) for one in ask(access_of(request).home.path, wanted)["flattening"]]
    said = f"halted, and closing {', '.join(closing) or 'nothing: no position is open'}; resume releases it"
    return Flattening(said=said, by=by, flattening=closing)


@router.post("/inject/{kind}")
def inject(kind: Kind, asked: InjectAsked, caller: Operator, request: Request) -> Admitted:
    """Hand events to the running session: all of them, or none if one is wrong."""
    by = caller.recorded()
    events = asked.events
    if kind in NAMED:
        events = [one | {"by": caller.recorded(str(one.get("by") or "")[:100])} for one in events]
    _check_encodable(events)
    log.warning("asked", verb="inject", kind=kind, events=len(events), by=by)
    return Admitted(admitted=ask(access_of(request).home.path, Inject(kind, events))["admitted"], by=by)


@router.post("/stop")
def stop(caller: Operator, request: Request) -> Stopping:
    """End the running session in good order; the same `run` command goes on with it later."""
    by = caller.recorded()
    log.warning("asked", verb="stop", by=by)
    return Stopping(stopping=str(ask(access_of(request).home.path, Stop())["stopping"]), by=by)


def _noted(verb: str, asked: HaltAsked | ResumeAsked | FlattenAsked, caller: Caller) -> str:
    """Who goes on record for it."""
    by = caller.recorded(asked.by)
    log.warning("asked", verb=verb, by=by, reason=asked.reason, desk=asked.desk or "all")
    return by


def _check_encodable(events: list[dict[str, Any]]) -> None:
    """UsageError for what JSON can say and no session can hear: half a character, lists in lists without end."""
    try:
        msgspec.json.encode(events)
    except (UnicodeEncodeError, RecursionError) as error:
        raise UsageError(
            f"an event can't be handed on ({error}): text is UTF-8, and nothing is nested deeply"
        ) from error
