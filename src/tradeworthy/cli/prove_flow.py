"""prove flow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import PROBLEM, print_json, table_lines
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.proof_notes import note_flow

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def flow(
    name: Annotated[str | None, typer.Argument(help="A flow's name; see docs/flows.md.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All flows.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the evidence of each flow.")] = None,
    plant: Annotated[
        str, typer.Option(help="Break this stage on purpose, to see it named.", metavar="STAGE")
    ] = "",
    json: AsJson = False,
) -> None:
    """Put packets into running sessions of the uptrend desk, and say where each was lost.

    Each flow runs a whole session on the simulated clock, with PostgreSQL and Redis of its own, forces at most what the
    engine says, and reads the database alone. Flows: social, rejected, actions, harness, skips, learning, tuning,
    majors, sizing, exposure, buckets, empty. Exit 1 if a packet was lost: its stage, what was wrong, and the query.

    Example: tradeworthy prove flow --all --out evidence
    """
    from tradeworthy.core.errors import UsageError

    if all_ == (name is not None):
        raise UsageError("give a flow's name, or --all; the names are in `tradeworthy prove flow --help`")
    from tradeworthy.proving.flows.evidence import HEADS, row_of, summary_of, write_evidence, write_table
    from tradeworthy.proving.flows.playing import play, stand
    from tradeworthy.proving.flows.scenarios import scenarios_of
    from tradeworthy.proving.flows.stages import stage_of

    stage = stage_of(plant) if plant else None
    chosen = scenarios_of(name, stage)
    played: list[Any] = []
    with progressing("flows") as advance, stand() as where:
        for scenario in chosen:
            played.append(done := play(scenario, where, stage))
            advance(len(played), f"of {len(chosen)}, {scenario.name}")
            if out:
                write_evidence(out, done, _command(scenario.name, plant))
    if out:
        write_table(out, played)
    note_flow(played, is_all=all_, planted=bool(plant), out=out)
    if json:
        print_json([summary_of(one) for one in played])
    else:
        rows = [row_of(packet) for one in played for packet in one.followed]
        for line in (*table_lines([list(HEADS), *rows]), *_lost(played)):
            typer.echo(line)
    if any(one.died for one in played):
        raise typer.Exit(PROBLEM)


def _command(name: str, plant: str) -> str:
    return f"tradeworthy prove flow {name}{f' --plant {plant}' if plant else ''}"


def _lost(played: list[Any]) -> Iterator[str]:
    """What a reader needs to look into each loss."""
    for one in played:
        for packet in one.died:
            yield ""
            yield f"{packet.scenario} {packet.packet} was lost in {packet.failure_stage}: {packet.fault}"
            yield from (f"  {line}" for line in packet.looked[-1].sql.splitlines())
