"""The sign-off list: what production fidelity asks for, line by line, dated, with the evidence that there is.

A line that nothing was run for says so. Evidence of later commands joins the list in the same folder; of the same
command on the same things the newer takes the place of the older. A line of several parts is passed when each is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from tradeworthy.core.errors import NotAvailable, UsageError

REQUIREMENTS = {
    "D1": "two configurations differ only where it is allowed; champion parameters equal; direction and routing right",
    "D2": "the whole test suite is green",
    "D3": "a frozen reference: trades, daily figures, summary and bar log, never overwritten",
    "D4": "the production path with store and bus equals the batch engine, trade by trade",
    "D5": "the listener for boosts is inert when no event comes",
    "D6": "the full stack with state store and scheduler equals the session without",
    "D7": "bar-level logs are equal field by field",
    "D8": "preflight 1: boosts from 50 threads while a day is processed",
    "D9": "preflight 2: daemons and state store killed and restarted in mid-day",
    "D10": "preflight 3, 7, 8: bounded sets, memory growth, reset gives bit-identical output",
    "D11": "preflight 4: a failed write of the state store loses and doubles nothing",
    "D12": "preflight 5, 6: posture flips, boundaries of the survival stack",
    "D13": "the vectorised twin within 0.5 % of the engine; its scheduled flow; the cache's gaps listed",
    "D14": "an end-to-end paper day with full instrumentation, against the historical distribution",
    "D15": "this list, made by the machine, dated, with evidence, nothing skipped",
}
"""The lines, by their ids in the acceptance list."""

TWIN_PART, FLOW_PART, CACHE_PART = "twin", "flow", "cache"
PARTS = {"D13": (TWIN_PART, FLOW_PART, CACHE_PART)}
"""Lines that several commands speak of, each of one part."""

JSON, MARKDOWN = "sign_off.json", "sign_off.md"

Status = Literal["passed", "failed", "in part", "not run"]


class Evidence(msgspec.Struct, frozen=True):
    """What one command found for one line, or for one `part` of a line in PARTS.

    `key` says what it ran on: newer evidence of one key replaces older.
    """

    key: str
    made_at: str
    command: str
    status: Status
    result: str
    figures: dict[str, str] = {}
    hashes: dict[str, str] = {}
    part: str = ""


class Line(msgspec.Struct, frozen=True):
    """One line of the list."""

    id: str
    requirement: str
    status: Status
    evidence: tuple[Evidence, ...] = ()

    @property
    def open_parts(self) -> tuple[str, ...]:
        """Those of its parts that nothing passed; none of a line that has no parts."""
        passed = {one.part for one in self.evidence if one.status == "passed"}
        return tuple(part for part in PARTS.get(self.id, ()) if part not in passed)


class SignOff(msgspec.Struct, frozen=True):
    """The list as it stood at `made_at`."""

    made_at: str
    lines: tuple[Line, ...]


def sign(folder: Path, found: Mapping[str, Evidence]) -> SignOff:
    """Add evidence, by line, to the list in `folder`, and write it there as JSON and for people.

    UsageError for a list that can't be read.
    """
    evidence = _read(folder / JSON)
    for name, new in found.items():
        kept = (one for one in evidence.get(name, ()) if one.key != new.key)
        evidence[name] = (*kept, new)
    made = _listed(evidence)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
    (folder / MARKDOWN).write_text("\n".join(_markdown(made)) + "\n", encoding="utf-8")
    return made


def standing(folder: Path) -> SignOff:
    """The list in `folder` as it stands, which is left as it is.

    NotAvailable if there is none, UsageError for one that can't be read.
    """
    evidence = _read(folder / JSON)
    if not evidence:
        raise NotAvailable(
            f"{folder} holds no sign-off list; begin one with `tradeworthy prove audit A B --out {folder}`"
        )
    return _listed(evidence)


def _read(path: Path) -> dict[str, tuple[Evidence, ...]]:
    try:
        before = msgspec.json.decode(path.read_bytes(), type=SignOff)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{path} is no sign-off list: {error}; move it away, or name another folder"
        ) from error
    return {line.id: line.evidence for line in before.lines}


def _listed(evidence: Mapping[str, Sequence[Evidence]]) -> SignOff:
    lines = []
    for name, requirement in REQUIREMENTS.items():
        there = tuple(evidence.get(name, ()))
        lines.append(Line(name, requirement, _status(name, there), there))
    lines[-1] = _own_line(lines)
    return SignOff(datetime.now(UTC).isoformat(timespec="seconds"), tuple(lines))


def _status(name: str, evidence: Sequence[Evidence]) -> Status:
    """Failed if any failed, passed if any passed, or each part; a line for which nothing ran is never passed."""
    if any(one.status == "failed" for one in evidence):
        return "failed"
    passed = {one.part for one in evidence if one.status == "passed"}
    if passed and passed.issuperset(PARTS.get(name, ())):
        return "passed"
    return "in part" if evidence else "not run"


def _own_line(lines: Sequence[Line]) -> Line:
    """D15 speaks of the others: it is passed when they all are."""
    own, others = lines[-1], lines[:-1]
    left = [f"{line.id} {line.status}" for line in others if line.status != "passed"]
    said = f"still open: {', '.join(left)}" if left else "every line above is passed"
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    status: Status = "in part" if left else "passed"
    return Line(own.id, own.requirement, status, (Evidence("list", made_at, "", status, said),))


def _markdown(made: SignOff) -> Iterator[str]:
    yield "# Sign-off list"
    yield ""
    yield f"Made by the machine at {made.made_at}. A line for which nothing was run says so."
    yield ""
    yield "| line | requirement | status |"
    yield "|---|---|---|"
    for line in made.lines:
        yield f"| {line.id} | {line.requirement} | **{line.status}** |"
    for line in made.lines:
        if not line.evidence:
            continue
        yield ""
        yield f"## {line.id}: {line.status}"
        if line.open_parts:
            yield ""
            yield f"Parts that nothing passed yet: {', '.join(line.open_parts)}."
        for one in line.evidence:
            yield ""
            lead = f"{one.part}: " if one.part else ""
            yield f"- {one.made_at}: {lead}{one.status}. {one.result}"
            if one.command:
                yield f"- command: `{one.command}`"
            yield from (f"- {name}: {value}" for name, value in (one.figures | one.hashes).items())
