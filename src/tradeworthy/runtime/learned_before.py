"""What a configuration takes from the environment and from a file for desks that learn.

Its header holds it from then on.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.thresholds import environment_thresholds
from tradeworthy.gateways.json_lines import known_name
from tradeworthy.learning.events import Override
from tradeworthy.learning.judge import ACTIVE, ARCHIVED
from tradeworthy.learning.scopes import DIMENSIONS
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.runtime.token_parts import overrides_of

if TYPE_CHECKING:
    from tradeworthy.runtime.configuration import Configuration

log = structlog.get_logger()


def with_learned(configuration: Configuration) -> Configuration:
    """`configuration` with the thresholds that PM_THRESHOLD_<KEY> gives, and the overrides that its file holds.

    What no threshold can be made of is left out, and said in the log. UsageError if the file holds no overrides.
    """
    entries, refused = environment_thresholds(os.environ)
    for sentence in refused:
        log.warning("threshold_ignored", why=sentence)
    file = configuration.learning.overrides_file
    changes: dict[str, Any] = {"pm_thresholds": {entry.key: entry.value for entry in entries}}
    if file:
        rows = _rows(Path(file))
        _check(rows, file, configuration.learning)
        changes["starting_overrides"] = tuple(rows)
    return configuration.model_copy(update=changes)


def _check(rows: list[dict[str, Any]], file: str, learning: LearningSettings) -> None:
    """UsageError for a row that is no override of this version, or whose multiplier learning would never give."""
    least = min(learning.strength_min, learning.drift_min)
    most = max(learning.strength_max, learning.drift_max)
    for number, row in enumerate(rows, start=1):
        where = f"{file}, override {number}"
        for name in row:
            known_name(name, Override.__struct_fields__, "field", where)
        (made,) = overrides_of((row,))
        known_name(made.status, (ACTIVE, ARCHIVED), "status", where)
        for name in made.scope_subset:
            known_name(name, DIMENSIONS, "dimension", where)
        if not least <= made.multiplier <= most:
            raise UsageError(
                f"{where}: multiplier is {made.multiplier:g}, and [learning] bounds it to {least:g} to {most:g};"
                " correct it, or widen strength_min and strength_max"
            )
        if not 0 <= made.confidence <= 1:
            raise UsageError(f"{where}: confidence is {made.confidence:g}; it must be 0 to 1")


def _rows(file: Path) -> list[dict[str, Any]]:
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"can't read learning.overrides_file {file}: {error.strerror}; name a file"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is no JSON: {error}; write it with `learn show --json`") from error
    rows = held.get("overrides") if isinstance(held, dict) else held
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{file} holds no list of overrides; write it with `learn show --json`")
    return rows
