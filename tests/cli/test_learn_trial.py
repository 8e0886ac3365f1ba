"""learn trial, and trace of a row."""

from pathlib import Path

import pytest

from tests.cli.command_line import CONFIG, ROOT, call
from tests.research.trial_market import market
from tradeworthy.reporting.learning_trial import FILES

UPTREND = ROOT / "configs" / "uptrend.toml"


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    """A folder with the small market, and an empty home in sight."""
    assert home.exists()
    market(tmp_path)
    return tmp_path


def test_a_trial_is_told_and_its_runs_can_be_traced(folder: Path) -> None:
    """P5: the command ends with a verdict, writes what it rests on, and a row of its last run has its life."""
    said = call(
        *("learn", "trial", folder / "trial.toml", "--feed", f"recorded:{folder}"),
        *("--from", "2026-01-17", "--to", "2026-02-10", "--split", "2026-01-30", "--out", folder / "out"),
    )
    assert said.code == 0, said.err
    assert said.lines[0] == "trial on recorded, seed 5"
    assert "(judged by result a day, then by result of 100 spent)" in said.out
    assert [Path(line.removeprefix("written: ")).name for line in said.lines[-3:]] == [*FILES]
    life = call("trace", "1h@AAA")
    assert life.code == 0
    assert " SignalTaken " in life.lines[1]
    told = call("trace", "1h@AAA", "--json").json
    assert told["row"] == "1h@AAA"
    refused = call("trace", "1h@AAB")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "did you mean" in refused.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((CONFIG, "--feed", "recorded"), "no desk of breakout learns"),
        ((UPTREND, "--feed", "simulator"), "simulated prices teach nothing"),
        ((UPTREND, "--feed", "recorded:nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_one_line(
    home: Path, words: tuple[str | Path, ...], said: str
) -> None:
    """A11: before anything is run."""
    refused = call("learn", "trial", *words)
    assert refused.code in {2, 3}
    assert refused.err.count("\n") == 1
    assert said in refused.err
    assert not (home / "runs").exists()
