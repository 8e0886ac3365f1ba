"""The desk's agents and their order."""

from tests.desks.arbitrage.scanning import Rig
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.desk import make_agents


def test_the_agents_come_in_the_order_of_the_pilot() -> None:
    """Scanner, sniper, allocator; atomic-arb is one of them only where it is switched on (A2)."""
    parts = Rig().parts
    names = [agent.name for agent in make_agents("arbitrage", ArbitrageSettings(), parts)]
    assert names == ["opportunity-scanner", "oracle-sniper", "capital-allocator"]
    agents = make_agents("arbitrage", ArbitrageSettings(atomic_arb=True), parts)
    assert [agent.name for agent in agents] == [*names[:2], "atomic-arb", names[2]]
    assert {agent.desk for agent in agents} == {"arbitrage"}
