"""prove sign-off."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import PROBLEM, print_json, table_lines
from tradeworthy.cli.proof_notes import note_sign_off

MADE_BY = {
    "D1": "prove audit A B --out DIR",
    "D2": "prove sign-off DIR --tests tests.xml",
    "D3": "prove parity CONFIG --reference REFERENCE --out DIR",
    **dict.fromkeys(("D4", "D5", "D6", "D7", "D13"), "prove parity CONFIG --out DIR"),
    **dict.fromkeys(("D8", "D9", "D10", "D11", "D12"), "prove preflight CONFIG --full --out DIR"),
    "flow": "prove day CONFIG DATE --scheduled --out DIR",
    "cache": "data check --sign-off DIR",
    "D14": "prove day CONFIG DATE --history BACKTEST --out DIR",
}
"""The command whose evidence a line, or a part of one, needs."""


def sign_off(
    folder: Annotated[
        Path, typer.Argument(help="Folder of the list: the --out of the proofs.", metavar="DIR")
    ],
    tests: Annotated[
        Path | None,
        typer.Option(
            help="A report of the test suite to add: what pytest's --junit-xml wrote.", metavar="XML"
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail unless every line is passed.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show the sign-off list as it stands: what is passed, what failed, what is open, and what would close it.

    With --tests it first takes the report of the whole test suite, made by `make test ARGS="--junit-xml=tests.xml"`,
    as evidence for D2. Exit 1 if a line failed, and with --strict unless all are passed.

    Example: tradeworthy prove sign-off proof --tests tests.xml
    """
    from tradeworthy.proving.signing.sign_off import sign, standing

    if tests:
        from tradeworthy.proving.signing.suite_evidence import evidence_of_suite

        command = command_of("prove", "sign-off", folder, tests=tests)
        found = sign(folder, evidence_of_suite(tests, command))
    else:
        found = standing(folder)
    note_sign_off(found, folder)
    if json:
        print_json(found)
    else:
        for line in _lines(found, folder):
            typer.echo(line)
    statuses = {line.status for line in found.lines}
    if "failed" in statuses or (strict and statuses != {"passed"}):
        raise typer.Exit(PROBLEM)


def command_of(*words: object, **options: object) -> str:
    """The command line that gives a proof again; options that were not given (None, False, empty) are left out."""
    line = ["tradeworthy", *map(str, words)]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None and one is not False and one != "":
                line += [f"--{name.strip('_').replace('_', '-')}", *([] if one is True else [str(one)])]
    return shlex.join(line)


def _lines(found: Any, folder: Path) -> Iterator[str]:
    """The table, then what was found of lines that are not passed, and the commands that are lacking."""
    heads = ["line", "status", "requirement"]
    yield from table_lines([heads, *([line.id, line.status, line.requirement] for line in found.lines)])
    needed: dict[str, list[str]] = {}
    for line in found.lines[:-1]:
        if line.status == "passed":
            continue
        for one in line.evidence:
            if one.status != "passed":
                yield f"{line.id} {one.status}, {one.made_at}: {one.result}"
        for part in line.open_parts or ("",):
            command = MADE_BY.get(part or line.id, MADE_BY[line.id])
            needed.setdefault(command, []).append(f"{line.id} {part}".strip())
    for command, names in needed.items():
        yield f"open: {', '.join(names)}: tradeworthy {command.replace('DIR', str(folder))}"
    passed = sum(line.status == "passed" for line in found.lines)
    yield f"{passed} of {len(found.lines)} lines are passed"
