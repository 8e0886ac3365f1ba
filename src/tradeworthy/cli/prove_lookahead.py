"""prove lookahead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import PROBLEM, print_json, table_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.proof_notes import note_lookahead
from tradeworthy.cli.run import AsJson, ConfigPath, Duration, FirstDay, LastDay, make_plan

Cuts = Annotated[int, typer.Option(help="Times after which the future is changed.", min=1, max=10_000)]


def lookahead(
    config: ConfigPath,
    feed: Annotated[str, typer.Option(help="simulator, recorded, recorded:DIR or catalog.")] = "recorded",
    duration: Duration = None,
    from_: FirstDay = None,
    to: LastDay = None,
    cuts: Cuts = 8,
    json: AsJson = False,
) -> None:
    """Change the future, and see that nothing that was known before changes with it.

    At each cut, drawn by the configuration's seed, all that comes later is changed: shifted, scaled, emptied or
    left out, in turn. All indicators, every feature and every desk of CONFIG are computed again, and must be equal
    up to the cut, bit for bit: of an uptrend desk its payloads, levels, actions, windows and overrides. Exit code 1
    names the first field and bar that looked ahead.

    Example: tradeworthy prove lookahead configs/blue.toml --feed recorded:data/hyperliquid_candles
    """
    plan = make_plan(
        config,
        mode="backtest",
        feed=feed,
        duration_s=duration,
        fresh=True,
        first_day=from_.date() if from_ else None,
        last_day=to.date() if to else None,
    )
    with progressing("searching for look-ahead") as progress:
        from tradeworthy.runtime.home import home

        if plan.configuration.on_tokens:
            from tradeworthy.proving.lookahead_uptrend import search_uptrend as search
        else:
            from tradeworthy.proving.lookahead_paths import search
        result = search(plan, home(), cuts=cuts, progress=progress)
    note_lookahead(result, plan)
    if json:
        print_json(result)
    else:
        for line in _lines(result):
            typer.echo(line)
    if result.found:
        raise typer.Exit(PROBLEM)


def _lines(result: Any) -> Iterator[str]:
    """The table as people read it, and what looked ahead."""
    from tradeworthy.market.bars import utc_text

    heads = ["", "output", "rows", "looked ahead"]
    rows = [heads]
    for one in result.searched:
        ahead = {found.output for found in one.found}
        rows += [
            [one.what, name, f"{count}", "yes" if name in ahead else "no"]
            for name, count in one.outputs.items()
        ]
    yield from table_lines(rows, right=[2])
    first, last = utc_text(result.cuts[0]), utc_text(result.cuts[-1])
    yield f"the future was changed at {len(result.cuts)} cuts from {first} to {last}, of {result.rows} rows"
    for what, ahead in result.found:
        yield (
            f"{what} looked ahead: {ahead.output}, {ahead.date} bar {ahead.bar}, field {ahead.field} was {ahead.left},"
            f" and {ahead.right} with the future {ahead.change} after {utc_text(ahead.cut_ts)}"
        )
    if not result.found:
        yield "nothing that was known before a cut changed with what came after it"
