"""What a desk wants: legs, a policy for when one falls short, and an expiry. One decision answers the whole."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from tradeworthy.core.candidates import Candidate
from tradeworthy.core.events import Event
from tradeworthy.market.instruments import Side


class Policy(StrEnum):
    """What happens when a leg of several falls short."""

    ALL_OR_NONE = "all_or_none"
    COMPLETE = "complete"
    UNWIND = "unwind"
    HOLD = "hold"


class TimeInForce(StrEnum):
    """How long an order works: now and whole, now and what there is, or until cancelled or the intent's expiry."""

    FOK = "fok"
    FAK = "fak"
    GTC = "gtc"


class Leg(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One order to be: `limit_ticks` None is at market. `position` is the ledger's key (default: the instrument).

    At market with a `maker_chance` (0 to 1) it posts first: a live venue posts it, and the paper venue with fills
    maker_draw draws whether it is filled; what is not takes, unless it is `maker_only`. Other paper venues fill such
    an order as any other.
    """

    instrument: str
    side: Side
    lots: int
    limit_ticks: int | None = None
    position: str = ""
    time_in_force: TimeInForce = TimeInForce.FAK
    maker_chance: float = 0.0
    maker_only: bool = False


class Intent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Legs that belong together. `expires_at` is session time in ns (0: never).

    `reduce_only` can only shrink positions. `complete_ticks` is how far past its limit COMPLETE may pay for a
    missing leg. `edge` is the expected profit in cash units. `strategy` is the part of the desk that asks ("": the
    desk itself). `payout_floor` is what the legs together pay out at the least, in cash units: where it covers their
    cost the intent is a locked arbitrage (0: nothing is promised). A floor that is wrong hides risk from the limits.
    """

    legs: tuple[Leg, ...]
    policy: Policy = Policy.ALL_OR_NONE
    expires_at: int = 0
    reduce_only: bool = False
    complete_ticks: int = 0
    edge: int = 0
    reason: str = ""
    dedupe_key: str = ""
    strategy: str = ""
    payout_floor: int = 0


class TradeCandidate(Candidate, frozen=True, kw_only=True):
    """A candidate that comes with its intent, for risk to judge."""

    intent: Intent


class IntentProposed(Event, frozen=True):
    """What a strategy asks for on behalf of an open `candidate` that another part of its desk opened.

    `kind` and `instrument` are the candidate's.
    """

    decision: ClassVar[bool] = True

    candidate: int
    desk: str
    kind: str
    instrument: str
    intent: Intent


def position_key(strategy: str, instrument: str) -> str:
    """The ledger's key of what `strategy` holds in `instrument`, apart from other strategies of its desk."""
    return f"{strategy}@{instrument}" if strategy else instrument


def strategy_of(position: str) -> str:
    """The strategy in a key of `position_key` ("" if there is none)."""
    return position.partition("@")[0] if "@" in position else ""
