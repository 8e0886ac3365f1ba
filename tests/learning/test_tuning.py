"""What outcomes of windows say of the gates."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.events import Figure
from tradeworthy.learning.events import EpisodeFact, Lesson, Scope
from tradeworthy.learning.scopes import S1_ENTRY, S3_DX
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.tuning import DAY, drift, mine_tuning, pressures

SETTINGS = LearningSettings()
NOW = 1_000 * DAY
SCOPE: Scope = {"chain": "solana", "mcap_bucket": "micro"}
GATES = {"ts_min": 60.0, "halo_mult": 1.0}


def windows(
    count: int,
    decision: str,
    outcome: str,
    *,
    scope: Scope = SCOPE,
    pattern: str = S1_ENTRY,
    blocked_by: tuple[str, ...] = (),
    gates: dict[str, float] | None = None,
    ts: int = NOW,
) -> list[EpisodeFact]:
    """That many windows of one kind; without `gates` as an import brings them."""
    name = f"{pattern}/{decision}/{outcome}/{blocked_by}/{sorted(scope.items())}/{ts}"
    return [
        EpisodeFact(
            f"{name}/{place}", "s1/1", pattern, scope, decision, {}, gates or {}, blocked_by, ts, "", outcome
        )
        for place in range(count)
    ]


def mined(episodes: Sequence[EpisodeFact], **changes: float | None) -> list[Lesson]:
    """The lessons as of NOW."""
    return mine_tuning(episodes, LearningSettings.model_validate(changes), NOW)


def by_scope(lessons: Sequence[Lesson]) -> dict[tuple[tuple[str, str], ...], Lesson]:
    """Lessons by their slice."""
    return {tuple(sorted(one.scope_subset.items())): one for one in lessons}


def test_the_unit_fixture_gives_its_rates_in_each_slice() -> None:
    """L11: wr .6, fpr .4, mr .8, dr .2 for nothing, each dimension, and both."""
    episodes = [
        *windows(6, "acted", "success"),
        *windows(4, "acted", "failure"),
        *windows(16, "skipped", "success"),
        *windows(4, "skipped", "failure"),
    ]
    lessons = by_scope(mined(episodes, tuning_n_min=5))
    chain, bucket = ("chain", "solana"), ("mcap_bucket", "micro")
    assert set(lessons) == {(), (chain,), (bucket,), (chain, bucket)}
    for lesson in lessons.values():
        assert (lesson.n, lesson.lesson_type, lesson.action_category) == (30, "tuning_rates", "tuning")
        rates = [lesson.stats[name] for name in ("wr", "fpr", "mr", "dr")]
        assert rates == [0.6, 0.4, 0.8, 0.2]
        counts = [lesson.stats[name] for name in ("n_acted", "n_skipped", "n_misses", "n_fps", "n_total")]
        assert counts == [10, 20, 16, 4, 30]


def test_forty_misses_loosen_and_forty_false_positives_tighten() -> None:
    """L9: ts_min < 1 and halo > 1 after 40 S1 misses; ts_min > 1 and dx_min > 1 after 40 S3 false positives."""
    found = mined(
        [*windows(40, "skipped", "success"), *windows(40, "acted", "failure", pattern=S3_DX)], depth_max=0
    )
    missed, false = ({one.pattern_key: one for one in found}[key] for key in (S1_ENTRY, S3_DX))
    assert (missed.stats["n_misses"], false.stats["n_fps"]) == (40, 40)
    assert pressures(missed.stats) == {"ts_min": 40.0, "halo": 40.0, "dx_min": 40.0}
    assert drift(40, SETTINGS) == pytest.approx((0.818731, 1.221403), abs=5e-7)
    assert pressures(false.stats) == {"ts_min": -40.0, "halo": -40.0, "dx_min": -40.0}
    assert drift(-40, SETTINGS) == pytest.approx((1.221403, 0.818731), abs=5e-7)


@pytest.mark.parametrize(
    ("blocked_by", "loosened"),
    [
        (("halo",), {"halo": 40.0, "ts_min": 0.0, "dx_min": 0.0}),
        (("ts",), {"halo": 0.0, "ts_min": 40.0, "dx_min": 0.0}),
        (("halo", "ts"), {"halo": 40.0, "ts_min": 40.0, "dx_min": 0.0}),
        (("dx", "ts"), {"halo": 0.0, "ts_min": 40.0, "dx_min": 40.0}),
        (("slope",), {"halo": 0.0, "ts_min": 0.0, "dx_min": 0.0}),
        (("slope", "ts"), {"halo": 0.0, "ts_min": 0.0, "dx_min": 0.0}),
        ((), {"halo": 0.0, "ts_min": 0.0, "dx_min": 0.0}),
    ],
)
def test_a_miss_loosens_the_gates_that_could_have_caught_it(
    blocked_by: tuple[str, ...], loosened: dict[str, float]
) -> None:
    """B31: a miss by the halo alone does not lower ts_min, and one by the slope moves nothing."""
    episodes = windows(40, "skipped", "success", blocked_by=blocked_by, gates=GATES)
    (lesson,) = mined(episodes, depth_max=0)
    assert pressures(lesson.stats) == loosened
    assert {name: lesson.stats[f"blocked_{name}"] for name in blocked_by} == dict.fromkeys(blocked_by, 40)


def test_pressure_can_be_made_independent_of_volume() -> None:
    """B31: by the setting, ten times the windows of one mix push by the square root of ten."""
    settings = LearningSettings(pressure_scale=2.0)
    stats: dict[str, Figure] = {"n_misses": 40, "n_fps": 8, "n_total": 64}
    assert pressures(stats, settings)["ts_min"] == 2.0 * 32 / 8
    tenfold = {name: 10 * int(value or 0) for name, value in stats.items()}
    assert pressures(tenfold, settings)["ts_min"] == pytest.approx(math.sqrt(10) * 8.0)


def test_only_windows_with_an_outcome_within_the_lookback_count() -> None:
    """L10: what is pending, too old, or later than the job's time says nothing."""
    counted = windows(33, "skipped", "success")
    others = [
        *windows(40, "skipped", ""),
        *windows(40, "skipped", "success", ts=NOW - 91 * DAY),
        *windows(40, "skipped", "success", ts=NOW + 1),
    ]
    assert {one.n for one in mined([*counted, *others])} == {33}


@pytest.mark.parametrize(("count", "lessons"), [(32, 0), (33, 4)])
def test_a_slice_needs_thirty_three_windows(count: int, lessons: int) -> None:
    """L11: acted and skipped together."""
    acted = windows(10, "acted", "success")
    assert len(mined([*acted, *windows(count - 10, "skipped", "failure")])) == lessons


def test_patterns_are_never_pooled() -> None:
    """L11: 20 of one and 20 of another make no lesson."""
    pooled = [*windows(20, "acted", "failure"), *windows(20, "acted", "failure", pattern=S3_DX)]
    assert mined(pooled) == []


def test_a_window_on_record_twice_counts_once() -> None:
    """L10: an outcome is counted once."""
    assert mined(windows(20, "skipped", "success") * 2) == []


def test_neutral_windows_count_and_are_neither_hit_nor_miss() -> None:
    """L11: rates are over all that were acted on or skipped."""
    (lesson,) = mined([*windows(30, "acted", "success"), *windows(10, "acted", "neutral")], depth_max=0)
    assert (lesson.stats["wr"], lesson.stats["fpr"], lesson.n) == (0.75, 0.0, 40)


def test_the_number_of_lessons_is_bounded_shallow_slices_first() -> None:
    """P5: bounded, and what is left out is the narrowest."""
    scope = {f"d{place}": "x" for place in range(8)}
    found = mined(windows(40, "skipped", "success", scope=scope), lessons_max=20)
    assert [len(one.scope_subset) for one in found] == [0] + 8 * [1] + 11 * [2]
    assert len(mined(windows(40, "skipped", "success", scope=scope), depth_max=None)) == 2**8


FACTS = st.lists(
    st.builds(
        lambda chain, bucket, decision, outcome, blocked: windows(
            1,
            decision,
            outcome,
            scope={name: word for name, word in (("chain", chain), ("mcap_bucket", bucket)) if word},
            blocked_by=blocked,
            gates=GATES,
        )[0],
        st.sampled_from(["solana", "base", ""]),
        st.sampled_from(["micro", "large", ""]),
        st.sampled_from(["acted", "skipped"]),
        st.sampled_from(["success", "failure", ""]),
        st.lists(st.sampled_from(["ts", "halo", "slope"]), unique=True).map(tuple),
    ),
    max_size=40,
).map(lambda facts: [fact_with(fact, place) for place, fact in enumerate(facts)])


def fact_with(fact: EpisodeFact, place: int) -> EpisodeFact:
    """The fact as a window of its own."""
    return EpisodeFact(
        f"w{place}",
        fact.episode,
        fact.pattern_key,
        fact.scope,
        fact.decision,
        fact.factors,
        fact.gates,
        fact.blocked_by,
        fact.ts,
        fact.trade,
        fact.outcome,
    )


@given(FACTS)
def test_lessons_count_what_a_plain_count_finds(facts: list[EpisodeFact]) -> None:
    """L11: each slice once, in any order of rows, with counts that sum up."""
    lessons = mined(facts, tuning_n_min=3)
    assert lessons == mined(facts[::-1], tuning_n_min=3)
    assert len(by_scope(lessons)) == len(lessons)
    for lesson in lessons:
        inside = [one for one in facts if one.outcome and lesson.scope_subset.items() <= one.scope.items()]
        stats = lesson.stats
        assert lesson.n == len(inside) == stats["n_total"]
        missed = [one for one in inside if (one.decision, one.outcome) == ("skipped", "success")]
        assert stats["n_misses"] == len(missed)
        assert stats.get("blocked_ts", 0) == sum("ts" in one.blocked_by for one in missed)
        assert float(stats["n_acted"] or 0) + float(stats["n_skipped"] or 0) == lesson.n
        for hit, miss, whole in (("wr", "fpr", "n_acted"), ("mr", "dr", "n_skipped")):
            total = float(stats[hit] or 0) + float(stats[miss] or 0)
            assert total == pytest.approx(1.0 if stats[whole] else 0.0)


@pytest.mark.parametrize(
    ("pressure", "threshold", "halo"),
    [
        (100, 0.606531, 1.648721),
        (139, 0.5, 2.0),
        (1e9, 0.5, 2.0),
        (-1e9, 2.0, 0.5),
        (1, 1.0, 1.0),
        (2, 0.990050, 1.010050),
        (-2, 1.010050, 0.990050),
        (3, 0.985112, 1.015113),
        (0, 1.0, 1.0),
    ],
)
def test_drift_gives_the_published_figures(pressure: float, threshold: float, halo: float) -> None:
    """L9: eta .005 within .5 and 2; its noise floor is the same both ways."""
    assert drift(pressure, SETTINGS) == pytest.approx((threshold, halo), abs=5e-7)


@given(st.floats(-1e6, 1e6))
def test_drift_is_symmetric(pressure: float) -> None:
    """L9: threshold and halo are each other's inverse, and a pressure's opposite swaps them."""
    threshold, halo = drift(pressure, SETTINGS)
    assert threshold * halo == pytest.approx(1.0)
    assert drift(-pressure, SETTINGS) == (halo, threshold)
