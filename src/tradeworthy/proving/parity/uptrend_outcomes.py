"""What one computation of the uptrend desk came to, in the same values whatever path computed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from tradeworthy.core.candidates import Candidate
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EngineJudged,
    EpisodeEnded,
    PositionBooked,
    PositionClosed,
    PositionsAllocated,
    PositionStatusChanged,
    SignalDecided,
    WindowClosed,
    WindowResolved,
)
from tradeworthy.desks.uptrend.geometry import Geometry
from tradeworthy.desks.uptrend.names import row_of
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.execution.intents import TradeCandidate
from tradeworthy.learning.events import OverridesChanged
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.proving.parity.differences import (
    Compared,
    Difference,
    Place,
    Values,
    compare,
    place_of_close,
    same,
    text,
)
from tradeworthy.proving.parity.outcomes import ECONOMIC, compare_values
from tradeworthy.proving.parity.uptrend_coverage import Reached

KINDS: dict[type[Event], str] = {
    SignalDecided: "signals",
    PositionsAllocated: "rows",
    PositionStatusChanged: "statuses",
    EngineJudged: "payloads",
    Candidate: "candidates",
    ActionTaken: "actions",
    PositionBooked: "books",
    PositionClosed: "trades",
    WindowClosed: "windows",
    WindowResolved: "outcomes",
    EpisodeEnded: "episodes",
    OverridesChanged: "overrides",
}
"""What is compared, by the event that says it; a subclass counts as its base."""

LEVELS = "levels"
"""What is compared besides: support and resistance, each time that they are sought anew."""

SEQS = ("signal", "candidate", "as_of")
"""Fields that hold the number of a packet: another path has other numbers."""

DIGEST_BYTES = 16


class Noted(NamedTuple):
    """One record: when (session time, UTC ns), of which row, and what, as a digest or in full."""

    ts: int
    position: str
    body: bytes


class Notes:
    """All records by kind in order, and what they reached; those of times in `whole` are kept in full."""

    def __init__(self, whole: Collection[int] = ()) -> None:
        self.kinds: dict[str, list[Noted]] = {kind: [] for kind in (*KINDS.values(), LEVELS)}
        self.reached = Reached()
        self._whole = whole
        self._levels_ts: dict[str, int] = {}

    def take(self, event: Event, now: int) -> None:
        """Keep `event`, which was said at session time `now`."""
        kind = next((KINDS[base] for base in type(event).__mro__ if base in KINDS), "")
        if not kind:
            return
        self.reached.see(event)
        self._keep(kind, _position(event), _values(event), now)

    def take_levels(self, position: str, levels: Geometry | None, now: int) -> None:
        """Keep the levels of a row unless they are those that were kept before."""
        if levels is not None and levels.updated_ts != self._levels_ts.get(position):
            self._levels_ts[position] = levels.updated_ts
            values = msgspec.structs.asdict(levels)
            values["levels"] = [msgspec.structs.asdict(level) for level in levels.levels]
            self._keep(LEVELS, position, values, now)

    def _keep(self, kind: str, position: str, values: Any, now: int) -> None:
        body = msgspec.msgpack.encode(values)
        if now not in self._whole:
            body = blake2b(body, digest_size=DIGEST_BYTES).digest()
        self.kinds[kind].append(Noted(now, position, body))

    @property
    def trades(self) -> int:
        """How many of the desk's trades were closed."""
        return len(self.kinds["trades"])


@dataclass
class UptrendOutcome:
    """What one path came to; `cash` is the account at cost (cash units), `refused` counts what risk rejected.

    `days` and `trips` are kept by sessions alone: the UTC days that had bars, and closed round trips as stored.
    """

    path: str
    notes: Notes
    rows: list[Economic]
    fingerprint: str
    cash: int
    seconds: float
    refused: Counter[str] = field(default_factory=Counter)
    trips: list[Values] = field(default_factory=list)


def _values(event: Event) -> Any:
    """The event's fields by name, without the numbers of packets."""
    if isinstance(event, Candidate):
        named: Values = {"kind": event.kind, "instrument": event.instrument, "skip": event.skip}
        named["figures"] = event.figures
        if isinstance(event, TradeCandidate):
            named["intent"] = msgspec.structs.asdict(event.intent)
        return named
    named = msgspec.structs.asdict(event)
    for name in SEQS:
        if isinstance(named.get(name), int):
            del named[name]
    if isinstance(event, EngineJudged):
        payload = msgspec.structs.asdict(event.payload)
        named["payload"] = payload | {"emas": msgspec.structs.asdict(event.payload.emas)}
    return named


def _position(event: Event) -> str:
    """The key of the row that the event is of, or its instrument."""
    if isinstance(event, TradeCandidate):
        return event.intent.legs[0].position
    return str(getattr(event, "position", "") or getattr(event, "instrument", ""))


# Comparisons of two outcomes


def compare_notes(left: Notes, right: Notes) -> tuple[list[Compared], frozenset[int]]:
    """Each kind record by record, and the times at which the first of each kind differ (UTC ns)."""
    found, times = list[Compared](), set[int]()
    for kind in left.kinds:
        one, other = (sorted(side.kinds[kind], key=lambda noted: noted[:2]) for side in (left, right))
        compared = compare(kind, _listed(one), _listed(other), _key, _where)
        if compared.first is not None:
            times.add(_first_ts(one, other))
        found.append(compared)
    return found, frozenset(times)


def name_fields(found: Sequence[Compared], left: Notes, right: Notes) -> list[Compared]:
    """`found` with the first differing field in place of digests: both sides were kept in full where they differ."""
    return [_with_field(one, left, right) if one.first else one for one in found]


def _with_field(compared: Compared, left: Notes, right: Notes) -> Compared:
    one, other = (sorted(side.kinds[compared.what], key=lambda noted: noted[:2]) for side in (left, right))
    ts = _first_ts(one, other)
    sides = [[noted for noted in side if noted.ts == ts] for side in (one, other)]
    for mine, theirs in zip(*sides, strict=False):
        if mine != theirs:
            named = _field_of(compared.what, mine, theirs)
            return msgspec.structs.replace(compared, first=named) if named else compared
    longer = max(sides, key=len)[min(map(len, sides)) :]
    if not longer:
        return compared
    shown = f"{longer[0].position} {msgspec.msgpack.decode(longer[0].body)}"
    values = (shown, "nothing") if len(sides[0]) > len(sides[1]) else ("nothing", shown)
    place = place_of_close(ts, _step(longer[0].position))
    first = Difference(compared.what, *place, "missing", *values)
    return msgspec.structs.replace(compared, first=first)


def _field_of(what: str, mine: Noted, theirs: Noted) -> Difference | None:
    place = place_of_close(mine.ts, _step(mine.position))
    if mine.position != theirs.position:
        return Difference(what, *place, "position", mine.position, theirs.position)
    left, right = (_flat(msgspec.msgpack.decode(one.body)) for one in (mine, theirs))
    for name in dict.fromkeys([*left, *right]):
        values = left.get(name, "nothing"), right.get(name, "nothing")
        if not same(*values):
            field_name = f"{name} of {mine.position}" if mine.position else name
            return Difference(what, *place, field_name, text(values[0]), text(values[1]))
    return None


def _flat(values: Any, name: str = "") -> Values:
    """Values within values by their path: payload.check.halo."""
    if isinstance(values, dict):
        parts = values.items()
    elif isinstance(values, list):
        parts = ((str(place), value) for place, value in enumerate(values))  # type: ignore[assignment]
    else:
        return {name: values}
    return {
        path: one
        for key, value in parts
        for path, one in _flat(value, f"{name}.{key}" if name else str(key)).items()
    }


def _listed(notes: Sequence[Noted]) -> list[Values]:
    """The records as values, those of one row and time told apart by their number."""
    listed: list[Values] = []
    before, number = None, 0
    for one in notes:
        number = number + 1 if one[:2] == before else 0
        before = one[:2]
        listed.append({"ts": one.ts, "position": one.position, "number": number, "record": one.body.hex()})
    return listed


def _key(row: Values) -> tuple[int, str, int]:
    return row["ts"], row["position"], row["number"]


def _where(row: Values, _: str) -> Place:
    return place_of_close(row["ts"], _step(row["position"]))


def _first_ts(one: Sequence[Noted], other: Sequence[Noted]) -> int:
    """The time of the first record that both do not have alike."""
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            return min(mine.ts, theirs.ts)
    rest = [*one[len(other) :], *other[len(one) :]]
    return rest[0].ts if rest else 0


def _step(position: str) -> int:
    """Length of the row's bars in ns; a minute where it is no row."""
    return TIMEFRAMES_NS.get(row_of(position).timeframe, TIMEFRAMES_NS["1m"])


def compare_account(left: UptrendOutcome, right: UptrendOutcome, end_ts: int) -> list[Compared]:
    """Orders, fills and closes in their order, the fingerprint, and the account to the last unit."""
    economics = compare(
        "orders, fills and closes",
        [_economic(place, row) for place, row in enumerate(left.rows)],
        [_economic(place, row) for place, row in enumerate(right.rows)],
        lambda row: row["number"],
        lambda row, _: place_of_close(row["ts"], TIMEFRAMES_NS["1m"]),
    )
    place = place_of_close(end_ts, TIMEFRAMES_NS["1m"])
    prints = {"fingerprint": left.fingerprint}, {"fingerprint": right.fingerprint}
    cash = {"account": left.cash}, {"account": right.cash}
    return [
        economics,
        compare_values("fingerprint", *prints, place=place),
        compare_values("account", *cash, place=place),
    ]


def _economic(place: int, row: Economic) -> Values:
    return {"number": place, **dict(zip(ECONOMIC, row, strict=True))}
