"""What learning and exposure do to the next buy."""

from __future__ import annotations

import json
from collections.abc import Callable

from tradeworthy.core.events import Figure
from tradeworthy.learning.scopes import S1_ENTRY
from tradeworthy.proving.flows.action_flows import arrival
from tradeworthy.proving.flows.moves import REST, S1_BUY, S1_FAR
from tradeworthy.proving.flows.playing import Scenario
from tradeworthy.proving.flows.queries import acted, applied, override
from tradeworthy.proving.flows.scripts import HOUR, Course, Script, signals_of
from tradeworthy.proving.flows.stages import FlowStage, Found, Packet, each, last
from tradeworthy.proving.flows.worlds import BONK, MIDAS, Token, configuration_text

TABLE = "overrides.json"
MULTIPLIER = 1.5
S1_SIZE = 0.30
"""Of an S1 entry at an A of 0.5, as a fraction of the cap."""

ROUNDING = 1e-9
A_DAY_S = 86_400
"""The hourly jobs would archive an override that no lesson holds up: this session's judge does not sit."""

PEERS = (Token("PEERA"), Token("PEERB"), Token("PEERC"))
LATE, UNKNOWN = Token("LATEX"), Token("DARKX", "base", None)
"""A fourth token of the same scope, and one whose bucket is not known."""


def sizing() -> Scenario:
    """An override of 1.5 for micro caps on solana: it multiplies the buy of one, and not that of a mid cap."""
    courses = [Course(token.name, "15m", (REST, S1_BUY, S1_FAR)) for token in (BONK, MIDAS)]
    scope = {"chain": "solana", "mcap_bucket": "micro"}
    held = {
        "id": "flow-override",
        "pattern_key": S1_ENTRY,
        "action_category": "entry",
        "scope_subset": scope,
        "multiplier": MULTIPLIER,
        "confidence": 0.5,
        "lessons": [],
    }
    packets = []
    for token, course, strength in zip((BONK, MIDAS), courses, (MULTIPLIER, 1.0), strict=True):
        steps = (
            *arrival(token, "15m"),
            acted(course.position, "buy_signal"),
            override(S1_ENTRY, "entry", scope, last(multiplier=MULTIPLIER))._replace(stage=FlowStage.RUNTIME),
            applied(course.position, each(f"strength {strength} in the size", _is_sized(strength))),
        )
        packets.append(Packet(f"call-{token.name}", steps))
    learning: dict[str, Figure] = {"overrides_file": f'"{TABLE}"', "overrides_every_s": A_DAY_S}
    return Scenario(
        "sizing",
        "an override of 1.5 for a chain and a cap bucket: x 1.5 where both match, x 1.0 where one does not",
        configuration_text([BONK, MIDAS], learning=learning),
        Script("15m", courses[0].end_ts, tuple(courses), tuple(signals_of(courses)), (BONK.name, MIDAS.name)),
        tuple(packets),
        {TABLE: json.dumps({"overrides": [held]})},
    )


def exposure() -> Scenario:
    """Three positions share a scope: the fourth is bought smaller, a token of unknown bucket is not."""
    tokens = (*PEERS, LATE, UNKNOWN)
    early = (REST, S1_BUY, *(S1_FAR,) * 3)
    late = (REST, REST, REST, S1_BUY, S1_FAR)
    courses = [Course(token.name, "15m", early if token in PEERS else late) for token in tokens]
    first = courses[0].position
    smaller = each("exposure_skew_applied under 1, and a size by it", _is_smaller)
    plain = last(exposure_skew_applied=1.0, size_frac=S1_SIZE)
    packets = []
    for token, course in zip(tokens, courses, strict=True):
        steps = [*arrival(token, "15m"), acted(course.position, "buy_signal")]
        if token is LATE:
            steps.append(applied(course.position, smaller))
        elif token is UNKNOWN or course.position == first:
            steps.append(applied(course.position, plain))
        packets.append(Packet(f"call-{token.name}", tuple(steps)))
    names = tuple(token.name for token in tokens)
    return Scenario(
        "exposure",
        "a fourth position in a scope that three share has a skew under 1, an empty book and an unknown scope 1.0",
        configuration_text(tokens),
        Script("15m", courses[0].end_ts + HOUR // 4, tuple(courses), tuple(signals_of(courses)), names),
        tuple(packets),
    )


def _is_smaller(row: Found) -> bool:
    return bool(row["exposure_skew_applied"] < 1) and _is_sized(1.0)(row)


def _is_sized(strength: float) -> Callable[[Found], bool]:
    """Whether an S1 entry was multiplied by `strength`, and its size is what its figures come to."""

    def test(row: Found) -> bool:
        size = S1_SIZE * row["pm_strength_applied"] * row["exposure_skew_applied"]
        told = abs(row["pm_strength_applied"] - strength) < ROUNDING
        return bool(told and abs(row["size_frac"] - min(1.0, size)) < ROUNDING)

    return test
