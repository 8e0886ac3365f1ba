"""Makes a run's journal in paper mode: to its end, or up to where the process dies without a word."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from benchmarks.measure import Stages, answer, asked
from benchmarks.session.parts import breakout, drive, paper_plan
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.opening import OpenRun, open_run


def main(argument: str) -> None:
    """Make the run in `options["home"]`; after `options["die_after"]` inputs, if given, die there."""
    ask = asked(argument)
    stages = Stages()
    home = Home(Path(ask.options["home"])).make()
    configuration = breakout(ask.workload)
    plan = paper_plan(configuration, ask)
    feed = open_feed(plan, home)
    run = open_run(plan, home, feed.identity(), feed.span()[0])
    stages.mark("build")
    die_after = int(ask.options.get("die_after", "0"))

    def reached(open_now: OpenRun) -> None:
        inputs = open_now.life.core.sequencer.inputs
        if die_after and inputs >= die_after:
            open_now.life.writer.wait_durable()
            stages.mark("run")
            answer(ask, stages.report(figures={"inputs": inputs}))
            os._exit(0)

    asyncio.run(drive(run, feed, configuration.journal.snapshot_every, reached))
    stages.mark("run")
    run.life.snapshot()
    run.life.close()
    size = sum(path.stat().st_size for path in run.life.folder.glob("*.journal*"))
    figures = {"inputs": run.life.core.sequencer.inputs, "bytes": size}
    answer(ask, stages.report(figures=figures))


if __name__ == "__main__":
    main(sys.argv[1])
