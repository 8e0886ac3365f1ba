"""The words of lessons: patterns, gates, dimensions and figures as people read them. The codes are scopes.py's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tradeworthy.learning.scopes import DIMENSIONS, TUNING
from tradeworthy.reporting.lessons_text import CHANGES
from tradeworthy.web.dashboard.markup import MINUS

Row = dict[str, Any]

PREFIX: Final = "pm.uptrend."
EVERYWHERE: Final = "everywhere"

_DIMENSIONS: Final = {
    "mcap_bucket": "market cap",
    "vol_bucket": "day's volume",
    "age_bucket": "token's age",
    "mcap_vol_ratio_bucket": "market cap by volume",
    "A_mode": "eagerness to buy",
    "E_mode": "firmness of exits",
    "bucket_rank_position": "place in its bucket",
}
_PLAIN: Final = frozenset({"curator", "chain", "intent", "market_family", "timeframe"})
"""Dimensions whose values say what they are of."""

_MOTIFS: Final = {"add": "later buy", "dx": "discount buy", "retest_entry": "retest"}
_CATEGORIES: Final = {"add": "later buy", TUNING: ""}
"""Of a category that says nothing beside its pattern there are no words."""

GATES: Final = {
    "ts": "trend strength",
    "dx": "discount",
    "halo": "distance from the average",
    "slope": "slope of the averages",
    "zone": "discount zone",
    "emergency": "emergency exit",
    "signal_not_acted": "signal, and no buy",
    "": "none said",
}

FIGURES: Final = {
    "Mean rr": "Mean reward over risk (rr): a trade's return over the deepest fall while it was held.",
    "Edge": "What the mean is above that of all trades, times how steady, how many and how good they are.",
    "Shrunk": "The edge, drawn to that of the wider slices: the fewer trades a slice has, the more.",
    "Over time": "Whether the results fade (decaying), get better (improving) or neither (stable).",
    "Sure": "By q, the share of chance finds among lessons as strong as this one, with the whole search in view; p is"
    " the chance of such a result in this slice alone.",
    "Acted": "Windows in which all gates were met, and it bought.",
    "Of these well": "The share of those that turned out well.",
    "Skipped": "Windows in which it did not buy: a gate was not met, or its signal led to no order.",
    "Of these missed": "The share of those that would have turned out well.",
}
"""What the columns of lessons mean."""


def dimension_words(name: str) -> str:
    """`mcap_bucket` is the market cap; one that has no words has its underscores as spaces."""
    return _DIMENSIONS.get(name) or name.replace("_", " ")


def scope_words(scope: Mapping[str, str], *, is_short: bool = False) -> str:
    """`chain base, market cap big`, in the documented order of dimensions; of all: everywhere. Short: `base, ...`."""
    places = {name: place for place, name in enumerate(DIMENSIONS)}
    said = []
    for name in sorted(scope, key=lambda name: (places.get(name, len(places)), name)):
        value = scope[name].replace("_", " ")
        said.append(value if is_short and name in _PLAIN else f"{dimension_words(name)} {value}")
    return ", ".join(said) or EVERYWHERE


def pattern_words(pattern: str) -> str:
    """`pm.uptrend.S3.dx` is the buy at a discount in S3."""
    state, _, motif = pattern.removeprefix(PREFIX).partition(".")
    return f"{_MOTIFS.get(motif) or motif.replace('_', ' ')} in {state}" if motif else pattern


def category_words(category: str, pattern: str) -> str:
    """What a category adds to its pattern; "" where that is nothing."""
    if category == pattern.rpartition(".")[2]:
        return ""
    return _CATEGORIES.get(category, category.replace("_", " "))


def changed_words(category: str) -> str:
    """What an override of that category changes."""
    return CHANGES.get(category, category.replace("_", " "))


def gate_words(gate: str) -> str:
    """A gate's name for people."""
    return GATES.get(gate) or gate.replace("_", " ")


def what_words(row: Row) -> str:
    """What a lesson's slice is of: `exit in S0`."""
    pattern, category = row["pattern_key"], row["action_category"]
    return ", ".join(filter(None, (pattern_words(pattern), category_words(category, pattern))))


def signed_text(text: str) -> str:
    """Text with a true minus sign before its figures; hyphens between words stay."""
    words = text.split(" ")
    return " ".join(MINUS + one[1:] if one[:1] == "-" and one[1:2].isdigit() else one for one in words)
