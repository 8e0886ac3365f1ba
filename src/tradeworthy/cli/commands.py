"""The verbs, in the order in which a newcomer meets them."""

from __future__ import annotations

from typing import Annotated

import typer

from tradeworthy.cli import (
    alerts,
    control,
    data,
    demo,
    explain,
    learn,
    pilot,
    prove,
    ready,
    replay,
    report,
    run,
    serve,
    sweep,
    token,
)
from tradeworthy.cli.console import Commands
from tradeworthy.cli.logs import set_up_logging

app = typer.Typer(
    name="tradeworthy",
    cls=Commands,
    help="Run trading desks from backtest to paper on one deterministic core, and see why each trade was made or not.",
    epilog="Begin with: tradeworthy demo",
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
TRY = "Try it and get ready"
RUN = "Run desks"
SEE = "See what happened, and why"
STEER = "Steer a running session"

for command, name, panel in (
    (demo.demo, "demo", TRY),
    (ready.init, "init", TRY),
    (ready.doctor, "doctor", TRY),
    (ready.version, "version", TRY),
    (pilot.pilot, "pilot", RUN),
    (run.run, "run", RUN),
    (run.backtest, "backtest", RUN),
    (sweep.sweep, "sweep", RUN),
    (report.report, "report", SEE),
    (explain.trace, "trace", SEE),
    (explain.why, "why", SEE),
    (replay.replay, "replay", SEE),
    (serve.serve, "serve", STEER),
    (control.status, "status", STEER),
    (control.stop, "stop", STEER),
    (control.halt, "halt", STEER),
    (control.resume, "resume", STEER),
    (control.flatten, "flatten", STEER),
):
    app.command(name, rich_help_panel=panel)(command)
app.add_typer(control.inject, name="inject", rich_help_panel=STEER)
app.add_typer(alerts.alerts, name="alerts", rich_help_panel=STEER)
app.add_typer(data.data, name="data", rich_help_panel=RUN)
app.add_typer(learn.learn, name="learn", rich_help_panel=SEE)
app.add_typer(prove.prove, name="prove", rich_help_panel=SEE)
app.add_typer(token.token, name="token", rich_help_panel=STEER)


def _print_version(asked: bool) -> None:
    if asked:
        ready.version()
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and leave.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """What holds for every verb: log lines go to standard error, as results have standard output."""
    set_up_logging()
