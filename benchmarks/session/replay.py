"""Replays a run from its journal, as `tradeworthy replay` does."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import Stages, answer, asked
from tradeworthy.core.errors import Bug
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.replay import replay
from tradeworthy.runtime.runs import find


def main(argument: str) -> None:
    """Replay the newest run in `options["home"]`; Divergence if its digest is not the one on record."""
    ask = asked(argument)
    folder = find(Home(Path(ask.options["home"])), "")
    stages = Stages()
    done = replay(folder)
    stages.mark("run")
    if not done.digests:
        raise Bug(f"run {done.run} has no digest on record, so its replay proves nothing")
    figures = {"inputs": done.inputs, "packets": done.packets}
    answer(ask, stages.report(figures=figures))


if __name__ == "__main__":
    main(sys.argv[1])
