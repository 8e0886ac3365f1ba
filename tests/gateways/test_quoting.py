"""Quotes around a fair price."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings
from tradeworthy.gateways.simulator.quoting import COARSE, FINE, Maker, mirrored
from tradeworthy.market.books import BookChanged, check_book

SETTINGS = PredictionSettings(depth=6)
fairs = st.floats(0.0, 1.0)
units = st.sampled_from([COARSE, FINE])


@given(fair=fairs, unit=units, step=st.integers(0, 10**9), seed=st.integers(0, 2**63))
def test_no_quote_is_better_than_fair(fair: float, unit: int, step: int, seed: int) -> None:
    """Whatever the tick: bids at or below the fair price less the half spread, asks at or above."""
    maker = Maker(SETTINGS, seed, "market", "group")
    bids, asks = maker.book(maker.shown(fair, step, unit))
    assert all(level.ticks / unit <= fair - maker.half_spread + 1e-9 for level in bids)
    assert all(level.ticks / unit >= fair + maker.half_spread - 1e-9 for level in asks)
    assert SETTINGS.half_spread_min <= maker.half_spread <= SETTINGS.half_spread_max


@given(fair=fairs, unit=units, step=st.integers(0, 10**9))
def test_both_tokens_show_one_book(fair: float, unit: int, step: int) -> None:
    """A NO bid at p is a YES ask at 1 - p with the same size; both books are in order, within (0, 1)."""
    maker = Maker(SETTINGS, 1, "market", "group")
    bids, asks = maker.book(maker.shown(fair, step, unit))
    no_bids, no_asks = mirrored(asks, unit), mirrored(bids, unit)
    for name, sides in (("yes", (bids, asks)), ("no", (no_bids, no_asks))):
        check_book(BookChanged(name, 0, *sides))
        assert all(0 < level.ticks < unit for side in sides for level in side)
    assert (mirrored(no_asks, unit), mirrored(no_bids, unit)) == (bids, asks)
    assert max(len(bids), len(asks)) <= SETTINGS.depth


@given(fair=st.floats(0.1, 0.9), by=st.floats(0.05, 0.1), unit=units)
def test_a_crossed_book_is_crossed_by_that_much(fair: float, by: float, unit: int) -> None:
    """YES and NO can then be bought together under 1."""
    shown = Maker(SETTINGS, 1, "market", "group").shown(fair, 0, unit, crossed_by=by)
    assert (shown.bid - shown.ask) / unit == pytest.approx(by, abs=2 / unit)


def test_a_dead_book_has_small_levels_at_the_edges() -> None:
    """0.02 and 0.98, or one of them."""
    maker = Maker(SETTINGS, 1, "market", "group")
    for unit in (COARSE, FINE):
        books = [maker.book(maker.dead(unit, share)) for share in (0.1, 0.5, 0.9)]
        assert [(len(bids), len(asks)) for bids, asks in books] == [(1, 0), (1, 1), (0, 1)]
        assert books[1][0][0].ticks / unit == 0.02
        assert books[1][1][0].ticks / unit == 0.98


def test_a_group_s_quotes_move_together() -> None:
    """The half spread is the group's; sizes are each market's own."""
    one, two = (Maker(SETTINGS, 3, name, "ladder") for name in ("a", "b"))
    assert one.half_spread == two.half_spread
    assert one.book(one.shown(0.5, 0, COARSE)) != two.book(two.shown(0.5, 0, COARSE))
    assert math.isclose(Maker(SETTINGS, 3, "a", "other").half_spread, one.half_spread) is False


def test_the_second_message_is_late_as_often_as_asked() -> None:
    """And by what was asked."""
    maker = Maker(PredictionSettings(skew_share=0.2, skew_ms=(100, 700)), 1, "market", "group")
    late = [skew for skew in maker.skews_ms(0, 20_000) if skew]
    assert len(late) / 20_000 == pytest.approx(0.2, abs=0.02)
    assert 100 <= min(late) <= max(late) < 700


def test_what_others_took_is_gone_from_the_best_on() -> None:
    """The next levels keep their sizes; a dead book's only level may go, too."""
    maker = Maker(SETTINGS, 1, "market", "group")
    shown = maker.shown(0.5, 0, COARSE)
    bids, asks = maker.book(shown)
    assert maker.book(shown._replace(bids_gone=2)) == (bids[2:], asks)
    assert maker.book(shown._replace(asks_gone=SETTINGS.depth)) == (bids, ())
    assert maker.book(maker.dead(COARSE, 0.5)._replace(bids_gone=1))[0] == ()
