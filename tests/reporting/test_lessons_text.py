"""What was learned, in sentences that claim no more than the figures do."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.events import Figure
from tradeworthy.learning.events import Lesson, Override, Scope
from tradeworthy.learning.scopes import subset_key
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.reporting.lessons_text import (
    OVERRIDES_MAX,
    inspect,
    inspection_lines,
    learned_lines,
    lesson_sentence,
    override_sentence,
    slice_text,
    sureness,
)

S1 = "pm.uptrend.S1.entry"


def lesson(subset: Scope | None = None, n: int = 40, **stats: Figure) -> Lesson:
    """A strength lesson."""
    figures: dict[str, Figure] = {"avg_rr": 1.5, "baseline_rr": 1.0, "q_value": 0.03, **stats}
    return Lesson(S1, "entry", subset or {}, n, figures)


def override(
    multiplier: float,
    subset: Scope | None = None,
    category: str = "entry",
    confidence: float = 0.5,
    previous: float | None = None,
) -> Override:
    """An override with the lesson of its slice."""
    scope = subset or {}
    name = f"pm_strength|{subset_key(S1, category, scope)}"
    key = subset_key(S1, category, scope)
    return Override(key, S1, category, scope, multiplier, confidence, (name,), previous=previous)


@pytest.mark.parametrize(
    ("q_value", "words"),
    [
        (0.0, "very sure (q 0: no shuffled history had the like)"),
        (0.01, "very sure (q 0.01: of such finds about 1 in 100 are chance)"),
        (0.05, "sure (q 0.05: of such finds about 5 in 100 are chance)"),
        (0.1, "fairly sure (q 0.1: of such finds about 10 in 100 are chance)"),
        (0.2, "not sure (q 0.2: of such finds about 20 in 100 are chance)"),
        (0.9, "may well be chance (q 0.9: of such finds about 90 in 100 are chance)"),
        (None, "not tested against chance"),
    ],
)
def test_a_q_value_is_said_in_words(q_value: float | None, words: str) -> None:
    """P5: how sure a lesson is, with its figure."""
    assert sureness(q_value) == words


def test_a_lesson_says_what_it_rests_on() -> None:
    """P5: trades and averages of strength; windows of tuning, skipped and acted on."""
    assert lesson_sentence(lesson()) == (
        "from 40 trades: reward over risk +1.50 against +1.00 of all;"
        " sure (q 0.03: of such finds about 3 in 100 are chance)"
    )
    tuning = Lesson(S1, "tuning", {}, 52, {"n_misses": 40, "n_fps": 3}, "tuning_rates")
    assert lesson_sentence(tuning) == "from 52 windows: 40 good ones skipped, 3 bad ones acted on"


def test_an_override_says_what_it_changes() -> None:
    """L17: of which size or gate, where, and what it was before."""
    assert override_sentence(override(1.5, {"chain": "solana"}, previous=1.2)) == (
        "x1.5 on size of the first buy (pm.uptrend.S1.entry entry where chain=solana);"
        " weighed with confidence 0.50, before x1.2"
    )
    assert override_sentence(override(0.8187, category="tuning_ts_min")).startswith(
        "x0.819 on trend strength asked for (pm.uptrend.S1.entry tuning_ts_min everywhere)"
    )


def test_what_was_learned_stands_under_what_it_changes() -> None:
    """P5: the override, the lesson that made it, its id; lessons that change nothing are counted, not hidden."""
    lines = list(
        learned_lines(
            [lesson({"chain": "solana"}), lesson(), lesson({"chain": "base"})],
            [override(0.9), override(2.0, {"chain": "solana"})],
            facts=80,
            windows=12,
            notes=["signals were drawn from a seed"],
        )
    )
    assert lines[:2] == [
        "learned from 80 actions of closed trades and 12 closed windows",
        "lessons: 3 of strength, 0 of tuning",
    ]
    assert lines[3] == "in force: 2"
    assert [line.split()[0] for line in lines if line.startswith("  x")] == ["x2", "x0.9"]
    assert lines[5].strip().startswith("from 40 trades")
    assert lines[-2:] == [
        "1 lesson of strength changes nothing: too small an edge, or too likely to be chance",
        "note: signals were drawn from a seed",
    ]


def test_nothing_learned_is_said_plainly() -> None:
    """No table of nothing."""
    lines = list(learned_lines([], [], facts=0, windows=0))
    assert lines[-1] == "in force: nothing; no size and no gate differs from the configuration"


def test_long_tables_are_cut_and_the_rest_counted() -> None:
    """Those that do most come first."""
    many = [override(1 + number / 100, {"curator": str(number)}) for number in range(1, OVERRIDES_MAX + 6)]
    lines = list(learned_lines([], many, facts=0, windows=0))
    assert lines[4].startswith("  x1.3 ")
    assert lines[5] == "      its lesson is no longer found"
    assert lines[-1] == "  and 5 more nearer to x1; --json has all"


def test_the_inspection_shows_the_arithmetic() -> None:
    """L17: the vector {} 1.2 and one dimension 0.8 at confidence .5 blends to .904482, term by term."""
    found = inspect(
        [override(1.2), override(0.8, {"chain": "solana"})], {"chain": "solana"}, LearningSettings()
    )
    assert list(inspection_lines(found, {"chain": "solana"})) == [
        "pm.uptrend.S1.entry entry where chain=solana",
        "  {}: x1.2, weight 0.5 = confidence 0.5 x (0 + 1)^1.5",
        "  {chain=solana}: x0.8, weight 1.41421 = confidence 0.5 x (1 + 1)^1.5",
        "  1.73137 / 1.91421 = 0.904482, kept within 0.3 and 3: x0.904482",
    ]


def test_the_inspection_says_where_nothing_matches() -> None:
    """Another scope, no override at all, and one that nobody is confident of."""
    settings = LearningSettings()
    elsewhere = inspect([override(2.0, {"chain": "base"})], {"chain": "solana"}, settings)
    assert list(inspection_lines(elsewhere, {}))[-1] == "  no override matches: x1"
    assert list(inspection_lines([], {})) == ["no override is in force: every multiplier is x1"]
    unsure = inspect([override(2.0, confidence=0.0)], {}, settings)
    assert list(inspection_lines(unsure, {}))[-1] == "  all weights are 0: x1"


def test_tuning_is_inspected_by_category() -> None:
    """Gates are looked up by their own categories, and have no limits of strength."""
    found = inspect([override(0.8, category="tuning_ts_min"), override(1.1)], {}, LearningSettings())
    assert [(one.category, one.limits) for one in found] == [("entry", (0.3, 3.0)), ("tuning_ts_min", None)]


@given(
    st.lists(st.tuples(st.floats(0.3, 3.0), st.floats(0.01, 1.0)), min_size=1, max_size=5),
)
def test_the_last_line_is_the_blend(voices: list[tuple[float, float]]) -> None:
    """What is shown is what is applied."""
    table = [
        override(multiplier, {"curator": "ann"} if place else {}, confidence=confidence)
        for place, (multiplier, confidence) in enumerate(voices)
    ]
    found = inspect(table, {"curator": "ann"}, LearningSettings())
    shown = float(list(inspection_lines(found, {"curator": "ann"}))[-1].rpartition("x")[2])
    assert math.isclose(shown, found[0].blend.multiplier, rel_tol=1e-5)


def test_a_slice_is_named_in_the_order_of_its_dimensions() -> None:
    """The same slice has one name."""
    assert slice_text("p", "entry", {"b": "2", "a": "1"}) == "p entry where a=1, b=2"
