"""A sweep's folder: what it was asked, and parts of its results that are there whole or not at all.

manifest.json             what was asked, of which data and code, and what was tried here before
results/part-00000.parquet   one row for each set: its parameters and what it came to
daily/part-00000.parquet     the same sets' pnl by UTC day, cash units
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl

from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.codes import EXITS
from tradeworthy.market.panel_frames import Floats, Integers
from tradeworthy.reporting.metrics import DAYS_A_YEAR

MANIFEST = "manifest.json"
LOCK = "lock"
PARTIAL = ".partial"
KINDS = ("results", "daily")


class Trials(msgspec.Struct, frozen=True):
    """Sets that were tried: how many, and the sum and sum of squares of their daily Sharpe ratios."""

    sets: int = 0
    total: float = 0.0
    squares: float = 0.0

    def plus(self, sharpes: Floats) -> Trials:
        """With the sets of these daily Sharpe ratios; one that is not defined counts as 0."""
        known = np.nan_to_num(sharpes)
        return Trials(
            self.sets + len(known), self.total + float(known.sum()), self.squares + float(known @ known)
        )

    @property
    def variance(self) -> float:
        """The sample variance of the Sharpe ratios."""
        if self.sets < 2:
            return 0.0
        mean = self.total / self.sets
        return max(0.0, (self.squares - self.sets * mean * mean) / (self.sets - 1))


class Manifest(msgspec.Struct, frozen=True):
    """What a folder holds the results of: `asked` by name, and the trials made here before that.

    While it is `clearing` there may be parts of those before.
    """

    asked: dict[str, Any]
    sets: int
    chunk: int
    capital: int
    before: Trials = Trials()
    clearing: bool = False


def daily_returns(daily: Integers, capital: int) -> Floats:
    """Each day's pnl over the capital that it began with, as `reporting.metrics` counts it; 0 once none is left."""
    begun = capital + np.cumsum(daily, axis=1) - daily
    returns: Floats = np.where(begun > 0, daily / np.where(begun > 0, begun, 1), 0.0)
    return returns


def sharpes_of(returns: Floats) -> Floats:
    """Sharpe ratios of rows of daily returns, of a day; NaN for fewer than two days or no variation."""
    if returns.shape[1] < 2:
        return np.full(len(returns), np.nan)
    deviation = returns.std(axis=1, ddof=1)
    varies = deviation > 0
    return np.where(varies, returns.mean(axis=1) / np.where(varies, deviation, 1.0), np.nan)


def table_of(
    numbers: Sequence[int], sets: Sequence[Mapping[str, Any]], results: Any, daily: Integers, capital: int
) -> pl.DataFrame:
    """One row for each set; `pnl_units`, `fees_units` and `capital_units` are cash units, `sharpe` is of a year."""
    keys = list(sets[0]) if sets else []
    columns: dict[str, Any] = {"set": list(numbers)}
    for key in keys:
        values = [one[key] for one in sets]
        columns[key] = ["/".join(map(str, one)) for one in values] if isinstance(values[0], tuple) else values
    figures = {name: results[name].astype(np.float64) for name in ("trades", "wins", "won", "lost")}
    none = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(results["lost"] > 0, figures["won"] / figures["lost"], none)
        decided = results["wins"] + results["losses"]
        win_rate = np.where(decided > 0, figures["wins"] / decided, 0.0)
    columns |= {
        "trades": results["trades"],
        "wins": results["wins"],
        "win_rate": win_rate,
        "pnl_units": results["capital"] - capital,
        "roi": (results["capital"] - capital) / capital,
        "profit_factor": factor,
        "max_drawdown": results["drawdown"],
        "sharpe": sharpes_of(daily_returns(daily, capital)) * np.sqrt(DAYS_A_YEAR),
        "fees_units": results["fees"],
        "capital_units": results["capital"],
        "bars_held": results["bars_held"],
        "ruined": results["ruined"].astype(bool),
        "open_at_end": results["open"].astype(bool),
    }
    columns |= {code.name.lower(): results["exits"][:, code] for code in EXITS}
    return pl.DataFrame(columns).with_columns(pl.col("profit_factor", "sharpe").fill_nan(None))


@dataclass(frozen=True)
class Folder:
    """The folder of one sweep, held by a lock while it is written."""

    path: Path
    manifest: Manifest
    lock: int

    def has(self, part: int) -> bool:
        """Whether that part is whole."""
        return _part(self.path, "results", part).exists()

    def write(self, part: int, table: pl.DataFrame, daily: Integers) -> None:
        """Keep a part: it is there once this returns, and before that it is not."""
        days = pl.DataFrame(
            {"set": table["set"], "pnl_units": pl.Series(daily, dtype=pl.Array(pl.Int64, daily.shape[1]))}
        )
        _write(_part(self.path, "daily", part), days)
        _write(_part(self.path, "results", part), table)

    def table(self) -> pl.DataFrame | None:
        """All rows that are kept; None if there is none."""
        parts = self._parts("results")
        return pl.concat([pl.read_parquet(path) for path in parts]) if parts else None

    def returns(self) -> Iterator[Floats]:
        """The daily returns of all sets that are kept, part by part: (days, sets)."""
        for path in self._parts("daily"):
            yield np.ascontiguousarray(self._returns(pl.read_parquet(path)).T)

    def returns_of(self, number: int) -> Floats:
        """The daily returns of the set called `number`."""
        rows = (
            pl.scan_parquet(self.path / "daily" / "part-*.parquet").filter(pl.col("set") == number).collect()
        )
        found: Floats = self._returns(rows)[0]
        return found

    def trials(self) -> Trials:
        """All sets that were ever run in this folder."""
        trials = self.manifest.before
        for returns in self.returns():
            trials = trials.plus(sharpes_of(returns.T))
        return trials

    def _returns(self, rows: pl.DataFrame) -> Floats:
        daily: Integers = rows["pnl_units"].to_numpy()
        return daily_returns(daily, self.manifest.capital)

    def close(self) -> None:
        """Let others write here."""
        os.close(self.lock)

    def _parts(self, kind: str) -> list[Path]:
        """The whole parts: a part of days without its results is none yet."""
        whole = sorted((self.path / "results").glob("part-*.parquet"))
        return [self.path / kind / path.name for path in whole]


def open_folder(path: Path, manifest: Manifest, *, fresh: bool) -> Folder:
    """The folder for `manifest`'s sweep: empty, or with what was done of the same sweep before.

    `fresh` removes what is there of a sweep, and its trials stay counted. UsageError if the folder holds another sweep
    or anything else, or is being written.
    """
    with contextlib.ExitStack() as held:
        lock = _locked(path)
        held.callback(os.close, lock)
        known = _known(path)
        differs = _differs(known, manifest) if known else ""
        if differs and not fresh:
            raise UsageError(
                f"{path} holds another sweep (its {differs} is not this one's): name another folder with --out, or give"
                " --fresh to begin anew; its trials stay counted"
            )
        begun = known or manifest
        if known is None or fresh or known.clearing:
            begun = _begin(path, manifest, known, lock)
        held.pop_all()
        return Folder(path, begun, lock)


def _begin(path: Path, manifest: Manifest, known: Manifest | None, lock: int) -> Manifest:
    """An empty folder for `manifest`, which counts the trials of the sweeps that were there."""
    begun = manifest
    if known:
        before = known.before if known.clearing else Folder(path, known, lock).trials()
        begun = msgspec.structs.replace(manifest, before=before)
    # The count of trials is on disk before what it counts goes.
    _keep(path, msgspec.structs.replace(begun, clearing=True))
    for kind in KINDS:
        shutil.rmtree(path / kind, ignore_errors=True)
        (path / kind).mkdir(exist_ok=True)
    _keep(path, begun)
    return begun


def _locked(path: Path) -> int:
    """The folder's lock, which ends with the process; UsageError if another has it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"can't write to --out {path}: {error.strerror}; name another folder") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise UsageError(
            f"another sweep writes to {path}; wait for it, or name another folder with --out"
        ) from error
    return lock


def _known(path: Path) -> Manifest | None:
    """The manifest that is there; UsageError where something else is."""
    place = path / MANIFEST
    if place.exists():
        try:
            return msgspec.json.decode(place.read_bytes(), type=Manifest)
        except msgspec.DecodeError as error:
            raise UsageError(
                f"{place} is no sweep's manifest: {error}; name another folder with --out"
            ) from error
    others = sorted(one.name for one in path.iterdir() if one.name not in {LOCK, f"{MANIFEST}{PARTIAL}"})
    if others:
        raise UsageError(f"--out {path} holds {others[0]} and no sweep; name a folder of its own")
    return None


def _keep(path: Path, manifest: Manifest) -> None:
    partial = path / f"{MANIFEST}{PARTIAL}"
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    _settle(partial, path / MANIFEST)


def _differs(known: Manifest, asked: Manifest) -> str:
    for key in {**known.asked, **asked.asked}:
        if known.asked.get(key) != asked.asked.get(key):
            return key
    return "" if (known.sets, known.chunk) == (asked.sets, asked.chunk) else "number of sets"


def _part(path: Path, kind: str, part: int) -> Path:
    return path / kind / f"part-{part:05d}.parquet"


def _write(path: Path, table: pl.DataFrame) -> None:
    partial = path.with_name(path.name + PARTIAL)
    table.write_parquet(partial, compression="zstd")
    _settle(partial, path)


def _settle(partial: Path, path: Path) -> None:
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.replace(path)
