"""The table: which scenario reaches which codes."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from tests.flows.reached.demanded import code_of
from tests.flows.reached.stage import Scenario

TABLE: dict[str, Scenario] = {}
"""By code, the scenario that must reach it."""


def reaches(*codes: str | Enum) -> Callable[[Scenario], Scenario]:
    """Put a scenario into the table, for these codes; each code has one."""

    def enter(scenario: Scenario) -> Scenario:
        for code in codes:
            name = code_of(code) if isinstance(code, Enum) else code
            assert name not in TABLE, f"{name} has {TABLE[name].__name__} and {scenario.__name__}"
            TABLE[name] = scenario
        return scenario

    return enter
