"""Contrasts: a narrower slice of windows has a voice of its own only where it pulls otherwise than the wider one."""

from __future__ import annotations

import random

from tradeworthy.learning.contrasts import distinct, key_of
from tradeworthy.learning.events import EpisodeFact, Lesson
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.learning.tuning import mine_tuning

DAY = 86_400 * 1_000_000_000
SETTINGS = LearningSettings(depth_max=2)
PATTERN = "pm.uptrend.S1.entry"


def world(seed: int, windows: int, planted: float = 0.0) -> list[Lesson]:
    """Lessons of windows whose outcomes know nothing of six dimensions, but for `planted` more misses on one chain."""
    drawn = random.Random(seed)
    episodes = []
    for number in range(windows):
        scope = {
            name: drawn.choice("abc") for name in ("curator", "intent", "age_bucket", "vol_bucket", "chain")
        }
        missed = drawn.random() < 0.4 + (planted if scope["chain"] == "a" else 0.0)
        decision = drawn.choice(("acted", "skipped", "skipped"))
        outcome = "success" if missed else "failure"
        episodes.append(
            EpisodeFact(str(number), "e", PATTERN, scope, decision, {}, {}, (), DAY + number, outcome=outcome)
        )
    return mine_tuning(episodes, SETTINGS, 2 * DAY)


def narrower(lessons: list[Lesson]) -> set[frozenset[tuple[str, str]]]:
    """The scopes, whole groups apart, that have a voice of their own on any gate."""
    return {key[1] for key, _ in distinct(lessons, SETTINGS.q_max) if key[1]}


def test_placebo_dimensions_have_no_voice_of_their_own() -> None:
    """P5: with outcomes that know nothing of the slices, false contrasts stay within the level that was asked for."""
    false = sum(bool(narrower(world(seed, 400))) for seed in range(60))
    assert false <= 60 * SETTINGS.q_max + 4


def test_a_planted_difference_is_found() -> None:
    """P5: a chain whose windows are missed far more often is found among all slices."""
    found = sum(frozenset({("chain", "a")}) in narrower(world(seed, 600, planted=0.4)) for seed in range(10))
    assert found >= 9


def test_a_whole_group_always_speaks() -> None:
    """L9: what holds everywhere needs no wider slice to be held against."""
    lessons = world(1, 100)
    whole = next(one for one in lessons if not one.scope_subset)
    assert {gate for key, gate in distinct(lessons, 0.1) if key == key_of(whole)} == {
        "ts_min",
        "halo",
        "dx_min",
    }
