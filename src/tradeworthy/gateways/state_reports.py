"""What other processes say at their keys of the state store, as inputs: each seq of a writer once, and nothing stale.

    safety:latest   a posture                      -> PostureReported
    features:acb    a boost and its beta           -> BoostChanged
    features:exf    a reading of outside factors   -> FactorsObserved

The input's source is `<key>/<writer>` and its position the seq, so that a repeat is dropped by the journal's own rule,
also after a restart. What can't be read says so in the log, and nothing else; of the posture it is reported, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
import structlog

from tradeworthy.core.events import Event
from tradeworthy.gateways.state_store import WRITER
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.stance import BoostChanged, Posture, PostureReported, check_boost

log = structlog.get_logger()

SAFETY, ACB, EXF = "safety:latest", "features:acb", "features:exf"
STATE_STORE = "state-store"
"""The source of what the gateway itself has to say."""

POSTURE = "posture"
"""The part whose health says whether the last report can be read (risk/posture.py)."""

UNREADABLE, LOST, READABLE = "unreadable", "state_store_offline", "readable"
NEXT = -1
"""The position of what comes next of its source."""

BYTES_MAX = 65_536
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Hear = Callable[[str, int, Event], None]
"""Given source, position (NEXT: the source's next) and event of an input; called in the store's thread."""

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Seq = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What all values share; more fields than are known do no harm."""

    seq: Seq
    ts: Time
    writer: Word

    @property
    def ts_event(self) -> int:
        """When it was written, UTC ns."""
        return (self.ts - _EPOCH) // _MICROSECOND * 1_000


class SaidPosture(Said, frozen=True, kw_only=True):
    """The value of safety:latest."""

    posture: Posture
    rm: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = msgspec.field(default=1.0, name="Rm")
    reasons: tuple[str, ...] = ()

    def event(self) -> PostureReported:
        """The posture."""
        return PostureReported(self.posture, self.ts_event, self.seq, self.rm, self.writer, self.reasons)


class SaidBoost(Said, frozen=True, kw_only=True):
    """The value of features:acb; `desk` "" is every desk."""

    boost: float
    beta: float
    desk: str = ""
    reason: str = ""

    def event(self) -> BoostChanged:
        """The boost, if it is within bounds."""
        check_boost(self.boost, self.beta)
        return BoostChanged(self.boost, self.beta, self.ts_event, self.desk, self.reason or self.writer)


class SaidFactors(Said, frozen=True, kw_only=True):
    """The value of features:exf; one that is not `ok` has no figures."""

    funding_btc: float | None = None
    dvol_btc: float | None = None
    fng: float | None = None
    taker_ratio: float | None = None
    ok: bool = True
    stale: tuple[str, ...] = ()

    def event(self) -> FactorsObserved:
        """The factors."""
        if not self.ok:
            return FactorsObserved(self.ts_event)
        figures = self.funding_btc, self.dvol_btc, self.fng, self.taker_ratio
        return FactorsObserved(self.ts_event, *figures, self.stale)


Report = SaidPosture | SaidBoost | SaidFactors
"""What another process may say; `event()` is it as an event, or ValueError for a figure that can't be."""

_WRITTEN = msgspec.json.Decoder(dict[str, Any])
_KINDS: Mapping[str, msgspec.json.Decoder[Any]] = {
    SAFETY: msgspec.json.Decoder(SaidPosture),
    ACB: msgspec.json.Decoder(SaidBoost),
    EXF: msgspec.json.Decoder(SaidFactors),
}


def said_at(key: str, raw: bytes) -> Report | None:
    """What `raw` says at `key`, None if it is our own; ValueError, with why, if it can't be read."""
    if len(raw) > BYTES_MAX:
        raise ValueError(f"{len(raw)} bytes, at most {BYTES_MAX} are read")
    try:
        if _WRITTEN.decode(raw).get("writer") == WRITER:
            return None
        said: Report = _KINDS[key].decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    said.event()
    return said


class StateReports:
    """Looks at the keys, and has `hear` take what is new and at most `age_ns_max` away from now.

    `now` is the wall clock (UTC ns), which the writers' stamps are held against. `expects_posture`: a session that
    waits for an outside posture is told when the store goes away, too.
    """

    keys = tuple(_KINDS)

    def __init__(
        self, hear: Hear, *, age_ns_max: int, now: Callable[[], int], expects_posture: bool = False
    ) -> None:
        self._hear, self._age_ns_max, self._now = hear, age_ns_max, now
        self._expects_posture = expects_posture
        self._seen: dict[str, bytes | None] = {}
        self._others: dict[str, int] = {}
        self._seqs: dict[tuple[str, str], int] = {}
        self._unreadable = ""

    def look(self, found: Mapping[str, bytes | None]) -> None:
        """Take the values that have changed since the last look."""
        for key, raw in found.items():
            if raw is not None and raw != self._seen.get(key):
                self._take(key, raw)
            self._seen[key] = raw

    def is_others(self, key: str) -> bool:
        """Whether another process has written `key` lately: it is left to it."""
        return self._now() - self._others.get(key, -self._age_ns_max) <= self._age_ns_max

    def note_lost(self) -> None:
        """Whoever waits for a posture can't hear of it."""
        self._seen.clear()
        if self._expects_posture:
            self._note_unreadable(LOST)

    def _take(self, key: str, raw: bytes) -> None:
        try:
            said = said_at(key, raw)
        except ValueError as error:
            log.warning("state_unreadable", key=key, error=str(error))
            if key == SAFETY:
                self._note_unreadable(UNREADABLE)
            return
        if said is None:
            return
        age_ns = self._now() - said.ts_event
        if abs(age_ns) > self._age_ns_max:
            log.warning(
                "state_stale", key=key, writer=said.writer, seq=said.seq, age_s=age_ns // 1_000_000_000
            )
            return
        self._others[key] = said.ts_event
        who = (key, said.writer)
        if said.seq > self._seqs.get(who, -1):
            self._seqs[who] = said.seq
            self._hear("/".join(who), said.seq, said.event())
        elif said.seq < self._seqs[who]:
            log.warning("state_seq_fell", key=key, writer=said.writer, seq=said.seq, last=self._seqs[who])
            return
        if key == SAFETY and self._unreadable:
            self._unreadable = ""
            self._hear(STATE_STORE, NEXT, HealthObserved(POSTURE, ok=True, word=READABLE))

    def _note_unreadable(self, word: str) -> None:
        if self._unreadable != word:
            self._unreadable = word
            self._hear(STATE_STORE, NEXT, HealthObserved(POSTURE, ok=False, word=word))
