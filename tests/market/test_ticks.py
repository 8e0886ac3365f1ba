"""What finer prices and the bars made of them say, and that a record brings them back whole."""

import pytest

from tests.market.session import CODEC
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.ticks import BarBuilt, BarRefused, PriceLate, PricePoint, TradeTick

MINUTE = 60_000_000_000


def test_coverage_is_the_share_of_the_minutes_that_were_there() -> None:
    """L13: a made bar says of how many minutes it is."""
    built = BarBuilt("BONK", "1h", 60 * MINUTE, 1.0, 2.0, 0.5, 1.5, 9.0, "rollup", 48, 60)
    assert built.coverage == 0.8


def test_points_and_trades_are_prices() -> None:
    """Whoever hears prices hears them too: marks, oracles, the record."""
    assert issubclass(PricePoint, PriceObserved)
    assert issubclass(TradeTick, PriceObserved)


@pytest.mark.parametrize(
    "event",
    [
        PricePoint("BONK", 0.5, MINUTE, volume_1m=3.0, liquidity_usd=1e5),
        PricePoint("BONK", 0.5, MINUTE),
        TradeTick("BTC", 60_000.0, MINUTE, 0.25, trade="17", aggressor="buy"),
        BarBuilt("BONK", "1m", MINUTE, 1.0, 2.0, 0.5, 1.5, 9.0, "points", 1, 1, market_cap=2e6),
        PriceLate("BONK", MINUTE, 0.5, 0, 900),
        BarRefused("BONK", "1h", 60 * MINUTE, 47, 60, 0.8),
        BackfillAnswered(
            "1", "BONK", "1h", (0,), (1.0,), (2.0,), (0.5,), (1.5,), (9.0,), pool="p", dropped=2
        ),
    ],
)
def test_a_record_brings_each_back(event: Event) -> None:
    """Nothing is lost on the way through the journal."""
    body = CODEC.encode(Kind.DECISION, Packet(1, 1, 0, 5, "someone", event))
    assert CODEC.decode(body)[1].event == event
