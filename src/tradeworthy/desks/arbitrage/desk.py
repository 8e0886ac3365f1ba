"""The arbitrage desk: its agents, in the order in which they handle a packet."""

from __future__ import annotations

from tradeworthy.core.agents import Agent
from tradeworthy.desks.arbitrage.allocator import Allocator
from tradeworthy.desks.arbitrage.atomic_arb import AtomicArb
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.scanner import Scanner
from tradeworthy.desks.arbitrage.sniper import Sniper
from tradeworthy.execution.desk import DeskParts


def make_agents(name: str, settings: ArbitrageSettings, parts: DeskParts) -> list[Agent]:
    """The agents of the desk called `name`: the scanner, the strategies that are switched on, the allocator."""
    agents: list[Agent] = [Scanner(name, settings, parts), Sniper(name, settings, parts)]
    if settings.atomic_arb:
        agents.append(AtomicArb(name, settings, parts))
    return [*agents, Allocator(name, settings, parts)]
