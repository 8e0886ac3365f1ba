"""Errors in one line, exit codes, tables."""

import pytest
import typer

from tests.cli.command_line import call, shell
from tradeworthy.cli.console import errors_in_one_line, table_lines
from tradeworthy.core.errors import AllHalted, DeskHalted, NotAvailable, Retryable, UsageError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (NotAvailable("x"), 3),
        (Retryable("x"), 3),
        (DeskHalted("x"), 1),
        (AllHalted("x"), 1),
        (OSError(28, "No space left on device"), 1),
        (KeyboardInterrupt(), 1),
        (BrokenPipeError(), 0),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    error: BaseException, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """A11: no error that is not a defect shows a traceback."""
    with pytest.raises(typer.Exit) as leaving, errors_in_one_line():
        raise error
    assert leaving.value.exit_code == code
    assert len(capfd.readouterr().err.splitlines()) == (code != 0)


def test_a_message_of_several_lines_becomes_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever an outside library said."""
    with pytest.raises(typer.Exit), errors_in_one_line():
        raise UsageError("one\n  two")
    assert capsys.readouterr().err == "error: one two\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rn"], "did you mean 'run'"),
        (["run"], "missing argument 'config'; see `tradeworthy run --help`"),
        (["run", "x.toml", "--duratin", "5"], "--duration"),
        (["run", "x.toml", "--duration", "x"], "valid number"),
        (["backtest", "x.toml", "--from", "2025-13-01"], "does not match"),
        (["why"], "missing argument 'desk'"),
        (["stop", "--timeout", "-1"], "greater than or equal to 0"),
        (["halt"], "missing option '--reason'"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(words: list[str], said: str) -> None:
    """A mistake on the command line names itself and the help that explains it."""
    answer = call(*words)
    assert answer.code == 2
    assert said in answer.err.lower()
    assert len(answer.err.splitlines()) == 1


def test_nothing_asked_shows_the_help() -> None:
    """`tradeworthy` alone teaches, and is no success."""
    said = call()
    assert said.code == 2
    assert "tradeworthy demo" in said.out


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    """`| head -1` ends a verb quietly."""
    said = shell("set -o pipefail; tradeworthy --help | head -1")
    assert (said.code, said.err) == (0, "")


def test_a_full_disk_under_the_output_is_one_line() -> None:
    """A11: what could not be printed is a problem, said in one line."""
    said = shell("tradeworthy version > /dev/full")
    assert said.code == 1
    assert len(said.err.splitlines()) == 1


def test_columns_are_aligned() -> None:
    """Words to the left, numbers to the right, nothing after the last word."""
    assert list(table_lines([("a", 1, "x"), ("bcd", 100, "")], right=(1,))) == ["  a      1  x", "  bcd  100"]
