"""pilot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradeworthy.cli.run import AsJson, Duration, FirstDay, LastDay, Seed, carry_out


def pilot(
    config: Annotated[
        Path | None, typer.Option("--config", help="Instead of the one that comes along.", metavar="FILE")
    ] = None,
    feed: Annotated[str, typer.Option(help="simulator, recorded or recorded:DIR.")] = "simulator",
    duration: Duration = None,
    speed: Annotated[float | None, typer.Option(help="Session seconds a wall second.", metavar="X")] = None,
    seed: Seed = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin an empty run, whatever there is.")] = False,
    from_: FirstDay = None,
    to: LastDay = None,
    json: AsJson = False,
) -> None:
    """Run the arbitrage pilot on paper: seven agents that watch prediction markets, find gaps, and trade them.

    A watcher of the venue and an oracle bring books and prices; the scanner finds opportunities, the sniper asks
    for trades, the guardian judges, the executor fills, the allocator shares the capital. Without --duration it
    runs at the pace of the clock until Ctrl+C, which stops it in good order; the same command goes on from there.
    That no opportunity comes for some minutes is normal.

    Example: tradeworthy pilot --duration 600
    """
    from tradeworthy.runtime.faces import PILOT
    from tradeworthy.runtime.pilot import pilot_plan

    plan = pilot_plan(
        config,
        feed=feed,
        duration_s=duration,
        speed=speed,
        seed=seed,
        fresh=fresh,
        first_day=from_.date() if from_ else None,
        last_day=to.date() if to else None,
    )
    carry_out(plan, as_json=json, face=PILOT)
