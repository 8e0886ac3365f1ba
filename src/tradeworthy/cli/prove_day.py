"""prove day."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import PROBLEM, print_json, table_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.proof_notes import note_day
from tradeworthy.cli.prove_parity import only_errors
from tradeworthy.cli.prove_sign_off import command_of
from tradeworthy.cli.run import ConfigPath
from tradeworthy.core.errors import UsageError

SHOWN_MAX = 40
"""So many trades of a desk are printed; its trades.csv has all."""


def day(
    config: ConfigPath,
    date: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="The UTC day.", metavar="DATE")
    ] = None,
    feed: Annotated[str, typer.Option(help="recorded, recorded:DIR or catalog.")] = "recorded",
    history: Annotated[
        Path | None, typer.Option(help="A backtest of CONFIG to hold the day against.", metavar="DIR")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the day's files, and of the sign-off list that it joins.")
    ] = Path("paper-day"),
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="As the scheduled flow does it: run by Prefect.")
    ] = False,
    daily: Annotated[
        bool,
        typer.Option("--daily", help="Each day at 00:05 UTC the day before, until stopped; without DATE."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the day's summary as JSON.")] = False,
) -> None:
    """Trade one day on paper with the divergence desks of CONFIG, with PostgreSQL, Redis and all files.

    Bars, trades and summary of each desk are in OUT/DATE. With --history, the --out of a `backtest`, exits, win rate
    and leverage stand beside those before, and what is too unlikely to be chance is warned of: a warning is no
    failure. The session has a home and servers of its own. Exit 1 if it was stopped early, 3 without data or Prefect.

    Example: tradeworthy prove day configs/parity-dense.toml 2025-04-15 --history backtest --out proof
    """
    if daily == (date is not None):
        raise UsageError("give either a DATE, like 2025-04-15, or --daily")
    if date is None:
        from tradeworthy.proving.paper_flow import serve_paper_days

        serve_paper_days(config, feed, out, history=history)
        return
    only_errors()
    the_day = date.date()
    with progressing(f"paper day {the_day}"):
        from tradeworthy.proving.signing.day_evidence import evidence_of_day
        from tradeworthy.proving.signing.sign_off import sign

        summary = _traded(config, the_day.isoformat(), feed, out, history, scheduled=scheduled)
        command = command_of(
            "prove", "day", config, the_day, feed=feed, history=history, out=out, scheduled=scheduled
        )
        sign(out, evidence_of_day(summary, command, scheduled=scheduled))
    note_day(summary, config, out)
    if json:
        print_json(summary)
    else:
        for line in _lines(summary, out):
            typer.echo(line)
    if not summary["finished"]:
        raise typer.Exit(PROBLEM)


def _traded(
    config: Path, day: str, feed: str, out: Path, history: Path | None, *, scheduled: bool
) -> dict[str, Any]:
    """The summary of the day, whose files are in `out`/`day`."""
    if scheduled:
        # Its log lines would hide the result, and an error is told in one line.
        os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
        from tradeworthy.proving.paper_flow import run_flow

        return run_flow(config=str(config), feed=feed, out=str(out), day=day, history=str(history or ""))
    from datetime import date

    from tradeworthy.proving.paper_day import paper_day

    return paper_day(config, date.fromisoformat(day), feed, out / day, history=history)


def _lines(summary: dict[str, Any], out: Path) -> Iterator[str]:
    """Each desk's trades and figures, then what is to be said of all."""
    folder = out / summary["date"]
    begun = f"traded from {summary['first_day']} on"
    yield f"{summary['configuration']}, {summary['feed']} feed, {summary['date']}, {begun}, run={summary['run']}"
    for desk, found in summary["desks"].items():
        yield f"{desk}: {found['Trades']} trades on {found['bars']} of {summary['bars']} bars"
        yield from _trade_lines(folder / desk / "trades.csv")
        yield from _figure_lines(found)
    yield from (f"warning: {words}" for words in summary["warnings"])
    yield f"digest={summary['digest']} fingerprint={summary['fingerprint']}"
    yield f"files in {folder}, sign-off list in {out}"
    if not summary["finished"]:
        yield "STOPPED before the day was over; give the command again"


def _trade_lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8", newline="") as lines:
        trades = list(csv.DictReader(lines))
    if not trades:
        return
    heads = "exit_at", "asset", "direction", "exit_reason", "leverage", "pnl_absolute"
    rows = [[_short(name, trade[name]) for name in heads] for trade in trades[:SHOWN_MAX]]
    yield from table_lines([[name.replace("_", " ") for name in heads], *rows], right=(2, 4, 5))
    if len(trades) > SHOWN_MAX:
        yield f"  and {len(trades) - SHOWN_MAX} more in {file}"


def _short(name: str, text: str) -> str:
    return f"{float(text):.3f}" if name == "leverage" else text


def _figure_lines(found: dict[str, Any]) -> Iterator[str]:
    """The day's figures beside the history's; p is how likely the day's are if nothing changed."""
    before, chances = found["before"], {one["what"]: one["p"] for one in found["likeness"]}
    ends = sorted({*found["exit_mix"], *(before["exit_mix"] if before else ())})
    rows = [["", "day", "history", "p"], ["trades", found["Trades"], found["trades_before"], ""]]
    named = [(f"exits by {end}", _share(found, end), _share(before, end)) for end in ends]
    named.append(
        ("win rate", _percent(found["WR"] if found["Trades"] else None), _percent((before or {}).get("WR")))
    )
    named += [
        (f"{which} leverage", _leverage(found, which), _leverage(before, which))
        for which in ("median", "least", "most")
    ]
    rows += [
        [what, day, then, f"{chances[what]:.4f}" if what in chances else ""] for what, day, then in named
    ]
    yield from table_lines(rows, right=(1, 2, 3))


def _share(shape: dict[str, Any] | None, end: str) -> str:
    if not shape or not shape["exit_mix"]:
        return "-"
    return _percent(shape["exit_mix"].get(end, 0.0))


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _leverage(shape: dict[str, Any] | None, which: str) -> str:
    return f"{shape['leverage'][which]:.3f}" if shape and shape["leverage"] else "-"
