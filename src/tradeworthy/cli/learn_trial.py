"""learn trial."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradeworthy.cli.console import print_json
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.run import AsJson, ConfigPath, FirstDay, LastDay, Seed, make_plan


def trial(
    config: ConfigPath,
    split: Annotated[
        str,
        typer.Option(
            help="Where the second part begins: a day, or the share of days before it.", metavar="DATE|SHARE"
        ),
    ] = "0.5",
    feed: Annotated[str, typer.Option(help="recorded or recorded:DIR.")] = "recorded",
    seed: Seed = None,
    from_: FirstDay = None,
    to: LastDay = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for overrides.json, trades.csv and trial.json.", metavar="DIR"),
    ] = None,
    json: AsJson = False,
) -> None:
    """Find out whether learning helps: learn on the first days, then trade the others with and without it.

    Both runs over the second part have the same bars, signals and seed; only the overrides differ. It says how much
    that changed with a 95 % interval, and that there is no evidence where 0 is in it. Minutes for weeks of data.

    Example: tradeworthy learn trial configs/uptrend-binance.toml --feed recorded:data/binance_um_1m
    """
    plan = make_plan(
        config,
        mode="backtest",
        feed=feed,
        seed=seed,
        fresh=True,
        first_day=from_.date() if from_ else None,
        last_day=to.date() if to else None,
    )
    with progressing("trying") as progress:
        from tradeworthy.reporting.learning_trial import trial_json, trial_lines, write_trial
        from tradeworthy.research.learning_trial import TrialPlan, run_trial
        from tradeworthy.runtime.home import home

        tried = run_trial(TrialPlan(plan, split), home(), progress)
        written = write_trial(out, tried) if out else []
    if json:
        print_json(trial_json(tried))
        return
    for line in trial_lines(tried):
        typer.echo(line)
    for file in written:
        typer.echo(f"written: {file}")
