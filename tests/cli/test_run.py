"""run and backtest: outcomes, refusals, and what goes on with what."""

import re
from pathlib import Path

import pytest

from tests.cli.command_line import CONFIG, ROOT, call
from tests.cli.conftest import run_of

CLOSING = re.compile(r"run_finished run=\S+ packets=\d+ digest=\w+ fingerprint=\w+")


def test_a_finished_run_is_followed_by_another_with_the_same_digest(place: Path) -> None:
    """The closing line is the last one; one seed gives one digest."""
    first, second = (call("run", CONFIG, "--duration", "5000") for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert CLOSING.fullmatch(first.lines[-1])
    assert run_of(first) != run_of(second)
    assert first.lines[-1].split()[2:] == second.lines[-1].split()[2:]


def test_a_run_in_json_is_one_document(place: Path) -> None:
    """The closing line is on standard error then, the last one there."""
    said = call("run", CONFIG, "--duration", "3600", "--json")
    assert said.json["finished"] is True
    assert said.json["outcome"]["mode"] == "paper"
    assert CLOSING.fullmatch(said.err.splitlines()[-1])


def test_a_backtest_gives_the_fingerprint_of_the_paper_run(place: Path, tmp_path: Path) -> None:
    """Neither database nor bus is needed for it, and the trades are the same."""
    paper = call("run", CONFIG, "--duration", "20000", "--fresh")
    asked = ("--feed", "simulator", "--duration", "20000", "--out", tmp_path / "out")
    backtest = call("backtest", CONFIG, *asked)
    assert backtest.lines[-1].split()[4] == paper.lines[-1].split()[4]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("trades.csv", "daily.csv", "bars.csv", "summary.json", "tear_sheet.html")
    }


def test_rows_that_are_no_bars_are_told(place: Path, recorded_data: Path, tmp_path: Path) -> None:
    """A11: NaN bars are left out, counted, and named."""
    import polars as pl

    bars = pl.scan_parquet(recorded_data / "binance_um_1m" / "klines_1m.parquet")
    wanted = bars.filter(pl.col("symbol").is_in(["BTCUSDT", "ETHUSDT", "SOLUSDT"])).collect()
    few = wanted.group_by("symbol", maintain_order=True).head(200).with_row_index()
    nan = pl.when(pl.col("index") % 100 == 0).then(float("nan")).otherwise(pl.col("close"))
    few.with_columns(close=nan).drop("index").write_parquet(tmp_path / "klines_1m.parquet")
    said = call("backtest", CONFIG, "--feed", f"recorded:{tmp_path}", "--out", tmp_path / "out")
    assert said.code == 0
    assert said.out.count("2 rows left out (nan)") == 3


REFUSALS = [
    (["--feed", "recorded:/nowhere"], 3, "does not exist"),
    (["--feed", "recorded"], 3, "TRADEWORTHY_DATA__RECORDED"),
    (["--feed", "catalog"], 3, "tradeworthy data import"),
    (["--feed", "foo"], 2, "no feed 'foo'"),
    (["--mode", "live"], 3, "not available"),
    (["--mode", "foo"], 2, "--mode is 'foo'"),
    (["--duration", "0"], 2, "--duration is 0"),
    (["--duration", "nan"], 2, "--duration is nan"),
    (["--speed", "-1"], 2, "--speed is -1"),
    (["--seed", "-1"], 2, "--seed is -1"),
    (["--mode", "backtest"], 2, "has no end"),
    (["--from", "2025-05-02", "--to", "2025-05-01"], 2, "swap them"),
]


@pytest.mark.parametrize(("words", "code", "said"), REFUSALS)
def test_a_run_that_can_not_be_is_refused_in_one_line(
    place: Path, words: list[str], code: int, said: str
) -> None:
    """A11: what, the value and the next step, exit 2 for wrong use and 3 for what is not here."""
    answer = call("run", CONFIG, *words)
    assert answer.code == code
    assert said in answer.err
    assert answer.err.count("\n") == 1


FAULTS = [
    ("seed = 7", "sead = 7", "unknown key sead; did you mean seed?"),
    ('cash = "10000"', 'cash = "lots"', "account.cash"),
    ("lookback = 60", "lookbak = 60", "unknown key lookbak; did you mean lookback?"),
    ("lookback = 60", 'lookback = "x"', "lookback"),
    ("../examples/breakout.py", "nowhere.py", "nowhere.py"),
    ('name = "breakout"', "name = [", "is not TOML"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), FAULTS)
def test_a_wrong_configuration_is_refused_in_one_line(
    place: Path, tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    """A11: an unknown key or a wrong type names itself, and the nearest right one."""
    text = CONFIG.read_text(encoding="utf-8").replace(right, wrong, 1)
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace("../examples", str(ROOT / "examples")), encoding="utf-8")
    answer = call("run", path, "--duration", "60")
    assert answer.code == 2
    assert said in answer.err
    assert [line for line in answer.err.splitlines() if line.startswith("error")] == answer.err.splitlines()[
        -1:
    ]


@pytest.mark.parametrize(
    ("name", "url", "said"),
    [
        ("DATABASE_URL", "postgresql://x:y@127.0.0.1:1/z", "Cannot connect to database (127.0.0.1:1)"),
        ("REDIS_URL", "redis://127.0.0.1:1", "Cannot connect to Redis (127.0.0.1:1)"),
        ("DATABASE_URL", "mysql://x", "no PostgreSQL address"),
    ],
)
def test_a_server_that_refuses_stops_a_run_before_it_begins(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, url: str, said: str
) -> None:
    """A11: one line that names host and port, no password, and no run is begun."""
    monkeypatch.setenv(name, url)
    before = sorted((place / "runs").glob("*"))
    answer = call("run", CONFIG, "--duration", "3601")
    assert answer.code in {2, 3}
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert sorted((place / "runs").glob("*")) == before


@pytest.mark.parametrize("verb", ["status", "report", "stop", "doctor", "halt --reason x", "trace 1", "demo"])
def test_a_file_where_the_home_folder_should_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """A11: every verb says so, and what to do."""
    path = tmp_path / "home"
    path.touch()
    monkeypatch.setenv("TRADEWORTHY_HOME", str(path))
    answer = call(*verb.split())
    assert answer.code in {1, 2}
    assert "is a file; move it away" in (answer.out + answer.err).replace("\n      next: ", "; ")
