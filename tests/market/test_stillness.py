"""When a middle has stood still for too long while its probability went away."""

from hypothesis import given
from hypothesis import strategies as st

from tests.market.session import reborn
from tradeworthy.market.books import Level
from tradeworthy.market.stillness import CHANCE_MOVE, SECOND_NS, Still, followed

AGE_NS = 30 * SECOND_NS
START = 1_704_067_200 * SECOND_NS


def best(bid: int, ask: int) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """A book of one level a side."""
    return (Level(bid, 100),), (Level(ask, 100),)


def test_a_middle_is_the_same_within_two_ticks_of_where_it_began() -> None:
    """Small steps in one direction add up; a wider spread alone is no move; an empty side ends it."""
    still = followed(None, *best(49, 51))
    assert still == Still(100)
    for bid, ask in ((49, 51), (51, 53), (47, 49), (40, 60)):
        assert followed(still, *best(bid, ask)) is still
    assert followed(still, *best(52, 53)) == Still(105)
    assert followed(still, (), best(49, 51)[1]) is None
    assert followed(still, best(49, 51)[0], ()) is None


def test_a_look_is_due_once_a_second_until_there_is_proof() -> None:
    """A probability costs more than a book."""
    still = Still(100)
    assert still.is_due(START)
    still.look(0.5, START, AGE_NS)
    assert not still.is_due(START + SECOND_NS - 1)
    assert still.is_due(START + SECOND_NS)
    still.proven = True
    assert not still.is_due(START + SECOND_NS)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=120), st.integers(0, 119))
def test_proof_takes_thirty_seconds_on_one_side(chances: list[float | None], saved: int) -> None:
    """As a look through all that was said before finds; a snapshot between two looks changes nothing."""
    still, first, side, since, proven = Still(100), None, 0, 0, False
    for second, chance in enumerate(chances):
        now = START + second * SECOND_NS
        if second == saved:
            still = reborn(still)
        if still.is_due(now):
            still.look(chance, now, AGE_NS)
        if first is None:
            first = chance
        change = 0.0 if chance is None or first is None else chance - first
        there = 0 if abs(change) <= CHANCE_MOVE else 1 if change > 0 else -1
        if there != side:
            side, since = there, now
        proven = proven or (side != 0 and now - since >= AGE_NS)
        assert still.proven is proven
