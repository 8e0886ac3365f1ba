"""sweep."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import Said, call
from tests.research.panels import configuration, panel, record

FRAME = panel(600, 4)
GRID = ("--grid", "fixed_tp_pct=0.004:0.006:0.001", "--grid", "max_hold_bars=5,10")


def toml(value: Any) -> str:
    """A value as TOML writes it in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items() if one is not None) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file beside its recorded data, whatever folder the environment names."""
    monkeypatch.delenv("TRADEWORTHY_DATA__RECORDED", raising=False)
    record(FRAME, tmp_path / "data")
    path = tmp_path / "sweeps.toml"
    script = [{"at": "2025-01-01T01:00:00Z", "posture": "TURTLE"}]
    values = configuration(FRAME, data={"recorded": str(tmp_path / "data")}, script=script)
    path.write_text("\n".join(f"{key} = {toml(value)}" for key, value in values.items()))
    return path


def swept(config: Path, *words: str) -> Said:
    """The verb on that configuration, into a folder beside it."""
    return call("sweep", config, *words, "--out", config.parent / "out")


@pytest.mark.usefixtures("home")
def test_a_sweep_is_a_table_with_what_luck_explains(config: Path) -> None:
    """Best sets first; beside the best how many were tried, and what is not in it."""
    said = swept(config, *GRID)
    assert said.code == 0
    assert said.lines[0].startswith("6 sets of desk swept over 600 rows, 3 days")
    assert "1 [[script]] entries" in said.out
    heads = said.lines[3].split()
    assert heads[:4] == ["set", "fixed_tp_pct", "max_hold_bars", "trades"]
    assert "best of 6 sets tried here" in said.out
    assert "probability of overfitting: too few days or sets to tell" in said.out


@pytest.mark.usefixtures("home")
def test_a_sweep_is_json_for_programs(config: Path) -> None:
    """The same, by name; the same command again computes nothing and says the same."""
    found = swept(config, *GRID, "--json").json
    assert (found["sets"], found["rows"], len(found["best"])) == (6, 600, 6)
    assert found["luck"]["trials"] == 6
    assert found["luck"]["overfit"] is None
    assert swept(config, *GRID, "--json").json == found


@pytest.mark.usefixtures("home")
def test_an_interrupted_sweep_says_that_it_goes_on(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, and one line."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tradeworthy.research.job.sweep_sets", interrupted)
    said = swept(config, *GRID)
    assert said.code == 1
    assert "the same command goes on" in said.err
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("words", "code", "fault"),
    [
        ((), 2, "Missing option"),
        (("--grid", "fixed_tp=1:2:1"), 2, "did you mean fixed_tp_pct?"),
        ((*GRID, "--desk", "nobody"), 2, "there is swept"),
        ((*GRID, "--feed", "recorded:/nowhere"), 3, "does not exist"),
        ((*GRID, "--feed", "simulator"), 2, "--duration"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_wrong_use_is_one_line(words: tuple[str, ...], code: int, fault: str, config: Path) -> None:
    """With the exit code that the others have."""
    said = swept(config, *words)
    assert said.code == code
    assert fault in said.err
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("home")
def test_another_sweep_in_the_folder_needs_fresh(config: Path) -> None:
    """And the trials of the first stay counted."""
    swept(config, *GRID)
    said = swept(config, "--grid", "stop_pct=0.01,0.02")
    assert (said.code, "--fresh" in said.err) == (2, True)
    found = swept(config, "--grid", "stop_pct=0.01,0.02", "--fresh", "--json").json
    assert (found["sets"], found["luck"]["trials"]) == (2, 8)


@pytest.mark.usefixtures("home")
def test_a_desk_can_be_swept_on_the_simulator(config: Path) -> None:
    """On a generated universe, as long as was asked for."""
    found = swept(config, *GRID, "--feed", "simulator", "--duration", "86400", "--json").json
    assert (found["rows"], found["sets"]) == (288, 6)
