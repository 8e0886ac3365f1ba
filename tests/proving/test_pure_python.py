"""The steps as plain Python against the compiled ones, over a stretch."""

import math
from pathlib import Path
from typing import Any

import pytest

from tests.proving.parity_rig import desk, recorded, subject
from tests.proving.planting import FEW, Change, decide, features, once, one_more, plant, signal, size, up
from tradeworthy.core.errors import Bug
from tradeworthy.desks.divergence import engine as batch_steps
from tradeworthy.execution.steps import draw_step
from tradeworthy.proving.parity import pure_python
from tradeworthy.proving.parity.batch_path import engine_of
from tradeworthy.proving.parity.pure_python import Walked, differences_of, pure_pair, walk
from tradeworthy.proving.subject import Subject


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made market's first hours in a file."""
    return recorded(tmp_path_factory.mktemp("data"), FEW)


@pytest.fixture
def traded(data: Path, tmp_path: Path) -> Subject:
    """One desk on it."""
    return subject(data, tmp_path / "home", desks=[desk("short", -1)])


def walked(one: Subject) -> Walked:
    """All rows, as this process computes them."""
    return walk(engine_of(one, "short"), one.desks["short"].frame, one.plan.the_seed)


def test_plain_python_is_the_compiled_step_to_the_bit(traded: Subject) -> None:
    """P6: in a process without a compiler: records, draws, fills and the whole state."""
    pair = pure_pair(traded, "short", 6)
    assert (pair.verdict, pair.differences) == ("EQUAL", 0)
    assert {one.what: one.rows for one in pair.compared}["records short"] == 6


@pytest.mark.parametrize(
    ("step", "change", "what"),
    [
        ("feature_step", features, "records short"),
        ("signal_step", signal, "records short"),
        ("decide_step", decide, "records short"),
        ("size_step", size, "records short"),
        ("fill_step", once(3, one_more("fee"), 1), "fills short"),
        ("ledger_step", once(1, one_more("pnl"), 1), "trades short"),
    ],
)
def test_the_smallest_change_in_a_step_is_found(
    traded: Subject, monkeypatch: pytest.MonkeyPatch, step: str, change: Change, what: str
) -> None:
    """P6: one ulp, or one unit of what is whole."""
    plain = walked(traded)
    plant(monkeypatch, batch_steps, step, change)
    found = {
        one.what: one.first
        for one in differences_of("short", walked(traded), plain, traded.desks["short"].frame)
    }
    first = found[what]
    assert first is not None
    assert first.date == "2025-05-05"


def test_one_ulp_in_any_draw_is_found(traded: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: also where it is far from the chance, and no fill changes."""
    plain = walked(traded)
    drawn = plain.draws[17]

    def nearly(seed: int, stream: int, key: int) -> float:
        answer = float(draw_step(seed, stream, key))
        return up(answer) if answer == drawn else answer

    monkeypatch.setattr(pure_python, "draw_step", nearly)
    found = {
        one.what: one for one in differences_of("short", walked(traded), plain, traded.desks["short"].frame)
    }
    first = found["draws short"].first
    assert first is not None
    assert (first.bar, first.field, first.left) == (17, "draw", repr(math.nextafter(drawn, 1)))
    assert found["fills short"].differences == 0


def test_another_process_that_fails_is_a_bug(traded: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last words are passed on."""
    monkeypatch.setattr(pure_python, "PROGRAM", "raise SystemExit('no such thing')")
    with pytest.raises(Bug, match="ended with 1: no such thing"):
        pure_pair(traded, "short", 4)


def test_a_stretch_without_a_fill_proves_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4: nothing equals nothing."""
    quiet = subject(
        data, tmp_path / "home", desks=[desk("short", -1, vel_div_threshold=-5.0, vel_div_extreme=-6.0)]
    )
    monkeypatch.setattr(pure_python, "_elsewhere", lambda _: _same(quiet))
    pair = pure_pair(quiet, "short", 5)
    assert (pair.verdict, pair.missing) == ("NOT REACHED", ("fill",))


def _same(one: Subject) -> Any:
    """What the compiled steps make of the last five rows."""
    frame = one.desks["short"].frame
    engine = engine_of(one, "short")
    for row in range(frame.rows - 5):
        engine.step_bar(frame, row)
    return walk(engine, frame.slice(frame.rows - 5, frame.rows), one.plan.the_seed)
