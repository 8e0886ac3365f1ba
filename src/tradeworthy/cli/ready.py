"""init, doctor, version: what comes before the first run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import PROBLEM, print_json, table_lines
from tradeworthy.cli.progress import progressing

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def version() -> None:
    """Print the version.

    Example: tradeworthy version
    """
    from importlib import metadata

    typer.echo(f"tradeworthy {metadata.version('tradeworthy')}")


def init(
    folder: Annotated[
        Path, typer.Argument(help="Where the example configurations go.", metavar="[FOLDER]")
    ] = Path(),
    json: AsJson = False,
) -> None:
    """Make the home folder and the database, and write example configurations and their desks.

    What is there already stays as it is: a second call changes nothing.

    Example: tradeworthy init my-desks && tradeworthy run my-desks/configs/breakout.toml --duration 3600
    """
    with progressing("getting ready"):
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.init_home import init as init_home

        steps = list(init_home(home(), folder))
    if json:
        print_json([step._asdict() for step in steps])
        return
    for step in steps:
        said = "made" if step.made else "there"
        typer.echo(f"{said:<6}{step.what}{f' ({step.note})' if step.note else ''}")
    if not any(step.made for step in steps):
        typer.echo("nothing to do: all of it was there")


def doctor(
    config: Annotated[
        Path | None, typer.Argument(help="A configuration to check as well.", metavar="[CONFIG]")
    ] = None,
    json: AsJson = False,
) -> None:
    """Check all that a session needs, and say what to do about what is missing. Exit 1 if a check fails.

    Servers that are not running are started for it and stopped again.

    Example: tradeworthy doctor configs/breakout.toml
    """
    with progressing("checking"):
        findings = _findings(config)
    if json:
        print_json([finding._asdict() for finding in findings])
    else:
        rows = [(str(one.state), one.check, one.found) for one in findings]
        for line, one in zip(table_lines(rows, indent=""), findings, strict=True):
            typer.echo(_coloured(line, one.state))
            if one.next_step:
                typer.echo(f"      next: {one.next_step}")
    if any(one.state == "fail" for one in findings):
        raise typer.Exit(PROBLEM)


def _findings(config: Path | None) -> list[Any]:
    from tradeworthy.core.errors import TradeworthyError
    from tradeworthy.runtime.configuration import load
    from tradeworthy.runtime.doctor import check_configuration, check_python, examine, failed
    from tradeworthy.runtime.home import home

    try:
        place = home()
    except TradeworthyError as error:
        return [check_python(), failed("home", error)]
    if config is None:
        return list(examine(place))
    try:
        configuration = load(config)
        found = check_configuration(configuration)
    except TradeworthyError as error:
        return [*examine(place), failed("config", error)]
    return [*examine(place, configuration), found]


def _coloured(line: str, state: str) -> str:
    """The line with its first word coloured; typer takes colours out where there is no terminal."""
    colour = {"ok": "green", "warn": "yellow", "fail": "red"}[state]
    return typer.style(line[: len(state)], fg=colour) + line[len(state) :]
