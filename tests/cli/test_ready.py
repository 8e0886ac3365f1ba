"""init, doctor, and the examples that they and demo use."""

from pathlib import Path

import pytest

from tests.cli.command_line import ROOT, call
from tradeworthy.runtime.examples import example_files


def test_init_writes_examples_that_run(place: Path, tmp_path: Path) -> None:
    """A1: a second call changes nothing, and says so."""
    first, second = call("init", tmp_path), call("init", tmp_path)
    assert (first.code, second.code) == (0, 0)
    assert second.lines[-1] == "nothing to do: all of it was there"
    assert (tmp_path / "examples" / "breakout.py").read_bytes() == (
        ROOT / "examples" / "breakout.py"
    ).read_bytes()
    assert call("run", tmp_path / "configs" / "breakout.toml", "--duration", "60").code == 0


def test_init_keeps_what_was_edited(place: Path, tmp_path: Path) -> None:
    """A person's file is never overwritten."""
    call("init", tmp_path)
    edited = tmp_path / "configs" / "breakout.toml"
    edited.write_text("# mine\n")
    notes = {step["what"]: step["note"] for step in call("init", tmp_path, "--json").json}
    assert edited.read_text() == "# mine\n"
    assert notes[str(edited)] == "kept, though it differs from the example"


def test_init_where_no_folder_can_be_is_refused(place: Path, tmp_path: Path) -> None:
    """A11: one line, exit 2."""
    (tmp_path / "file").touch()
    said = call("init", tmp_path / "file")
    assert said.code == 2
    assert "name another folder" in said.err


def test_every_configuration_finds_its_desks() -> None:
    """The wheel brings the same folders in the same places."""
    names = example_files()
    assert {"configs/breakout.toml", "examples/breakout.py"} <= set(names)


def test_the_doctor_finds_a_good_installation_well(place: Path) -> None:
    """H14: each check with its finding as JSON, the servers' versions among them."""
    said = call("doctor", ROOT / "configs" / "breakout.toml", "--json")
    assert said.code == 0
    found = {one["check"]: one for one in said.json}
    assert list(found) == [
        *("python", "home", "disk", "socket", "session", "latch", "clock", "recorded", "ledgers"),
        *("alerts", "database", "redis", "config"),
    ]
    assert {one["state"] for one in said.json} <= {"ok", "warn"}
    assert "embedded PostgreSQL 16" in found["database"]["found"]


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("DATABASE_URL", "postgresql://x:y@127.0.0.1:1/z", "database"),
        ("DATABASE_URL", "mysql://x", "database"),
        ("REDIS_URL", "redis://127.0.0.1:1", "redis"),
        ("TRADEWORTHY_DATA__RECORDED", "/nowhere", "recorded"),
    ],
)
def test_the_doctor_names_what_is_ill_and_what_helps(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, check: str
) -> None:
    """A11, H14: exit 1, one finding that fails, with a next step."""
    monkeypatch.setenv(name, value)
    said = call("doctor", "--json")
    ill = [one for one in said.json if one["state"] == "fail"]
    assert said.code == 1
    assert [one["check"] for one in ill] == [check]
    assert ill[0]["next_step"]


def test_the_doctor_warns_of_a_latch(place: Path) -> None:
    """A halted installation is in order, and somebody should know."""
    call("halt", "--reason", "odd", "--by", "anna")
    said = call("doctor")
    call("resume", "--by", "ben", "--reason", "well")
    assert said.code == 0
    assert any(line.startswith("warn  latch") and "anna" in line for line in said.lines)


def test_the_doctor_names_a_ledger_that_was_changed(place: Path) -> None:
    """D11: exit 1, with file and line."""
    ledger = place / "paper_logs" / "blue" / "blue-recorded" / "ledger.jsonl"
    ledger.parent.mkdir(parents=True)
    ledger.write_text('{"seq":1}\n{"seq":2}\n')
    said = call("doctor", "--json")
    ledger.unlink()
    (ill,) = [one for one in said.json if one["state"] == "fail"]
    assert said.code == 1
    assert ill["check"] == "ledgers"
    assert "line 1" in ill["found"]
    assert "restore the file" in ill["next_step"]


def test_the_doctor_measures_the_path_of_the_socket(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder too deep for a unix socket is found before a session is."""
    monkeypatch.setenv("TRADEWORTHY_HOME", str(home / ("d" * 100)))
    monkeypatch.setenv("DATABASE_URL", "postgresql://x:y@127.0.0.1:1/z")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    found = {one["check"]: one["state"] for one in call("doctor", "--json").json}
    assert found["socket"] == "fail"
