"""prove shadow."""

from __future__ import annotations

import json as text
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import print_json, table_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.proof_notes import note_shadow
from tradeworthy.cli.run import AsJson, Duration, FirstDay, LastDay, Seed, make_plan

SHADOW = "shadow.json"


def shadow(
    a: Annotated[Path, typer.Argument(help="A TOML file with an uptrend desk.", metavar="CONFIG_A")],
    b: Annotated[Path, typer.Argument(help="Another, on the same data.", metavar="CONFIG_B")],
    feed: Annotated[str, typer.Option(help="simulator, recorded or recorded:DIR.")] = "simulator",
    duration: Duration = None,
    from_: FirstDay = None,
    to: LastDay = None,
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option(help=f"Folder for {SHADOW}.")] = None,
    json: AsJson = False,
) -> None:
    """Run two configurations of uptrend desks on the same data, and say where they part.

    Each runs in a session of its own. Signals, actions and trades are matched by row and bar; results are listed by
    row, what is still held at its mark included. Neither is right by this: it shows what a change of rules changes.

    Example: tradeworthy prove shadow configs/uptrend.toml configs/uptrend-previous.toml --duration 172800
    """
    with progressing("shadow run") as progress:
        from tradeworthy.proving.shadow import shadow as run_both
        from tradeworthy.runtime.home import home

        days = {"first_day": from_.date() if from_ else None, "last_day": to.date() if to else None}
        asked = {"feed": feed, "duration_s": duration, "seed": seed, "fresh": True, **days}
        plans = [make_plan(path, mode="backtest", **asked) for path in (a, b)]
        found = run_both(plans[0], plans[1], home(), progress)
    if out:
        _write(out, found)
    note_shadow(found, plans, out)
    if json:
        print_json(found)
        return
    for line in _lines(found):
        typer.echo(line)


def _write(out: Path, found: Any) -> None:
    import msgspec

    out.mkdir(parents=True, exist_ok=True)
    values = msgspec.to_builtins(found)
    (out / SHADOW).write_text(text.dumps(values, indent=2) + "\n", encoding="utf-8")


def _lines(found: Any) -> Iterator[str]:
    """The tables as people read them."""
    heads = ["", "A", "B"]
    sides = (found.a, found.b)
    rows = [
        ["configuration", *(one.configuration for one in sides)],
        ["run", *(one.run for one in sides)],
        ["closed trades", *(str(one.trades) for one in sides)],
        ["won", *(str(one.won) for one in sides)],
        ["mean rr", *("-" if one.rr_mean is None else f"{one.rr_mean:.4f}" for one in sides)],
        ["pnl, open at mark", *(f"{one.pnl:.2f}" for one in sides)],
    ]
    yield from table_lines([heads, *rows], right=(1, 2))
    yield ""
    counts = [*(("signal", one) for one in found.signals), *(("action", one) for one in found.actions)]
    counts.append(("", found.trades))
    matched = [[word, one.kind, str(one.both), str(one.only_a), str(one.only_b)] for word, one in counts]
    yield from table_lines([["", "by row and bar", "both", "only A", "only B"], *matched], right=(2, 3, 4))
    yield ""
    results = [
        [
            one.position,
            str(one.trades_a),
            str(one.trades_b),
            f"{one.pnl_a:.2f}",
            f"{one.pnl_b:.2f}",
            f"{one.gap:+.2f}",
        ]
        for one in found.positions
    ]
    names = ["row", "trades A", "trades B", "pnl A", "pnl B", "A less B"]
    yield from table_lines([names, *results], right=range(1, len(names)))
    yield ""
    for key, ours, theirs in found.settings:
        yield f"{key}: {ours}, in B {theirs}"
    yield f"both were told the same, digest {found.data}, on the {found.feed} feed"
