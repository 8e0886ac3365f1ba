"""Look-ahead of the uptrend desk: its session is run again on bars that are changed after a cut.

The bars of every timeframe that the feed has are changed after one session time, and written as files; rollups, levels
and history are made of them anew. Up to the cut all that the desk said must be equal to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tradeworthy.core.draws import draw
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.core.events import Event
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.lookahead import CHANGES, FIGURES, STREAM, Ahead, joined
from tradeworthy.proving.lookahead_paths import Lookahead, Progress, Searched, write_bars
from tradeworthy.proving.parity.uptrend_outcomes import Noted, Notes, compare_notes, name_fields
from tradeworthy.proving.parity.uptrend_witness import UptrendWitness
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.opening import end_of
from tradeworthy.runtime.plan import Mode, Plan

FUTURE_ROWS = 64
"""So many rows of each timeframe after a cut are changed; what lies further off is left out of the changed bars."""

Frames = Mapping[str, PanelFrame]
"""The feed's bars by timeframe."""

Compute = Callable[[Frames, Collection[int]], Notes]
"""What the desk says of bars; records of the times given (UTC ns) are kept in full."""


@dataclass(frozen=True)
class _Cut:
    """A session time (UTC ns) after which the future is changed, and the way in which it is."""

    ts: int
    change: str


def search_uptrend(plan: Plan, home: Home, *, cuts: int, progress: Progress) -> Lookahead:
    """Search the uptrend desk of `plan` on its recorded feed, at so many cuts.

    UsageError without recorded bars, NotAvailable where the desk judged too few of them.
    """
    desks = plan.configuration.desks
    if plan.feed.partition(":")[0] != "recorded":
        raise UsageError(
            f"the {plan.feed} feed has no bars on record that could be changed; give --feed recorded"
        )
    feed = open_feed(plan, home)
    end_ts = end_of(plan, feed.span()[0])
    frames = frames_of((one.ts, one.event) for one in feed.inputs() if end_ts is None or one.ts <= end_ts)
    compute = session_notes(plan)
    whole = compute(frames, ())
    chosen = cuts_of(whole, frames, cuts, plan.the_seed)
    what = f"desk {', '.join(desk.name for desk in desks)}"
    found: dict[str, Ahead] = {}
    for number, one in enumerate(chosen, start=1):
        progress(number, f"cuts of {what}")
        for ahead in find_ahead(compute, frames, whole, one):
            if ahead.output not in found or ahead.ts < found[ahead.output].ts:
                found[ahead.output] = ahead
    sizes = {kind: len(notes) for kind, notes in whole.kinds.items()}
    rows = sum(frame.rows for frame in frames.values())
    searched = Searched(what, sizes, tuple(found.values()))
    return Lookahead(rows, tuple(one.ts for one in chosen), (searched,))


def frames_of(rows: Iterator[tuple[int, Event]]) -> Frames:
    """The bars among `rows` by timeframe: a row for each open time, a column for each instrument that has any."""
    bars: dict[str, list[BarClosed]] = {}
    for _, event in rows:
        if isinstance(event, BarClosed):
            bars.setdefault(event.timeframe, []).append(event)
    return {timeframe: _frame(timeframe, of) for timeframe, of in bars.items()}


def _frame(timeframe: str, bars: Sequence[BarClosed]) -> PanelFrame:
    names = tuple(dict.fromkeys(bar.instrument for bar in bars))
    ts = np.unique(np.array([bar.ts_event for bar in bars], np.int64))
    columns = {name: place for place, name in enumerate(names)}
    rows = np.searchsorted(ts, np.array([bar.ts_event for bar in bars], np.int64))
    at = rows, np.array([columns[bar.instrument] for bar in bars])
    parts = {name: np.full((len(ts), len(names)), np.nan) for name in FIGURES}
    for name, part in parts.items():
        part[at] = [getattr(bar, name) for bar in bars]
    return PanelFrame(names, timeframe, ts, ts + TIMEFRAMES_NS[timeframe], **parts)


def session_notes(plan: Plan) -> Compute:
    """The desk in a backtest's session, on files that are written for it."""

    def compute(frames: Frames, whole: Collection[int]) -> Notes:
        with TemporaryDirectory(prefix="lookahead-") as folder:
            data, home = Path(folder) / "data", Home(Path(folder) / "home")
            data.mkdir()
            for frame in frames.values():
                write_bars(frame, data)
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
            witness = UptrendWitness(whole)
            run_backtest(asked, home, observers=[witness])
            return witness.notes

    return compute


def cuts_of(whole: Notes, frames: Frames, count: int, seed: int) -> list[_Cut]:
    """`count` different times at which the desk judged a bar, drawn by hash; the ways of change take turns.

    Every timeframe has a bar before each. NotAvailable if there are too few such times.
    """
    first = max(int(frame.closed_ts[0]) for frame in frames.values())
    judged = {one.ts for one in whole.kinds["payloads"] if one.ts > first}
    times = sorted(judged)[:-1]
    if len(times) < count:
        raise NotAvailable(
            f"the desk judged bars at {len(times)} times, too few for {count} cuts; give more data, or fewer with"
            " --cuts"
        )
    chosen: dict[int, None] = {}
    attempt = 0
    while len(chosen) < count:
        chosen[times[int(draw(seed, STREAM, attempt) * len(times))]] = None
        attempt += 1
    ways = list(CHANGES)
    return [_Cut(ts, ways[number % len(ways)]) for number, ts in enumerate(sorted(chosen))]


def changed_after(frames: Frames, cut: _Cut) -> Frames:
    """`frames` up to the cut, each followed by what the change makes of its rows after it."""
    made: dict[str, PanelFrame] = {}
    for timeframe, frame in frames.items():
        kept = int(np.searchsorted(frame.closed_ts, cut.ts, side="right"))
        future = CHANGES[cut.change](frame.slice(kept, min(frame.rows, kept + FUTURE_ROWS)))
        made[timeframe] = joined(frame.slice(0, kept), future)
    return made


def find_ahead(compute: Compute, frames: Frames, whole: Notes, cut: _Cut) -> list[Ahead]:
    """Of each sort of record the first one known by the cut that the change after it changed."""
    changed = changed_after(frames, cut)
    sides = known(whole, cut.ts), known(compute(changed, ()), cut.ts)
    compared, times = compare_notes(*sides)
    if not times:
        return []
    sides = known(compute(frames, times), cut.ts), known(compute(changed, times), cut.ts)
    named = name_fields(compared, *sides)
    found: list[Ahead] = []
    for one in named:
        if one.first is not None:
            first = one.first
            ts = _first_of(sides, one.what)
            place = (first.field, first.date, first.bar)
            found.append(Ahead(one.what, *place, ts, cut.change, cut.ts, first.left, first.right))
    return found


def known(notes: Notes, ts: int) -> Notes:
    """The records that were made by session time `ts`."""
    made = Notes()
    made.kinds = {kind: [one for one in of if one.ts <= ts] for kind, of in notes.kinds.items()}
    return made


def _first_of(sides: tuple[Notes, Notes], kind: str) -> int:
    """When the first record was made that both sides do not have alike."""
    one, other = (sorted(side.kinds[kind], key=lambda noted: noted[:2]) for side in sides)
    differing: set[Noted] = set(one) ^ set(other)
    return min((noted.ts for noted in differing), default=0)
