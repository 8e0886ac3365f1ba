"""What a person may ask for, and what is refused in one line (A11)."""

from datetime import date
from typing import Any

import pytest

from tests.runtime.rig import configured
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.runtime.plan import Mode, Plan


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"mode": Mode.SIMULATE}, "mode simulate is not available yet"),
        ({"mode": Mode.LIVE}, "mode live is not available yet"),
        ({"feed": "live"}, "a live feed is there only for desks of kind uptrend"),
    ],
)
def test_what_is_not_built_yet_is_not_available(asked: dict[str, Any], said: str) -> None:
    """Exit code 3, not a stub."""
    with pytest.raises(NotAvailable, match=said) as refused:
        Plan(configured(), **asked)
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"duration_s": 0.0}, "--duration is 0.0; give a number of session seconds above 0"),
        ({"duration_s": float("nan")}, "--duration is nan"),
        ({"duration_s": float("inf")}, "--duration is inf"),
        ({"duration_s": 1e300}, r"--duration is 1e\+300; give at most 1e\+09 session seconds"),
        ({"speed": -1.0}, "--speed is -1.0"),
        ({"speed": float("nan")}, "--speed is nan"),
        ({"seed": -1}, "--seed is -1; give a whole number from 0"),
        ({"seed": 1 << 63}, "--seed is 9223372036854775808"),
        (
            {"first_day": date(2024, 2, 2), "last_day": date(2024, 2, 1)},
            "--from 2024-02-02 is after --to 2024-02-01; swap them",
        ),
    ],
)
def test_a_wrong_argument_is_refused_with_its_value(asked: dict[str, Any], said: str) -> None:
    """Before anything is opened."""
    with pytest.raises(UsageError, match=said) as refused:
        Plan(configured(), **asked)
    assert refused.value.exit_code == 2


def test_the_command_lines_seed_goes_before_the_configurations() -> None:
    """Zero is a seed, too."""
    assert Plan(configured()).the_seed == 7
    assert Plan(configured(), seed=0).the_seed == 0


@pytest.mark.parametrize(
    ("asked", "endless", "pace"),
    [
        ({}, True, 1.0),
        ({}, False, None),
        ({"duration_s": 60.0}, True, None),
        ({"speed": 5.0}, True, 5.0),
        ({"speed": 5.0, "duration_s": 60.0}, False, 5.0),
    ],
)
def test_only_what_would_never_end_is_held_to_the_clock(
    asked: dict[str, Any], endless: Any, pace: float | None
) -> None:
    """Without --speed, a run with an end goes as fast as it can."""
    assert Plan(configured(), **asked).pace(endless=endless) == pace
