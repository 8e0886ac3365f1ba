"""How long the session takes: a turn, its way to the disk, and a feed's way to it, of about the last minute."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from time import perf_counter_ns
from typing import Any

from tradeworthy.core.events import Event
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.runtime.life import Life

PACED_EVERY, FREE_EVERY = 16, 64
"""On the simulated clock one input of so many is timed: a run that goes as fast as it can must not pay for it."""

TURN_S = 30.0
"""A histogram takes samples for so long and is then kept as long again: figures are of the last 30 to 60 s."""

BUCKETS = 488
"""Eight for each doubling, up to 2**63 ns."""


class Stage:
    """Durations of one kind, counted in buckets an eighth of a doubling apart: a percentile is within 7 %."""

    def __init__(self) -> None:
        self._counts, self._before = [0] * BUCKETS, [0] * BUCKETS

    def add(self, ns: int) -> None:
        """Count a duration of `ns`, 0 or more."""
        shift = ns.bit_length() - 4
        self._counts[ns if shift < 1 else (shift << 3) + (ns >> shift)] += 1

    def turn_over(self) -> None:
        """Forget all but what came since the last call."""
        self._counts, self._before = [0] * BUCKETS, self._counts

    def figures(self, shares: Sequence[float]) -> tuple[int, list[float]]:
        """How many there are, and for each of `shares` (0 to 1) what that share of them stays under, in ns."""
        counts = [one + other for one, other in zip(self._counts, self._before, strict=True)]
        total = sum(counts)
        return total, [_under(counts, share * total) for share in shares] if total else []


class Latencies:
    """The stages of one session. `committing` gives the commit that will have the last turn on disk.

    `decide` is an input's turn, `durable` from its admission to the fdatasync of its turn, `feed` from the venue's
    own time to the arrival here (0 where the venue's clock is ahead of ours).
    """

    def __init__(
        self, committing: Callable[[], Future[None]], *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self.decide, self.durable, self.feed = Stage(), Stage(), Stage()
        self._committing, self._seconds = committing, seconds
        self._skip, self._turned_s = 0, seconds()

    def handled(self, began: int) -> None:
        """Note that the turn of the input that was admitted at `began` (perf_counter_ns) is over."""
        self.decide.add(perf_counter_ns() - began)
        self._committing().add_done_callback(lambda _: self.durable.add(perf_counter_ns() - began))

    def sampled(self, admit: Callable[[Sequence[Row]], None], rows: Sequence[Row], every: int) -> None:
        """Have `admit` take all `rows` in order, and time one of `every`, which is always the same."""
        start = 0
        for at in range(self._skip, len(rows), every):
            if at > start:
                admit(rows[start:at])
            began = perf_counter_ns()
            admit(rows[at : at + 1])
            self.handled(began)
            start = at + 1
        if start < len(rows):
            admit(rows[start:])
        self._skip = (self._skip - len(rows)) % every

    def arrived(self, event: Event, now: int) -> None:
        """Note that a feed delivered `event` at `now` (UTC ns); what names no time of the venue's is not counted."""
        ts = getattr(event, "ts_event", 0)
        if ts:
            length = TIMEFRAMES_NS[event.timeframe] if isinstance(event, BarClosed) else 0
            self.feed.add(max(0, now - ts - length))

    def turn_over(self) -> None:
        """Let what is too old go; call it often."""
        if self._seconds() - self._turned_s >= TURN_S:
            self._turned_s = self._seconds()
            for stage in (self.decide, self.durable, self.feed):
                stage.turn_over()

    def figures(self) -> list[dict[str, Any]]:
        """stage, p50_ms, p99_ms and count of each stage that has samples; JSON values."""
        found = []
        for name in ("feed", "decide", "durable"):
            count, under = getattr(self, name).figures((0.5, 0.99))
            if count:
                p50_ms, p99_ms = (round(ns / 1e6, 4) for ns in under)
                found.append({"stage": name, "p50_ms": p50_ms, "p99_ms": p99_ms, "count": count})
        return found


def latencies_of(life: Life) -> Latencies:
    """The latencies of a life; nothing is measured yet."""
    return Latencies(lambda: life.writer.committing)


def _under(counts: Sequence[int], rank: float) -> float:
    """The middle of the bucket in which the sample of that rank lies, in ns."""
    sums = itertools.accumulate(counts)
    place = next(place for place, seen in enumerate(sums) if seen and seen >= rank)
    shift = max(0, (place >> 3) - 1)
    return (place - (shift << 3) << shift) + (1 << shift) / 2 if shift else float(place)
