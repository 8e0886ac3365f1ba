"""The same in DuckDB: one query with a grouping set for each combination of dimensions."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.measure import Stages, answer, asked
from benchmarks.mining.parts import DIMENSIONS, MASKS, N_MIN, hand_over

EVENTS = "create table events as select * from read_parquet(?)"

SETS = ", ".join(f"({', '.join(('category', *mask))})" for mask in MASKS)
LESSONS = f"""
create or replace temp table lessons as
select category, {", ".join(DIMENSIONS)}, count(*) as n, avg(rr) as avg_rr, var_samp(rr) as variance
from events group by grouping sets ({SETS}) having count(*) >= {N_MIN}"""  # noqa: S608 - of constants


def main(argument: str) -> None:
    """Time the mining alone, a table in memory to a table in memory."""
    ask = asked(argument)
    connection = duckdb.connect()
    connection.execute(EVENTS, [ask.data])
    stages = Stages()
    connection.execute(LESSONS)
    stages.mark("warm")
    connection.execute(LESSONS)
    stages.mark("run")
    found = connection.table("lessons").pl()
    hand_over(Path(ask.options["out"]), "duckdb", found)
    answer(ask, stages.report(figures={"slices": len(found)}))


if __name__ == "__main__":
    main(sys.argv[1])
