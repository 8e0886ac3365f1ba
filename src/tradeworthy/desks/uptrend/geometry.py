"""Support and resistance of one row: levels where closes turned, the extremes, and Fibonacci's (specs/uptrend.md 5)."""

from __future__ import annotations

import itertools
from hashlib import blake2b
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradeworthy.desks.uptrend.history import Window

Floats = NDArray[np.float64]

BARS_MIN = 50
SWINGS_MIN = 3
NEIGHBOURS = 2
"""Bars on each side that a swing stands out from; it is known this much later."""

PROMINENCE_MIN = 0.005
CLUSTER_WIDTH = 0.06
CLUSTERS_MAX = 9
LEVELS_MAX = 12
SAME = 1e-9
"""Two levels nearer than this share of their price are one."""

SWING_FULL, EXTREME_STRENGTH = 10.0, 10.0
FIB_STRENGTH, FIB_FULL = 15.0, 20.0
FIB_NEAR, FIB_CLOSE_BY = 0.03, 0.07
RETRACEMENTS = (0.0, 0.236, 0.382, 0.5, 0.618, 0.786, 1.0)
EXTENSIONS = (1.272, 1.618, 2.0, 2.618, 3.0, 4.236)

SWING, EXTREME, FIB = "swing", "extreme", "fib"
UP, DOWN, SIDEWAYS = "up", "down", "sideways"


class Level(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A price that may hold or turn the market. `id` is the same for the same token, source and price.

    `strength` is in its source's own measure (a swing's touches), `confidence` the same as 0 to 1, which alone compares
    levels of all sources; `order_desc` is its place by price, 0 the highest.
    """

    id: str
    price: float
    strength: float
    confidence: float
    source: str
    order_desc: int


class Geometry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The levels by price, highest first; how many swings made them; `trend` is up, down or sideways.

    `updated_ts` is session time, UTC ns.
    """

    levels: tuple[Level, ...]
    swing_highs: int
    swing_lows: int
    trend: str
    updated_ts: int


class Found(NamedTuple):
    """A level before it has a name and a place."""

    price: float
    strength: float
    confidence: float
    source: str


def geometry(window: Window, chain: str, contract: str, updated_ts: int) -> Geometry | None:
    """The levels of the token as of the last bar; None under 50 bars, or where neither highs nor lows are three.

    Only swings that two later bars have confirmed count, so a longer window never takes one back.
    """
    closes = window.close
    if len(closes) < BARS_MIN:
        return None
    highs, lows = swings(closes), swings(-closes)
    if max(len(highs), len(lows)) < SWINGS_MIN:
        return None
    turned = clusters(np.concatenate((closes[highs], closes[lows])))
    top, bottom = float(closes.max()), float(closes.min())
    extremes = [Found(price, EXTREME_STRENGTH, 1.0, EXTREME) for price in (top, bottom)]
    drawn = fibonacci(top, bottom, [*turned, *extremes])
    chosen = choose(extremes, turned, drawn, float(closes[-1]))
    chosen.sort(key=lambda one: (-one.price, one.source))
    levels = tuple(
        Level(level_id(chain, contract, one), *one, order_desc=place) for place, one in enumerate(chosen)
    )
    return Geometry(levels, len(highs), len(lows), trend(closes[highs], closes[lows]), updated_ts)


def swings(closes: Floats) -> NDArray[np.int64]:
    """Places of the closes that are strictly above the two on each side, by half a percent of the price or more.

    Of `-closes` they are the swing lows.
    """
    count = len(closes) - 2 * NEIGHBOURS
    if count <= 0:
        return np.zeros(0, np.int64)
    middle = closes[NEIGHBOURS:-NEIGHBOURS]
    around = [closes[at : at + count] for at in range(2 * NEIGHBOURS + 1) if at != NEIGHBOURS]
    stands_out = np.ones(count, np.bool_)
    lowest = middle
    for side in around:
        stands_out &= middle > side
        lowest = np.minimum(lowest, side)
    stands_out &= middle - lowest >= PROMINENCE_MIN * np.abs(middle)
    return np.flatnonzero(stands_out) + NEIGHBOURS


def clusters(prices: Floats) -> list[Found]:
    """The strongest groups of `prices` that are within 6 % of their group's running mean, from the lowest up."""
    groups: list[tuple[float, int]] = []
    for price in np.sort(prices).tolist():
        if groups:
            total, touches = groups[-1]
            if price - total / touches <= CLUSTER_WIDTH * total / touches:
                groups[-1] = total + price, touches + 1
                continue
        groups.append((price, 1))
    strongest = sorted(groups, key=lambda group: (-group[1], -group[0] / group[1]))[:CLUSTERS_MAX]
    return [
        Found(total / touches, float(touches), min(1.0, touches / SWING_FULL), SWING)
        for total, touches in strongest
    ]


def fibonacci(top: float, bottom: float, others: list[Found]) -> list[Found]:
    """Retracements from `top` to `bottom` and extensions above `top`, stronger where another level is near."""
    reach = top - bottom
    prices = [top - part * reach for part in RETRACEMENTS] + [bottom + part * reach for part in EXTENSIONS]
    drawn = []
    for price in prices:
        nearest = min(others, key=lambda one: (abs(one.price - price), -one.strength))
        away = abs(nearest.price - price) / price
        share = 1.0 if away <= FIB_NEAR else 0.5 if away <= FIB_CLOSE_BY else 0.0
        strength = FIB_STRENGTH + share * nearest.strength
        drawn.append(Found(price, strength, min(1.0, strength / FIB_FULL), FIB))
    return drawn


def choose(extremes: list[Found], turned: list[Found], drawn: list[Found], price: float) -> list[Found]:
    """At most twelve: the extremes, then swings and Fibonacci levels in turn, so that neither crowds out the other.

    Within a source the most confident comes first, then the nearest to `price`. One at the price of a level chosen
    before it is left out.
    """
    chosen: list[Found] = []
    queues = [
        sorted(kind, key=lambda one: (-one.confidence, abs(one.price - price), -one.price))
        for kind in (turned, drawn)
    ]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*queues))
    for one in (*extremes, *in_turn):
        if one is None or len(chosen) == LEVELS_MAX:
            continue
        if all(abs(one.price - other.price) > SAME * other.price for other in chosen):
            chosen.append(one)
    return chosen


def price_text(price: float) -> str:
    """`price` with 6, 8 or 10 decimals, the more the smaller it is; under 0.0001 with ten digits that count."""
    if price < 1e-4:
        return f"{price:.9e}"
    places = 6 if price >= 1.0 else 8 if price >= 0.01 else 10
    return f"{price:.{places}f}"


def level_id(chain: str, contract: str, one: Found) -> str:
    """Twelve hex digits of token, source and rounded price."""
    text = f"{chain}:{contract}:{one.source}:{price_text(one.price)}"
    return blake2b(text.encode(), digest_size=6).hexdigest()


def trend(highs: Floats, lows: Floats) -> str:
    """Up if the last two swing highs and lows both rise, down if both fall, else sideways."""
    if min(len(highs), len(lows)) < 2:
        return SIDEWAYS
    rises = (highs[-1] > highs[-2], lows[-1] > lows[-2])
    falls = (highs[-1] < highs[-2], lows[-1] < lows[-2])
    return UP if all(rises) else DOWN if all(falls) else SIDEWAYS
