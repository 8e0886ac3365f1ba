"""Which sets a grid holds, and what is refused."""

from typing import Any

import pytest

from tests.research.panels import settings
from tradeworthy.core.errors import UsageError
from tradeworthy.research.grids import KEYS, Grid, grid_of, kind_of, settings_with


def grid(*texts: str, **options: Any) -> Grid:
    """The grid of these texts on the tests' desk."""
    return grid_of(texts, settings(), **options)


def test_steps_do_not_drift() -> None:
    """0.1 by 0.1 from 0.1 meets 0.3 and 0.7 as they are written, and ends with the end."""
    made = grid("fixed_tp_pct=0.1:0.9:0.1")
    assert made.axes[0].values == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def test_all_combinations_each_once() -> None:
    """In order, the last axis fastest; what needs another tape goes slowest, wherever it was named."""
    made = grid("max_hold_bars=10:30:10", "vol_gate=true,false", "kernel=box,exp")
    assert made.count == 12
    sets = made.sets(0, 100)
    assert len(sets) == 12
    assert len({tuple(one.values()) for one in sets}) == 12
    assert sets[0] == {"kernel": "box", "max_hold_bars": 10, "vol_gate": True}
    assert [one["kernel"] for one in sets] == ["box"] * 6 + ["exp"] * 6
    assert made.sets(5, 7) == sets[5:7]


def test_draws_follow_from_the_seed() -> None:
    """The same seed draws the same sets, one set more changes no other, ends of whole ranges are reached."""
    texts = "max_hold_bars=1:4", "fixed_tp_pct=0.01:0.02", "stop_pct=0.01:0.05:0.01"
    made = grid(*texts, random=200, seed=7)
    sets = made.sets(0, 200)
    assert sets == grid(*texts, random=300, seed=7).sets(0, 200)
    assert sets != grid(*texts, random=200, seed=8).sets(0, 200)
    assert {one["max_hold_bars"] for one in sets} == {1, 2, 3, 4}
    assert all(0.01 <= one["fixed_tp_pct"] < 0.02 for one in sets)
    assert {one["stop_pct"] for one in sets} == {0.01, 0.02, 0.03, 0.04, 0.05}


def test_drawn_sets_of_one_tape_stand_together() -> None:
    """Each tape is made once."""
    kernels = [one["kernel"] for one in grid("kernel=box,exp", "stop_pct=0.01:0.02", random=40).sets(0, 40)]
    assert kernels == sorted(kernels)
    assert set(kernels) == {"box", "exp"}


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_a_kind(key: str) -> None:
    """All that can be varied is there in the settings."""
    assert kind_of(key) in {int, float, bool, str, tuple}


def test_a_nested_key_is_set_in_its_section() -> None:
    """A given vol_p60 is a fixed one; the other figures of the section stay."""
    chosen = {"order_books.fill": 0.4, "vol_calibration.vol_p60": 0.001, "windows": (5, 10, 20, 40)}
    made = settings_with(settings().model_dump(), chosen)
    assert (made.order_books.fill, made.order_books.imbalance) == (0.4, -0.09)
    assert (made.vol_calibration.mode, made.vol_calibration.vol_p60) == ("fixed", 0.001)
    assert made.windows == (5, 10, 20, 40)


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ((), "nothing to sweep"),
        (("fixed_tp_pc=0.1:0.2:0.1",), "did you mean fixed_tp_pct"),
        (("stalker_cap=1:2:1",), "posture and boost are constant"),
        (("fixed_tp_pct",), "is no key=a:b:step"),
        (("fixed_tp_pct=",), "is no key=a:b:step"),
        (("fixed_tp_pct=0.5:1.5:0.5",), "fixed_tp_pct: 1.0: Input should be less than 1"),
        (("fixed_tp_pct=0.2:0.1:0.1",), "exchange them"),
        (("fixed_tp_pct=0.1:0.2:0",), "the step is 0"),
        (("fixed_tp_pct=0.1:x:0.1",), "'x' is no number"),
        (("fixed_tp_pct=0.1:0.2",), "has no step"),
        (("fixed_tp_pct=0.1:0.2:0.1:3",), "takes a list"),
        (("fixed_tp_pct=0.1:0.9:1e-12",), "more than"),
        (("max_hold_bars=1:2:0.5",), "1.5 is no whole number"),
        (("kernel=box,bax",), "kernel: bax: Input should be"),
        (("vol_gate=yes",), "neither true nor false"),
        (("vol_gate=0:1:1",), "takes a list, like vol_gate=true,false"),
        (("windows=5/10/20",), "windows"),
        (("stop_pct=0.1,0.2", "stop_pct=0.3"), "names stop_pct twice"),
    ],
)
def test_a_wrong_grid_is_refused(texts: tuple[str, ...], fault: str) -> None:
    """In one line that says what, and what instead."""
    with pytest.raises(UsageError) as caught:
        grid(*texts)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_grid_too_large_is_refused() -> None:
    """Before anything is computed."""
    axes = [f"{key}=0.0001:0.9:0.0001" for key in ("fixed_tp_pct", "stop_pct", "fraction")]
    with pytest.raises(UsageError, match="--random"):
        grid(*axes)
    assert grid(*axes, random=5).count == 5
    with pytest.raises(UsageError, match="--random is 0"):
        grid(*axes, random=0)
