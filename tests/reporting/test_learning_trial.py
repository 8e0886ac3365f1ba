"""What a trial of learning may claim, and where it may be written."""

from datetime import date
from pathlib import Path

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.learning.events import Override
from tradeworthy.reporting.learning_trial import (
    HELPED,
    HURT,
    NO_EVIDENCE,
    SIZE_ALONE,
    UNCHANGED,
    UNKNOWN,
    Difference,
    Learned,
    LearningTrial,
    Part,
    trial_lines,
    write_trial,
)

NOTHING = Part(date(2026, 1, 1), date(2026, 1, 9), (), 0.0, 0, 0)
SLICE = Override("1", "pm.uptrend.S1.entry", "entry", {"chain": "solana"}, 1.5, 0.5, ())
Bounds = tuple[float, float] | None


def trial(by_day: Bounds, by_money: Bounds, *overrides: Override) -> LearningTrial:
    """A trial with these intervals."""
    judged = [
        Difference(name, 0.0, 1.0, *(bounds or (None, None)))
        for name, bounds in (("result a day", by_day), ("result of 100 spent", by_money))
    ]
    return LearningTrial(
        name="uptrend",
        feed="recorded",
        seed=5,
        currency="USDC",
        learned=Learned(0, 0, 0, len(overrides), 0, 0, 0.1, (), None, None, None, 0),
        before=NOTHING,
        without=NOTHING,
        with_=NOTHING,
        paired=0,
        only_without=0,
        only_with=0,
        block_days=2,
        resamples=10_000,
        by_day=judged[0],
        by_money=judged[1],
        others=(),
        overrides=overrides,
    )


@pytest.mark.parametrize(
    ("by_day", "by_money", "verdict"),
    [
        ((-0.1, 0.9), (0.1, 0.9), NO_EVIDENCE),
        ((0.0, 0.9), (0.1, 0.9), NO_EVIDENCE),
        ((0.1, 0.9), (0.1, 0.9), HELPED),
        ((0.1, 0.9), (-0.1, 0.9), SIZE_ALONE),
        ((0.1, 0.9), (-0.9, -0.1), SIZE_ALONE),
        ((-0.9, -0.1), (-0.9, -0.1), HURT),
        ((-0.9, -0.1), (-0.9, 0.1), SIZE_ALONE),
        (None, None, UNKNOWN),
    ],
)
def test_a_verdict_claims_no_more_than_its_intervals(by_day: Bounds, by_money: Bounds, verdict: str) -> None:
    """P5: with 0 in the interval there is no evidence, and trading less is not trading better."""
    assert trial(by_day, by_money, SLICE).verdict == verdict


def test_without_overrides_there_is_nothing_to_judge() -> None:
    """P5: archived ones change nothing either."""
    archived = Override("1", "pm.uptrend.S1.entry", "entry", {}, 1.0, 0.5, (), status="archived")
    assert trial((0.1, 0.9), (0.1, 0.9)).verdict == UNCHANGED
    assert trial((0.1, 0.9), (0.1, 0.9), archived).verdict == UNCHANGED


def test_signals_that_were_not_drawn_have_no_placebo() -> None:
    """P5: real curators may mean something; nothing is said of chance."""
    assert not [line for line in trial_lines(trial(None, None)) if "drawn" in line]


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A11: in one line, with the next step."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(UsageError, match=r"can't write to .*; name another folder"):
        write_trial(tmp_path / "taken", trial(None, None))
