"""report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradeworthy.cli.progress import progressing

RunName = Annotated[
    str,
    typer.Option("--run", help="The run's name (default: the newest run with its parents).", metavar="ID"),
]


def report(
    days: Annotated[
        float | None, typer.Option(help="Only the last N days of session time.", metavar="N")
    ] = None,
    run: RunName = "",
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON, with `risk_rejections`.")] = False,
    strategy: Annotated[
        str, typer.Option(help="Only what this strategy (or desk) did.", metavar="NAME")
    ] = "",
    csv: Annotated[
        Path | None,
        typer.Option(help="Also write trades and refused requests to this file.", metavar="FILE"),
    ] = None,
) -> None:
    """Print what a run came to: trades, P&L, win rate, refusals by reason, what became of the candidates.

    It reads the database, which is brought up to the journal first, while a session runs or after it.

    Example: tradeworthy report --days 1 --json | jq .risk_rejections
    """
    with progressing("bringing the tables up to the journals"):
        from tradeworthy.reporting.daily import json_text, text, write_csv
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.records import opened_records

        with opened_records(home(), run) as records:
            summary = records.summary(days, strategy)
            if csv:
                write_csv(csv, records.paper_trades(days, strategy))
    typer.echo(json_text(summary) if json else text(summary), nl=False)
