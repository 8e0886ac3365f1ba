"""What becomes of a desk that raises, loops or kills its process, and of the rest."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.flows.conftest import Environment
from tests.flows.plans import words, write_plan
from tests.flows.rows import ask
from tests.flows.sessions import Ran, run, run_folder
from tradeworthy.runtime.replay import replay

HALF_A_DAY_S = 43_200
PAIR = [107, 306]
"""Minutes in which nothing is filled: a loop has one beginning."""


def at(minute: int) -> datetime:
    """When the bar of that minute of the simulator's first day closes."""
    return datetime(2024, 1, 1, (minute + 1) // 60, (minute + 1) % 60, tzinfo=UTC)


def half_a_day(home: Path, plan: Path, environment: Environment, *more: str) -> Ran:
    """A session of half a day."""
    return run(home, *words(plan, HALF_A_DAY_S, *more), environment=environment)


@pytest.fixture(scope="module")
def ignoring(places: Path, new_environment: Callable[[], Environment]) -> Ran:
    """A run whose desk lets the packets pass by that the faulty ones are not given."""
    plan = write_plan(places / "ignoring-plan", {"shaky": ("ignore", PAIR)})
    return half_a_day(places / "ignoring", plan, new_environment())


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("raise", "ValueError: no good bar: BTC"),
        ("late", "ValueError: half way"),
        ("exit", "SystemExit: 4"),
        ("loop", "over 10000 in the turn of"),
        ("flood", "over 10000 in the turn of"),
    ],
)
def test_a_desk_that_faults_is_not_given_the_packet_and_nothing_else_changes(
    home: Path, environment: Environment, ignoring: Ran, fault: str, error: str
) -> None:
    """A10, P1: logged, quarantined, replayed to the same digest; all else is traded as if it had let it pass."""
    ran = half_a_day(home, write_plan(home.with_suffix(".plan"), {"shaky": (fault, PAIR)}), environment)
    assert ran.code == 0, ran.text
    crashes = ran.events("agent_crashed")
    assert [error in line and "agent=shaky desk=shaky" in line for line in crashes] == [True, True]
    assert ran.closing["fingerprint"] == ignoring.closing["fingerprint"]
    assert replay(run_folder(home)).digest == ran.digest
    noted = ask(
        environment["DATABASE_URL"], "SELECT event ->> 'desk' FROM packets WHERE type = 'Quarantined'"
    )
    assert noted == [("shaky",), ("shaky",)]


@pytest.mark.parametrize(
    ("minutes", "waits_ms"), [([110], 1000), ([109, 110], 2000), ([108, 109, 110], 4000)]
)
def test_entries_wait_longer_after_each_fault(
    home: Path, environment: Environment, minutes: list[int], waits_ms: int
) -> None:
    """A10: 1, 2, 4 s of session time; the desk's entry of that very moment is refused, the next passes."""
    ran = half_a_day(home, write_plan(home.with_suffix(".plan"), {"shaky": ("raise", minutes)}), environment)
    assert ran.code == 0, ran.text
    refused = ask(
        environment["DATABASE_URL"],
        "SELECT desk, created_at, reason, figures ->> 'backoff_left_ms' FROM decisions WHERE NOT approved",
    )
    assert refused == [("shaky", at(110), "desk_halt", str(waits_ms))]


@pytest.mark.parametrize(("on_fault", "reason"), [("keep", "held"), ("flatten", "flatten")])
def test_five_faults_in_ten_minutes_latch_the_desk(
    home: Path, environment: Environment, on_fault: str, reason: str
) -> None:
    """A10: what it holds is kept until it leaves by itself, or is closed at once; the other desk trades on."""
    faults = {"shaky": ("raise", [100, 101, 102, 103, 104])}
    plan = write_plan(home.with_suffix(".plan"), faults, on_fault=on_fault)
    ran = half_a_day(home, plan, environment)
    assert ran.code == 0, ran.text
    url = environment["DATABASE_URL"]
    assert ask(url, "SELECT desk, rule, created_at, released_at FROM halts") == [
        ("shaky", "faults", at(104), None)
    ]
    left = ask(
        url,
        "SELECT reason FROM trades WHERE desk = 'shaky' AND instrument = 'BTC' AND closed_at >= %s ORDER BY closed_at",
        at(104),
    )
    assert left == [(reason,)]
    entered = "SELECT count(*) > 0 FROM candidates WHERE desk = %s AND kind = 'clock' AND approved AND created_at > %s"
    assert ask(url, entered, "shaky", at(104)) == [(False,)]
    assert ask(url, entered, "steady", at(104)) == [(True,)]


def test_a_desk_that_can_not_hear_of_its_faults_has_an_end_of_them(
    home: Path, environment: Environment
) -> None:
    """A10: what it raises when it is told is withheld without telling it again."""
    ran = half_a_day(home, write_plan(home.with_suffix(".plan"), {"shaky": ("deaf", PAIR)}), environment)
    assert ran.code == 0, ran.text
    kinds = ["ValueError: no good bar", "RuntimeError: can't hear"] * 2
    assert [kind in line for kind, line in zip(kinds, ran.events("agent_crashed"), strict=True)] == [True] * 4
    assert replay(run_folder(home)).digest == ran.digest


def test_a_packet_that_kills_the_process_twice_is_quarantined_and_halts_all(
    home: Path, environment: Environment
) -> None:
    """A10, A11: the third start comes up halted, and says so; the run goes on without the input."""
    plan = write_plan(home.with_suffix(".plan"), {"shaky": ("die", [200])})
    deaths = [half_a_day(home, plan, environment) for _ in range(2)]
    assert [ran.code for ran in deaths] == [-9, -9]
    third = half_a_day(home, plan, environment)
    assert third.code == 0, third.text
    (told,) = third.events("input_quarantined")
    assert "the process died twice in this input's turn" in told
    assert len(third.events("process_died_in_turn")) == 1
    assert "rule=quarantine" in third.events("entries_halted")[0]
    url = environment["DATABASE_URL"]
    assert ask(url, "SELECT desk, rule FROM halts") == [("", "quarantine")]
    assert ask(
        url, "SELECT count(*) FROM decisions WHERE approved AND created_at > %s AND reason = ''", at(200)
    ) == [(0,)]
    assert replay(run_folder(home)).digest == third.digest


def test_a_raise_under_the_desks_halts_all_in_one_line(home: Path, environment: Environment) -> None:
    """A11: at once, and at each start until the code is corrected; nothing half done is kept."""
    plan = write_plan(home.with_suffix(".plan"), {"shaky": ("forge", [200])})
    lines = []
    for _ in range(2):
        ran = half_a_day(home, plan, environment)
        assert ran.code == 1
        (line,) = ran.errors()
        assert "ledger raised" in line
        assert "Traceback" not in ran.text
        assert not ran.closing
        lines.append(line)
    assert lines[0] == lines[1]
    url = environment["DATABASE_URL"]
    assert ask(url, "SELECT count(*) FROM fills WHERE venue = 'nowhere'") == [(0,)]
    assert ask(url, "SELECT max(created_at) <= %s FROM packets", at(200)) == [(True,)]
    assert not list(run_folder(home).glob("snapshots/*"))
    replayed = run(home, "replay", environment=environment)
    assert replayed.code in {1, 2}
    assert len(replayed.errors()) == 1
    assert "Traceback" not in replayed.text


def test_a_desk_that_raises_in_a_backtest_ends_it_in_one_line(home: Path) -> None:
    """A11: a backtest has no quarantine."""
    plan = write_plan(home.with_suffix(".plan"), {"shaky": ("raise", PAIR)})
    out = str(home.with_suffix(".out"))
    command = ("backtest", str(plan), "--feed", "simulator", "--duration", str(HALF_A_DAY_S), "--out", out)
    ran = run(home, *command)
    assert ran.code == 1
    (line,) = ran.errors()
    assert "desk shaky raised ValueError: no good bar: BTC" in line
    assert "Traceback" not in ran.text
