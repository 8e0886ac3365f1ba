"""The drills that play whole sessions: servers that die, processes that are killed, a store that refuses."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradeworthy.proving.preflight.ledger import drill_ledger
from tradeworthy.proving.preflight.restarts import drill_restarts
from tradeworthy.proving.preflight.stage import Stage, set_stage
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home

DENSE = Path(__file__).parents[2] / "configs" / "parity-dense.toml"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The dense short desk."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        yield set_stage(load(DENSE), Home(Path(folder)).make(), "short", "simulator", days=2)


@pytest.mark.usefixtures("home")
def test_a_failed_write_of_the_store_loses_and_doubles_nothing(stage: Stage) -> None:
    """D11: the store refuses on day 5 of 10, the journal is gone on day 6."""
    drilled = drill_ledger(stage)
    assert [one.text for one in drilled.measures if not one.kept] == []


@pytest.mark.usefixtures("home")
def test_sessions_survive_their_store_and_themselves(stage: Stage) -> None:
    """D9: two days, struck on the second, come to what the backtest comes to."""
    drilled = drill_restarts(stage, 2)
    assert [one.text for one in drilled.measures if not one.kept] == []
