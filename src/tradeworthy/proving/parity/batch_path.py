"""The path of the batch engine: each desk by itself, without a session around it."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tradeworthy.desks.divergence.engine import DivergenceEngine
from tradeworthy.desks.divergence.results import DayResult
from tradeworthy.desks.divergence.trading import lots_on_offer
from tradeworthy.execution.fingerprint import Economic, fingerprint_of
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.steps import terms_of
from tradeworthy.market.money import Scale
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.parity.outcomes import DeskOutcome, Outcome, look_at, merged
from tradeworthy.proving.subject import DeskSubject, Subject

BATCH = "batch engine"


@dataclass(frozen=True)
class Batch:
    """What the engines came to, and each desk's days."""

    outcome: Outcome
    days: dict[str, list[DayResult]]


def engine_of(subject: Subject, name: str) -> DivergenceEngine:
    """The engine of the desk called `name`, before its first row."""
    desk, configuration = subject.desks[name], subject.configuration
    return DivergenceEngine(
        desk.settings,
        desk.instruments,
        subject.timeframe,
        configuration.venue,
        desk=name,
        seed=subject.plan.the_seed,
        capital=desk.capital,
        stance=subject.stance,
    )


def run_batch(subject: Subject, whole: Collection[int] = (), *, together: bool = False) -> Batch:
    """All desks over all their rows; after the rows that open at a time in `whole` their records are kept as bytes.

    `together` they trade at one venue, as in a session: what a desk took of a bar is gone for those after it.
    """
    began = time.perf_counter()
    desks: dict[str, DeskOutcome] = {}
    rows: dict[str, list[Economic]] = {}
    days: dict[str, list[DayResult]] = {}
    for name, desk in subject.desks.items():
        engine, frame = engine_of(subject, name), desk.frame
        if together:
            frame = _left(desk, subject.configuration.venue, [row for made in rows.values() for row in made])
        desks[name] = outcome = DeskOutcome()
        days[name] = _drive(engine, frame, outcome, whole)
        outcome.trades, outcome.capital = engine.trades, engine.capital
        rows[name] = engine.rows
    one = merged(rows)
    seconds = time.perf_counter() - began
    return Batch(Outcome(BATCH, desks, one, fingerprint_of(one), seconds), days)


def _drive(
    engine: DivergenceEngine, frame: PanelFrame, outcome: DeskOutcome, whole: Collection[int]
) -> list[DayResult]:
    days = []
    for day, start, stop in frame.days():
        engine.begin_day(day)
        for i in range(start, stop):
            judged = engine.step_bar(frame, i)
            outcome.bars.append(judged)
            outcome.looks[judged.ts] = look_at(engine.answered, whole=judged.ts in whole)
        days.append(engine.end_day())
    return days


def _left(desk: DeskSubject, venue: PaperVenueSettings, taken: Sequence[Economic]) -> PanelFrame:
    """The desk's rows with what the fills among `taken` leave of their volumes."""
    frame, columns = desk.frame, {name: place for place, name in enumerate(desk.frame.instruments)}
    volume = frame.volume.copy()
    for kind, _, instrument, _, _, lots, _, _, ts in taken:
        row = int(np.searchsorted(frame.closed_ts, ts))
        if kind != "fill" or instrument not in columns or row >= frame.rows or frame.closed_ts[row] != ts:
            continue
        column = columns[instrument]
        terms = terms_of(Scale(desk.instruments[column]), venue)
        offered = lots_on_offer(terms, volume[row, column], venue.participation)
        left = max(0, offered - lots) * terms.lot_above / terms.lot_below
        volume[row, column] = left / venue.participation
    return replace(frame, volume=volume)
