"""What a run is, from its journal alone: what made it that run, whether it ended, and what its replay must equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.core.packets import Kind
from tradeworthy.journal import snapshots
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.reader import read, read_header
from tradeworthy.journal.segments import Header, list_segments
from tradeworthy.runtime.concluded import CONCLUDED
from tradeworthy.runtime.configuration import from_values
from tradeworthy.runtime.faults import DEATH
from tradeworthy.runtime.identity import decision_hash
from tradeworthy.runtime.replay import differing

READ_BYTES_MAX = 64 << 20
"""A journal without a snapshot is read from its beginning up to this size."""


class RunOnDisk(NamedTuple):
    """A run on disk. `end` are the figures of its end: run, packets, digest, fingerprint (None: it has not ended).

    `snapshot` are packets and digest at the newest snapshot (None: there is none). A segment of the journal begins with
    each process and each 64 MiB; `deaths` are processes that died in a turn, since the newest snapshot. `code` is the
    decision hash of the code that is here, with the desks' files as they are now ("": one can't be read), `differing`
    what is not as it was, in words.
    """

    header: Header
    end: dict[str, Any] | None
    snapshot: dict[str, Any] | None
    segments: int
    deaths: int
    code: str
    differing: tuple[str, ...]


def run_on_disk(folder: Path) -> RunOnDisk | None:
    """The run in `folder`, None if its journal is gone; Damage where its end is broken."""
    try:
        header = read_header(folder)
    except NotAvailable:
        return None
    base = snapshots.newest(folder)
    marks = _marks(folder, base)
    ends = [data for name, data in marks if name == CONCLUDED]
    code, words = _here(header)
    return RunOnDisk(
        header,
        ends[-1] if ends else None,
        _digested(base) if base else None,
        len(list_segments(folder)),
        sum(name == DEATH for name, _ in marks),
        code,
        words,
    )


def _marks(folder: Path, base: snapshots.Snapshot | None) -> list[tuple[str, Any]]:
    """The marks since the snapshot; of all, without one."""
    if base is None and sum(path.stat().st_size for path in folder.glob("*.journal*")) > READ_BYTES_MAX:
        return []
    records = read(folder, base.place if base else None)
    return [record.mark for record in records if record.kind == Kind.MARK]


def _digested(base: snapshots.Snapshot) -> dict[str, Any]:
    digest = Digest(b"")
    digest.load(base.digest)
    return {"packets": base.seq, "digest": digest.hex()}


def _here(header: Header) -> tuple[str, tuple[str, ...]]:
    try:
        files = from_values(header.configuration, f"the header of run {header.run}").desk_files
        code = decision_hash(files)
    except UsageError as error:
        return "", (str(error),)
    return code, tuple(differing(header, code))
