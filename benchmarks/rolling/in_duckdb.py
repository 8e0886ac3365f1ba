"""The same in DuckDB: grouped, each timeframe from the one before it, first and last by time."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.measure import Stages, answer, asked
from benchmarks.rolling.parts import MINUTE_NS, MINUTES, TIMEFRAMES, hand_over

MINUTE_ROWS = """
create table minutes as
select symbol, ts, open, high, low, close, volume from read_parquet(?) order by symbol, ts"""

SOURCE = """(
select *, 1 as present, (volume = 0)::int as idle from minutes
where isfinite(open) and isfinite(high) and isfinite(low) and isfinite(close) and isfinite(volume)
  and low > 0 and low <= least(open, close) and high >= greatest(open, close) and volume >= 0)"""

BARS = """
create or replace temp table bars_{name} as
select *, present / {minutes} as coverage from (
select symbol, ts - ts % {step} as ts, arg_min(open, ts) as open, max(high) as high, min(low) as low,
       arg_max(close, ts) as close, sum(volume) as volume, sum(present) as present, sum(idle) as idle
from {source} group by all)"""

GAPS = """
create or replace temp table gaps_{name} as
select symbol, before + {step} as from_ts, ts as to_ts
from (select symbol, ts, lag(ts) over (partition by symbol order by ts) as before from bars_{name})
where ts - before > {step}"""


def roll_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Tables of bars with their counts and coverage, and of gaps, by timeframe."""
    source = SOURCE
    for name in TIMEFRAMES:
        step = MINUTES[name] * MINUTE_NS
        connection.execute(BARS.format(name=name, minutes=MINUTES[name], step=step, source=source))
        connection.execute(GAPS.format(name=name, step=step))
        source = f"bars_{name}"


def main(argument: str) -> None:
    """Time the rolling alone, a table in memory to tables in memory."""
    ask = asked(argument)
    connection = duckdb.connect()
    connection.execute(MINUTE_ROWS, [ask.data])
    stages = Stages()
    roll_all(connection)
    stages.mark("run")
    bars = {name: connection.table(f"bars_{name}").pl() for name in TIMEFRAMES}
    gaps = {name: connection.table(f"gaps_{name}").pl() for name in TIMEFRAMES}
    hand_over(Path(ask.options["out"]), "duckdb", bars, gaps)
    answer(ask, stages.report(figures={"bars": sum(len(frame) for frame in bars.values())}))


if __name__ == "__main__":
    main(sys.argv[1])
