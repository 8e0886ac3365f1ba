"""The scanner on sets of tokens: M1 to M5, and what it refuses."""

from typing import Any

import msgspec
import pytest

from tests.desks.arbitrage.scanning import (
    ABOVE,
    EXACT,
    MINUTE,
    MS,
    SECOND,
    START,
    Rig,
    lagging,
    levels,
    market,
    outcomes,
)
from tradeworthy.desks.arbitrage.events import Kind, Method
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.market.predictions import (
    Market,
    MarketResolved,
    Relation,
)


def test_both_tokens_below_one_are_a_set() -> None:
    """M1: a crossed book, walked to its depth; off by default, so it is found, counted and skipped."""
    rig = Rig(**EXACT)
    one = market("m", "Will it rain on December 1?")
    rig.open(one, rate="0.04")
    rig.book(one.yes, levels((50, 150), (48, 100)), levels((44, 100), (45, 200)), crossed=True)
    rig.book(one.no, levels((56, 100), (55, 200)), levels((50, 150), (52, 100)), crossed=True)
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    assert told.method is Method.BUY_BOTH
    assert told.kind == Kind.MISPRICING
    assert told.capacity_lots == 25_000
    assert [(leg.outcome, leg.limit_ticks) for leg in told.legs] == [("YES", 45), ("NO", 52)]
    assert told.payout_floor == 25_000 * 1_000_000
    assert rig.verdicts()[0].reason == SkipReason.STRATEGY_OFF


def vector(**settings: Any) -> Rig:
    """The specification's M1 walk: YES 100 at .46, 200 at .47; NO 150 at .50, 100 at .52; fee rate .04."""
    rig = Rig(**settings)
    one = market("m", "Will it rain on December 1?")
    rig.open(one, rate="0.04")
    rig.book(one.yes, levels((50, 150), (48, 100)), levels((46, 100), (47, 200)), crossed=True)
    rig.book(one.no, levels((54, 100), (53, 200)), levels((50, 150), (52, 100)), crossed=True)
    return rig


def test_the_vector_of_the_walk_is_below_the_least_edge() -> None:
    """150 shares earn 2.5082, which is .0174 of their cost: counted, and told of where less is asked for."""
    rig = vector()
    assert SkipReason.BELOW_MIN_EDGE in rig.reasons()
    rig = vector(min_edge=0.017)
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    assert told.capacity_lots == 15_000
    assert told.profit == 250_820_000


def test_bids_above_one_are_a_set_to_sell() -> None:
    """M2: split and sell, both tokens to the bids."""
    rig = Rig(**EXACT)
    one = market("m", "Will it rain on December 1?")
    rig.open(one, rate="0.01")
    rig.book(one.yes, levels((52, 100)), levels((50, 100)), crossed=True)
    rig.book(one.no, levels((51, 100)), levels((49, 100)), crossed=True)
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    assert told.method is Method.SPLIT_AND_SELL
    assert [(leg.side, leg.limit_ticks) for leg in told.legs] == [("sell", 52), ("sell", 51)]
    assert told.payout_floor == -10_000 * 1_000_000


def test_a_gap_between_books_of_two_moments_is_not_told_of() -> None:
    """One token's message is late: the gap outlives it, but not if it is still late when the latency is over."""
    rig, one = lagging()
    rig.book(one.yes, levels((84, 400)), levels((86, 400)))
    rig.book(one.no, levels((14, 400)), levels((16, 400)))
    rig.wait(250 * MS)
    assert len(rig.opportunities()) == 1
    rig, one = lagging()
    rig.book(one.yes, levels((80, 400)), levels((82, 400)))
    rig.wait(250 * MS)
    assert rig.opportunities() == []
    assert [(gap.reason, gap.survived) for gap in rig.closed()] == [(SkipReason.SKEW, False)]


def test_books_of_two_moments_are_skew() -> None:
    """An M1 gap between books that arrived 251 ms apart, or that don't mirror each other, is counted as skew."""
    one = market("m", "Will it rain on December 1?")
    rig = Rig(**EXACT)
    rig.open(one, rate="0.01")
    rig.book(one.no, levels((56, 100)), levels((50, 150)), crossed=True)
    rig.wait(251 * MS)
    rig.book(one.yes, levels((50, 150)), levels((44, 100)), crossed=True)
    assert SkipReason.SKEW in rig.reasons()
    rig = Rig(**EXACT)
    rig.open(one, rate="0.01")
    rig.book(one.no, levels((52, 100)), levels((54, 150)))
    rig.book(one.yes, levels((40, 150)), levels((42, 100)))
    assert SkipReason.SKEW in rig.reasons()
    rig.wait(SECOND)
    assert rig.opportunities() == []


def test_a_complete_event_below_one_is_bought_whole() -> None:
    """M3: YES of all outcomes at .30 + .31 + .32 pays 1; NO of all is no gain at the same books."""
    rig = Rig(**EXACT)
    each = outcomes()
    rig.open(*each, rate="0.01")
    for place, one in enumerate(each):
        rig.quote(one, 28 + place, 30 + place)
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    assert told.method is Method.BUY_ALL_YES
    assert told.markets == tuple(one.id for one in each)
    assert [leg.limit_ticks for leg in told.legs] == [30, 31, 32]
    assert told.payout_floor == 40_000 * 1_000_000
    assert told.net_edge == pytest.approx(0.0637, abs=1e-3)


def test_no_of_several_outcomes_is_bought_though_the_event_is_open() -> None:
    """M4: two NO at .44 pay 1 at the least; an augmented event is no obstacle."""
    rig = Rig(**EXACT)
    each = outcomes(neg_risk_augmented=True, event_size=0)
    rig.open(*each, rate="0.01")
    for one, bid in zip(each, (54, 54, 2), strict=True):
        rig.quote(one, bid, bid + 2)
    rig.wait(250 * MS)
    told = [one for one in rig.opportunities() if one.method is Method.BUY_ALL_NO]
    assert [leg.limit_ticks for leg in told[0].legs[:2]] == [46, 46]
    assert told[0].skip == SkipReason.STRATEGY_OFF


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"neg_risk_augmented": True}, SkipReason.AUGMENTED),
        ({"event_size": 4}, SkipReason.INCOMPLETE_EVENT),
        ({"event_size": 0}, SkipReason.INCOMPLETE_EVENT),
        ({"placeholder": True}, SkipReason.PLACEHOLDER),
        ({"relation": Relation.NESTED}, SkipReason.NOT_EXCLUSIVE),
        ({"relation": Relation.EXCLUSIVE}, SkipReason.NOT_EXHAUSTIVE),
    ],
)
def test_a_set_that_does_not_pay_for_sure_is_refused_by_name(
    facts: dict[str, Any], reason: SkipReason
) -> None:
    """A sum below 1 is told of once, as refused, and no payout is promised."""
    rig = Rig(atomic_arb=True, **EXACT)
    each = outcomes(**facts)
    rig.open(*each, rate="0.01")
    for _ in range(3):
        for one in each:
            rig.quote(one, 28, 30)
        rig.wait(40 * SECOND)
    refused = [one for one in rig.opportunities() if one.method is Method.BUY_ALL_YES]
    assert [(one.skip, one.payout_floor) for one in refused] == [(reason, 0)]


def test_a_gain_too_large_is_a_phantom() -> None:
    """M3 with more than 15 % before fees is refused: a leg is missing, or a price is wrong."""
    rig = Rig(atomic_arb=True, **EXACT)
    each = outcomes()
    rig.open(*each, rate="0.01")
    for one in each:
        rig.quote(one, 25, 27)
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    assert told.skip == SkipReason.PHANTOM_GROSS


def test_an_event_with_a_winner_is_over() -> None:
    """One outcome was resolved YES: the others are worth nothing, however cheap."""
    rig = Rig(atomic_arb=True, **EXACT)
    each = outcomes(4)
    rig.open(*each, rate="0.01")
    rig.put(MarketResolved(each[0].id, START, 100_000_000))
    for one in each[1:]:
        rig.quote(one, 28, 30)
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    assert told.skip == SkipReason.RESOLVED_YES


def test_a_new_outcome_ends_the_gap_of_its_event() -> None:
    """The set of outcomes is another one now."""
    rig = Rig(**EXACT)
    each = outcomes(3, event_size=4)
    rig.open(*each, rate="0.01")
    for one in each:
        rig.quote(one, 28, 30)
    late = msgspec.structs.replace(each[0], id="polymarket:o9", yes="y9", no="n9")
    rig.open(late)
    assert [gap.reason for gap in rig.closed()] == [SkipReason.REDEFINED]


def test_markets_of_an_event_of_which_nothing_is_known_are_no_set() -> None:
    """Neither the venue nor a person says that they exclude each other: not even looked at."""
    rig = Rig(**EXACT)
    each = outcomes(neg_risk=False)
    rig.open(*each, rate="0.01")
    for one in each:
        rig.quote(one, 28, 30)
    rig.wait(SECOND)
    assert rig.opportunities() == []
    assert rig.closed() == []


def ladder() -> tuple[Market, Market]:
    """Two strikes of one underlying and end."""
    return market("k1", ABOVE), market("k2", ABOVE.replace("97,000", "98,000"))


def test_strikes_out_of_order_are_a_set() -> None:
    """M5: YES above 97,000 and NO above 98,000 pay 1 whatever happens."""
    rig = Rig(**EXACT)
    low, high = ladder()
    rig.open(low, high, rate="0.01")
    rig.quote(low, 48, 50)
    rig.quote(high, 56, 58)
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    assert told.method is Method.LADDER
    assert [(leg.market, leg.outcome) for leg in told.legs] == [(low.id, "YES"), (high.id, "NO")]
    assert told.payout_floor == told.capacity_lots * 1_000_000
    rig.quote(high, 30, 32)
    assert [gap.reason for gap in rig.closed()] == [SkipReason.GAP_VANISHED]


def test_strikes_of_another_end_are_no_ladder() -> None:
    """The same books, a minute apart at the end: no gap."""
    rig = Rig(**EXACT)
    low, high = ladder()
    high = msgspec.structs.replace(high, end_ts=high.end_ts + MINUTE)
    rig.open(low, high, rate="0.01")
    rig.quote(low, 48, 50)
    rig.quote(high, 56, 58)
    rig.wait(250 * MS)
    assert rig.opportunities() == []


def test_an_outcome_without_a_book_is_named() -> None:
    """M3: the others cost less than 1 only because one of them has no ask."""
    rig = Rig()
    each = outcomes()
    rig.open(*each, rate="0.01")
    for one in each[:2]:
        rig.quote(one, 28, 30)
    assert SkipReason.LEG_BOOK_MISSING in rig.reasons()
    rig.quote(each[2], 60, 62)
    assert SkipReason.LEG_BOOK_MISSING not in rig.reasons()


def test_an_outcome_with_an_old_book_is_named() -> None:
    """M3: the last of the books came 4 s after the first."""
    rig = Rig()
    each = outcomes()
    rig.open(*each, rate="0.01")
    rig.quote(each[0], 28, 30)
    rig.wait(4 * SECOND)
    for one in each[1:]:
        rig.quote(one, 28, 30)
    assert SkipReason.LEG_BOOK_STALE in rig.reasons()
    assert rig.closed() == []


def test_no_of_one_outcome_is_no_set() -> None:
    """M4: of two cheap NO one is too old to be bought."""
    rig = Rig()
    each = outcomes()
    rig.open(*each, rate="0.01")
    rig.quote(each[0], 54, 56)
    rig.wait(4 * SECOND)
    rig.quote(each[1], 54, 56)
    assert SkipReason.TOO_FEW_LEGS in rig.reasons()
    assert rig.opportunities() == []


def test_a_pair_that_is_almost_free_is_not_believed() -> None:
    """M1: more than 30 % for nothing is a fault in the books, and so it is not told of."""
    rig = Rig(atomic_arb=True)
    one = market("m", "Will it rain on December 1?")
    rig.open(one, rate="0.01")
    rig.quote(one, 60, 20)
    assert SkipReason.NOT_CREDIBLE in rig.reasons()
    rig.wait(SECOND)
    assert rig.opportunities() == []
