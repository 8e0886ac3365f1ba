"""The desk's steps as plain Python: the same engine in a process where nothing is compiled, over a stretch of rows.

Both begin from one snapshot, and after every row all that the steps wrote must be equal to the bit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np

from tradeworthy.core.draws import word_of
from tradeworthy.core.errors import Bug
from tradeworthy.desks.divergence.engine import MAKER_STREAM, DivergenceEngine
from tradeworthy.desks.divergence.records import BAR, FEATURE_STATE, MEMORY, from_bytes
from tradeworthy.desks.divergence.results import BarLog, Trade
from tradeworthy.execution.steps import POSITION, draw_step
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.parity.batch_path import engine_of
from tradeworthy.proving.parity.differences import Compared, Difference, Place, compare, place_of_open
from tradeworthy.proving.parity.outcomes import (
    Look,
    by,
    compare_economics,
    compare_looks,
    compare_rows,
    compare_trades,
    difference_of_looks,
    first_cell,
    look_at,
)
from tradeworthy.proving.parity.pairs import Pair
from tradeworthy.proving.subject import Subject, subject_of_frame
from tradeworthy.runtime.configuration import from_values
from tradeworthy.runtime.plan import Plan

PURE = "pure Python"
ROWS = 120
"""Rows of a stretch, unless told otherwise: as many seconds or so."""

LEAD = 3
"""Rows of a stretch that come before its first trade."""

TIMEOUT_S = 1_800.0
ASKED, ANSWERED = "asked", "answered"
FIGURES = ("open", "high", "low", "close", "volume")
PROGRAM = "import sys; from tradeworthy.proving.parity.pure_python import serve; serve(sys.argv[1])"


class Stretch(msgspec.Struct, frozen=True):
    """What the other process is given: one desk, and `rows` by columns as float64 bytes, from a snapshot on."""

    configuration: dict[str, Any]
    seed: int
    desk: str
    instruments: tuple[str, ...]
    timeframe: str
    rows: int
    times: bytes
    figures: tuple[bytes, ...]
    snapshot: bytes


class Walked(msgspec.Struct, frozen=True):
    """What a stretch came to: `draws` are a maker's at each row, `looks` the records' bytes by open time."""

    bars: list[BarLog]
    looks: list[tuple[int, bytes, bytes]]
    draws: list[float]
    trades: list[Trade]
    rows: list[tuple[Any, ...]]
    records: list[bytes]


def pure_pair(subject: Subject, name: str, rows: int = ROWS) -> Pair:
    """Walk `rows` rows of the desk called `name`, compiled and as plain Python, around its first trade.

    Bug if the other process fails.
    """
    began = time.perf_counter()
    desk = subject.desks[name]
    start = _start(subject, name, rows)
    frame = desk.frame.slice(start, start + rows)
    engine = engine_of(subject, name)
    for i in range(start):
        engine.step_bar(desk.frame, i)
    snapshot = engine.snapshot()
    engine.restore(snapshot)
    engine.trades, engine.rows = [], []
    seed = subject.plan.the_seed
    compiled = walk(engine, frame, seed)
    plain = _elsewhere(_stretch(subject, name, frame, snapshot))
    compared = differences_of(name, compiled, plain, frame)
    note = f"rows {start} to {start + frame.rows} of {desk.frame.rows}"
    missing = () if any(row[0] == "fill" for row in compiled.rows) else ("fill",)
    return Pair(
        f"{PURE} = compiled steps, {name}",
        tuple(compared),
        len(compiled.trades),
        time.perf_counter() - began,
        missing,
        note=note,
    )


def walk(engine: DivergenceEngine, frame: PanelFrame, seed: int) -> Walked:
    """All rows of `frame`, with all that the steps wrote."""
    bars, looks, draws = [], [], []
    stream = word_of(MAKER_STREAM + engine.desk)
    for i in range(frame.rows):
        judged = engine.step_bar(frame, i)
        bars.append(judged)
        looks.append((judged.ts, *look_at(engine.answered, whole=True)))
        draws.append(float(draw_step(seed, stream, int(frame.closed_ts[i]))))
    records = msgspec.msgpack.decode(engine.snapshot())["records"]
    return Walked(bars, looks, draws, engine.trades, list(engine.rows), records)


def differences_of(name: str, compiled: Walked, plain: Walked, frame: PanelFrame) -> list[Compared]:
    """Every comparison of two walks over one frame."""
    step = frame.step_ns
    ours = {ts: Look(*parts) for ts, *parts in compiled.looks}
    theirs = {ts: Look(*parts) for ts, *parts in plain.looks}
    looked, ts = compare_looks(f"records {name}", ours, theirs, step)
    if ts is not None and ts in ours and ts in theirs:
        place = place_of_open(ts, step)
        first = difference_of_looks(looked.what, ours[ts], theirs[ts], frame.instruments, place)
        looked = msgspec.structs.replace(looked, first=first)
    times = [int(ts) for ts in frame.ts]
    ours_drawn, theirs_drawn = (
        [{"ts": ts, "draw": draw} for ts, draw in zip(times, walked.draws, strict=True)]
        for walked in (compiled, plain)
    )
    end = place_of_open(int(frame.ts[-1]), step)
    return [
        looked,
        compare(
            f"draws {name}",
            ours_drawn,
            theirs_drawn,
            by("ts"),
            lambda row, _: place_of_open(row["ts"], step),
        ),
        compare_rows(f"bar log {name}", compiled.bars, plain.bars, step),
        compare_trades(f"trades {name}", compiled.trades, plain.trades, step),
        compare_economics(f"fills {name}", compiled.rows, plain.rows, step),
        _compare_ends(name, compiled.records, plain.records, end),
    ]


def _compare_ends(name: str, compiled: Sequence[bytes], plain: Sequence[bytes], place: Place) -> Compared:
    """The engine's own records after the last row: all that the next bar depends on."""
    what, differing = f"state at the end {name}", []
    for dtype, title, one, other in zip(
        (FEATURE_STATE, MEMORY, BAR, POSITION),
        ("features", "memory", "bar", "position"),
        compiled,
        plain,
        strict=True,
    ):
        a, b = from_bytes(one, dtype), from_bytes(other, dtype)
        for field in dtype.names or ():
            found = first_cell(a[field], b[field])
            if found:
                differing.append(Difference(what, *place, f"{title}.{field}", repr(found[1]), repr(found[2])))
    return Compared(what, len(compiled), len(differing), differing[0] if differing else None)


def _start(subject: Subject, name: str, rows: int) -> int:
    """The row from which a stretch of `rows` holds the most of the first trade that comes once vel_div is known."""
    engine, frame = engine_of(subject, name), subject.desks[name].frame
    for i in range(frame.rows):
        engine.step_bar(frame, i)
        if engine.rows:
            return max(0, min(i - LEAD, frame.rows - rows))
    return max(0, frame.rows - rows)


def _stretch(subject: Subject, name: str, frame: PanelFrame, snapshot: bytes) -> Stretch:
    return Stretch(
        subject.configuration.resolved(),
        subject.plan.the_seed,
        name,
        frame.instruments,
        frame.timeframe,
        frame.rows,
        np.concatenate([frame.ts, frame.closed_ts]).tobytes(),
        tuple(np.ascontiguousarray(getattr(frame, figure)).tobytes() for figure in FIGURES),
        snapshot,
    )


def _elsewhere(stretch: Stretch) -> Walked:
    """Walk `stretch` in a process of its own, with numba's compiler switched off."""
    with TemporaryDirectory(prefix="parity-") as folder:
        (Path(folder) / ASKED).write_bytes(msgspec.msgpack.encode(stretch))
        done = subprocess.run(  # noqa: S603 - this interpreter, and a program that stands above
            [sys.executable, "-c", PROGRAM, folder],
            env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise Bug(f"the steps as plain Python ended with {done.returncode}: {said}")
        return msgspec.msgpack.decode((Path(folder) / ANSWERED).read_bytes(), type=Walked)


def serve(folder: str) -> None:
    """What the other process does: walk the stretch that lies in `folder`, and leave what it came to there."""
    where = Path(folder)
    stretch = msgspec.msgpack.decode((where / ASKED).read_bytes(), type=Stretch)
    plan = Plan(from_values(stretch.configuration, "the stretch"), seed=stretch.seed)
    frame = _frame_of(stretch)
    engine = engine_of(subject_of_frame(plan, stretch.desk, frame), stretch.desk)
    engine.restore(stretch.snapshot)
    walked = walk(engine, frame, stretch.seed)
    (where / ANSWERED).write_bytes(msgspec.msgpack.encode(walked, enc_hook=_python_number))


def _python_number(value: Any) -> Any:
    """A number of numpy's, as the steps leave them where nothing is compiled, as Python's own."""
    return value.item()


def _frame_of(stretch: Stretch) -> PanelFrame:
    times = np.frombuffer(stretch.times, np.int64)
    shape = stretch.rows, len(stretch.instruments)
    figures = {
        name: np.frombuffer(data, np.float64).reshape(shape)
        for name, data in zip(FIGURES, stretch.figures, strict=True)
    }
    return PanelFrame(
        stretch.instruments, stretch.timeframe, times[: stretch.rows], times[stretch.rows :], **figures
    )
