"""The sums on best prices that come before a walk hide no set that the walk would accept."""

from hypothesis import given
from hypothesis import strategies as st

from tests.desks.arbitrage.scanning import Rig, levels, market, outcomes
from tradeworthy.desks.arbitrage import completeness, partitions
from tradeworthy.desks.arbitrage.events import Method
from tradeworthy.desks.arbitrage.findings import Look
from tradeworthy.desks.arbitrage.mispricing import Mispricing
from tradeworthy.desks.arbitrage.partitions import LegBook
from tradeworthy.desks.arbitrage.quotes import Quotes
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.arbitrage.views import Views
from tradeworthy.market.books import Level
from tradeworthy.market.instruments import Side

asks = st.lists(
    st.tuples(st.integers(1, 98), st.integers(1, 400)), min_size=1, max_size=4, unique_by=lambda x: x[0]
)


def book(pairs: list[tuple[int, int]]) -> tuple[Level, ...]:
    """Asks in order."""
    return levels(*sorted(pairs))


@given(asks, asks, st.sampled_from(["0", "0.04", "0.07"]))
def test_no_pair_is_hidden(yes: list[tuple[int, int]], no: list[tuple[int, int]], rate: str) -> None:
    """M1: whatever the walk and the least size, profit and edge accept, the first look lets through."""
    rig = Rig()
    one = market("m", "Will it rain on December 1?")
    rig.open(one, rate=rate)
    for token, pairs, other in ((one.yes, yes, no), (one.no, no, yes)):
        bids = tuple(Level(100 - level.ticks, level.lots) for level in book(other))
        rig.book(token, bids, book(pairs), crossed=True)
    parts = rig.parts
    view = Views(parts).of(one.id)
    assert view
    sets = Mispricing(rig.settings, parts, Quotes(rig.settings, parts))
    legs = [
        LegBook(one.id, token, "", Side.BUY, book(pairs), rig.listing.scale(token))
        for token, pairs in ((one.yes, yes), (one.no, no))
    ]
    walked = partitions.buy_both(legs[0], legs[1], rig.settings.min_marginal_edge)
    accepted = walked is not None and completeness.thin(walked, legs, rig.settings) is None
    look = sets.look(Method.BUY_BOTH, [view], rig.now)
    if accepted:
        assert look is not SkipReason.NO_EDGE
    if isinstance(look, Look) and walked:
        assert look.edge >= walked.net_edge - 1e-9


@given(st.lists(asks, min_size=2, max_size=5), st.sampled_from([Method.BUY_ALL_YES, Method.BUY_ALL_NO]))
def test_no_set_of_an_event_is_hidden(books: list[list[tuple[int, int]]], method: Method) -> None:
    """M3 and M4: the same, for events of two to five outcomes."""
    rig = Rig()
    each = outcomes(len(books))
    rig.open(*each, rate="0.04")
    legs = []
    for one, pairs in zip(each, books, strict=True):
        token = one.yes if method is Method.BUY_ALL_YES else one.no
        twin = one.no if method is Method.BUY_ALL_YES else one.yes
        bid = max(1, min(pairs)[0] - 1)
        rig.book(token, levels((bid, 10)), book(pairs), crossed=True)
        rig.book(twin, levels((100 - min(pairs)[0], 10)), levels((100 - bid, 10)), crossed=True)
        legs.append(LegBook(one.id, token, "", Side.BUY, book(pairs), rig.listing.scale(token)))
    walk = partitions.buy_all_yes if method is Method.BUY_ALL_YES else partitions.buy_all_no
    walked = walk(legs, rig.settings.min_marginal_edge)
    views = Views(rig.parts)
    sets = Mispricing(rig.settings, rig.parts, Quotes(rig.settings, rig.parts))
    known = [view for one in each if (view := views.of(one.id))]
    look = sets.look(method, known, rig.now)
    if walked is not None and completeness.thin(walked, legs, rig.settings) is None:
        assert look is not SkipReason.NO_EDGE


def test_outcomes_that_earn_next_to_nothing_hide_no_set() -> None:
    """M4: two NO at .46 earn 8 % of their cost; ten more at .99 to the depth of one share do not change that."""
    rig = Rig()
    each = outcomes(12)
    rig.open(*each, rate="0")
    for one in each[:2]:
        rig.quote(one, 54, 56)
    for one in each[2:]:
        rig.quote(one, 1, 3, shares=1)
    views = Views(rig.parts)
    known = [view for one in each if (view := views.of(one.id))]
    sets = Mispricing(rig.settings, rig.parts, Quotes(rig.settings, rig.parts))
    look = sets.look(Method.BUY_ALL_NO, known, rig.now)
    assert isinstance(look, Look)
    assert look.edge > 0.07
