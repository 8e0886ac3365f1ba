"""Stress outside the market, and the boosts that are made of it."""

import math

import msgspec
import pytest

from tests.desks.divergence.stage import SECOND, START, Stage, only
from tradeworthy.core.events import Event
from tradeworthy.desks.divergence.acb import Boosts, Stress, boost_of, figure_of, stress_of
from tradeworthy.desks.divergence.config import BoostSettings
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.market.panels import PanelClosed
from tradeworthy.risk.stance import BoostChanged, check_boost

CALM = FactorsObserved(START, funding_btc=0.0, dvol_btc=40.0, fng=50.0, taker_ratio=1.0)


def factors(**figures: float | None) -> FactorsObserved:
    """A calm world but for these figures."""
    return msgspec.structs.replace(CALM, **figures)


@pytest.mark.parametrize(
    ("figures", "count"),
    [
        ({}, 0),
        ({"funding_btc": -1e-4}, 0),
        ({"funding_btc": math.nextafter(-1e-4, -1.0)}, 1),
        ({"dvol_btc": 55.0}, 0),
        ({"dvol_btc": 55.1}, 1),
        ({"dvol_btc": 80.0}, 1),
        ({"dvol_btc": 80.1}, 2),
        ({"taker_ratio": 0.8}, 0),
        ({"taker_ratio": 0.79}, 1),
        ({"fng": 0.0}, 0),
        ({"fng": 24.9, "taker_ratio": 0.79}, 2),
        ({"fng": 25.0, "taker_ratio": 0.79}, 1),
        ({"funding_btc": -0.01, "dvol_btc": 90.0, "taker_ratio": 0.1, "fng": 1.0}, 5),
    ],
)
def test_stress_counts_signals(figures: dict[str, float], count: int) -> None:
    """Spec 7: each threshold is strict, extreme volatility counts twice, and fear only confirms another."""
    assert stress_of(factors(**figures)) == Stress(count)


def test_absent_is_not_zero() -> None:
    """Spec 11: a zero vector would be stress; absent figures are none, and the count is called degraded."""
    nothing = stress_of(FactorsObserved(START))
    assert (nothing.count, nothing.degraded) == (0, True)
    assert nothing.missing == ("funding_btc", "dvol_btc", "fng", "taker_ratio")
    zeros = factors(funding_btc=0.0, dvol_btc=0.0, fng=0.0, taker_ratio=0.0)
    assert stress_of(zeros).count == 2


def test_a_stale_or_broken_figure_counts_as_absent() -> None:
    """Its signal is off, and the rest count on."""
    told = msgspec.structs.replace(factors(dvol_btc=90.0, taker_ratio=0.5), stale=("dvol_btc",))
    assert stress_of(told) == Stress(1, ("dvol_btc",))
    assert stress_of(factors(dvol_btc=math.nan, taker_ratio=0.5)) == Stress(1, ("dvol_btc",))
    assert figure_of(told, "taker_ratio") == 0.5
    assert not Stress(1).degraded


def test_the_boost_of_each_book() -> None:
    """Spec 7: stress helps shorts and cuts longs; a short book may be set to be cut as well."""
    shorts = [boost_of(count, -1) for count in range(6)]
    assert shorts == pytest.approx([1.0, 1.35, 1.55, 1.69, 1.80, 1.90], abs=0.005)
    longs = [1.0, 0.85, 0.55, 0.45, 0.25, 0.20]
    assert [boost_of(count, 1) for count in range(6)] == pytest.approx(longs)
    assert [boost_of(count, -1, "cut_v5") for count in range(6)] == pytest.approx(longs)
    for boost in (*shorts, *longs):
        check_boost(boost, 0.8)


class Desk:
    """A short desk's boosts, and a beta to turn."""

    def __init__(self, direction: int = -1) -> None:
        self.beta = 0.2
        self.agent = Boosts("blue", BoostSettings(factors_period_s=60), direction, lambda: self.beta)
        self.stage = Stage(self.agent)

    def told(self, events: list[Event]) -> list[tuple[float, float, str]]:
        """The boosts among these."""
        return [(one.boost, one.beta, one.reason) for one in only(events, BoostChanged)]

    def row(self) -> list[tuple[float, float, str]]:
        """A row of the panel closes."""
        return self.told(self.stage.put(PanelClosed("all", "5m", self.stage.now, *[()] * 6)))


def test_factors_become_a_boost_of_their_own_desk() -> None:
    """Named, with the present beta; a report that changes nothing says nothing."""
    desk = Desk()
    made = only(desk.stage.put(factors(taker_ratio=0.5)), BoostChanged)
    assert [one.desk for one in made] == ["blue"]
    assert desk.told([*made]) == [(boost_of(1, -1), 0.2, "stress 1")]
    assert desk.told(desk.stage.put(factors(dvol_btc=60.0))) == []
    assert desk.told(desk.stage.put(factors())) == [(1.0, 0.2, "stress 0")]


def test_without_factors_nothing_is_said() -> None:
    """D5: no report, no event, whatever the beta does."""
    desk = Desk()
    assert desk.row() == []
    desk.beta = 0.8
    assert desk.row() == []
    assert desk.told(desk.stage.wait(1_000 * SECOND)) == []


def test_the_beta_of_the_features_stays_alive() -> None:
    """Once factors came, a beta that a row changes is told after it."""
    desk = Desk(direction=1)
    desk.stage.put(factors())
    assert desk.row() == []
    desk.beta = 0.8
    assert desk.row() == [(1.0, 0.8, "stress 0")]


def test_a_report_that_is_not_renewed_goes_stale() -> None:
    """Spec 7: older than twice its period counts as missing; the next report is heard again."""
    desk = Desk()
    desk.stage.put(factors(taker_ratio=0.5))
    assert desk.told(desk.stage.wait(120 * SECOND)) == []
    missing = "stress 0, without funding_btc, dvol_btc, fng, taker_ratio"
    assert desk.told(desk.stage.wait(1)) == [(1.0, 0.2, missing)]
    late = msgspec.structs.replace(factors(taker_ratio=0.5), ts_event=desk.stage.now)
    assert desk.told(desk.stage.put(late)) == [(boost_of(1, -1), 0.2, "stress 1")]
    assert desk.agent.state.stress == Stress(1)


def test_an_older_report_is_not_looked_at() -> None:
    """Reports may cross on their way."""
    desk = Desk()
    desk.stage.put(factors(taker_ratio=0.5))
    older = msgspec.structs.replace(CALM, ts_event=START - 1)
    assert desk.told(desk.stage.put(older)) == []
    assert desk.agent.state.observed_ts == START
