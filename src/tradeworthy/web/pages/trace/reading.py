"""Finds a path: in the tables, where decisions and their causes are, or in the journal, which has every input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from tradeworthy.core.errors import NotAvailable, TradeworthyError, UsageError
from tradeworthy.core.packets import Kind
from tradeworthy.journal.reader import read
from tradeworthy.learning.events import TradeFact
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.row_lives import life_of
from tradeworthy.runtime.runs import find
from tradeworthy.runtime.tracing import instruments_of_trace, trace_in
from tradeworthy.store.path_listings import PathListings
from tradeworthy.web.pages.trace.steps import (
    UNSEEN,
    Step,
    missing,
    steps_of_packets,
    steps_of_rows,
    whole,
    with_reasons,
)
from tradeworthy.web.pages.trace.words import Unit
from tradeworthy.web.records import Reading

ROW = "@"
"""Stands in what names a row of a desk on tokens (1h@BONK), and in no seq or id."""

LOOKS = 3
"""How often causes that the path names and lacks are asked for, each time of those that were found."""


@dataclass(frozen=True)
class Path:
    """A path and what is known around it.

    `candidate` is its row in the tables (None: there is none, or it was read from the journal), `title` the question of
    its market; `trades` are those that it opened, changed or closed, as PathListings.trades has them, and `others` the
    seqs of the candidates that the same input led to. `reasons` are, by desk, why a turn opened nothing; `doubt` is
    what is not certain. A life is all that happened to a row, not one candidate's path: `facts` are what learning took
    from it.
    """

    run: str
    steps: list[Step]
    units: dict[str, Unit]
    candidate: dict[str, Any] | None = None
    ended: str = ""
    of_journal: bool = False
    reasons: dict[str, str] = field(default_factory=dict)
    facts: Sequence[TradeFact] = ()
    doubt: str = ""
    title: str = ""
    is_life: bool = False
    trades: Sequence[dict[str, Any]] = ()
    others: Sequence[int] = ()

    @property
    def root(self) -> int:
        """The seq of the input that it began with."""
        return self.steps[0].trace if self.steps else 0


@dataclass(frozen=True)
class NoPath:
    """Why there is no path to show; `in_journal` if the journal may have it."""

    sentence: str
    in_journal: bool = False


def from_tables(reading: Reading, packet: str) -> Path | NoPath:
    """The path of `packet`, a seq or an id, as the tables have it; of what came of a candidate, the candidate's."""
    try:
        found = reading.queries.trace(packet)
        if found["candidate"] is None:
            above = PathListings(reading.connection, found["run"]).candidate_above(found["packet"])
            found = reading.queries.trace(str(above)) if above else found
    except NotAvailable as error:
        return _missed(reading, packet, str(error))
    except UsageError as error:
        return NoPath(str(error))
    listings = PathListings(reading.connection, found["run"])
    steps = steps_of_rows(found["path"])
    for _ in range(LOOKS):
        steps += steps_of_rows(listings.packets(missing(steps)))
    orders = sorted({str(step.event["order"]) for step in steps if step.event.get("order")})
    units = _units(found["candidate"], listings.units(orders))
    candidate = found["candidate"]
    changes = [step.seq for step in steps if step.type in {"PositionChanged", "TradeClosed"}]
    others = listings.candidates_of(candidate["trace"] if candidate else steps[0].trace)
    return Path(
        found["run"],
        whole(steps),
        units,
        candidate,
        found["ended"],
        title=listings.title(_market(candidate, steps)),
        trades=listings.trades(changes),
        others=[seq for seq in others if candidate is None or seq != candidate["seq"]],
    )


def _missed(reading: Reading, packet: str, sentence: str) -> NoPath:
    """What is missing in the tables may be in the journal, unless the run has not come that far."""
    newest = PathListings(reading.connection, reading.run).newest() if packet.isdecimal() else None
    if newest is None or int(packet) <= newest:
        return NoPath(sentence, in_journal=True)
    return NoPath(
        f"The tables of run {reading.run} end at packet {newest} so far, and {packet} is after that: look again"
        " soon, or give one up to that."
    )


def _market(candidate: dict[str, Any] | None, steps: Sequence[Step]) -> str:
    """The market that it is about: its first leg's, else the first that a step names; "" for none."""
    legs = (candidate or {}).get("legs") or ()
    named = [str(leg["market"]) for leg in legs if leg.get("market")]
    named += [str(name) for step in steps for name in step.event.get("markets") or ()]
    named += [str(step.event["market"]) for step in steps if isinstance(step.event.get("market"), str)]
    named += [str(step.event.get("instrument") or "").rpartition(":")[0] for step in steps]
    return next(filter(None, named), "")


def from_journal(home: Home, run: str, packet: str) -> Path | NoPath:
    """The same from the journal, all of which is read; for a quiet turn the desks' reasons are computed again.

    That takes seconds to minutes: call it in a thread.
    """
    try:
        if ROW in packet:
            return _life(home, run, packet)
        found = trace_in(home, run, packet)
        folder = home.runs / found.run
        listed = instruments_of_trace(folder, found)
    except TradeworthyError as error:
        return NoPath(str(error))
    units = {name: Unit(one.tick, one.lot) for name, one in listed.items()}
    fates = [f"{verdict.outcome} {verdict.reason}" if verdict else "open" for _, verdict in found.fates()]
    steps = with_reasons(whole(steps_of_packets(found.packets)), found.reasons)
    return Path(
        found.run,
        steps,
        units,
        ended=", ".join(fates),
        of_journal=True,
        reasons=found.reasons,
        doubt=found.doubt,
    )


def root_packet(home: Home, run: str, seq: int, *, bytes_max: int) -> Step | None:
    """The input `seq` of `run` as the journal has it; None if it is not there, or only after `bytes_max`."""
    passed = 0
    for record in read(find(home, run)):
        passed += len(record.body)
        if record.seq == seq and record.kind == Kind.INPUT:
            return steps_of_packets([codec().decode(record.body)[1]])[0]
        if record.seq > seq or passed > bytes_max:
            return None
    return None


def with_root(path: Path, root: Step) -> Path:
    """The path with what the journal says of its first input."""
    steps = [step for step in path.steps if step.type not in UNSEEN]
    return replace(path, steps=whole(steps, root))


def _life(home: Home, run: str, row: str) -> Path:
    found = life_of(home, run, row)
    steps = steps_of_packets(found.packets)
    told = ", ".join(f"{count} {name}" for name, count in found.tally().items())
    return Path(
        found.run,
        steps,
        {},
        ended=told,
        of_journal=True,
        facts=found.facts,
        doubt=found.doubt,
        title=row,
        is_life=True,
    )


def _units(
    candidate: dict[str, Any] | None, told: dict[str, tuple[Decimal | None, Decimal | None]]
) -> dict[str, Unit]:
    """By instrument, from the rows of orders and fills, else from what the candidate was to trade."""
    found = {name: Unit(tick, lot) for name, (tick, lot) in told.items() if tick and lot}
    asked = (candidate or {}).get("legs") or ()
    wanted = ((candidate or {}).get("intent") or {}).get("legs") or ()
    for row, leg in zip(asked, wanted, strict=False):
        if leg["instrument"] not in found and leg["lots"] and leg["limit_ticks"] and row.get("price"):
            tick = Decimal(str(row["price"])) / leg["limit_ticks"]
            found[leg["instrument"]] = Unit(tick, Decimal(str(row["quantity"])) / leg["lots"])
    return found
