"""Every reason code has words."""

import pytest

from tests.flows.reached.demanded import demanded
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.divergence.codes import Code
from tradeworthy.desks.uptrend import gates
from tradeworthy.execution.reasons import Reason
from tradeworthy.risk.guards import RULES
from tradeworthy.web.dashboard.reason_words import WORDS, reason_words

BLOCKED = [
    f"blocked_{gate}" for gate in (gates.TS, gates.HALO, gates.DX, gates.SLOPE, gates.ZONE, gates.CALM)
]


TOLD = ("turn.", "trade.", "uptrend.")
"""Of the codes that scenarios must reach, those that a person reads as a reason."""

DESKS = {code.partition(".")[2] for code in demanded() if code.startswith(TOLD)} | {one.word for one in Code}


@pytest.mark.parametrize(
    "code", sorted({*SkipReason, *Reason, *(rule.code for rule in RULES), *BLOCKED, *DESKS})
)
def test_each_code_of_the_product_is_said_in_words(code: str) -> None:
    """A11, P2: whoever reads it first needs no source code."""
    assert (WORDS.get(code) or WORDS[code.lower()]).endswith(".")


def test_words_are_told_once() -> None:
    """Two codes may mean the same to the reader; none is explained by itself."""
    assert all(code.replace("_", " ") != words.rstrip(".").lower() for code, words in WORDS.items())


def test_a_code_from_elsewhere_is_still_readable() -> None:
    """A desk of one's own has its own reasons."""
    assert reason_words("too_quiet_today") == "Too quiet today."
    assert reason_words("") == reason_words(None) == ""
