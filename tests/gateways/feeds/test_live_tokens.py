"""The live feed of tokens: prices and majors together, positions that grow, and history beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.venues.fake_geckoterminal import FakeGeckoTerminal, pool
from tests.venues.fake_hyperliquid import PATIENCE_S, FakeHyperliquid, trade
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.config import TokenSettings
from tradeworthy.gateways.feeds.live_tokens import LiveTokensFeed, open_live_tokens
from tradeworthy.gateways.geckoterminal import GeckoTerminal
from tradeworthy.gateways.hyperliquid import HyperliquidTrades, Pulse
from tradeworthy.gateways.token_pools import CHAINS
from tradeworthy.gateways.token_prices import TokenPrices
from tradeworthy.market.backfill import RequestBackfill
from tradeworthy.market.ticks import PricePoint, TradeTick

MS = 1_770_000_000_000
NOW = MS * 1_000_000
TOKEN, POOL = "TokenAddress", "PoolAddress"
ONE = TokenSettings(instrument="ONE", ticker="ONE", contract=TOKEN, pool=POOL)
BTC = TokenSettings(instrument="BTC-PERP", ticker="BTC", chain="hyperliquid", major=True)


@pytest.fixture
def gecko() -> Iterator[FakeGeckoTerminal]:
    """A provider that has the token."""
    with FakeGeckoTerminal() as server:
        server.put("solana", pool("solana", POOL, TOKEN, CHAINS["solana"].native))
        yield server


@pytest.fixture
def hyperliquid() -> Iterator[FakeHyperliquid]:
    """A venue that has a trade of BTC."""
    with FakeHyperliquid() as server:
        server.past(trade("BTC", MS))
        yield server


def environment_of(gecko: FakeGeckoTerminal, hyperliquid: FakeHyperliquid) -> dict[str, str]:
    """The variables that lead to both."""
    return {"GECKOTERMINAL_URL": gecko.url, "HYPERLIQUID_WS_URL": hyperliquid.url}


def delivered(feed: LiveTokensFeed, count: int, after: int = -1) -> list[tuple[int, Event]]:
    """The first events that come past `after`, with their positions."""
    found: list[tuple[int, Event]] = []

    async def run() -> None:
        enough = asyncio.Event()

        async def put(position: int, event: Event) -> None:
            found.append((position, event))
            if len(found) >= count:
                enough.set()

        running = asyncio.create_task(feed.run(put, after))
        async with asyncio.timeout(PATIENCE_S):
            await enough.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(run())
    return found


def test_prices_and_majors_come_in_one_order(gecko: FakeGeckoTerminal, hyperliquid: FakeHyperliquid) -> None:
    """L13: points of tokens and trades of majors; positions begin at the wall and grow by one."""
    feed = open_live_tokens([ONE, BTC], environment_of(gecko, hyperliquid))
    found = delivered(feed, 2)
    assert {type(event) for _, event in found} == {PricePoint, TradeTick}
    assert {getattr(event, "instrument", "") for _, event in found} == {"ONE", "BTC-PERP"}
    positions = [position for position, _ in found]
    assert positions[0] > NOW
    assert positions == list(range(positions[0], positions[0] + len(found)))


def test_positions_grow_where_the_clock_stepped_back(hyperliquid: FakeHyperliquid) -> None:
    """L13: over processes nothing is taken for a repeat."""

    def feed_at(now: int) -> LiveTokensFeed:
        trades = HyperliquidTrades(hyperliquid.url, {"BTC": "BTC-PERP"}, feed="live", now=lambda: now)
        return LiveTokensFeed(GeckoTerminal(), None, trades, {}, now=lambda: now)

    ((first, _),) = delivered(feed_at(NOW), 1)
    ((second, _),) = delivered(feed_at(NOW - 60_000_000_000), 1, after=first)
    ((third, _),) = delivered(feed_at(NOW + 60_000_000_000), 1, after=second)
    assert (first, second, third) == (NOW + 1, NOW + 2, NOW + 60_000_000_001)


def test_what_ends_one_part_ends_the_feed(gecko: FakeGeckoTerminal) -> None:
    """A10: the error comes out as it is, so that the session can start the gateway again; nothing is left behind."""
    with FakeHyperliquid() as gone:
        url = gone.url
    provider = GeckoTerminal(gecko.url)
    prices = TokenPrices(provider, [ONE], feed="live")
    trades = HyperliquidTrades(url, {"BTC": "BTC-PERP"}, feed="live", pulse=Pulse(retries_max=0))
    feed = LiveTokensFeed(provider, prices, trades, {})

    async def put(_: int, __: Event) -> None:
        """Take it."""

    async def run() -> int:
        with pytest.raises(Exception, match="was lost 1 times in a row"):
            await feed.run(put, -1)
        return len(asyncio.all_tasks())

    assert asyncio.run(run()) == 1
    assert not provider._closing.is_set()


def test_the_identity_names_hosts_and_what_is_fed() -> None:
    """No port, no user and no password is in it, so that the same feed is the same run."""
    feed = open_live_tokens(
        [ONE, BTC],
        {
            "GECKOTERMINAL_URL": "http://someone:secret@127.0.0.1:8001/api",
            "HYPERLIQUID_WS_URL": "ws://127.0.0.2:8002/ws?key=secret",
        },
    )
    assert feed.identity() == {
        "feed": "live",
        "hosts": ["127.0.0.1", "127.0.0.2"],
        "tokens": {"ONE": ["solana", TOKEN, POOL]},
        "majors": {"BTC": "BTC-PERP"},
    }


def test_history_comes_from_the_same_provider(gecko: FakeGeckoTerminal, hyperliquid: FakeHyperliquid) -> None:
    """L13: what the session asks for on the wall clock."""
    last_s = NOW // 1_000_000_000 // 60 * 60
    gecko.put_bars(POOL, "minute/1", [[last_s - 60 * at, 3.0, 3.0, 3.0, 3.0, 9.0] for at in range(1, 30)])
    feed = open_live_tokens([ONE, BTC], environment_of(gecko, hyperliquid))
    answer = feed.backfill(RequestBackfill("key", "ONE", "1m", 10, "solana", TOKEN, POOL), NOW)
    assert (len(answer.ts), answer.pool, answer.error) == (10, POOL, "")


def test_a_feed_of_nothing_is_refused() -> None:
    """A11: one line says what to give."""
    with pytest.raises(NotAvailable, match="no token to price and no major to hear"):
        open_live_tokens([], {})
    with pytest.raises(NotAvailable, match="token BARE has no contract and no pool"):
        open_live_tokens([TokenSettings(instrument="BARE", ticker="BARE")], {})
    with pytest.raises(UsageError, match="GECKOTERMINAL_URL is 'ftp://x'"):
        open_live_tokens([ONE], {"GECKOTERMINAL_URL": "ftp://x"})
