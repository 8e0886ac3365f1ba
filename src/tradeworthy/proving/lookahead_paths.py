"""What is searched for look-ahead: the indicators, the divergence desks with their features, and desks of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np
import polars as pl

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Kind
from tradeworthy.desks.divergence.engine import DivergenceEngine
from tradeworthy.desks.divergence.records import FEATURES, MEMORY
from tradeworthy.gateways.feeds.panels import panel_frame
from tradeworthy.journal.reader import read
from tradeworthy.market import indicators, indicators_window
from tradeworthy.market.indicators import Floats
from tradeworthy.market.money import cash_of
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.lookahead import FIGURES, Ahead, Compute, Output, cuts_of, find_ahead, joined
from tradeworthy.proving.parity.outcomes import ECONOMIC
from tradeworthy.proving.subject import rows_of
from tradeworthy.risk.script import entries_of
from tradeworthy.risk.settings import PPM, ppm_of
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.desks import built_in_settings, check_desks, universes_of
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.opening import end_of
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.sections import DeskSettings

Indicator = Callable[[Floats, Floats, Floats], Floats]
"""Of highs, lows and closes the figure as of each bar, in one column or several."""

INDICATORS: Mapping[str, Indicator] = {
    "ema": lambda _high, _low, close: indicators.ema(close, 20),
    "atr": lambda high, low, close: indicators.atr(high, low, close, 14),
    "rsi": lambda _high, _low, close: indicators.rsi(close, 14),
    "adx": lambda high, low, close: indicators.adx(high, low, close, 14),
    "bollinger": lambda _high, _low, close: indicators_window.bollinger(close, 20),
    "zscore": lambda _high, _low, close: indicators_window.zscore(close, 20),
    "slope": lambda _high, _low, close: indicators_window.slope(close, 20),
}
"""All indicators of the market room, each with a usual window."""

PANEL_KIND = "divergence"


class Searched(msgspec.Struct, frozen=True):
    """One computation: what was searched, its outputs with how many rows each has, and what looked ahead."""

    what: str
    outputs: dict[str, int]
    found: tuple[Ahead, ...]


class Lookahead(msgspec.Struct, frozen=True):
    """The whole search: rows of the feed, the times after which the future was changed (UTC ns), and each part."""

    rows: int
    cuts: tuple[int, ...]
    searched: tuple[Searched, ...]

    @property
    def found(self) -> list[tuple[str, Ahead]]:
        """All that looked ahead, with whose it is, the earliest first."""
        all_found = [(one.what, ahead) for one in self.searched for ahead in one.found]
        return sorted(all_found, key=lambda pair: pair[1].ts)


Progress = Callable[[int, str], None]


def search(plan: Plan, home: Home, *, cuts: int, progress: Progress) -> Lookahead:
    """Search the indicators and every desk of `plan` on its feed, at so many cuts.

    UsageError for desks that trade no bars, and for an endless feed without a duration.
    """
    configuration = plan.configuration
    if configuration.on_predictions:
        raise UsageError(
            f"the desks of {configuration.name} trade order books, and look-ahead is searched in bars: give a"
            " configuration whose desks trade bars"
        )
    check_desks(configuration)
    feed = open_feed(plan, home)
    start_ts, feed_end = feed.span()
    end_ts = end_of(plan, start_ts)
    if feed_end is None and end_ts is None:
        raise UsageError(f"the {feed.name} feed has no end; give --duration SECONDS of session time")
    frame = panel_frame(feed, grace_ns=0, to_ts=end_ts)
    chosen = cuts_of(frame, cuts, plan.the_seed)
    parts: list[Searched] = []
    for what, compute, rows in _computations(plan, frame, end_ts):
        places = chosen if rows is frame else cuts_of(rows, cuts, plan.the_seed)
        parts.append(_searched(what, compute, rows, places, progress))
    return Lookahead(frame.rows, tuple(int(frame.closed_ts[cut]) for cut in chosen), tuple(parts))


def _searched(
    what: str, compute: Compute, frame: PanelFrame, cuts: Sequence[int], progress: Progress
) -> Searched:
    """One computation at all cuts; of each output that looked ahead the earliest row."""
    sizes: dict[str, int] = {}

    def counted(rows: PanelFrame) -> Sequence[Output]:
        outputs = compute(rows)
        for one in outputs:
            sizes.setdefault(one.name, len(one.ts))
        return outputs

    found: dict[str, Ahead] = {}
    for number, ahead in enumerate(find_ahead(counted, frame, cuts), start=1):
        progress(number, f"cuts of {what}")
        for one in ahead:
            if one.output not in found or one.ts < found[one.output].ts:
                found[one.output] = one
    return Searched(what, sizes, tuple(found.values()))


def _computations(
    plan: Plan, frame: PanelFrame, end_ts: int | None
) -> Iterator[tuple[str, Compute, PanelFrame]]:
    configuration = plan.configuration
    yield "indicators", indicator_outputs, frame
    universes = universes_of(configuration)
    last_ts = end_ts or int(frame.closed_ts.max() + frame.step_ns)
    for desk in configuration.desks:
        if desk.kind == PANEL_KIND:
            rows = rows_of(frame, universes[desk.name], last_ts)
            yield f"desk {desk.name}", divergence_outputs(plan, desk), rows
    files = [desk.name for desk in configuration.desks if desk.file]
    if files:
        yield (
            f"desk {', '.join(files)}",
            session_outputs(plan, frame.slice(frame.rows - 1, frame.rows)),
            frame,
        )


def indicator_outputs(frame: PanelFrame) -> list[Output]:
    """Each indicator on each instrument: a field holds a figure for each instrument."""
    outputs = []
    for name, indicator in INDICATORS.items():
        figures = [_figures(indicator, frame, column) for column in range(len(frame.instruments))]
        rows = np.zeros(
            frame.rows, [(f"figure {place + 1}", "f8", len(figures)) for place in range(len(figures[0]))]
        )
        for place, field in enumerate(rows.dtype.names or ()):
            rows[field] = np.array([one[place] for one in figures]).T
        outputs.append(Output(name, frame.closed_ts, rows, frame.instruments))
    return outputs


def _figures(indicator: Indicator, frame: PanelFrame, column: int) -> Floats:
    """What `indicator` says of one instrument, a row for each of its figures."""
    bars = (np.array(part[:, column]) for part in (frame.high, frame.low, frame.close))
    return np.atleast_2d(indicator(*bars).T)


def divergence_outputs(plan: Plan, desk: DeskSettings) -> Compute:
    """A divergence desk in its batch engine: features, memory, bar log, orders and fills, trades."""
    configuration = plan.configuration
    listed = {one.id: one for one in instruments_of(configuration)}
    capital = cash_of(configuration.account.cash) * ppm_of(desk.share) // PPM
    stance: tuple[tuple[int, Event], ...] = tuple(entries_of(configuration.script))

    def compute(frame: PanelFrame) -> list[Output]:
        engine = DivergenceEngine(
            built_in_settings(desk),
            [listed[name] for name in desk.instruments],
            desk.timeframe,
            configuration.venue,
            desk=desk.name,
            seed=plan.the_seed,
            capital=capital,
            stance=stance,
        )
        return engine_outputs(engine, frame)

    return compute


def engine_outputs(engine: DivergenceEngine, frame: PanelFrame) -> list[Output]:
    """All that `engine` makes of `frame`, when it was known."""
    features, memory = np.zeros(frame.rows, FEATURES), np.zeros(frame.rows, MEMORY)
    bars: list[dict[str, Any]] = []
    for day, start, stop in frame.days():
        engine.begin_day(day)
        for i in range(start, stop):
            bars.append(msgspec.structs.asdict(engine.step_bar(frame, i)))
            features[i], memory[i] = engine.answered
        engine.end_day()
    economics = [dict(zip(ECONOMIC, row, strict=True)) for row in engine.rows]
    trades = [msgspec.structs.asdict(trade) for trade in engine.trades]
    return [
        Output("features", frame.closed_ts, features, frame.instruments),
        Output("memory", frame.closed_ts, memory),
        Output("bar log", frame.closed_ts, bars),
        Output("orders and fills", np.array([row["ts"] for row in economics], np.int64), economics),
        Output("trades", np.array([trade["exit_ts"] for trade in trades], np.int64), trades),
    ]


def session_outputs(plan: Plan, last: PanelFrame) -> Compute:
    """All desks in a backtest's session, each time on bars written for it: its decisions, from its journal.

    The bars end with the row `last` whatever comes before it: what a session says at its end is said then.
    """

    def compute(frame: PanelFrame) -> list[Output]:
        with TemporaryDirectory(prefix="lookahead-") as folder:
            data, home = Path(folder) / "data", Home(Path(folder) / "home")
            data.mkdir()
            before = frame.slice(0, int(np.searchsorted(frame.ts, last.ts[0])))
            write_bars(joined(before, last), data)
            asked = replace(
                plan,
                mode=Mode.BACKTEST,
                feed=f"recorded:{data}",
                duration_s=None,
                first_day=None,
                last_day=None,
                fresh=True,
                out=None,
            )
            done = run_backtest(asked, home)
            return [_decisions(home.runs / str(done.figures["run"]))]

    return compute


def write_bars(frame: PanelFrame, folder: Path) -> None:
    """The bars of `frame` as a file that the recorded feed reads."""
    there = frame.close > 0.0
    rows, columns = np.nonzero(there)
    parts = {name: getattr(frame, name)[there] for name in FIGURES}
    symbols = pl.Series(np.array(frame.instruments, np.object_)[columns].tolist(), dtype=pl.String)
    stamps = pl.Series(frame.ts[rows]).cast(pl.Datetime("ns", "UTC"))
    bars = pl.DataFrame({"symbol": symbols, "ts": stamps, **parts})
    bars.write_parquet(folder / f"candles_{frame.timeframe}.parquet")


def _decisions(run: Path) -> Output:
    """The decisions of a run in order, each packet as values."""
    times: list[int] = []
    packets: list[dict[str, Any]] = []
    for record in read(run):
        if record.kind == Kind.DECISION:
            packet = codec().decode(record.body)[1]
            times.append(packet.ts)
            packets.append(msgspec.to_builtins(packet))
    return Output("decisions", np.array(times, np.int64), packets)
