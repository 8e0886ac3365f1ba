"""Closed trades for tests of learning: plain fixtures, and seeded worlds in which an effect may be planted."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from tradeworthy.learning.events import TradeFact

HOUR = 3_600_000_000_000
ASOF = 10**18
ENTRY, ADD, TRIM = "pm.uptrend.S1.entry", "pm.uptrend.S2.add", "pm.uptrend.S2.trim"

SCOPE = {
    "chain": "solana",
    "market_family": "meme",
    "timeframe": "1h",
    "A_mode": "normal",
    "E_mode": "normal",
    "mcap_bucket": "micro",
}
DIMENSIONS: dict[str, Sequence[str]] = {
    "chain": ("solana", "base", "ethereum"),
    "curator": ("ann", "bob", "cid", "dan"),
    "timeframe": ("1m", "15m", "1h", "4h"),
    "E_mode": ("patient", "normal", "aggressive"),
}


def trades(
    count: int, rr: float | Sequence[float], scope: Mapping[str, str], first: int = 0, pattern: str = ENTRY
) -> list[TradeFact]:
    """Trades with an entry and a trim each, an hour apart; `rr` is one result for all, or theirs in turn."""
    results = [rr] * count if isinstance(rr, float | int) else list(rr)
    return [
        TradeFact(f"t{first + number:05d}", action, key, category, dict(scope), results[number], 1.0, ts)
        for number in range(count)
        for action, key, category, ts in (
            ("0", pattern, "entry", (first + number) * HOUR),
            ("1", TRIM, "trim", (first + number) * HOUR + 1),
        )
    ]


def world(seed: int, count: int, effect: float = 0.0) -> list[TradeFact]:
    """Trades of random scopes with an entry and up to two adds; a third of them on solana, where `effect` is added.

    Results have a spread of 1, a floor and a long upper tail. The adds of one trade may differ in E_mode.
    """
    draw = random.Random(seed)
    facts = []
    for number in range(count):
        scope = {name: draw.choice(values) for name, values in DIMENSIONS.items()}
        scope["chain"] = DIMENSIONS["chain"][number % 3]
        planted = effect if scope["chain"] == "solana" else 0.0
        result = draw.expovariate(1.0) - 1.0 + planted
        trade, ts = f"t{number:05d}", number * HOUR
        facts.append(TradeFact(trade, "0", ENTRY, "entry", scope, result, 1.0, ts))
        for add in range(draw.randrange(3)):
            inner = {**scope, "E_mode": draw.choice(DIMENSIONS["E_mode"])}
            facts.append(TradeFact(trade, f"{add + 1}", ADD, "add", inner, result, 1.0, ts + add + 1))
    return facts
