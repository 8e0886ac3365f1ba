"""Opens a run whose process died: newest snapshot, tail replayed and compared, ready for the next input."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import Stages, answer, asked
from benchmarks.session.parts import breakout, paper_plan
from tradeworthy.core.errors import Bug
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.opening import open_run


def main(argument: str) -> None:
    """Recover the run in `options["home"]`; Bug if a new one began instead."""
    ask = asked(argument)
    stages = Stages()
    home = Home(Path(ask.options["home"]))
    plan = paper_plan(breakout(ask.workload), ask)
    feed = open_feed(plan, home)
    stages.mark("build")
    run = open_run(plan, home, feed.identity(), feed.span()[0])
    stages.mark("run")
    if not run.resumed:
        raise Bug(
            "the dead run was not resumed, a new one began: has the code changed since it was recorded?"
        )
    figures = {"inputs": run.life.core.sequencer.inputs, "replayed": run.life.recovery.replayed}
    run.life.close()
    answer(ask, stages.report(figures=figures))


if __name__ == "__main__":
    main(sys.argv[1])
