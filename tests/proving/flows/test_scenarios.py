"""Every flow: its packets reach the last table of their way, by the database's word alone."""

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.proving.flows.playing import Stand, play
from tradeworthy.proving.flows.scenarios import SCENARIOS, scenarios_of
from tradeworthy.proving.flows.stages import FlowStage


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_packet_of_a_flow_is_lost(name: str, where: Stand) -> None:
    """L16: each packet is found in every table of its way."""
    played = play(SCENARIOS[name](), where)
    assert [(one.packet, one.failure_stage, one.fault) for one in played.died] == []
    assert all(one.looked for one in played.followed)


def test_the_log_names_every_part_and_learning_job(where: Stand) -> None:
    """L1, L18: the excerpt shows the chain's parts and all four jobs with their periods."""
    log = "\n".join(play(SCENARIOS["tuning"](), where).log)
    for part in ("social-ingest", "decision-maker", "trader", "position-manager", "learning-schedule"):
        assert f"agent='{part}'" in log
    for job in ("facts", "lessons", "tuning", "overrides"):
        assert f"job='{job}'" in log


def test_together_they_pass_every_stage() -> None:
    """L16: no stage is without a flow."""
    passed = {stage for scenario in scenarios_of(None) for stage in scenario.stages}
    assert passed == set(FlowStage)


def test_a_scenario_has_the_name_that_it_is_asked_for_by() -> None:
    """The table and the command line use one name."""
    assert [make().name for make in SCENARIOS.values()] == list(SCENARIOS)


def test_a_flow_or_stage_that_there_is_none_of_is_said_with_what_there_is() -> None:
    """A wrong name is a usage error that lists the right ones."""
    with pytest.raises(UsageError, match="no flow 'nothing'; name one of social"):
        scenarios_of("nothing")
    with pytest.raises(UsageError, match="flow social does not pass stage lessons; plant one of ingest"):
        scenarios_of("social", FlowStage.LESSONS)


def test_the_same_flow_ends_the_same_each_time(where: Stand) -> None:
    """A flow is a session on the simulated clock: its rows are the same in another database."""
    first, second = (play(SCENARIOS["rejected"](), where) for _ in range(2))
    rows = [[[look.rows for look in one.looked] for one in played.followed] for played in (first, second)]
    assert rows[0] == rows[1]
