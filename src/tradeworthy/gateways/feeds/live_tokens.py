"""The live feed of a session that trades tokens: their prices, and trades of the majors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from tradeworthy.core.errors import NotAvailable
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.config import TokenSettings
from tradeworthy.gateways.feeds.protocol import Put
from tradeworthy.gateways.geckoterminal import URL, GeckoTerminal
from tradeworthy.gateways.hyperliquid import HyperliquidTrades, coins_of, websocket_url
from tradeworthy.gateways.token_prices import TokenPrices
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill

NAME = "live"


class LiveTokensFeed:
    """What `prices` and `trades` say, in the order of its arrival, and history from `provider`.

    A position is the wall time (UTC ns) at which the feed began, counted up by one for each event: it grows over
    processes too, and where the clock stepped back it goes on from the position before. `content` is what is fed.
    """

    name = NAME

    def __init__(
        self,
        provider: GeckoTerminal,
        prices: TokenPrices | None,
        trades: HyperliquidTrades | None,
        content: Mapping[str, object],
        *,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        self._provider, self._content, self._now = provider, dict(content), now
        self._parts = [part for part in (prices, trades) if part is not None]
        if not self._parts:
            raise NotAvailable(
                "the live feed has no token to price and no major to hear; list them in the desk's settings.tokens"
            )
        self._position = -1

    def identity(self) -> dict[str, object]:
        """The hosts, the tokens with their contracts and pools, and the majors."""
        return {"feed": self.name, **self._content}

    def backfill(self, request: RequestBackfill, now: int) -> BackfillAnswered:
        """The bars that are asked for, closed by `now` (UTC ns); a failure is an answer that says so. It blocks."""
        return self._provider.answer(request, now)

    async def run(self, put: Put, after: int) -> None:
        """Deliver what comes until cancelled; raises what ends a part. Once cancelled it asks for nothing more."""
        self._position = max(after, self._position, self._now())

        async def say(event: Event) -> None:
            self._position += 1
            await put(self._position, event)

        tasks = [asyncio.create_task(part.run(say)) for part in self._parts]
        try:
            await asyncio.gather(*tasks)
        except asyncio.CancelledError:
            self._provider.close()
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def open_live_tokens(tokens: Sequence[TokenSettings], environment: Mapping[str, str]) -> LiveTokensFeed:
    """The live feed of `tokens`: majors from Hyperliquid by their tickers, all others from GeckoTerminal.

    Addresses are those of the variables GECKOTERMINAL_URL and HYPERLIQUID_WS_URL, where they are set. NotAvailable if
    a token has neither contract nor pool, UsageError for a wrong address.
    """
    provider = GeckoTerminal(environment.get("GECKOTERMINAL_URL") or URL)
    url = websocket_url(environment)
    majors = {token.ticker: token.instrument for token in tokens if token.major}
    coins = coins_of(majors, environment)
    priced = [token for token in tokens if not token.major]
    content: dict[str, object] = {
        "hosts": [urlsplit(provider.url).hostname, urlsplit(url).hostname],
        "tokens": {token.instrument: [token.chain, token.contract, token.pool] for token in priced},
        "majors": coins,
    }
    return LiveTokensFeed(
        provider,
        TokenPrices(provider, priced, feed=NAME) if priced else None,
        HyperliquidTrades(url, coins, feed=NAME) if coins else None,
        content,
    )
