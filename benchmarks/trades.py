"""Round trips as both sides tell them, and the first difference between two lists of them."""

from __future__ import annotations

from itertools import zip_longest

import msgspec

PNL_TOLERANCE = 1
"""Cash units of 1e-8 that the profit of one trade may differ by."""


class Trade(msgspec.Struct, frozen=True, array_like=True):
    """One round trip: times in UTC ns, prices in ticks, `pnl` in units of 1e-8 USDT, net of fees."""

    instrument: str
    side: str
    lots: int
    entry_ts: int
    exit_ts: int
    entry_ticks: int
    exit_ticks: int
    pnl: int


class Agreement(msgspec.Struct, frozen=True):
    """How two lists compare: `difference` is "" if equal; `pnl_apart` is the largest gap in 1e-8 USDT."""

    trades: int
    difference: str
    pnl_apart: int = 0


def in_order(trades: list[Trade]) -> list[Trade]:
    """By exit, then instrument: the order in which both sides are compared."""
    return sorted(trades, key=lambda trade: (trade.exit_ts, trade.instrument))


def compare(ours: list[Trade], theirs: list[Trade]) -> Agreement:
    """Equal in every field, profits within `PNL_TOLERANCE`; else the first trade and field that differ."""
    apart = 0
    if not ours and not theirs:
        return Agreement(0, "neither side traded, which proves nothing")
    for index, (our, their) in enumerate(zip_longest(in_order(ours), in_order(theirs))):
        if our is None or their is None:
            return Agreement(
                index, f"{len(ours)} trades against {len(theirs)}: trade {index} is {our or their}"
            )
        for field in Trade.__struct_fields__:
            mine, other = getattr(our, field), getattr(their, field)
            if field == "pnl":
                apart = max(apart, abs(mine - other))
            if mine != other and (field != "pnl" or abs(mine - other) > PNL_TOLERANCE):
                return Agreement(index, f"trade {index}, {field}: {mine} against {other} in {our}")
    return Agreement(len(ours), "", apart)
