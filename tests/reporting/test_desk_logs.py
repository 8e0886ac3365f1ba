"""The files of a session's desks are those of their engines, also where what was said of the days ahead grows old."""

from pathlib import Path

from tests.desks.divergence.desk_rig import DeskRig, configured, desk, engine_of, frame_of, rows_of
from tradeworthy.desks.divergence.engine import run_engine
from tradeworthy.execution.steps import terms_of
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.money import Scale
from tradeworthy.reporting.desk_logs import DeskLogs
from tradeworthy.reporting.reference import write_reference
from tradeworthy.risk.stance import ForewarnerReported, McStatus
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.configuration import Configuration

ROWS = 600
"""Two days and an hour or two of a third, in bars of five minutes."""


def logged(configuration: Configuration, out: Path, *said: ForewarnerReported) -> None:
    """A session whose desks' files are written into `out`; first it is told what was `said`."""
    terms = {one.id: terms_of(Scale(one), configuration.venue) for one in instruments_of(configuration)}
    capital = {one.name: int(50_000 * one.share) * CASH_UNIT for one in configuration.desks}
    logs = DeskLogs(out, capital, terms, posts=True)
    rig = DeskRig(configuration, observers=[logs])
    for event in said:
        rig.put(event)
    rig.rows(rows_of(ROWS))
    logs.close()


def days(out: Path) -> list[str]:
    """The forewarner's status of each day."""
    lines = (out / "daily.csv").read_text(encoding="utf-8").splitlines()
    return [line.split(",")[lines[0].split(",").index("mc_status")] for line in lines[1:]]


def test_a_sessions_files_are_the_engines(tmp_path: Path) -> None:
    """D3, D7: byte for byte; a report of more than a day ago is ORANGE in both."""
    configuration = configured(script=[{"at": "2024-10-04T01:00:00Z", "mc": "OK"}])
    logged(configuration, tmp_path / "session")
    results = run_engine(engine_of(configuration), frame_of(rows_of(ROWS)))
    write_reference(tmp_path / "engine", results, 50_000 * CASH_UNIT)
    for name in ("trades.csv", "daily.csv", "bars.csv", "summary.json"):
        made = tmp_path / "session" / "divergence" / name
        assert made.read_bytes() == (tmp_path / "engine" / name).read_bytes(), name
    assert days(tmp_path / "engine") == ["OK", "ORANGE", "ORANGE"]


def test_a_report_is_of_the_desk_that_it_names(tmp_path: Path) -> None:
    """D3: the other desk's days say what it was sized by."""
    configuration = configured(desk("short", "0.5"), desk("long", "0.5", direction=1))
    logged(configuration, tmp_path, ForewarnerReported(McStatus.RED, 0.0, 0, desk="long"))
    assert days(tmp_path / "short") == ["OK"] * 3
    assert days(tmp_path / "long") == ["RED"] * 3
