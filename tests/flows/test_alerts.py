"""Alerts of whole sessions: every one arrives, in order, through outages and kills, and no secret is said."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import Environment
from tests.flows.plans import words, write_plan
from tests.flows.rows import ask
from tests.flows.sessions import Session, journal_bytes, run
from tests.gateways.alerts.web_hook import HOST, WebHook

DURATION_S = 90_000
TRADES = Path(__file__).parents[2] / "configs" / "breakout.toml"
"""Some fifty trades, and a day's summary."""
FAULTS = {"shaky": ("raise", [300, 302, 304, 306, 308])}
"""Five in ten minutes: five crashes, and a desk that is dead."""
PACED = ("--speed", "60000")
"""Less than two seconds for a whole run."""


@pytest.fixture
def hook() -> Iterator[WebHook]:
    """A service that is away until the test brings it up."""
    hook = WebHook()
    yield hook
    hook.down()


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    """A run with hundreds of trades, crashes and a desk that dies."""
    return words(write_plan(tmp_path, FAULTS, snapshot_every=1_000), DURATION_S)


@pytest.fixture
def told(environment: Environment, hook: WebHook) -> Environment:
    """Servers, and the address of the service; nothing is grouped."""
    return {
        **environment,
        "TRADEWORTHY_ALERTS__URLS": hook.url,
        "TRADEWORTHY_ALERTS__REPEAT_S": "0",
        "TRADEWORTHY_ALERTS__HEARTBEAT_URL": f"http://{HOST}:{hook.port}/ping/s3cret",
    }


def rows_of(environment: Environment, run: str, besides: str = "") -> list[tuple[str, str]]:
    """Titles and texts of the run's alerts, as the database has them, but for those of the severity `besides`."""
    wanted = "SELECT title, text FROM alerts WHERE run = %s AND severity <> %s ORDER BY seq"
    return [(title, text) for title, text in ask(environment["DATABASE_URL"], wanted, run, besides)]


def heard_of(hook: WebHook, run: str) -> list[tuple[str, str]]:
    """The same as they arrived, each once, in the order of its first arrival."""
    heard = [
        (str(one["title"]), str(one["message"])) for one in hook.heard if f"Run {run} at" in one["message"]
    ]
    return list(dict.fromkeys((title, message.partition("\n")[0]) for title, message in heard))


def run_of(home: Path, number: int) -> str:
    """The name of the run of that ordinal."""
    (folder,) = (home / "runs").glob(f"*-{number}")
    return folder.name


def test_every_alert_arrives_though_service_and_session_are_killed(
    home: Path, told: Environment, hook: WebHook
) -> None:
    """H10: the service is away and the session is killed twice; each alert arrives once at least, none out of order."""
    command = words(TRADES, DURATION_S)
    first = Session(home, *command, *PACED, environment=told)
    first.wait_for("alerts_delayed")
    began = journal_bytes(home)
    first.wait_until(lambda: journal_bytes(home) > began + 50_000, "a journal that grows without the service")
    text = first.kill().text
    assert hook.heard == []
    hook.up()
    second = Session(home, *command, *PACED, environment=told)
    second.wait_until(lambda: len(hook.heard) > 5, "alerts of before the kill")
    text += second.kill().text
    ran = run(home, *command, environment=told)
    assert ran.code == 0, ran.text
    expected = rows_of(told, run_of(home, 1))
    assert heard_of(hook, run_of(home, 1)) == expected
    titles = [title for title, _ in expected]
    assert (titles[0], "Daily Summary" in titles, len(titles) > 40) == ("Started", True, True)
    assert "/ping/s3cret" in hook.fetched
    assert "s3cret" not in text + ran.text
    files = [path for path in home.rglob("*") if path.is_file() and "postgres" not in path.parts]
    assert [path for path in files if b"s3cret" in path.read_bytes()] == []


def test_what_a_killed_run_had_left_is_told_by_the_next_run_s_session(
    home: Path, told: Environment, hook: WebHook, command: tuple[str, ...]
) -> None:
    """H10: an empty run is begun instead; its session tells of the one before first. Of trades nobody wants to hear."""
    told = {**told, "TRADEWORTHY_ALERTS__ROUTES__NORMAL": "[]"}
    first = Session(home, *command, *PACED, environment=told)
    first.wait_for("alerts_delayed", "AGENT DEAD: shaky")
    first.kill()
    hook.up()
    ran = run(home, *command, "--fresh", environment=told)
    assert ran.code == 0, ran.text
    for number in (1, 2):
        expected = rows_of(told, run_of(home, number), "normal")
        assert heard_of(hook, run_of(home, number)) == expected
        assert "CRASH: shaky" in [title for title, _ in expected]
    assert "AGENT DEAD: shaky" in hook.titles
    runs = [one["message"].rpartition("\nRun ")[2].partition(" ")[0] for one in hook.heard]
    assert runs == sorted(runs)


def test_a_service_that_never_answers_does_not_keep_a_session(
    home: Path, told: Environment, command: tuple[str, ...]
) -> None:
    """Alerts never block: the run ends as it would, and says what is late."""
    session = Session(home, *command, *PACED, environment=told)
    session.wait_for("alerts_delayed")
    session.signal(signal.SIGTERM)
    ran = session.end()
    assert ran.code == 0, ran.text
    assert ran.events("alerts_late")


def test_without_an_address_the_log_has_a_few_lines(
    home: Path, environment: Environment, command: tuple[str, ...]
) -> None:
    """Of a run that is not paced; what matters more says what to do, and all of it is in the database."""
    ran = run(home, *command, environment=environment)
    lines = ran.events("alert")
    quiet = [line for line in lines if "severity=low" in line or "severity=normal" in line]
    assert 0 < len(quiet) < 8
    (dead,) = [line for line in lines if "AGENT DEAD: shaky" in line]
    assert "severity=critical" in dead
    assert "tradeworthy resume --desk shaky --by NAME --reason TEXT" in dead
    (left_out,) = ran.events("alerts_left_out_of_log")
    count = int(left_out.partition("count=")[2].split()[0])
    assert count + len(lines) == len(rows_of(environment, run_of(home, 1)))


def test_settings_that_others_may_read_end_the_session_before_it_begins(
    home: Path, environment: Environment, command: tuple[str, ...]
) -> None:
    """A11: one line, exit 2, and no run."""
    home.mkdir(parents=True)
    (home / "alerts.toml").write_text('[alerts]\nurls = ["json://ann:s3cret@localhost"]\n')
    (home / "alerts.toml").chmod(0o644)
    ran = run(home, *command, environment=environment)
    assert ran.code == 2
    assert "`chmod 600` it" in ran.errors()[0]
    assert list((home / "runs").iterdir()) == []
