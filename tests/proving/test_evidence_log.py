"""The list of proofs: what is noted comes back, and what a crash left half written hides nothing else."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from tradeworthy.core.errors import Retryable
from tradeworthy.proving.evidence_log import PROOFS, ProofLog, newest_of, note, read_proofs
from tradeworthy.runtime.home import Home


@pytest.fixture
def place(tmp_path: Path) -> Home:
    """A home folder that is not there yet."""
    return Home(tmp_path / "home")


def told(place: Home, subject: str, *, passed: bool | None = True, verb: str = "replay") -> None:
    """Note a proof."""
    figures = {"packets": 7, "gap": Decimal("1.50")}
    note(place, verb, subject, passed=passed, figures=figures, decision_hash="abc", evidence="/there")


def test_what_is_noted_comes_back_in_order(place: Home) -> None:
    """D15: verb, subject, verdict, figures, code and evidence; amounts as the text that they were."""
    told(place, "run-1")
    told(place, "run-2", passed=None)
    first, second = read_proofs(place).proofs
    assert (first.verb, first.subject, first.passed) == ("replay", "run-1", True)
    assert (first.figures, first.decision_hash) == ({"packets": 7, "gap": "1.50"}, "abc")
    assert (first.evidence, second.passed) == ("/there", None)
    assert first.at <= second.at


def test_without_a_file_nothing_is_proven(place: Home) -> None:
    """No file is no trouble."""
    assert read_proofs(place) == ProofLog(())
    assert not place.path.exists()


def test_a_torn_last_line_is_left_out_and_said(place: Home) -> None:
    """A crash in the middle of a write costs that proof alone; the next one stands on a line of its own."""
    told(place, "run-1")
    path = place.path / PROOFS
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    found = read_proofs(place)
    assert [one.subject for one in found.proofs] == ["run-1"]
    assert found.trouble == f"the last line of {path} was not written to its end, and is left out"
    told(place, "run-2")
    found = read_proofs(place)
    assert [one.subject for one in found.proofs] == ["run-1", "run-2"]
    assert found.trouble == f"1 line of {path} is no proof and is left out: 2"


@pytest.mark.parametrize("line", [b"{}", b"nonsense", b"\xff\xfe", b'["a"]', b"null"])
def test_lines_that_are_no_proofs_are_counted(place: Home, line: bytes) -> None:
    """Whatever stands there, the page goes on."""
    told(place, "run-1")
    path = place.path / PROOFS
    path.write_bytes(line + b"\n" + path.read_bytes() + line + b"\n")
    found = read_proofs(place)
    assert [one.subject for one in found.proofs] == ["run-1"]
    assert found.trouble.endswith("left out: 1, 3")


def test_a_time_without_an_offset_is_no_proof(place: Home) -> None:
    """A time that could be anywhere's is not shown as UTC."""
    told(place, "run-1")
    path = place.path / PROOFS
    path.write_bytes(path.read_bytes().replace(b"+00:00", b"").replace(b'Z"', b'"'))
    assert read_proofs(place).proofs == ()


def test_a_file_that_cannot_be_written_is_said(place: Home) -> None:
    """One line names the file and what to do."""
    (place.path / PROOFS).mkdir(parents=True)
    with pytest.raises(Retryable, match=r"can't add the proof to .*proofs\.jsonl: Is a directory"):
        told(place, "run-1")
    with pytest.raises(Retryable, match=r"can't read .*proofs\.jsonl: Is a directory"):
        read_proofs(place)


def test_proofs_noted_at_one_time_do_not_mix(place: Home) -> None:
    """Each line is whole, whoever writes at the same time."""
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(lambda number: told(place, f"run-{number}"), range(80)))
    found = read_proofs(place)
    assert (len(found.proofs), found.trouble) == (80, "")


def test_of_one_subject_the_newest_counts(place: Home) -> None:
    """Of each verb the newest proof of each subject, the newest first."""
    told(place, "run-1")
    told(place, "run-2", passed=False)
    told(place, "run-1", passed=None)
    told(place, "blue", verb="parity")
    found = newest_of(read_proofs(place).proofs)
    assert [(one.subject, one.passed) for one in found["replay"]] == [("run-1", None), ("run-2", False)]
    assert [one.subject for one in found["parity"]] == ["blue"]
