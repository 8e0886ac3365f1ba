"""Opens the feed that a plan names."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.catalog.catalog import Catalog
from tradeworthy.gateways.catalog.feed import CatalogFeed
from tradeworthy.gateways.feeds.predictions import open_prediction_feed
from tradeworthy.gateways.feeds.protocol import Feed, LiveFeed
from tradeworthy.gateways.feeds.recorded import RecordedFeed
from tradeworthy.gateways.simulator.feed import SimulatorFeed
from tradeworthy.gateways.simulator.predictions import PredictionSimulatorFeed
from tradeworthy.runtime.assembly import instruments_of, timeframe_of
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan

FEEDS = "simulator, recorded, recorded:DIR, catalog or live"
PREDICTION_FEEDS = "simulator, recorded, recorded:DIR or live"


def open_feed(plan: Plan, home: Home) -> Feed:
    """The plan's feed; NotAvailable if its data is not here, UsageError if it has no such name."""
    name, _, folder = plan.feed.partition(":")
    if name == "simulator" and (plan.first_day or plan.last_day):
        raise UsageError("--from and --to bound recorded data; for the simulator give --duration")
    if plan.configuration.on_tokens:
        from tradeworthy.runtime.token_feeds import (
            open_token_feed,  # a session loads only the feeds that it has
        )

        where = recorded_folder(plan, folder) if name == "recorded" else None
        return open_token_feed(plan, plan.feed if name != "recorded" else name, where, _range(plan))
    if plan.configuration.on_predictions:
        return _prediction_feed(plan, name, folder)
    return _bar_feed(plan, home, name, folder)


def open_live_feed(plan: Plan) -> LiveFeed:
    """The outside world's prices of the plan's tokens; NotAvailable or UsageError if one of them has no place there."""
    from tradeworthy.gateways.feeds.live_tokens import open_live_tokens
    from tradeworthy.runtime.token_feeds import tokens_of

    return open_live_tokens(tokens_of(plan.configuration), os.environ)


def _bar_feed(plan: Plan, home: Home, name: str, folder: str) -> Feed:
    configuration = plan.configuration
    instruments, timeframe = instruments_of(configuration), timeframe_of(configuration)
    from_ts, to_ts = _range(plan)
    if name == "simulator" and not folder:
        return SimulatorFeed(configuration.simulator, instruments, timeframe, seed=plan.the_seed)
    if name == "recorded":
        return RecordedFeed(
            recorded_folder(plan, folder), instruments, timeframe, from_ts=from_ts, to_ts=to_ts
        )
    if name == "catalog" and not folder:
        root = configuration.data.catalog or home.catalog
        return CatalogFeed(Catalog(root), instruments, timeframe, from_ts=from_ts, to_ts=to_ts)
    raise UsageError(f"there is no feed {plan.feed!r}; give {FEEDS}")


def _prediction_feed(plan: Plan, name: str, folder: str) -> Feed:
    """Oracle prices, markets and books: the desks trade no bars."""
    configuration = plan.configuration
    quote, currency = configuration.predictions.quote, configuration.account.currency
    if quote != currency:
        raise UsageError(
            f"prediction markets are quoted in {quote}, and the account is in {currency}; make account.currency and"
            " predictions.quote the same"
        )
    if name == "simulator" and not folder:
        return PredictionSimulatorFeed(configuration.predictions, seed=plan.the_seed)
    if name == "recorded":
        from_ts, to_ts = _range(plan)
        return open_prediction_feed(
            recorded_folder(plan, folder),
            configuration.recorded_markets,
            configuration.predictions,
            seed=plan.the_seed,
            from_ts=from_ts,
            to_ts=to_ts,
        )
    raise UsageError(f"there is no feed {plan.feed!r} of prediction markets; give {PREDICTION_FEEDS}")


def recorded_folder(plan: Plan, folder: str) -> Path:
    """The folder of recorded data that the plan names; NotAvailable if none is set."""
    where = Path(folder) if folder else plan.configuration.data.recorded
    if where is None:
        raise NotAvailable(
            "no folder of recorded data is set; name one with --feed recorded:DIR, or set data.recorded "
            "in the configuration or TRADEWORTHY_DATA__RECORDED"
        )
    return where


def _range(plan: Plan) -> tuple[int | None, int | None]:
    return _day_start(plan.first_day), _day_start(plan.last_day, days=1)


def _day_start(day: date | None, *, days: int = 0) -> int | None:
    if day is None:
        return None
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=days)
    return int(start.timestamp()) * 1_000_000_000
