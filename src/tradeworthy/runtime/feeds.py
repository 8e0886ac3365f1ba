"""Opens the feed that a plan names."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.catalog.catalog import Catalog
from tradeworthy.gateways.catalog.feed import CatalogFeed
from tradeworthy.gateways.feeds.protocol import Feed
from tradeworthy.gateways.feeds.recorded import RecordedFeed
from tradeworthy.gateways.simulator.feed import SimulatorFeed
from tradeworthy.runtime.assembly import instruments_of, timeframe_of
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan

FEEDS = "simulator, recorded, recorded:DIR, catalog or live"


def open_feed(plan: Plan, home: Home) -> Feed:
    """The plan's feed; NotAvailable if its data is not here, UsageError if it has no such name."""
    configuration = plan.configuration
    instruments, timeframe = instruments_of(configuration), timeframe_of(configuration)
    name, _, folder = plan.feed.partition(":")
    from_ts, to_ts = _day_start(plan.first_day), _day_start(plan.last_day, days=1)
    if name == "simulator" and not folder:
        if plan.first_day or plan.last_day:
            raise UsageError("--from and --to bound recorded data; for the simulator give --duration")
        return SimulatorFeed(configuration.simulator, instruments, timeframe, seed=plan.the_seed)
    if name == "recorded":
        where = Path(folder) if folder else configuration.data.recorded
        if where is None:
            raise NotAvailable(
                "no folder of recorded data is set; name one with --feed recorded:DIR, or set data.recorded "
                "in the configuration or TRADEWORTHY_DATA__RECORDED"
            )
        return RecordedFeed(where, instruments, timeframe, from_ts=from_ts, to_ts=to_ts)
    if name == "catalog" and not folder:
        root = configuration.data.catalog or home.catalog
        return CatalogFeed(Catalog(root), instruments, timeframe, from_ts=from_ts, to_ts=to_ts)
    raise UsageError(f"there is no feed {plan.feed!r}; give {FEEDS}")


def _day_start(day: date | None, *, days: int = 0) -> int | None:
    if day is None:
        return None
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=days)
    return int(start.timestamp()) * 1_000_000_000
