"""Rebuilds the core of a run as it stood at some packet, from snapshot and journal, with nothing sent or written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec

from tradeworthy.core.errors import DeskHalted, NotAvailable, TradeworthyError
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.journal import snapshots
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.reader import read, read_header
from tradeworthy.journal.recorder import JournalRecorder
from tradeworthy.runtime.assembly import Core
from tradeworthy.runtime.configuration import from_values
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.faults import withheld_of
from tradeworthy.runtime.opening import builder
from tradeworthy.runtime.outbox import DurableOutbox
from tradeworthy.runtime.supervisor import supervised


def rebuilt(folder: Path, *, before: int | None = None) -> Core:
    """The core as it stood before packet `before`, an input (None: after all that is on record).

    NotAvailable for a backtest, whose inputs are not on record; DeskHalted if a desk raises now where it did not then.
    """
    header = read_header(folder)
    if not header.record_inputs:
        raise NotAvailable(f"run {header.run} is a backtest: its inputs are in its feed, not on record")
    digest = Digest(b"")
    configuration = from_values(header.configuration, f"the header of run {header.run}")
    core = builder(configuration, header)(JournalRecorder(digest), DurableOutbox(lambda _: None))
    base = snapshots.newest(folder)
    if base and before is not None and base.seq >= before:
        base = None
    if base:
        try:
            snapshots.restore(core.sequencer, digest, base)
        except (msgspec.ValidationError, KeyError) as error:
            raise DeskHalted(
                f"the snapshot of run {header.run} does not fit this code ({error}), which was changed since;"
                " use the code of that run"
            ) from error
    core.sequencer.withheld = withheld_of(folder)
    for record in read(folder, base.place if base else None):
        if before is not None and record.seq >= before:
            break
        if record.kind == Kind.INPUT:
            readmit(core.sequencer, codec().decode(record.body)[1])
    return core


def readmit(sequencer: Sequencer, packet: Packet) -> None:
    """Admit an input that is on record once more; DeskHalted if its handling raises now."""
    supervised(
        lambda: sequencer.admit(
            packet.agent, packet.position, packet.ts, packet.event, trace=packet.trace, cause=packet.cause
        ),
        raised_only_now(sequencer),
    )


def raised_only_now(sequencer: Sequencer) -> Callable[[Exception | SystemExit], NoReturn]:
    """What to do about a raise where the run on record went on: say in one line that the code is another."""

    def refuse(error: Exception | SystemExit) -> NoReturn:
        if isinstance(error, TradeworthyError) or not sequencer.route:
            raise error
        raise DeskHalted(
            f"{sequencer.route.agent.name} raises {type(error).__name__}: {error} at packet {sequencer.handling}, where"
            " the run on record went on: its code was changed since; use the code of that run"
        ) from error

    return refuse
