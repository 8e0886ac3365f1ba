"""What was proven in an installation, and when: one line for each proof, in a file of the home folder.

A proof is about code: its decision hash says which. Proofs of other code than a run's are still on record, and stale.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tradeworthy.core.errors import Retryable
from tradeworthy.runtime.home import Home

PROOFS = "proofs.jsonl"
"""The file's name in the home folder."""


class Proof(msgspec.Struct, frozen=True):
    """One proof: the command `verb`, on `subject` (a run, a configuration, or two), at `made_at` (UTC, ISO 8601).

    `passed` is None where the command judges nothing, or could not do all that it judges by. `decision_hash` is that of
    the code and desks that were proven; `evidence` a folder or file with all of it ("": the figures are all).
    """

    verb: str
    subject: str
    made_at: str
    passed: bool | None
    figures: dict[str, Any]
    decision_hash: str
    evidence: str = ""

    @property
    def at(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.made_at)


class ProofLog(NamedTuple):
    """All proofs, the oldest first; `trouble` says which lines could not be read ("": none)."""

    proofs: tuple[Proof, ...]
    trouble: str = ""


def note(
    home: Home,
    verb: str,
    subject: str,
    *,
    passed: bool | None,
    figures: dict[str, Any],
    decision_hash: str,
    evidence: str = "",
) -> Proof:
    """Append a proof to the list in `home`, durable when this returns.

    `figures` are JSON values, decimals and times. Retryable if the file can't be written.
    """
    made_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    proof = Proof(verb, subject, made_at, passed, figures, decision_hash, evidence)
    path = home.path / PROOFS
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _append(path, msgspec.json.encode(proof) + b"\n")
    except OSError as error:
        raise Retryable(
            f"can't add the proof to {path}: {error.strerror}; make room or correct that, then prove it again"
        ) from error
    return proof


def _append(path: Path, line: bytes) -> None:
    """Write `line` whole, on a line of its own even after one that was torn by a crash."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        end = os.fstat(descriptor).st_size
        is_torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
        left = b"\n" + line if is_torn else line
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_proofs(home: Home) -> ProofLog:
    """The list in `home`, none if there is no file yet; a line that is torn or no proof is left out, and said.

    Retryable if the file can't be read.
    """
    path = home.path / PROOFS
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return ProofLog(())
    except OSError as error:
        raise Retryable(f"can't read {path}: {error.strerror}; correct that and look again") from error
    proofs, bad = list[Proof](), list[int]()
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            proofs.append(_proof(line))
        except (msgspec.DecodeError, ValueError):
            bad.append(number)
    return ProofLog(tuple(proofs), _trouble(path, bad, torn=bool(lines[-1])))


def _proof(line: bytes) -> Proof:
    proof = msgspec.json.decode(line, type=Proof)
    if proof.at.tzinfo is None:
        raise ValueError(f"{proof.made_at} has no offset")
    return proof


def _trouble(path: Path, bad: list[int], *, torn: bool) -> str:
    if not bad:
        return ""
    if torn and len(bad) == 1:
        return f"the last line of {path} was not written to its end, and is left out"
    named = ", ".join(map(str, bad[:5])) + (", ..." if len(bad) > 5 else "")
    what = "line of {} is no proof and is" if len(bad) == 1 else "lines of {} are no proofs and are"
    return f"{len(bad)} {what.format(path)} left out: {named}"


def newest_of(proofs: Iterable[Proof]) -> dict[str, list[Proof]]:
    """By verb the newest proof of each subject, the newest first."""
    found: dict[str, dict[str, Proof]] = {}
    for proof in proofs:
        found.setdefault(proof.verb, {})[proof.subject] = proof
    return {
        verb: sorted(by_subject.values(), key=lambda proof: proof.at, reverse=True)
        for verb, by_subject in found.items()
    }
