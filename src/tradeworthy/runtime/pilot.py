"""The pilot: the arbitrage desk in seven parts, from the configuration that comes along unless one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tradeworthy.core.errors import UsageError
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.examples import example_files
from tradeworthy.runtime.plan import Plan

CONFIGURATION = "configs/pilot.toml"
DESK_KIND = "arbitrage"


def pilot_plan(config: Path | None = None, **asked: Any) -> Plan:
    """The plan of a pilot; UsageError if `config` has no desk for it.

    `asked` are further fields of the Plan.
    """
    path = config or example_files()[CONFIGURATION]
    configuration = load(path)
    if not any(desk.kind == DESK_KIND for desk in configuration.desks):
        raise UsageError(
            f'{path} has no desk of kind "{DESK_KIND}", which the pilot is about; begin with {CONFIGURATION}'
            f" (`tradeworthy init` writes it), or run yours with `tradeworthy run {path}`"
        )
    return Plan(configuration, **asked)
