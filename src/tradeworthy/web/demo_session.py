"""A pilot beside the dashboard, for who wants to see one at work: a process of its own, ended with the dashboard."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tradeworthy.runtime.home import Home, read_holder

SPEED = 30
"""Session seconds a wall second: the first trades come within a minute."""

LIVELY = {
    "TRADEWORTHY_PREDICTIONS__LAG_MS": "6000",
    "TRADEWORTHY_PREDICTIONS__RIVALS_MS": "30000",
    "TRADEWORTHY_PREDICTIONS__JUMPS_PER_DAY": "600",
    "TRADEWORTHY_PREDICTIONS__JUMP_BPS": "15",
    "TRADEWORTHY_PREDICTIONS__LADDER_STRIKES": "0",
    "TRADEWORTHY_PREDICTIONS__TOUCH": "false",
}
"""Slower makers and fewer rivals than the simulator has by itself, and windows alone: trades come, and end, in minutes.

What such a market pays is no forecast of any real one's.
"""

LOG = "demo.log"
END_S_MAX = 15.0


@contextmanager
def demo_session(home: Home) -> Iterator[str]:
    """Let a pilot run on simulated markets unless a session runs already, and say in one line what runs.

    The same demo goes on from where it stood the last time.
    """
    if read_holder(home.lock) is not None:
        yield "a session runs already: you see that one"
        return
    path = home.make().path / LOG
    with path.open("a", encoding="utf-8") as log:
        pilot = subprocess.Popen(  # noqa: S603 - this product's own command
            [sys.executable, "-m", "tradeworthy.cli", "pilot", "--speed", str(SPEED)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**LIVELY, **os.environ},
            start_new_session=True,  # Ctrl+C is for the dashboard, which ends the pilot in good order.
        )
        try:
            yield (
                f"a pilot trades simulated markets on paper, {SPEED} times as fast as the clock; their makers are"
                f" slower than real ones, so its profit says nothing. Its log is {path}"
            )
        finally:
            pilot.terminate()
            try:
                pilot.wait(END_S_MAX)
            except subprocess.TimeoutExpired:
                pilot.kill()
                pilot.wait()
