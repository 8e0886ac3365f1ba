"""Ladders: whose YES makes another's certain, shown by every path of the price."""

from itertools import product

import msgspec
import pytest

from tests.desks.arbitrage.legs import END_TS, market
from tradeworthy.desks.arbitrage.ladders import implies
from tradeworthy.market.matching import match
from tradeworthy.market.predictions import Market

DAY_NS = 86_400_000_000_000


def one(title: str, **fields: object) -> Market:
    """A market by its title."""
    return market(title, title, **fields)


def holds(rarer: Market, surer: Market) -> bool:
    """Whether the first implies the second."""
    return implies(rarer, match(rarer), surer, match(surer))


ABOVE = [one(f"Will Bitcoin be above ${k},000 on May 3?") for k in (90, 95, 99)]
BELOW = [one(f"Will Bitcoin be below ${k},000 on May 3?") for k in (90, 95, 99)]
REACH = [
    one(f"Will Bitcoin reach ${k},000 by {date}?", end_ts=end)
    for date, end in (("March 31", END_TS), ("June 30", END_TS + DAY_NS))
    for k in (95, 99)
]
DIP = [
    one(f"Will Bitcoin dip to ${k},000 by {date}?", end_ts=end)
    for date, end in (("March 31", END_TS), ("June 30", END_TS + DAY_NS))
    for k in (90, 95)
]
PRICES = (88_000.0, 92_000.0, 97_000.0, 100_000.0)
PATHS = list(product(PRICES, PRICES))
"""A price in the first span and one in the second, the last of which is the end price."""


def comes_true(asked: Market, path: tuple[float, float]) -> bool:
    """What the market resolves to on a path."""
    found = match(asked)
    assert found.strike is not None
    met = path[:1] if asked.end_ts == END_TS else path
    match found.shape.value:
        case "above":
            return path[1] >= found.strike
        case "below":
            return path[1] < found.strike
        case "touch_up":
            return max(met) >= found.strike
        case _:
            return min(met) <= found.strike


@pytest.mark.parametrize("family", [ABOVE, BELOW, REACH, DIP])
def test_what_is_implied_pays_on_every_path(family: list[Market]) -> None:
    """M5: YES of the surer and NO of the rarer pay 1 or 2 on all paths; and nothing that does is missed."""
    for rarer, surer in product(family, repeat=2):
        if rarer is surer:
            continue
        floor = min(comes_true(surer, path) + (not comes_true(rarer, path)) for path in PATHS)
        assert holds(rarer, surer) == (floor >= 1), (rarer.title, surer.title)


def test_what_is_not_comparable_implies_nothing() -> None:
    """Another asset, shape, end, venue or source, a title that is not understood, or the market itself."""
    high = ABOVE[2]
    others = [
        one("Will Ethereum be above $9,000 on May 3?"),
        BELOW[0],
        REACH[0],
        one("Will Bitcoin be above $90,000 on May 4?", end_ts=END_TS + DAY_NS),
        one("Will Bitcoin be above $90,000 on May 3?", end_ts=0),
        msgspec.structs.replace(ABOVE[0], venue="kalshi"),
        msgspec.structs.replace(ABOVE[0], resolution_source="another"),
        one("Will Bitcoin moon?"),
        high,
    ]
    assert [other.title for other in others if holds(high, other)] == []
    assert holds(high, ABOVE[0])


def test_a_touch_before_the_other_market_began_does_not_count() -> None:
    """What was reached before its start makes a market no YES."""
    early = one("Will Bitcoin reach $99,000 by March 31?", start_ts=END_TS - 3 * DAY_NS)
    late = one("Will Bitcoin reach $95,000 by June 30?", start_ts=END_TS - DAY_NS, end_ts=END_TS + DAY_NS)
    assert not holds(early, late)
    unknown = msgspec.structs.replace(early, start_ts=0)
    assert not holds(unknown, late)
    assert holds(msgspec.structs.replace(early, start_ts=END_TS - DAY_NS), late)


def test_a_period_in_the_title_bounds_the_touches_that_count() -> None:
    """`in March` knows nothing of what was reached in February, though both markets were opened before."""
    start = END_TS - 90 * DAY_NS
    by_date = one("Will Bitcoin reach $99,000 by December 31?", start_ts=start)
    in_month = one("Will Bitcoin reach $95,000 in December?", start_ts=start)
    assert not holds(by_date, in_month)
    assert holds(msgspec.structs.replace(in_month, title="Will Bitcoin reach $99,000 in December?"), by_date)


def test_a_guessed_direction_has_no_order() -> None:
    """At 90,000 the one is a dip and the other a reach: neither follows from the other."""
    low, high = (one(f"Will Bitcoin hit ${k},000 by March 31?") for k in (80, 99))
    assert not holds(high, low)
    assert not holds(low, high)
