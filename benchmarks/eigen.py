"""The largest eigenvalues of four rolling correlation matrices, beside numpy."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks import process
from benchmarks.results import Goal, Section
from benchmarks.size import Size
from benchmarks.spectra import parts
from benchmarks.spectra.parts import WINDOWS
from benchmarks.workload import Workload
from tradeworthy.core.errors import Bug

OURS, PEER = "ours", "numpy"
SIDES = {OURS: "benchmarks.spectra.ours", PEER: "benchmarks.spectra.in_numpy"}
UNIVERSES = (28, 50)
BARS = 10_000
AGREEMENT = 1e-10

METHOD = """\
A seeded market of one factor, a bar a minute; windows of 50, 150, 300 and 750 bars. Ours is the divergence desk's whole
feature step, called once a bar from Python as the session calls it: rolled sums, a warm-started power iteration whose
answer a factorisation confirms, and all else that the step says (velocities, efficiency, noise, volatility, stress).
Numpy does the eigenvalues alone: `corrcoef` and `eigvalsh` of each window at each bar. First every eigenvalue must
agree to 1e-10 of itself; the largest difference is shown."""


def compare(folder: Path) -> tuple[int, float]:
    """How many eigenvalues both sides found, and the largest relative difference; Bug names one too large."""
    ours, theirs = (np.load(folder / f"{side}_eigenvalues.npy") for side in SIDES)
    apart = np.abs(ours - theirs) / theirs
    wrong = (np.isnan(ours) != np.isnan(theirs)) | (apart > AGREEMENT)
    if wrong.any():
        bar, k = (int(one) for one in np.argwhere(wrong)[0])
        raise Bug(
            f"eigenvalue of bar {bar} over {WINDOWS[k]} bars: ours is {float(ours[bar, k])!r}, numpy's"
            f" {float(theirs[bar, k])!r}"
        )
    return int(np.isfinite(ours).sum()), float(np.nanmax(apart))


def measure(size: Size) -> Section:
    """Compare the first run of each side, then go on timing."""
    bars = size.of(BARS)
    table: list[tuple[str, ...]] = []
    goals: list[Goal] = []
    for symbols in UNIVERSES:
        workload = Workload(f"{symbols} symbols x {bars:,} bars", bars, symbols=symbols)
        with tempfile.TemporaryDirectory() as folder:
            data, options = parts.write(workload, Path(folder)), {"out": folder}
            runs = process.alternate(SIDES, workload, data, 1, options)
            found, apart = compare(Path(folder))
            more = process.alternate(SIDES, workload, data, size.rounds - 1, options)
        took = {side: process.median(runs[side] + more[side], "run") for side in SIDES}
        cpu = {side: process.median_cpu(runs[side] + more[side], "run") for side in SIDES}
        ratio = took[PEER] / took[OURS]
        table += [
            (
                f"{side}, {symbols} symbols",
                f"{found:,} equal",
                f"{apart:.0e}",
                f"{took[side] / bars * 1e6:,.0f}",
                f"**{took[side] / took[OURS]:.1f}**",
                f"{cpu[side] / cpu[OURS]:.1f}",
            )
            for side in SIDES
        ]
        goals.append(Goal(f"eigenvalue step, {symbols} symbols", "-", f"{ratio:.1f}x numpy", None))
    columns = (
        "side",
        "eigenvalues",
        "furthest apart",
        "microseconds a bar",
        "times ours",
        "CPU time, times ours",
    )
    return Section("Eigenvalues", METHOD, columns, table, goals)
