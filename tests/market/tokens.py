"""A prediction market and its two tokens, as a feed lists them."""

from decimal import Decimal
from typing import Any

from tradeworthy.core.events import Event
from tradeworthy.market.instruments import FeeCurve, Instrument, InstrumentListed
from tradeworthy.market.predictions import Market, MarketOpened

SHARE = 10**8
"""Cash units that a share of the right outcome pays; a lot is a hundredth share, a tick a cent."""


def market(name: str = "m", **changes: Any) -> Market:
    """An up/down window on BTC, five minutes from session time 0."""
    identity = f"polymarket:{name}"
    figures: dict[str, Any] = {"title": "Bitcoin above $97,000 on December 1?", "yes": f"{identity}:YES"}
    figures |= {"no": f"{identity}:NO"} | changes
    return Market(identity, "polymarket", name, **figures)


def token(of: Market, outcome: str, *, rate: str = "0.07", tick: str = "0.01") -> Instrument:
    """One of its tokens: ticks of a cent, lots of a hundredth share, at least 5 shares."""
    free = Decimal(0)
    return Instrument(
        of.yes if outcome == "YES" else of.no,
        of.venue,
        "USD",
        Decimal(tick),
        Decimal("0.01"),
        free,
        free,
        lots_min=500,
        fee_curve=FeeCurve(Decimal(rate)),
        market=of.id,
        outcome=outcome,
        token=f"{of.external_id}/{outcome}",
    )


def opening(of: Market, **changes: Any) -> list[Event]:
    """What a feed tells of a new market, in its order."""
    listed = [InstrumentListed(token(of, outcome, **changes)) for outcome in ("YES", "NO")]
    return [*listed, MarketOpened(of)]
