"""What luck explains: known values, pure noise, and an edge that was planted."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.market.panel_frames import Floats
from tradeworthy.reporting.metrics import DAYS_A_YEAR, sharpe
from tradeworthy.research import overfitting
from tradeworthy.research.overfitting import (
    Overfit,
    SharpeFigures,
    best_by_luck,
    deflated_sharpe,
    probabilistic_sharpe,
    sharpe_figures,
)

DAYS = 252


def noise(sets: int, seed: int, days: int = DAYS) -> Floats:
    """Daily returns without skill: (days, sets)."""
    made: Floats = np.random.default_rng(seed).normal(0.0, 0.01, (days, sets))
    return made


def judged(returns: Floats, **options: int) -> Overfit:
    """The probability of overfitting of these sets, told in two blocks."""
    half = returns.shape[1] // 2
    blocks = [returns[:, :half], returns[:, half:]]
    found = overfitting.overfitting(lambda: blocks, len(returns), returns.shape[1], **options)
    assert found is not None
    return found


@pytest.fixture
def few_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seventy splits a time instead of thousands."""
    monkeypatch.setattr(overfitting, "GROUPS_MAX", 8)


def test_the_published_example() -> None:
    """Bailey and Lopez de Prado 2014: a ratio of 2.5 over 5 years of 250 days; the ratios vary by 1/2 a year."""
    figures = SharpeFigures(1250, 2.5 / math.sqrt(250), -3.0, 10.0)
    assert best_by_luck(100, 0.5 / 250) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(figures, 100, 0.5 / 250) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(figures, 46, 0.5 / 250) == pytest.approx(0.9505, abs=5e-5)


def test_luck_is_the_expected_best_of_many() -> None:
    """The formula against the mean best of drawn normals."""
    best = np.random.default_rng(3).normal(0.0, 0.07, (4_000, 500)).max(axis=1).mean()
    assert best_by_luck(500, 0.07**2) == pytest.approx(best, rel=0.02)
    assert best_by_luck(1, 1.0) == best_by_luck(10, 0.0) == 0.0


@given(st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=60))
def test_the_sharpe_ratio_is_that_of_the_report(returns: list[float]) -> None:
    """Of a day here, of a year there; not defined in the same cases."""
    figures, reported = sharpe_figures(np.array(returns)), sharpe(returns)
    if figures is None or reported is None or np.std(returns) < 1e-12:
        return
    assert figures.sharpe * math.sqrt(DAYS_A_YEAR) == pytest.approx(reported, rel=1e-9, abs=1e-9)


def test_moments_of_a_known_sample() -> None:
    """Population skew and kurtosis, as the source's formula takes them."""
    figures = sharpe_figures(np.array([1.0, 2.0, 3.0, 10.0]))
    assert figures is not None
    assert (figures.skew, figures.kurtosis) == pytest.approx((45 / 12.5**1.5, 348.5 / 12.5**2), rel=1e-12)
    assert sharpe_figures(np.array([0.5, 0.5, 0.5])) is None
    assert sharpe_figures(np.array([0.5, 0.6])) is None


def test_more_days_make_a_ratio_more_certain() -> None:
    """And a fat left tail less."""
    short, long = SharpeFigures(60, 0.1, 0.0, 3.0), SharpeFigures(600, 0.1, 0.0, 3.0)
    assert 0.5 < probabilistic_sharpe(short) < probabilistic_sharpe(long)
    assert probabilistic_sharpe(SharpeFigures(600, 0.1, -2.0, 9.0)) < probabilistic_sharpe(long)
    assert probabilistic_sharpe(long, 0.1) == 0.5


@pytest.mark.usefixtures("few_groups")
def test_noise_is_overfitted_half_of_the_time() -> None:
    """The best of one half stands anywhere on the other, and its deflated ratio is low."""
    found, deflated = [], []
    for seed in range(60):
        returns = noise(40, seed)
        found.append(judged(returns).probability)
        ratios = [sharpe_figures(column) for column in returns.T]
        every = [one.sharpe for one in ratios if one is not None]
        best = max((one for one in ratios if one is not None), key=lambda one: one.sharpe)
        deflated.append(deflated_sharpe(best, 40, float(np.var(every, ddof=1))))
    assert np.mean(found) == pytest.approx(0.5, abs=0.07)
    assert np.mean(deflated) < 0.6
    assert np.mean(np.array(deflated) > 0.95) < 0.05


def test_a_planted_edge_is_no_overfitting() -> None:
    """One set of a hundred that earns: it is found, on both halves, and survives the count of trials."""
    returns = noise(100, 5)
    returns[:, 37] += 0.005
    found = judged(returns)
    assert (found.groups, found.splits) == (16, 12_870)
    assert found.probability < 0.01
    assert found.loss < 0.01
    figures = sharpe_figures(returns[:, 37])
    every = [one.sharpe for one in map(sharpe_figures, returns.T) if one is not None]
    assert figures is not None
    assert deflated_sharpe(figures, 100, float(np.var(every, ddof=1))) > 0.99


def test_a_trial_that_is_not_told_flatters() -> None:
    """The same ratio counts less the more was tried for it."""
    figures = SharpeFigures(500, 0.15, 0.0, 3.0)
    chances = [deflated_sharpe(figures, trials, 0.004) for trials in (1, 10, 100, 10_000)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.99
    assert chances[-1] < 0.05


@pytest.mark.usefixtures("few_groups")
def test_blocks_of_sets_change_nothing() -> None:
    """Told at once or one by one."""
    returns = noise(9, 2)
    apart: Callable[[], list[Floats]] = lambda: [returns[:, k : k + 1] for k in range(9)]  # noqa: E731
    assert overfitting.overfitting(apart, DAYS, 9) == judged(returns)


def test_training_is_purged_beside_the_test() -> None:
    """A day before each test stretch, and a day and the embargo after it."""
    for train, test in overfitting._splits(60, 4, 1, 2):
        assert not (train * test).any()
        for day in range(60):
            near = test[max(0, day - 3) : day].any() or test[day + 1 : day + 2].any()
            assert train[day] == float(not test[day] and not near)


def test_sets_that_never_trade_are_no_fault() -> None:
    """They have a ratio of 0, and the middle rank among themselves."""
    idle = np.zeros((DAYS, 6))
    found = judged(idle)
    assert found.probability == 1.0
    assert found.loss == 0.0


@pytest.mark.parametrize(("days", "sets"), [(20, 50), (252, 1)])
def test_too_little_is_not_judged(days: int, sets: int) -> None:
    """No probability of three splits, and none of one set."""
    returns = noise(sets, 1, days)
    assert overfitting.overfitting(lambda: [returns], days, sets) is None
