"""What a report of the test suite says of the sign-off list's D2."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from xml.parsers import expat

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.proving.signing.sign_off import Evidence, Status

TESTS_MIN = 5_000
"""A report of fewer is not of the whole suite."""
NAMED_MAX = 20
"""So many tests that are not green are named."""


@dataclass
class Suite:
    """A report in JUnit's form, as it is read: tests, those not green by name, and why others were skipped.

    `at` is when the tests began, as the report has it.
    """

    at: str = ""
    tests: int = 0
    failed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    _test: str = ""

    def take(self, tag: str, words: dict[str, str]) -> None:
        """An element as it begins. An error is one of a fixture: the test itself may have passed."""
        if tag == "testsuite":
            self.at = self.at or words.get("timestamp", "")
        elif tag == "testcase":
            self.tests += 1
            self._test = f"{words.get('classname', '')}::{words.get('name', '')}"
        elif tag == "failure":
            self.failed.append(self._test)
        elif tag == "error":
            self.broken.append(self._test)
        elif tag == "skipped":
            self.skipped[words.get("message") or "no reason given"] += 1


def evidence_of_suite(report: Path, command: str) -> dict[str, Evidence]:
    """What a `report` that pytest wrote with --junit-xml says of D2; what was skipped is listed by its reason.

    UsageError for what is no such report, NotAvailable if it is not there.
    """
    data = _bytes(report)
    suite = _read(report, data)
    red = [*suite.failed, *suite.broken]
    skipped = suite.skipped.total()
    few = suite.tests < TESTS_MIN
    status: Status = "failed" if red else "in part" if few else "passed"
    result = (
        f"{suite.tests} tests, {len(suite.failed)} failures, {len(suite.broken)} errors, {skipped} skipped"
    )
    if red:
        result += f": {', '.join(red[:NAMED_MAX])}"
        result += f" and {len(red) - NAMED_MAX} more" if len(red) > NAMED_MAX else ""
    if few:
        result += f"; the whole suite has {TESTS_MIN} at least"
    figures = {f"skipped: {reason}": str(count) for reason, count in sorted(suite.skipped.items())}
    hashes = {"report sha256": sha256(data).hexdigest()}
    return {"D2": Evidence("tests", _utc(report, suite.at), command, status, result, figures, hashes)}


def _bytes(report: Path) -> bytes:
    try:
        return report.read_bytes()
    except FileNotFoundError:
        raise NotAvailable(
            f'there is no report {report}; make one with `make test ARGS="--junit-xml={report}"`'
        ) from None
    except OSError as error:
        raise UsageError(f"{report} can't be read: {error.strerror}; name another report") from None


def _read(report: Path, data: bytes) -> Suite:
    suite, parser = Suite(), expat.ParserCreate()
    parser.StartElementHandler = suite.take
    try:
        parser.ParseFile(BytesIO(data))
    except expat.ExpatError as error:
        raise UsageError(f"{report} is no XML: {error}; name what `--junit-xml` wrote") from None
    if not suite.tests:
        raise UsageError(f"{report} reports of no test; name what `--junit-xml` wrote")
    return suite


def _utc(report: Path, at: str) -> str:
    try:
        return datetime.fromisoformat(at).astimezone(UTC).isoformat(timespec="seconds")
    except ValueError:
        raise UsageError(
            f"{report} says {at!r} for when its tests ran, which is no time; name what `--junit-xml` wrote"
        ) from None
