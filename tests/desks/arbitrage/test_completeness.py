"""The gate before M3 and M4: which events are sets that pay for sure, and each reason why the others are not."""

import pytest

from tests.desks.arbitrage.legs import event, leg
from tradeworthy.desks.arbitrage.completeness import (
    FRESH,
    MISSING,
    STALE,
    candidates,
    is_threshold_family,
    refusal,
    thin,
)
from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.events import Method
from tradeworthy.desks.arbitrage.partitions import buy_all_yes, buy_both
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.market.predictions import Relation

M3, M4 = Method.BUY_ALL_YES, Method.BUY_ALL_NO
BOTH = (M3, M4)
NAMES = ("Will A win the election?", "Will B win the election?", "Will C win the election?")
ALL_FRESH = (FRESH, FRESH, FRESH)


@pytest.mark.parametrize("method", BOTH)
def test_a_complete_exclusive_event_passes(method: Method) -> None:
    """By the venue's flag, or by a person's word without it."""
    assert refusal(method, event(*NAMES), ALL_FRESH) is None
    curated = event(*NAMES, neg_risk=False, relation=Relation.COMPLETE)
    assert refusal(method, curated, ALL_FRESH) is None


@pytest.mark.parametrize("method", BOTH)
@pytest.mark.parametrize(
    "titles",
    [
        (
            "Will CPI be above 3.0% in May?",
            "Will CPI be above 3.1% in May?",
            "Will CPI be above 3.2% in May?",
        ),
        ("Will GDP growth exceed 2%?", "Will GDP growth exceed 3%?", "Will GDP growth exceed 4%?"),
        (
            "Will Tesla deliver at least 400,000 cars?",
            "Will Tesla deliver at least 450,000 cars?",
            "Will Tesla deliver at least 500,000 cars?",
        ),
        ("Bitcoin below $80k on May 3?", "Bitcoin below $90k on May 3?", "Bitcoin below $95k on May 3?"),
        ("Will it happen by March 31?", "Will it happen by June 30?", "Will it happen by December 31?"),
    ],
)
def test_thresholds_are_no_alternatives(method: Method, titles: tuple[str, ...]) -> None:
    """CPI, GDP, deliveries: several of them can come true, whatever flag a market carries."""
    assert is_threshold_family(titles)
    assert refusal(method, event(*titles), ALL_FRESH) is SkipReason.NOT_EXCLUSIVE
    unflagged = event(*titles, neg_risk=False)
    assert refusal(method, unflagged, ALL_FRESH) is SkipReason.NOT_EXCLUSIVE


@pytest.mark.parametrize(
    "titles",
    [
        NAMES,
        ("Will CPI be below 2%?", "Will CPI be between 2% and 3%?", "Will CPI be above 3%?"),
        ("Will BTC be between $90k and $95k on May 3?", "Will BTC be between $95k and $99k on May 3?"),
        ("Will A win?",),
    ],
)
def test_alternatives_are_no_thresholds(titles: tuple[str, ...]) -> None:
    """Names, ranges side by side, and one market alone."""
    assert not is_threshold_family(titles)


@pytest.mark.parametrize("method", BOTH)
def test_what_is_nested_or_unknown_is_refused(method: Method) -> None:
    """A person said so, or nobody said anything and the venue has no flag."""
    nested = event(*NAMES, relation=Relation.NESTED)
    unknown = event(*NAMES, neg_risk=False)
    for markets in (nested, unknown, [*event(*NAMES)[:2], nested[2]]):
        assert refusal(method, markets, ALL_FRESH) is SkipReason.NOT_EXCLUSIVE


@pytest.mark.parametrize("method", BOTH)
def test_an_event_that_has_its_yes_already(method: Method) -> None:
    """What is left of it can only be NO."""
    markets = event(*NAMES)[:2]
    found = refusal(method, markets, ALL_FRESH[:2], resolved=1, resolved_yes=True)
    assert found is SkipReason.RESOLVED_YES


def test_m3_needs_every_outcome() -> None:
    """Augmented, with a placeholder, not known to be exhaustive, or a market short: the right one may be missing."""
    augmented = event(*NAMES, neg_risk_augmented=True)
    other = event(*NAMES, placeholder=True)
    exclusive = event(*NAMES, relation=Relation.EXCLUSIVE)
    short = event(*NAMES)[:2]
    unsized = event(*NAMES, event_size=0)
    assert refusal(M3, augmented, ALL_FRESH) is SkipReason.AUGMENTED
    assert refusal(M3, other, ALL_FRESH) is SkipReason.PLACEHOLDER
    assert refusal(M3, exclusive, ALL_FRESH) is SkipReason.NOT_EXHAUSTIVE
    assert refusal(M3, short, ALL_FRESH[:2]) is SkipReason.INCOMPLETE_EVENT
    assert refusal(M3, unsized, ALL_FRESH) is SkipReason.INCOMPLETE_EVENT
    assert refusal(M3, [], ()) is SkipReason.INCOMPLETE_EVENT
    assert refusal(M3, short, ALL_FRESH[:2], resolved=1) is None, "the third ended as NO"


def test_m3_needs_a_fresh_book_of_every_leg() -> None:
    """A price that is not there, or old, is the usual source of a phantom."""
    assert refusal(M3, event(*NAMES), (FRESH, STALE, MISSING)) is SkipReason.LEG_BOOK_MISSING
    assert refusal(M3, event(*NAMES), (FRESH, STALE, FRESH)) is SkipReason.LEG_BOOK_STALE


def test_m4_takes_what_can_be_traded() -> None:
    """Safe though the list is incomplete or augmented: it leaves out what has no name or no fresh book."""
    markets = event(*NAMES, neg_risk_augmented=True, event_size=9)
    assert refusal(M4, markets, ALL_FRESH) is None
    assert candidates(M4, markets, (FRESH, STALE, FRESH)) == [markets[0], markets[2]]
    assert candidates(M3, markets, (FRESH, STALE, FRESH)) == markets
    assert refusal(M4, markets, (FRESH, STALE, MISSING)) is SkipReason.TOO_FEW_LEGS
    assert refusal(M4, event(*NAMES, placeholder=True), ALL_FRESH) is SkipReason.TOO_FEW_LEGS


SETTINGS = ArbitrageSettings()


def test_what_a_set_must_come_to() -> None:
    """The venue's size, 1 of currency a leg, 0.05 of profit, and 2 % of cost: each named."""
    fine = leg("YES", (40, 10_000)), leg("NO", (50, 10_000))
    cases = [
        (fine, None),
        ((leg("YES", (40, 10_000)), leg("NO", (50, 499))), SkipReason.BELOW_MIN_SIZE),
        ((leg("YES", (10, 900)), leg("NO", (70, 900))), SkipReason.BELOW_MIN_NOTIONAL),
        (
            (leg("YES", (47, 300), lots_min=300), leg("NO", (50, 300), lots_min=300)),
            SkipReason.BELOW_MIN_PROFIT,
        ),
        ((leg("YES", (46, 10_000)), leg("NO", (51, 10_000))), SkipReason.BELOW_MIN_EDGE),
    ]
    for legs, expected in cases:
        walked = buy_both(*legs, 0.005)
        assert walked is not None
        assert thin(walked, legs, SETTINGS) is expected


def test_a_set_that_is_too_cheap_is_a_phantom() -> None:
    """More than 0.15 before fees at the best prices: a leg is missing, not a gift."""
    legs = [leg("YES", (ticks, 10_000), market=f"polymarket:{ticks}") for ticks in (20, 30, 34)]
    walked = buy_all_yes(legs, 0.005)
    assert walked is not None
    assert thin(walked, legs, SETTINGS, gross_max=SETTINGS.max_gross_multi) is SkipReason.PHANTOM_GROSS
    assert thin(walked, legs, SETTINGS) is None
