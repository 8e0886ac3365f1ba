"""Trades of Hyperliquid over a real websocket: repeats, heartbeat, breaks, and what is no trade."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.fake_hyperliquid import PATIENCE_S, SNAPSHOT, FakeHyperliquid, trade
from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.core.events import Event
from tradeworthy.gateways.hyperliquid import (
    REMEMBERED,
    SYMBOLS,
    HyperliquidTrades,
    Pulse,
    coins_of,
    websocket_url,
)
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.ticks import TradeTick

MS = 1_770_000_000_000
NOW = MS * 1_000_000
INSTRUMENTS = {"BTC": "BTC-PERP", "ETH": "ETH-PERP"}

Script = Callable[["Listener"], Awaitable[None]]


class Listener:
    """Hears what a client says; `waits` are its back-offs, which take no time."""

    def __init__(self, url: str, pulse: Pulse = Pulse(), now: int = NOW) -> None:  # noqa: B008 - it is frozen
        self.heard: list[Event] = []
        self.waits: list[float] = []
        self._news = asyncio.Condition()
        self.client = HyperliquidTrades(
            url, INSTRUMENTS, feed="live", pulse=pulse, now=lambda: now, sleep=self._sleep
        )

    async def say(self, event: Event) -> None:
        """Take an event."""
        async with self._news:
            self.heard.append(event)
            self._news.notify_all()

    async def until(self, count: int) -> list[Event]:
        """The events once there are so many."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.heard) >= count)
        return self.heard

    def ids(self) -> list[str]:
        """The ids of the trades that were heard."""
        return [one.trade for one in self.heard if isinstance(one, TradeTick)]

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)


def listen(listener: Listener, script: Script) -> None:
    """Run the client until the script is over."""

    async def both() -> None:
        client = asyncio.create_task(listener.client.run(listener.say))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await script(listener)
        finally:
            client.cancel()
            await asyncio.gather(client, return_exceptions=True)

    asyncio.run(both())


async def seen(found: Callable[..., bool], **counts: int) -> None:
    """Return once the venue has seen so much."""
    assert await asyncio.to_thread(found, **counts)


def message(*trades: dict[str, Any]) -> bytes:
    """A message of trades."""
    return msgspec.json.encode({"channel": "trades", "data": list(trades)})


def client_of(now: int = NOW) -> HyperliquidTrades:
    """A client that is connected to nothing."""
    return HyperliquidTrades("ws://127.0.0.1:9/ws", INSTRUMENTS, feed="live", now=lambda: now)


# What is said


def test_trades_become_ticks() -> None:
    """L13: greeting, answers and other channels are passed over; side B buys, A sells."""
    with FakeHyperliquid() as venue:
        venue.past(trade("BTC", MS, "97500.5", "0.01"), trade("BTC", MS + 1, side="A", tid=7))

        async def script(listener: Listener) -> None:
            await listener.until(2)
            await seen(venue.until, subscribed=2)
            venue.message({"channel": "allMids", "data": {"mids": {"BTC": "1"}}}, "BTC")
            venue.message("{", "BTC")
            venue.say(trade("ETH", MS + 2, side="?"), alone=True)
            await listener.until(3)

        listener = Listener(venue.url)
        listen(listener, script)
        assert listener.heard == [
            TradeTick("BTC-PERP", 97_500.5, NOW, 0.01, trade=str(MS), aggressor="buy"),
            TradeTick("BTC-PERP", 100.0, NOW + 1_000_000, 0.5, trade="7", aggressor="sell"),
            TradeTick("ETH-PERP", 100.0, NOW + 2_000_000, 0.5, trade=str(MS + 2), aggressor=""),
        ]
        assert venue.subscribed == ["BTC", "ETH"]


def test_fills_of_one_transaction_are_several_trades() -> None:
    """B19: the hash is no id; trades without an id are told apart by time, price and size."""
    client = client_of()
    one = trade("BTC", MS, tid=1, hash="0xaa")
    assert len(client.take(message(one, {**one, "tid": 2}, one))) == 2
    bare = trade("BTC", MS, tid=None)
    events = client.take(message(bare, bare, trade("BTC", MS, sz="0.6", tid=None)))
    assert [one.trade for one in events if isinstance(one, TradeTick)] == [
        f"{MS}/100.0/0.5",
        f"{MS}/100.0/0.6",
    ]


@given(st.lists(st.tuples(st.sampled_from(["BTC", "ETH", "DOGE"]), st.integers(0, 30)), max_size=60))
def test_each_trade_is_said_once(said: list[tuple[str, int]]) -> None:
    """B19: by coin and id, however often and in whatever order it comes; unknown coins are not heard."""
    client = client_of()
    heard = [
        event
        for at in range(0, len(said), 7)
        for event in client.take(message(*(trade(coin, MS + tid) for coin, tid in said[at : at + 7])))
    ]
    assert all(isinstance(one, TradeTick) for one in heard)
    ids = [(one.instrument, one.trade) for one in heard if isinstance(one, TradeTick)]
    assert len(ids) == len(set(ids))
    assert set(ids) == {(INSTRUMENTS[coin], str(MS + tid)) for coin, tid in said if coin in INSTRUMENTS}


def test_what_is_remembered_is_bounded() -> None:
    """A10: ids of long ago are let go."""
    client = client_of()
    for at in range(0, 2 * REMEMBERED, 1_000):
        client.take(message(*(trade("BTC", MS, tid=tid) for tid in range(at, at + 1_000))))
    coin = client._coins["BTC"]
    assert len(coin._ids) == len(coin._order) == REMEMBERED


@pytest.mark.parametrize(
    "bad",
    [
        {"px": "0"},
        {"px": "-1"},
        {"px": "nan"},
        {"px": "much"},
        {"sz": "0"},
        {"sz": "inf"},
        {"time": -5},
        {"time": MS + 61_000},
        {"time": "soon"},
        {"coin": 5},
    ],
)
def test_what_is_no_trade_is_refused_alone(bad: dict[str, Any]) -> None:
    """The good ones of a message count all the same."""
    events = client_of().take(message({**trade("BTC", MS), **bad}, trade("BTC", MS + 1)))
    assert [one.trade for one in events if isinstance(one, TradeTick)] == [str(MS + 1)]
    assert client_of().take(b'{"channel":"trades","data":null}') == []
    assert client_of().take(b'{"channel":"error","data":"Invalid subscription"}') == []


# Connections


def test_it_pings_so_that_the_venue_does_not_hang_up() -> None:
    """L13: where a silent client is dropped, one connection outlives many such times."""
    with FakeHyperliquid(silence_s=0.25) as venue:

        async def script(_: Listener) -> None:
            await seen(venue.until, pings=12)

        listener = Listener(venue.url, Pulse(ping_s=0.03, pong_s=5.0))
        listen(listener, script)
        assert (venue.connections, listener.waits) == (1, [])


def test_a_silent_client_is_dropped_and_comes_back() -> None:
    """The venue of these tests does what it says: without pings it hangs up."""
    with FakeHyperliquid(silence_s=0.02) as venue:

        async def script(_: Listener) -> None:
            await seen(venue.until, connections=3)

        listener = Listener(venue.url, Pulse(ping_s=60.0))
        listen(listener, script)
        assert listener.waits[:2] == [0.5, 1.0]


def test_a_venue_that_answers_no_ping_is_left() -> None:
    """L13: nothing for so long after a ping, and it connects again."""
    with FakeHyperliquid(mute=True, greets=False) as venue:

        async def script(_: Listener) -> None:
            await seen(venue.until, connections=3)

        listener = Listener(venue.url, Pulse(ping_s=0.01, pong_s=0.03))
        listen(listener, script)
        assert venue.pings >= 2
        assert listener.waits[:2] == [0.5, 1.0]


def test_a_clean_close_backs_off_like_a_break() -> None:
    """B19: 0.5, 1, 2 ... 30 s, and after ten in a row it gives up in one line."""
    with FakeHyperliquid() as venue:
        venue.refusals = 99
        listener = Listener(venue.url)
        with pytest.raises(
            Retryable, match=r"Hyperliquid at 127.0.0.1 was lost 11 times in a row"
        ) as failure:
            asyncio.run(listener.client.run(listener.say))
        assert "\n" not in str(failure.value)
        assert venue.connections == 11
        assert listener.waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0]


def test_a_connection_that_held_begins_the_row_anew() -> None:
    """Only failures in a row make it wait longer; one trade makes no connection a good one."""
    with FakeHyperliquid() as venue:

        async def script(listener: Listener) -> None:
            for count in (1, 2, 3):
                await seen(venue.until, subscribed=2 * count)
                await asyncio.to_thread(venue.close)
            await seen(venue.until, subscribed=8)

        held = Listener(venue.url, Pulse(healthy_s=0.0))
        listen(held, script)
        assert held.waits == [0.5, 0.5, 0.5]


def test_a_break_that_the_snapshot_covers_is_no_gap() -> None:
    """L13: what the venue repeats reaches back to what was heard, so nothing is missing, and nothing comes twice."""
    with FakeHyperliquid() as venue:

        async def script(listener: Listener) -> None:
            await seen(venue.until, subscribed=2)
            venue.say(trade("BTC", MS))
            await listener.until(1)
            venue.cut()
            venue.past(trade("BTC", MS + 1), trade("BTC", MS + 2))
            await listener.until(3)

        listener = Listener(venue.url)
        listen(listener, script)
        assert listener.ids() == [str(MS), str(MS + 1), str(MS + 2)]
        assert len(listener.heard) == 3


def test_a_hole_is_a_gap_of_that_coin() -> None:
    """L13: more trades than the snapshot repeats were missed; a coin that nothing was known of has no hole."""
    with FakeHyperliquid() as venue:

        async def script(listener: Listener) -> None:
            await seen(venue.until, subscribed=2)
            venue.say(trade("BTC", MS))
            await listener.until(1)
            venue.past(*(trade("BTC", MS + at) for at in range(1, SNAPSHOT + 5)), trade("ETH", MS + 3))
            await asyncio.to_thread(venue.close)
            await listener.until(1 + 1 + SNAPSHOT + 1)

        listener = Listener(venue.url)
        listen(listener, script)
        gaps = [one for one in listener.heard if isinstance(one, FeedGap)]
        assert gaps == [FeedGap("live", "BTC-PERP", NOW, NOW + 5_000_000, "reconnected")]
        assert listener.heard.index(gaps[0]) == 1
        assert len(listener.ids()) == 1 + SNAPSHOT + 1


# Settings


def test_the_address_is_the_websockets_or_made_of_the_others() -> None:
    """L13: https becomes wss, and /ws follows."""
    assert websocket_url({}) == "wss://api.hyperliquid.xyz/ws"
    assert websocket_url({"HYPERLIQUID_URL": "https://api.hyperliquid-testnet.xyz/"}) == (
        "wss://api.hyperliquid-testnet.xyz/ws"
    )
    assert websocket_url({"HYPERLIQUID_URL": "http://127.0.0.1:8080"}) == "ws://127.0.0.1:8080/ws"
    assert websocket_url({"HYPERLIQUID_WS_URL": "wss://else/ws", "HYPERLIQUID_URL": "x"}) == "wss://else/ws"
    for wrong in ("https://else/ws", "wss://", "nowhere"):
        with pytest.raises(UsageError, match="HYPERLIQUID_WS_URL must begin with wss://"):
            websocket_url({"HYPERLIQUID_WS_URL": wrong})


def test_majors_are_heard_by_their_symbols() -> None:
    """L13: HL_SYMBOLS names coins; one that the configuration has is never left out in silence."""
    majors = {"BTC": "BTC-PERP", "HYPE": "HYPE-PERP"}
    assert coins_of(majors, {}) == majors
    assert SYMBOLS == ("BTC", "ETH", "BNB", "SOL", "HYPE")
    assert coins_of({"DOGE": "D"}, {"HL_SYMBOLS": "BTC, DOGE"}) == {"DOGE": "D"}
    assert coins_of(majors, {"HL_INGEST_ENABLED": "0"}) == {}
    with pytest.raises(
        UsageError, match="DOGE is a major of the configuration, and HL_SYMBOLS names BTC, ETH"
    ):
        coins_of({"DOGE": "D"}, {})
