"""The desks that come with the product, by the name that a configuration gives as a desk's `kind`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tradeworthy.core.agents import Agent
from tradeworthy.core.settings import Settings
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.execution.desk import DeskParts

Make = Callable[[str, Any, DeskParts], list[Agent]]
"""Makes a desk's agents of its name, its settings and the parts that it may read."""


class DeskKind(NamedTuple):
    """A built-in desk: the class that judges its own section, and what makes its agents."""

    settings: type[Settings]
    make_agents: Make


def _arbitrage(name: str, settings: Any, parts: DeskParts) -> list[Agent]:
    from tradeworthy.desks.arbitrage.desk import make_agents

    return make_agents(name, settings, parts)


KINDS: Mapping[str, DeskKind] = {"arbitrage": DeskKind(ArbitrageSettings, _arbitrage)}
