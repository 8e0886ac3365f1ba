"""The calibration of divergence desks, in lines."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Any

from tradeworthy.cli.console import table_lines


def divergence_lines(desks: Any) -> Iterator[str]:
    """What is known of each desk, a table of its days last."""
    for found in desks:
        yield from _desk_lines(found)
        yield ""


def _desk_lines(found: Any) -> Iterator[str]:
    from tradeworthy.market.money import cash_text

    side = "short" if found.direction < 0 else "long"
    yield f"desk {found.desk}, {side}: {len(found.days)} day{'s' * (len(found.days) != 1)}, threshold {found.threshold}"
    yield (
        f"  vel_div below -{found.threshold}: {_percent(found.below)}, above it: {_percent(found.above)},"
        f" sd {_figure(found.vel_div_sd, '.4f')}"
    )
    echo = found.echo
    yield (
        f"  echo {echo.lag} bars after {echo.shocks} shocks: fast velocity {_figure(echo.box, '+.2f')} sd with the box,"
        f" {_figure(echo.exp, '+.2f')} with the exponential kernel; {_percent(echo.box_beyond)} and"
        f" {_percent(echo.exp_beyond)} of these bars are below the threshold, of all {_percent(echo.base_beyond)}"
    )
    yield (
        f"  trades: {found.trades}, won {_percent(found.win_rate)}, profit factor {_figure(found.profit_factor)},"
        f" P&L after fees {cash_text(found.pnl)}"
    )
    yield from _exit_lines(found)
    gate = found.volatility
    made = f"of {', '.join(gate.dates)}" if gate.dates else "as given"
    value = "not calibrated yet" if isnan(gate.vol_p60) else f"{gate.vol_p60:.8f}"
    yield f"  vol_p60 ({gate.mode}, {made}): {value}"
    heads = ["day", "bars", "known", "below", "above"]
    rows = [[day.date, day.bars, day.known, _percent(day.below), _percent(day.above)] for day in found.days]
    yield from table_lines([heads, *rows], right=range(1, 5))


def _exit_lines(found: Any) -> Iterator[str]:
    from tradeworthy.proving.calibration.divergence import CHAMPION, STOP_SHARE

    shares = [
        f"{reason} {count} ({_percent(count / found.trades)}"
        + (f", the champion's {_percent(CHAMPION[reason])})" if reason in CHAMPION else ")")
        for reason, count in sorted(found.exits.items(), key=lambda item: -item[1])
    ]
    yield f"  exits: {', '.join(shares) or 'none'}"
    if found.stop is None:
        yield "  stop: the rule needs trades that ended at the take-profit, and others that did not"
        return
    yield (
        f"  stop: {_percent(found.stop.touched)} touched the take-profit, so sigma over the hold is"
        f" {_percent(found.stop.sigma)}; {_percent(STOP_SHARE)} touch a stop of {_percent(found.stop.stop)}"
        f" (now {_percent(found.stop_now)})"
    )


def _percent(share: float) -> str:
    return "-" if isnan(share) else f"{100 * share:.2f} %"


def _figure(value: float, form: str = ".3f") -> str:
    return "-" if isnan(value) else f"{value:{form}}"
