"""sweep."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import PROBLEM, complain, print_json, table_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.run import AsJson, ConfigPath, Duration, FirstDay, LastDay, Seed, make_plan

FIGURES = ("trades", "win_rate", "roi", "profit_factor", "max_drawdown", "sharpe")
SHARES = {"win_rate", "roi", "max_drawdown"}


def sweep(
    config: ConfigPath,
    grid: Annotated[
        list[str],
        typer.Option(
            help="key=a:b:step, or key=v,w: what to vary; may be repeated. With --random also key=a:b.",
            metavar="RANGE",
        ),
    ],
    random: Annotated[
        int | None, typer.Option(help="Draw so many sets instead of all combinations.", metavar="N", min=1)
    ] = None,
    desk: Annotated[str, typer.Option(help="The desk to sweep (default: the first).", metavar="NAME")] = "",
    feed: Annotated[str, typer.Option(help="recorded, recorded:DIR, catalog or simulator.")] = "recorded",
    duration: Duration = None,
    seed: Seed = None,
    from_: FirstDay = None,
    to: LastDay = None,
    workers: Annotated[
        int, typer.Option(help="Threads (default: one for each core).", metavar="N", min=0)
    ] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("sweep"),
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew where another sweep is; its trials stay counted.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Run a divergence desk of CONFIG with many parameter sets, and say how much of the best is luck.

    Each set trades as `backtest` would, with the same steps, fills and fees, but without guards and with a posture
    that never changes. Results go to Parquet, part by part: Ctrl+C keeps what is done, and the same command goes on.
    Beside the best set stand its deflated Sharpe ratio, which counts every set that was ever run in this folder, and
    the probability that the best of a past is worse than the middle of a future.

    Example: tradeworthy sweep configs/blue.toml --grid fixed_tp_pct=0.005:0.015:0.0005 --grid max_hold_bars=24:240:24
    """
    plan = make_plan(
        config,
        mode="backtest",
        feed=feed,
        duration_s=duration,
        seed=seed,
        first_day=from_.date() if from_ else None,
        last_day=to.date() if to else None,
    )
    with progressing("sweeping") as progress:
        from tradeworthy.research.job import Sweep, SweepPlan
        from tradeworthy.runtime.home import home

        job = Sweep(SweepPlan(plan, out, tuple(grid), desk, random, workers, fresh), home(), progress)
        try:
            swept = job.run()
        except KeyboardInterrupt:
            complain(f"stopped: what is done is kept in {out}, and the same command goes on", lead="")
            raise typer.Exit(PROBLEM) from None
        finally:
            job.close()
    if json:
        print_json(swept)
        return
    for line in _lines(swept):
        typer.echo(line)


def _lines(swept: Any) -> Iterator[str]:
    """The best sets and what luck explains, as people read them."""
    yield f"{swept.sets:,} sets of desk {swept.desk} over {swept.rows:,} rows, {swept.days} days, in {swept.out}"
    if swept.left_out:
        yield f"{swept.left_out:,} sets left out, whose values don't go together: {swept.why}"
    yield f"without: {'; '.join(swept.ignored)}"
    yield ""
    keys = list(swept.best[0])
    keys = keys[1 : keys.index("trades")]
    rows = [
        [one["set"], *(one[key] for key in keys), *(_figure(one, key) for key in FIGURES)]
        for one in swept.best
    ]
    heads = ["set", *keys, *(name.replace("_", " ") for name in FIGURES)]
    yield from table_lines([heads, *rows], right=range(len(heads)), indent="")
    yield ""
    yield from _luck_lines(swept)


def _figure(one: dict[str, Any], key: str) -> str:
    value = one[key]
    if value is None:
        return "-"
    if key in SHARES:
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _luck_lines(swept: Any) -> Iterator[str]:
    luck = swept.luck
    if luck is None:
        yield "no set's capital varies over three days: there is nothing to judge"
        return
    yield f"set {luck.set}: Sharpe ratio {luck.sharpe:.2f} a year over {luck.days} days"
    yield f"  above 0, had it been the only one: {luck.probabilistic:.1%}"
    yield (
        f"  deflated: {luck.deflated:.1%}. It is the best of {luck.trials:,} sets tried here, and the best of as many"
        f" without skill would show {luck.by_luck:.2f}"
    )
    overfit = luck.overfit
    if overfit is None:
        yield "  probability of overfitting: too few days or sets to tell"
        return
    yield (
        f"  probability of overfitting: {overfit.probability:.1%} of {overfit.splits:,} splits of the days; in"
        f" {overfit.loss:.1%} the best of one half loses money on the other"
    )
    if luck.deflated < 0.95:
        yield "  a deflated ratio under 95 % is no evidence of skill"
