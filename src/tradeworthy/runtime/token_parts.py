"""What a session with desks on tokens has besides them: parts that make bars, and what it is told before its feed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import fields

from tradeworthy.core.agents import Agent
from tradeworthy.core.errors import Bug, UsageError
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.config import MarketSettings
from tradeworthy.desks.uptrend.thresholds import configured_thresholds
from tradeworthy.learning.events import Job, Override, OverridesChanged, Threshold, ThresholdsChanged
from tradeworthy.learning.schedule import CONFIGURATION, LearningSchedule
from tradeworthy.market.minutes import MinuteBars
from tradeworthy.market.rolling import BarRollup
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import token_settings

SECOND_NS = 1_000_000_000


def market_settings(configuration: Configuration) -> MarketSettings | None:
    """How bars are made; None where no desk trades tokens. UsageError if two desks want it otherwise."""
    found: MarketSettings | None = _of_all(configuration, "market", "makes its bars once")
    return found


def _of_all(configuration: Configuration, part: str, why: str) -> Any:
    """What the desks on tokens, one and all, set in `part` (None: there are none); UsageError if they differ."""
    wanted = [getattr(one, part) for one in token_settings(configuration)]
    if any(one != wanted[0] for one in wanted):
        names = [desk.name for desk in configuration.desks if desk.on_tokens]
        raise UsageError(
            f"desks {' and '.join(names)} have different settings in {part}, and a session {why}; give them the same"
        )
    return wanted[0] if wanted else None


def bar_makers(configuration: Configuration) -> list[Agent]:
    """The parts that make bars of prices, and longer bars of shorter ones."""
    settings = market_settings(configuration)
    if settings is None:
        return []
    record = configuration.store.bars
    return [
        MinuteBars(tick_buffer_ns=round(settings.tick_buffer_s * SECOND_NS), record=record),
        BarRollup(
            made_of={made: base for made, base in settings.bars.items() if made != base},
            coverage_min=settings.coverage_min,
            # Its minutes come a tick buffer late.
            grace_ns=round((settings.tick_buffer_s + settings.grace_s) * SECOND_NS),
            record=record,
        ),
    ]


def first_of_tokens(configuration: Configuration) -> list[Event]:
    """What such a session is told at its start: thresholds, and the overrides that it begins with."""
    made: list[Event] = []
    if not configuration.on_tokens:
        return made
    environment = tuple(Threshold(key, value) for key, value in configuration.pm_thresholds.items())
    if environment:
        made.append(ThresholdsChanged(environment, "environment"))
    if entries := _of_all(configuration, "thresholds", "has one table of them"):
        made.append(ThresholdsChanged(tuple(configured_thresholds(entries)), "configuration"))
    if configuration.starting_overrides:
        table = overrides_of(configuration.starting_overrides)
        made.append(OverridesChanged(table, CONFIGURATION, "learned before this run"))
    return made


def overrides_of(rows: tuple[Mapping[str, Any], ...]) -> tuple[Override, ...]:
    """Overrides as `learn show --json` writes them; UsageError for a row that is none."""
    defaults = {field.name: None if field.required else field.default for field in fields(Override)}
    try:
        return tuple(
            msgspec.convert([row.get(name, default) for name, default in defaults.items()], Override)
            for row in rows
        )
    except msgspec.ValidationError as error:
        raise UsageError(
            f"an override of learning.overrides_file is wrong: {error}; write the file with `learn show --json`"
        ) from error


def require_schedule(configuration: Configuration) -> dict[Job, int]:
    """The learning jobs with their periods in seconds; Bug if one is missing: the session does not start."""
    periods = LearningSchedule(configuration.learning).every_s
    missing = [job.value for job in Job if job not in periods]
    if missing:
        raise Bug(f"learning job {missing[0]} is not scheduled: the session does not start without it")
    return periods
