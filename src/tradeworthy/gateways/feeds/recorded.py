"""The recorded feed: bars of one folder's `klines_<timeframe>.parquet` or `candles_<timeframe>.parquet`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.feeds.files import STAMP_MAX, bad_file, digest_of, open_bars, symbols_of
from tradeworthy.gateways.feeds.merged import ROWS_A_WINDOW, MergedFeed
from tradeworthy.market.bars import utc_text
from tradeworthy.market.instruments import Instrument

STEMS = ("klines", "candles")
SETTING = "data.recorded (TRADEWORTHY_DATA__RECORDED)"


def find_file(folder: Path, timeframe: str) -> Path:
    """The folder's file of bars of `timeframe`; NotAvailable, saying what there is, if it has none.

    UsageError if what is there is no file, or there are two.
    """
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise NotAvailable(
            f"the folder of recorded data {folder} {what}; name one with --feed recorded:DIR or {SETTING}"
        )
    names = [f"{stem}_{timeframe}.parquet" for stem in STEMS]
    found = [folder / name for name in names if (folder / name).is_file()]
    if len(found) > 1:
        raise UsageError(f"{folder} has both {' and '.join(names)}; move one of them to a folder of its own")
    if found:
        return found[0]
    if odd := next((folder / name for name in names if os.path.lexists(folder / name)), None):
        what = "a folder" if odd.is_dir() else "a link to nothing" if odd.is_symlink() else "no file"
        raise UsageError(f"{odd} is {what}; put a Parquet file of bars there")
    near = sorted({path.parent.name for name in names for path in folder.glob(f"*/{name}")})
    bars = sorted(path.name for stem in STEMS for path in folder.glob(f"{stem}_*.parquet"))
    there = (
        f"its folders {', '.join(near)} do: name one with --feed recorded:DIR"
        if near
        else f"it has {', '.join(bars)}"
        if bars
        else f"name a folder that does with --feed recorded:DIR or {SETTING}"
    )
    raise NotAvailable(f"{folder} has no {' or '.join(names)}; {there}")


class RecordedSource:
    """One file's rows of the given symbols."""

    def __init__(self, path: Path, symbols: Sequence[str], asked: dict[str, object]) -> None:
        self._path, self._asked = path, asked
        self._bars = open_bars(path)
        self._symbols = pl.Enum(symbols)
        self._wanted = pl.col("symbol").is_in(list(symbols))
        self._require(symbols, symbols_of(path))
        figures = self._collect(
            self._bars.filter(self._wanted).select(
                first=pl.col("ts").min(), last=pl.col("ts").max(), stampless=pl.col("ts").null_count()
            )
        ).row(0, named=True)
        if figures["stampless"]:
            raise UsageError(
                f"{path} has {figures['stampless']} rows without a stamp in column ts; remove them"
            )
        self.first, self.last = int(figures["first"]), int(figures["last"])
        if self.first < 0 or self.last > STAMP_MAX:
            raise UsageError(
                f"{path} has stamps from {self.first} to {self.last} ns; they must be in 1970 to 2116"
            )

    def load(self, from_ts: int, to_ts: int) -> pl.DataFrame:
        """Rows opened in [from_ts, to_ts), in file order."""
        frame = self._bars.filter(self._wanted & (pl.col("ts") >= from_ts) & (pl.col("ts") < to_ts))
        instrument = pl.col("symbol").cast(self._symbols).to_physical().alias("instrument")
        return self._collect(frame.with_columns(instrument).drop("symbol"))

    def identity(self) -> dict[str, object]:
        """File name, rows and sha256, with the instruments, timeframe and range that were asked for."""
        rows = int(self._collect(self._bars.select(pl.len())).item())
        file = {"name": self._path.name, "rows": rows, "sha256": digest_of(self._path)}
        return {"feed": "recorded", "files": [file], **self._asked}

    def _collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        try:
            return frame.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise bad_file(self._path, error) from error

    def _require(self, symbols: Sequence[str], present: list[str]) -> None:
        for symbol in symbols:
            if symbol not in present:
                if not present:
                    raise UsageError(f"{self._path} has no rows; replace it by a file that holds bars")
                near = difflib.get_close_matches(symbol, present, n=3, cutoff=0.4) or present[:3]
                raise UsageError(f"{self._path} has no symbol {symbol!r}; the nearest are {', '.join(near)}")


class RecordedFeed(MergedFeed):
    """Bars of `instruments` from a folder, opened in [from_ts, to_ts) (UTC ns; None: all there are).

    NotAvailable if folder, file or range hold nothing; UsageError for an unknown symbol or no file of bars.
    """

    def __init__(
        self,
        folder: Path,
        instruments: Sequence[Instrument],
        timeframe: str,
        *,
        from_ts: int | None = None,
        to_ts: int | None = None,
        rows_a_window: int = ROWS_A_WINDOW,
    ) -> None:
        ids = [instrument.id for instrument in instruments]
        path = find_file(folder, timeframe)
        asked: dict[str, object] = {"instruments": ids, "timeframe": timeframe, "from": from_ts, "to": to_ts}
        source = RecordedSource(path, ids, asked)
        span = (
            max(source.first, from_ts or 0),
            source.last + 1 if to_ts is None else min(source.last + 1, to_ts),
        )
        if span[0] >= span[1]:
            raise NotAvailable(
                f"{path} has no bars of {', '.join(ids)} in the range asked for;"
                f" it has them from {utc_text(source.first)} to {utc_text(source.last)}"
            )
        super().__init__("recorded", source, ids, timeframe, span, rows_a_window=rows_a_window)
