"""A fault that is planted in a stage is found in that stage, with the query that does not find the packet."""

import pytest

from tradeworthy.proving.flows.planting import PLANTS
from tradeworthy.proving.flows.playing import Stand, play
from tradeworthy.proving.flows.scenarios import SCENARIOS
from tradeworthy.proving.flows.stages import FlowStage

WHERE = {
    FlowStage.INGEST: "social",
    FlowStage.DECISION: "social",
    FlowStage.POSITIONS: "social",
    FlowStage.BACKFILL: "social",
    FlowStage.ROLLUP: "empty",
    FlowStage.ENGINE: "social",
    FlowStage.EPISODES: "actions",
    FlowStage.ACTION: "actions",
    FlowStage.BOOKS: "actions",
    FlowStage.CLOSURE: "actions",
    FlowStage.FACTS: "actions",
    FlowStage.LESSONS: "tuning",
    FlowStage.OVERRIDES: "tuning",
    FlowStage.RUNTIME: "sizing",
}


@pytest.mark.parametrize("stage", FlowStage)
def test_a_fault_in_a_stage_is_named_as_that_stage(stage: FlowStage, where: Stand) -> None:
    """L16: the first packet that the fault takes died in the stage, and its last query belongs to it."""
    played = play(SCENARIOS[WHERE[stage]](), where, stage)
    assert {one.failure_stage for one in played.died} == {stage.value}
    for one in played.died:
        assert one.fault
        assert one.looked[-1].stage is stage
        assert played.run in one.looked[-1].sql


def test_every_stage_can_be_broken() -> None:
    """Each has its plant, and the tests above use all."""
    assert set(PLANTS) == set(FlowStage) == set(WHERE)


def test_a_lost_job_leaves_what_came_before_it(where: Stand) -> None:
    """L16: with the lessons lost the facts still stand, and what rests on lessons does not."""
    played = play(SCENARIOS["learning"](), where, FlowStage.LESSONS)
    ends = {one.packet: (one.final_sink, one.failure_stage) for one in played.followed}
    assert ends["good"] == ("pattern_trade_events", "lessons")
    assert ends["call-BONK"] == ("ad_strands pm_action", "overrides")


def test_a_skew_that_is_not_applied_is_found(where: Stand) -> None:
    """L12: the fourth of a scope has no skew on its row, and only that packet is lost."""
    played = play(SCENARIOS["exposure"](), where, FlowStage.RUNTIME)
    assert [(one.packet, one.failure_stage) for one in played.died] == [("call-LATEX", "runtime")]
