"""status, stop, halt, resume, flatten, inject, on a session in a process of its own."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CONFIG, Said, call, ended, session, until
from tests.cli.conftest import enter
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.runtime.home import home as home_of


@pytest.fixture(scope="module")
def busy_home() -> Iterator[tuple[Path, int]]:
    """A home folder, and the process id of the session in it, at ten session minutes a second."""
    with (
        tempfile.TemporaryDirectory(prefix="tw-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        enter(patch, Path(folder))
        with session("--speed", "600") as process:
            patch.undo()
            yield Path(folder), process.pid


@pytest.fixture
def running(busy_home: tuple[Path, int], monkeypatch: pytest.MonkeyPatch) -> int:
    """A session, by its process id, for questions that leave it as it was."""
    enter(monkeypatch, busy_home[0])
    return busy_home[1]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own, with servers of its own."""
    with tempfile.TemporaryDirectory(prefix="tw-", ignore_cleanup_errors=True) as folder:
        enter(monkeypatch, Path(folder))
        yield Path(folder)


def test_status_says_how_the_session_stands(running: int) -> None:
    """Exit 0, with the process, the run, session time and equity."""
    said = call("status")
    assert said.code == 0
    assert said.lines[0].startswith(f"a session is running (PID {running}), paper run breakout-")
    assert [line.split()[0] for line in said.lines[1:4]] == ["session", "equity", "candidates"]


def test_status_gives_the_servers_and_each_parts_health(running: int) -> None:
    """A1: the embedded servers' addresses are real ones, which a client can use."""
    found = call("status", "--json").json
    assert (found["pid"], found["answers"]) == (running, True)
    assert found["database_url"].startswith("postgresql://")
    assert found["redis_url"].startswith("redis://")
    assert {"ledger", "orders", "paper-executor", "risk-guardian", "breakout"} <= {
        part["agent"] for part in found["parts"]
    }


@pytest.mark.parametrize("verb", ["run", "demo"])
def test_a_second_start_is_refused(running: int, verb: str) -> None:
    """A11: it names the process and the run that are there."""
    said = call(*([verb, CONFIG] if verb == "run" else [verb]))
    assert said.code == 2
    assert f"PID {running}" in said.err
    assert said.err.count("\n") == 1


def test_a_halt_holds_until_someone_resumes(running: int) -> None:
    """Resuming takes a name and a reason."""
    assert call("halt", "--reason", "odd", "--by", "anna").code == 0
    assert call("status", "--json").json["halted"] == "operator"
    assert call("resume").code == 2
    assert call("resume", "--by", "ben").code == 2
    assert call("status").lines[-1] == "entries are halted by anna: odd"
    said = call("resume", "--by", "ben", "--reason", "well again")
    assert said.out == "the session is resumed; anna had halted it: odd\n"
    assert call("status", "--json").json["halted"] == ""


def test_a_latch_that_appears_halts_a_running_session(running: int) -> None:
    """The file alone is enough."""
    LatchFile(home_of().path).set("carl", "by hand", 1)
    until(lambda: call("status", "--json").json["halted"] == "kill_file")
    assert call("resume", "--by", "ben", "--reason", "well again").code == 0


def test_one_desk_is_halted_by_its_name(running: int) -> None:
    """A name that no desk has is refused: a halt that holds nothing would deceive."""
    said = call("halt", "--reason", "odd", "--desk", "brk")
    assert said.code == 2
    assert "there is breakout" in said.err
    assert call("halt", "--reason", "odd", "--desk", "breakout").code == 0
    parts = {part["agent"]: part["halted"] for part in call("status", "--json").json["parts"]}
    assert parts["breakout"] == "operator"
    assert call("resume", "--by", "ben", "--reason", "well", "--desk", "breakout").code == 0


def test_flatten_wants_the_account_and_a_yes(running: int) -> None:
    """It can cost money, so nothing is guessed."""
    for words in ([], ["--account", "paper"], ["--account", "other", "--confirm"]):
        assert call("flatten", *words).code == 2
    said = call("flatten", "--account", "paper", "--confirm")
    assert said.out.startswith("halted, and closing ")
    assert call("resume", "--by", "ben", "--reason", "well").code == 0


def test_prices_are_injected_all_or_none(running: int, tmp_path: Path) -> None:
    """One wrong line and nothing enters."""
    good, wrong = '{"instrument": "BTCUSDT", "price": 1000.5}\n', '{"instrument": "BTCUSDX", "price": 1}\n'
    path = tmp_path / "prices.jsonl"
    path.write_text(good + wrong)
    said = call("inject", "price", path)
    assert said.code == 2
    assert "'BTCUSDX' is not listed" in said.err
    path.write_text(good * 2)
    assert call("inject", "price", path).out == "2 prices admitted\n"


def test_the_hour_under_way_counts_as_far_as_it_has_come(running: int) -> None:
    """P2: `why` asks the living session for what no row has yet."""
    run = call("status", "--json").json["run"]
    until(lambda: call("why", "breakout", "--json").json["total_turns"] > 0)
    assert call("why", "breakout", "--json").json["run"] == run
    assert call("report", "--json").json["run"] == run


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_session_in_good_order(alone: Path, asked: signal.Signals) -> None:
    """A8: every part stops, exit 0, the closing line, no traceback, no orphan process."""
    with session("--speed", "600") as process:
        process.send_signal(asked)
        said = ended(process)
    assert said.code == 0
    assert said.lines[-1].startswith("run_finished ")
    assert "session_shutdown_complete" in said.err.splitlines()[-1]
    assert said.err.count("agent_started") == said.err.count("agent_stopped") > 0
    assert servers_of(alone) == (None, None)
    assert call("stop").code == 3


def test_stop_ends_a_session_and_the_same_command_goes_on(place: Path, day: Said) -> None:
    """A9: state_recovered with the open trades, report totals unchanged, and the uninterrupted digest."""
    length = ("--duration", "86400")
    with session(*length, "--fresh", "--speed", "40000") as process:
        until(lambda: call("status", "--json").json["fills"] > 3)
        assert call("stop").out == "session stopped\n"
        run = ended(process).lines[-1].split()[1].removeprefix("run=")
    before, hour = call("report", "--json").json, call("why", "breakout", "--json").json
    assert before["run"] == hour["run"] == run
    assert hour["total_turns"] > 0
    resumed = call("run", CONFIG, *length)
    assert f"run={run} " in resumed.lines[-1]
    assert f"state_recovered agent=ledger open_trades={before['open_trades']} " in resumed.err
    assert resumed.lines[-1].split()[2:] == day.lines[-1].split()[2:]


def test_a_killed_session_leaves_no_server_behind_after_stop(alone: Path) -> None:
    """A8: kill -9 gives nobody a chance to tidy up, the next command does."""
    with session("--speed", "600") as process:
        process.kill()
        process.wait()
        assert servers_of(alone) != (None, None)
        assert call("stop").code == 3
        assert servers_of(alone) == (None, None)


def test_a_session_that_hangs_is_killed_by_force(place: Path) -> None:
    """Without --force it is left alone, and said so."""
    with session("--speed", "600") as process:
        os.kill(process.pid, signal.SIGSTOP)
        said = call("stop", "--timeout", "0.2")
        assert said.code == 1
        assert "--force" in said.err
        assert call("stop", "--timeout", "0.2", "--force").code == 0
        assert ended(process).code == -signal.SIGKILL


def test_halt_and_resume_need_neither_session_nor_database(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latch is a file: no server is started for it, and the one named is not asked."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://x:y@127.0.0.1:1/z")
    assert call("halt", "--reason", "odd", "--by", "anna").code == 0
    assert call("halt", "--reason", "odder").out == "all entries are halted already, by anna: odd\n"
    said = call("status")
    assert said.code == 3
    assert said.lines[-1] == "entries are halted by anna: odd"
    assert call("resume", "--by", "ben", "--reason", "well").out.startswith(
        "released what anna had halted (odd)"
    )
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("words", [["status"], ["stop"], ["flatten", "--account", "paper", "--confirm"]])
def test_without_a_session_the_answer_is_exit_3(home: Path, words: list[str]) -> None:
    """Not available is no mistake of the user's."""
    assert call(*words).code == 3


def servers_of(home: Path) -> tuple[str | None, str | None]:
    """The addresses of the embedded servers that run there."""
    found = call("status", "--json").json
    assert found["home"] == str(home)
    return found["database_url"], found["redis_url"]
