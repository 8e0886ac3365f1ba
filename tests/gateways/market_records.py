"""Small records of prediction markets, written as the real ones are, and the feeds over them."""

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import polars as pl

from tests.gateways.recordings import rows_of
from tradeworthy.core.events import Event
from tradeworthy.gateways.feeds.prediction_settings import RecordedMarketSettings
from tradeworthy.gateways.feeds.predictions import open_prediction_feed
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.gateways.feeds.timeline import TimelineFeed
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings

SECOND = 1_000_000_000
DAY_S = 1_780_876_800
"""2026-06-08 00:00 UTC, s."""

E = TypeVar("E", bound=Event)


def feed_of(
    folder: Path,
    *,
    seed: int = 7,
    from_ts: int | None = None,
    to_ts: int | None = None,
    **settings: Any,
) -> TimelineFeed:
    """The feed of a folder, with the makers' usual settings."""
    return open_prediction_feed(
        folder,
        RecordedMarketSettings(**settings),
        PredictionSettings(),
        seed=seed,
        from_ts=from_ts,
        to_ts=to_ts,
    )


def events(rows: Sequence[Row], kind: type[E]) -> list[tuple[int, E]]:
    """The events of one kind, each with its session time."""
    return [(ts, event) for _, ts, event in rows if isinstance(event, kind)]


def check_order(feed: TimelineFeed) -> list[Row]:
    """All rows of a feed, checked: positions count up from 0, and time never falls."""
    rows = rows_of(feed)
    assert [position for position, _, _ in rows] == list(range(len(rows)))
    assert feed.end() == len(rows) - 1
    stamps = [ts for _, ts, _ in rows]
    assert stamps == sorted(stamps)
    assert feed.span() == (stamps[0], stamps[-1])
    return rows


# A day of windows


class Price(NamedTuple):
    """A settlement price: the second after DAY_S that it is of, its value, and how late it arrived."""

    second: int
    value: float
    late_ms: int = 1300


def steady(seconds: int, value: float = 60_000.0, step: float = 0.25) -> list[Price]:
    """A price each second that goes up and down a little."""
    return [Price(second, value + step * ((second * 7919) % 41 - 20)) for second in range(seconds)]


def gamma(
    start_s: int, *, up: bool | None = True, strike: float | None = 60_000.0, **raw: Any
) -> dict[str, Any]:
    """A window of five minutes from DAY_S + start_s on, as the venue's catalogue has it."""
    start = DAY_S + start_s
    closed = datetime.fromtimestamp(start + 318, UTC).strftime("%Y-%m-%d %H:%M:%S+00")
    prices = {True: ["1", "0"], False: ["0", "1"], None: ["0.5", "0.5"]}[up]
    return {
        "slug": f"btc-updown-5m-{start}",
        "asset": "btc",
        "interval_sec": 300,
        "condition_id": f"0x{start:064x}",
        "token_ids": [f"{start}1", f"{start}2"],
        "start_sec": start,
        "end_sec": start + 300,
        "resolved": up is not None,
        "outcome_prices": prices,
        "strike_value": None if strike is None else str(int(strike * 100) * 10**16),
        "raw": {
            "question": "Bitcoin Up or Down - June 7, 8:00PM-8:05PM ET",
            "closed": True,
            "outcomes": '["Up", "Down"]',
            "outcomePrices": json.dumps(prices),
            "closedTime": closed,
            "feeSchedule": {"rate": 0.07, "exponent": 1, "takerOnly": True},
            "orderPriceMinTickSize": 0.01,
            "orderMinSize": 5,
            "resolutionSource": "https://example.org/btc-usd",
            **raw,
        },
    }


def write_day(folder: Path, prices: Sequence[Price], markets: Sequence[dict[str, Any]]) -> Path:
    """A record of a day of windows."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["feed_ts_ms,value,full_accuracy_value,server_ts_ms,recv_ms"]
    for second, value, late_ms in prices:
        stamp = (DAY_S + second) * 1000
        lines.append(f"{stamp},{value},0,{stamp + late_ms},{stamp + late_ms}")
    with gzip.open(folder / "BTCUSD-prices-2026-06-08.csv.gz", "wt") as file:
        file.write("\n".join(lines) + "\n")
    with gzip.open(folder / "BTC-5m-markets-2026-06-08.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(market) + "\n" for market in markets)
    return folder


# Quotes of a list


class Swept(NamedTuple):
    """A changed quote: seconds after DAY_S, the market's slug, bid and ask, and the segment."""

    second: int
    slug: str
    bid: float | None
    ask: float | None
    segment: int = 1


def write_list(
    folder: Path,
    rows: Sequence[Swept],
    *,
    last: dict[str, int] | None = None,
    labels: Sequence[tuple[str, int, str]] = (),
) -> Path:
    """A record of quotes; `last` says when a market was last seen (default: at the record's end)."""
    (folder / "quotes").mkdir(parents=True, exist_ok=True)
    end = max(row.second for row in rows)
    stamps = [datetime.fromtimestamp(DAY_S + row.second, UTC).replace(tzinfo=None) for row in rows]
    pl.DataFrame(
        {
            "ts": stamps,
            "slug": [row.slug for row in rows],
            "category": ["politics"] * len(rows),
            "bid": pl.Series([row.bid for row in rows], dtype=pl.Float64),
            "ask": pl.Series([row.ask for row in rows], dtype=pl.Float64),
            "segment": [row.segment for row in rows],
        }
    ).write_parquet(folder / "quotes" / "dt=2026-06-08.parquet")
    slugs = sorted({row.slug for row in rows})
    seen = [
        datetime.fromtimestamp(DAY_S + (last or {}).get(slug, end), UTC).replace(tzinfo=None)
        for slug in slugs
    ]
    pl.DataFrame(
        {"slug": slugs, "question": ["Who wins?"] * len(slugs), "category": "politics", "last_ts": seen}
    ).write_parquet(folder / "markets.parquet")
    pl.DataFrame(
        labels, schema={"slug": pl.String, "y": pl.Int32, "source": pl.String}, orient="row"
    ).write_parquet(folder / "labels.parquet")
    return folder


EVENTS = """
singles = ["alone"]
[events.race]
title = "Who wins?"
relation = "exclusive"
verified = true
reason = "one seat"
prefix = "race-"
markets = ["a", "b", "c"]
"""


def write_events(path: Path, text: str = EVENTS) -> Path:
    """A file of curated events."""
    path.write_text(text, encoding="utf-8")
    return path


# Quotes of windows


class Best(NamedTuple):
    """Both tokens' quotes at ms after DAY_S, in the window that began at start_s, with both prices."""

    ms: int
    start_s: int
    up: tuple[float, float]
    down: tuple[float, float]
    settlement: float = 60_000.0
    binance: float = 60_010.0


def write_windows(folder: Path, rows: Sequence[Best]) -> Path:
    """A record of best bids and asks of windows."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        (DAY_S * 1000 + row.ms, DAY_S + row.start_s, "BTC", side, *quote, row.settlement, row.binance)
        for row in rows
        for side, quote in (("up", row.up), ("down", row.down))
    ]
    names = [
        "timestamp_ms",
        "market_ts",
        "asset",
        "side",
        "bid",
        "ask",
        "chainlink_btc_price",
        "binance_btc_price",
    ]
    pl.DataFrame(lines, schema=names, orient="row").write_parquet(folder / "bbo.parquet")
    starts = sorted({DAY_S + row.start_s for row in rows})
    pl.DataFrame(
        {
            "market_ts": starts,
            "slug": [f"btc-updown-5m-{start}" for start in starts],
            "up_token_id": [f"{start}1" for start in starts],
            "down_token_id": [f"{start}2" for start in starts],
        }
    ).write_parquet(folder / "markets.parquet")
    return folder
