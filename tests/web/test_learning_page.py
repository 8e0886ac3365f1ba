"""What the page Learning shows, from rows alone: intervals, bounded multipliers, skipped windows, and the schedule."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.learning.schedule import every_s
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.web.dashboard.theme import DARK, base_options
from tradeworthy.web.pages.learning import lessons, overrides
from tradeworthy.web.pages.learning import tables as learning_tables
from tradeworthy.web.pages.learning.charts import (
    beside_all,
    edge_options,
    facts_options,
    place_of,
    skipped_options,
    tuning_options,
)
from tradeworthy.web.pages.learning.words import (
    FIGURES,
    gate_words,
    scope_words,
    signed_text,
    what_words,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASE = base_options(DARK, "chart")
SETTINGS = LearningSettings()
EVIL = "<img src=x>"


def lesson(n: int = 100, **stats: Any) -> dict[str, Any]:
    """A lesson's row."""
    told = {
        "pattern_key": "pm.uptrend.S1.entry",
        "action_category": "entry",
        "scope_subset": {"chain": "base"},
    }
    return {**told, "n": n, "stats": stats, "decay_halflife_hours": 48.0, "found": 1}


def override(multiplier: float, **more: Any) -> dict[str, Any]:
    """An override's row."""
    return {
        "id": "abc",
        "pattern_key": "pm.uptrend.S1.entry",
        "action_category": "entry",
        "scope_subset": {},
        "multiplier": multiplier,
        "previous_multiplier": 1.2,
        "confidence_score": 0.8,
        "status": "active",
        "reason": "edge +1",
        "rolled_back": False,
        "rolled_back_by": None,
        "rollback_reason": None,
        "last_updated_at": NOON,
        "lessons": [],
        **more,
    }


def test_an_interval_is_the_means_own() -> None:
    """L8: what a slice returned above all, give or take 1.96 standard errors; one that reaches zero is pale."""
    sure, unsure = lesson(delta_rr=0.5, variance=1.0), lesson(delta_rr=-0.1, variance=1.0)
    assert beside_all(sure) == (0.5, 0.1)
    options = edge_options(BASE, [sure, unsure, lesson(n_misses=3)], DARK)
    assert options is not None
    first, second = options["series"][0]["data"]
    assert first["value"] == [0.304, 0.4, 0.5, 0.6, 0.696]
    assert (first["itemStyle"]["opacity"], second["itemStyle"]["opacity"]) == (1.0, 0.45)
    assert options["yAxis"]["data"] == ["entry in S1: base"] * 2
    assert edge_options(BASE, [lesson(n_misses=3)], DARK) is None


def test_tuning_pulls_to_both_sides() -> None:
    """L11: good ones skipped to the right, bad ones acted on to the left."""
    options = tuning_options(BASE, [lesson(n_misses=7, n_fps=3)], DARK)
    assert options is not None
    assert [[bar["value"] for bar in series["data"]] for series in options["series"]] == [[-3], [7]]
    assert [series["data"][0]["label"] for series in options["series"]] == [
        {"formatter": "3"},
        {"formatter": "7"},
    ]
    assert tuning_options(BASE, [], DARK) is None


def test_skipped_windows_are_stacked_by_what_became_of_them() -> None:
    """L10: by gate; a window without a gate has a name, too."""
    rows = [{"gate": "", "skipped": 6, "missed": 1, "rightly": 2, "neither": 0, "pending": 3}]
    options = skipped_options(BASE, rows, DARK)
    assert options is not None
    assert options["yAxis"]["data"] == ["none said"]
    assert [series["data"] for series in options["series"]] == [[1], [2], [3]]
    assert "neither" not in [series["name"] for series in options["series"]]
    assert {series["stack"] for series in options["series"]} == {"all"}
    assert skipped_options(BASE, [], DARK) is None


def test_facts_are_bars_with_their_mean() -> None:
    """Two axes: counts, and reward over risk."""
    options = facts_options(BASE, [{"since": NOON, "facts": 4, "mean_rr": -0.25}], DARK)
    assert options is not None
    bars, line = options["series"]
    assert bars["data"][0][1] == 4
    assert (line["data"][0][1], line["yAxisIndex"]) == (-0.25, 1)
    assert facts_options(BASE, [], DARK) is None


@given(st.floats(min_value=0.01, max_value=100.0))
def test_a_multiplier_stays_on_its_scale(multiplier: float) -> None:
    """A double is as far to the right as a half to the left, and nothing lies outside."""
    place = place_of(multiplier, 0.3, 3.0)
    assert 0.0 <= place <= 1.0
    if 0.3 < multiplier < 3.0:
        even = place_of(0.9486832980505138, 0.3, 3.0)
        assert place - even == pytest.approx(even - place_of(0.9 / multiplier, 0.3, 3.0), abs=1e-9)


def test_overrides_in_force_are_drawn_within_their_bounds() -> None:
    """L9: strength within 0.3 to 3, tuning within a half and a double; what is over is not drawn."""
    strength, tuning = override(2.5), override(0.8, action_category="tuning_ts_min")
    told = overrides.in_force([strength, tuning, override(1.0, status="archived")], SETTINGS)
    assert told.count("data-override") == 2
    assert "bounded 0.3 to 3" in told
    assert "bounded 0.5 to 2" in told
    assert "multiplier 2.5 on a scale from 0.3 to 3" in told
    assert "every size and gate is as configured" in overrides.in_force([], SETTINGS)


def test_what_was_taken_back_says_by_whom() -> None:
    """P5: reversible, with a name and a reason that are no HTML."""
    row = override(1.0, status="archived", rolled_back=True, rolled_back_by="ann", rollback_reason=EVIL)
    told = overrides.over([row, override(1.0, status="archived", reason="judged")])
    assert "by ann: &lt;img" in told
    assert EVIL not in told
    assert "its lesson lost its ground" in told
    assert "None is over" in overrides.over([override(1.2)])


def test_lessons_say_how_sure_they_are() -> None:
    """Edges as mined and as shrunk, decay and chances; q in words as a tooltip."""
    row = lesson(
        avg_rr=1.0, edge_raw=-1.5, edge_shrunk=-1.2, p_value=0.005, q_value=0.005, decay_state="decaying"
    )
    told = lessons.lessons_table([row], "pm_strength")
    assert "\N{MINUS SIGN}1.500" in told
    assert "decaying half in 2 d" in told
    assert "very sure" in told
    assert "33 closed trades" in lessons.lessons_table([], "pm_strength")
    assert "33 closed windows" in lessons.lessons_table([], "tuning_rates")
    tuning = lessons.lessons_table([lesson(n_acted=4, n_skipped=9, wr=0.25, mr=0.5)], "tuning_rates")
    assert "25%" in tuning


@pytest.mark.parametrize(("seconds", "due"), [(300, 5), (3_600, 60)])
def test_a_job_is_due_at_the_next_whole_period(seconds: int, due: int) -> None:
    """L1: jobs fall due at whole periods of session time, and one that was just done waits a whole one."""
    assert learning_tables.next_due(NOON, seconds) == NOON + timedelta(minutes=due)
    assert learning_tables.next_due(NOON + timedelta(seconds=1), seconds) == NOON + timedelta(minutes=due)


def test_jobs_say_what_they_found_and_who_asked() -> None:
    """One that failed says why; one that never ran says so."""
    jobs: list[dict[str, Any]] = [
        {"job": "facts", "created_at": NOON, "error": "", "figures": {"facts": 3}},
        {"job": "lessons", "created_at": NOON, "error": "no memory", "figures": {}},
        {"job": "tuning", "created_at": None, "error": None, "figures": None},
    ]
    asked = [{"created_at": NOON, "by": "ann", "job": "lessons"}]
    told = learning_tables.jobs(jobs, asked, every_s(SETTINGS), NOON)
    assert "facts 3" in told
    assert "no memory" in told
    assert "not yet" in told
    assert "ann asked for lessons" in told


def test_a_run_that_learns_nothing_says_why() -> None:
    """One calm sentence, and what to run instead."""
    told = learning_tables.no_learning([{"kind": "arbitrage", "name": "arbitrage"}])
    assert "This run learns nothing" in told
    assert "<span>configs/uptrend.toml</span>" in told


def test_curators_are_as_set_or_as_configured() -> None:
    """What was set while the run ran goes before the configuration."""
    configured = [{"id": "anna", "weight": 0.8}]
    assert "as configured" in learning_tables.curators([], configured)
    row = {"curator_id": "ben", "final_weight": None, "status": "removed", "updated_by": "ann"}
    told = learning_tables.curators([row], configured)
    assert "removed" in told
    assert "anna" not in told


def test_a_scope_is_read_by_its_dimensions_in_order() -> None:
    """In the documented order and in words; no dimension at all is everywhere."""
    scope = {"mcap_bucket": "big", "chain": "base", "intent": "new_discovery", "A_mode": "normal", "own": "x"}
    assert scope_words(scope) == (
        "chain base, market cap big, intent new discovery, eagerness to buy normal, own x"
    )
    assert scope_words(scope, is_short=True) == (
        "base, market cap big, new discovery, eagerness to buy normal, own x"
    )
    assert scope_words({}) == "everywhere"


@pytest.mark.parametrize(
    ("pattern", "category", "words"),
    [
        ("pm.uptrend.S3.first_dip", "add", "first dip in S3, later buy"),
        ("pm.uptrend.S0.exit", "exit", "exit in S0"),
        ("pm.uptrend.S3.dx", "tuning", "discount buy in S3"),
        ("somebody's", "trim", "somebody's, trim"),
    ],
)
def test_a_slice_has_words(pattern: str, category: str, words: str) -> None:
    """What a category says beside its pattern is said once."""
    assert what_words({"pattern_key": pattern, "action_category": category}) == words


def test_names_above_the_bars_leave_a_phone_its_plot() -> None:
    """The whole width is the bars', and two names of one beginning differ before they are cut."""
    options = edge_options(BASE, [lesson(delta_rr=0.5, variance=1.0)], DARK)
    assert options is not None
    assert options["grid"]["outerBoundsMode"] == "none"
    assert "name" not in options["xAxis"]
    label = options["yAxis"]["axisLabel"]
    assert (label["inside"], label["verticalAlign"], label["overflow"]) == (True, "bottom", "truncate")


def test_a_tooltip_is_no_html_of_others() -> None:
    """Names of scopes come from outside."""
    row = {**lesson(delta_rr=0.5, variance=1.0, n_misses=1), "scope_subset": {"curator": EVIL}}
    for options in (edge_options(BASE, [row], DARK), tuning_options(BASE, [row], DARK)):
        assert options is not None
        shown = options["series"][-1]["data"][0]["tooltip"]["formatter"]
        assert EVIL not in shown
        assert "&lt;img" in shown


def test_gates_have_names() -> None:
    """One that has none has its underscores as spaces."""
    assert [gate_words(gate) for gate in ("ts", "halo", "", "new_gate")] == [
        *("trend strength", "distance from the average", "none said", "new gate"),
    ]


def test_figures_of_reasons_have_a_true_minus() -> None:
    """Words with a hyphen keep it."""
    assert signed_text("pressure -31 of 305 windows, by-hand -") == (
        "pressure \N{MINUS SIGN}31 of 305 windows, by-hand -"
    )


def test_headings_say_what_they_mean() -> None:
    """As a tooltip, and to be opened where there are none."""
    row = lesson(avg_rr=1.0, edge_raw=1.5, edge_shrunk=1.2, p_value=0.005, q_value=0.005)
    told = lessons.lessons_table([row], "pm_strength")
    assert f'<span title="{FIGURES["Shrunk"]}" class="told">Shrunk</span>' in told
    words = lessons.column_words("pm_strength")
    assert all(name in words for name in ("Mean rr", "Edge", "Shrunk", "Over time", "Sure"))
    assert "Of these missed" not in words
    assert "Of these missed" in lessons.column_words("tuning_rates")


def test_a_slice_is_told_in_words_with_its_code_at_hand() -> None:
    """What commands name it by is a tooltip in tables, and small print at an override."""
    code = "pm.uptrend.S1.entry entry where chain=base"
    assert f'title="{code}"' in lessons.lessons_table([lesson()], "pm_strength")
    told = overrides.in_force([override(0.8, action_category="tuning_halo", reason="pressure -31")], SETTINGS)
    assert "distance allowed from the average, " in told
    assert '<div class="codes">pm.uptrend.S1.entry tuning_halo everywhere</div>' in told
    assert "pressure \N{MINUS SIGN}31" in told


def test_all_windows_are_accounted_for() -> None:
    """What turned out neither well nor badly is told of as well."""
    rows = [{"decision": "acted", "windows": 10, "success": 4, "failure": 5}]
    assert "4 turned out well, 5 did not, 1 is neither, or not known yet." in learning_tables.windows(rows)
    even = [{"decision": "skipped", "windows": 9, "success": 4, "failure": 5}]
    assert "5 would not." in learning_tables.windows(even)
