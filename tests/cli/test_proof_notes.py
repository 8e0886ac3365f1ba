"""Every proof is on record: what was proven, of what code, and how it went; with --json the output is as it was."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.command_line import CONFIG, ROOT, Said, call
from tests.cli.conftest import run_of
from tradeworthy.cli.proof_notes import note_diverged, note_flow, note_preflight
from tradeworthy.journal.recorder import Divergence
from tradeworthy.proving.evidence_log import PROOFS, Proof, read_proofs
from tradeworthy.proving.preflight.drills import DRILLS, Preflight
from tradeworthy.proving.preflight.results import Drilled, exactly
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.identity import decision_hash

BLUE, GREEN = ROOT / "configs" / "blue.toml", ROOT / "configs" / "green.toml"


def newest(place: Path) -> Proof:
    """The proof that was noted last in `place`."""
    return read_proofs(Home(place)).proofs[-1]


def test_a_replay_is_on_record(place: Path, day_run: str) -> None:
    """P1: the run, the digest that it came to, and the code that it was replayed by."""
    said = call("replay", day_run, "--json")
    proof = newest(place)
    assert (proof.verb, proof.subject, proof.passed) == ("replay", day_run, True)
    names = "inputs", "packets", "decisions", "digests", "digest", "fingerprint"
    assert proof.figures == {name: said.json[name] for name in names}
    assert proof.decision_hash == decision_hash(load(CONFIG).desk_files)


def test_a_replay_that_differs_is_on_record(place: Path, day_run: str) -> None:
    """P1: the packet and the field."""
    note_diverged(day_run, Divergence(9, "price", "1", "2"))
    proof = newest(place)
    assert (proof.passed, proof.subject) == (False, day_run)
    assert proof.figures == {"seq": 9, "field": "price", "recorded": "1", "made": "2"}


@pytest.mark.parametrize(
    ("offset", "words"), [(-2_000, "a record is not as it was written"), (40, "is damaged at byte 0")]
)
@pytest.mark.parametrize("command", [("replay",), ("prove", "compare")])
def test_a_damaged_journal_is_on_record(
    day: Said, warm: Path, home: Path, command: tuple[str, ...], offset: int, words: str
) -> None:
    """P1: what can't be read is proven by nobody, in the middle as at its head."""
    run = run_of(day)
    shutil.copytree(warm / "runs" / run, home / "runs" / run)
    shutil.rmtree(home / "runs" / run / "snapshots")
    journal = min((home / "runs" / run).glob("*.journal*"))
    data = bytearray(journal.read_bytes())
    data[offset] ^= 0xFF
    journal.write_bytes(data)
    said = call(*command, run)
    assert (said.code, said.err.count("error")) == (1, 1)
    assert words in said.err
    proof = newest(home)
    assert (proof.verb, proof.subject, proof.passed) == (command[-1], run, False)
    assert words in proof.figures["raised"]


def test_an_audit_is_on_record(home: Path, tmp_path: Path) -> None:
    """D1: both files, what differs, and where the evidence is."""
    assert call("prove", "audit", BLUE, GREEN, "--out", tmp_path / "out").code == 0
    proof = newest(home)
    assert (proof.verb, proof.subject, proof.passed) == ("audit", "blue.toml and green.toml", True)
    assert proof.figures["configurations"] == ["divergence", "divergence"]
    assert (proof.figures["not_allowed"], proof.evidence) == ([], str(tmp_path / "out"))
    assert ["directions right", "yes"] in proof.figures["questions"]
    assert call("prove", "audit", BLUE, CONFIG).code == 1
    assert newest(home).passed is False


def test_a_sign_off_is_on_record_line_by_line(home: Path, tmp_path: Path) -> None:
    """D15: an open line is no failure, and no pass."""
    folder = tmp_path / "proof"
    call("prove", "audit", BLUE, GREEN, "--out", folder)
    call("prove", "sign-off", folder)
    proof = newest(home)
    assert (proof.verb, proof.subject, proof.passed) == ("sign-off", "proof", None)
    assert proof.figures["lines_passed"] == 1
    assert ["D1", "passed"] in proof.figures["lines"]


@pytest.mark.parametrize(
    ("drills", "passed"),
    [
        ([Drilled(number, "one", measures=(exactly("torn", 0, 0),)) for number in DRILLS], True),
        ([Drilled(6, "one", measures=(exactly("torn", 0, 0),))], None),
        ([Drilled(6, "one", measures=(exactly("torn", 1, 0),)), Drilled(2, "two", absent="no data")], False),
        ([Drilled(6, "one"), Drilled(2, "two", absent="no data")], None),
    ],
)
def test_only_all_drills_make_a_verdict(home: Path, drills: list[Drilled], *, passed: bool | None) -> None:
    """D8: a failure is one whatever else; a drill that did not fly leaves it open."""
    note_preflight(drills, Preflight(load(BLUE), Home(home)), None)
    proof = newest(home)
    assert proof.passed is passed
    assert [one[1] for one in proof.figures["drills"]] == [one.verdict for one in drills]


def test_a_planted_fault_proves_nothing(home: Path) -> None:
    """A flow that was broken on purpose says nothing of the system."""
    note_flow([object()], is_all=True, planted=True, out=None)
    assert not (home / PROOFS).exists()


@pytest.mark.parametrize(
    ("is_all", "died", "passed"),
    [(True, (), True), (False, (), None), (True, ("learned",), False), (False, ("learned",), False)],
)
def test_a_lost_packet_is_a_failure_and_one_flow_no_verdict(
    home: Path, died: tuple[str, ...], *, is_all: bool, passed: bool | None
) -> None:
    """Does every packet arrive? Only all flows together say yes."""
    lost = [SimpleNamespace(failure_stage=stage) for stage in died]
    played = SimpleNamespace(scenario=SimpleNamespace(name="social"), followed=[1, 2], died=lost)
    note_flow([played], is_all=is_all, planted=False, out=None)
    proof = newest(home)
    assert (proof.subject, proof.passed) == ("all flows" if is_all else "social", passed)
    assert proof.figures["lost"] == [["social", stage] for stage in died]


def test_a_proof_that_cannot_be_kept_is_said_and_stands(home: Path) -> None:
    """The verdict is the proof's own: the list that can't be written changes no exit code."""
    (home / PROOFS).mkdir()
    said = call("prove", "audit", BLUE, GREEN)
    assert said.code == 0
    assert said.err.startswith("not on record: can't add the proof to ")
    assert said.lines[-1] == "audit passed"
