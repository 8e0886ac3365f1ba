"""replay."""

from __future__ import annotations

from typing import Annotated

import typer

from tradeworthy.cli.console import complain, print_json
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.proof_notes import note_damaged, note_diverged, note_replay


def replay(
    run: Annotated[str, typer.Argument(help="The run's name (default: the newest).", metavar="[RUN]")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Replay a run from its journal alone, and hold every decision and digest against the record.

    Exit 1 names the first packet and field that differs, and what differs here from where the run was made.

    Example: tradeworthy replay breakout-3f9a1c2e-1
    """
    with progressing("replaying") as progress:
        from tradeworthy.core.errors import DeskHalted
        from tradeworthy.journal.reader import Damage
        from tradeworthy.journal.recorder import Divergence
        from tradeworthy.runtime.home import home
        from tradeworthy.runtime.replay import differing_here
        from tradeworthy.runtime.replay import replay as replay_run
        from tradeworthy.runtime.runs import find

        folder = find(home(), run)
        try:
            done = replay_run(folder, lambda inputs: progress(inputs, "inputs"))
        except (Divergence, DeskHalted) as error:
            note_diverged(folder.name, error)
            for line in differing_here(folder):
                complain(line, lead="differs here: ")
            raise
        except Damage as error:
            note_damaged("replay", folder.name, error)
            raise
    note_replay(done)
    if json:
        print_json(done)
        return
    typer.echo(f"run {done.run}: {done.inputs} inputs, {done.decisions} decisions, all as on record")
    equal = (
        "digest equal" if done.digests else "no digest on record yet: the run was not stopped in good order"
    )
    typer.echo(f"replay: {done.packets} packets, {equal}")
    for line in done.differing:
        typer.echo(f"  differs here: {line}")
    typer.echo(f"digest={done.digest} fingerprint={done.fingerprint}")
