"""Runs the sides in processes of their own, in turn, and watches their memory from outside."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.measure import ROOT, Ask, Report
from benchmarks.workload import Workload
from tradeworthy.core.errors import Retryable

SAMPLE_S = 0.02
TIMEOUT_S = 1_800
PAGE = 4096
MIB = 1 << 20


class Memory(NamedTuple):
    """Resident memory over time: when (monotonic seconds) and how much (bytes). Empty where /proc is not."""

    when: list[float]
    resident: list[int]

    def at(self, moment: float) -> float:
        """MiB at the last sample before `moment`; NaN without samples."""
        before = [size for when, size in zip(self.when, self.resident, strict=True) if when <= moment]
        return before[-1] / MIB if before else float("nan")

    def peak(self) -> float:
        """The most, in MiB; NaN without samples."""
        return max(self.resident, default=0) / MIB or float("nan")


class Run(NamedTuple):
    """One measured run of one side."""

    report: Report
    memory: Memory

    def cpu_seconds(self, *stages: str) -> float:
        """The CPU time of these stages together, all threads; all stages if none is named."""
        return sum(self.report.cpu[stage] for stage in stages or self.report.cpu)

    def seconds(self, *stages: str) -> float:
        """The time of these stages together; all of them if none is named."""
        return sum(self.report.took[stage] for stage in stages or self.report.took)


def watch(process: subprocess.Popen[bytes], memory: Memory) -> None:
    """Sample the resident memory until the process ends."""
    source = Path(f"/proc/{process.pid}/statm")
    while process.poll() is None:
        try:
            resident = int(source.read_text(encoding="ascii").split()[1]) * PAGE
        except (OSError, IndexError):
            return
        memory.when.append(time.monotonic())
        memory.resident.append(resident)
        time.sleep(SAMPLE_S)


def run(module: str, workload: Workload, data: Path, options: Mapping[str, str] | None = None) -> Run:
    """Run `python -m module` on the job; its report, or Retryable with its last words if it fails."""
    memory = Memory([], [])
    with tempfile.TemporaryDirectory() as folder:
        ask = Ask(workload, str(data), str(Path(folder) / "answer.json"), dict(options or {}))
        command = [sys.executable, "-m", module, msgspec.json.encode(ask).decode()]
        with (Path(folder) / "log").open("w+b") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
            watcher = threading.Thread(target=watch, args=(process, memory), daemon=True)
            watcher.start()
            try:
                code = process.wait(timeout=TIMEOUT_S)
            finally:
                process.kill()
                watcher.join()
            if code or not Path(ask.answer).exists():
                log.seek(0)
                words = log.read().decode(errors="replace").strip().splitlines()[-12:]
                raise Retryable(f"{module} ended with {code} on {workload.name}: " + "\n  ".join(words))
        report = msgspec.json.decode(Path(ask.answer).read_bytes(), type=Report)
    return Run(report, memory)


def alternate(
    sides: Mapping[str, str],
    workload: Workload,
    data: Path,
    rounds: int,
    options: Mapping[str, str] | None = None,
) -> dict[str, list[Run]]:
    """Run each side (name: module) once a round, in an order that turns about: noise meets all alike."""
    runs: dict[str, list[Run]] = {side: [] for side in sides}
    order = list(sides)
    for _ in range(rounds):
        for side in order:
            print(f"  {workload.name}: {side}", file=sys.stderr, flush=True)
            runs[side].append(run(sides[side], workload, data, options))
        order.reverse()
    return runs


def median_cpu(runs: list[Run], *stages: str) -> float:
    """The median CPU time of these stages together (all if none is named), in seconds."""
    return statistics.median(each.cpu_seconds(*stages) for each in runs)


def median(runs: list[Run], *stages: str) -> float:
    """The median time of these stages together (all if none is named), in seconds."""
    return statistics.median(each.seconds(*stages) for each in runs)
