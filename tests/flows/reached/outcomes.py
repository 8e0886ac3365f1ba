"""A market's life from its title to its outcome (A6)."""

from __future__ import annotations

from pathlib import Path

from tests.flows.reached.demanded import unmatched
from tests.flows.reached.stage import (
    ABOVE,
    DESK,
    HOUR,
    MINUTE,
    RAIN,
    START,
    Stage,
    asking,
    buy,
    market,
    together,
)
from tests.flows.reached.table import reaches
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.markets import MarketStatus
from tradeworthy.market.matching import Shape
from tradeworthy.market.panels import Panel, Universe
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketResolved,
    MarketsFetched,
)

WINDOW = "Bitcoin Up or Down - January 1, 12:00AM-12:05AM UTC"
SLUG = "btc-updown-5m-1704067200"
UP_DOWN = ("Up", "Down")

TITLES = {
    Shape.ABOVE: ABOVE,
    Shape.BELOW: ABOVE.replace("above", "below"),
    Shape.TOUCH_UP: "Will Bitcoin reach $98,000 by January 8?",
    Shape.TOUCH_DOWN: "Will Bitcoin dip to $90,000 by January 8?",
    Shape.RANGE: "Will the price of Bitcoin be between $96,000 and $97,000 on December 1?",
}
"""A title of each shape that has no labels of its own."""

ODD = {
    "all_time_high": "Will Bitcoin hit an all-time high by December 31?",
    "market_cap": "Will the market cap of Bitcoin be above $2,000,000 on December 1?",
    "dominance": "Will Bitcoin dominance be above 60 on December 1?",
    "fund_flows": "Will Bitcoin ETF inflows be above $100,000 on December 1?",
    "holdings": "Will MicroStrategy have Bitcoin above $100,000 on December 1?",
    "comparison": "Will Ethereum outperform Bitcoin on December 1?",
    "other_asset": "Will the price of Bitcoin Cash be above $500 on December 1?",
    "chain_figure": "Will the Bitcoin hash rate be above 700 on December 1?",
    "path_dependent": "Will Bitcoin stay above $90,000 until December 1?",
    "first_of_two": "Will Bitcoin hit $100,000 first by December 31?",
    "negated": "Will Bitcoin not reach $100,000 by December 31?",
    "percentage": "Will Bitcoin rise to 5% by December 31?",
    "several_assets": "Will Bitcoin or Ethereum be above $1,000 on December 1?",
    "no_asset": RAIN,
    "window_unknown": "Bitcoin Up or Down",
    "words_unknown": "Will the price of Bitcoin be comfortably above $97,000 on December 1?",
    "several_numbers": "Will Bitcoin be above $97,000 or $98,000 on December 1?",
    "no_strike": "Will the price of Bitcoin be above on December 1?",
    "range_unclear": "Will the price of Bitcoin be between $97,000 and $96,000 on December 1?",
    "several_verbs": "Will Bitcoin be above or below $97,000 on December 1?",
    "no_verb": "Will the price of Bitcoin be $97,000 on December 1?",
    "period_unclear": "Will Bitcoin be above $97,000 in December?",
}
"""Titles that are understood to be about something else, or not at all."""


def contradicted() -> list[Market]:
    """Titles that the venue's own words contradict."""
    return [
        market("labels", labels=UP_DOWN),
        market("end", WINDOW, slug=SLUG, labels=UP_DOWN, end_ts=START + HOUR),
        market("asset", underlying="ETH"),
        market("slug", WINDOW, slug=SLUG.replace("btc", "eth"), labels=UP_DOWN),
        market("strike", strike=98_000.0),
    ]


@reaches(*Shape, *(f"unmatched.{reason}" for reason in dict.fromkeys(unmatched())))
def what_titles_ask(_: Path) -> dict[str, None]:
    """A market of each shape, and one for each way of not being understood."""
    stage = Stage(asking())
    window = market("w", WINDOW, slug=SLUG, labels=UP_DOWN, end_ts=START + 5 * MINUTE)
    read = [market(shape.value, title) for shape, title in TITLES.items()]
    odd = [market(reason, title) for reason, title in ODD.items()]
    stage.open(window, *read, *odd, *contradicted())
    for one in odd:
        assert stage.core.markets.match(one.id).reason == one.external_id
    return stage.finish()


@reaches(
    *MarketStatus,
    *("trade.settled", "trade.merged", "overdue.held", "overdue.free"),
    *("event.SetsMerged", "event.ResolutionOverdue", "event.InstrumentDelisted", "event.MarketsFetched"),
)
def how_markets_end(_: Path) -> dict[str, None]:
    """Both tokens bought and merged; closed, disputed, overdue while held and while not, split, and forgotten."""
    stage, one, other = Stage(asking()), market("a"), market("b")
    stage.put(MarketsFetched("polymarket", 2, stage.now))
    stage.open(one, other)
    stage.quote(one, 39, 40)
    stage.ask(buy(one.yes, 2_000, 40))
    stage.ask(buy(one.no, 1_000, 61))
    assert stage.core.ledger.position(DESK, one.yes).lots == 1_000
    stage.put(MarketClosed(one.id, stage.now))
    stage.put(MarketDisputed(one.id, stage.now))
    stage.wait(HOUR)
    stage.put(MarketResolved(one.id, stage.now, CASH_UNIT // 2))
    assert not stage.core.ledger.positions()
    stage.wait(2 * MINUTE)
    return stage.finish()


@reaches("event.BarClosed", "event.PanelClosed")
def what_bars_make(_: Path) -> dict[str, None]:
    """A desk of bars buys at the open of the next, and a panel closes its row with it."""
    panel = Panel(Universe("pair", "1m", ("AAA", "BBB"), MINUTE))
    stage = Stage(asking(venue={"matcher": "bar"}), observers=[panel])
    for number in range(2):
        stage.wait(MINUTE)
        for name in ("AAA", "BBB"):
            stage.put(BarClosed(name, "1m", START + number * MINUTE, 1.0, 1.0, 1.0, 1.0, 1_000.0))
        stage.ask(buy("AAA", 10))
    assert stage.core.ledger.position(DESK, "AAA").lots == 10
    return together(stage)
