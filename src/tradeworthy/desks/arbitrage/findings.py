"""What a look at prices gives: nothing and why, an edge that seems to stand, or a whole opportunity."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from tradeworthy.core.events import Figure
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import (
    ATOMIC_ARB,
    SNIPER,
    Kind,
    Method,
    OpportunityDetected,
    OpportunityLeg,
)
from tradeworthy.desks.arbitrage.gaps import MS_NS
from tradeworthy.desks.arbitrage.reasons import SkipReason


class Look(NamedTuple):
    """An edge at the best levels, per share of the whole set and after fees; `instrument` is the token it is in.

    `instrument` is "" where it takes several. `refused` says why it is none to trade even so.
    """

    edge: float
    instrument: str = ""
    refused: str = ""


class Found(msgspec.Struct, frozen=True):
    """An edge walked to its depth; fields as in OpportunityDetected. `refused`: why it is none to trade even so."""

    kind: Kind
    method: Method
    markets: tuple[str, ...]
    legs: tuple[OpportunityLeg, ...]
    gross_edge: float
    net_edge: float
    signal: float
    capacity_lots: int
    profit: int
    book_ts: int
    figures: dict[str, Figure]
    fair: float = 0.0
    payout_floor: int = 0
    oracle: str = ""
    oracle_value: float = 0.0
    oracle_ts: int = 0
    refused: str = ""


def dedupe_key(method: Method, legs: tuple[OpportunityLeg, ...], detected_at: int, ttl_ns: int) -> str:
    """The same for the same method and tokens within one request's life of session time; 16 hex digits.

    No longer than that: what is told of again within a cool-down, because it has grown, is to be traded, too.
    """
    bucket = detected_at // ttl_ns
    traded = sorted(f"{leg.instrument}/{leg.side}" for leg in legs)
    text = "|".join((method, *traded, str(bucket)))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def opportunity(found: Found, settings: ArbitrageSettings, now: int) -> OpportunityDetected:
    """The candidate made of `found`; refused, or with its strategy switched off, it is skipped at once."""
    ttl_ns = settings.request_ttl_ms * MS_NS
    sniper = found.kind is Kind.ORACLE_LAG
    active = settings.oracle_sniper if sniper else settings.atomic_arb
    return OpportunityDetected(
        kind=found.kind,
        instrument=found.legs[0].instrument,
        figures=found.figures,
        skip=found.refused or ("" if active else SkipReason.STRATEGY_OFF),
        strategy=SNIPER if sniper else ATOMIC_ARB,
        method=found.method,
        markets=found.markets,
        legs=found.legs,
        gross_edge=found.gross_edge,
        net_edge=found.net_edge,
        signal=found.signal,
        fair=found.fair,
        capacity_lots=found.capacity_lots,
        profit=found.profit,
        payout_floor=found.payout_floor,
        oracle=found.oracle,
        oracle_value=found.oracle_value,
        oracle_ts=found.oracle_ts,
        book_ts=found.book_ts,
        expires_at=now + ttl_ns,
        dedupe_key=dedupe_key(found.method, found.legs, now, ttl_ns),
    )
