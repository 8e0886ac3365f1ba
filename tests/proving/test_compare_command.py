"""prove compare."""

import json
from pathlib import Path

import pytest

from tests.cli.command_line import call
from tests.proving.compare_rig import BREAKOUT, breakout, paper, plan_of
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.risk.operators import Operator, Order
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.requests import OPERATOR

AT = 1_704_074_460_000_000_000
"""Half way through the run."""


@pytest.fixture
def run(home: Path) -> str:
    """A paper run that somebody halted."""
    return paper(
        plan_of(breakout()), Home(home).make(), [(AT, OPERATOR, Operator(Order.HALT, "ann", "lunch"))]
    )


def test_compare_is_a_table_for_people(run: str) -> None:
    """P6: the parts, the trades that are alone with the reason, and who said what."""
    said = call("prove", "compare", run)
    assert said.code == 0
    assert said.lines[0].startswith(f"run {run}, 2024-01-01T00:00:00Z to ")
    heads = [line.split()[0] for line in said.lines[2:11]]
    assert heads == [
        *("backtest", "data", "timing", "fills", "fees", "guards", "people", "rest", "run"),
    ]
    for words in (
        "by=ann reason=lunch",
        "only in the backtest",
        "REJECTED system_halt",
        "entries up to 60 s",
    ):
        assert words in said.out
    assert said.lines[-1] == "the parts sum to the gap, and the run's own inputs give the run again"


def test_compare_is_json_for_programs(run: str, tmp_path: Path) -> None:
    """P6: the same figures by name, exact, also in a file; the newest run is the default."""
    found = call("prove", "compare", "--json", "--out", tmp_path / "out", "--tolerance", "30").json
    assert found["run"] == run
    assert found["tolerance_s"] == 30.0
    gap, parts = (
        round(value * CASH_UNIT) for value in (found["gap"], sum(one["amount"] for one in found["parts"]))
    )
    assert gap == parts != 0
    written = json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8"))
    assert written["parts"] == found["parts"]


def test_a_wrong_use_is_one_line(run: str) -> None:
    """Another strategy is 2, an absent feed 3."""
    for words, code in (
        (("--config", BREAKOUT), 2),
        (("--feed", "recorded:/nowhere"), 3),
        (("--tolerance", "-1"), 2),
    ):
        said = call("prove", "compare", run, *words)
        assert (said.code, said.err.count("\n")) == (code, 1)
        assert said.err.startswith("error: ")


def test_the_help_teaches() -> None:
    """With an example."""
    said = call("prove", "compare", "--help")
    assert said.code == 0
    assert "Example: tradeworthy prove compare" in " ".join(said.out.split())
