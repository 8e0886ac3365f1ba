"""Tokens and books for tests of the arbitrage desk: ticks of 0.01, lots of 0.01 shares, a payout of 1."""

from decimal import Decimal

from tradeworthy.desks.arbitrage.partitions import LegBook
from tradeworthy.market.books import Level
from tradeworthy.market.instruments import CASH_UNIT, FeeCurve, Instrument, Side
from tradeworthy.market.money import Scale
from tradeworthy.market.predictions import NO, YES, Market, Relation

SHARE = CASH_UNIT // 100
"""Cash units that one lot pays out."""

END_TS = 1_704_067_200_000_000_000 + 900_000_000_000


def token(market: str, outcome: str, *, rate: str = "0.04", lots_min: int = 500) -> Instrument:
    """A token with a fee curve, of which at least five shares are taken."""
    return Instrument(
        f"{market}:{outcome}",
        market.partition(":")[0],
        "USDC",
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal(0),
        Decimal(0),
        lots_min=lots_min,
        price_max=Decimal(1),
        fee_curve=FeeCurve(Decimal(rate)),
        market=market,
        outcome=outcome,
        token=f"{market}/{outcome}",
    )


def leg(
    outcome: str,
    *levels: tuple[int, int],
    market: str = "polymarket:a",
    side: Side = Side.BUY,
    rate: str = "0.04",
    lots_min: int = 500,
) -> LegBook:
    """A leg of a set; levels are (ticks, lots)."""
    instrument = token(market, outcome, rate=rate, lots_min=lots_min)
    shown = tuple(Level(ticks, lots) for ticks, lots in levels)
    return LegBook(market, instrument.id, outcome, side, shown, Scale(instrument))


def market(name: str, title: str = "Will A win the election?", **fields: object) -> Market:
    """A market of an event of three, exclusive and complete by the venue's flag."""
    known: dict[str, object] = {
        "event": "polymarket:event",
        "event_size": 3,
        "neg_risk": True,
        "end_ts": END_TS,
        **fields,
    }
    key = f"polymarket:{name}"
    return Market(key, "polymarket", name, title, f"{key}:{YES}", f"{key}:{NO}", **known)  # type: ignore[arg-type]


def event(*titles: str, **fields: object) -> list[Market]:
    """The markets of one event."""
    size = {"event_size": len(titles), **fields}
    return [market(f"m{place}", title, **size) for place, title in enumerate(titles)]


RELATIONS = tuple(Relation)
