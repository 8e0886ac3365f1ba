"""What a backtest and a paper session assume, in the sentences that every tear sheet has, for each way to set them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from docs.making.sources import table

WAYS: tuple[tuple[str, dict[str, Any]], ...] = (
    ('`fills = "next_open"`', {}),
    ('`fills = "taker_close"`', {"fills": "taker_close"}),
    ('`fills = "maker_draw"`', {"fills": "maker_draw"}),
    ('`matcher = "book"`', {"matcher": "book", "latency_ms": 250}),
    ("`latency_ms = 250`", {"latency_ms": 250}),
    ("`latency_jitter_ms = 100`", {"latency_ms": 250, "latency_jitter_ms": 100}),
    ("`latency_p99_ms = 900`", {"latency_ms": 250, "latency_p99_ms": 900}),
)
"""Each way to set the paper venue that changes a sentence."""


def page() -> list[str]:
    """The table: what it is about, when it is said, and the sentence."""
    told: dict[tuple[str, str], list[str]] = {}
    everything: set[str] = set()
    for way, assumption in _told():
        told.setdefault(assumption, []).append(way)
        everything.add(way)
    order = list(dict.fromkeys(about for about, _ in told))
    rows = [
        (about, "always" if set(ways) == everything else _when(ways), sentence)
        for about in order
        for (name, sentence), ways in told.items()
        if name == about
    ]
    return table(("about", "if", "every report says"), rows)


def _when(ways: list[str]) -> str:
    return "by default" if len(ways) > 2 else ", ".join(ways)


def _told() -> Iterator[tuple[str, tuple[str, str]]]:
    """Every sentence with the setting that makes it."""
    from tradeworthy.execution.settings import PaperVenueSettings
    from tradeworthy.reporting.assumptions import assumptions_of

    for way, settings in WAYS:
        for one in assumptions_of(PaperVenueSettings(**settings), (_instrument(),), feed="recorded", seed=42):
            yield way, one
    venue = PaperVenueSettings()
    for way, more in (
        ("`--feed simulator`", {"feed": "simulator"}),
        ("`risk.leverage_max = 3`", {"feed": "recorded", "leverage": Decimal(3)}),
    ):
        yield from ((way, one) for one in assumptions_of(venue, (_instrument(),), seed=42, **more))
    yield from (("prediction markets", one) for one in assumptions_of(venue, (), feed="recorded", seed=42))


def _instrument() -> Any:
    from tradeworthy.market.instruments import Instrument

    return Instrument(
        "BTCUSDT",
        "venue",
        "USDT",
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        taker_fee=Decimal("0.0005"),
        maker_fee=Decimal("0.0002"),
    )
