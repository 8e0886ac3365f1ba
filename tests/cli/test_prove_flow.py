"""prove flow, as people and programs see it."""

from pathlib import Path

import pytest

from tests.cli.command_line import call

pytestmark = pytest.mark.usefixtures("home")


def test_a_flow_is_a_table_and_a_bundle(tmp_path: Path) -> None:
    """L16, L18: scenario, packet, final sink, failure stage; the evidence lies in the folder."""
    said = call("prove", "flow", "social", "--out", tmp_path)
    assert said.code == 0, said.err
    heads, row = said.lines[-2:]
    assert heads.split() == ["scenario", "packet_id", "final", "sink", "failure", "stage"]
    assert row.split() == ["social", "call-BONK", "ad_strands", "uptrend_stage_transition", "-"]
    assert (tmp_path / "summary.md").exists()
    assert {path.name for path in (tmp_path / "social").iterdir()} == {
        *("commands.log", "sql.txt", "session.log", "flow.toml", "summary.md", "summary.json")
    }


def test_a_lost_packet_is_exit_code_1_with_its_query() -> None:
    """L16: the stage that was broken is named, and the query that found nothing is shown."""
    said = call("prove", "flow", "social", "--plant", "decision")
    assert said.code == 1
    assert "social call-BONK was lost in decision: no row" in said.lines
    assert any("decision.kind = 'decision_lowcap'" in line for line in said.lines)


def test_a_flow_is_json_for_programs() -> None:
    """The same, by name."""
    (found,) = call("prove", "flow", "majors", "--json").json
    assert found["scenario"] == "majors"
    assert found["packets"][0]["failure_stage"] == ""


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], "give a flow's name, or --all"),
        (["social", "--all"], "give a flow's name, or --all"),
        (["sozial"], "there is no flow 'sozial'; name one of social"),
        (["social", "--plant", "lesson"], "there is no stage 'lesson'; name one of ingest"),
        (["social", "--plant", "lessons"], "flow social does not pass stage lessons"),
    ],
)
def test_wrong_use_is_said_in_one_line(words: list[str], error: str) -> None:
    """Exit code 2, and what there is instead."""
    said = call("prove", "flow", *words)
    assert said.code == 2
    assert error in said.err
    assert "\n" not in said.err.strip()
