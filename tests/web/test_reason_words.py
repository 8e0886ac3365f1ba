"""Every reason code has words."""

import pytest

from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.uptrend import gates
from tradeworthy.execution.reasons import Reason
from tradeworthy.risk.guards import RULES
from tradeworthy.web.dashboard.reason_words import WORDS, reason_words

BLOCKED = [
    f"blocked_{gate}" for gate in (gates.TS, gates.HALO, gates.DX, gates.SLOPE, gates.ZONE, gates.CALM)
]


@pytest.mark.parametrize("code", sorted({*SkipReason, *Reason, *(rule.code for rule in RULES), *BLOCKED}))
def test_each_code_of_the_product_is_said_in_words(code: str) -> None:
    """A11, P2: whoever reads it first needs no source code."""
    assert WORDS[code].endswith(".")


def test_words_are_told_once() -> None:
    """Two codes may mean the same to the reader; none is explained by itself."""
    assert all(code.replace("_", " ") != words.rstrip(".").lower() for code, words in WORDS.items())


def test_a_code_from_elsewhere_is_still_readable() -> None:
    """A desk of one's own has its own reasons."""
    assert reason_words("too_quiet_today") == "Too quiet today."
    assert reason_words("") == reason_words(None) == ""
