"""Every reason code, verdict, guard rule, leg policy and fault is reached by an injected event (P2, A8, A10)."""

import functools
from collections.abc import Callable

import pytest

from tests.flows.reached import (
    faults,
    gaps,
    guards,
    halts,
    legs,
    orders,
    outcomes,
    panels,
    scanning,
    sets,
    stances,
    trading,
    uptrend,
)
from tests.flows.reached.demanded import demanded
from tests.flows.reached.stage import Scenario
from tests.flows.reached.table import TABLE

MODULES = (
    orders,
    legs,
    halts,
    guards,
    outcomes,
    scanning,
    sets,
    trading,
    faults,
    gaps,
    stances,
    panels,
    uptrend,
)
"""They fill the table while they are imported."""

Play = Callable[[Scenario], dict[str, None]]


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Runs a scenario in a folder of its own, once."""

    @functools.cache
    def once(scenario: Scenario) -> dict[str, None]:
        return scenario(tmp_path_factory.mktemp(scenario.__name__))

    return once


def test_every_code_has_a_scenario() -> None:
    """P2: whatever the product's source lists, and nothing that it does not."""
    codes = demanded()
    assert [code for code in codes if code not in TABLE] == [], "no scenario reaches these"
    assert [code for code in TABLE if code not in codes] == [], "nothing demands these"


@pytest.mark.parametrize("code", TABLE)
def test_a_code_is_reached(code: str, play: Play) -> None:
    """P2, A10: its scenario injects events into the assembled product, and the code is in what happened."""
    assert code in play(TABLE[code]), f"{TABLE[code].__name__} does not reach {code}"
