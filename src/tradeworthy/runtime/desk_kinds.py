"""The desks that come with the product, by the name that a configuration gives as a desk's `kind`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tradeworthy.core.agents import Agent
from tradeworthy.core.settings import Settings
from tradeworthy.execution.desk import DeskParts
from tradeworthy.market.panels import Universe

MakePredictions = Callable[[str, Any, DeskParts], list[Agent]]
MakePanels = Callable[[str, Any, DeskParts, Universe], list[Agent]]


class DeskKind(NamedTuple):
    """A built-in desk that trades what a feed of prediction markets lists.

    `settings` gives the class that judges its own section, `make_agents` makes its agents of name, settings and the
    parts that they may read. Both import what they need, so that a session loads only the desks that it has.
    """

    settings: Callable[[], type[Settings]]
    make_agents: MakePredictions


class PanelKind(NamedTuple):
    """A built-in desk that trades the panel of a universe that it names; its settings have a `grace_s`.

    `check` raises UsageError for settings that don't fit the universe.
    """

    settings: Callable[[], type[Settings]]
    make_agents: MakePanels
    check: Callable[[Any, Universe], None]


def _arbitrage_settings() -> type[Settings]:
    from tradeworthy.desks.arbitrage.config import ArbitrageSettings

    return ArbitrageSettings


def _arbitrage(name: str, settings: Any, parts: DeskParts) -> list[Agent]:
    from tradeworthy.desks.arbitrage.desk import make_agents

    return make_agents(name, settings, parts)


def _divergence_settings() -> type[Settings]:
    from tradeworthy.desks.divergence.config import DivergenceSettings

    return DivergenceSettings


def _divergence(name: str, settings: Any, parts: DeskParts, universe: Universe) -> list[Agent]:
    from tradeworthy.desks.divergence.desk import make_agents

    return make_agents(name, settings, parts, universe)


def _check_divergence(settings: Any, universe: Universe) -> None:
    from tradeworthy.desks.divergence.making import check_settings

    check_settings(settings, universe.instruments, universe.timeframe)


KINDS: Mapping[str, DeskKind | PanelKind] = {
    "arbitrage": DeskKind(_arbitrage_settings, _arbitrage),
    "divergence": PanelKind(_divergence_settings, _divergence, _check_divergence),
}
"""Each kind by its name."""
