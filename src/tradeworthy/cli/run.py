"""run and backtest."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import OK, complain, print_json
from tradeworthy.cli.live_view import watching
from tradeworthy.cli.logs import set_up_logging
from tradeworthy.cli.outcome import closing_line, outcome_lines

ConfigPath = Annotated[Path, typer.Argument(help="The session's TOML file.", metavar="CONFIG")]
Duration = Annotated[
    float | None, typer.Option(help="Session seconds until the run is finished.", metavar="S")
]
Seed = Annotated[int | None, typer.Option(help="Instead of the configuration's seed.", metavar="N")]
FirstDay = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="First day of recorded data.", metavar="DATE"),
]
LastDay = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of recorded data, included.", metavar="DATE"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


def run(
    config: ConfigPath,
    mode: Annotated[str, typer.Option(help="backtest or paper (later: simulate, live).")] = "paper",
    feed: Annotated[
        str, typer.Option(help="simulator, recorded, recorded:DIR, catalog, or live (uptrend).")
    ] = "simulator",
    duration: Duration = None,
    speed: Annotated[float | None, typer.Option(help="Session seconds a wall second.", metavar="X")] = None,
    seed: Seed = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin an empty run, whatever there is.")] = False,
    from_: FirstDay = None,
    to: LastDay = None,
    out: Annotated[Path | None, typer.Option(help="Folder for a backtest's files.")] = None,
    json: AsJson = False,
) -> None:
    """Run the desks of CONFIG: on paper and on the market simulator, unless you say otherwise.

    The same command goes on with a run that was stopped or killed, and --fresh begins another. Time is the
    feed's own: a run goes as fast as it can if it has an end (--duration, or recorded data), else at the pace
    of the clock; --speed 60 makes a minute of it a second. Ctrl+C stops in good order. The last line of a run
    is `run_finished` with the figures that its replay must equal.

    Example: tradeworthy run configs/breakout.toml --duration 86400
    """
    plan = make_plan(
        config,
        mode=mode,
        feed=feed,
        duration_s=duration,
        speed=speed,
        seed=seed,
        fresh=fresh,
        first_day=from_.date() if from_ else None,
        last_day=to.date() if to else None,
        out=out,
    )
    carry_out(plan, as_json=json)


def backtest(
    config: ConfigPath,
    feed: Annotated[str, typer.Option(help="simulator, recorded, recorded:DIR or catalog.")] = "recorded",
    duration: Duration = None,
    seed: Seed = None,
    from_: FirstDay = None,
    to: LastDay = None,
    out: Annotated[
        Path,
        typer.Option(help="Folder for trades.csv, daily.csv, summary.json, bars.csv and tear_sheet.html."),
    ] = Path("backtest"),
    json: AsJson = False,
) -> None:
    """Backtest the desks of CONFIG on recorded data as fast as it goes, and write its files.

    It needs neither database nor bus, and gives the same trades as `run` on the same data. Open tear_sheet.html in
    a browser for what it came to, and what that rests on.

    Example: tradeworthy backtest configs/breakout.toml --feed recorded:data/binance_um_1m --to 2025-05-10
    """
    plan = make_plan(
        config,
        mode="backtest",
        feed=feed,
        duration_s=duration,
        seed=seed,
        fresh=True,
        first_day=from_.date() if from_ else None,
        last_day=to.date() if to else None,
        out=out,
    )
    carry_out(plan, as_json=json)


def make_plan(config: Path, *, mode: str, **asked: Any) -> Any:
    """The Plan of what was asked; UsageError or NotAvailable for what can't be."""
    from tradeworthy.core.errors import UsageError
    from tradeworthy.runtime.configuration import load
    from tradeworthy.runtime.plan import Mode, Plan

    modes = [one.value for one in Mode]
    if mode not in modes:
        raise UsageError(f"--mode is {mode!r}; give one of {', '.join(modes)}")
    return Plan(load(config), Mode(mode), **asked)


def carry_out(plan: Any, *, as_json: bool = False, face: Any = None) -> None:
    """Run `plan`, shown live in a terminal, and print what it came to, the line `run_finished` last.

    `face` is the runtime's Face of a paper session (None: that of any session).
    """
    ended = perform(plan, face)
    if as_json:
        print_json({**ended.figures, "finished": ended.finished, "outcome": ended.overview})
    else:
        for line in outcome_lines(ended):
            typer.echo(line)
    typer.echo(closing_line(ended.figures), err=as_json)


def perform(plan: Any, face: Any = None) -> Any:
    """Run `plan` with log lines and the live view; its Ending or Backtested.

    Interrupted before a session began, or twice, there is no outcome to print: that is an end in good order, too.
    """
    set_up_logging()
    with ended_when_interrupted(plan), watching(f"{plan.mode.value} {plan.configuration.name}") as watch:
        from tradeworthy.runtime.backtest import run_backtest
        from tradeworthy.runtime.faces import SESSION
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.plan import Mode
        from tradeworthy.runtime.session import run_session

        if plan.mode is Mode.BACKTEST:
            return run_backtest(plan, home(), watch)
        return run_session(plan, home(), watch, face=face or SESSION)


@contextlib.contextmanager
def ended_when_interrupted(plan: Any) -> Iterator[None]:
    """Have an interrupted session's command exit with 0; a backtest's has no result, and fails."""
    try:
        yield
    except KeyboardInterrupt:
        if plan.mode.value == "backtest":
            raise
        complain("stopped at once; the same command goes on from what is on record", lead="")
        raise typer.Exit(OK) from None
