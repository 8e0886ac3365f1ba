"""run and backtest."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import errors_in_one_line, print_json, set_up_logging
from tradeworthy.cli.live_view import watching
from tradeworthy.cli.outcome import closing_line, outcome_lines

ConfigPath = Annotated[Path, typer.Argument(help="The session's TOML file.", metavar="CONFIG")]


def run(
    config: ConfigPath,
    mode: Annotated[str, typer.Option(help="backtest, simulate, paper or live.")] = "paper",
    feed: Annotated[
        str, typer.Option(help="simulator, recorded, recorded:DIR, catalog or live.")
    ] = "simulator",
    duration: Annotated[
        float | None, typer.Option(help="Session seconds until the run is finished.", metavar="S")
    ] = None,
    speed: Annotated[float | None, typer.Option(help="Session seconds a wall second.", metavar="X")] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the configuration's seed.")] = None,
    fresh: Annotated[bool, typer.Option(help="Begin an empty run, whatever there is.")] = False,
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of recorded data.")
    ] = None,
    to: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of recorded data.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for a backtest's files.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Run the desks of CONFIG: paper by default, on the simulator by default.

    The same command goes on with a run that was stopped or killed. On the simulated clock a run goes as fast
    as it can if --duration or --mode backtest is given, else at the pace of the clock (--speed changes it).

    tradeworthy run configs/breakout.toml --duration 86400
    """
    set_up_logging()
    with errors_in_one_line():
        plan = _plan(
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
        _run(plan, as_json=json)


def backtest(
    config: ConfigPath,
    feed: Annotated[str, typer.Option(help="simulator, recorded, recorded:DIR or catalog.")] = "recorded",
    duration: Annotated[float | None, typer.Option(help="Session seconds.", metavar="S")] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the configuration's seed.")] = None,
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day of recorded data.")
    ] = None,
    to: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day of recorded data.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for trades.csv, daily.csv, summary.json, bars.csv.")
    ] = Path("backtest"),
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Backtest the desks of CONFIG on recorded data, as fast as it goes, and write its files.

    It needs neither database nor bus.
    """
    run(
        config,
        mode="backtest",
        feed=feed,
        duration=duration,
        speed=None,
        seed=seed,
        fresh=True,
        from_=from_,
        to=to,
        out=out,
        json=json,
    )


def _plan(config: Path, *, mode: str, **asked: Any) -> Any:
    from tradeworthy.core.errors import UsageError
    from tradeworthy.runtime.configuration import load
    from tradeworthy.runtime.plan import Mode, Plan

    modes = [one.value for one in Mode]
    if mode not in modes:
        raise UsageError(f"--mode is {mode!r}; give one of {', '.join(modes)}")
    return Plan(load(config), Mode(mode), **asked)


def _run(plan: Any, *, as_json: bool) -> None:
    from tradeworthy.runtime.backtest import run_backtest
    from tradeworthy.runtime.home import home
    from tradeworthy.runtime.plan import Mode
    from tradeworthy.runtime.session import run_session

    begin = run_backtest if plan.mode is Mode.BACKTEST else run_session
    with watching(plan, live=sys.stderr.isatty()) as watch:
        ended = begin(plan, home(), watch)
    if as_json:
        print_json({**ended.figures, "finished": ended.finished, "outcome": ended.overview})
        return
    for line in outcome_lines(ended):
        typer.echo(line)
    typer.echo(closing_line(ended.figures))
