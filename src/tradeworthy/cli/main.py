"""The command `tradeworthy`."""

from __future__ import annotations

import typer

from tradeworthy.cli import run

app = typer.Typer(
    name="tradeworthy",
    help="Run trading desks from backtest to paper on one deterministic core.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(run.run)
app.command()(run.backtest)


def main() -> None:
    """Run the command line."""
    app()
