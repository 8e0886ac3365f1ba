"""What a report of the test suite says of the sign-off list."""

from pathlib import Path

import pytest

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.proving.signing.sign_off import Evidence
from tradeworthy.proving.signing.suite_evidence import NAMED_MAX, TESTS_MIN, evidence_of_suite

GREEN = '<testcase classname="tests.core.test_a" name="test_b"/>'
RED = (
    '<testcase classname="tests.core.test_a" name="test_red"><failure message="no">text</failure></testcase>'
)
BROKEN = '<testcase classname="tests.core.test_a" name="test_err"><error message="no">text</error></testcase>'
SKIPPED = '<testcase classname="tests.core.test_a" name="test_s"><skipped message="no data"/></testcase>'


def report(folder: Path, *cases: str, green: int = TESTS_MIN, at: str = "2026-11-21T18:00:00+01:00") -> Path:
    """A report of `green` tests that passed, and of `cases`."""
    inner = "".join(cases) + GREEN * green
    text = f'<testsuites><testsuite name="pytest" timestamp="{at}">{inner}</testsuite></testsuites>'
    path = folder / "tests.xml"
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>{text}', encoding="utf-8")
    return path


def evidence(path: Path) -> Evidence:
    """What it says of D2."""
    return evidence_of_suite(path, "command")["D2"]


def test_a_green_suite_passes_and_says_what_was_skipped(tmp_path: Path) -> None:
    """D2: tests, failures, errors, and what was skipped by its reason; dated by the report itself."""
    found = evidence(report(tmp_path, SKIPPED, SKIPPED))
    assert (found.status, found.made_at) == ("passed", "2026-11-21T17:00:00+00:00")
    assert found.result == f"{TESTS_MIN + 2} tests, 0 failures, 0 errors, 2 skipped"
    assert found.figures == {"skipped: no data": "2"}
    assert len(found.hashes["report sha256"]) == 64


@pytest.mark.parametrize(("case", "name"), [(RED, "test_red"), (BROKEN, "test_err")])
def test_one_that_is_not_green_fails_the_line(tmp_path: Path, case: str, name: str) -> None:
    """D2: zero tolerance, and it is named."""
    found = evidence(report(tmp_path, case))
    assert found.status == "failed"
    assert found.result.endswith(f"0 skipped: tests.core.test_a::{name}")


def test_of_many_that_are_red_some_are_named(tmp_path: Path) -> None:
    """D2: the rest is counted."""
    assert evidence(report(tmp_path, RED * (NAMED_MAX + 3))).result.endswith("test_red and 3 more")


def test_a_part_of_the_suite_is_evidence_in_part(tmp_path: Path) -> None:
    """D2: what was not run is not green; what is red fails all the same."""
    assert evidence(report(tmp_path, green=12)).status == "in part"
    assert evidence(report(tmp_path, RED, green=12)).status == "failed"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no XML"),
        ("<testsuites><testsuite>", "is no XML"),
        ("<html/>", "reports of no test"),
        ("<testsuite timestamp='soon'><testcase/></testsuite>", "which is no time"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """D2: one line says what it is."""
    path = tmp_path / "tests.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        evidence(path)


def test_a_report_that_is_not_there_is_told_how_to_be_made(tmp_path: Path) -> None:
    """D2: and a folder is no report."""
    with pytest.raises(NotAvailable, match="--junit-xml"):
        evidence(tmp_path / "tests.xml")
    with pytest.raises(UsageError, match="can't be read"):
        evidence(tmp_path)
