"""What a paper venue remembers: orders at it or on their way, their groups, and what trades no more."""

from __future__ import annotations

import msgspec

from tradeworthy.core.agents import State
from tradeworthy.execution.orders import PlaceOrder
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.bars import BarClosed


class Resting(msgspec.Struct):
    """An order at the venue, or on its way to it until `eligible_at`.

    `arrived`: it had its first chance to trade. `cancel_at` is when a cancel takes effect (0: none was asked
    for). `timeframe` is that of the bars which it trades in.
    """

    place: PlaceOrder
    left: int
    eligible_at: int
    joint: bool
    arrived: bool = False
    fills: int = 0
    timeframe: str = ""
    cancel_at: int = 0
    cancel_reason: str = ""


class Group(msgspec.Struct):
    """An all-or-none group: `told` counts its orders so far, `members` those at the venue.

    `broken`: one of its orders was refused. `bars` are those of one open time that its instruments have so
    far.
    """

    members: list[str] = []
    told: int = 0
    broken: bool = False
    bars: dict[str, BarClosed] = {}


class VenueState(State):
    """Orders by id, ids by instrument (no key without an order), groups by candidate.

    `unbooked` is signed lots by `desk/position` of fills that were reported and not yet seen by the ledger.
    `shut` says why an instrument trades no more. Once `ended`, no order is taken.
    """

    orders: dict[str, Resting] = {}
    working: dict[str, list[str]] = {}
    groups: dict[int, Group] = {}
    unbooked: dict[str, int] = {}
    shut: dict[str, Reason] = {}
    ended: bool = False
