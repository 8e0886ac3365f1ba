"""How a session shows itself."""

from tradeworthy.runtime.faces import PILOT, SESSION

SEVEN = [
    "venue-watcher-polymarket",
    "oracle-binance",
    "opportunity-scanner",
    "risk-guardian",
    "paper-executor",
    "oracle-sniper",
    "capital-allocator",
]
AGENTS = ["counters", "listing", "paper-executor", "risk-guardian", *SEVEN[2:3], *SEVEN[5:]]


def test_the_pilot_shows_seven_parts_in_their_order() -> None:
    """A2: the first two are faces of its feed, the others agents of the core."""
    assert PILOT.parts(AGENTS) == SEVEN
    assert PILOT.event("started") == "pilot_started"


def test_a_strategy_more_is_a_part_more() -> None:
    """And one that is switched off is none."""
    assert PILOT.parts([*AGENTS, "atomic-arb"]) == [*SEVEN[:6], "atomic-arb", SEVEN[6]]
    assert PILOT.parts([name for name in AGENTS if name != "oracle-sniper"]) == [*SEVEN[:5], SEVEN[6]]


def test_any_session_shows_every_agent_but_the_cores_own() -> None:
    """In packet order."""
    assert SESSION.parts(AGENTS) == AGENTS[1:]
    assert SESSION.event("stopping") == "session_stopping"
