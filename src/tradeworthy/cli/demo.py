"""demo."""

from __future__ import annotations

from typing import Annotated

import typer

from tradeworthy.cli.console import print_json
from tradeworthy.cli.outcome import closing_line, outcome_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.run import perform


def demo(json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False) -> None:
    """See it all within a minute: ten minutes of the pilot, its report, and the proof by replay.

    Seven agents watch simulated prediction markets, find gaps and trade them on paper.

    PostgreSQL and Redis are started for it in the home folder. Nothing is asked of the internet, and no money
    is involved. Each time is a run of its own, which `report`, `trace` and `why` can look at afterwards.

    Example: tradeworthy demo
    """
    from tradeworthy.reporting.daily import text
    from tradeworthy.runtime.demo import after_demo, demo_plan
    from tradeworthy.runtime.faces import PILOT
    from tradeworthy.runtime.home import home

    ending = perform(demo_plan(), PILOT)
    with progressing("checking") as progress:
        shown = after_demo(home(), ending, lambda inputs: progress(inputs, "inputs replayed"))
    if json:
        print_json(
            {
                **ending.figures,
                "outcome": ending.overview,
                "summary": shown.summary,
                "replay": {"packets": shown.replayed.packets, "digest": shown.replayed.digest},
            }
        )
        typer.echo(closing_line(ending.figures), err=True)
        return
    for line in outcome_lines(ending):
        typer.echo(line)
    typer.echo(f"\n{text(shown.summary)}")
    typer.echo(f"replay: {shown.replayed.packets} packets, digest equal")
    typer.echo("next: tradeworthy why arbitrage; tradeworthy init; tradeworthy pilot")
    typer.echo(closing_line(ending.figures))
