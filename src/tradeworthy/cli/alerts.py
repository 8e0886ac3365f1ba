"""alerts test, alerts list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tradeworthy.cli.console import PROBLEM, print_json, table_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.report import RunName

if TYPE_CHECKING:
    from tradeworthy.runtime.alert_trial import Answered

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]

alerts = typer.Typer(no_args_is_help=True, help="What people are told of a session, and where it goes.")


@alerts.command("test")
def send_each(json: AsJson = False) -> None:
    """Send one alert of each severity to the addresses in `alerts.toml`, and say what each answered.

    Exit 1 if one was not taken. Nothing of it stands in a journal or in the database.

    Example: tradeworthy alerts test
    """
    with progressing("sending"):
        from tradeworthy.runtime.alert_trial import try_alerts
        from tradeworthy.runtime.home import home

        answers = try_alerts(home())
    if json:
        print_json([answer._asdict() for answer in answers])
    else:
        for line in table_lines([_row(answer) for answer in answers], indent=""):
            typer.echo(line)
    if any(answer.taken is False for answer in answers):
        raise typer.Exit(PROBLEM)


def _row(answer: Answered) -> tuple[str, str, str]:
    if answer.taken is None:
        return answer.severity, "-", "goes to no address"
    said = "taken" if answer.taken else "not taken: wrong, refused or out of reach"
    return answer.severity, answer.address, f"{said} ({answer.ms:.0f} ms)"


@alerts.command("list")
def show(
    run: RunName = "",
    limit: Annotated[
        int, typer.Option("--limit", "-n", help="So many, the newest first.", min=1, max=500)
    ] = 20,
    json: AsJson = False,
) -> None:
    """List the alerts of a run and its parents, the newest first, sent or not.

    It reads the database, which is brought up to the journal first. Times are session time.

    Example: tradeworthy alerts list --limit 5
    """
    with progressing("bringing the tables up to the journals"):
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.records import opened_listings

        with opened_listings(home(), run) as listings:
            rows = listings.alerts(limit)
    if json:
        print_json(rows)
        return
    if not rows:
        typer.echo("no alerts: nothing happened in this run that is worth telling")
    for row in rows:
        typer.echo(f"{row['created_at']:%Y-%m-%dT%H:%M:%SZ}  {row['severity']:<8}  {row['title']}")
        typer.echo(f"    {row['text']}")
