"""Candidates, decisions and verdicts: each candidate ends in exactly one verdict."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event, Figure


class Outcome(StrEnum):
    """How a candidate ended."""

    FILLED = "FILLED"
    SKIPPED = "SKIPPED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class Candidate(Event, frozen=True):
    """A desk opens a candidate; its id is the packet's seq. `skip` is why the desk itself goes no further.

    `kind` is the desk's word (signal, exit ...); `figures` are what it saw. Subclasses' fields follow these, so
    a new field would shift theirs: give it to a subclass.
    """

    decision: ClassVar[bool] = True
    kind: str
    instrument: str
    figures: dict[str, Figure]
    skip: str = ""


class Decision(Event, frozen=True):
    """A yes or no about `candidate` (a seq): `by` says whose, `reason` the first rule that failed."""

    decision: ClassVar[bool] = True
    by: str
    candidate: int
    desk: str
    approved: bool
    reason: str
    figures: dict[str, Figure]
    limits: dict[str, Figure]


class Verdict(Event, frozen=True):
    """How candidate `candidate` ended; `share` is the filled part, 0 to 1."""

    decision: ClassVar[bool] = True
    candidate: int
    desk: str
    outcome: Outcome
    reason: str
    share: float = 0.0
    figures: dict[str, Figure] = {}
    limits: dict[str, Figure] = {}


class OpenCandidate(msgspec.Struct, frozen=True):
    """A candidate without its verdict yet."""

    desk: str
    ts: int


class CandidateBook:
    """The open candidates by seq; a second verdict, or one without a candidate, is a Bug."""

    def __init__(self) -> None:
        self.open: dict[int, OpenCandidate] = {}

    def add(self, seq: int, desk: str, ts: int) -> None:
        """Candidate `seq` of `desk` is open from now on."""
        self.open[seq] = OpenCandidate(desk, ts)

    def close(self, verdict: Verdict) -> None:
        """Take `verdict`; Bug unless its candidate is open and of that desk."""
        candidate = self.open.pop(verdict.candidate, None)
        if candidate is None or candidate.desk != verdict.desk:
            raise Bug(
                f"verdict {verdict.outcome} {verdict.reason} of desk {verdict.desk!r}"
                f" for candidate {verdict.candidate}, which is not open"
            )
