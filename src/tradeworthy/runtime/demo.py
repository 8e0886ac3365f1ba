"""The demonstration: a simulated day of the example desk, its report, and the replay that proves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tradeworthy.core.errors import AllHalted
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.examples import example_files
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan
from tradeworthy.runtime.records import opened_records
from tradeworthy.runtime.replay import Replayed, replay
from tradeworthy.runtime.session import Ending

CONFIGURATION = "configs/breakout.toml"
DAY_S = 86_400.0


@dataclass(frozen=True)
class Demonstrated:
    """What the demonstration came to: the session's end, the day's summary, the replay."""

    ending: Ending
    summary: dict[str, Any]
    replayed: Replayed


def demo_plan() -> Plan:
    """A fresh day of the example configuration on the market simulator."""
    return Plan(load(example_files()[CONFIGURATION]), duration_s=DAY_S, fresh=True)


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
