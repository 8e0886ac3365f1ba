"""Paper fills by draws: post at the close, then take beyond it."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tests.execution.trading import (
    BUY,
    FAK,
    GTC,
    MS,
    SELL,
    START,
    Trading,
    ends,
    fills,
    instrument,
    leg,
    verdict,
)
from tradeworthy.core.draws import draw, word_of
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.execution.intents import Policy
from tradeworthy.execution.orders import FillObserved
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.steps import (
    FILL,
    MAKER,
    TAKER_AFTER_MISS,
    draw_step,
    fill_step,
    record,
    terms_of,
)
from tradeworthy.market.instruments import FeeCurve, InstrumentChanged

SEED = 7
"""That of a Trading."""

NEVER: dict[str, Any] = {"maker_chance": 1e-12, "maker_only": True}
SURELY: dict[str, Any] = {"maker_chance": 1.0}


def drawing(**settings: Any) -> Trading:
    """A session with draws, after a bar of A and B that closed at 100."""
    trading = Trading(fills="maker_draw", **settings)
    trading.bar("A", 100.0)
    trading.bar("B", 100.0, ts=START)
    return trading


def attempt(trading: Trading, chance: float) -> bool:
    """Whether the desk's order of now is filled as maker."""
    return draw(SEED, "paper-executor/maker/desk", trading.now) < chance


def figures(made: list[Event]) -> list[tuple[int, int, int, bool, int]]:
    """(ticks, lots, fee, maker, ts) of the fills."""
    found = [one for one in made if isinstance(one, FillObserved)]
    return [(one.ticks, one.lots, one.fee, one.maker, one.ts_event) for one in found]


def test_a_hundred_attempts_come_out_as_the_step_says() -> None:
    """P6: price, fee and branch of each, from the seed and session time alone."""
    trading = drawing()
    terms = terms_of(trading.listing.scale("A"), PaperVenueSettings(fills="maker_draw"))
    fill, word, branches = record(FILL), word_of("paper-executor/maker/desk"), []
    for number in range(100):
        close = 100.0 + 0.37 * number
        trading.bar("A", close)
        uniform = draw_step(SEED, word, trading.now)
        branches.append(fill_step(terms, fill, -1, 10, close, 0.62, False, uniform))
        made = trading.ask(leg("A", SELL, 10, maker_chance=0.62))
        assert figures(made) == [(fill.ticks, 10, fill.fee, bool(fill.maker), trading.now)]
    assert 50 <= branches.count(MAKER) <= 75
    assert branches.count(MAKER) + branches.count(TAKER_AFTER_MISS) == 100


def test_without_a_chance_it_takes_at_once_beyond_the_close() -> None:
    """One basis point dearer and cheaper, and as much as is set."""
    trading = drawing()
    assert fills(trading.ask(leg("A", BUY, 10)))[0][1:] == (10_001, 10, False)
    assert fills(trading.ask(leg("A", SELL, 10)))[0][1:] == (9_999, 10, False)
    dear = drawing(slippage_bps=Decimal("12.5"))
    assert fills(dear.ask(leg("A", BUY, 10)))[0][1:] == (10_013, 10, False)


def test_one_that_may_only_post_ends_as_missed() -> None:
    """CANCELLED maker_missed, also where it would wait; certain to be filled it is maker."""
    for how in (FAK, GTC):
        trading = drawing()
        made = trading.ask(leg("A", BUY, 10, how=how, maker_chance=1e-12, maker_only=True))
        assert ends(made) == [("CANCELLED", "maker_missed")]
        assert verdict(made) == ("CANCELLED", "maker_missed", 0.0)
        made = trading.ask(leg("A", BUY, 10, how=how, maker_chance=1.0, maker_only=True))
        assert fills(made)[0][1:] == (10_000, 10, True)


def test_a_group_is_whole_or_ends_as_missed() -> None:
    """One leg that is not filled ends the other, though both would wait."""
    trading = drawing()
    made = trading.ask(leg("A", BUY, 10, how=GTC, **SURELY), leg("B", BUY, 10, how=GTC, **NEVER))
    assert not fills(made)
    assert ends(made) == [("CANCELLED", "group_incomplete"), ("CANCELLED", "maker_missed")]


def test_what_is_short_is_completed_and_unwound_by_taking() -> None:
    """The draw belongs to the leg: what comes after it does not post."""
    trading = drawing()
    legs = (leg("A", BUY, 10, **SURELY), leg("B", BUY, 10, **NEVER))
    made = trading.ask(*legs, policy=Policy.COMPLETE)
    assert [one[1:] for one in fills(made)] == [(10_000, 10, True), (10_001, 10, False)]
    unwound = trading.ask(*legs, policy=Policy.UNWIND)
    assert [one[1:] for one in fills(unwound)] == [(10_000, 10, True), (9_999, 10, False)]


def test_a_limit_trades_as_at_any_close() -> None:
    """No draw and no slippage, whatever the chance."""
    trading = drawing()
    assert fills(trading.ask(leg("A", BUY, 10, 10_000, maker_chance=0.5)))[0][1:] == (10_000, 10, False)
    assert verdict(trading.ask(leg("A", BUY, 10, 9_999)))[1] == "limit_not_reached"


def test_volume_and_reduce_only_hold_as_before() -> None:
    """A tenth of the bar's volume in all, and never more than is held."""
    trading = drawing(participation=0.01)
    assert fills(trading.ask(leg("A", BUY, 15, maker_chance=1.0)))[0][1:] == (10_000, 10, True)
    assert verdict(trading.ask(leg("A", BUY, 1)))[1] == "no_liquidity"
    trading.bar("A", 100.0)
    assert verdict(trading.ask(leg("A", BUY, 1, **NEVER), reduce_only=True))[1] == "nothing_to_reduce"
    made = trading.ask(leg("A", SELL, 15, maker_chance=1.0), reduce_only=True)
    assert fills(made)[0][1:] == (10_000, 10, True)
    assert trading.lots("A") == 0


def test_the_rest_of_a_waiting_order_is_drawn_at_each_close() -> None:
    """Each attempt has the draw of its own time, and its fills are stamped with it."""
    trading = drawing(participation=0.01)
    made = trading.ask(leg("A", BUY, 40, how=GTC, maker_chance=0.5))
    drawn = [attempt(trading, 0.5)]
    for _ in range(3):
        made += trading.bar("A", 100.0)
        drawn.append(attempt(trading, 0.5))
    assert [one[3] for one in figures(made)] == drawn
    assert [one[0] for one in figures(made)] == [10_000 if maker else 10_001 for maker in drawn]
    assert figures(made)[-1][4] == trading.now
    assert verdict(made)[0] == "FILLED"


def test_with_latency_it_is_drawn_when_it_arrives() -> None:
    """At the last close by then."""
    trading = drawing(latency_ms=1000)
    assert not fills(trading.ask(leg("A", BUY, 10, maker_chance=0.5)))
    made = trading.advance(trading.now + 1000 * MS)
    assert [one[3] for one in figures(made)] == [attempt(trading, 0.5)]
    assert figures(made)[0][4] == trading.now


@pytest.mark.parametrize("chance", [-0.1, 1.1, float("nan")])
def test_a_chance_that_is_none_is_a_bad_intent(chance: float) -> None:
    """Refused before it reaches a venue."""
    assert verdict(drawing().ask(leg("A", BUY, 10, maker_chance=chance)))[:2] == ("REJECTED", "bad_intent")


def test_an_instrument_that_can_t_be_stepped_is_refused_when_listed() -> None:
    """A fee by a curve: said at once, and not at the first fill."""
    curved = instrument("P", fee_curve=FeeCurve(Decimal("0.07")))
    with pytest.raises(UsageError, match="P can't be run by compiled steps"):
        Trading(fills="maker_draw", listed=[curved])


def test_a_changed_instrument_is_stepped_by_its_new_terms() -> None:
    """A finer tick from the next order on."""
    trading = drawing()
    assert fills(trading.ask(leg("A", BUY, 10)))[0][1:] == (10_001, 10, False)
    trading.admit(InstrumentChanged(instrument("A", tick=Decimal("0.001"))))
    assert fills(trading.ask(leg("A", SELL, 10)))[0][1:] == (99_990, 10, False)


def test_books_are_not_drawn() -> None:
    """A book shows what there is: the setting would mean nothing."""
    with pytest.raises(ValidationError, match="maker_draw"):
        PaperVenueSettings(matcher="book", fills="maker_draw")
