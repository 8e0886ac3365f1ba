"""The seeded bars that both sides of a benchmark read."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import bars
from benchmarks.workload import Workload

WORKLOAD = Workload("test", 500, symbols=2)


def test_a_seed_gives_the_same_bars() -> None:
    """Otherwise two runs of a benchmark would measure different jobs."""
    first, again = bars.walk(WORKLOAD, 1), bars.walk(WORKLOAD, 1)
    assert all(np.array_equal(left, right) for left, right in zip(first, again, strict=True))


def test_symbols_walk_apart() -> None:
    """Each symbol has its own walk."""
    assert not np.array_equal(bars.walk(WORKLOAD, 0).close, bars.walk(WORKLOAD, 1).close)


def test_bars_lie_on_the_tick_grid_and_hold_together() -> None:
    """Prices are whole ticks, and open and close are within high and low."""
    walk = bars.walk(WORKLOAD, 0)
    for prices in (walk.open, walk.high, walk.low, walk.close):
        assert np.array_equal(np.round(prices * 10) / 10, prices)
    assert (np.maximum(walk.open, walk.close) <= walk.high).all()
    assert (np.minimum(walk.open, walk.close) >= walk.low).all()


def test_the_file_gives_the_bars_back(tmp_path: Path) -> None:
    """Writing and reading changes no bit."""
    read = bars.read(bars.write(WORKLOAD, tmp_path))
    assert list(read) == WORKLOAD.names()
    for number, walk in enumerate(read.values()):
        made = bars.walk(WORKLOAD, number)
        assert all(np.array_equal(left, right) for left, right in zip(walk, made, strict=True))


def test_a_walk_that_reaches_zero_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A price of zero is no price."""
    monkeypatch.setattr(bars, "FIRST_TICKS", 100)
    with pytest.raises(ValueError, match="reaches"):
        bars.walk(WORKLOAD, 0)
