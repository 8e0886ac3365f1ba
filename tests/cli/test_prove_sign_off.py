"""prove sign-off, as people and programs see it."""

from pathlib import Path

import pytest

from tests.cli.command_line import call
from tests.proving.test_sign_off import parity
from tests.proving.test_suite_evidence import RED, report
from tradeworthy.cli.prove_sign_off import MADE_BY, command_of
from tradeworthy.proving.signing.parity_evidence import evidence_of_parity
from tradeworthy.proving.signing.sign_off import PARTS, REQUIREMENTS, Evidence, sign


def test_the_list_shows_what_is_open_and_what_closes_it(tmp_path: Path) -> None:
    """D15: lines of one command stand together; nothing failed, so it ends with 0, and with --strict 1."""
    sign(tmp_path, evidence_of_parity(parity(), "command"))
    said = call("prove", "sign-off", tmp_path)
    assert said.code == 0
    assert [line.split()[0] for line in said.lines[1:16]] == list(REQUIREMENTS)
    assert (
        f"open: D8, D9, D10, D11, D12: tradeworthy prove preflight CONFIG --full --out {tmp_path}"
        in said.lines
    )
    assert f"open: D13 cache: tradeworthy data check --sign-off {tmp_path}" in said.lines
    assert said.lines[-1] == "4 of 15 lines are passed"
    assert call("prove", "sign-off", tmp_path, "--strict").code == 1
    listed = call("prove", "sign-off", tmp_path, "--json").json["lines"]
    assert [line["id"] for line in listed if line["status"] == "passed"] == ["D4", "D5", "D6", "D7"]


def test_a_report_of_tests_joins_and_a_red_one_fails(tmp_path: Path) -> None:
    """D2, D15: --tests begins a list, too; newer evidence takes the place of older."""
    out = tmp_path / "proof"
    said = call("prove", "sign-off", out, "--tests", report(tmp_path, RED))
    assert said.code == 1
    assert any(
        line.startswith("D2 failed, 2026-11-21T17:00:00+00:00: 5001 tests, 1 failures") for line in said.lines
    )
    assert call("prove", "sign-off", out).code == 1
    good = call("prove", "sign-off", out, "--tests", report(tmp_path), "--json")
    assert good.code == 0
    (evidence,) = good.json["lines"][1]["evidence"]
    assert evidence["command"] == f"tradeworthy prove sign-off {out} --tests {tmp_path / 'tests.xml'}"


def test_a_whole_list_is_strictly_passed(tmp_path: Path) -> None:
    """D15: exit 0 with --strict."""
    for part in PARTS["D13"]:
        sign(tmp_path, {"D13": Evidence(part, "", "", "passed", "", part=part)})
    sign(tmp_path, {name: Evidence("k", "", "", "passed", "") for name in REQUIREMENTS if name != "D13"})
    said = call("prove", "sign-off", tmp_path, "--strict")
    assert (said.code, said.lines[-1]) == (0, "15 of 15 lines are passed")


@pytest.mark.parametrize(("words", "code"), [([], 3), (["--tests", "nowhere.xml"], 3)])
def test_what_is_not_there_is_one_line(tmp_path: Path, words: list[str], code: int) -> None:
    """D15: neither a list nor a report."""
    said = call("prove", "sign-off", tmp_path, *words)
    assert (said.code, said.err.count("\n")) == (code, 1)


def test_every_line_and_part_has_a_command() -> None:
    """D15: each line of the list can be passed by a command."""
    assert set(REQUIREMENTS) - {"D15"} <= set(MADE_BY)
    assert {part for parts in PARTS.values() for part in parts} - {"twin"} <= set(MADE_BY)


def test_a_command_is_written_as_it_would_be_given_again() -> None:
    """D15: quoted for the shell, without what was not given."""
    found = command_of(
        "prove", "x", Path("a b"), from_="2025-01-01", trades_min=None, allow=["k", "l"], full=True
    )
    assert found == "tradeworthy prove x 'a b' --from 2025-01-01 --allow k --allow l --full"
