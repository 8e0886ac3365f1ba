"""Replays a run from its journal alone, and says whether it comes out the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tradeworthy.core.errors import NotAvailable
from tradeworthy.core.packets import Kind
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.reader import read, read_header
from tradeworthy.journal.recorder import Divergence, ReplayRecorder
from tradeworthy.journal.segments import Header
from tradeworthy.runtime.assembly import Core
from tradeworthy.runtime.concluded import digest_seed
from tradeworthy.runtime.configuration import from_values
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.faults import withheld_of
from tradeworthy.runtime.identity import cpu_features, decision_hash, versions
from tradeworthy.runtime.opening import builder
from tradeworthy.runtime.outbox import DurableOutbox
from tradeworthy.runtime.rebuilding import raised_only_now
from tradeworthy.runtime.supervisor import supervised


@dataclass(frozen=True)
class Replayed:
    """What a replay came to: `digests` counts those on record, `differing` says what changed here."""

    run: str
    inputs: int
    packets: int
    decisions: int
    digests: int
    digest: str
    fingerprint: str
    differing: list[str]


def replay(folder: Path, progress: Callable[[int], None] | None = None) -> Replayed:
    """Replay the run in `folder` and hold it against its record.

    Raises Divergence naming the first differing packet and field, Damage where the journal is broken, and
    NotAvailable for a backtest, whose inputs are not in its journal.
    """
    header = read_header(folder)
    if not header.record_inputs:
        raise NotAvailable(
            f"run {header.run} is a backtest: its inputs are in its feed; run it again instead"
        )
    digest = Digest(digest_seed(header))
    recorder = ReplayRecorder(digest, codec())
    outbox = DurableOutbox(lambda _: None)
    configuration = from_values(header.configuration, f"the header of run {header.run}")
    core = builder(configuration, header)(recorder, outbox)
    core.sequencer.withheld = withheld_of(folder)
    decisions, digests = supervised(
        lambda: _drive(folder, core, recorder, digest, progress), raised_only_now(core.sequencer)
    )
    return Replayed(
        header.run,
        core.sequencer.inputs,
        core.sequencer.seq,
        decisions,
        digests,
        digest.hex(),
        core.fingerprint.hex(),
        differing(header, decision_hash(configuration.desk_files)),
    )


def _drive(
    folder: Path,
    core: Core,
    recorder: ReplayRecorder,
    digest: Digest,
    progress: Callable[[int], None] | None,
) -> tuple[int, int]:
    """Admit all inputs on record; compare all decisions and digests there. How many of each it met."""
    admit, expect, decode = core.sequencer.admit, recorder.expect, codec().decode
    decisions = digests = 0
    for record in read(folder):
        if record.kind == Kind.INPUT:
            packet = decode(record.body)[1]
            admit(
                packet.agent,
                packet.position,
                packet.ts,
                packet.event,
                trace=packet.trace,
                cause=packet.cause,
                body=record.body,
            )
            if progress and not core.sequencer.inputs % 10_000:
                progress(core.sequencer.inputs)
        elif record.kind == Kind.DECISION:
            decisions += 1
            expect(record)
        elif record.mark[0] == "digest":
            digests += 1
            recorded = record.mark[1]
            for name, made in (("packets", str(core.sequencer.seq)), ("digest", digest.hex())):
                if str(recorded[name]) != made:
                    raise Divergence(record.seq, name, str(recorded[name]), made)
    return decisions, digests


def differing_here(folder: Path) -> list[str]:
    """What differs here from where the run in `folder` was made, in words."""
    header = read_header(folder)
    configuration = from_values(header.configuration, f"the header of run {header.run}")
    return differing(header, decision_hash(configuration.desk_files))


def differing(header: Header, decisions: str) -> list[str]:
    """What differs here from where the run was made, in words; empty on its own class of machine and code."""
    found = []
    if header.decision_hash != decisions:
        found.append(f"decision hash {header.decision_hash[:12]} then, {decisions[:12]} now")
    here = set(cpu_features().split())
    if here != set(header.cpu):
        found.append(f"CPU features that only one has: {', '.join(sorted(here ^ set(header.cpu)))}")
    now = versions()
    found += [
        f"{name} {version} then, {now.get(name, 'absent')} now"
        for name, version in header.versions.items()
        if now.get(name) != version
    ]
    return found
