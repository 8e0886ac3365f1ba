"""The decision maker's rules: five checks, and how an allocation is shared out over four rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from tradeworthy.desks.uptrend.config import DecisionSettings
from tradeworthy.desks.uptrend.curators import Score
from tradeworthy.desks.uptrend.events import Check
from tradeworthy.desks.uptrend.names import TIMEFRAMES

BUY_INTENTS = (
    *("adding_to_position", "research_positive", "new_discovery"),
    *("comparison_highlighted", "other_positive"),
)
OTHER_INTENTS = (
    *("research_neutral", "comparison_listed", "profit_taking", "mention_only"),
    *("extraction_error", "unsupported_chain", "other_neutral"),
)
INTENTS = BUY_INTENTS + OTHER_INTENTS
"""What a signal may intend; only the first five are a reason to buy."""


class Asked(NamedTuple):
    """What the checks look at: the signal, and what the book holds.

    `holding` are the keys of the token's active rows, `active` counts those of the whole book.
    """

    chain: str
    intent: str
    curator: Score
    holding: Sequence[str]
    active: int


def checks(asked: Asked, settings: DecisionSettings) -> tuple[Check, ...]:
    """All five, in this order, and each is evaluated, whatever the others say. Source: specs/uptrend.md 8."""
    chain_ok, intent_ok = asked.chain in settings.chains, asked.intent in BUY_INTENTS
    score, known = asked.curator
    score_ok = score >= settings.curator_score_min
    too_low = "low_curator_score" if known else "unknown_curator"
    room = asked.active < settings.max_positions
    held = bool(asked.holding)
    return (
        Check(
            "chain",
            chain_ok,
            asked.chain,
            ", ".join(settings.chains),
            "supported_chain" if chain_ok else "unsupported_chain",
        ),
        Check(
            "already_holding",
            not held,
            ", ".join(asked.holding),
            "",
            "already_holding" if held else "not_holding",
        ),
        Check(
            "curator_score",
            score_ok,
            score,
            settings.curator_score_min,
            "curator_score_met" if score_ok else too_low,
        ),
        Check(
            "intent",
            intent_ok,
            asked.intent,
            ", ".join(BUY_INTENTS),
            "buy_intent" if intent_ok else "no_buy_intent",
        ),
        Check(
            "max_positions",
            room,
            asked.active,
            settings.max_positions,
            "room_in_book" if room else "max_positions",
        ),
    )


def allocation_of(capital: int, percent: float) -> int:
    """`percent` of `capital`, in cash units, rounded down; 0 where there is no capital."""
    return max(0, int(capital * Fraction(str(percent)) / 100))


def caps_of(allocation: int, splits: Mapping[str, float]) -> dict[str, int]:
    """The rows' caps by timeframe, in cash units: they sum to `allocation` exactly.

    Each is rounded down, and the row with the largest share takes the rest.
    """
    caps = {timeframe: int(allocation * Fraction(str(splits[timeframe]))) for timeframe in TIMEFRAMES}
    largest = max(TIMEFRAMES, key=lambda timeframe: splits[timeframe])
    caps[largest] += allocation - sum(caps.values())
    return caps


def share_pct(percent: float, split: float) -> float:
    """A row's part of an allocation of `percent`, in percent."""
    return float(Fraction(str(percent)) * Fraction(str(split)))
