"""prove calibration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.calibration_lines import divergence_lines
from tradeworthy.cli.console import print_json, table_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.proof_notes import note_calibration
from tradeworthy.cli.prove_compare import compare
from tradeworthy.cli.prove_day import day
from tradeworthy.cli.prove_flow import flow
from tradeworthy.cli.prove_lookahead import lookahead
from tradeworthy.cli.prove_parity import register
from tradeworthy.cli.prove_preflight import preflight
from tradeworthy.cli.prove_shadow import shadow
from tradeworthy.cli.prove_sign_off import sign_off
from tradeworthy.cli.run import Duration, FirstDay, LastDay, make_plan

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]

prove = typer.Typer(
    no_args_is_help=True, help="Evidence: how good the system's figures are on recorded data."
)


register(prove)
prove.command("lookahead")(lookahead)
prove.command("compare")(compare)
prove.command("preflight")(preflight)
prove.command("day")(day)
prove.command("flow")(flow)
prove.command("shadow")(shadow)
prove.command("sign-off")(sign_off)


@prove.callback()
def group() -> None:
    """Evidence: how good the system's figures are on recorded data."""


@prove.command("calibration")
def calibration(
    config: Annotated[
        Path | None, typer.Argument(help="A session's TOML file; without one, the window forecast.")
    ] = None,
    feed: Annotated[
        str,
        typer.Option(
            help="recorded, or recorded:DIR with a day of up/down windows, or bars.", metavar="FEED"
        ),
    ] = "recorded",
    duration: Duration = None,
    from_: FirstDay = None,
    to: LastDay = None,
    seed: Annotated[int, typer.Option(help="Of the draws behind the intervals.", min=0)] = 7,
    json: AsJson = False,
) -> None:
    """Score figures that the desks of CONFIG rest on, on recorded data; without CONFIG, the window forecast.

    Up/down windows: one forecast for each market at 240, 180, 120, 60 and 30 s to its end, from prices that had
    arrived by then. The better model is chosen by the first half of the day; judge it by the second half.
    Divergence desks: how often vel_div passes its threshold, a day; the echo of the box window; exits, win rate and
    profit factor beside the champion's; the stop by the specification's rule; the volatility gate and its days.

    Example: tradeworthy prove calibration configs/blue.toml --feed recorded:data/hyperliquid_candles
    """
    with progressing("calibrating"):
        from tradeworthy.proving.calibration.window_forecast import on_panel

        plan = None
        if config is not None:
            days = {"first_day": from_.date() if from_ else None, "last_day": to.date() if to else None}
            plan = make_plan(config, mode="backtest", feed=feed, duration_s=duration, fresh=True, **days)
        of_desks = plan if plan and on_panel(plan.configuration) else None
        found, lines = _divergence(of_desks) if of_desks else _windows(feed, seed)
    note_calibration(found, of_desks)
    if json:
        print_json(found)
        return
    for line in lines(found):
        typer.echo(line)


def _divergence(plan: Any) -> tuple[Any, Callable[[Any], Iterator[str]]]:
    from tradeworthy.proving.calibration.divergence import calibrate_desks
    from tradeworthy.proving.subject import subject_of
    from tradeworthy.runtime.home import home

    return calibrate_desks(subject_of(plan, home())), divergence_lines


def _windows(feed: str, seed: int) -> tuple[Any, Callable[[Any], Iterator[str]]]:
    from tradeworthy.proving.calibration.records import read_day
    from tradeworthy.proving.calibration.window_forecast import calibrate

    arrivals, windows = read_day(feed)
    return calibrate(arrivals, windows, seed=seed), _lines


def _lines(found: Any) -> Iterator[str]:
    """The tables as people read them."""
    lefts = list(found.scopes[0].scores[0].by_left_s)
    for scope in found.scopes:
        yield f"{scope.name}: {scope.markets} markets, {scope.forecasts} forecasts"
        heads = [
            "",
            "Brier",
            "95 %",
            *(f"{left} s" for left in lefts),
            "log loss",
            "gain on the desk's",
            "95 %",
        ]
        rows = [_score_row(score, lefts) for score in scope.scores]
        yield from table_lines([heads, *rows], right=range(1, len(heads)))
        yield ""
    last = found.scopes[-1]
    for score in last.scores[2:]:
        yield f"reliability, {last.name}, {score.model}"
        rows = [["forecast", "count", "mean", "came true", "95 %"], *map(_bin_row, score.reliability)]
        yield from table_lines(rows, right=range(1, 5))
        yield ""
    yield from _notes(found)


def _score_row(score: Any, lefts: list[int]) -> list[str]:
    return [
        score.model,
        f"{score.brier.value:.4f}",
        f"{score.brier.low:.4f}-{score.brier.high:.4f}",
        *(f"{score.by_left_s[left]:.4f}" for left in lefts),
        f"{score.log_loss:.4f}",
        f"{score.gain.value:+.4f}",
        f"{score.gain.low:+.4f} to {score.gain.high:+.4f}",
    ]


def _bin_row(one: Any) -> list[str]:
    bounds = f"{one.low:.1f}-{one.high:.1f}"
    if not one.count:
        return [bounds, "0", "-", "-", "-"]
    true = one.came_true
    return [
        bounds,
        f"{one.count}",
        f"{one.forecast:.3f}",
        f"{true.value:.3f}",
        f"{true.low:.3f}-{true.high:.3f}",
    ]


def _notes(found: Any) -> Iterator[str]:
    model = found.chosen
    tails = f"Student's t with {model.tails} degrees of freedom" if model.tails else "normal"
    clock = "the second that the price is of" if model.own_clock else "the moment of the forecast"
    yield (
        f"{model.name}: returns over {model.step_s} s whose weight halves every {model.half_life_s} s; {tails}; time"
        f" left from {clock}"
    )
    yield (
        f"chosen of {found.tried} by log loss on {found.windows} windows laid over the prices of the first half; the"
        " second half had no part in it"
    )
    yield "gain: on the Brier score of the desk's own model, forecast by forecast; above 0 is better"
    yield (
        f"intervals: {found.resamples} bootstrap draws of whole markets, seed {found.seed}; of reliability Wilson's,"
        " as if forecasts of one market were independent"
    )
    if found.stale:
        yield f"{found.stale} forecasts rest on a price that had arrived more than two seconds before"
