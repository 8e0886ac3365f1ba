"""GeckoTerminal: history on request, its pools, and prices by the minute, from a provider on loopback."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.fake_geckoterminal import FakeGeckoTerminal, Row, pool
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.config import TokenSettings
from tradeworthy.gateways.geckoterminal import ACCEPT, GeckoTerminal, NotServed, columns_of
from tradeworthy.gateways.token_pools import CHAINS, Pool, best_pool
from tradeworthy.gateways.token_prices import MINUTE_NS, TokenPrices, next_poll
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.ticks import PricePoint

SECOND = 1_000_000_000
NOW_S = 1_770_000_000 - 1_770_000_000 % 14_400 + 90
NOW = NOW_S * SECOND
TOKEN, POOL, SOL = "TokenAddress", "PoolAddress", CHAINS["solana"].native
LENGTHS_S = {"minute/1": 60, "minute/15": 900, "hour/1": 3_600, "hour/4": 14_400}
TIMEFRAMES = {"1m": "minute/1", "15m": "minute/15", "1h": "hour/1", "4h": "hour/4"}


class Clock:
    """Seconds that pass only where somebody waits for them."""

    def __init__(self) -> None:
        self.now, self.waited = 0.0, list[float]()

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.waited.append(round(seconds, 6))
        self.now += seconds

    def __call__(self) -> float:
        """The seconds that passed."""
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGeckoTerminal]:
    """One server for the module; each test asks for pools of its own."""
    with FakeGeckoTerminal() as server:
        yield server


@pytest.fixture
def venue(server: FakeGeckoTerminal) -> FakeGeckoTerminal:
    """The server, with the token's pool alone."""
    server.asked.clear()
    server.faults.clear()
    server.oldest_s, server.page_max = 0, 1_000
    server._pools.clear()
    server._bars.clear()
    server.put("solana", pool("solana", POOL, TOKEN, SOL))
    return server


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


def provider_of(venue: FakeGeckoTerminal, clock: Clock) -> GeckoTerminal:
    """The provider at the venue."""
    return GeckoTerminal(venue.url, sleep=clock.sleep, seconds=clock)


def rows_of(interval: str, count: int, *, last_s: int = NOW_S) -> list[Row]:
    """Rows of which the last holds `last_s`, that is, is still open then; 300 dollars a row."""
    length_s = LENGTHS_S[interval]
    last = last_s - last_s % length_s
    return [[last - at * length_s, 3.0, 3.5, 2.5, 3.0, 300.0] for at in range(count)]


def request(
    timeframe: str = "1m", bars: int = 20, pool: str = POOL, contract: str = TOKEN, chain: str = "solana"
) -> RequestBackfill:
    """A request for bars."""
    return RequestBackfill("key", "ONE", timeframe, bars, chain, contract, pool)


def token(instrument: str = "ONE", **said: Any) -> TokenSettings:
    """A token of the configuration."""
    return TokenSettings.model_validate(
        {"instrument": instrument, "ticker": instrument, "contract": TOKEN, **said}
    )


# History


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_each_timeframe_is_asked_for_directly(venue: FakeGeckoTerminal, clock: Clock, timeframe: str) -> None:
    """L13: 666 bars oldest first, the open one left out, and volume in base units."""
    interval = TIMEFRAMES[timeframe]
    venue.put_bars(POOL, interval, rows_of(interval, 900))
    answer = provider_of(venue, clock).answer(request(timeframe, 666), NOW)
    length = LENGTHS_S[interval] * SECOND
    last = NOW - NOW % length - length
    assert answer.ts == tuple(range(last - 665 * length, last + 1, length))
    assert (answer.error, answer.dropped, answer.pool) == ("", 0, POOL)
    assert set(answer.volume) == {100.0}
    (asked,) = venue.asked
    assert asked.path == f"/networks/solana/pools/{POOL}/ohlcv/{interval.split('/')[0]}"
    assert asked.accept == ACCEPT
    assert asked.query == {
        "aggregate": interval.split("/")[1],
        "limit": "676",
        "currency": "usd",
        "token": TOKEN,
        "before_timestamp": str(NOW_S),
    }


def test_history_is_paged_backwards(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """L13: page after page before the oldest row, until there are enough; calls keep their distance."""
    venue.put_bars(POOL, "minute/1", rows_of("minute/1", 2_000))
    venue.page_max = 30
    answer = provider_of(venue, clock).answer(request(bars=80), NOW)
    assert len(answer.ts) == 80
    assert list(answer.ts) == sorted(set(answer.ts))
    befores = [int(one.query["before_timestamp"]) for one in venue.asked]
    first = NOW_S - NOW_S % 60
    assert befores == [NOW_S, first - 29 * 60, first - 59 * 60]
    assert clock.waited == [2.1, 2.1]


def test_a_young_token_has_the_bars_that_there_are(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """L13: fewer bars than wanted are an answer that says so."""
    venue.put_bars(POOL, "hour/1", rows_of("hour/1", 8))
    answer = provider_of(venue, clock).answer(request("1h", 20), NOW)
    assert len(answer.ts) == 7
    assert answer.error == "there are 7 1h bars of ONE closed by 2026-02-02T00:01:30Z; 20 were asked for"


def test_history_ends_where_the_public_interface_does(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """What is older than 180 days is refused with 401: what came before that counts."""
    venue.put_bars(POOL, "hour/4", rows_of("hour/4", 50))
    venue.page_max, venue.oldest_s = 10, NOW_S - 25 * 14_400
    answer = provider_of(venue, clock).answer(request("4h", 100), NOW)
    assert len(answer.ts) == 29
    assert answer.error.startswith("there are 29 4h bars of ONE closed by")


def test_rows_that_are_no_bars_are_dropped_and_counted(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """L13: prices above 0, high and low around them, no leap of 100 times, and rows of six numbers."""
    rows = rows_of("minute/1", 20)
    bad: list[Row] = [
        [0.0, 1.0, 0.0, 1.0, 5.0],
        [3.0, 2.9, 2.5, 3.0, 5.0],
        [3.0, 3.5, 3.1, 3.0, 5.0],
        [0.01, 3.0, 0.01, 3.0, 5.0],
        [3.0, 3.5, None, 3.0, 5.0],
        [3.0, 3.5, 2.5, 3.0],
        [3.0, 3.5, 2.5, 3.0, -5.0],
    ]
    for place, row in enumerate(bad, start=3):
        rows[place] = [rows[place][0], *row]
    rows[12][0] += 7
    rows.insert(2, [rows[1][0], 9.0, 9.0, 9.0, 9.0, 9.0])
    venue.put_bars(POOL, "minute/1", rows)
    answer = provider_of(venue, clock).answer(request(), NOW)
    assert (len(answer.ts), set(answer.close)) == (11, {3.0})
    assert answer.dropped == len(bad) + 1


@settings(max_examples=12)
@given(
    count=st.integers(0, 120),
    gaps=st.sets(st.integers(0, 119)),
    wanted=st.integers(1, 60),
    page=st.integers(5, 50),
    offset=st.integers(0, 3_600),
)
def test_an_answer_is_the_newest_closed_bars(
    server: FakeGeckoTerminal, count: int, gaps: set[int], wanted: int, page: int, offset: int
) -> None:
    """B40: whatever is missing and however it is paged, the newest bars closed by then, each once."""
    rows = [row for at, row in enumerate(rows_of("minute/1", count)) if at not in gaps]
    server._pools.clear()
    server.put("solana", pool("solana", POOL, TOKEN, SOL))
    server.put_bars(POOL, "minute/1", rows)
    server.page_max = max(page, wanted // 8)
    clock = Clock()
    answer = GeckoTerminal(server.url, sleep=clock.sleep, seconds=clock).answer(
        request(bars=wanted), NOW - offset * SECOND
    )
    closed = sorted(row[0] * SECOND for row in rows if row[0] + 60 <= NOW_S - offset)
    assert list(answer.ts) == closed[-wanted:]
    assert bool(answer.error) == (len(closed) < wanted)


def test_a_full_house_is_asked_again_twice_as_late(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """L13: after HTTP 429 it waits 2, 4, 8 s, or as long as the server asks."""
    venue.put_bars(POOL, "minute/1", rows_of("minute/1", 40))
    venue.faults = {"/ohlcv/minute": [429, (429, 30), 503]}
    answer = provider_of(venue, clock).answer(request(), NOW)
    assert (answer.error, len(answer.ts)) == ("", 20)
    assert clock.waited == [2.1, 30.0, 4.0]


def test_what_fails_for_good_is_an_answer_with_one_line(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """L13: nothing that the provider does is an exception."""
    fetch = provider_of(venue, clock)

    def fault(*faults: int | tuple[int, int] | bytes, **asked: Any) -> str:
        venue.faults = {"/ohlcv/minute": list(faults)}
        answer = fetch.answer(request(**asked), NOW)
        assert (answer.ts, answer.key) == ((), "key")
        return answer.error

    path = f"/networks/solana/pools/{POOL}/ohlcv/minute"
    assert fault(429, 429, 429, 429) == (
        f"GeckoTerminal said HTTP 429 to {path}: 4 tries were in vain; it is asked again"
    )
    assert fault(b"<html>") == (
        "GeckoTerminal sent what can't be read (JSON is malformed: invalid character (byte 0)); it is asked again"
    )
    assert "Object missing required field `data`" in fault(b"{}")
    assert fault(pool="Nowhere") == (
        "GeckoTerminal said HTTP 404 to /networks/solana/pools/Nowhere/ohlcv/minute (Not Found): correct the"
        " token's contract or pool"
    )
    assert fault(pool="", contract="../else").startswith(
        "GeckoTerminal said HTTP 404 to /networks/solana/tokens/..%2Felse/pools"
    )
    assert fault(pool="", contract="").startswith("the token has no contract and no pool")
    assert fault().startswith("there are no 1m bars of ONE closed by")


def test_a_server_that_is_not_there_is_told(clock: Clock) -> None:
    """No connection is an answer, too."""
    with FakeGeckoTerminal() as gone:
        fetch = provider_of(gone, clock)
    error = fetch.answer(request(), NOW).error
    assert error.startswith("GeckoTerminal said no answer to /networks/solana/pools")
    assert "Connection refused" in error
    with pytest.raises(UsageError, match="GECKOTERMINAL_URL is 'nowhere'"):
        GeckoTerminal("nowhere")


def test_a_session_that_ends_waits_for_nothing(venue: FakeGeckoTerminal) -> None:
    """A8: closing lets go of a call that waits for its turn, and begins no other."""
    fetch = GeckoTerminal(venue.url, spacing_s=600.0)
    fetch.choose("solana", TOKEN)
    answers: list[BackfillAnswered] = []
    waiting = threading.Thread(target=lambda: answers.append(fetch.answer(request(), NOW)))
    waiting.start()
    fetch.close()
    waiting.join(10.0)
    assert [one.error for one in answers] == ["the session ends; the next one asks again"]
    assert len(venue.asked) == 1


def test_threads_share_one_turn(venue: FakeGeckoTerminal) -> None:
    """L13: however many ask at once, calls keep their distance (30 a minute are let in)."""
    clock, lock = Clock(), threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            clock.sleep(seconds)

    fetch = GeckoTerminal(venue.url, sleep=sleep, seconds=clock)
    threads = [threading.Thread(target=fetch.choose, args=("solana", name)) for name in "abcdefgh"]
    venue.put("solana", *(pool("solana", f"Pool{name}", name, SOL) for name in "abcdefgh"))
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(venue.asked) == 8
    assert clock.now >= 7 * 2.1 - 1e-6


def test_columns_keep_the_first_of_two_rows() -> None:
    """The bar that is still open may come twice, and a volume over a tiny close is no number."""
    rows: list[Row] = [[120, 1, 1, 1, 1, 5], [120, 2, 2, 2, 2, 5], ["60", "1", "1", "1", "1e-320", "5"]]
    columns, dropped = columns_of(rows, "1m", 300)
    assert columns.opened.tolist() == [60 * SECOND, 120 * SECOND]
    assert (columns.open.tolist(), columns.volume.tolist(), dropped) == ([1.0, 1.0], [float("inf"), 5.0], 0)


# Pools


def pools_of(chain: str, *sides: tuple[str, str, str, float | None]) -> list[Pool]:
    """Pools by address, base, quote and reserve."""
    network = CHAINS[chain].network if chain in CHAINS else chain
    made = [pool(network, name, base, quote, reserve_in_usd=lies) for name, base, quote, lies in sides]
    return [msgspec.convert(one, Pool) for one in made]


def test_the_pool_against_the_native_token_prices_a_token() -> None:
    """L13: native-quoted before all others, of those the largest reserve, on whichever side the token stands."""
    dollar = CHAINS["solana"].dollars[0]
    found = pools_of(
        "solana",
        ("dollars", TOKEN, dollar, 9e6),
        ("small", TOKEN, SOL, 1e3),
        ("large", SOL, TOKEN, 2e3),
        ("drained", TOKEN, SOL, -100.0),
        ("strange", "Other", SOL, 9e9),
    )
    best = best_pool(found, "solana", TOKEN)
    assert best is not None
    assert best.attributes.address == "large"
    assert best_pool(found[4:], "solana", TOKEN) is None
    alone = best_pool(found[:1], "solana", TOKEN)
    assert alone is not None
    assert alone.attributes.address == "dollars"


def test_the_native_token_is_priced_against_dollars() -> None:
    """L13: addresses in hexadecimal are the same in any case."""
    native, dollar = CHAINS["ethereum"].native, CHAINS["ethereum"].dollars[0].upper().replace("0X", "0x")
    found = pools_of("ethereum", ("token", "0xAB", native, 9e9), ("dollars", native, dollar, 1e3))
    best = best_pool(found, "ethereum", native.upper().replace("0X", "0x"))
    assert best is not None
    assert best.attributes.address == "dollars"


def test_an_unknown_chain_takes_the_largest_pool() -> None:
    """Its name is the provider's own; nothing is known of its native token."""
    found = pools_of("polygon_pos", ("a", "0xaa", "0xbb", 5.0), ("b", "0xcc", "0xaa", 7.0))
    best = best_pool(found, "polygon_pos", "0xAA")
    assert best is not None
    assert best.attributes.address == "b"


def test_a_pool_is_chosen_once(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """L13: four timeframes of a token are of one pool, and its pools are listed once."""
    for interval in TIMEFRAMES.values():
        venue.put_bars(POOL, interval, rows_of(interval, 40))
    fetch = provider_of(venue, clock)
    answers = [fetch.answer(request(timeframe, pool=""), NOW) for timeframe in TIMEFRAMES]
    assert {(one.pool, one.error) for one in answers} == {(POOL, "")}
    assert venue.paths()[0] == f"/networks/solana/tokens/{TOKEN}/pools"
    assert len(venue.asked) == 5


# Prices


def prices_of(
    venue: FakeGeckoTerminal, clock: Clock, *tokens: TokenSettings, now: list[int] | None = None
) -> TokenPrices:
    """Prices of `tokens`, at the times of `now`, one after the other (the last one stays)."""
    times = now or [NOW]
    provider = provider_of(venue, clock)
    return TokenPrices(
        provider, tokens, feed="live", now=lambda: times.pop(0) if len(times) > 1 else times[0]
    )


def test_a_token_has_a_point_of_its_pool(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """L13: price, volumes and reserve of the pool that prices it; a market cap only where the provider has one."""
    one = pool("solana", "Second", "Other", SOL, price="0.25", market_cap_usd="1000000")
    two = pool("solana", "Third", SOL, "Quoted", quote_token_price_usd="7.5", reserve_in_usd="-3")
    venue.put("solana", one, two)
    prices = prices_of(
        venue,
        clock,
        token(),
        token("TWO", contract="", pool="Second"),
        token("THREE", contract="Quoted", pool="Third"),
    )
    assert prices.poll(prices.groups[0]) == [
        PricePoint(
            "ONE", 2.5, NOW, volume_5m=500.0, volume_24h=90_000.0, liquidity_usd=120_000.5, market_cap=None
        ),
        PricePoint("TWO", 0.25, NOW, 0.0, None, 500.0, 90_000.0, 120_000.5, 1_000_000.0),
        PricePoint("THREE", 7.5, NOW, 0.0, None, 500.0, 90_000.0, None, None),
    ]
    assert venue.paths() == [
        f"/networks/solana/tokens/{TOKEN}/pools",
        f"/networks/solana/pools/multi/{POOL},Second,Third",
    ]


def test_what_fails_is_a_gap_and_never_a_price(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """L13: from the last point on, each failure says up to when nothing is known."""
    first, second, third, fourth = (NOW + at * MINUTE_NS for at in range(4))
    prices = prices_of(venue, clock, token(), now=[first, second, third, fourth])
    group = prices.groups[0]
    assert isinstance(prices.poll(group)[0], PricePoint)
    venue.faults = {POOL: [500, 500, 500, 500]}
    assert prices.poll(group) == [FeedGap("live", "ONE", first, second, "poll_failed")]
    venue.put("solana", pool("solana", POOL, TOKEN, SOL, price=None))
    assert prices.poll(group) == [FeedGap("live", "ONE", second, third, "no_price")]
    venue.put("solana", pool("solana", "Newer", TOKEN, SOL, price="3.0", reserve_in_usd="999999"))
    (point,) = prices.poll(group)
    assert isinstance(point, PricePoint)
    assert (point.price, point.ts_event) == (3.0, fourth)


def test_a_token_that_has_no_pool_does_not_hide_the_others(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """Each of a group has its own point or gap."""
    prices = prices_of(venue, clock, token("NONE", contract="Unknown"), token())
    gap, point = prices.poll(prices.groups[0])
    assert gap == FeedGap("live", "NONE", NOW, NOW, "poll_failed")
    assert isinstance(point, PricePoint)


def test_a_provider_that_fails_is_not_asked_for_each_token(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """A11: one call with its tries shows that it is away; tokens whose pool is known are asked for all the same."""
    venue.faults = {"/pools": [500] * 99}
    group = [token("ONE"), token("TWO", contract="Two"), token("THREE", pool=POOL)]
    prices = prices_of(venue, clock, *group)
    first, second, third = prices.poll(prices.groups[0])
    assert [first, second] == [FeedGap("live", name, NOW, NOW, "poll_failed") for name in ("ONE", "TWO")]
    assert isinstance(third, PricePoint)
    assert len(venue.asked) == 5


def test_tokens_are_asked_for_thirty_at_a_time_and_by_chain() -> None:
    """L13: with more than 250 tokens a round is every second minute."""
    many = [token(f"T{at}", pool=f"P{at}", chain="base" if at % 2 else "solana") for at in range(251)]
    prices = TokenPrices(GeckoTerminal(), many, feed="live")
    assert [len(group) for group in prices.groups] == [30, 30, 30, 30, 6, 30, 30, 30, 30, 5]
    assert all(len({one.chain for one in group}) == 1 for group in prices.groups)
    assert prices.every_ns == 2 * MINUTE_NS
    assert TokenPrices(GeckoTerminal(), many[:250], feed="live").every_ns == MINUTE_NS
    with pytest.raises(NotAvailable, match="token BARE has no contract and no pool"):
        TokenPrices(GeckoTerminal(), [token("BARE", contract="")], feed="live")


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_it_asks_in_the_middle_of_a_minute(offset_ms: int, minutes: int) -> None:
    """Each minute has one poll, however long the poll before took."""
    now, every_ns = NOW + offset_ms * 1_000_000, minutes * MINUTE_NS
    at = next_poll(now, every_ns)
    assert now < at <= now + every_ns
    assert at % every_ns == MINUTE_NS // 2


def test_a_round_follows_the_other(venue: FakeGeckoTerminal, clock: Clock) -> None:
    """It asks at once, and waits for the next turn by the wall."""
    heard: list[Event] = []
    waits: list[float] = []

    async def say(event: Event) -> None:
        heard.append(event)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise NotServed("enough")

    prices = TokenPrices(provider_of(venue, clock), [token()], feed="live", now=lambda: NOW, sleep=sleep)
    with pytest.raises(NotServed, match="enough"):
        asyncio.run(prices.run(say))
    assert len(heard) == 2
    assert waits == [60.0, 60.0]
