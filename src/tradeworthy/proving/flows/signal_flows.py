"""From a person's word to four rows, and words that lead to none."""

from __future__ import annotations

from tradeworthy.proving.flows.moves import REST, S1_BUY, S1_FAR
from tradeworthy.proving.flows.playing import Scenario
from tradeworthy.proving.flows.queries import acted, backfilled, decided, four_positions, ingested, moved
from tradeworthy.proving.flows.scripts import HOUR, MINUTE, SIGNAL_TS, START, Course, Script, signal
from tradeworthy.proving.flows.stages import Packet
from tradeworthy.proving.flows.worlds import BONK, MIDAS, configuration_text

TIMEFRAMES = ("15m", "1h", "4h")


def social() -> Scenario:
    """A signal on a micro cap, on bars of one minute: all four rows are filled, and found in S0."""
    course = Course(BONK.name, "1h", (REST,))
    said = ((SIGNAL_TS, signal("call-BONK", BONK.name)),)
    packet = Packet(
        "call-BONK",
        (
            ingested(),
            decided(),
            four_positions(BONK.contract),
            backfilled(BONK.contract, ("1m", *TIMEFRAMES)),
            moved(course.position, "S0"),
        ),
    )
    script = Script("1m", START + HOUR, (course,), said, (BONK.name,))
    return Scenario(
        "social",
        "a signal becomes a decision, four rows with caps, and history for all of them",
        configuration_text([BONK], "1m"),
        script,
        (packet,),
    )


def rejected() -> Scenario:
    """Signals that are turned down: the token is held, the curator counts for little, nobody speaks of buying."""
    course = Course(BONK.name, "15m", (REST, S1_BUY, S1_FAR))
    said = (
        (SIGNAL_TS, signal("call-BONK", BONK.name)),
        (START + 40 * MINUTE, signal("call-again", BONK.name)),
        (START + 41 * MINUTE, signal("call-low", MIDAS.name, curator="low")),
        (START + 42 * MINUTE, signal("call-idle", MIDAS.name, intent="research_neutral")),
    )
    bought = (ingested(), decided(), four_positions(BONK.contract), acted(course.position, "buy_signal"))
    return Scenario(
        "rejected",
        "a token that is held, a curator under 0.6 and an intent that is none to buy are turned down with the reason",
        configuration_text([BONK, MIDAS]),
        Script("15m", START + HOUR, (course,), said, (BONK.name, MIDAS.name)),
        (
            Packet("call-BONK", bought),
            Packet("call-again", (ingested(), decided("reject", "already_holding"))),
            Packet("call-low", (ingested(), decided("reject", "low_curator_score"))),
            Packet("call-idle", (ingested(), decided("reject", "no_buy_intent"))),
        ),
    )
