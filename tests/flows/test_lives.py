"""How a session starts, stops and goes on, as the person at the terminal sees it."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.flows.conftest import Calm, Environment
from tests.flows.plans import words, write_plan
from tests.flows.rows import ask, difference, tables_of
from tests.flows.sessions import Ran, Session, journal_bytes, run, run_folder
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.journal.flight import read_flight
from tradeworthy.journal.reader import read
from tradeworthy.store.embedded import EmbeddedPostgres

HALF_A_DAY_S = 43_200
SLOW = ("--speed", "10000")
SLOWEST = ("--speed", "3000")
"""Slow enough for what people do meanwhile on a busy machine: these sessions are stopped, not awaited."""


def orphans(home: Path) -> list[str]:
    """The processes whose command names the home folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(home) in line:
            found.append(line)
    return found


def names(ran: Ran) -> list[str]:
    """The events of a session's log in their order."""
    return re.findall(r"^\S+ \[\w+ *\] (\w+)", ran.text, re.MULTILINE)


def parts(ran: Ran, event: str) -> list[str]:
    """The agents that the lines of that event name."""
    return [line.rpartition("agent=")[2] for line in ran.events(event)]


def started(home: Path, *command: str, environment: Environment | None = None, real: bool = False) -> Session:
    """A session that has traded a little."""
    session = Session(home, *command, environment=environment, real=real)
    session.wait_for("session_started")
    grown(session, 30_000)
    return session


def grown(session: Session, size: int) -> None:
    """Wait until its journal has grown by `size` bytes."""
    began = journal_bytes(session.home)
    session.wait_until(lambda: journal_bytes(session.home) > began + size, f"{size} bytes of journal")


def test_a_stopped_session_leaves_nothing_behind_and_goes_on_where_it_was(
    calm: Calm, server_home: Path
) -> None:
    """A8, A9: Ctrl+C, SIGTERM, and the same command again, on embedded servers."""
    stopped: list[Ran] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        session = started(server_home, *calm.words, *SLOW, real=True)
        if not stopped:
            second = run(server_home, *calm.words, real=True)
            assert second.code == 2
            assert f"PID {session.pid}" in second.errors()[0]
            assert len(second.errors()) == 1
        session.signal(number)
        stopped.append(session.end())
        assert orphans(server_home) == []
    for ran in stopped:
        assert ran.code == 0, ran.text
        assert "Traceback" not in ran.text
        agents = parts(ran, "agent_started")
        assert parts(ran, "agent_stopped") == agents[::-1]
        order = [name for name in names(ran) if name.startswith("session_")]
        assert order == [
            "session_starting",
            "session_started",
            "session_stopping",
            "session_shutdown_complete",
        ]
    (recovered,) = stopped[1].events("state_recovered")
    assert f"packets={stopped[0].closing['packets']} " in recovered
    with EmbeddedPostgres(server_home) as server:
        open_trades = ask(server.url(), "SELECT count(*) FROM trades WHERE status = 'open'")[0][0]
        session = Session(server_home, *calm.words)
        last = session.end()
        assert f"open_trades={open_trades} packets={stopped[1].closing['packets']} " in last.text
        assert last.closing == calm.ran.closing
        assert difference(calm.tables, tables_of(server.url())) == ""
    assert orphans(server_home) == []


def test_a_second_signal_ends_a_session_at_once_whatever_it_does(
    home: Path, environment: Environment
) -> None:
    """A8: here a desk that never answers; one line, and the turn is no death of the process."""
    plan = write_plan(home.with_suffix(".plan"), {"shaky": ("hang", [200])})
    session = Session(home, *words(plan, HALF_A_DAY_S), environment=environment)
    session.wait_for("session_started")
    turns: list[object] = []

    def hangs() -> bool:
        turns.append(read_flight(run_folder(home) / "inflight"))
        return len(turns) > 40 and turns[-1] is not None and len(set(turns[-40:])) == 1

    session.wait_until(hangs, "a turn without end")
    session.signal(signal.SIGINT)
    session.signal(signal.SIGTERM)
    ran = session.end()
    assert ran.code == 0, ran.text
    assert "stopped at once" in ran.text
    assert "Traceback" not in ran.text
    assert read_flight(run_folder(home) / "inflight") is None
    assert not list(run_folder(home).glob("snapshots/*"))


def test_a_finished_a_fresh_and_a_changed_run_begin_empty(home: Path, environment: Environment) -> None:
    """A9: and each comes to the digest that it would have come to alone."""
    plan = write_plan(home.with_suffix(".plan"))
    command = words(plan, HALF_A_DAY_S)
    whole = run(home, *command, environment=environment)
    assert "resumed=False" in whole.text
    session = started(home, *command, *SLOW, environment=environment)
    session.signal(signal.SIGTERM)
    part = session.end()
    assert part.closing["run"] == whole.closing["run"][:-1] + "2", "the first one was finished"
    fresh = run(home, *command, "--fresh", environment=environment)
    assert "resumed=False" in fresh.text
    assert fresh.closing == {**whole.closing, "run": whole.closing["run"][:-1] + "3"}
    changed = run(home, *words(plan, HALF_A_DAY_S + 60), environment=environment)
    assert "resumed=False" in changed.text
    assert changed.closing["run"].endswith("-1")
    assert changed.closing["run"] != whole.closing["run"]


def test_a_latch_without_a_session_halts_the_next_one_until_it_is_released(
    home: Path, environment: Environment
) -> None:
    """A10: set by hand or by command; resume needs a name and a reason, and lets entries pass again."""
    command = words(write_plan(home.with_suffix(".plan")), HALF_A_DAY_S)
    home.mkdir()
    LatchFile(home).set("night watch", "storm", 1)
    session = Session(home, *command, *SLOWEST, environment=environment)
    session.wait_for("entries_halted")
    grown(session, 20_000)
    refused = run(home, "resume", "--by", "ann", environment=environment)
    assert refused.code == 2
    resumed = run(home, "resume", "--by", "ann", "--reason", "calm again", environment=environment)
    assert resumed.code == 0, resumed.text
    session.wait_for("order=resume")
    grown(session, 20_000)
    session.signal(signal.SIGTERM)
    ran = session.end()
    assert ran.code == 0, ran.text
    assert not LatchFile(home).is_set()
    url = environment["DATABASE_URL"]
    ((rule, by, released_at),) = ask(url, "SELECT rule, released_by, released_at FROM halts")
    assert (rule, by) == ("kill_file", "ann")
    entries = (
        "SELECT DISTINCT approved, reason FROM decisions WHERE reason <> 'reduce_only' AND created_at {} %s"
    )
    assert ask(url, entries.format("<"), released_at) == [(False, "kill_file")]
    assert ask(url, entries.format(">"), released_at) == [(True, "")]


def test_a_full_disk_halts_in_one_line_and_loses_nothing(
    calm: Calm, places: Path, new_environment: Callable[[], Environment]
) -> None:
    """A11: nothing beyond the last record on disk is in the tables, and with room again the run goes on."""
    home, environment = places / "full", new_environment()
    session = Session(home, *calm.words, environment=environment, file_bytes_max=400_000)
    full = session.end()
    assert full.code == 1
    (line,) = full.errors()
    assert "can't be written" in line
    assert "free or mend the disk" in line
    assert "Traceback" not in full.text
    assert not full.closing
    durable = int(line.partition("; seq ")[2].split()[0])
    assert ask(environment["DATABASE_URL"], "SELECT max(seq) <= %s FROM packets", durable) == [(True,)]
    ran = run(home, *calm.words, environment=environment)
    assert "resumed=True" in ran.text
    assert not ran.events("process_died_in_turn")
    assert ran.closing == calm.ran.closing
    assert difference(calm.tables, tables_of(environment["DATABASE_URL"])) == ""


def test_a_damaged_journal_is_named_and_left_alone(home: Path, environment: Environment) -> None:
    """A11: one flipped bit in the middle; the line says after which seq, and --fresh goes on without the run."""
    command = words(write_plan(home.with_suffix(".plan")), HALF_A_DAY_S)
    started(home, *command, *SLOW, environment=environment).kill()
    journal = run_folder(home) / "00000001.journal"
    content = bytearray(journal.read_bytes())
    half = len(content) // 2
    before = [record.seq for record in read(run_folder(home)) if record.offset_after <= half]
    content[half] ^= 1
    journal.write_bytes(content)
    files = sorted(path.name for path in run_folder(home).iterdir())
    damaged = run(home, *command, environment=environment)
    assert damaged.code == 1
    (line,) = damaged.errors()
    assert "is damaged at byte" in line
    assert f"after seq {before[-1]}:" in line
    assert "--fresh" in line
    assert "Traceback" not in damaged.text
    assert sorted(path.name for path in run_folder(home).iterdir()) == files
    assert journal.read_bytes() == bytes(content)
    fresh = run(home, *command, "--fresh", environment=environment)
    assert fresh.code == 0, fresh.text
    assert fresh.closing["run"].endswith("-2")
