"""A sweep from a configuration to its folder of results: sets in parts, each kept as soon as it is done."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import ValidationError

from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.making import DAY_NS
from tradeworthy.gateways.feeds.panels import panel_frame
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.money import cash_of
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.reporting.metrics import DAYS_A_YEAR
from tradeworthy.research import overfitting
from tradeworthy.research.features import FEATURE_KEYS, Tape, tape_of
from tradeworthy.research.grids import grid_of, settings_with
from tradeworthy.research.results import Folder, Manifest, open_folder, table_of
from tradeworthy.research.sweeping import Market, Outcome, market_of, mock_of, records_of, sweep_sets
from tradeworthy.risk.settings import PPM, ppm_of
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.desks import built_in_settings
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.identity import decision_hash, run_identity
from tradeworthy.runtime.opening import end_of
from tradeworthy.runtime.plan import Plan
from tradeworthy.runtime.sections import DeskSettings

KIND = "divergence"
CHUNK = 500
"""Sets in a part: what a kill costs at most."""

SECOND_NS = 1_000_000_000
EMBARGO = 1
"""Days after a stretch of test days that are not trained on: volatility has a memory."""

PLACES = ("data", "journal", "store")
"""Sections that say where things lie, and change no result."""

SHOWN = 10
"""So many of the best sets are shown."""

Progress = Callable[[int, str], None]
"""Called with how much is done, and of what."""


@dataclass(frozen=True)
class SweepPlan:
    """What was asked: the session's `plan`, with its configuration, feed, range and seed, and texts of the grid.

    `random` draws so many sets (None: all combinations); `workers` is how many threads (0: one for each core).
    """

    plan: Plan
    out: Path
    grid: tuple[str, ...]
    desk: str = ""
    random: int | None = None
    workers: int = 0
    fresh: bool = False


@dataclass(frozen=True)
class Luck:
    """What the best set's Sharpe ratio is worth; ratios are of a year, chances 0 to 1, None where not defined.

    `trials` are all sets ever run in the folder, `by_luck` the best Sharpe ratio that so many without skill would show.
    """

    set: int
    sharpe: float
    days: int
    trials: int
    by_luck: float
    probabilistic: float
    deflated: float
    overfit: overfitting.Overfit | None


@dataclass(frozen=True)
class Swept:
    """A sweep's end: the best sets by Sharpe ratio, with what luck explains of the first.

    `left_out` counts sets whose values don't go together, `why` says it of the first one. `ignored` names what of the
    configuration a sweep does not see.
    """

    out: str
    desk: str
    sets: int
    left_out: int
    why: str
    rows: int
    days: int
    best: list[dict[str, Any]]
    luck: Luck | None
    ignored: list[str]


class Sweep:
    """One sweep, opened: its data read and its folder held. `run` goes on where it stood."""

    def __init__(self, asked: SweepPlan, home: Home, progress: Progress | None = None) -> None:
        self._progress = progress or (lambda _done, _what: None)
        configuration = asked.plan.configuration
        self.desk = _desk_of(asked)
        self._settings: DivergenceSettings = built_in_settings(self.desk)
        mock_of(self._settings)
        seed = asked.plan.the_seed
        self._grid = grid_of(asked.grid, self._settings, random=asked.random, seed=seed)
        listed = {one.id: one for one in instruments_of(configuration)}
        self._instruments: list[Instrument] = [listed[name] for name in self.desk.instruments]
        capital = cash_of(configuration.account.cash) * ppm_of(self.desk.share) // PPM
        venue = configuration.venue
        self._market: Market = market_of(
            self._instruments, venue, desk=self.desk.name, seed=seed, capital=capital
        )
        self._capital = capital
        self.ignored = _ignored(asked)
        self._frame, identity = _read(asked, self.desk, self._settings, home)
        manifest = Manifest(_asked(asked, self.desk, identity), self._grid.count, CHUNK, capital)
        self.folder: Folder = open_folder(asked.out, manifest, fresh=asked.fresh)
        self._pool = ThreadPoolExecutor(asked.workers or os.cpu_count() or 1)
        self._tape: tuple[str, Tape] | None = None
        self._left_out, self._why = 0, ""

    def run(self) -> Swept:
        """Run all parts that are not there yet, and judge the whole."""
        parts = -(-self._grid.count // CHUNK)
        for part in range(parts):
            start = part * CHUNK
            numbers, sets, settings = self._valid(start, start + CHUNK)
            if sets and not self.folder.has(part):
                outcome = self._part(settings)
                table = table_of(numbers, sets, outcome.results, outcome.daily, self._capital)
                self.folder.write(part, table, outcome.daily)
            self._progress(min(start + CHUNK, self._grid.count), f"of {self._grid.count:,} sets")
        return self._judged()

    def close(self) -> None:
        """Let go of the folder and the threads."""
        self._pool.shutdown(cancel_futures=True)
        self.folder.close()

    def _valid(
        self, start: int, stop: int
    ) -> tuple[list[int], list[dict[str, Any]], list[DivergenceSettings]]:
        """The sets of a part whose values go together."""
        base = self._settings.model_dump()
        numbers, sets, settings = [], [], []
        for number, chosen in enumerate(self._grid.sets(start, stop), start):
            try:
                settings.append(settings_with(base, chosen))
            except ValidationError as error:
                self._left_out += 1
                self._why = self._why or error.errors()[0]["msg"].removeprefix("Value error, ")
                continue
            numbers.append(number)
            sets.append(chosen)
        return numbers, sets, settings

    def _part(self, settings: list[DivergenceSettings]) -> Outcome:
        params, liquidity = records_of(settings, self._frame)
        whole: list[Outcome] = []
        at = 0
        while at < len(settings):
            key = _tape_key(settings[at])
            stop = next((k for k in range(at, len(settings)) if _tape_key(settings[k]) != key), len(settings))
            tape = self._tape_for(key, settings[at])
            whole.append(sweep_sets(tape, self._market, params[at:stop], liquidity[at:stop], self._pool))
            at = stop
        return Outcome(
            np.concatenate([one.results for one in whole]), np.concatenate([one.daily for one in whole])
        )

    def _tape_for(self, key: str, settings: DivergenceSettings) -> Tape:
        if self._tape is None or self._tape[0] != key:
            self._tape = None  # one at a time in memory
            made = tape_of(
                self._frame,
                settings,
                self._least(),
                lambda rows: self._progress(rows, f"of {self._frame.rows:,} rows of features"),
            )
            self._tape = key, made
        return self._tape[1]

    def _least(self) -> float:
        """The smallest threshold of all sets."""
        for axis in self._grid.axes:
            if axis.key == "vel_div_threshold":
                return float(min(abs(value) for value in axis.ends))
        return abs(self._settings.vel_div_threshold)

    def _judged(self) -> Swept:
        table = self.folder.table()
        if table is None:
            raise UsageError(f"no set of this grid goes together: {self._why}; change the ranges")
        best = table.sort(["sharpe", "set"], descending=[True, False], nulls_last=True).head(SHOWN)
        return Swept(
            str(self.folder.path),
            self.desk.name,
            table.height,
            self._left_out,
            self._why,
            self._frame.rows,
            len(self._frame.days()),
            best.to_dicts(),
            self._luck(table.height, best),
            self.ignored,
        )

    def _luck(self, sets: int, best: pl.DataFrame) -> Luck | None:
        """What luck explains of the first of `best`."""
        first = best.row(0, named=True)
        figures = overfitting.sharpe_figures(self.folder.returns_of(first["set"]))
        if figures is None:
            return None
        trials = self.folder.trials()
        by_luck = overfitting.best_by_luck(trials.sets, trials.variance)
        a_year = math.sqrt(DAYS_A_YEAR)
        return Luck(
            first["set"],
            figures.sharpe * a_year,
            figures.days,
            trials.sets,
            by_luck * a_year,
            overfitting.probabilistic_sharpe(figures),
            overfitting.probabilistic_sharpe(figures, by_luck),
            overfitting.overfitting(
                self.folder.returns, figures.days, sets, purged=self._purged(), embargo=EMBARGO
            ),
        )

    def _purged(self) -> int:
        """Days beside a stretch of days that its trades may reach into: none if no set holds past midnight."""
        ends = {axis.key: axis.ends for axis in self._grid.axes}
        longest = max(ends.get("max_hold_bars", (self._settings.max_hold_bars,)))
        tail = min(ends.get("tail_bars", (self._settings.tail_bars,)))
        return math.ceil((longest - tail) * self._frame.step_ns / DAY_NS) if longest > tail else 0


def _desk_of(asked: SweepPlan) -> DeskSettings:
    """The desk to sweep: the one that was named, else the first of its kind."""
    desks = {desk.name: desk for desk in asked.plan.configuration.desks if desk.kind == KIND}
    if not desks:
        raise UsageError(
            f"{asked.plan.configuration.name} has no desk of kind {KIND}, and a sweep knows no other: add one"
        )
    if asked.desk and asked.desk not in desks:
        raise UsageError(f"--desk {asked.desk}: there is {', '.join(desks)}; name one of them")
    return desks[asked.desk] if asked.desk else next(iter(desks.values()))


def _ignored(asked: SweepPlan) -> list[str]:
    """What of a session a sweep is without."""
    scripted = len(asked.plan.configuration.script)
    said = [f"{scripted} [[script]] entries"] if scripted else []
    return [
        *said,
        "posture, boosts and the forewarner (it is APEX, 1 and OK throughout)",
        "guards and risk limits",
    ]


def _read(
    asked: SweepPlan, desk: DeskSettings, settings: DivergenceSettings, home: Home
) -> tuple[PanelFrame, dict[str, object]]:
    """The rows of the desk's universe, and what makes them those: of a feed that has its instruments alone."""
    configuration = asked.plan.configuration
    listed = {one.id: one for one in configuration.instruments}
    alone = configuration.model_copy(
        update={"instruments": tuple(listed[name] for name in desk.instruments), "desks": (desk,)}
    )
    plan = replace(asked.plan, configuration=alone)
    feed = open_feed(plan, home)
    first_ts, last_ts = feed.span()
    end_ts = end_of(plan, first_ts)
    if last_ts is None and end_ts is None:
        raise UsageError(f"the {feed.name} feed has no end; give --duration SECONDS of session time")
    frame = panel_frame(feed, grace_ns=round(settings.grace_s * SECOND_NS), to_ts=end_ts)
    # A sweep reads closes and volumes: the rest need not stay in memory.
    lean = replace(frame, open=frame.close, high=frame.close, low=frame.close)
    return lean, {**feed.identity(), "end": end_ts}


def _asked(asked: SweepPlan, desk: DeskSettings, identity: dict[str, object]) -> dict[str, Any]:
    """What makes a sweep that sweep, by the words that a refusal uses."""
    configuration = asked.plan.configuration
    resolved = configuration.resolved()
    deciding = {key: value for key, value in resolved.items() if key not in PLACES}
    return {
        "configuration": run_identity(deciding),
        "desk": desk.name,
        "grid": list(asked.grid),
        "random draws": asked.random,
        "seed": asked.plan.the_seed,
        "data": run_identity(identity),
        "code": decision_hash(()),
    }


def _tape_key(settings: DivergenceSettings) -> str:
    """Equal for settings that need the same tape."""
    whole = settings.model_dump()
    parts = []
    for key in FEATURE_KEYS:
        section, _, name = key.rpartition(".")
        parts.append(whole[section][name] if section else whole[name])
    return repr(parts)
