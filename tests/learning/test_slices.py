"""Slices: which there are, how many trades each has, and what is summed, beside counting them one by one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.learning.closed_trades import ADD, ENTRY, SCOPE, TRIM, trades, world
from tradeworthy.core.errors import Bug
from tradeworthy.learning import apriori
from tradeworthy.learning.apriori import Floats, Slices, walk
from tradeworthy.learning.events import TradeFact
from tradeworthy.learning.slices import Encoded, encode, find, parents_of, scope_of

Found = dict[tuple[str, str, tuple[tuple[str, str], ...]], tuple[int, int, float]]


def figures(encoded: Encoded, width: int) -> Floats:
    """Columns by row: results, their squares, and on with higher powers."""
    results = encoded.rr[encoded.trades[encoded.table.units]]
    columns = [results]
    for _ in range(width - 1):
        columns.append(columns[-1] * results)
    return np.column_stack(columns)


def mined(
    facts: Sequence[TradeFact], n_min: int, depth: int | None = None, slices_max: int = 5000, width: int = 2
) -> Found:
    """By slice its trades, its facts, and the sum of the results of its trades."""
    encoded = encode(facts, n_min)
    slices = find(encoded.table, figures(encoded, width), n_min, depth, slices_max)
    return {
        (*encoded.groups[group], tuple(scope_of(encoded, slices, place).items())): (
            int(slices.n[place]),
            int(slices.actions[place]),
            float(slices.sums[place, 0]),
        )
        for place, group in enumerate(slices.group.tolist())
    }


def counted(facts: Sequence[TradeFact], n_min: int, depth: int) -> Found:
    """The same, by looking at every fact for every combination of values that occurs."""
    sums: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[TradeFact]] = {}
    for fact in facts:
        for size in range(depth + 1):
            for mask in itertools.combinations(sorted(fact.scope.items()), size):
                sums.setdefault((fact.pattern_key, fact.action_category, mask), []).append(fact)
    found = {}
    for key, held in sums.items():
        results = {one.trade: one.rr for one in held}
        if len(results) >= n_min:
            found[key] = (len(results), len(held), math.fsum(results.values()))
    return found


def same(left: Found, right: Found) -> bool:
    """Whether both found the same slices with the same figures."""
    return left.keys() == right.keys() and all(
        left[key][:2] == right[key][:2] and math.isclose(left[key][2], right[key][2], abs_tol=1e-9)
        for key in left
    )


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("width", [2, 3])
def test_every_slice_is_found_as_counting_finds_it(depth: int, width: int) -> None:
    """L8: the walk finds what looking at each fact finds, with its trades, facts and sums, at each depth."""
    facts = world(7, 240)
    assert same(mined(facts, 12, depth, width=width), counted(facts, 12, depth))


def test_one_pass_for_two_depths_finds_what_two_passes_find() -> None:
    """Speed with proof: counting pairs of items at once gives the same slices in the same order, to the last bit."""
    encoded = encode(world(3, 300), 10)
    in_pairs = find(encoded.table, figures(encoded, 2), 10, 3, 5000)
    # As many columns as make the cells of pairs too many.
    wide = np.hstack([figures(encoded, 2), np.zeros((len(encoded.table.units), 400))])
    plain = find(encoded.table, wide, 10, 3, 5000)
    assert wide.shape[1] * (len(encoded.values) + 1) ** 2 > apriori._PAIR_FIGURES_MAX
    assert np.array_equal(in_pairs.group, plain.group)
    assert np.array_equal(in_pairs.items, plain.items)
    assert np.array_equal(in_pairs.n, plain.n)
    assert np.array_equal(in_pairs.actions, plain.actions)
    assert np.array_equal(in_pairs.sums, plain.sums[:, :2])


@pytest.mark.parametrize("width", [2, 400])
def test_the_last_depth_may_be_summed_in_fewer_columns(width: int) -> None:
    """Speed with proof: what shuffles leave out at the last depth changes nothing else, in pairs or one by one."""
    encoded = encode(world(3, 300), 10)
    columns = np.hstack([figures(encoded, 2)] * (width // 2))
    whole = find(encoded.table, columns, 10, 3, 5000)
    fewer = Slices(
        np.zeros_like(whole.group),
        np.full_like(whole.items, -1),
        np.zeros_like(whole.n),
        np.zeros_like(whole.actions),
        np.zeros_like(whole.sums),
    )
    assert walk(encoded.table, columns, width // 2, 10, 3, fewer) == len(whole.n)
    last = whole.items[:, -1] >= 0
    assert np.array_equal(fewer.items, whole.items)
    assert np.array_equal(fewer.sums[~last], whole.sums[~last])
    assert np.array_equal(fewer.sums[last, : width // 2], whole.sums[last, : width // 2])
    assert not fewer.sums[last, width // 2 :].any()


def test_dimensions_of_one_value_make_each_subset_once() -> None:
    """L8: d dimensions that all share make 2^d slices in each group; 40 of entry and trim with 6 make 64 each."""
    found = mined(trades(40, 1.5, SCOPE), 33)
    assert len(found) == 2 * 64
    assert {n for n, _, _ in found.values()} == {40}
    assert (ENTRY, "entry", (("chain", "solana"), ("market_family", "meme"))) in found


def test_thirty_two_trades_are_too_few() -> None:
    """L8: N is at least 33."""
    assert mined(trades(32, 1.0, SCOPE), 33) == {}
    assert len(mined(trades(33, 1.0, SCOPE), 33)) == 2 * 64


def test_a_split_dimension_adds_the_slices_that_are_large_enough() -> None:
    """Two values of 33 trades each add two slices, of 33 and 32 one."""
    one = {"chain": "solana"}
    other = {"chain": "base"}
    even = mined([*trades(33, 1.0, one), *trades(33, 1.0, other, 100)], 33)
    uneven = mined([*trades(33, 1.0, one), *trades(32, 1.0, other, 100)], 33)
    assert (len(even), len(uneven)) == (2 * 3, 2 * 2)


def test_patterns_and_categories_are_never_mixed() -> None:
    """A group of too few trades has no slice, even if all trades together were enough."""
    few = [*trades(20, 1.0, SCOPE), *trades(20, 1.0, SCOPE, 100, pattern=ADD)]
    assert {key[:2] for key in mined(few, 33)} == {(TRIM, "trim")}


def test_many_actions_of_one_trade_count_once() -> None:
    """B27: one trade with 56 adds is one sample, whatever their scopes."""
    adds = [
        TradeFact(
            "t", str(number), ADD, "add", {"A_mode": ("patient", "normal")[number % 2]}, 2.0, 1.0, number
        )
        for number in range(56)
    ]
    assert mined(adds, 2) == {}
    others = [TradeFact("u", "0", ADD, "add", {"A_mode": "normal"}, 1.0, 1.0, 9)]
    found = mined([*adds, *others], 2)
    assert found == {(ADD, "add", ()): (2, 57, 3.0), (ADD, "add", (("A_mode", "normal"),)): (2, 29, 3.0)}


def test_depths_beyond_the_limit_are_left_out_whole() -> None:
    """Too many slices leave out a depth, not the last in some order of names."""
    facts = trades(40, 1.0, SCOPE)
    assert len(mined(facts, 33, slices_max=128)) == 128
    cut = mined(facts, 33, slices_max=127)
    assert len(cut) == 2 * (1 + 6 + 15 + 20 + 15 + 6)
    assert max(len(key[2]) for key in cut) == 5
    assert mined(facts, 33, slices_max=1) == {}


def test_parents_have_one_dimension_less() -> None:
    """Each slice finds all of its parents, and no slice has more trades than they."""
    encoded = encode(world(5, 400), 20)
    slices = find(encoded.table, figures(encoded, 2), 20, None, 5000)
    parents = parents_of(slices, len(encoded.values))
    scopes = [scope_of(encoded, slices, place) for place in range(len(slices.n))]
    assert any(len(scope) == 3 for scope in scopes)
    for place, scope in enumerate(scopes):
        above = [one for one in parents[place].tolist() if one >= 0]
        assert len(above) == len(scope)
        assert all(slices.n[one] >= slices.n[place] for one in above)
        assert all(slices.group[one] == slices.group[place] for one in above)
        expected = [{name: scope[name] for name in scope if name != left_out} for left_out in scope]
        assert sorted(map(str, (scopes[one] for one in above))) == sorted(map(str, expected))


def test_a_result_that_is_no_number_is_refused() -> None:
    """One NaN would poison every mean."""
    with pytest.raises(Bug, match="rr nan"):
        encode(trades(1, math.nan, SCOPE), 1)


def test_no_facts_make_an_empty_table() -> None:
    """Nothing on record is no error."""
    assert mined([], 33) == {}
    assert mined(trades(5, 1.0, {}), 2) == {
        (ENTRY, "entry", ()): (5, 5, 5.0),
        (TRIM, "trim", ()): (5, 5, 5.0),
    }


SCOPES = st.dictionaries(
    st.sampled_from(["chain", "curator", "timeframe", "E_mode"]), st.sampled_from(["a", "b"]), max_size=4
)
FACTS = st.lists(
    st.builds(
        lambda trade, action, adds, scope: TradeFact(
            f"t{trade}",
            str(action),
            ADD if adds else ENTRY,
            "add" if adds else "entry",
            scope,
            trade / 8,
            1.0,
            action,
        ),
        st.integers(0, 12),
        st.integers(0, 5),
        st.booleans(),
        SCOPES,
    ),
    max_size=60,
)


@given(FACTS, st.integers(2, 4), st.integers(0, 4))
def test_any_facts_give_what_counting_gives(facts: list[TradeFact], n_min: int, depth: int) -> None:
    """Property: unknown values, repeated actions and scopes that change within a trade included."""
    assert same(mined(facts, n_min, depth), counted(facts, n_min, depth))


def test_nothing_found_has_no_parents() -> None:
    """An empty result passes on."""
    none = np.zeros(0, np.int64)
    empty = Slices(none, np.zeros((0, 2), np.int32), none, none, np.zeros((0, 2)))
    assert parents_of(empty, 3).shape == (0, 2)
