"""The mining of lessons beside its peers: same events, and no figure is timed unless the slices agree."""

from pathlib import Path

import polars as pl
import pytest

from benchmarks import lessons
from benchmarks.mining import parts
from benchmarks.workload import Workload
from tradeworthy.core.errors import Bug

WORKLOAD = Workload("test", 400)


def found(figure: float, n: int = 40) -> pl.DataFrame:
    """One slice as a side hands it over."""
    return pl.DataFrame(
        {
            "category": [0],
            **{name: [None] for name in parts.DIMENSIONS},
            "n": [n],
            "avg_rr": [figure],
            "variance": [1.0],
        }
    )


def test_a_seed_gives_the_same_events() -> None:
    """Each trade comes once in each group, with one result."""
    events = parts.events(WORKLOAD)
    assert events.equals(parts.events(WORKLOAD))
    assert events.height == 400
    assert events.group_by("trade").agg(pl.col("rr").n_unique(), pl.len())["len"].unique().to_list() == [2]
    assert not events.select("category", "trade").is_duplicated().any()


def test_sides_agree_where_figures_are_equal_but_for_rounding(tmp_path: Path) -> None:
    """Other orders of summing differ in the last digits."""
    parts.hand_over(tmp_path, "ours", found(0.5))
    parts.hand_over(tmp_path, "duckdb", found(0.5 + 1e-12))
    assert lessons.compare(tmp_path, "duckdb") == 1


@pytest.mark.parametrize("other", [found(0.5, n=41), found(0.6)], ids=["trades", "mean"])
def test_a_difference_ends_the_benchmark(tmp_path: Path, other: pl.DataFrame) -> None:
    """A faster side that finds something else proves nothing."""
    parts.hand_over(tmp_path, "ours", found(0.5))
    parts.hand_over(tmp_path, "pandas", other)
    with pytest.raises(Bug, match="pandas"):
        lessons.compare(tmp_path, "pandas")
