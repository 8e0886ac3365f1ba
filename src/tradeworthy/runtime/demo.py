"""The demonstration: ten minutes of the pilot on simulated markets, its report, and the replay that proves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tradeworthy.core.errors import AllHalted
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.pilot import pilot_plan
from tradeworthy.runtime.plan import Plan
from tradeworthy.runtime.records import opened_records
from tradeworthy.runtime.replay import Replayed, replay
from tradeworthy.runtime.session import Ending

SEED, DURATION_S = 7, 600.0


@dataclass(frozen=True)
class Demonstrated:
    """What the demonstration came to: the session's end, its summary, the replay."""

    ending: Ending
    summary: dict[str, Any]
    replayed: Replayed


def demo_plan() -> Plan:
    """A fresh run of the pilot on the market simulator."""
    return pilot_plan(seed=SEED, duration_s=DURATION_S, fresh=True)


def after_demo(home: Home, ending: Ending, progress: Callable[[int], None] | None = None) -> Demonstrated:
    """The report and the replay of a demonstration that ran; AllHalted if the replay comes out otherwise."""
    run = ending.figures["run"]
    with opened_records(home, run) as records:
        summary = records.summary()
    replayed = replay(home.runs / run, progress)
    if replayed.digest != ending.figures["digest"]:
        raise AllHalted(
            f"replay of {run}: digest {replayed.digest} is not {ending.figures['digest']}; keep the run and report this"
        )
    return Demonstrated(ending, summary, replayed)
