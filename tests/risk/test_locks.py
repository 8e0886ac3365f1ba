"""Sets of legs alone: sums, breaking, and what is never locked twice."""

from hypothesis import given
from hypothesis import strategies as st

from tests.market.session import reborn
from tradeworthy.risk.locks import Locks

KEYS = ("x", "y", "z")

sets = st.dictionaries(st.sampled_from(KEYS), st.integers(1, 50), min_size=2)
steps = st.lists(
    st.tuples(st.sampled_from(["add", "limit", "close"]), sets, st.sampled_from(KEYS), st.integers(0, 60)),
    max_size=30,
)


@given(steps)
def test_sums_are_the_sets_own_and_never_above_what_is_held(
    moves: list[tuple[str, dict[str, int], str, int]],
) -> None:
    """Whatever is sold or closed in whatever order: no negative, no empty set, no lots without a set."""
    locks = Locks()
    for number, (what, legs_asked, key, held) in enumerate(moves, 1):
        if what == "add":
            locks.add(number, legs_asked)
        elif what == "limit":
            locks.limit(key, held)
            assert locks.lots.get(key, 0) <= held
        else:
            locks.close(key)
            assert key not in locks.lots
        sums: dict[str, int] = {}
        for legs in locks.sets.values():
            assert legs
            for name, lots in legs.items():
                assert lots > 0
                sums[name] = sums.get(name, 0) + lots
        assert sums == locks.lots
        assert reborn(locks) == locks


def test_half_a_set_stays_when_half_a_leg_is_sold() -> None:
    """Each leg keeps the part that the sold one keeps, rounded down."""
    locks = Locks()
    locks.add(1, {"x": 10, "y": 5})
    locks.limit("x", 5)
    assert locks.sets == {1: {"x": 5, "y": 2}}
    locks.limit("y", 1)
    assert locks.sets == {1: {"x": 2, "y": 1}}
    locks.limit("x", 1)
    assert (locks.sets, locks.lots) == ({}, {})


def test_a_set_without_a_leg_filled_is_none() -> None:
    """Nothing is locked by what did not happen."""
    locks = Locks()
    locks.add(1, {"x": 10, "y": 0})
    assert (locks.sets, locks.lots) == ({}, {})
