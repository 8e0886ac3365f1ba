"""Prices of tokens as they are now: one point a minute and token, from the pool that prices it."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

import structlog

from tradeworthy.core.errors import NotAvailable
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.config import TokenSettings
from tradeworthy.gateways.feeds.protocol import Say
from tradeworthy.gateways.geckoterminal import ABSENT, POOLS_A_CALL, GeckoTerminal, NotServed
from tradeworthy.gateways.token_pools import Pool, network_of, number, spelt
from tradeworthy.market.bars import TIMEFRAMES_NS, FeedGap
from tradeworthy.market.ticks import PricePoint

log = structlog.get_logger()

MINUTE_NS = TIMEFRAMES_NS["1m"]
POLL_AT_NS = 30_000_000_000
"""How far into a minute it asks: late enough to be near the minute's close, early enough to be in it."""

TOKENS_A_MINUTE = 250
"""With more tokens it asks every second minute, and so on. Source: specs/uptrend.md 3.1."""

POLL_FAILED, NO_PRICE = "poll_failed", "no_price"
"""Why a token has no point: the call failed, or the answer has no price of it."""


class TokenPrices:
    """Points of `tokens` from `provider`, in the name of `feed`; `now` is UTC ns. A price is stamped when it came.

    NotAvailable if a token has neither contract nor pool.
    """

    def __init__(
        self,
        provider: GeckoTerminal,
        tokens: Sequence[TokenSettings],
        *,
        feed: str,
        now: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        for token in tokens:
            if not token.contract and not token.pool:
                raise NotAvailable(
                    f"token {token.instrument} has no contract and no pool, so nobody knows its price; give it one of"
                    " them in the desk's settings.tokens"
                )
        self._provider, self._feed, self._now, self._sleep = provider, feed, now, sleep
        self._known_to: dict[str, int] = {}
        by_chain: defaultdict[str, list[TokenSettings]] = defaultdict(list)
        for token in tokens:
            by_chain[token.chain].append(token)
        self.groups = tuple(
            tuple(group[at : at + POOLS_A_CALL])
            for group in by_chain.values()
            for at in range(0, len(group), POOLS_A_CALL)
        )
        self.every_ns = MINUTE_NS * max(1, -(-len(tokens) // TOKENS_A_MINUTE))

    async def run(self, say: Say) -> None:
        """Ask at once and then at every turn, until cancelled."""
        while True:
            for group in self.groups:
                for event in await asyncio.to_thread(self.poll, group):
                    await say(event)
            now = self._now()
            await self._sleep((next_poll(now, self.every_ns) - now) / 1e9)

    def poll(self, tokens: Sequence[TokenSettings]) -> list[Event]:
        """A point of each of `tokens`, all of one chain and in one call, or a FeedGap since its last one."""
        addresses, faults = self._pools_of(tokens)
        found: dict[str, Pool] = {}
        if addresses:
            try:
                found = self._provider.pools(tokens[0].chain, list(addresses.values()))
            except NotServed as error:
                faults |= dict.fromkeys(addresses, str(error))
        now = self._now()
        events: list[Event] = []
        for token in tokens:
            name = token.instrument
            pool = found.get(spelt(addresses.get(name, "")))
            point = point_of(token, pool, now) if pool else None
            if point is None:
                events.append(self._gap(token, now, faults.get(name, "")))
            else:
                events.append(point)
                self._known_to[name] = now
        return events

    def _pools_of(self, tokens: Sequence[TokenSettings]) -> tuple[dict[str, str], dict[str, str]]:
        """The pool's address by instrument, and for those that have none why not.

        Where the provider itself fails, it is not asked for the next token as well: each call has its tries.
        """
        addresses: dict[str, str] = {}
        faults: dict[str, str] = {}
        outage = ""
        for token in tokens:
            name = token.instrument
            if token.pool:
                addresses[name] = token.pool
            elif outage:
                faults[name] = outage
            else:
                try:
                    addresses[name] = self._provider.choose(token.chain, token.contract)
                except NotServed as error:
                    faults[name] = str(error)
                    outage = "" if error.status == ABSENT else str(error)
        return addresses, faults

    def _gap(self, token: TokenSettings, now: int, fault: str) -> FeedGap:
        """That nothing is known of the token since its last point or gap; its pool may be gone, so choose anew."""
        if not fault and not token.pool:
            self._provider.forget(token.chain, token.contract)
        name = token.instrument
        log.warning(
            NO_PRICE, instrument=name, chain=token.chain, error=fault or "its pool has no price of it"
        )
        from_ts = self._known_to.get(name, now)
        self._known_to[name] = now
        return FeedGap(self._feed, name, from_ts, now, POLL_FAILED if fault else NO_PRICE)


def point_of(token: TokenSettings, pool: Pool, ts: int) -> PricePoint | None:
    """The token's point of what its pool says; None if that has no price of it.

    Money is in dollars. The market cap is of the pool's base token, and there alone if the provider vouches for it.
    """
    said = pool.attributes
    base, other = pool.tokens(network_of(token.chain))
    contract = spelt(token.contract) or base
    price = {other: number(said.quote_token_price_usd), base: number(said.base_token_price_usd)}.get(contract)
    if price is None or price <= 0:
        return None
    volume = said.volume_usd or {}
    return PricePoint(
        token.instrument,
        price,
        ts,
        volume_5m=_amount(volume.get("m5")),
        volume_24h=_amount(volume.get("h24")),
        liquidity_usd=_amount(said.reserve_in_usd),
        market_cap=_amount(said.market_cap_usd) if contract == base else None,
    )


def next_poll(now: int, every_ns: int) -> int:
    """The next time to ask after `now`: POLL_AT_NS into a minute."""
    return (now - POLL_AT_NS) // every_ns * every_ns + every_ns + POLL_AT_NS


def _amount(value: object) -> float | None:
    """A number of 0 or more; the provider at times has reserves below 0."""
    found = number(value)
    return found if found is not None and found >= 0 else None
