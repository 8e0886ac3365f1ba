"""The bundle of a flow: commands, queries with their rows, the session's log, the table."""

import json
from pathlib import Path

from tradeworthy.proving.flows.evidence import row_of, write_evidence, write_table
from tradeworthy.proving.flows.playing import Stand, play
from tradeworthy.proving.flows.scenarios import SCENARIOS
from tradeworthy.proving.flows.stages import FlowStage
from tradeworthy.runtime.configuration import load


def test_the_bundle_holds_all_that_a_reader_needs(where: Stand, tmp_path: Path) -> None:
    """L18: command log, SQL transcript, log excerpt, summary as Markdown and JSON, and the configuration."""
    played = play(SCENARIOS["social"](), where)
    write_evidence(tmp_path, played, "tradeworthy prove flow social")
    folder = tmp_path / "social"
    commands = (folder / "commands.log").read_text()
    assert commands.startswith(f"tradeworthy prove flow social\nsession {played.run}: ")
    assert '2026-01-01T00:10:00Z SocialSignal {"' in commands
    asked = (folder / "sql.txt").read_text()
    assert asked.count("-- packet ") == 1
    assert asked.count(";\n--   {") == len(played.followed[0].looked)
    assert f"run = '{played.run}'" in asked
    assert "job_scheduled" in (folder / "session.log").read_text()
    assert (
        "| social | call-BONK | ad_strands uptrend_stage_transition | - |"
        in (folder / "summary.md").read_text()
    )
    assert load(folder / "flow.toml").name == "flow"


def test_a_lost_packet_has_its_query_in_the_bundle(where: Stand, tmp_path: Path) -> None:
    """L16, L18: the stage, what was wrong, and the query, in all three."""
    played = play(SCENARIOS["social"](), where, FlowStage.DECISION)
    write_evidence(tmp_path, played, "tradeworthy prove flow social --plant decision")
    write_table(tmp_path, [played])
    assert row_of(played.followed[0]) == ["social", "call-BONK", "ad_strands social_lowcap", "decision"]
    assert (
        "-- decision: ad_strands decision_lowcap: LOST, no row"
        in (tmp_path / "social" / "sql.txt").read_text()
    )
    assert (
        "call-BONK was lost in decision: no row. The query:"
        in (tmp_path / "social" / "summary.md").read_text()
    )
    (packet,) = json.loads((tmp_path / "summary.json").read_text())[0]["packets"]
    assert packet["failure_stage"] == "decision"
    assert "kind = 'decision_lowcap'" in packet["query"]
    assert "1 packets, 1 lost" in (tmp_path / "summary.md").read_text()
