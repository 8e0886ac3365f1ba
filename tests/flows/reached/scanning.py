"""What the scanner finds, and why it tells of nothing (A3, P2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.flows.reached.demanded import GAP_ENDS
from tests.flows.reached.outcomes import SLUG, UP_DOWN, WINDOW
from tests.flows.reached.stage import (
    DAY,
    MINUTE,
    MS,
    RAIN,
    SECOND,
    START,
    Stage,
    Values,
    market,
    together,
)
from tests.flows.reached.table import reaches
from tradeworthy.core.events import Resumed
from tradeworthy.desks.arbitrage.events import Kind, Method
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.market.instruments import InstrumentDelisted
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
)

LATENCY = 250 * MS
LATER_SLUG = SLUG.replace("067200", "067500")
EXACT = {"volatility_error": 0.0, "basis_bps": 0.0}
"""Settings with which a view is one probability."""

LAG = market(end_ts=START + 15 * MINUTE + LATENCY)
"""BTC stands at 97,500 above a strike of 97,000, a quarter of an hour before the end: YES is worth 0.97."""

Happen = Callable[[Stage], None]


def piloting(**settings: Any) -> Values:
    """The pilot's parts with 500 of cash, on limits that bind nothing; sections are named with `the_`."""
    sections = {key.removeprefix("the_"): settings.pop(key) for key in list(settings) if key[:4] == "the_"}
    risk = {"position_max": "1", "portfolio_max": "1", "daily_loss_max": "1", "drawdown_max": "1"}
    return {
        "name": "reached",
        "account": {"cash": "500"},
        "venue": {"matcher": "book", "latency_ms": 250} | sections.pop("venue", {}),
        "desks": [{"name": "arbitrage", "kind": "arbitrage", "settings": EXACT | settings}],
        "oracles": {"volatility_prior": 0.5, "prior_minutes": 1e9},
        "risk": risk,
        **sections,
    }


def lagging(**settings: Any) -> Stage:
    """YES of LAG is bid at .83 and offered at .85."""
    stage = Stage(piloting(**settings))
    stage.open(LAG)
    stage.price(97_500.0)
    stage.quote(LAG, 83, 85)
    return stage


def quoted(stage: Stage) -> None:
    """The same books again."""
    stage.quote(LAG, 83, 85)


def closed(stage: Stage) -> None:
    """The venue takes no orders any more."""
    stage.put(MarketClosed(LAG.id, START))
    quoted(stage)


def disputed(stage: Stage) -> None:
    """The outcome is contested."""
    stage.put(MarketDisputed(LAG.id, START))
    quoted(stage)


def resolved(stage: Stage) -> None:
    """The outcome is known."""
    stage.put(MarketResolved(LAG.id, START, 0))
    quoted(stage)


def redefined(stage: Stage) -> None:
    """The market has a new definition."""
    stage.put(MarketOpened(msgspec.structs.replace(LAG, accepting_orders=False)))


def delisted(stage: Stage) -> None:
    """The market goes without an outcome."""
    stage.put(InstrumentDelisted(LAG.yes), InstrumentDelisted(LAG.no))


def restarted(stage: Stage) -> None:
    """A minute is missing."""
    stage.now += MINUTE
    stage.put(Resumed(MINUTE))


def near_end(stage: Stage) -> None:
    """Less than 20 s are left."""
    stage.wait(15 * MINUTE - 19 * SECOND)
    stage.price(97_500.0)
    quoted(stage)


def old_price(stage: Stage) -> None:
    """The last price is older than 2 s."""
    stage.wait(2_001 * MS)
    quoted(stage)


def at_the_strike(stage: Stage) -> None:
    """The price is 2 bps from the strike."""
    stage.price(97_020.0)


def no_books(stage: Stage) -> None:
    """The feed lost both books."""
    stage.lose(LAG.yes)
    stage.lose(LAG.no)
    stage.price(97_510.0)


def empty_book(stage: Stage) -> None:
    """Nobody quotes."""
    stage.book(LAG.no, {}, {})
    stage.book(LAG.yes, {}, {})


def at_one(stage: Stage) -> None:
    """A bid at 1."""
    stage.book(LAG.yes, {100: 900}, {85: 40_000}, crossed=True)


def wide(stage: Stage) -> None:
    """Bid and ask are 16 cents apart."""
    stage.quote(LAG, 69, 85)


def old_book(stage: Stage) -> None:
    """The last book is older than 3 s."""
    stage.wait(3_001 * MS)
    stage.price(97_510.0)


def frozen(stage: Stage) -> None:
    """The same book for 31 s, and the price runs away."""
    for _ in range(31):
        stage.wait(SECOND)
        stage.price(97_500.0)
        quoted(stage)
    for price in (97_700.0, 97_900.0):
        stage.price(price)
    quoted(stage)


def one_token_behind(stage: Stage) -> None:
    """The other token's message is still to come."""
    stage.book(LAG.yes, {78: 40_000}, {80: 40_000})


def too_good(stage: Stage) -> None:
    """More edge than can be believed."""
    stage.quote(LAG, 60, 62)


def no_edge(stage: Stage) -> None:
    """The market has caught up."""
    stage.quote(LAG, 96, 97)
    stage.quote(LAG, 96, 97)


def small_move(stage: Stage) -> None:
    """The same price again."""
    stage.price(97_500.0)
    stage.price(97_500.0)


def again(stage: Stage) -> None:
    """The gap still stands."""
    stage.wait(SECOND)
    stage.price(97_500.0)
    quoted(stage)


GATES: tuple[Happen, ...] = (
    *(closed, disputed, resolved, redefined, delisted, restarted, near_end, old_price, at_the_strike),
    *(no_books, empty_book, at_one, wide, old_book, frozen, one_token_behind, too_good, no_edge),
    *(small_move, again),
)
"""What comes between a gap that was told of and another telling."""


@reaches(
    *(SkipReason.CLOSED, SkipReason.DISPUTED, SkipReason.RESOLVED, SkipReason.REDEFINED),
    *(SkipReason.TOO_NEAR_END, SkipReason.STALE_ORACLE, SkipReason.NEAR_STRIKE, SkipReason.NO_BOOK),
    *(SkipReason.ONE_SIDED, SkipReason.PRICE_BOUNDS, SkipReason.WIDE_SPREAD, SkipReason.STALE_BOOK),
    *(SkipReason.FROZEN_BOOK, SkipReason.SKEW, SkipReason.NOT_CREDIBLE, SkipReason.GAP_VANISHED),
    *(SkipReason.SMALL_MOVE, SkipReason.COOLDOWN, SkipReason.WAITING, SkipReason.NO_EDGE),
    *(SkipReason.STRATEGY_OFF, SkipReason.NOTED, SkipReason.SESSION_ENDED),
    *(Kind.ORACLE_LAG, Method.TERMINAL),
    *(f"gap_closed.{reason}" for reason in GAP_ENDS),
    *("event.OpportunityDetected", "event.GapClosed", "event.DataHeard"),
)
def what_shuts_a_gap(_: Path) -> dict[str, None]:
    """A gap is told of, its strategy is off, and then each gate shuts."""
    stages = []
    for happen in GATES:
        stage = lagging(oracle_sniper=False)
        stage.wait(LATENCY)
        happen(stage)
        stages.append(stage)
    return together(*stages)


@reaches(
    *(SkipReason.UNKNOWN_MARKET, SkipReason.NO_MARKETS, SkipReason.NOT_MATCHED, SkipReason.NO_ORACLE),
    *(SkipReason.END_UNKNOWN, SkipReason.NOT_STARTED, SkipReason.STRIKE_UNKNOWN),
)
def what_shows_no_edge(_: Path) -> dict[str, None]:
    """No such market, no market of a symbol, no match, no price, no end, not begun, and a start that nobody saw."""
    stage = Stage(piloting())
    endless = market("b", title="Will the price of Ethereum be above $97,000 on December 1?", end_ts=0)
    stage.open(LAG, endless, market("c", RAIN))
    stage.quote(LAG, 83, 85)
    stage.price(97_500.0, "ETH")
    stage.quote(endless, 83, 85)
    stage.quote(market("c", RAIN), 39, 41)
    stage.quote(market("z"), 39, 41)
    stage.price(1.0, "SOL")
    early, late = Stage(piloting()), Stage(piloting())
    early.open(window(LATER_SLUG, START + 5 * MINUTE))
    early.price(97_500.0)
    early.quote(window(LATER_SLUG, START + 5 * MINUTE), 49, 51)
    late.open(window())
    late.wait(3 * SECOND)
    late.price(97_500.0)
    late.quote(window(), 49, 51)
    return together(stage, early, late)


@reaches(
    Method.TOUCH, Method.WINDOW, SkipReason.CARRIED_OVER, SkipReason.TOUCH_UNCLEAR, SkipReason.NEVER_SETTLED
)
def what_other_shapes_show(_: Path) -> dict[str, None]:
    """A price that was touched, and one of which no title says from where; a window that runs away from its start.

    And quotes that the window before has left, or of a series whose quotes do not come to their ends.
    """
    touch = Stage(piloting())
    reach = market("t", "Will Bitcoin reach $98,000 by January 8?", end_ts=START + 7 * DAY)
    touch.open(reach)
    for price in (97_500.0, 98_001.0, 96_000.0):
        touch.price(price)
    touch.quote(reach, 88, 90)
    touch.wait(LATENCY)
    unclear, either = (
        Stage(piloting()),
        market("h", "Will Bitcoin hit $95,000 by January 8?", end_ts=START + 7 * DAY),
    )
    unclear.open(either)
    unclear.price(97_500.0)
    unclear.quote(either, 70, 72)
    run = Stage(piloting())
    run.open(window())
    run.price(97_500.0)
    run.wait(3 * MINUTE)
    for price in (97_500.0, 97_650.0):
        run.price(price)
    run.quote(window(), 80, 82)
    run.wait(LATENCY)
    return together(touch, unclear, run, carried(), unsettled())


def carried() -> Stage:
    """A window has the quotes of the one before it, and its price has moved."""
    stage = Stage(piloting())
    stage.open(window(), window(LATER_SLUG, START + 5 * MINUTE))
    stage.price(97_500.0)
    stage.quote(window(), 80, 82)
    stage.wait(5 * MINUTE)
    late(stage, 80)
    return stage


def unsettled() -> Stage:
    """A window ends far above its start, and its quotes do not care; the next has an edge."""
    stage = Stage(piloting())
    stage.open(window(), window(LATER_SLUG, START + 5 * MINUTE))
    stage.price(97_500.0)
    stage.wait(5 * MINUTE - 16 * SECOND)
    for _ in range(16):
        stage.price(98_500.0)
        stage.quote(window(), 50, 52)
        stage.wait(SECOND)
    late(stage, 80)
    return stage


def late(stage: Stage, bid: int) -> None:
    """The second window begins at 97,500, and three minutes later the price is above it."""
    stage.price(97_500.0)
    stage.wait(3 * MINUTE)
    stage.price(97_650.0)
    stage.quote(window(LATER_SLUG, START + 5 * MINUTE), bid, bid + 2)


def window(slug: str = SLUG, start_ts: int = START) -> Market:
    """A five-minute window of one series."""
    facts = {"start_ts": start_ts, "end_ts": start_ts + 5 * MINUTE}
    return market(slug, WINDOW, slug=slug, labels=UP_DOWN, series="btc-5m", **facts)
