"""report."""

import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import Said, call
from tradeworthy.journal.segments import list_segments, segment_path


def test_the_report_is_the_one_that_the_demo_printed(demo_run: str, shown: Said) -> None:
    """The layout of the daily summary, read back from the database by the run's name."""
    said = call("report", "--run", demo_run)
    assert said.code == 0
    assert said.out.strip() in shown.out
    assert said.lines[2:7] == [
        "TRADES",
        said.lines[3],
        "  Open positions: 0",
        said.lines[5],
        "",
    ]


def test_refusals_are_listed_by_reason(place: Path, strict: str) -> None:
    """`report --json | jq .risk_rejections` is a list of reasons and counts."""
    refusals = call("report", "--run", strict, "--json").json["risk_rejections"]
    assert [row["reason"] for row in refusals] == ["position_limit"]
    assert call("report", "--run", strict, "--json").json["rejections"] == refusals[0]["count"] > 0


def test_without_refusals_the_list_is_empty(day_run: str) -> None:
    """It is always there."""
    assert call("report", "--run", day_run, "--json").json["risk_rejections"] == []


def test_days_count_back_from_the_last_event(day_run: str) -> None:
    """Half a day holds some of the trades, a week all of them."""
    half, week, whole = (
        call("report", "--run", day_run, "--json", *days).json["total_trades"]
        for days in (["--days", "0.5"], ["--days", "7"], [])
    )
    assert 0 < half < whole == week


def test_one_strategy_s_report_and_its_rows_in_a_file(day_run: str, tmp_path: Path) -> None:
    """`--strategy` counts that one alone, `--csv` writes each trade and refused request."""
    file = tmp_path / "trades.csv"
    shown = call("report", "--run", day_run, "--strategy", "breakout", "--csv", str(file), "--json").json
    assert (shown["strategy"], shown["unrealized_pnl"]) == ("breakout", None)
    assert shown["total_trades"] == call("report", "--run", day_run, "--json").json["total_trades"]
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("id,created_at,opportunity_id,opportunity_type,market_id,venue,side,outcome,")
    assert len(lines) > shown["total_trades"] > 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--run", "nope"], 2),
        (["--days", "0"], 2),
        (["--days", "nan"], 2),
        (["--strategy", "nobody"], 2),
        (["--csv", "/"], 2),
        (["--html", "/", "--no-text"], 2),
        (["--benchmark", "/none.csv"], 2),
    ],
)
def test_a_report_that_can_not_be_is_refused(day_run: str, words: list[str], code: int) -> None:
    """A11: in one line."""
    said = call("report", *words)
    assert said.code == code
    assert said.err.count("\n") == 1


def test_what_is_logged_does_not_stand_in_the_report(place: Path, day_run: str) -> None:
    """A6: whatever is wrong with other runs, standard output is the one JSON document that jq wants."""
    run = place / "runs" / day_run
    journal = bytearray(segment_path(run, list_segments(run)[-1]).read_bytes())
    journal[20] ^= 1
    broken = segment_path(place / "runs" / "broken-1", 1)
    broken.parent.mkdir()
    broken.write_bytes(journal)
    try:
        said = call("report", "--run", day_run, "--json")
    finally:
        shutil.rmtree(broken.parent)
    assert said.json["run"] == day_run
    assert "run_not_projected" in said.err


def test_without_a_run_there_is_no_report(home: Path) -> None:
    """A11: exit 3, what to do, and no server is started for it."""
    said = call("report")
    assert said.code == 3
    assert "tradeworthy demo" in said.err
    assert list(home.iterdir()) == []


def test_a_database_that_refuses_is_one_line(day_run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A11: `Cannot connect to database (host:port): ...`, exit 3."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://x:secret@127.0.0.1:1/z")
    said = call("report")
    assert said.code == 3
    assert said.err.startswith("error: Cannot connect to database (127.0.0.1:1): ")
    assert "secret" not in said.err


def test_a_page_is_written_beside_the_text(day_run: str, tmp_path: Path) -> None:
    """One file, and the text is as it was; --no-text prints nothing."""
    file = tmp_path / "day.html"
    said = call("report", "--run", day_run, "--html", str(file))
    assert said.out == call("report", "--run", day_run).out
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert f"tradeworthy replay {day_run}" in page
    assert "buy-and-hold of BTCUSDT, ETHUSDT, SOLUSDT" in page
    assert call("report", "--run", day_run, "--html", str(file), "--no-text").out == ""


def test_a_benchmark_ends_the_text_and_stands_in_the_json(day_run: str, tmp_path: Path) -> None:
    """The same figures in both."""
    file = tmp_path / "index.csv"
    file.write_text("time,close\n2024-01-01T00:00:00Z,100\n2024-01-02T00:00:00Z,125\n", encoding="utf-8")
    said = call("report", "--run", day_run, "--benchmark", str(file))
    assert said.out.startswith(call("report", "--run", day_run).out)
    assert "\nBENCHMARK\n" in said.out
    index, own = call("report", "--run", day_run, "--json", "--benchmark", str(file)).json["benchmarks"]
    assert (index["name"], index["benchmark"]["max_drawdown"]) == ("index", 0.0)
    assert f"{index['run']['return']:+.2%}" in said.out
    assert own["name"].startswith("buy-and-hold of ")


def test_json_has_the_account_s_figures_and_what_the_run_was(day_run: str) -> None:
    """Without being asked for a page."""
    found = call("report", "--run", day_run, "--json").json
    assert found["performance"]["max_drawdown"] >= 0
    assert found["identity"]["run"] == day_run
    assert found["identity"]["digest"]
    assert sum(row["trades"] for row in found["by_day"]) == found["closed_trades"]
