"""Each gate of the buy checks at its very edge: what is enough, and what is a little too little."""

from typing import Any

import pytest

from tests.desks.uptrend.seeing import EQUAL, seen
from tradeworthy.desks.uptrend.checks import Checked, Sight, Strength, check, gates_of
from tradeworthy.desks.uptrend.config import EngineSettings
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.payloads import Emas

RISING = Emas(10.0, 9.0, 5.0, 3.0, 2.5, 2.0)
LITTLE = 1e-6


def checked(state: Stage, price: float, ts: float = 0.6, **more: Any) -> Checked:
    """The check of a bar with an ATR of 1 and slopes of 0; `more` are figures, fields of Sight or settings."""
    emas = RISING if state is Stage.S3 else EQUAL
    rules = {name: more.pop(name) for name in EngineSettings.model_fields if name in more}
    own = {name: more.pop(name) for name in Sight._fields if name in more}
    gates = gates_of(EngineSettings(**rules), lambda _, default: default)
    return check(Sight(state, price, seen(emas, **more), (), gates, **own), Strength(ts, 0.0, ts))


@pytest.mark.parametrize(("state", "halo"), [(Stage.S1, 1.0), (Stage.S2, 0.5)])
def test_the_zone_reaches_to_its_halo_and_no_farther(state: Stage, halo: float) -> None:
    """L5: above and below the average, the halo itself included; S1's is 1 ATR wide, S2's a half."""
    for side in (-1.0, 1.0):
        assert checked(state, 2.0 + side * halo).met
        assert not checked(state, 2.0 + side * halo).first_dip
        assert not checked(state, 2.0 + side * (halo + LITTLE)).met


@pytest.mark.parametrize("state", [Stage.S1, Stage.S2])
def test_trend_strength_is_enough_at_its_threshold(state: Stage) -> None:
    """L5: 0.60 buys, a little less does not."""
    assert checked(state, 2.0, 0.6).met
    assert not checked(state, 2.0, 0.6 - LITTLE).met


@pytest.mark.parametrize(
    ("state", "faster", "slower"),
    [
        (Stage.S1, "ema60_slope", "ema144_slope"),
        (Stage.S2, "ema250_slope", "ema333_slope"),
        (Stage.S3, "ema250_slope", "ema333_slope"),
    ],
)
@pytest.mark.parametrize(
    ("fast", "slow", "enough"),
    [
        (LITTLE, -1.0, True),
        (0.0, -LITTLE, False),
        (0.0, 0.0, True),
        (-1.0, 0.0, True),
        (-1.0, -LITTLE, False),
    ],
)
def test_one_slope_is_enough(
    *, state: Stage, faster: str, slower: str, fast: float, slow: float, enough: bool
) -> None:
    """B3, L5: the faster average rises at all, or the slower does not fall; each state by its own two."""
    price = 2.5 if state is Stage.S3 else 2.0
    found = checked(state, price, **{faster: fast, slower: slow}, dx_buy_threshold=0.0)
    assert (found.met, found.figures["slope_ok"]) == (enough, enough)


@pytest.mark.parametrize(
    ("price", "met", "emergency"),
    [(3.0, True, False), (3.0 + LITTLE, False, False), (2.0, True, False), (2.0 - LITTLE, False, True)],
)
def test_a_discount_lies_between_both_bands(*, price: float, met: bool, emergency: bool) -> None:
    """L5: at EMA144 and at EMA333 it does; under EMA333 is an emergency, which buys nothing."""
    found = checked(Stage.S3, price, dx_buy_threshold=0.0)
    assert (found.met, found.figures["emergency_exit"]) == (met, emergency)


def test_a_discount_is_bought_from_its_threshold_on() -> None:
    """L5: base, and what decay and place add to it or take from it."""
    dx = float(checked(Stage.S3, 2.5).figures["dx"])  # type: ignore[arg-type]
    at_half = 0.025
    assert checked(Stage.S3, 2.5, dx_buy_threshold=dx + at_half - LITTLE).met
    assert not checked(Stage.S3, 2.5, dx_buy_threshold=dx + at_half + LITTLE).met


@pytest.mark.parametrize(
    ("price", "bars", "dip"),
    [
        (10.5, 6, True),
        (10.5 + LITTLE, 6, False),
        (10.5, 7, False),
        (8.5, 6, True),
        (8.5 - LITTLE, 6, False),
        (5.5, 12, True),
        (5.5 + LITTLE, 12, False),
        (5.5, 13, False),
    ],
)
def test_a_first_dip_is_soon_and_near(*, price: float, bars: int, dip: bool) -> None:
    """L5: half an ATR from EMA20 or EMA30 for six bars, from EMA60 for twelve."""
    assert checked(Stage.S3, price, 0.5, bars_since_s3=bars).first_dip is dip


@pytest.mark.parametrize(
    ("more", "dip"),
    [
        ({}, True),
        ({"ts": 0.5 - LITTLE}, False),
        ({"first_dip": False}, False),
        ({"first_dip_taken": True}, False),
        ({"ema144_slope": LITTLE, "ema250_slope": -1.0}, True),
        ({"ema144_slope": 0.0, "ema250_slope": -LITTLE}, False),
        ({"ema144_slope": -1.0, "ema250_slope": 0.0}, True),
    ],
)
def test_a_first_dip_needs_a_trend_that_holds(more: dict[str, Any], *, dip: bool) -> None:
    """L5: TS of 0.50, a slope, the setting, and none bought before."""
    assert checked(Stage.S3, 10.0, **({"ts": 0.5} | more)).first_dip is dip
