"""How the command line speaks: tables for people, JSON for programs, one line for an error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from tradeworthy.core.errors import TradeworthyError

OK, PROBLEM, WRONG_USE, NOT_AVAILABLE = range(4)
"""The exit codes."""


class Commands(TyperGroup):
    """The verbs, with every mistake of the user's answered in one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb that was named."""
        with errors_in_one_line():
            return super().invoke(ctx)

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run the command line, and leave the process with its exit code."""
        options["standalone_mode"] = False
        try:
            # A verb returns None; what it exits with comes back as a number.
            code = super().main(*args, **options) or OK
            if code > NOT_AVAILABLE:
                # Interrupted while the command line was read.
                code = PROBLEM
        except SystemExit:
            # Typer's answer to a reader that went away while it printed the help.
            _forget_output()
            code = OK
        except typer.Abort:
            code = PROBLEM
        except TyperException as error:
            code = _wrong_use(error)
        sys.exit(code)


def _wrong_use(error: Any) -> int:
    """Say what is wrong with the command line itself; where nothing was asked, its message is the help."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(error.format_message())
        return WRONG_USE
    said = " ".join(error.format_message().split()).rstrip(".")
    path = context.command_path if context else "tradeworthy"
    complain(f"{said}; see `{path} --help`")
    return WRONG_USE


def complain(text: str, *, lead: str = "error: ") -> None:
    """One line on standard error."""
    with contextlib.suppress(BrokenPipeError):
        typer.echo(f"{lead}{' '.join(text.split())}", err=True)


@contextlib.contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Turn an error that is no defect into one line on standard error and its exit code."""
    try:
        yield
        _flush()
    except TradeworthyError as error:
        complain(str(error))
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        complain("interrupted: nothing is half done, and the same command may be given again")
        raise typer.Exit(PROBLEM) from None
    except BrokenPipeError:
        # Who reads us has seen enough (`| head -1`).
        _forget_output()
        raise typer.Exit(OK) from None
    except OSError as error:
        complain(system_error_text(error))
        raise typer.Exit(PROBLEM) from None


def system_error_text(error: OSError) -> str:
    """What the operating system refused, of which file, and what to do."""
    place = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{place}: correct that or make room, then give the command again"


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _forget_output() -> None:
    """Let the interpreter's last flush go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def print_json(value: Any) -> None:
    """One JSON document on standard output: times in ISO 8601, decimals as exact numbers, NaN as null."""
    import msgspec

    encoded = msgspec.json.Encoder(decimal_format="number").encode(value)
    typer.echo(msgspec.json.format(encoded, indent=2).decode())


def table_lines(
    rows: Sequence[Sequence[Any]], *, right: Sequence[int] = (), indent: str = "  "
) -> Iterator[str]:
    """`rows` in columns, those numbered in `right` set to the right; the last one is not padded."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield indent + "  ".join(padded).rstrip()


def on_terminal() -> bool:
    """Whether a person is watching standard error."""
    return sys.stderr is not None and sys.stderr.isatty()
