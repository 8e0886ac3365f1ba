"""prove preflight."""

from pathlib import Path

import pytest

from tests.cli.command_line import ROOT, call

pytestmark = pytest.mark.usefixtures("home")

DENSE = ROOT / "configs" / "parity-dense.toml"


def test_each_drill_is_one_line_with_its_figures() -> None:
    """D12: verdict, number, name, what was done, figures against limits, seconds."""
    said = call("prove", "preflight", "--only", "6")
    assert said.code == 0
    (line,) = said.lines
    assert line.startswith("PASS   6 survival stack: 32 corners")
    assert "corners that are not exact 0 (0); " in line
    assert line.endswith(" s")


def test_drills_are_json_for_programs() -> None:
    """The same figures, by name."""
    (found,) = call("prove", "preflight", DENSE, "--only", "6", "--json").json
    assert (found["verdict"], found["number"], found["name"]) == ("PASS", 6, "survival stack")
    assert {measure["kept"] for measure in found["measures"]} == {True}


def test_a_drill_joins_the_sign_off_list(tmp_path: Path) -> None:
    """D15: the list says what was drilled, and that few rounds are evidence in part."""
    call("prove", "preflight", DENSE, "--only", "6", "--out", tmp_path / "signed")
    text = (tmp_path / "signed" / "sign_off.md").read_text(encoding="utf-8")
    assert "| **in part** |" in next(line for line in text.splitlines() if line.startswith("| D12"))
    assert f"- command: `tradeworthy prove preflight {DENSE} --only 6`" in text


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--only", "9"], 2),
        (["--desk", "nobody", "--only", "8"], 2),
        (["--feed", "recorded:/nowhere", "--only", "8"], 3),
    ],
)
def test_what_cannot_be_drilled_is_said_in_one_line(words: list[str], code: int) -> None:
    """Wrong use is 2; data that is not there makes the drill absent, which is 3."""
    said = call("prove", "preflight", DENSE, *words)
    assert said.code == code
    text = said.err if code == 2 else said.out
    assert text.startswith("error: " if code == 2 else "ABSENT 8 reset and restore: ")
    assert "\n" not in text.strip()
