"""Sets of tokens that pay out more than they cost, and those that only seem to (A3, P2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.flows.reached.scanning import LATENCY, piloting
from tests.flows.reached.stage import ABOVE, RAIN, SECOND, Stage, market, together
from tests.flows.reached.table import reaches
from tradeworthy.desks.arbitrage.events import Kind, Method
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.predictions import Market, MarketResolved, Relation

ONE = market("m", RAIN)


def race(count: int = 3, **facts: Any) -> list[Market]:
    """The markets of one event, of which the venue says that they exclude each other."""
    known: dict[str, Any] = {"event": "race", "event_size": count, "neg_risk": True} | facts
    return [market(f"o{n}", f"Will candidate {n} win the race?", **known) for n in range(count)]


def trading(**settings: Any) -> Stage:
    """A desk that trades sets."""
    return Stage(piloting(atomic_arb=True, **settings))


def raced(bid: int, ask: int, **facts: Any) -> Stage:
    """Three outcomes at one price."""
    stage, each = trading(), race(**facts)
    stage.open(*each, rate="0.01")
    for one in each:
        stage.quote(one, bid, ask)
    stage.wait(LATENCY)
    return stage


def paired(yes: dict[int, int], no: dict[int, int], rate: str = "0.01", **settings: Any) -> Stage:
    """YES and NO of one market, offered by ticks and lots; four shares are bid for each where it mirrors the other."""
    stage = trading(**settings)
    stage.open(ONE, rate=rate)
    stage.book(ONE.yes, {100 - min(no): 400}, yes, crossed=True)
    stage.book(ONE.no, {100 - min(yes): 400}, no, crossed=True)
    stage.wait(LATENCY)
    return stage


@reaches(
    *(Kind.MISPRICING, Method.BUY_BOTH, Method.SPLIT_AND_SELL, Method.BUY_ALL_YES),
    *(Method.BUY_ALL_NO, Method.LADDER),
    *(Relation.UNKNOWN, Relation.COMPLETE),
    "event.IntentProposed",
)
def what_makes_a_set(_: Path) -> dict[str, None]:
    """Both tokens below 1 and above it, all outcomes of an event, NO of two of them, and strikes out of order."""
    both = paired({44: 20_000}, {50: 20_000})
    split = trading()
    split.open(ONE, rate="0.01")
    split.book(ONE.yes, {52: 10_000}, {50: 10_000}, crossed=True)
    split.book(ONE.no, {51: 10_000}, {49: 10_000}, crossed=True)
    split.wait(LATENCY)
    whole = raced(28, 30, relation=Relation.COMPLETE)
    no, each = trading(), race(neg_risk_augmented=True, event_size=0)
    no.open(*each, rate="0.01")
    for one, bid in zip(each, (54, 54, 2), strict=True):
        no.quote(one, bid, bid + 2)
    no.wait(LATENCY)
    ladder, low, high = trading(), market("k1", ABOVE), market("k2", ABOVE.replace("97,000", "98,000"))
    ladder.open(low, high, rate="0.01")
    ladder.quote(low, 48, 50)
    ladder.quote(high, 56, 58)
    ladder.wait(LATENCY)
    return together(both, split, whole, no, ladder)


@reaches(
    *(SkipReason.NOT_EXCLUSIVE, SkipReason.NOT_EXHAUSTIVE, SkipReason.AUGMENTED, SkipReason.PLACEHOLDER),
    *(SkipReason.INCOMPLETE_EVENT, SkipReason.PHANTOM_GROSS, SkipReason.RESOLVED_YES),
    *(Relation.NESTED, Relation.EXCLUSIVE),
)
def what_is_no_set(_: Path) -> dict[str, None]:
    """Outcomes that do not exclude each other, or are not all, or one of which has won; and a gain too large."""
    stages = [
        raced(28, 30, relation=Relation.NESTED),
        raced(28, 30, relation=Relation.EXCLUSIVE),
        raced(28, 30, neg_risk_augmented=True),
        raced(28, 30, placeholder=True),
        raced(28, 30, event_size=4),
        raced(25, 27),
    ]
    won, each = trading(), race(4)
    won.open(*each, rate="0.01")
    won.put(MarketResolved(each[0].id, won.now, CASH_UNIT))
    for one in each[1:]:
        won.quote(one, 28, 30)
    won.wait(LATENCY)
    return together(*stages, won)


@reaches(SkipReason.LEG_BOOK_MISSING, SkipReason.LEG_BOOK_STALE, SkipReason.TOO_FEW_LEGS)
def what_lacks_a_book(_: Path) -> dict[str, None]:
    """One outcome of three has no book, or an old one, and of two NO one is too old."""
    missing, stale, few = trading(), trading(), trading()
    each = race()
    for stage in (missing, stale, few):
        stage.open(*each, rate="0.01")
    for one in each[:2]:
        missing.quote(one, 28, 30)
    stale.quote(each[0], 28, 30)
    stale.wait(4 * SECOND)
    for one in each[1:]:
        stale.quote(one, 28, 30)
    few.quote(each[0], 54, 56)
    few.wait(4 * SECOND)
    few.quote(each[1], 54, 56)
    return together(missing, stale, few)


@reaches(
    *(SkipReason.BELOW_MIN_SIZE, SkipReason.BELOW_MIN_NOTIONAL),
    *(SkipReason.BELOW_MIN_PROFIT, SkipReason.BELOW_MIN_EDGE),
)
def what_is_too_little(_: Path) -> dict[str, None]:
    """Four shares; nine of a cheap token; five that earn ten cents of fifty; and more as the books get dearer."""
    return together(
        paired({44: 400}, {50: 400}),
        paired({10: 900}, {80: 900}),
        paired({48: 500}, {48: 500}, min_profit=0.5),
        paired({46: 10_000, 47: 20_000}, {50: 15_000, 52: 10_000}, rate="0.04"),
    )
