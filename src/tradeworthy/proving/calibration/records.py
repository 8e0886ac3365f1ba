"""Which recorded data a proof is to be made on."""

from __future__ import annotations

import os
from pathlib import Path

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.feeds.window_record import (
    MARKETS,
    PRICES,
    Arrivals,
    Window,
    is_record,
    read_arrivals,
    read_windows,
)

RECORDED = "TRADEWORTHY_DATA__RECORDED"


def read_day(feed: str) -> tuple[Arrivals, list[Window]]:
    """The prices and windows of the day that `feed` (recorded or recorded:DIR) names.

    NotAvailable if it is not there, UsageError if `feed` is no recorded one or a file can't be read.
    """
    folder = day_folder(feed)
    arrivals, _ = read_arrivals(folder)
    return arrivals, read_windows(folder)


def day_folder(feed: str) -> Path:
    """The folder with a day of windows: the one named, or the only one in it."""
    name, _, named = feed.partition(":")
    if name != "recorded":
        raise UsageError(
            f"calibration needs recorded outcomes; give --feed recorded or recorded:DIR, not {feed!r}"
        )
    where = named or os.environ.get(RECORDED)
    if not where:
        raise NotAvailable(
            f"no folder of recorded data is set; name one with --feed recorded:DIR, or set {RECORDED}"
        )
    folder = Path(where)
    if is_record(folder):
        return folder
    inside = sorted(path for path in folder.glob("*") if path.is_dir() and is_record(path))
    if len(inside) == 1:
        return inside[0]
    if inside:
        names = ", ".join(path.name for path in inside)
        raise UsageError(f"{folder} has several days of windows ({names}); name one with --feed recorded:DIR")
    raise NotAvailable(f"{folder} has no day of up/down windows: no {MARKETS} with {PRICES}")
