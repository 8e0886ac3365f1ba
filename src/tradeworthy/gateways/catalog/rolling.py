"""Rolled series of the catalog: bars of long timeframes from the series of a short one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import msgspec
import numpy as np
import polars as pl

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.catalog.catalog import SCHEMA, Catalog
from tradeworthy.gateways.catalog.manifest import BARS, Manifest, Source
from tradeworthy.gateways.feeds.files import STAMP_MAX
from tradeworthy.market.rollup import Bars, Rolled, longer, roll


class RolledSeries(msgspec.Struct, frozen=True):
    """A series that was made: its bars, those of them that lack source bars (`partial`), and its gaps."""

    venue: str
    instrument: str
    source: str
    timeframe: str
    bars: int
    partial: int
    gaps: int


def roll_catalog(
    catalog: Catalog,
    timeframe: str,
    to: Collection[str],
    *,
    venue: str = "",
    instruments: Collection[str] = (),
    progress: Callable[[RolledSeries], None] = lambda _: None,
) -> list[RolledSeries]:
    """Roll the catalog's series of `timeframe` to each timeframe of `to`; all venues and instruments unless named.

    A rolled series holds just what its source gives now. UsageError if a series of that name was imported.
    """
    names = longer(timeframe, to)
    done = []
    for manifest in chosen(catalog, timeframe, venue, instruments):
        for series in _roll_series(catalog, manifest, names):
            progress(series)
            done.append(series)
    return done


def chosen(
    catalog: Catalog, timeframe: str = "", venue: str = "", instruments: Collection[str] = ()
) -> Sequence[Manifest]:
    """The catalog's series of bars that fit; NotAvailable if there is none, or none of a named instrument."""
    found = [
        one
        for one in catalog.list()
        if one.kind.startswith(BARS)
        and timeframe in {"", one.timeframe}
        and venue in {"", one.venue}
        and (not instruments or one.instrument in instruments)
    ]
    absent = sorted(set(instruments) - {one.instrument for one in found})
    if absent or not found:
        what = f"{timeframe} bars".lstrip()
        of = f" of {absent[0]}" if absent else ""
        at = f" from {venue}" if venue else ""
        raise NotAvailable(
            f"the catalog {catalog.root} has no {what}{of}{at}: tradeworthy data list says what there is"
        )
    return found


def _roll_series(catalog: Catalog, source: Manifest, names: Sequence[str]) -> Iterator[RolledSeries]:
    targets = [catalog.begin(source.venue, source.instrument, name) for name in names]
    for target in targets:
        if target.days and (target.source is None or target.source.kind != source.kind):
            raise UsageError(
                f"the {target.timeframe} bars of {target.venue}/{target.instrument} were not rolled from"
                f" {source.timeframe}; delete {catalog.folder(target)}, or leave {target.timeframe} out"
            )
    frame = catalog.read([source], 0, STAMP_MAX)
    bars = Bars(frame["ts"].to_numpy(), *(frame[name].to_numpy() for name in Bars._fields[1:]))
    rolled = roll(bars, source.timeframe, names).rolled
    for target in targets:
        target.source = Source(source.kind, source.digest())
        catalog.replace(target, frame_of(rolled[target.timeframe]))
        gaps = sum(1 for _ in target.gaps())
        yield RolledSeries(
            target.venue,
            target.instrument,
            source.timeframe,
            target.timeframe,
            target.rows,
            target.partial,
            gaps,
        )


def frame_of(rolled: Rolled) -> pl.DataFrame:
    """Rolled bars as the catalog keeps them: SCHEMA, and how many source bars came, were due, had no volume."""
    counts = {
        "present": rolled.present,
        "expected": np.full_like(rolled.present, rolled.expected),
        "idle": rolled.idle,
    }
    columns = dict(zip(SCHEMA, rolled.bars, strict=True)) | counts
    return pl.DataFrame(columns, schema={**SCHEMA, **dict.fromkeys(counts, pl.Int32())})
