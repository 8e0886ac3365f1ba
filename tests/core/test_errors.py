"""The tree of errors, and what a process ends with for each."""

import pytest

from tradeworthy.core import errors
from tradeworthy.core.errors import (
    AllHalted,
    Bug,
    DeskHalted,
    NotAvailable,
    Retryable,
    TradeworthyError,
    UsageError,
)
from tradeworthy.core.sequencer import TurnTooLong


@pytest.mark.parametrize(
    ("kind", "parent", "exit_code"),
    [
        (UsageError, TradeworthyError, 2),
        (NotAvailable, UsageError, 3),
        (Retryable, TradeworthyError, 3),
        (DeskHalted, TradeworthyError, 1),
        (AllHalted, TradeworthyError, 1),
        (Bug, TradeworthyError, 1),
        (TurnTooLong, Bug, 1),
    ],
)
def test_an_error_has_its_place_and_exit_code(
    kind: type[TradeworthyError], parent: type[TradeworthyError], exit_code: int
) -> None:
    """1 found a problem, 2 wrong use, 3 not available: the codes that the command line promises."""
    assert kind.__bases__ == (parent,)
    assert kind("what").exit_code == exit_code


def test_the_module_draws_all_of_its_tree() -> None:
    """The drawing at the top names each error and its exit code."""
    drawing = errors.__doc__ or ""
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, TradeworthyError) and kind is not TradeworthyError:
            row = next(line for line in drawing.splitlines() if f"── {kind.__name__} " in line)
            assert row.endswith(f"exit {kind.exit_code}")


def test_desk_and_all_are_halted_apart() -> None:
    """Who stops one desk can't stop all by catching too much, nor the other way round."""
    assert not issubclass(DeskHalted, AllHalted)
    assert not issubclass(AllHalted, DeskHalted)
