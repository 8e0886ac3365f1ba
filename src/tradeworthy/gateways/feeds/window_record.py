"""The record of a day of up/down windows as it lies in its folder: settlement prices, and the venue's markets."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.feeds.files import digest_of
from tradeworthy.gateways.feeds.recorded_files import unreadable
from tradeworthy.gateways.feeds.rows import Floats, Integers
from tradeworthy.market.instruments import FeeCurve

MARKETS, PRICES = "*-markets-*.jsonl.gz", "*-prices-*.csv.gz"
_COLUMNS = ("feed_ts_ms", "value", "recv_ms")

MS_NS = 1_000_000
SECOND_NS = 1_000_000_000
STRIKE_UNIT = 10**18
"""Strikes are recorded in units of 1e-18."""

STRIKE_TOLERANCE_NS = 2 * SECOND_NS
"""A price this long after a window's start still tells its strike."""

GAP_NS = 2 * SECOND_NS
"""Prices come every second; a longer silence is a gap."""


class Arrivals(NamedTuple):
    """Settlement prices in order of arrival: `ts` when each came, `ts_event` what second it is of (UTC ns)."""

    ts: Integers
    ts_event: Integers
    price: Floats

    def between(self, from_ts: int, to_ts: int) -> Arrivals:
        """Those that came in [from_ts, to_ts)."""
        kept = (self.ts >= from_ts) & (self.ts < to_ts)
        return Arrivals(self.ts[kept], self.ts_event[kept], self.price[kept])

    def first_at(self, ts: int) -> int:
        """The place of the first price that is of `ts` or later; the number of prices if there is none."""
        later = self.ts_event >= ts
        return int(np.argmax(later)) if later.any() else len(self.ts)


class Window(msgspec.Struct, frozen=True):
    """One up/down market by the venue's own words; times in UTC ns, 0 is unknown. `up` is how it was resolved."""

    slug: str
    condition: str
    tokens: tuple[str, str]
    title: str
    labels: tuple[str, ...]
    underlying: str
    start_ts: int
    end_ts: int
    strike: float | None
    tick: Decimal
    size_min: Decimal
    fee: FeeCurve
    resolution_source: str
    resolved_ts: int
    up: bool | None


def is_record(folder: Path) -> bool:
    """Whether the folder holds such a record."""
    return any(folder.glob(MARKETS)) and any(folder.glob(PRICES))


def files_of(folder: Path) -> list[dict[str, str]]:
    """The record's files by name and content."""
    paths = [_only(folder, MARKETS), _only(folder, PRICES)]
    return [{"name": path.name, "sha256": digest_of(path)} for path in paths]


def read_arrivals(folder: Path) -> tuple[Arrivals, dict[str, int]]:
    """The prices, and how many rows were none, by reason; NotAvailable or UsageError if there is no such file."""
    path = _only(folder, PRICES)
    try:
        frame = pl.read_csv(path, columns=list(_COLUMNS), schema_overrides={"value": pl.Float64})
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error, _COLUMNS) from error
    good = frame.filter(
        pl.all_horizontal(pl.all().is_not_null()), pl.col("value").is_finite() & (pl.col("value") > 0)
    )
    bad = {"bad_price": frame.height - good.height} if frame.height > good.height else {}
    if good.is_empty():
        raise NotAvailable(f"{path} has no price")
    good = good.sort("recv_ms", "feed_ts_ms", maintain_order=True)
    ts, ts_event = (good[name].to_numpy() * MS_NS for name in ("recv_ms", "feed_ts_ms"))
    return Arrivals(ts, ts_event, good["value"].to_numpy()), bad


def read_windows(folder: Path) -> list[Window]:
    """The markets in order of their start, each once; UsageError for a line that is no market."""
    path = _only(folder, MARKETS)
    windows: dict[str, Window] = {}
    try:
        with gzip.open(path) as lines:
            for line in lines:
                row = msgspec.json.decode(line)
                if row["slug"] not in windows:
                    windows[row["slug"]] = _window(row)
    except (OSError, EOFError, ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise UsageError(f"{path} has a line that is no market ({error!r}): replace the file") from error
    return sorted(windows.values(), key=lambda window: (window.start_ts, window.slug))


def _window(row: dict[str, Any]) -> Window:
    raw = row["raw"]
    schedule = raw.get("feeSchedule") or {}
    strike = row["strike_value"]
    return Window(
        slug=row["slug"],
        condition=row["condition_id"],
        tokens=(row["token_ids"][0], row["token_ids"][1]),
        title=raw["question"],
        labels=tuple(msgspec.json.decode(raw["outcomes"])),
        underlying=row["asset"].upper(),
        start_ts=row["start_sec"] * SECOND_NS,
        end_ts=row["end_sec"] * SECOND_NS,
        strike=int(strike) / STRIKE_UNIT if strike else None,
        tick=Decimal(str(raw["orderPriceMinTickSize"])),
        size_min=Decimal(str(raw["orderMinSize"])),
        fee=FeeCurve(Decimal(str(schedule.get("rate", 0))), int(schedule.get("exponent", 1))),
        resolution_source=raw.get("resolutionSource") or "",
        resolved_ts=_resolved_ts(raw),
        up=_outcome(raw),
    )


def _outcome(raw: dict[str, Any]) -> bool | None:
    """Whether the first outcome won; None unless it is closed, of two outcomes, at prices of exactly 1 and 0."""
    outcomes = msgspec.json.decode(raw.get("outcomes") or "[]")
    prices = msgspec.json.decode(raw.get("outcomePrices") or "[]")
    if raw.get("closed") is not True or len(outcomes) != len(("up", "down")):
        return None
    return {("1", "0"): True, ("0", "1"): False}.get(tuple(prices))


def _resolved_ts(raw: dict[str, Any]) -> int:
    said = raw.get("closedTime") or raw.get("umaEndDate")
    if not said:
        return 0
    when = datetime.fromisoformat(said.replace("Z", "+00:00") if said.endswith("Z") else said)
    return int(when.astimezone(UTC).timestamp()) * SECOND_NS


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise NotAvailable(f"{folder} has no {pattern}")
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise UsageError(f"{folder} has {names}: keep one day in a folder")
    return found[0]
