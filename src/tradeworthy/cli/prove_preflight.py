"""prove preflight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import NOT_AVAILABLE, PROBLEM, print_json
from tradeworthy.cli.progress import progressing
from tradeworthy.cli.proof_notes import note_preflight

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
BLUE = "configs/blue.toml"


def preflight(
    config: Annotated[
        Path | None, typer.Argument(help=f"The session's TOML file; without one, the example {BLUE}.")
    ] = None,
    only: Annotated[
        list[int] | None, typer.Option(help="A drill's number; may be given again.", metavar="N")
    ] = None,
    desk: Annotated[str, typer.Option(help="Which desk of CONFIG; without it the first.")] = "",
    feed: Annotated[
        str,
        typer.Option(help="recorded:DIR, catalog or simulator; without it recorded data if there is some."),
    ] = "",
    full: Annotated[
        bool, typer.Option("--full", help="The specification's numbers: minutes, not seconds.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of a sign-off list to add this to.")] = None,
    json: AsJson = False,
) -> None:
    """Drill a divergence desk for eight faults before it flies.

    1 boosts written by 50 threads, 2 what it hangs on killed and restarted, 3 sets that stay bounded over years,
    4 a failed write of the state store, 5 a posture that flips 100 times a second, 6 the survival stack's boundaries,
    7 memory over day replays, 8 reset and restore. Each prints its figures against their limits. Exit 1 if one fails,
    3 if one can't run here.

    Example: tradeworthy prove preflight configs/blue.toml --only 6 --only 8
    """
    from tradeworthy.proving.preflight.drills import Preflight, drills_of, fly
    from tradeworthy.runtime.configuration import load
    from tradeworthy.runtime.examples import example_files
    from tradeworthy.runtime.home import home

    _only_errors()
    path = config or example_files()[BLUE]
    flight = Preflight(load(path), home(), desk, feed, full)
    drills = []
    for number, name in drills_of(only or ()).items():
        with progressing(f"drill {number}, {name}"):
            drills.append(drilled := fly(flight, number))
        if not json:
            typer.echo(_line(drilled))
    if out:
        _sign(out, drills, flight, path)
    note_preflight(drills, flight, out)
    if json:
        print_json([{"verdict": one.verdict, **_values(one)} for one in drills])
    elif where := flight.where:
        typer.echo(f"flown on {where}")
    verdicts = {one.verdict for one in drills}
    if "FAIL" in verdicts:
        raise typer.Exit(PROBLEM)
    if "ABSENT" in verdicts:
        raise typer.Exit(NOT_AVAILABLE)


def _only_errors() -> None:
    """The drills break what they play with: what their sessions log of it would hide the result."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


def _values(drilled: Any) -> dict[str, Any]:
    import msgspec

    return msgspec.structs.asdict(drilled)


def _line(drilled: Any) -> str:
    """One drill as people read it."""
    return f"{drilled.verdict:<6} {drilled.number} {drilled.name}: {'; '.join(_parts(drilled))}"


def _parts(drilled: Any) -> Iterator[str]:
    if drilled.absent or drilled.fault:
        yield drilled.absent or drilled.fault
    if drilled.did:
        yield drilled.did
    broken = [one.text for one in drilled.measures if not one.kept]
    if broken:
        yield f"broken: {', '.join(broken)}"
    yield from (one.text for one in drilled.measures if one.kept)
    if drilled.note:
        yield drilled.note
    yield f"{drilled.seconds:.1f} s"


def _sign(out: Path, drills: list[Any], flight: Any, path: Path) -> None:
    from tradeworthy.proving.preflight.evidence import evidence_of_drills
    from tradeworthy.proving.signing.sign_off import sign

    words = ["tradeworthy prove preflight", str(path), "--full" if flight.full else ""]
    words += [f"--only {one.number}" for one in drills]
    command = " ".join(word for word in words if word)
    sign(out, evidence_of_drills(drills, path.name, command, full=flight.full))
