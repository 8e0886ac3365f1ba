"""The leaf formulas of integer money, in plain numbers: what `money.Scale` and the compiled kernels share.

None calls another and none needs a type of ours, so that each can also be compiled as it stands. A tick, lot or
fee is the fraction `above / below`, in integers. No product here is larger than its result or the square of
`below` or `whole`: what fits int64 before also fits between.
"""

from __future__ import annotations

import math

STEP_NOISE = 1e-6
"""A float this near a whole step (a millionth of it) stands on the step: 0.1 * 3 is three ticks of 0.1."""

FLOAT_NOISE = 2.0**-51
"""What a float64 price may be off by, as a share of it, after the two roundings of reading and dividing."""


def ticks_against(price: float, above: int, below: int, sign: int) -> int:
    """The ticks at which an order trades `price`: up for a buy (`sign` +1), down for a sell (-1).

    Within STEP_NOISE it stays on its tick; 0 is under one tick.
    """
    steps = price * below / above
    nearest = round(steps)
    if abs(steps - nearest) <= STEP_NOISE + steps * FLOAT_NOISE:
        return nearest
    if sign > 0:
        return math.ceil(steps)
    return math.floor(steps)


def ticks_near(price: float, above: int, below: int) -> int:
    """The tick nearest to `price`, halves to the even one."""
    return round(price * below / above)


def whole_lots(quantity: float, above: int, below: int) -> int:
    """Whole lots in `quantity`, rounded down; within STEP_NOISE it stays on its lot."""
    steps = quantity * below / above
    nearest = round(steps)
    if abs(steps - nearest) <= STEP_NOISE + steps * FLOAT_NOISE:
        return nearest
    return math.floor(steps)


def price_at(ticks: int, above: int, below: int) -> float:
    """The float64 nearest to the price at `ticks`, where `ticks * above` and `below` are under 2^53."""
    return ticks * above / below


def share_down(amount: int, part: int, whole: int) -> int:
    """`part / whole` of `amount`, rounded down: what a part of a fill is of its notional and its fee.

    `whole` is above 0, and `part` is at most that.
    """
    return amount // whole * part + amount % whole * part // whole


def share_up(amount: int, part: int, whole: int) -> int:
    """`part / whole` of `amount`, rounded up: a fee on a notional, or the cost that a position gives up.

    A rebate (`part` below 0) gets smaller, and profit is never booked early. Bounds as of `share_down`.
    """
    return -(-amount // whole * part + -amount % whole * part // whole)
