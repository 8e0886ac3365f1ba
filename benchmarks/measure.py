"""What a measured process is asked, and what it answers: each run is a process of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.trades import Trade
from benchmarks.workload import Workload

ROOT = Path(__file__).parents[1]


class Ask(msgspec.Struct, frozen=True):
    """One measured run: the job, the folder with its data, and the file to leave the answer in.

    `options` are what only one side knows.
    """

    workload: Workload
    data: str
    answer: str
    options: dict[str, str] = {}


class Report(msgspec.Struct, frozen=True):
    """What a run found: seconds and CPU seconds by stage, when each ended (monotonic clock), and its results.

    `samples` are single latencies in microseconds; `figures` whatever else the run counted.
    """

    took: dict[str, float]
    cpu: dict[str, float]
    ended: dict[str, float]
    trades: list[Trade] = []
    samples: list[float] = []
    figures: Mapping[str, int | float | str] = {}


class Stages:
    """Times one stage after the other, from its making on."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self.ended: dict[str, float] = {"start": time.monotonic()}
        self._last, self._cpu_last = time.perf_counter(), time.process_time()

    def mark(self, stage: str) -> None:
        """The stage `stage` ends here, and the next begins."""
        now, cpu_now = time.perf_counter(), time.process_time()
        self.took[stage], self.cpu[stage] = now - self._last, cpu_now - self._cpu_last
        self.ended[stage] = time.monotonic()
        self._last, self._cpu_last = time.perf_counter(), time.process_time()

    def report(self, **results: Any) -> Report:
        """What was timed so far, with the run's results."""
        return Report(self.took, self.cpu, self.ended, **results)


def asked(argument: str) -> Ask:
    """The process's argument, decoded."""
    return msgspec.json.decode(argument, type=Ask)


def answer(ask: Ask, report: Report) -> None:
    """Leave the report where it was asked for."""
    Path(ask.answer).write_bytes(msgspec.json.encode(report))
