"""Prediction markets as values: a question with two tokens, of which the right one pays 1 and the other nothing."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from tradeworthy.core.events import Event
from tradeworthy.market.instruments import Instrument

YES, NO = "YES", "NO"
"""The outcomes of a market: its first token and its second, whatever the venue calls them (Up, Down)."""


def twin_of(instrument: Instrument) -> str:
    """The id of the other token of the same market, `<market>:NO` for `<market>:YES`; "" for what is no token."""
    if instrument.outcome not in {YES, NO}:
        return ""
    return f"{instrument.market}:{NO if instrument.outcome == YES else YES}"


class Relation(StrEnum):
    """What is known of the markets of one event: whether at most one can be YES, and whether one must be."""

    UNKNOWN = ""
    EXCLUSIVE = "exclusive"
    COMPLETE = "complete"
    NESTED = "nested"


class Market(msgspec.Struct, frozen=True, gc=False):
    """One question. `yes` and `no` are instrument ids; `id` is `<venue>:<external_id>`; times are UTC ns, 0 is unknown.

    `event` groups markets, of which there are `event_size` (0: unknown); `relation` is what a person has verified of
    them (UNKNOWN: the venue's `neg_risk` flags alone speak). `placeholder` is an outcome without a name ("Other").
    `strike` is the venue's own figure, None if it gave none; `underlying` the oracle's symbol where the venue names it;
    `series` the rolling series that the market is a window of. `books` says whether its books are `recorded` or
    `simulated`.
    """

    id: str
    venue: str
    external_id: str
    title: str
    yes: str
    no: str
    slug: str = ""
    event: str = ""
    event_title: str = ""
    event_size: int = 0
    relation: Relation = Relation.UNKNOWN
    neg_risk: bool = False
    neg_risk_augmented: bool = False
    placeholder: bool = False
    labels: tuple[str, ...] = ("Yes", "No")
    category: str = ""
    start_ts: int = 0
    end_ts: int = 0
    accepting_orders: bool = True
    order_book: bool = True
    strike: float | None = None
    underlying: str = ""
    series: str = ""
    resolution_source: str = ""
    seconds_delay: float = 0.0
    volume_24h: float = 0.0
    liquidity: float = 0.0
    books: str = "recorded"


class MarketOpened(Event, frozen=True):
    """The market is known from now on; both its tokens were listed before. Again: its new definition."""

    decision: ClassVar[bool] = True

    market: Market


class MarketsFetched(Event, frozen=True):
    """A look through the venue's catalogue: `count` markets that can be traded now."""

    venue: str
    count: int
    ts_event: int


class MarketClosed(Event, frozen=True):
    """No orders are taken any more; `reason` is the venue's or the gateway's word."""

    decision: ClassVar[bool] = True

    market: str
    ts_event: int
    reason: str = ""


class MarketDisputed(Event, frozen=True):
    """The proposed outcome is contested: positions stay open until MarketResolved."""

    decision: ClassVar[bool] = True

    market: str
    ts_event: int
    reason: str = ""


class MarketResolved(Event, frozen=True):
    """The outcome: a YES share pays `payout` cash units (1e8: it was YES; 0: it was NO), a NO share the rest of 1."""

    decision: ClassVar[bool] = True

    market: str
    ts_event: int
    payout: int
    source: str = ""
    reason: str = ""
