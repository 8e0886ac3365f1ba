"""A series from a file: which columns, which times, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.reporting.series_file import read_series

BEGIN = 1_704_067_200  # 2024-01-01


def written(folder: Path, text: str) -> str:
    """A CSV file of that text."""
    file = folder / "index.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    "times",
    [
        ("2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z"),
        ("2024-01-01 00:00:00", "2024-01-01 01:00:00"),
        (str(BEGIN), str(BEGIN + 3600)),
        (str(BEGIN * 1_000), str((BEGIN + 3600) * 1_000)),
        (str(BEGIN * 1_000_000), str((BEGIN + 3600) * 1_000_000)),
        (str(BEGIN * 1_000_000_000), str((BEGIN + 3600) * 1_000_000_000)),
    ],
)
def test_a_time_is_read_as_it_is_written(tmp_path: Path, times: tuple[str, str]) -> None:
    """A text in ISO 8601, or a number of seconds, milli-, micro- or nanoseconds; without a zone it is UTC."""
    name, points = read_series(written(tmp_path, f"Time,Close\n{times[0]},1.5\n{times[1]},2\n"))
    assert name == "index"
    assert points == [(BEGIN, 1.5), (BEGIN + 3600, 2.0)]


def test_a_date_counts_at_its_end(tmp_path: Path) -> None:
    """A day's close is not known in the morning."""
    _, points = read_series(written(tmp_path, "date,value\n2024-01-02,2\n2024-01-01,1\n"))
    assert points == [(BEGIN + 86_400, 1.0), (BEGIN + 2 * 86_400, 2.0)]


def test_a_bar_counts_at_its_close(tmp_path: Path) -> None:
    """Of a file of bars that names their open times; one that names closes is taken at its word."""
    _, points = read_series(written(tmp_path, f"ts,open,close\n{BEGIN},1,2\n{BEGIN + 60},2,3\n"))
    assert points == [(BEGIN + 60, 2.0), (BEGIN + 120, 3.0)]
    _, points = read_series(written(tmp_path, f"close_time,open,close\n{BEGIN},1,2\n{BEGIN + 60},2,3\n"))
    assert points[0] == (BEGIN, 2.0)


def test_parquet_is_read_with_its_own_types(tmp_path: Path) -> None:
    """Dates and times with a zone."""
    file = tmp_path / "spx.parquet"
    times = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)]
    pl.DataFrame({"timestamp": times, "price": [1.0, 2.0]}).write_parquet(file)
    assert read_series(str(file)) == ("spx", [(BEGIN, 1.0), (BEGIN + 86_400, 2.0)])
    pl.DataFrame({"day": [date(2024, 1, 1)], "close": [1]}).write_parquet(file)
    assert read_series(str(file)) == ("spx", [(BEGIN + 86_400, 1.0)])


def test_one_symbol_of_several_is_named(tmp_path: Path) -> None:
    """FILE:SYMBOL; without one it is refused, with an example."""
    file = written(tmp_path, f"symbol,time,close\nA,{BEGIN},1\nB,{BEGIN},2\nB,{BEGIN + 60},3\n")
    assert read_series(f"{file}:B") == ("B", [(BEGIN, 2.0), (BEGIN + 60, 3.0)])
    with pytest.raises(UsageError, match=r"it has 2 symbols; name one: .*:A"):
        read_series(file)
    with pytest.raises(UsageError, match="it has no C; it has A, B"):
        read_series(f"{file}:C")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("when,close\n1,1\n", "its columns are close, when: none is a time"),
        (f"time,amount\n{BEGIN},1\n", "none is a close; call one 'close'"),
        (f"time,close\n{BEGIN},1\n{BEGIN + 1},NaN\n", "row 2 has the value nan"),
        (f"time,close\n{BEGIN},\n{BEGIN + 1},2\n", "row 1 has the value None"),
        (f"time,close\n{BEGIN},0\n", "row 1 has the value 0.0"),
        (f"time,close\n{BEGIN},inf\n", "row 1 has the value inf"),
        (f"time,close\n,1\n{BEGIN},2\n", "row 1 has no time"),
        (f"time,close\n{BEGIN},1\n{BEGIN},2\n", "a time stands there twice"),
        ("time,close\nyesterday,1\n", "its times are texts like 'yesterday'"),
        (f"time,close\n{BEGIN},much\n", "its values are String"),
        ("time,close\n", "it has no rows"),
        ("", "it can't be read"),
    ],
)
def test_what_is_no_series_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    """A11: which file, what is wrong, what to do."""
    with pytest.raises(UsageError) as refused:
        read_series(written(tmp_path, text))
    assert words in str(refused.value)
    assert str(refused.value).startswith(f"--benchmark {tmp_path / 'index.csv'}: ")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A11: so is a folder."""
    for named in (str(tmp_path / "none.csv"), str(tmp_path)):
        with pytest.raises(UsageError, match="it can't be read"):
            read_series(named)
