"""The desks that come with the product, by the name that a configuration gives as a desk's `kind`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from tradeworthy.core.agents import Agent
from tradeworthy.core.settings import Settings
from tradeworthy.execution.desk import DeskParts
from tradeworthy.learning.events import Override
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.market.panels import Universe


class Learned(Protocol):
    """What a desk that learns may read of what was learned."""

    settings: LearningSettings

    def overrides(self) -> tuple[Override, ...]:
        """The active overrides."""


MakePredictions = Callable[[str, Any, DeskParts], list[Agent]]
MakePanels = Callable[[str, Any, DeskParts, Universe], list[Agent]]
MakeTokens = Callable[[str, Any, DeskParts, Learned], list[Agent]]


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


class TokenKind(NamedTuple):
    """A built-in desk that trades tokens on several timeframes of bars that are made in the session, and learns.

    `check` raises UsageError for settings that don't fit the instruments that it names and the finest timeframe.
    """

    settings: Callable[[], type[Settings]]
    make_agents: MakeTokens
    check: Callable[[Any, tuple[str, ...], str], None]


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


def _uptrend_settings() -> type[Settings]:
    from tradeworthy.desks.uptrend.config import UptrendSettings

    return UptrendSettings


def _uptrend(name: str, settings: Any, parts: DeskParts, learned: Learned) -> list[Agent]:
    from tradeworthy.desks.uptrend.desk import make_agents

    return make_agents(name, settings, parts, learned.overrides, learned.settings)


def _check_uptrend(settings: Any, instruments: tuple[str, ...], timeframe: str) -> None:
    from tradeworthy.desks.uptrend.desk import check_settings

    check_settings(settings, instruments, timeframe)


KINDS: Mapping[str, DeskKind | PanelKind | TokenKind] = {
    "arbitrage": DeskKind(_arbitrage_settings, _arbitrage),
    "divergence": PanelKind(_divergence_settings, _divergence, _check_divergence),
    "uptrend": TokenKind(_uptrend_settings, _uptrend, _check_uptrend),
}
"""Each kind by its name."""
