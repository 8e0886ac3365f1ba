"""Which overrides speak for a decision, and what they make of it."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.learning.events import Override
from tradeworthy.learning.lookup import Controls, blend, controls, strength
from tradeworthy.learning.scopes import S1_ENTRY, S3_DX
from tradeworthy.learning.settings import LearningSettings

SETTINGS = LearningSettings()
SCOPE = {"chain": "solana", "mcap_bucket": "micro", "timeframe": "1h", "curator": "ann"}


def override(
    multiplier: float,
    scope: Mapping[str, str] | None = None,
    *,
    confidence: float = 0.5,
    pattern: str = S1_ENTRY,
    category: str = "entry",
    status: str = "active",
) -> Override:
    """An override of the S1 entry, unless the test says otherwise."""
    return Override(
        "id", pattern, category, dict(scope or {}), multiplier, confidence, ("lesson",), status=status
    )


@pytest.mark.parametrize(
    ("table", "multiplier"),
    [
        ([], 1.0),
        ([override(1.5)], 1.5),
        ([override(1.2), override(0.8, {"chain": "solana"})], 0.904482),
        (
            [
                override(3.0),
                override(1.0, {"chain": "solana", "mcap_bucket": "micro", "timeframe": "1h"}),
            ],
            1.222222,
        ),
    ],
)
def test_the_blend_gives_the_published_figures(table: list[Override], multiplier: float) -> None:
    """L11: weight = confidence * (dimensions + 1) ** 1.5."""
    assert blend(table, S1_ENTRY, "entry", SCOPE).multiplier == pytest.approx(multiplier, abs=5e-7)


@pytest.mark.parametrize(
    "other",
    [
        override(3.0, {"chain": "base"}),
        override(3.0, {"chain": "solana", "macro_phase": "good"}),
        override(3.0, pattern=S3_DX),
        override(3.0, category="add"),
        override(3.0, status="archived"),
    ],
)
def test_what_does_not_contain_the_decision_says_nothing(other: Override) -> None:
    """L11: another slice, pattern or category, and what was archived."""
    found = blend([override(1.5), other], S1_ENTRY, "entry", SCOPE)
    assert found.multiplier == 1.5
    assert [match.override.multiplier for match in found.matches] == [1.5]


def test_matches_come_with_their_weights() -> None:
    """L17: the weighting can be shown."""
    table = [override(1.2, confidence=0.2), override(0.8, {"chain": "solana"}, confidence=0.7)]
    weights = [match.weight for match in blend(table, S1_ENTRY, "entry", SCOPE).matches]
    assert weights == pytest.approx([0.2, 0.7 * 2**1.5])


def test_an_override_without_confidence_changes_nothing() -> None:
    """L11: of nothing but zero weights no mean is made."""
    assert blend([override(3.0, confidence=0.0)], S1_ENTRY, "entry", SCOPE).multiplier == 1.0


OVERRIDES = st.builds(
    override,
    st.floats(0.3, 3.0),
    st.dictionaries(st.sampled_from(sorted(SCOPE)), st.sampled_from([*SCOPE.values(), "other"])),
    confidence=st.floats(0.0, 1.0),
)


@given(st.lists(OVERRIDES, max_size=8))
def test_a_blend_lies_within_its_matches_in_any_order(table: list[Override]) -> None:
    """L11: never beyond what one of them says, and the table's order does not matter."""
    found = blend(table, S1_ENTRY, "entry", SCOPE)
    said = [match.override.multiplier for match in found.matches if match.weight > 0] or [1.0]
    assert min(said) <= found.multiplier <= max(said)
    assert blend(table[::-1], S1_ENTRY, "entry", SCOPE).multiplier == found.multiplier


@pytest.mark.parametrize(("said", "applied"), [(5.0, 3.0), (0.1, 0.3), (1.4, 1.4)])
def test_strength_is_bounded_whatever_the_table_says(said: float, applied: float) -> None:
    """L9: 0.3 to 3.0."""
    assert strength([override(said)], S1_ENTRY, "entry", SCOPE, SETTINGS).multiplier == applied


def test_strength_can_be_turned_off() -> None:
    """L11: without it each multiplier is 1.0."""
    off = LearningSettings(strength_enabled=False)
    assert strength([override(2.0)], S1_ENTRY, "entry", SCOPE, off).multiplier == 1.0


def tuned(base: Controls, *, pattern: str = S1_ENTRY, **multipliers: float) -> Controls:
    """`base` under one override of each category named."""
    table = [override(value, pattern=pattern, category=name) for name, value in multipliers.items()]
    return controls(table, pattern, SCOPE, SETTINGS, base)


def test_tuning_multiplies_the_gates() -> None:
    """L9: 60 * 0.818731 is 49.12, and 60 * 1.221403 is 73.28."""
    looser = tuned(Controls(), tuning_ts_min=0.818731, tuning_halo=1.221403)
    assert looser[:3] == pytest.approx((49.12386, 1.221403, 60.0))
    tighter = tuned(Controls(), pattern=S3_DX, tuning_ts_min=1.221403, tuning_dx_min=1.221403)
    assert tighter[:3] == pytest.approx((73.28418, 1.0, 73.28418))
    assert looser.moved
    assert tighter.moved


def test_tuned_gates_stay_within_their_range() -> None:
    """L11: 10 to 90, and a halo of 0.5 to 3 ATRs."""
    assert tuned(Controls(), tuning_ts_min=0.01, tuning_halo=9.0, tuning_dx_min=5.0) == (
        10.0,
        3.0,
        90.0,
        True,
    )
    assert tuned(Controls(), tuning_ts_min=9.0, tuning_halo=0.01) == (90.0, 0.5, 60.0, True)


def test_a_configured_gate_is_what_is_multiplied() -> None:
    """B15: not a constant of the spec's; and one beyond the range is not loosened by tightening it."""
    assert tuned(Controls(58.0, 2.0, 65.0), tuning_ts_min=0.5).ts_min == 29.0
    assert tuned(Controls(95.0), tuning_ts_min=1.1) == Controls(95.0)


def test_without_overrides_no_control_has_moved() -> None:
    """L11: nor where tuning is turned off."""
    assert tuned(Controls()) == Controls()
    off = LearningSettings(tuning_enabled=False)
    table = [override(0.5, category="tuning_ts_min")]
    assert controls(table, S1_ENTRY, SCOPE, off, Controls()) == Controls()
