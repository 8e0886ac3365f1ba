"""trace and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tradeworthy.cli.console import print_json, table_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.report import RunName

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def trace(
    packet: Annotated[
        str,
        typer.Argument(
            help="A packet's seq or id; or a row like 1h@BONK, or its trade 1h@BONK#2, for its whole life.",
            metavar="PACKET",
        ),
    ],
    run: RunName = "",
    json: AsJson = False,
) -> None:
    """Show the way of a packet: what caused it, all that came of it, and where each candidate ended.

    For a turn in which nobody opened a candidate it gives each desk's reason. Of a row of a desk on tokens it tells
    the whole life: signal, decision, actions, closure, facts, and which dips were skipped and what became of them.

    Example: tradeworthy trace 303
    """
    if "@" in packet:
        _life(packet, run, json=json)
        return
    with progressing("reading the journal"):
        from tradeworthy.cli.packet_lines import Telling, trace_json
        from tradeworthy.journal.reader import read_header
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.tracing import instruments_of_trace, trace_in

        found = trace_in(home(), run, packet)
        folder = home().runs / found.run
        header, instruments = read_header(folder), instruments_of_trace(folder, found)
    if json:
        print_json(trace_json(found, header))
        return
    for line in Telling(instruments).lines(found):
        typer.echo(line)


def _life(row: str, run: str, *, json: bool) -> None:
    with progressing("reading the journal"):
        from tradeworthy.cli.uptrend_lines import life_json, life_lines
        from tradeworthy.journal.reader import read_header
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.row_lives import life_of

        found = life_of(home(), run, row)
    if json:
        print_json(life_json(found, read_header(home().runs / found.run)))
        return
    for line in life_lines(found):
        typer.echo(line)


def why(
    desk: Annotated[str, typer.Argument(help="The desk's name.", metavar="DESK")],
    at: Annotated[
        str,
        typer.Option(
            help="A time in the hour that is asked for, UTC (default: the newest hour).", metavar="TIME"
        ),
    ] = "",
    run: RunName = "",
    json: AsJson = False,
) -> None:
    """Say why a desk did not trade: its turns of one hour by reason, and what became of its candidates.

    The hour that a session is in the middle of counts as far as it has come. Of a desk on tokens it also counts the
    opportunities that it let pass, by the gate that was not met, and which of them turned out missed.

    Example: tradeworthy why breakout --at 2025-05-04T18:00
    """
    with progressing("bringing the tables up to the journals"):
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.hours import hour_of, parse_time
        from tradeworthy.runtime.records import opened_records

        when, place = parse_time(at) if at else None, home()
        with opened_records(place, run) as records:
            found = hour_of(place, records, desk, when)
    if json:
        print_json(found)
        return
    for line in why_lines(found):
        typer.echo(line)


def why_lines(found: dict[str, Any]) -> Any:
    """One hour of a desk for people, the quiet one too."""
    yield f"desk {found['desk']}, {found['from']:%Y-%m-%d %H:%M} to {found['to']:%H:%M} UTC, run {found['run']}"
    yield ""
    total = found["total_turns"]
    if total:
        yield f"turns without a candidate: {total}"
        rows = [(row["reason"], row["turns"], f"{row['turns'] / total:.0%}") for row in found["turns"]]
        yield from table_lines(rows, right=(1, 2))
    else:
        yield "turns without a candidate: none"
    if found["verdicts"]:
        yield f"candidates: {found['candidates']}"
        counts = [(f"{row['outcome']} {row['reason']}".strip(), row["count"]) for row in found["verdicts"]]
        yield from table_lines(counts, right=(1,))
    elif total:
        yield "candidates: none, no turn found what the desk looks for"
    else:
        yield "candidates: none, the desk was asked nothing in this hour; is it within the run's time?"
    yield from _let_pass(found["let_pass"])
    if found["doubt"]:
        yield found["doubt"]


def _let_pass(rows: list[dict[str, Any]]) -> Any:
    """The opportunities that a desk skipped, by gate, and what became of them."""
    if not rows:
        return
    skipped, missed = (sum(row[name] for row in rows) for name in ("skipped", "missed"))
    yield f"opportunities let pass: {skipped}, of which {missed} turned out missed"
    heads = ("gate", "skipped", "missed", "rightly", "not known yet")
    told = [
        (row["gate"], row["skipped"], row["missed"], row["rightly"],
         row["skipped"] - row["missed"] - row["rightly"])
        for row in rows
    ]  # fmt: skip
    yield from table_lines([heads, *told], right=(1, 2, 3, 4))
