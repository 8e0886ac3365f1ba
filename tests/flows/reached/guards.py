"""Every guard rule, by the figure that it fails on: a request that is good, and one thing that spoils it (P2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.flows.reached.demanded import guard
from tests.flows.reached.stage import (
    DESK,
    MINUTE,
    SECOND,
    START,
    Stage,
    asking,
    buy,
    market,
    sell,
    together,
)
from tests.flows.reached.table import reaches
from tradeworthy.core.events import Quarantined
from tradeworthy.market.freshness import BookFault
from tradeworthy.market.predictions import (
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
)
from tradeworthy.risk.guards import RULES
from tradeworthy.risk.operators import Order

ONE = market("a", event="race", series="btc-15m", start_ts=START)
YES = ONE.yes
CENT = 10**6
LIMITS: dict[str, Any] = {
    "spread_max": "0.15",
    "slippage_bps_max": 200,
    "min_tte_s": 20,
    "profit_min": "0.05",
}

Spoil = Callable[[Stage], None]


def good(**risk: Any) -> Stage:
    """An account of 500, and a market on BTC whose YES is bid at .39 and offered at .40."""
    share = risk.pop("share", "1")
    stage = Stage(asking(cash="500", share=share, risk=LIMITS | risk))
    stage.price(97_500.0)
    stage.open(ONE, rate="0")
    stage.quote(ONE, 39, 40)
    return stage


def ask(stage: Stage, lots: int = 2_000, limit: int = 40, **intent: Any) -> None:
    """The desk wants 20 shares of YES, for an expected profit of 1."""
    stage.ask(buy(YES, lots, limit), **({"edge": 100 * CENT} | intent))


def fault(stage: Stage) -> None:
    """The desk raised just now."""
    stage.put(Quarantined(1, DESK, "ValueError: odd"))


def lose(stage: Stage) -> None:
    """A round trip at a loss."""
    ask(stage)
    stage.ask(sell(YES, 2_000, 39), reduce_only=True)


def fall(stage: Stage) -> None:
    """A hundred and sixty in the market are worth four."""
    ask(stage, 40_000, 40)
    stage.quote(ONE, 1, 2)


def hold(stage: Stage) -> None:
    """Twenty shares are held."""
    ask(stage)


def age(stage: Stage) -> None:
    """Four seconds without a word."""
    stage.wait(4 * SECOND)


def age_book(stage: Stage) -> None:
    """Four seconds without a book."""
    age(stage)
    stage.price(97_500.0)


def age_price(stage: Stage) -> None:
    """Four seconds without a price."""
    age(stage)
    stage.quote(ONE, 39, 40)


def gap(stage: Stage) -> None:
    """The feed loses the book."""
    stage.lose(YES)


def freeze(stage: Stage) -> None:
    """The books say the same for half a minute, and the price runs two per cent away."""
    stage.wait(31 * SECOND)
    stage.price(99_450.0)
    stage.quote(ONE, 39, 40)


def carry(stage: Stage) -> None:
    """The next window of the series begins with the book of this one, whose time is over."""
    stage.wait(15 * MINUTE)
    follow(stage, 39)


def unsettle(stage: Stage) -> None:
    """The window ends far above its strike, and its quotes do not care."""
    stage.wait(15 * MINUTE - 16 * SECOND)
    for _ in range(16):
        stage.price(99_450.0)
        stage.quote(ONE, 39, 40)
        stage.wait(SECOND)
    follow(stage, 38)


def follow(stage: Stage, bid: int) -> None:
    """The next window of the series, bid for, and its YES asked for."""
    facts = {"start_ts": ONE.end_ts, "end_ts": ONE.end_ts + 15 * MINUTE}
    late = msgspec.structs.replace(ONE, id="polymarket:b", yes="b:YES", no="b:NO", **facts)
    stage.open(late, rate="0")
    stage.price(97_500.0)
    stage.quote(late, bid, bid + 1)
    stage.ask(buy("b:YES", 2_000, bid + 1), edge=100 * CENT)


def one_sided(stage: Stage) -> None:
    """Nobody bids."""
    stage.book(YES, {}, {40: 40_000})


def widen(stage: Stage) -> None:
    """Sixteen cents between bid and ask."""
    stage.book(YES, {24: 40_000}, {40: 40_000})


def thin(stage: Stage) -> None:
    """Ten shares of twenty."""
    stage.book(YES, {39: 40_000}, {40: 1_000})


def deepen(stage: Stage) -> None:
    """Ten shares at the limit, and ten a cent further."""
    stage.book(YES, {39: 40_000}, {40: 1_000, 41: 1_000})


def redefine(**facts: Any) -> Spoil:
    """The market has a new definition."""

    def spoil(stage: Stage) -> None:
        stage.put(MarketOpened(msgspec.structs.replace(ONE, **facts)))

    return spoil


def nothing(_: Stage) -> None:
    """The request itself is bad."""


ROWS: tuple[tuple[str, dict[str, Any], Spoil, dict[str, Any] | None], ...] = (
    ("halt", {}, lambda stage: stage.operator(Order.HALT), {}),
    ("desk_halt", {}, lambda stage: stage.operator(Order.HALT, DESK), {}),
    ("backoff_left_ms", {}, fault, {}),
    ("kill_file", {}, lambda stage: stage.operator(Order.HALT, latch=True), {}),
    ("drawdown", {"drawdown_max": "0.2"}, fall, {"limit": 2}),
    ("daily_loss", {"daily_loss_max": "0.2"}, fall, {"limit": 2}),
    ("expires_in_ms", {}, nothing, {"expires_at": START}),
    ("book_fault", {}, gap, {}),
    ("book_fault", {}, freeze, {}),
    ("book_fault", {}, carry, None),
    ("book_fault", {}, unsettle, None),
    ("book_age_ms", {"book_max_age_s": 3}, age_book, {}),
    ("oracle_age_ms", {"oracle_max_age_s": 2}, age_price, {}),
    ("one_sided", {}, one_sided, {}),
    ("spread_bps", {}, widen, {}),
    ("untradable", {}, lambda stage: stage.put(MarketClosed(ONE.id, 0)), {}),
    ("untradable", {}, lambda stage: stage.put(MarketDisputed(ONE.id, 0)), {}),
    ("untradable", {}, lambda stage: stage.put(MarketResolved(ONE.id, 0, 0)), {}),
    ("untradable", {}, redefine(accepting_orders=False), {}),
    ("untradable", {}, redefine(order_book=False), {}),
    ("time_left_ms", {}, redefine(end_ts=START + SECOND), {}),
    ("unfit_order", {}, nothing, {"lots": 499}),
    ("lots_short", {}, thin, {}),
    ("slippage", {"slippage_edge_max": "0.5"}, deepen, {"edge": 6 * CENT}),
    ("slippage_bps", {"slippage_bps_max": 100}, deepen, {}),
    ("expected_profit", {}, nothing, {"edge": 4 * CENT}),
    ("position", {"position_max": "0.01"}, nothing, {}),
    ("event", {"event_max": "0.01"}, nothing, {}),
    ("underlying", {"underlying_max": "0.01"}, nothing, {}),
    ("venue", {"venue_max": "0.01"}, nothing, {}),
    ("desk_share", {"share": "0.01"}, nothing, {}),
    ("portfolio", {"portfolio_max": "0.01"}, nothing, {}),
    ("cash_left", {"cash_reserve": "0.99"}, nothing, {}),
    ("orders_in_minute", {"orders_per_minute_max": 1}, hold, {}),
    ("requests_in_minute", {"requests_per_minute_max": 1}, hold, {}),
    ("pause_left_ms", {"loss_streak_max": 1}, lose, {}),
)
"""The figure that fails, limits, what spoils it, and the request (None: it was asked for already)."""


@reaches(
    *(guard(rule.code, rule.figure) for rule in RULES),
    *BookFault,
    *("untradable.no_order_book", "untradable.not_accepting_orders", "decision.refused"),
    "event.MarketDisputed",
)
def what_risk_refuses(_: Path) -> dict[str, None]:
    """Each rule alone: whatever else is asked of the request, it was good before."""
    stages = [stale(), twice()]
    for figure, limits, spoil, request in ROWS:
        stage = good(**limits)
        spoil(stage)
        if request is not None:
            ask(stage, **request)
        verdict = stage.verdict()
        assert list(verdict.limits) == [figure], (figure, verdict)
        stages.append(stage)
    return together(*stages)


def stale() -> Stage:
    """An instrument that is no token, two minutes after its last price."""
    stage = Stage(asking(risk={"stale_after_s": 120}))
    stage.book("AAA", {99: 1000}, {100: 1000})
    stage.wait(3 * MINUTE)
    stage.ask(buy("AAA", 10, 100))
    return stage


def twice() -> Stage:
    """Two requests with one key."""
    stage = good()
    for _ in range(2):
        ask(stage, dedupe_key="k")
    return stage
