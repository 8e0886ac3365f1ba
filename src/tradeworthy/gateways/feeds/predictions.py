"""Recorded prediction markets: which data set lies in a folder, and its feed."""

from __future__ import annotations

from pathlib import Path

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.feeds import us_quotes_record, window_quotes, window_record
from tradeworthy.gateways.feeds.files import STAMP_MAX
from tradeworthy.gateways.feeds.prediction_settings import RecordedMarketSettings
from tradeworthy.gateways.feeds.timeline import TimelineFeed
from tradeworthy.gateways.feeds.us_quotes import open_us_quotes
from tradeworthy.gateways.feeds.window_day import open_window_day
from tradeworthy.gateways.feeds.window_quotes import open_window_quotes
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings

SETTING = "data.recorded (TRADEWORTHY_DATA__RECORDED)"
WANTED = {
    "a day of windows": f"{window_record.MARKETS} and {window_record.PRICES}",
    "quotes of a list": us_quotes_record.QUOTES,
    "quotes of windows": window_quotes.QUOTES,
}
"""The records that are known, by what tells them."""


def open_prediction_feed(
    folder: Path,
    settings: RecordedMarketSettings,
    predictions: PredictionSettings,
    *,
    seed: int,
    from_ts: int | None = None,
    to_ts: int | None = None,
) -> TimelineFeed:
    """The feed of the record in `folder`, of session times from `from_ts` to before `to_ts` (UTC ns; None: all).

    `predictions` says how books are simulated where only prices were recorded, and `seed` draws them. NotAvailable
    if the folder has no such record or it has nothing in the range, UsageError if it can't be read.
    """
    span = (from_ts or 0, STAMP_MAX if to_ts is None else to_ts)
    kinds = _kinds(folder)
    if len(kinds) > 1:
        raise UsageError(f"{folder} has {' and '.join(kinds)}; keep each in a folder of its own")
    if not kinds:
        raise NotAvailable(_nothing(folder))
    if kinds[0] == "a day of windows":
        return open_window_day(folder, settings, predictions, seed=seed, span=span)
    if kinds[0] == "quotes of a list":
        return open_us_quotes(folder, settings, predictions.quote, span)
    return open_window_quotes(folder, settings, predictions.quote, span)


def _kinds(folder: Path) -> list[str]:
    """Which records lie in a folder."""
    found = (window_record.is_record, us_quotes_record.is_record, window_quotes.is_record)
    return [kind for kind, is_record in zip(WANTED, found, strict=True) if is_record(folder)]


def _nothing(folder: Path) -> str:
    """What a user is told of a folder without a record."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        return f"the folder of recorded data {folder} {what}; name one with --feed recorded:DIR or {SETTING}"
    near = sorted(path.name for path in folder.iterdir() if path.is_dir() and _kinds(path))
    if near:
        do = f"its folders {', '.join(near)} do: name one with --feed recorded:DIR"
        return f"{folder} has no recorded prediction markets; {do}"
    wanted = "; ".join(f"{files} for {kind}" for kind, files in WANTED.items())
    return f"{folder} has no recorded prediction markets; it must have {wanted}"
