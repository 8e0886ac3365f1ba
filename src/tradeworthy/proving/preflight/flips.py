"""Drill 5's other half: a thread flips the posture on a real Redis while a desk trades."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tradeworthy.core.events import Event
from tradeworthy.gateways.state_reports import SAFETY
from tradeworthy.proving.preflight.reader import Reader
from tradeworthy.proving.preflight.stack import LoneStack
from tradeworthy.proving.preflight.stage import Stage, restored
from tradeworthy.proving.preflight.wire import Wire, safety_text
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.posture import PostureSettings
from tradeworthy.risk.stance import POSTURES, Posture, PostureReported

FLIP_S = 0.01
BAR_S = 0.02
"""Wall time of a bar."""

TORN_EVERY = 23
"""Each so many texts is cut off in the middle, as a careless writer would leave it."""

KEPT = 16
"""Flips between two equal postures: four postures, each four times, so that a reader finds all of them."""

WRITER = "preflight"


def posture_at(seq: int) -> Posture:
    """The posture of the writer's word `seq`."""
    return POSTURES[(seq + seq // KEPT) % len(POSTURES)]


def rm_at(seq: int) -> float:
    """The multiplier that belongs to it: half of another word would show."""
    return 1.0 / (1.0 + seq)


def flip_on_redis(stage: Stage, seconds: float, counted: Counter[str]) -> None:
    """Let a thread write a hundred postures a second for so long, and trade the stage's day over and over.

    NotAvailable if there is no Redis server for this machine.
    """
    with TemporaryDirectory(prefix="preflight-") as folder, Wire(Path(folder)) as wire:
        done = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(_write, wire, seconds, done)
            try:
                _trade(stage, wire, done, counted)
            finally:
                done.set()
        counted["written"] += writing.result()


def _write(wire: Wire, seconds: float, done: threading.Event) -> int:
    """The writer: how many words it wrote."""
    began, seq = time.monotonic(), 0
    while time.monotonic() < began + seconds and not done.is_set():
        seq += 1
        text = safety_text(posture_at(seq), seq, rm_at(seq), WRITER)
        wire.client.set(SAFETY, text[: len(text) // 2] if seq % TORN_EVERY == 0 else text)
        done.wait(max(0.0, began + seq * FLIP_S - time.monotonic()))
    done.set()
    return seq


def _trade(stage: Stage, wire: Wire, done: threading.Event, counted: Counter[str]) -> None:
    """Bars until the writer is done; each reads once what has come in by then."""
    engine, rows = stage.engine_before_day(), _rows(stage)
    settings = PostureSettings(own_rules=False, reports="expected")
    stand = LoneStack(settings, stage.frame.step_ns, int(stage.frame.ts[0]))
    stand.hear(PostureReported(Posture.APEX, stand.now, writer="calm"))
    expected, reader = Posture.APEX, Reader(counted)
    while not done.wait(BAR_S):
        i = next(rows)
        if i == 0:
            restored(engine, stage.day.before)
            engine.begin_day(stage.day.date)
            reader = Reader(counted)
        expected = _expected(wire.carry_to(stand), expected, counted)
        engine.stance.hear(PostureReported(stand.current, stand.now), stage.desk)
        reader.take(engine.step_bar(stage.day.frame, i), expected)
        counted["bars on the wire"] += 1


def _rows(stage: Stage) -> Iterator[int]:
    while True:
        yield from range(stage.day.frame.rows)


def _expected(came: Sequence[Event], before: Posture, counted: Counter[str]) -> Posture:
    """The posture that holds after what came in; each word must be one that was written, whole."""
    for event in came:
        if isinstance(event, PostureReported):
            counted["words heard"] += 1
            whole = event.posture is posture_at(event.seq) and event.rm == rm_at(event.seq)
            counted["half"] += not whole
            before = event.posture
        elif isinstance(event, HealthObserved) and not event.ok:
            counted["torn words noticed"] += 1
            before = Posture.TURTLE
    return before
