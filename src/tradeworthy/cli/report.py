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
    html: Annotated[
        Path | None,
        typer.Option(help="Also write it as one page, with curves and tables, to this file.", metavar="FILE"),
    ] = None,
    benchmark: Annotated[
        str,
        typer.Option(
            help="Set it beside this series: Parquet or CSV with a time and a close (FILE:SYMBOL of several).",
            metavar="FILE",
        ),
    ] = "",
    text: Annotated[
        bool,
        typer.Option("--text/--no-text", help="Print the text; with --benchmark it ends with BENCHMARK."),
    ] = True,
) -> None:
    """Print what a run came to: trades, P&L, win rate, refusals by reason, what became of the candidates.

    It reads the database, which is brought up to the journal first, while a session runs or after it. The page also
    has equity, drawdown, days, the largest trades, halts, what was assumed, and buy-and-hold beside it.

    Example: tradeworthy report --days 1 --json | jq .risk_rejections

    Example: tradeworthy report --html report.html --benchmark index.csv
    """
    with progressing("bringing the tables up to the journals"):
        from tradeworthy.reporting.daily import benchmark_text, json_text, write_csv
        from tradeworthy.reporting.daily import text as text_of
        from tradeworthy.reporting.day_page import write_page
        from tradeworthy.runtime.day_report import day_report
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.records import opened_records

        beside = bool(html or benchmark)
        with opened_records(home(), run) as records:
            found = day_report(home(), records, days, strategy, benchmark=benchmark, with_holding=beside)
            if csv:
                write_csv(csv, records.paper_trades(days, strategy))
        if html:
            write_page(html, found)
    if json:
        typer.echo(json_text(found.figures()), nl=False)
    elif text:
        appended = benchmark_text(found.comparisons, found.no_holding) if benchmark else ""
        typer.echo(text_of(found.summary) + appended, nl=False)
