"""What a desk was told, and how a bar takes it."""

import math

import pytest

from tests.desks.divergence.stage import DAY, START
from tradeworthy.core.events import Event
from tradeworthy.desks.divergence.making import neutral_bar
from tradeworthy.desks.divergence.stance import Stance
from tradeworthy.risk.stance import (
    MC_SCALES,
    BoostChanged,
    ForewarnerReported,
    McStatus,
    Posture,
    PostureChanged,
    PostureReported,
)

CATS = (0.0, 0.0, 0.0, 0.0, 0.0)


def told(*events: Event, desk: str = "blue") -> Stance:
    """A stance that heard these."""
    stance = Stance()
    for event in events:
        stance.hear(event, desk)
    return stance


def bar_of(stance: Stance, now: int = START) -> tuple[int, float, float, int, float]:
    """Posture, boost, beta, and the forewarner's two, of a bar whose features call for a beta of 0.8."""
    bar = neutral_bar()
    stance.fill(bar, 0.8, now)
    return int(bar.posture), float(bar.boost), float(bar.beta), int(bar.mc_red), float(bar.mc_scale)


def test_told_nothing_a_bar_is_neutral() -> None:
    """D5: APEX, boost 1, the features' own beta, no forewarning."""
    assert bar_of(Stance()) == (0, 1.0, 0.8, 0, 1.0)


@pytest.mark.parametrize(
    ("own", "reported", "rank"),
    [
        (Posture.APEX, Posture.TURTLE, 2),
        (Posture.STALKER, Posture.APEX, 1),
        (Posture.HIBERNATE, Posture.TURTLE, 3),
    ],
)
def test_of_two_postures_the_stricter_holds(own: Posture, reported: Posture, rank: int) -> None:
    """D12: ours and the outside writer's."""
    stance = told(PostureChanged(own, Posture.APEX, 1.0, CATS, ""), PostureReported(reported, START))
    assert bar_of(stance)[0] == rank


def test_a_boost_brings_its_beta_and_is_for_its_desk() -> None:
    """D5: "" is every desk; another's says nothing; the last one holds."""
    stance = told(BoostChanged(1.5, 0.3, START), BoostChanged(2.0, 0.5, START, "green"))
    assert bar_of(stance)[1:3] == (1.5, 0.3)
    stance.hear(BoostChanged(1.2, 0.1, START, "blue"), "blue")
    assert bar_of(stance)[1:3] == (1.2, 0.1)


@pytest.mark.parametrize("status", McStatus)
def test_a_forewarning_scales_and_red_stops(status: McStatus) -> None:
    """Spec 9: 1.0, 0.5, 0.0; another desk's report says nothing."""
    report = ForewarnerReported(status, MC_SCALES[status], START)
    stance = told(report, ForewarnerReported(McStatus.RED, 0.0, START, desk="green"))
    assert bar_of(stance)[3:] == (int(status is McStatus.RED), MC_SCALES[status])
    assert stance.mc is status


def test_a_forewarning_of_more_than_a_day_ago_is_orange() -> None:
    """Spec 9.5: by the bar's time, with ORANGE's scale, and it says so."""
    stance = told(ForewarnerReported(McStatus.OK, 1.0, START))
    assert bar_of(stance, START + DAY)[4] == 1.0
    assert bar_of(stance, START + DAY + 1)[4] == 0.5
    assert stance.mc is McStatus.ORANGE


def test_what_is_no_word_to_a_desk_changes_nothing() -> None:
    """D5: an event of another kind leaves the stance as it was."""
    assert told(Event()) == Stance()
    assert not math.isnan(bar_of(told(Event()))[2])
