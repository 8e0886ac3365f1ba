"""The divergence desk: its agents, in the order in which they handle a packet."""

from __future__ import annotations

from tradeworthy.core.agents import Agent
from tradeworthy.desks.divergence.acb import Boosts
from tradeworthy.desks.divergence.agent import Divergence
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.forewarning import Forewarner
from tradeworthy.desks.divergence.warming import warm
from tradeworthy.execution.desk import DeskParts
from tradeworthy.market.panels import Universe


def make_agents(name: str, settings: DivergenceSettings, parts: DeskParts, universe: Universe) -> list[Agent]:
    """The agents of the desk called `name`, which trades `universe`: itself, its breaker, and a forewarner if asked.

    The steps are compiled or loaded here, so that no bar waits for them.
    """
    warm()
    desk = Divergence(name, settings, parts, universe)
    agents: list[Agent] = [desk, Boosts(name, settings.acb, settings.direction, desk.beta)]
    if settings.forewarner.enabled:
        agents.append(Forewarner(name, settings, desk.capital, desk.volatility))
    return agents
