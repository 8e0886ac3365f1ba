"""How the book's likeness to a candidate cuts or lifts its size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.learning.events import Scope
from tradeworthy.learning.scopes import S1_ENTRY, S3_DX
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.skew import MASK_WEIGHTS, Exposed, SkewTable

SETTINGS = LearningSettings()
SCOPE: Scope = {"mcap_bucket": "micro", "timeframe": "1h", "macro_phase": "good", "chain": "solana"}
ELSE: Scope = {"mcap_bucket": "large", "timeframe": "4h", "macro_phase": "dip", "chain": "solana"}
CAP_ONLY: Scope = {**ELSE, "mcap_bucket": "micro"}


def skew(*book: tuple[str, Scope, float], pattern: str = S1_ENTRY, scope: Scope = SCOPE) -> float:
    """Of a candidate against positions given as (pattern, scope, percent)."""
    exposed = [Exposed(f"1h@T{place}", *one) for place, one in enumerate(book)]
    return SkewTable(exposed, SETTINGS).skew(pattern, scope, excluding="1h@OWN")


def test_masks_weigh_as_published() -> None:
    """L12: .25, .35355 and .43301; together 1.03657."""
    assert list(MASK_WEIGHTS) == pytest.approx([0.25, 0.35355, 0.43301], abs=5e-6)
    assert sum(MASK_WEIGHTS) == pytest.approx(1.03657, abs=1e-5)


@pytest.mark.parametrize(
    ("book", "expected"),
    [
        ([(S3_DX, SCOPE, 10.0)], 0.33),
        ([(S3_DX, SCOPE, 10.0), (S3_DX, ELSE, 10.0)], 0.811717),
        ([(S1_ENTRY, SCOPE, 10.0), (S3_DX, ELSE, 10.0)], 0.552575),
        ([(S3_DX, CAP_ONLY, 10.0), (S3_DX, ELSE, 10.0)], 1.205),
        ([(S1_ENTRY, ELSE, 10.0), (S1_ENTRY, ELSE, 10.0)], 1.33),
        ([], 1.0),
        ([(S1_ENTRY, SCOPE, 0.0)], 1.0),
        ([(S1_ENTRY, SCOPE, 30.0), (S1_ENTRY, SCOPE, 35.0)], 0.33),
    ],
)
def test_the_skew_gives_the_published_figures(book: list[tuple[str, Scope, float]], expected: float) -> None:
    """L12: alone alike, half alike, alike by one dimension, unlike, and an empty book."""
    assert skew(*book) == pytest.approx(expected, abs=5e-7)


def test_an_unknown_scope_is_neutral() -> None:
    """L12: with none of the dimensions known nothing can be said."""
    assert skew((S1_ENTRY, SCOPE, 10.0), scope={"chain": "solana", "timeframe": "1h"}) == 1.0


@pytest.mark.parametrize("percent", [0.01, 0.15, 2.1, 7.0])
def test_three_positions_of_one_scope_cut_the_size(percent: float) -> None:
    """L12: the third, with two others that are like it, whatever their sizes and patterns."""
    assert skew((S3_DX, SCOPE, percent), (S3_DX, SCOPE, percent)) < 1.0


def test_a_nearly_empty_book_does_not_punish_the_second_position() -> None:
    """L12: one small position counts for as much of the book as the floor lets it."""
    assert skew((S3_DX, SCOPE, 0.5)) == pytest.approx(1.33 - 0.1 * sum(MASK_WEIGHTS))


def test_the_candidates_own_row_does_not_count() -> None:
    """L12: an add to the only position finds an empty book."""
    table = SkewTable([Exposed("1h@OWN", S1_ENTRY, SCOPE, 20.0)], SETTINGS)
    assert table.skew(S1_ENTRY, SCOPE, excluding="1h@OWN") == 1.0


WORDS = st.sampled_from(["micro", "large", ""])
SCOPES = st.fixed_dictionaries(
    {"mcap_bucket": WORDS, "timeframe": st.sampled_from(["1h", "4h"]), "macro_phase": WORDS}
)
BOOKS = st.lists(st.tuples(st.sampled_from([S1_ENTRY, S3_DX]), SCOPES, st.floats(0.001, 8.0)), max_size=6)


@given(BOOKS)
def test_a_skew_is_bounded_in_any_order(book: list[tuple[str, Scope, float]]) -> None:
    """L12: 0.33 to 1.33."""
    assert 0.33 <= skew(*book) <= 1.33
    assert skew(*book) == skew(*book[::-1])


@given(BOOKS, st.floats(0.001, 8.0))
def test_more_exposure_of_the_same_scope_never_lifts_it(
    book: list[tuple[str, Scope, float]], percent: float
) -> None:
    """L12: in a book that is not empty."""
    if any(one[2] > 0 for one in book):
        assert skew(*book, (S1_ENTRY, SCOPE, percent)) <= skew(*book) + 1e-12


@given(st.lists(st.tuples(st.just(S3_DX), SCOPES, st.floats(0.5, 8.0)), min_size=2, max_size=6))
def test_the_skew_is_of_shares_not_sizes(book: list[tuple[str, Scope, float]]) -> None:
    """L12: all exposures twice as large, and still under the cap, change nothing."""
    doubled = [(pattern, scope, 2 * percent) for pattern, scope, percent in book]
    assert skew(*doubled) == pytest.approx(skew(*book), abs=1e-12)
