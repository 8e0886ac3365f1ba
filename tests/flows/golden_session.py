"""A session of the golden packet in a process of its own, that ends itself where it is told to.

It is `run_session` as the command line calls it; the feed is the packet's own (tests.flows.golden_packet).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.flows.golden_packet import Script
from tests.flows.sessions import surroundings

PATIENCE_S = 90.0
CHUNK = 20
"""Inputs between two looks at the outside world, so that a session can be stopped within an hour of the packet."""

_forks = multiprocessing.get_context("forkserver")


class When(StrEnum):
    """How a process ends at a packet, and what of it is on disk then."""

    MADE = "made"
    """Killed, with nothing of the turn but its input: who is to hear of the packet did not yet."""

    WRITTEN = "written"
    """Killed, with the whole turn: what the packet asks for is not answered yet, and nothing came after."""

    STOPPED = "stopped"
    """Stopped in good order soon after, by SIGTERM: its last words are a snapshot."""


class Kill(NamedTuple):
    """The end of a process: at the packet of that seq, and how."""

    seq: int
    when: When


class Ended(NamedTuple):
    """How a process ended: exit code (-9: killed), the run's closing figures if it was finished, all it wrote."""

    code: int
    figures: dict[str, Any]
    text: str


def play(
    home: Path, plan: Path, script: Script, environment: Mapping[str, str], kill: Kill | None = None
) -> Ended:
    """Begin the packet in `home`, or go on with it, to its end or to where it is killed."""
    home.mkdir(parents=True, exist_ok=True)
    told, log = (home.parent / f"{home.name}.closing.{kind}" for kind in ("json", "log"))
    told.unlink(missing_ok=True)
    log.write_bytes(b"")
    variables = surroundings(home, environment)
    process = _forks.Process(target=_play, args=(plan, script, variables, (told, log), kill))
    process.start()
    process.join(PATIENCE_S)
    text = log.read_text(errors="replace")
    assert process.exitcode is not None, f"the session in {home} did not end: {text}"
    figures = msgspec.json.decode(told.read_bytes(), type=dict[str, Any]) if told.exists() else {}
    return Ended(process.exitcode, figures, text)


def _play(
    plan: Path, script: Script, variables: Mapping[str, str], files: tuple[Path, Path], kill: Kill | None
) -> None:
    told, log = files
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.clear()
    os.environ.update(variables)
    from tradeworthy.runtime import drivers, session
    from tradeworthy.runtime.configuration import load
    from tradeworthy.runtime.home import Home
    from tradeworthy.runtime.plan import Plan

    if kill is not None:
        _arm(kill)
    bars = plan.parent / "bars"
    asked = Plan(load(plan), feed=f"recorded:{bars}", duration_s=script.duration_s)
    drivers.CHUNK = CHUNK
    feed = script.feed(asked.configuration, bars)
    ending = session.run_session(asked, Home(Path(variables["TRADEWORTHY_HOME"])), feed=feed)
    if ending.finished:
        told.write_bytes(msgspec.json.encode(ending.figures))


def _arm(kill: Kill) -> None:
    """Let this process die at `kill`, wherever the recorder of a running life meets that packet."""
    from tradeworthy.core.packets import HEAD
    from tradeworthy.journal.recorder import JournalRecorder

    packet, end_turn = JournalRecorder.packet, JournalRecorder.end_turn

    def dying_packet(self: JournalRecorder, body: bytes, *, decision: bool) -> None:
        packet(self, body, decision=decision)
        if kill.when is When.MADE and HEAD.unpack_from(body)[1] == kill.seq and self.writer:
            self.writer.wait_durable()
            os.kill(os.getpid(), signal.SIGKILL)

    def dying_end(self: JournalRecorder, *, urgent: bool) -> None:
        seqs = [HEAD.unpack_from(body)[1] for body in self.unfinished]
        end_turn(self, urgent=urgent)
        if kill.when is not When.MADE and kill.seq in seqs and self.writer:
            self.writer.wait_durable()
            os.kill(os.getpid(), signal.SIGTERM if kill.when is When.STOPPED else signal.SIGKILL)

    JournalRecorder.packet, JournalRecorder.end_turn = dying_packet, dying_end  # type: ignore[method-assign]
