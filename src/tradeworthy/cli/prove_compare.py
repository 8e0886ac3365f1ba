"""prove compare."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import PROBLEM, print_json, table_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.proof_notes import note_compare, note_damaged

SHOWN_MAX = 20
"""So many lines of a list are shown; all of it is in the JSON."""


def compare(
    run: Annotated[str, typer.Argument(help="The run's name (default: the newest).", metavar="[RUN]")] = "",
    feed: Annotated[
        str,
        typer.Option(
            help="What the backtest reads: recorded:DIR, catalog or simulator (default: the run's own).",
            metavar="FEED",
        ),
    ] = "",
    config: Annotated[
        Path | None,
        typer.Option(help="The backtest's configuration, if it was not the run's.", metavar="CONFIG"),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help="The most that entries of one trade may be apart (default: a bar).", metavar="S"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for compare.json.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Hold a run against a backtest of the same days, and say where the gap of their results comes from.

    The backtest begins with the run's cash and positions. One after the other its data, timing, fills, fees, guards
    and people are replaced by the run's, and each part is what that moved the result by: the parts sum to the gap.
    Trades are matched, and one that is alone is named with the verdict of the other side. Exit 1 if a rest is left,
    or the run's own inputs do not give its trades again here.

    Example: tradeworthy prove compare breakout-3f9a1c2e-1 --feed recorded:data/binance_um_1m
    """
    with progressing("comparing") as progress:
        from tradeworthy.journal.reader import Damage
        from tradeworthy.proving.compare.comparison import compare_run, write_comparison
        from tradeworthy.runtime.configuration import load
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.runs import find

        folder = find(home(), run)
        try:
            found = compare_run(
                home(),
                folder.name,
                feed=feed,
                backtest=load(config) if config else None,
                tolerance_s=tolerance,
                progress=progress,
            )
        except Damage as error:
            note_damaged("compare", folder.name, error)
            raise
        written = write_comparison(found, out) if out else []
    note_compare(found, out)
    if json:
        print_json(found)
    else:
        for line in _lines(found):
            typer.echo(line)
        for path in written:
            typer.echo(f"wrote {path}")
    if not found.explained:
        raise typer.Exit(PROBLEM)


def _lines(found: Any) -> Iterator[str]:
    """The table, the trades, and what differed."""
    same = "its own feed" if found.same_feed else f"the {found.feed.get('feed', '')} feed"
    yield f"run {found.run}, {found.from_at} to {found.to_at}, beside a backtest on {same}, seed {found.seed}"
    heads = ["", "gap", f"pnl, {found.currency}", "trades", "what differed"]
    only = len(found.trades.only_backtest) + len(found.trades.matched)
    rows = [["backtest", "", _text(found.backtest_pnl), only, ""]]
    for part in found.parts:
        what = "; ".join(part.differed[:SHOWN_MAX]) or "nothing"
        rows.append([part.name, _signed(part.amount), _text(part.pnl), part.trades, what])
    rows.append(["run", _signed(found.gap), _text(found.run_pnl), found.parts[-1].trades, ""])
    yield from table_lines([heads, *rows], right=(1, 2, 3))
    yield from _trade_lines(found)
    yield from _data_lines(found)
    for one in found.refused:
        yield f"refused by {one.rule}, desk {one.desk}: {one.run} in the run, {one.backtest} in the backtest"
    yield from (f"differs here: {line}" for line in found.differs_here)
    if found.explained:
        yield "the parts sum to the gap, and the run's own inputs give the run again"
    else:
        yield (
            "NOT EXPLAINED: the run's own inputs do not give its trades again here; see `tradeworthy replay"
            f" {found.run}`"
        )


def _trade_lines(found: Any) -> Iterator[str]:
    trades, by = found.trades, found.by_trade
    differing = [one for one in trades.matched if not one.equal]
    yield (
        f"trades: {len(trades.matched)} matched ({len(differing)} differ, {_signed(by.matched)}),"
        f" {len(trades.only_run)} only in the run ({_signed(by.only_run)}), {len(trades.only_backtest)} only in the"
        f" backtest ({_signed(by.only_backtest)}), open at the end {_signed(by.still_open)};"
        f" entries up to {found.tolerance_s:g} s apart are one trade"
    )
    for one in differing[:SHOWN_MAX]:
        yield (
            f"  {one.desk} {one.instrument} {one.side} {one.run.entry_at} {one.run.reason}: {_text(one.run.pnl)}, in"
            f" the backtest {one.backtest.entry_at} {one.backtest.reason}: {_text(one.backtest.pnl)}"
        )
    yield from _more(len(differing))
    for where, listed in (("run", trades.only_run), ("backtest", trades.only_backtest)):
        for one in listed[:SHOWN_MAX]:
            yield (
                f"  only in the {where}: {one.desk} {one.instrument} {one.side} {one.trade.entry_at}"
                f" {_text(one.trade.pnl)}, by {one.part}: {one.said}"
            )
        yield from _more(len(listed))


def _data_lines(found: Any) -> Iterator[str]:
    yield f"data: {found.events_run} events in the run, {found.events_feed} in the feed"
    for one in found.data[:SHOWN_MAX]:
        figures = f" {one.field} {one.run}, in the feed {one.feed}" if one.field else ""
        yield f"  {one.what}: {one.kind} {one.subject} {one.at}{figures}"
    yield from _more(len(found.data))


def _more(count: int) -> Iterator[str]:
    if count > SHOWN_MAX:
        yield f"  and {count - SHOWN_MAX} more: see them with --json"


def _text(amount: Decimal) -> str:
    """An amount with as many places as it takes, two at least."""
    from tradeworthy.market.money import cash_of, cash_text

    return cash_text(cash_of(amount))


def _signed(amount: Decimal) -> str:
    """The same with its sign; nothing at all is 0."""
    return "0" if not amount else f"{'+' if amount > 0 else ''}{_text(amount)}"
