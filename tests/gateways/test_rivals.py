"""The others who trade in simulated markets."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.test_predictions import NONE, simulated
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings
from tradeworthy.gateways.simulator.quoting import COARSE, FINE, Maker
from tradeworthy.gateways.simulator.rivals import Rivals
from tradeworthy.market.books import BookChanged

SETTINGS = PredictionSettings(rivals_ms=300)
RATE = 0.07
fairs = st.floats(0.0, 1.0)


def rivals(settings: PredictionSettings = SETTINGS) -> Rivals:
    """Those of one market."""
    return Rivals(settings, 7, "market", RATE)


@given(quoted=fairs, fair=fairs, unit=st.sampled_from([COARSE, FINE]), step=st.integers(0, 10**6))
def test_only_what_beats_the_truth_by_more_than_the_fee_is_taken(
    quoted: float, fair: float, unit: int, step: int
) -> None:
    """Whole levels, the best first; what is left is worth no visit, and no quote is made better."""
    maker, others = Maker(SETTINGS, 7, "market", "group"), rivals()
    shown = maker.shown(quoted, step, unit)
    before, taken = maker.book(shown), others.taken(shown, fair, step)
    if taken is None:
        assert others.too_good(shown, fair) == (0, 0)
    left, _ = others.left(shown, fair, taken, step)
    bids, asks = maker.book(left)
    assert (bids, asks) == (before[0][left.bids_gone :], before[1][left.asks_gone :])
    for level in (*asks, *before[1][: left.asks_gone]):
        price = level.ticks / unit
        assert (price + RATE * price * (1 - price) < fair - 1e-9) == (level not in asks)
    for level in (*bids, *before[0][: left.bids_gone]):
        price = level.ticks / unit
        assert (price - RATE * price * (1 - price) > fair + 1e-9) == (level not in bids)


def test_what_was_taken_stays_away_until_it_is_not_too_good() -> None:
    """The truth comes back, or long enough passes; what became too good since stands until they come again."""
    maker, others = Maker(SETTINGS, 7, "market", "group"), rivals()
    shown = maker.shown(0.5, 0, COARSE)
    taken = others.taken(shown, 0.55, 10)
    left, kept = others.left(shown, 0.55, taken, 11)
    assert (left.asks_gone > 0, left.bids_gone, kept) == (True, 0, taken)
    assert others.left(shown, 0.60, taken, 11)[0] == left
    assert others.left(shown, 0.50, taken, 11) == (shown, None)
    assert others.left(shown, 0.55, taken, 10 + others.memory)[0] == left
    assert others.left(shown, 0.55, taken, 11 + others.memory) == (shown, None)


def test_they_come_after_a_while_that_is_exponential() -> None:
    """With the mean of the setting for a gain of 5 cents, and the sooner the more there is."""
    others = rivals()
    for gain, mean in ((0.05, 300), (0.10, 150), (0.01, 1_500)):
        waits = [others.delay_ms(drawn, gain) for drawn in others.draws(0, 20_000)]
        assert statistics.mean(waits) == pytest.approx(mean, rel=0.05)
        assert statistics.median(waits) == pytest.approx(math.log(2) * mean, rel=0.05)
    assert others.delay_ms(0.5, 0.0) == math.inf


@given(quoted=fairs, fair=fairs)
def test_there_is_a_gain_where_something_is_too_good(quoted: float, fair: float) -> None:
    """And none where nothing is."""
    maker, others = Maker(SETTINGS, 7, "market", "group"), rivals()
    shown = maker.shown(quoted, 0, COARSE)
    assert (others.gain(shown, fair) > 1e-9) == (others.too_good(shown, fair) != (0, 0))
    assert others.gain(None, fair) == 0.0


def test_without_rivals_nothing_is_taken() -> None:
    """0 switches them off."""
    alone, maker = rivals(SETTINGS.model_copy(update={"rivals_ms": 0})), Maker(SETTINGS, 7, "market", "group")
    assert alone.gain(maker.shown(0.2, 0, COARSE), 0.9) == 0.0
    assert alone.taken(maker.shown(0.2, 0, COARSE), 0.9, 0) is None


def test_rivals_only_thin_books_out() -> None:
    """Every book with them is one without them, less some of its best levels; and some are less."""
    alone = PredictionSettings(faults=NONE, rivals_ms=0, skew_share=0.0)
    busy = alone.model_copy(update={"rivals_ms": 300})
    rows = [(ts, number, book) for number, one in enumerate((alone, busy)) for ts, book in books(one)]
    standing: dict[str, BookChanged] = {}
    thinner = 0
    for _, number, book in sorted(rows, key=lambda row: row[:2]):
        if number == 0:
            standing[book.instrument] = book
            continue
        whole = standing[book.instrument]
        for left, all_ in ((book.bids, whole.bids), (book.asks, whole.asks)):
            assert left == all_[len(all_) - len(left) :]
            thinner += len(left) < len(all_)
    assert thinner > 20


def books(settings: PredictionSettings) -> list[tuple[int, BookChanged]]:
    """The books of seed 7's first quarter of an hour."""
    found = simulated(settings, 900)
    return [(ts, event) for ts, event in found if isinstance(event, BookChanged)]
