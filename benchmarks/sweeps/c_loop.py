"""The C loop's side: compiled here, on one thread."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Stages, answer, asked
from benchmarks.sweeps import market

SOURCE = Path(__file__).with_name("loop.c")
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC")
"""Contraction would round otherwise than the others do, and make other trades."""


def compiled(folder: Path) -> Any:
    """The loop as a function; FileNotFoundError without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("no C compiler `cc`: install one to compare the sweep with a C loop")
    library = folder / "loop.so"
    subprocess.run([compiler, *FLAGS, str(SOURCE), "-o", str(library), "-lm"], check=True)
    return ctypes.CDLL(str(library)).sweep


def main(argument: str) -> None:
    """Run the loop and answer with its time; each set's trades and capital lie beside the data."""
    ask = asked(argument)
    given = market.signals_in(Path(ask.data))
    sets = market.choices()
    threshold, profit = (np.array([one[k] for one in sets]) for k in range(2))
    hold = np.array([one.hold for one in sets], np.int64)
    trades, capital = np.zeros((2, len(sets)), np.int64)
    fee_above, fee_below = market.TAKER_FEE.as_integer_ratio()
    with tempfile.TemporaryDirectory() as folder:
        loop = compiled(Path(folder))
        stages = Stages()
        loop(
            ctypes.c_int64(len(given.close)),
            *(one.ctypes for one in (given.close, given.vel_div, given.may)),
            ctypes.c_int64(len(sets)),
            *(one.ctypes for one in (threshold, profit, hold)),
            ctypes.c_double(market.STOP),
            ctypes.c_double(market.FRACTION),
            ctypes.c_double(float(1 / market.LOT)),
            ctypes.c_double(float(1 / market.TICK)),
            ctypes.c_int64(fee_above),
            ctypes.c_int64(fee_below),
            ctypes.c_int64(market.CAPITAL),
            *(one.ctypes for one in (trades, capital)),
        )
        stages.mark("run")
    market.keep(Path(ask.data) / ask.options["answer"], trades=trades, capital=capital)
    answer(ask, stages.report(figures={"trades": int(trades.sum())}))


if __name__ == "__main__":
    main(sys.argv[1])
