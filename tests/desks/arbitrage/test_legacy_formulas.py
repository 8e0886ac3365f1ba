"""The formulas of an older system, kept here alone: their vectors, and what is wrong with them."""

from typing import NamedTuple

import pytest

from tradeworthy.market.digital import above

MIN_EDGE, MAX_CREDIBLE, MIN_SIGNAL = 0.02, 0.30, 0.5


class Legacy(NamedTuple):
    """What the older formula made of a price, a threshold and a YES price."""

    distance: float
    fair: float
    gross: float
    signal: float
    net: float

    @property
    def emitted(self) -> bool:
        """Whether it was told of."""
        return MIN_EDGE <= abs(self.net) <= MAX_CREDIBLE and self.signal >= MIN_SIGNAL


def legacy(
    value: float, threshold: float, yes: float, *, direction: str = "above", fee: bool = False
) -> Legacy:
    """Oracle lag by distance alone: 0.5 +- 10 d up to 5 %, beyond it 0.95 or 0.05."""
    distance = abs(value - threshold) / threshold
    met = value > threshold if direction == "above" else value < threshold
    far = 0.45 if distance > 0.05 else 10 * distance
    fair = 0.50 + far if met else 0.50 - far
    gross = fair - yes
    net = gross - (0.0312 * (0.5 - abs(yes - 0.5)) if fee else 0.0)
    return Legacy(distance, fair, gross, min(1.0, 10 * distance), net)


def legacy_mispricing(prices: list[float]) -> tuple[float, float]:
    """Edge and signal of a set: what its prices fall short of 1, and five times that."""
    edge = 1 - sum(prices)
    return edge, min(1.0, 5 * edge)


def legacy_cross(yes_prices: list[float]) -> tuple[float, float]:
    """Edge and signal across venues: the widest difference of YES prices."""
    edge = max(yes_prices) - min(yes_prices)
    return edge, min(1.0, 5 * edge)


@pytest.mark.parametrize(
    ("value", "yes", "expected", "emitted"),
    [
        (103_000, 0.70, (0.061856, 0.95, 0.25, 0.618557), True),
        (100_000, 0.60, (0.030928, 0.809278, 0.209278, 0.309278), False),
        (97_000, 0.50, (0.0, 0.5, 0.0, 0.0), False),
    ],
)
def test_the_parity_vectors(
    value: float, yes: float, expected: tuple[float, float, float, float], *, emitted: bool
) -> None:
    """A threshold of 97,000 at three prices, as the older system would have them."""
    found = legacy(value, 97_000, yes)
    assert found[:4] == pytest.approx(expected, abs=5e-7)
    assert found.emitted is emitted


def test_the_other_parity_formulas() -> None:
    """Sets need an edge of 10 % to reach a signal of one half; the fee is at most 1.56 %."""
    assert legacy_mispricing([0.40, 0.50]) == pytest.approx((0.10, 0.5))
    assert legacy_mispricing([0.2, 0.3, 0.45]) == pytest.approx((0.05, 0.25))
    assert legacy_cross([0.55, 0.70]) == pytest.approx((0.15, 0.75))
    charged = legacy(97_000, 97_000, 0.5, fee=True)
    assert charged.gross - charged.net == pytest.approx(0.0156)


def test_it_jumps_down_at_five_per_cent() -> None:
    """Wrong: a hair further from the threshold, in the right direction, and a certain YES is worth 0.05 less."""
    below, beyond = 97_000 * 1.05, 97_000 * 1.05 + 1e-6
    assert legacy(below, 97_000, 0.5).fair == pytest.approx(1.0)
    assert legacy(beyond, 97_000, 0.5).fair == 0.95
    ours = [above(price, 97_000, 0.5, 1 / 365) for price in (below, beyond)]
    assert ours[1] >= ours[0]
    assert ours[1] - ours[0] < 1e-9


def test_it_knows_neither_time_nor_volatility() -> None:
    """Wrong: a quarter of an hour and a month before the end are the same to it, and calm and storm."""
    old = legacy(97_500, 97_000, 0.5).fair
    ours = [above(97_500, 97_000, sigma, tau) for sigma in (0.2, 0.9) for tau in (15 / 525_600, 30 / 365)]
    assert old == pytest.approx(0.551546, abs=5e-7)
    assert max(ours) - min(ours) > 0.4


def test_its_fee_makes_a_negative_edge_larger() -> None:
    """Wrong: a NO to buy had a gross below zero, and paying a fee seemed to widen it."""
    found = legacy(94_000, 97_000, 0.45, fee=True)
    assert found.gross < 0
    assert abs(found.net) > abs(found.gross)


def test_it_speaks_only_where_nothing_is_left_to_gain() -> None:
    """Wrong: its signal needs 5 % of distance, and at the end's approach such a market trades at its outcome."""
    assert not legacy(97_000 * 1.0499, 97_000, 0.60).emitted
    assert above(97_000 * 1.05, 97_000, 0.5, 15 / 525_600) > 0.9999
