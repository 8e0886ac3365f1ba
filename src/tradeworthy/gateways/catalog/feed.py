"""The catalog as a feed, for backtests."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import polars as pl

from tradeworthy.core.errors import NotAvailable
from tradeworthy.gateways.catalog.catalog import Catalog
from tradeworthy.gateways.catalog.manifest import Manifest
from tradeworthy.gateways.feeds.merged import MergedFeed
from tradeworthy.market.bars import utc_text
from tradeworthy.market.instruments import Instrument

ROWS_A_WINDOW = 100_000
"""Days are files of their own, so short stretches cost no second reading."""


class CatalogSource:
    """Series of the catalog, one for each instrument."""

    def __init__(self, catalog: Catalog, series: Sequence[Manifest], asked: dict[str, object]) -> None:
        self._catalog, self._series, self._asked = catalog, series, asked

    def load(self, from_ts: int, to_ts: int) -> pl.DataFrame:
        """Rows opened in [from_ts, to_ts)."""
        return self._catalog.read(self._series, from_ts, to_ts)

    def identity(self) -> dict[str, object]:
        """Each series by its manifest's hash, with the range that was asked for."""
        series = [
            {"venue": one.venue, "instrument": one.instrument, "rows": one.rows, "sha256": one.digest()}
            for one in self._series
        ]
        return {"feed": "catalog", "series": series, **self._asked}


class CatalogFeed(MergedFeed):
    """Bars of `instruments` from the catalog, opened in [from_ts, to_ts) (UTC ns; None: all there are).

    NotAvailable if the catalog lacks one of them or has nothing in the range.
    """

    def __init__(
        self,
        catalog: Catalog,
        instruments: Sequence[Instrument],
        timeframe: str,
        *,
        from_ts: int | None = None,
        to_ts: int | None = None,
        rows_a_window: int = ROWS_A_WINDOW,
    ) -> None:
        series = [series_of(catalog, instrument, timeframe) for instrument in instruments]
        days = [day for manifest in series for day in manifest.days.values()]
        first = max(min((day.first_ts for day in days), default=0), from_ts or 0)
        last = max((day.last_ts for day in days), default=-1)
        span = (first, last + 1 if to_ts is None else min(last + 1, to_ts))
        ids = [instrument.id for instrument in instruments]
        if span[0] >= span[1]:
            raise NotAvailable(
                f"the catalog {catalog.root} has no {timeframe} bars of {', '.join(ids)} in that range;"
                f" it has them from {utc_text(min(day.first_ts for day in days))} to {utc_text(last)}"
            )
        asked: dict[str, object] = {"timeframe": timeframe, "from": from_ts, "to": to_ts}
        source = CatalogSource(catalog, series, asked)
        super().__init__("catalog", source, ids, timeframe, span, rows_a_window=rows_a_window)


def series_of(catalog: Catalog, instrument: Instrument, timeframe: str) -> Manifest:
    """The manifest of an instrument's bars: of its venue, or of the only venue that the catalog has it from.

    NotAvailable, with the nearest series there are, if there is none or more than one such venue.
    """
    known = catalog.find(instrument.venue, instrument.id, timeframe)
    if known:
        return known
    there = {f"{one.venue}/{one.instrument} {one.timeframe}": one for one in catalog.list()}
    same = [
        name for name, one in there.items() if (one.instrument, one.timeframe) == (instrument.id, timeframe)
    ]
    if len(same) == 1:
        return there[same[0]]
    wanted = f"{instrument.venue}/{instrument.id} {timeframe}"
    near = same or difflib.get_close_matches(wanted, there, n=3) or sorted(there)[:3]
    what = f"the nearest are {', '.join(near)}" if near else "it is empty"
    raise NotAvailable(
        f"the catalog {catalog.root} has no {wanted}; {what}: tradeworthy data import DIR adds bars"
    )
