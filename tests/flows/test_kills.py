"""A session killed with SIGKILL anywhere and resumed by the same command comes to the same end."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.conftest import Calm, Environment
from tests.flows.kill_drill import Drill, judge
from tests.flows.plans import words, write_plan
from tests.flows.rows import tables_of
from tests.flows.sessions import Session, run


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_run_ends_like_one_that_was_left_alone(
    calm: Calm, places: Path, new_environment: Callable[[], Environment], seed: int
) -> None:
    """P1, A9, A10: same digest and same rows, with desks that fault; `tests.flows.kill_drill` is the full drill."""
    environment = new_environment()
    drill = Drill(5, random.Random(seed), paced_s=3.0, life_s=0.3)
    home = places / f"killed-{seed}"
    ran = drill.round(home, calm.words, environment)
    assert drill.phases
    assert judge(home, ran, tables_of(environment["DATABASE_URL"]), calm.ran, calm.tables) == ""
    assert not ran.events("input_quarantined")


def test_a_run_that_was_killed_after_a_loop_ends_like_one_that_was_left_alone(
    places: Path, new_environment: Callable[[], Environment]
) -> None:
    """P1, A10: its desk had looped over 10,000 packets, and was about to be rebuilt without the last."""
    plan = write_plan(places / "loop-plan", {"shaky": ("loop", [107])})
    command = words(plan, 14_400)
    alone = run(places / "loop-alone", *command, environment=new_environment())
    environment = new_environment()
    session = Session(places / "loop-killed", *command, "--speed", "10000", environment=environment)
    session.wait_for("agent_crashed")
    assert session.kill().code == -9
    resumed = run(places / "loop-killed", *command, environment=environment)
    assert resumed.closing == alone.closing
