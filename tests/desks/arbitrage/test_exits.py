"""Exits of the sniper: the market has caught up, the view has turned, or it waits for the outcome."""

import pytest

from tests.desks.arbitrage.scanning import EXACT, MS, levels, market, tokens
from tests.desks.arbitrage.trading_rig import MINUTE, SECOND, START, Trading
from tradeworthy.core.candidates import Outcome
from tradeworthy.desks.arbitrage.events import SNIPER
from tradeworthy.desks.arbitrage.exits import Exit
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.execution.accounting import Settled, TradeClosed
from tradeworthy.execution.intents import Intent, Leg, TradeCandidate
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.instruments import InstrumentChanged, Side
from tradeworthy.market.money import cash_of
from tradeworthy.market.predictions import Market, MarketClosed

ABOVE = market()
REACH = market("reach", "Will Bitcoin reach $98,000 by December 31?")
DIP = market("dip", "Will Bitcoin dip to $97,000 by December 31?")
WINDOW = market(
    "w",
    "Bitcoin Up or Down - January 1, 12:00AM-12:15AM UTC",
    labels=("Up", "Down"),
    slug="btc-updown-15m-1704067200",
    start_ts=START,
)


def holding(one: Market = ABOVE, *, outcome: str = "YES", **options: object) -> Trading:
    """A sniper that bought ten shares at 0.85 (NO: at 0.17) while BTC stood at 97,500."""
    made = Trading(**{"latency_ms": 0, **EXACT, **options})
    made.open(one)
    made.price(97_500.0)
    made.quote(one, 83, 85)
    bought(made, f"{one.id}:{outcome}")
    return made


def bought(made: Trading, token: str, strategy: str = SNIPER) -> None:
    """A strategy buys ten shares at market."""
    leg = Leg(token, Side.BUY, 1000, None, f"{strategy}@{token}")
    made.tell(TradeCandidate("entry", token, {}, intent=Intent((leg,), strategy=strategy)))
    made.wait(250 * MS)
    assert made.position(strategy, token).lots == 1000


def exits(made: Trading) -> list[TradeCandidate]:
    """The exits that were asked for."""
    return [one for one in made.of(TradeCandidate) if one.kind == "exit"]


def judged(made: Trading, token: str) -> Exit | SkipReason:
    """What the exits say of a token now."""
    state = made.sniper.state.held[token]
    position = made.position(SNIPER, token)
    return made.sniper._exits.judge(position, state, made.now)


def test_a_token_is_watched_from_its_first_fill_until_nothing_is_left() -> None:
    """Only what the sniper itself holds."""
    made = holding()
    bought(made, ABOVE.no, "another")
    assert list(made.sniper.state.held) == [ABOVE.yes]
    made.put(Settled(ABOVE.yes, 1_000_000, made.now))
    assert made.sniper.state.held == {}


def test_profit_is_taken_where_the_bid_has_come_up_to_fair_less_fee() -> None:
    """YES is worth 0.972791 and its fee at 0.97 is 0.0020: a bid of 0.97 is not enough, or is, by that."""
    made = holding()
    made.quote(ABOVE, 96, 98)
    assert exits(made) == []
    made.quote(ABOVE, 98, 99)
    (exit_,) = exits(made)
    assert (exit_.kind, exit_.intent.reason, exit_.instrument) == ("exit", "take_profit", ABOVE.yes)
    (leg,) = exit_.intent.legs
    assert (leg.side, leg.lots, leg.limit_ticks) == (Side.SELL, 1000, 98)
    assert (leg.position, exit_.intent.reduce_only) == (f"{SNIPER}@{ABOVE.yes}", True)
    assert exit_.intent.strategy == SNIPER
    assert exit_.intent.edge > 0
    made.wait(250 * MS)
    made.quote(ABOVE, 98, 99)
    (closed,) = made.of(TradeClosed)
    assert closed.reason == "take_profit"
    assert closed.exit_notional == cash_of("9.8")
    assert closed.pnl > 0


def test_the_limit_is_the_worst_bid_that_is_worth_more_than_holding() -> None:
    """A second level within the fee of fair is sold to as well, a third below it not."""
    made = holding()
    made.book(ABOVE.yes, levels((98, 6), (97, 5), (90, 400)), levels((99, 400)))
    (exit_,) = exits(made)
    assert exit_.intent.legs[0].limit_ticks == 98
    made = holding()
    made.price(97_480.0)
    made.book(ABOVE.yes, levels((98, 6), (97, 5), (90, 400)), levels((99, 400)))
    (exit_,) = exits(made)
    assert exit_.intent.legs[0].limit_ticks == 97
    assert exit_.figures["fair"] == pytest.approx(0.967604, abs=1e-4)


def test_a_profit_is_more_than_was_paid() -> None:
    """Bought for 0.859: a bid of 0.86 is what its token is worth by now, and with the fee it would be a loss."""
    made = holding(expiry_bps=0.0)
    made.price(97_275.0)
    made.quote(ABOVE, 86, 88)
    assert exits(made) == []
    assert judged(made, ABOVE.yes) is SkipReason.HELD
    made.quote(ABOVE, 87, 89)
    (exit_,) = exits(made)
    assert exit_.intent.reason == "take_profit"
    assert exit_.figures["fair"] == pytest.approx(0.85513, abs=1e-4)


def test_without_profit_taking_it_waits_for_the_outcome() -> None:
    """A setting; the stop stays."""
    made = holding(take_profit=False)
    made.quote(ABOVE, 98, 99)
    assert exits(made) == []
    assert judged(made, ABOVE.yes) is SkipReason.HELD


def test_a_view_that_turned_is_stopped() -> None:
    """Bought for 0.859, worth 0.787 by the model: below by more than the exit edge, so the bid at 0.76 is taken."""
    made = holding(expiry_bps=0.0)
    made.quote(ABOVE, 76, 78)
    assert exits(made) == [], "a low price alone is no reason"
    made.price(97_200.0)
    made.quote(ABOVE, 75, 77)
    (exit_,) = exits(made)
    assert exit_.intent.reason == "stop"
    assert exit_.figures["fair"] == pytest.approx(0.7794, abs=1e-3)
    assert exit_.intent.edge < 0, "selling gives up what the fee and the bid are short of fair"


def test_a_stop_does_not_sell_far_below_the_view() -> None:
    """Worth 0.78, and nobody bids above 0.70: holding to the outcome is worth more."""
    made = holding(expiry_bps=0.0)
    made.price(97_200.0)
    made.quote(ABOVE, 70, 72)
    assert exits(made) == []
    assert judged(made, ABOVE.yes) is SkipReason.HELD


def test_no_is_judged_by_the_other_side_of_the_view() -> None:
    """NO of a likely YES, bought at 0.17, is worth 0.027: stopped near that, and nowhere else."""
    made = holding(outcome="NO")
    made.quote(ABOVE, 94, 96)
    (exit_,) = exits(made)
    assert (exit_.instrument, exit_.intent.reason) == (ABOVE.no, "stop")
    assert exit_.figures["fair"] == pytest.approx(0.027209, abs=1e-4)


def test_one_exit_at_a_time_and_not_again_at_once() -> None:
    """While one works none is asked for; after one that nobody bought it waits five seconds."""
    made = holding(latency_ms=250)
    made.quote(ABOVE, 98, 99)
    made.quote(ABOVE, 98, 99)
    assert len(exits(made)) == 1
    made.quote(ABOVE, 90, 92)
    made.wait(250 * MS)
    made.quote(ABOVE, 90, 92)
    assert made.verdicts()[-1].outcome is Outcome.CANCELLED
    made.wait(SECOND)
    made.price(97_500.0)
    made.quote(ABOVE, 98, 99)
    assert len(exits(made)) == 1
    assert made.sniper.state.held[ABOVE.yes].wait_until > made.now
    made.wait(4 * SECOND)
    made.price(97_500.0)
    made.quote(ABOVE, 98, 99)
    assert len(exits(made)) == 2


def closed(made: Trading) -> None:
    """The market takes no orders any more."""
    made.put(MarketClosed(ABOVE.id, made.now))


def near_end(made: Trading) -> None:
    """Twenty seconds are left."""
    made.wait(15 * MINUTE - 19 * SECOND)
    made.price(97_500.0)
    made.quote(ABOVE, 98, 99)


def old_price(made: Trading) -> None:
    """The oracle has been silent for three seconds."""
    made.wait(3 * SECOND)
    made.quote(ABOVE, 98, 99)


def lost_book(made: Trading) -> None:
    """The feed has a gap."""
    made.put(FeedGap("venue", ABOVE.yes, START, START, "reconnect"))


def at_the_strike(made: Trading) -> None:
    """A push could turn it, a minute before the end."""
    made.wait(14 * MINUTE)
    made.price(97_010.0)
    made.quote(ABOVE, 50, 52)


def one_sided(made: Trading) -> None:
    """Nobody offers."""
    made.book(ABOVE.yes, levels((98, 400)), ())


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (closed, SkipReason.CLOSED),
        (near_end, SkipReason.TOO_NEAR_END),
        (old_price, SkipReason.STALE_ORACLE),
        (lost_book, SkipReason.NO_BOOK),
        (at_the_strike, SkipReason.NEAR_STRIKE),
        (one_sided, SkipReason.ONE_SIDED),
    ],
)
def test_it_holds_where_it_has_no_view_or_no_book(happens: object, reason: SkipReason) -> None:
    """Closed, near the end, a stale oracle, a lost or one-sided book, a price at the strike."""
    made = holding()
    happens(made)  # type: ignore[operator]
    assert exits(made) == []
    assert judged(made, ABOVE.yes) is reason


def test_what_the_venue_does_not_take_is_held() -> None:
    """A rest of less than five shares, and bids for less."""
    made = holding()
    made.put(InstrumentChanged(tokens(ABOVE, lots_min=1001)[0]))
    made.quote(ABOVE, 98, 99)
    assert judged(made, ABOVE.yes) is SkipReason.BELOW_MIN_SIZE
    made = holding()
    made.book(ABOVE.yes, levels((98, 4)), levels((99, 400)))
    assert judged(made, ABOVE.yes) is SkipReason.BELOW_MIN_SIZE


@pytest.mark.parametrize(("one", "met"), [(REACH, 98_010.0), (DIP, 96_990.0)])
def test_a_touch_that_happened_while_it_was_held_is_certain(one: Market, met: float) -> None:
    """The price came back since, and YES is worth 1 all the same: nobody sells it for 0.98."""
    made = holding(one)
    made.price(met)
    made.price(97_500.0)
    made.reload()
    made.quote(one, 97, 98)
    assert exits(made) == []
    assert judged(made, one.yes) is SkipReason.HELD
    untouched = holding(one)
    untouched.quote(one, 97, 98)
    assert [exit_.intent.reason for exit_ in exits(untouched)] == ["take_profit"]


def test_a_window_is_judged_by_the_price_at_its_start() -> None:
    """O3: 97,500 was seen at the start, so at 97,850 the UP token is worth what its bid says."""
    made = holding(WINDOW)
    made.price(97_850.0)
    made.quote(WINDOW, 92, 94)
    (exit_,) = exits(made)
    assert exit_.figures["fair"] == pytest.approx(0.909907, abs=1e-4)


def test_a_window_whose_start_was_not_seen_is_held() -> None:
    """Without a strike there is no view."""
    made = Trading(**EXACT)
    late = market("late", WINDOW.title, labels=("Up", "Down"), end_ts=START + 14 * MINUTE)
    made.open(late)
    made.price(97_500.0)
    made.quote(late, 83, 85)
    bought(made, late.yes)
    made.quote(late, 98, 99)
    assert judged(made, late.yes) is SkipReason.STRIKE_UNKNOWN
