"""Faults that are planted in a flow's own session: a part loses what it makes, or is deaf to what it should hear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from tradeworthy.core.agents import Agent, Answer, Context, State
from tradeworthy.core.events import Event
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EngineJudged,
    EpisodeEnded,
    PositionBooked,
    PositionClosed,
    PositionsAllocated,
    SignalDecided,
    SignalTaken,
    StageChanged,
    WindowClosed,
    WindowResolved,
)
from tradeworthy.execution.intents import TradeCandidate
from tradeworthy.learning.events import Job, OverridesChanged, RunJob
from tradeworthy.learning.schedule import SCHEDULE
from tradeworthy.market.backfill import RequestBackfill
from tradeworthy.market.bars import BarClosed
from tradeworthy.proving.flows.stages import FlowStage

NAME = "saboteur"


class Plant(NamedTuple):
    """What goes wrong with one part.

    It loses `lost` of what it makes (of RunJobs those of `job`), hears no `deaf`, and says 1.0 for the `flat` figures.
    """

    part: str
    lost: tuple[type[Event], ...] = ()
    deaf: tuple[type[Event], ...] = ()
    job: Job | None = None
    flat: tuple[str, ...] = ()

    def spoil(self, made: Event | str) -> Event | str | None:
        """What leaves the part of what it made; None is nothing."""
        if self.job is not None and isinstance(made, RunJob) and made.job is self.job:
            return None
        if isinstance(made, self.lost):
            return None
        if self.flat and isinstance(made, ActionTaken):
            return msgspec.structs.replace(made, **dict.fromkeys(self.flat, 1.0))
        return made


PLANTS: Mapping[FlowStage, tuple[Plant, ...]] = {
    FlowStage.INGEST: (Plant("social-ingest", lost=(SignalTaken,)),),
    FlowStage.DECISION: (Plant("decision-maker", lost=(SignalDecided,)),),
    FlowStage.POSITIONS: (Plant("decision-maker", lost=(PositionsAllocated,)),),
    FlowStage.BACKFILL: (Plant("trader", lost=(RequestBackfill,)),),
    FlowStage.ROLLUP: (Plant("bar-rollup", deaf=(BarClosed,)),),
    FlowStage.ENGINE: (Plant("uptrend-engine", lost=(EngineJudged, StageChanged)),),
    FlowStage.EPISODES: (Plant("episode-log", lost=(WindowClosed, WindowResolved, EpisodeEnded)),),
    FlowStage.ACTION: (Plant("position-manager", lost=(TradeCandidate, ActionTaken)),),
    FlowStage.BOOKS: (Plant("position-manager", lost=(PositionBooked,)),),
    FlowStage.CLOSURE: (Plant("position-manager", lost=(PositionClosed,)),),
    FlowStage.FACTS: (Plant(SCHEDULE, job=Job.FACTS),),
    FlowStage.LESSONS: (Plant(SCHEDULE, job=Job.LESSONS),),
    FlowStage.OVERRIDES: (Plant(SCHEDULE, lost=(OverridesChanged,)),),
    FlowStage.RUNTIME: (
        Plant(SCHEDULE, deaf=(OverridesChanged,)),
        Plant("position-manager", flat=("exposure_skew_applied",)),
    ),
}


class Saboteur(Agent):
    """An observer that spoils parts of its session as the session is put together, and does nothing else."""

    def __init__(self, plants: Sequence[Plant]) -> None:
        super().__init__(NAME, State())
        self._plants = plants

    def context(self, sequencer: Sequencer) -> Context:
        """Any agent's context; before the routes are laid, the parts' handlers are replaced by worse ones."""
        for plant in self._plants:
            part = sequencer.agents[plant.part]
            for name in dict.fromkeys(part.handlers.values()):
                setattr(part, name, _spoilt(plant, getattr(part, name)))
        return super().context(sequencer)


def _spoilt(plant: Plant, handler: Callable[[Any, Context], Answer]) -> Callable[[Any, Context], Answer]:
    def spoilt(event: Event, context: Context) -> Answer:
        if isinstance(event, plant.deaf):
            return None
        answer = handler(event, context)
        if answer is None or isinstance(answer, str):
            return answer
        made = (answer,) if isinstance(answer, Event) else answer
        return [kept for one in made if (kept := plant.spoil(one)) is not None]

    return spoilt
