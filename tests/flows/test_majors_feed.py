"""The majors' feed, end to end: a venue's trades over a websocket become rows of minutes in the database."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.runtime.rig import packets_of
from tests.runtime.wall_rig import Wall
from tests.venues.fake_geckoterminal import FakeGeckoTerminal, pool
from tests.venues.fake_hyperliquid import FakeHyperliquid, trade
from tradeworthy.core.errors import TradeworthyError
from tradeworthy.desks.uptrend.config import TokenSettings
from tradeworthy.gateways.control import Status, Stop, ask
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.gateways.feeds.live_tokens import NAME, LiveTokensFeed
from tradeworthy.gateways.geckoterminal import GeckoTerminal
from tradeworthy.gateways.hyperliquid import HyperliquidTrades
from tradeworthy.gateways.token_prices import TokenPrices
from tradeworthy.market.ticks import PriceLate, PricePoint, TradeTick
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.replay import replay
from tradeworthy.runtime.session import Ending, run_wall_session
from tradeworthy.store.embedded import EmbeddedPostgres

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
START = 1_767_225_600 * SECOND
"""2026-01-01 00:00 UTC, ns."""

BUFFER_S = 5
PATIENCE_S = 30.0
TOKENS = (
    TokenSettings(instrument="BONK", ticker="BONK", contract="bonk", pool="p1"),
    TokenSettings(instrument="BTCUSD", ticker="BTC", chain="hyperliquid", contract="BTC", major=True),
)


def configured() -> Configuration:
    """A token and a major; minutes close BUFFER_S after their end."""
    listed = {"quote": "USD", "lot": "0.001", "taker_fee": "0"}
    names = [token.instrument for token in TOKENS]
    return from_values(
        {
            "name": "majors",
            "account": {"currency": "USD", "cash": "1000"},
            "venue": {"fills": "taker_close"},
            "store": {"bars": True},
            "signals": {"source": "none"},
            "instruments": [
                {"id": "BONK", "venue": "dex", "tick": "0.0001", **listed},
                {"id": "BTCUSD", "venue": "hyperliquid", "tick": "0.1", **listed},
            ],
            "desks": [
                {
                    "name": "uptrend",
                    "kind": "uptrend",
                    "timeframe": "1m",
                    "instruments": names,
                    "share": "1",
                    "settings": {
                        "tokens": [token.model_dump() for token in TOKENS],
                        "market": {"bars": {"1m": "1m"}, "tick_buffer_s": BUFFER_S},
                        "regime": {"instrument": "BTCUSD", "timeframe": "1m"},
                    },
                }
            ],
        },
        "the test's configuration",
    )


async def for_good(_: float) -> None:
    """A wait that only the session's end ends: one poll is enough."""
    await asyncio.Event().wait()


class Director:
    """Stands beside the session: moves the wall, has the venue speak, and waits until the session heard of it."""

    def __init__(self, home: Home, venue: FakeHyperliquid, wall: Wall) -> None:
        self.home, self.venue, self.wall = home, venue, wall

    def inputs(self) -> int:
        """What the session admitted so far (0: it does not run)."""
        try:
            return int(ask(self.home.path, Status())["inputs"])
        except TradeworthyError:
            return 0

    def until(self, holds: Callable[[], bool]) -> None:
        """Return once it holds."""
        deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while not holds():
            assert time.monotonic() < deadline, "it never came to hold"
            pause.wait(0.01)

    def at(self, seconds: float, *trades: dict[str, Any], heard: int) -> None:
        """The wall stands `seconds` after START and the venue says `trades`; the session admits `heard` inputs more."""
        goal = self.inputs() + heard
        self.wall.ts = START + round(seconds * SECOND)
        if trades:
            self.venue.say(*trades)
        self.until(lambda: self.inputs() >= goal)


def at_s(seconds: float, price: str, **said: Any) -> dict[str, Any]:
    """A trade of half a coin so long after START, by the venue's clock."""
    return trade("BTC", (START + round(seconds * SECOND)) // 1_000_000, price, **said)


def direct(director: Director) -> None:
    """Two minutes: one with a trade that comes twice and one that comes late, and one with a trade that is too late."""
    director.until(lambda: director.inputs() > 0)
    assert director.venue.until(subscribed=1)
    director.at(30, at_s(10, "100", tid=1), at_s(20, "103", tid=2), at_s(30, "99", tid=3), heard=3)
    late = at_s(50, "101.5", tid=4)
    director.at(62, at_s(10, "100", tid=1), late, at_s(61, "102", tid=5), heard=2)
    director.at(60 + BUFFER_S + 1, heard=1)
    director.at(67, at_s(55, "500", tid=6), late, heard=1)
    director.at(120 + BUFFER_S + 1, heard=1)


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Ending, Home, str]]:
    """The session as it ended, its home, and the address of the database that it wrote to."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        home, wall = Home(Path(folder) / "home").make(), Wall(START)
        with (
            EmbeddedPostgres(home.path) as postgres,
            EmbeddedRedis(home.path),
            FakeHyperliquid() as venue,
            FakeGeckoTerminal() as tokens,
        ):
            tokens.put("solana", pool("solana", "p1", "bonk", "usdc", "0.25"))
            provider = GeckoTerminal(tokens.url)
            feed = LiveTokensFeed(
                provider,
                TokenPrices(provider, TOKENS[:1], feed=NAME, now=wall, sleep=for_good),
                HyperliquidTrades(venue.url, {"BTC": "BTCUSD"}, feed=NAME, now=wall),
                {"hosts": ["fake"]},
                now=wall,
            )
            yield beside(Director(home, venue, wall), feed), home, postgres.url()


def beside(director: Director, feed: LiveTokensFeed) -> Ending:
    """The session on `feed`, directed in a thread of its own, and stopped in the end."""
    raised: list[BaseException] = []

    def script() -> None:
        try:
            direct(director)
        except BaseException as error:  # noqa: BLE001 - it is raised in the test's own thread
            raised.append(error)
        finally:
            with contextlib.suppress(TradeworthyError):
                ask(director.home.path, Stop())

    thread = threading.Thread(target=script)
    thread.start()
    ended = run_wall_session(Plan(configured(), Mode.PAPER), director.home, feed, now=director.wall)
    thread.join(PATIENCE_S)
    if raised:
        raise raised[0]
    return ended


def test_trades_become_the_majors_minutes(played: tuple[Ending, Home, str]) -> None:
    """L13, L16: from the websocket to the table; a trade that is late by less than the buffer is in its minute."""
    ended, _, url = played
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT token_contract, chain, timeframe, extract(epoch FROM timestamp)::bigint, open_usd, high_usd,"
            " low_usd, close_usd, volume, source FROM majors_price_data_ohlc WHERE run = %s ORDER BY timestamp",
            [ended.figures["run"]],
        ).fetchall()
    first = START // SECOND
    assert rows == [
        ("BTC", "hyperliquid", "1m", first, 100.0, 103.0, 99.0, 101.5, 201.75, "ticks"),
        ("BTC", "hyperliquid", "1m", first + 60, 102.0, 102.0, 102.0, 102.0, 51.0, "ticks"),
    ]


def test_a_trade_counts_once_and_one_that_is_too_late_in_no_bar(played: tuple[Ending, Home, str]) -> None:
    """L13: the same tid is the same trade, whatever it comes with; what comes after the close is on record as late."""
    ended, home, _ = played
    packets = packets_of(home.runs / ended.figures["run"])
    ticks = [one.event.trade for one in packets if isinstance(one.event, TradeTick)]
    assert ticks == ["1", "2", "3", "4", "5", "6"]
    (late,) = [one.event for one in packets if isinstance(one.event, PriceLate)]
    assert (late.price, late.bar_ts, late.late_ms) == (500.0, START, 2_000)


def test_tokens_are_priced_beside_the_majors_and_the_run_replays(played: tuple[Ending, Home, str]) -> None:
    """L16, P1: the token's point has its own row, and the record gives the run again."""
    ended, home, url = played
    folder = home.runs / ended.figures["run"]
    (point,) = [one.event for one in packets_of(folder) if isinstance(one.event, PricePoint)]
    assert (point.instrument, point.price) == ("BONK", 0.25)
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT token_contract, close_usd, source FROM lowcap_price_data_ohlc WHERE run = %s",
            [ended.figures["run"]],
        ).fetchall()
    assert rows == [("bonk", 0.25, "points")]
    assert replay(folder).digest == ended.figures["digest"]
