"""Hyperliquid: trades of its markets over a websocket.

The venue may greet with a line of text; each subscription is answered, and its first message repeats trades of before.
It hangs up on a client that it has had nothing to say to for a minute, so it is pinged. Source: specs/venues.md 4.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain
from urllib.parse import urlsplit

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.core.events import Event
from tradeworthy.gateways.feeds.protocol import Say
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.ticks import TradeTick

log = structlog.get_logger()

BASE_URL = "https://api.hyperliquid.xyz"
SYMBOLS = ("BTC", "ETH", "BNB", "SOL", "HYPE")
"""The coins that are heard if HL_SYMBOLS names no others."""

REMEMBERED = 5_000
"""Trades of a coin that are told as repeats if they come again."""

AHEAD_NS = 60_000_000_000
"""So far ahead of the wall a trade's time may be."""

OPEN_S, CLOSE_S = 10.0, 1.0
PING = '{"method":"ping"}'
RECONNECTED = "reconnected"
SIDES = {"B": "buy", "A": "sell"}


class Pulse(msgspec.Struct, frozen=True):
    """When to ping and to give up, in seconds: the n-th connection in a row that fails waits back_off_s * 2^(n-1).

    A connection that held for `healthy_s` begins the row anew, whether it then broke or was closed in order.
    """

    ping_s: float = 20.0
    pong_s: float = 10.0
    back_off_s: float = 0.5
    back_off_s_max: float = 30.0
    retries_max: int = 10
    healthy_s: float = 60.0


class Trade(msgspec.Struct, frozen=True):
    """One trade as the venue says it; `time` is in ms. Several may share a transaction's hash, so that is no id."""

    coin: str
    px: float
    sz: float
    time: int
    side: str = ""
    tid: int | str | None = None

    @property
    def id(self) -> str:
        """Its id, made of time, price and size where it has none."""
        return str(self.tid) if self.tid is not None else f"{self.time}/{self.px!r}/{self.sz!r}"


class _Envelope(msgspec.Struct):
    channel: str
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Coin:
    """What is known of one coin: ids of trades that were heard, and the newest one's time (UTC ns; 0: none)."""

    def __init__(self, instrument: str) -> None:
        self.instrument, self.newest_ts, self.joined = instrument, 0, True
        self._order: deque[str] = deque()
        self._ids: set[str] = set()

    def knows(self, trade: Trade) -> bool:
        return trade.id in self._ids

    def add(self, trade: Trade) -> None:
        self._ids.add(trade.id)
        self._order.append(trade.id)
        if len(self._order) > REMEMBERED:
            self._ids.discard(self._order.popleft())
        self.newest_ts = max(self.newest_ts, trade.time * 1_000_000)


class HyperliquidTrades:
    """Trades of `instruments` (ids by coin) at the websocket `url`, in the name of `feed`; `now` is UTC ns.

    A trade that comes again is dropped. After a break a FeedGap says what was missed of a coin, unless what the venue
    repeats reaches back to what was heard before.
    """

    def __init__(
        self,
        url: str,
        instruments: Mapping[str, str],
        *,
        feed: str,
        pulse: Pulse = Pulse(),  # noqa: B008 - it is frozen
        now: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.url, self._feed, self._pulse = url, feed, pulse
        self._now, self._sleep = now, sleep
        self._coins = {coin: _Coin(instrument) for coin, instrument in instruments.items()}

    async def run(self, say: Say) -> None:
        """Say each trade once, until cancelled; Retryable when too many connections in a row came to nothing."""
        failures, pulse = 0, self._pulse
        while True:
            began = time.monotonic()
            try:
                await self._hear(say)
            except (OSError, WebSocketException) as error:
                reason = " ".join(str(error).split()) or type(error).__name__
            else:
                reason = "the venue hung up"
            if time.monotonic() - began >= pulse.healthy_s:
                failures = 0
            failures += 1
            if failures > pulse.retries_max:
                raise Retryable(
                    f"Hyperliquid at {urlsplit(self.url).hostname} was lost {failures} times in a row ({reason}); check"
                    " the connection and HYPERLIQUID_WS_URL"
                )
            wait_s = min(pulse.back_off_s * 2.0 ** (failures - 1), pulse.back_off_s_max)
            log.warning("feed_reconnecting", feed=self._feed, failures=failures, wait_s=wait_s, error=reason)
            await self._sleep(wait_s)

    async def _hear(self, say: Say) -> None:
        """One connection, to its end."""
        for coin in self._coins.values():
            coin.joined = not coin.newest_ts
        async with connect(
            self.url, ping_interval=None, open_timeout=OPEN_S, close_timeout=CLOSE_S
        ) as connection:
            for name in self._coins:
                subscription = {"type": "trades", "coin": name}
                message = msgspec.json.encode({"method": "subscribe", "subscription": subscription})
                await connection.send(message.decode())
            await self._listen(connection, say)

    async def _listen(self, connection: ClientConnection, say: Say) -> None:
        """Pass on what comes, and ping; TimeoutError if the venue is silent after a ping."""
        pulse = self._pulse
        ping_at, answer_by = time.monotonic() + pulse.ping_s, math.inf
        while True:
            now = time.monotonic()
            if now >= answer_by:
                raise TimeoutError(f"nothing came for {pulse.pong_s} s after a ping")
            if now >= ping_at:
                await connection.send(PING)
                ping_at, answer_by = now + pulse.ping_s, min(answer_by, now + pulse.pong_s)
            try:
                async with asyncio.timeout(min(ping_at, answer_by) - now):
                    message = await connection.recv()
            except TimeoutError:
                continue
            answer_by = math.inf
            for event in self.take(message):
                await say(event)

    def take(self, message: str | bytes) -> list[Event]:
        """The new trades that a message holds, by time, and the gap before them if there is one."""
        try:
            said = msgspec.json.decode(message, type=_Envelope)
        except msgspec.DecodeError:
            log.debug("feed_said_text", feed=self._feed)
            return []
        if said.channel == "error":
            log.warning(
                "feed_refused", feed=self._feed, error=bytes(said.data).decode(errors="replace")[:200]
            )
        if said.channel != "trades":
            return []
        trades = sorted(self._trades_in(said.data), key=lambda trade: trade.time)
        return list(chain.from_iterable(self._events(name, trades) for name in self._coins))

    def _events(self, name: str, trades: Sequence[Trade]) -> list[Event]:
        coin = self._coins[name]
        mine = [trade for trade in trades if trade.coin == name]
        events: list[Event] = []
        if mine and not coin.joined:
            coin.joined = True
            oldest_ts = mine[0].time * 1_000_000
            if oldest_ts > coin.newest_ts and not any(map(coin.knows, mine)):
                gap = FeedGap(self._feed, coin.instrument, coin.newest_ts, oldest_ts, RECONNECTED)
                events.append(gap)
        for trade in mine:
            if not coin.knows(trade):
                coin.add(trade)
                ts, side = trade.time * 1_000_000, SIDES.get(trade.side, "")
                events.append(TradeTick(coin.instrument, trade.px, ts, trade.sz, trade.id, side))
        return events

    def _trades_in(self, data: msgspec.Raw) -> list[Trade]:
        """The trades of a list, or the one that stands alone; what is none is on the log."""
        found: list[Trade] = []
        try:
            items = _items(data)
        except msgspec.DecodeError:
            items = [data]
        latest_ms = (self._now() + AHEAD_NS) // 1_000_000
        for item in items:
            try:
                trade = msgspec.json.decode(item, type=Trade, strict=False)
            except msgspec.DecodeError as error:
                log.warning("trade_refused", feed=self._feed, error=str(error))
                continue
            if fault := _fault(trade, latest_ms):
                log.warning("trade_refused", feed=self._feed, coin=trade.coin, trade=trade.id, error=fault)
            else:
                found.append(trade)
        return found


def websocket_url(environment: Mapping[str, str]) -> str:
    """HYPERLIQUID_WS_URL, or that of HYPERLIQUID_URL; UsageError if it is no address. Source: specs/uptrend.md 3.4."""
    base = environment.get("HYPERLIQUID_URL") or BASE_URL
    url = environment.get("HYPERLIQUID_WS_URL") or f"{_secure(base.rstrip('/'))}/ws"
    if urlsplit(url).scheme not in {"ws", "wss"} or not urlsplit(url).hostname:
        raise UsageError(
            f"the address of Hyperliquid is {url!r}; HYPERLIQUID_WS_URL must begin with wss:// or ws://"
        )
    return url


def coins_of(majors: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Of `majors` (ids by coin) those that are heard: none with HL_INGEST_ENABLED=0.

    UsageError if HL_SYMBOLS (SYMBOLS without it) leaves one out that the configuration has.
    """
    if environment.get("HL_INGEST_ENABLED", "1").strip().lower() in {"0", "false", "no"}:
        return {}
    given = environment.get("HL_SYMBOLS", "").replace(",", " ").split() or SYMBOLS
    for coin in majors:
        if coin not in given:
            raise UsageError(
                f"{coin} is a major of the configuration, and HL_SYMBOLS names {', '.join(given)}; add it there, or"
                " make it no major"
            )
    return dict(majors)


def _secure(base: str) -> str:
    return base.replace("http", "ws", 1) if base.startswith("http") else base


def _items(data: msgspec.Raw) -> list[msgspec.Raw]:
    return msgspec.json.decode(data, type=list[msgspec.Raw])


def _fault(trade: Trade, latest_ms: int) -> str:
    """What is wrong with a trade; "" if nothing is."""
    if not 0.0 < trade.px < math.inf:
        return f"price {trade.px!r} is not above 0"
    if not 0.0 < trade.sz < math.inf:
        return f"size {trade.sz!r} is not above 0"
    if not 0 < trade.time <= latest_ms:
        return f"time {trade.time} ms is ahead of the clock here by more than {AHEAD_NS // 1_000_000_000} s, or none"
    return ""
