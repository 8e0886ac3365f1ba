"""The judge: which lessons change sizes and gates, by how much, and which overrides lose their ground."""

from __future__ import annotations

import msgspec
import pytest

from tests.learning.closed_trades import ADD, ASOF, ENTRY, SCOPE, TRIM, trades
from tradeworthy.core.events import Figure
from tradeworthy.learning.events import Lesson, Override, Scope, TradeFact
from tradeworthy.learning.judge import judge, lesson_name, override_id
from tradeworthy.learning.lessons import mine_lessons
from tradeworthy.learning.settings import LearningSettings

SETTINGS = LearningSettings()
DEEP = LearningSettings(depth_max=None)
S3_DX = "pm.uptrend.S3.dx"
CHAIN = {"chain": "solana"}


def strength(
    edge: float,
    *,
    shrunk: float | None = None,
    q_value: float = 0.005,
    category: str = "entry",
    **stats: Figure,
) -> Lesson:
    """A lesson of strength whose evidence passes unless it is said otherwise."""
    known: dict[str, Figure] = {
        "edge_raw": edge,
        "edge_shrunk": edge if shrunk is None else shrunk,
        "q_value": q_value,
        "support": 0.550671,
        "reliability": 1.0,
        "decay_multiplier": 1.0,
        "decay_state": "stable",
    }
    return Lesson(ENTRY, category, CHAIN, 40, {**known, **stats})


def tuning(pattern: str, misses: int = 0, false: int = 0) -> Lesson:
    """A lesson of tuning from windows whose blocking gate nobody recorded."""
    stats: dict[str, Figure] = {"n_misses": misses, "n_fps": false, "n_total": max(misses + false, 1)}
    return Lesson(pattern, "tuning", CHAIN, misses + false, stats, lesson_type="tuning_rates")


def judged(*lessons: Lesson, standing: list[Override] | None = None, **settings: object) -> list[Override]:
    """The table that these lessons make."""
    return judge(lessons, standing or [], SETTINGS.model_copy(update=settings), ())


def by_category(table: list[Override]) -> dict[str, float]:
    """The multipliers of a table of one slice."""
    return {one.action_category: one.multiplier for one in table if one.status == "active"}


@pytest.mark.parametrize(
    ("edge", "multiplier"),
    [(1.684123, 2.684123), (-1.491574, 0.3), (0.05, 1.05), (-0.05, 0.95), (5.0, 3.0)],
)
def test_a_sure_edge_becomes_a_clamped_multiplier(edge: float, multiplier: float) -> None:
    """L9: 1 + edge within 0.3 and 3.0, confidence the product of support and reliability."""
    (one,) = judged(strength(edge))
    assert one.multiplier == pytest.approx(multiplier)
    assert one.confidence == pytest.approx(0.550671)
    assert (one.status, one.previous) == ("active", None)
    assert one.lessons == ("pm_strength|pm.uptrend.S1.entry|entry|{chain=solana}",)


@pytest.mark.parametrize(
    "lesson",
    [
        strength(0.0499),
        strength(0.0),
        strength(1.0, q_value=0.11),
        strength(1.0, shrunk=0.04),
        strength(1.0, shrunk=-1.0),
        msgspec.structs.replace(strength(1.0), status="archived"),
        strength(1.0, category="trim"),
        strength(1.0, category="exit"),
    ],
    ids=["small", "none", "unsure", "shrunk away", "other sign", "archived", "trim", "exit"],
)
def test_an_edge_without_evidence_changes_nothing(lesson: Lesson) -> None:
    """P5, B12, B28: size, sign, q-value and category all must allow it; sizes of trims and exits are never changed."""
    assert judged(lesson) == []


def test_a_lesson_without_a_q_value_is_no_evidence() -> None:
    """P5: what was never tested is not sure."""
    stats = {name: value for name, value in strength(1.0).stats.items() if name != "q_value"}
    assert judged(msgspec.structs.replace(strength(1.0), stats=stats)) == []


def test_decay_acts_on_confidence() -> None:
    """B29: a fading lesson keeps its multiplier and is believed less; more than 1.0 nothing is believed."""
    (fading,) = judged(strength(1.0, decay_multiplier=0.5, decay_state="decaying"))
    (plain,) = judged(strength(1.0))
    assert fading.multiplier == plain.multiplier
    assert fading.confidence == pytest.approx(plain.confidence / 2)
    assert fading.decay_state == "decaying"
    (grown,) = judged(strength(1.0, decay_multiplier=1.5, support=0.99))
    assert grown.confidence == 1.0


def test_forty_trades_beside_another_group_make_overrides() -> None:
    """L8, L9: 40 entry and trim trades of one scope, and others with another rr: {chain}, {chain, market_family}."""
    facts = [*trades(40, 1.5, SCOPE), *trades(40, -0.5, {**SCOPE, "chain": "base"}, 100)]
    lessons = mine_lessons(facts, SETTINGS, ASOF)
    wanted: list[Scope] = [CHAIN, {**CHAIN, "market_family": "meme"}]
    assert [one.n for one in lessons if one.scope_subset in wanted] == [40] * 4
    table = {
        override_id(one.pattern_key, one.action_category, one.scope_subset): one for one in judged(*lessons)
    }
    for scope in wanted:
        assert table[override_id(ENTRY, "entry", scope)].multiplier == 3.0
    assert all(0.3 <= one.multiplier <= 3.0 for one in table.values())
    assert {one.action_category for one in table.values()} == {"entry"}
    assert all("chain" in one.scope_subset for one in table.values())


def test_a_second_group_of_another_pattern_makes_overrides_too() -> None:
    """L9: where the groups differ as wholes each is held against all trades, and finer slices say the same."""
    facts = [*trades(40, 1.5, SCOPE), *trades(40, -0.5, SCOPE, 100, pattern=ADD)]
    table = judged(*mine_lessons(facts, DEEP, ASOF))
    assert {(one.pattern_key, one.multiplier) for one in table} == {(ENTRY, 3.0), (ADD, 0.3)}
    assert len(table) == 2 * 64


def test_one_group_alone_makes_no_override() -> None:
    """L9: an edge is relative; 40 trades alone have none."""
    assert judged(*mine_lessons(trades(40, 1.5, SCOPE), SETTINGS, ASOF)) == []


def test_a_vanished_lesson_archives_its_override() -> None:
    """P5: no override outlives its lesson; what it was stays on record."""
    (old,) = judged(strength(1.0))
    (gone,) = judged(standing=[old])
    assert (gone.status, gone.multiplier, gone.previous) == ("archived", 1.0, 2.0)
    assert gone.reason == "its lesson is no longer mined"
    assert judged(standing=[gone]) == []


def test_lost_evidence_archives_an_override_and_says_what_is_missing() -> None:
    """P5: a lesson that is no longer sure takes its override with it, and evidence brings it back."""
    (old,) = judged(strength(1.0))
    (gone,) = judged(strength(1.0, q_value=0.4), standing=[old])
    assert (gone.status, gone.reason) == ("archived", "q-value 0.4000 is over 0.1")
    (back,) = judged(strength(0.5), standing=[gone])
    assert (back.status, back.multiplier, back.previous, back.id) == ("active", 1.5, 1.0, old.id)


def test_a_change_names_what_was_before() -> None:
    """P5: an override that changes keeps what it was; one that does not keeps what it was before that."""
    (first,) = judged(strength(1.0))
    (second,) = judged(strength(0.5), standing=[first])
    assert (second.multiplier, second.previous) == (1.5, 2.0)
    (third,) = judged(strength(0.5, q_value=0.01), standing=[second])
    assert (third.multiplier, third.previous) == (1.5, 2.0)


def test_a_run_changes_a_multiplier_by_at_most_the_limit() -> None:
    """P5: with change_max a strong lesson arrives step by step, from neutral on."""
    (first,) = judged(strength(1.0), change_max=0.25)
    (second,) = judged(strength(1.0), standing=[first], change_max=0.25)
    assert (first.multiplier, second.multiplier, second.previous) == (1.25, 1.5, 1.25)


def test_what_a_person_took_back_never_returns() -> None:
    """P5: a blocked id is archived whatever the lessons say, and no other is touched."""
    (old,) = judged(strength(1.0))
    table = judge([strength(1.0), tuning(ENTRY, misses=40)], [old], SETTINGS, [old.id])
    gone = next(one for one in table if one.id == old.id)
    assert (gone.status, gone.reason) == ("archived", "rolled back by a person")
    assert set(by_category(table)) == {"tuning_ts_min", "tuning_halo"}
    assert judge([strength(1.0)], [], SETTINGS, [old.id]) == []
    assert judge([], [old], SETTINGS, [old.id])[0].reason == "rolled back by a person"


def test_misses_loosen_the_gates_of_s1() -> None:
    """L9: 40 S1 misses bring ts_min under 1 and the halo over 1, with full confidence and no decay."""
    table = judged(tuning(ENTRY, misses=40))
    assert by_category(table) == pytest.approx({"tuning_ts_min": 0.818731, "tuning_halo": 1.221403}, abs=1e-6)
    assert {(one.confidence, one.decay_state) for one in table} == {(1.0, "")}
    assert table[0].lessons == ("tuning_rates|pm.uptrend.S1.entry|tuning|{chain=solana}",)


def test_false_positives_tighten_the_gates_of_s3() -> None:
    """L9: 40 S3 false positives bring ts_min and dx_min over 1."""
    table = judged(tuning(S3_DX, false=40))
    assert by_category(table) == pytest.approx(
        {"tuning_ts_min": 1.221403, "tuning_dx_min": 1.221403}, abs=1e-6
    )


@pytest.mark.parametrize(("pressure", "count"), [(0, 0), (1, 0), (2, 2), (3, 2)])
def test_a_small_pressure_is_noise_in_both_directions(pressure: int, count: int) -> None:
    """The floor is on the logarithm: a pressure moves the threshold and the halo, or neither."""
    assert len(judged(tuning(ENTRY, misses=pressure))) == count
    assert len(judged(tuning(S3_DX, false=pressure))) == count


def test_a_pressure_that_is_gone_archives_its_overrides() -> None:
    """B31: once misses and false positives are even the gates go back to what they were."""
    standing = judged(tuning(ENTRY, misses=40))
    table = judged(tuning(ENTRY, misses=40, false=40), standing=standing)
    assert {one.status for one in table} == {"archived"}
    assert {one.reason for one in table} == {"pressure +0 is within the noise"}


def test_patterns_that_have_no_gates_are_not_tuned() -> None:
    """Only S1 and S3 windows have gates that tuning may move."""
    assert judged(tuning(ADD, misses=100)) == []


def test_what_is_switched_off_is_archived() -> None:
    """P5: turning learning off takes its overrides out of force."""
    lessons = [strength(1.0), tuning(ENTRY, misses=40)]
    standing = judged(*lessons)
    table = judged(*lessons, standing=standing, strength_enabled=False, tuning_enabled=False)
    assert {one.status for one in table} == {"archived"}
    assert {one.reason for one in table} == {"strength is switched off", "tuning is switched off"}


def test_the_table_has_one_order_and_one_id_for_a_slice() -> None:
    """The order of lessons and of names in a scope does not matter."""
    lessons = [strength(1.0), tuning(ENTRY, misses=40), strength(-1.0, category="add")]
    assert judged(*lessons) == judged(*reversed(lessons))
    ids = {
        override_id(ENTRY, "entry", {"a": "1", "b": "2"}),
        override_id(ENTRY, "entry", {"b": "2", "a": "1"}),
    }
    assert len(ids) == 1
    assert override_id(ENTRY, "entry", {}) != override_id(TRIM, "trim", {})


def test_a_lesson_is_named_by_type_group_and_scope() -> None:
    """P5: an override says which lessons it rests on."""
    assert lesson_name(tuning(S3_DX)) == "tuning_rates|pm.uptrend.S3.dx|tuning|{chain=solana}"


def tuned(scope: dict[str, str], misses: int, windows: int) -> Lesson:
    """A tuning lesson of S1: so many misses without attribution among so many windows."""
    stats: dict[str, Figure] = {"n_misses": misses, "n_fps": 0, "n_total": windows, "n_attributed": 0}
    return Lesson("pm.uptrend.S1.entry", "tuning", scope, windows, stats, "tuning_rates")


def scopes(*lessons: Lesson) -> set[tuple[str, ...]]:
    """The slices that have an override."""
    return {tuple(one.scope_subset.values()) for one in judged(*lessons)}


def test_a_slice_of_the_very_same_windows_has_no_voice_of_its_own() -> None:
    """B28: slices that hold the same windows vote once, by the widest of them."""
    assert scopes(tuned({}, 40, 40), tuned({"chain": "solana"}, 40, 40)) == {()}


def test_a_slice_that_pulls_like_the_rest_has_no_voice_of_its_own() -> None:
    """B28: a curator whose windows are missed as often as everybody's is no reason to tune a gate for him."""
    assert scopes(tuned({}, 100, 200), tuned({"curator": "anna"}, 48, 100)) == {()}


def test_a_slice_that_pulls_otherwise_is_tuned_by_itself() -> None:
    """P5: where one chain's windows are missed and the others' are not, its gate moves and the others' hardly."""
    assert scopes(tuned({}, 90, 200), tuned({"chain": "solana"}, 88, 100)) == {(), ("solana",)}


def test_what_the_configuration_brought_stands_until_its_own_slice_speaks() -> None:
    """P5: overrides that a run begins with need no lesson of it; one of their slice takes their place."""
    (old,) = judged(strength(1.0))
    assert judge([], [old], SETTINGS, (), {old.id}) == [old]
    (new,) = judge([strength(0.5)], [old], SETTINGS, (), {old.id})
    assert (new.multiplier, new.previous) == (1.5, 2.0)
    (gone,) = judge([], [old], SETTINGS, {old.id}, {old.id})
    assert gone.status == "archived"


def fact(number: int, category: str, rr: float, chain: str) -> TradeFact:
    """One action of trade `number`."""
    pattern = ENTRY if category == "entry" else "pm.uptrend.S2.add"
    return TradeFact(f"t{number}", category, pattern, category, {"chain": chain}, rr, 0.0, ASOF - number)


def test_adds_are_not_praised_for_the_trades_that_got_as_far() -> None:
    """P5: every good trade has an add and no bad one has: that says nothing for adding, and changes no size."""
    facts = []
    for number in range(200):
        rr, chain = (2.0 if number % 2 else -1.0) + 0.01 * (number % 7), "ab"[number // 2 % 2]
        facts.append(fact(number, "entry", rr, chain))
        if number % 2:
            facts.append(fact(number, "add", rr, chain))
    assert [one for one in judged(*mine_lessons(facts, SETTINGS, ASOF)) if one.action_category == "add"] == []


def test_adds_that_beat_other_adds_are_made_larger() -> None:
    """P5: on one chain adds did far better than adds elsewhere: there they grow, and elsewhere they shrink."""
    facts = [fact(n, "add", (1.0 if n % 2 else 0.0) + 0.01 * (n % 7), "ab"[n % 2]) for n in range(200)]
    table = {one.scope_subset["chain"]: one for one in judged(*mine_lessons(facts, SETTINGS, ASOF))}
    assert table["b"].multiplier > 1.2
    assert table["a"].multiplier < 0.8
