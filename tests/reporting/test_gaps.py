"""What is counted of gaps."""

from collections import Counter

import pytest

from tradeworthy.core.packets import Packet
from tradeworthy.desks.arbitrage.events import GapClosed, Kind, Method
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.reporting.gaps import MS_NS, Gaps, percentile


def ended(lived_ms: int, reason: str, *, survived: bool = True) -> Packet:
    """The end of a gap that lived so long."""
    gap = GapClosed(Kind.ORACLE_LAG, Method.WINDOW, ("m",), 0, lived_ms * MS_NS, 0.1, survived, reason, 0)
    return Packet(1, 1, 0, lived_ms * MS_NS, "opportunity-scanner", gap)


def test_a_gap_that_stood_at_the_session_s_end_is_still_open() -> None:
    """Nobody knows how long it would have lived: it is neither a lifetime nor one that vanished."""
    gaps = Gaps()
    for lived_ms in (300, 500, 900):
        gaps.add(ended(lived_ms, SkipReason.GAP_VANISHED))
    gaps.add(ended(100, SkipReason.GAP_VANISHED, survived=False))
    for survived in (True, False):
        gaps.add(ended(60_000, SkipReason.SESSION_ENDED, survived=survived))
    (figures,) = gaps.figures()["by_method"]
    assert (figures["survived"], figures["vanished"]) == (3, 1)
    assert (figures["p50_ms"], figures["p90_ms"]) == (300.0, 900.0)


@pytest.mark.parametrize(("share", "found"), [(0.5, 2.0), (0.9, 7.0), (1.0, 7.0)])
def test_a_percentile_is_one_of_the_values(share: float, found: float) -> None:
    """The smallest that so many do not exceed; None of nothing."""
    assert percentile(Counter([1.0, 2.0, 2.0, 7.0]), share) == found
    assert percentile(Counter(), share) is None
