"""What was learned, in the tables and back: facts, windows, lessons, overrides, thresholds, curators."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from psycopg.rows import dict_row

from tests.store.story import Story, project
from tests.store.uptrend_story import DESK, HOUR, ROW, SCOPE, TRADE, UptrendStory, lesson, override
from tradeworthy.core.events import TimeAdvanced
from tradeworthy.desks.uptrend.events import WindowResolved
from tradeworthy.learning.events import Job, JobAnswered, OverrideRolledBack, OverridesChanged, Threshold
from tradeworthy.store.learning_queries import LearningRecords, known_learning
from tradeworthy.store.queries import Connection
from tradeworthy.store.rows import Known, Rows
from tradeworthy.store.values import Ids, at

RUN = "uptrend-1"


@pytest.fixture
def teller(tmp_path: Path) -> Iterator[UptrendStory]:
    """A journal of a run of the uptrend desk."""
    with Story(tmp_path / "home" / "runs" / RUN, kind="uptrend") as story:
        yield UptrendStory(story)


def asked(connection: Connection, query: str) -> list[dict[str, Any]]:
    """Rows by column names."""
    return connection.cursor(row_factory=dict_row).execute(query).fetchall()


def test_facts_are_rows_once(teller: UptrendStory, url: str, connection: Connection) -> None:
    """L7: one row for each action, told twice or not; rr, P&L and the whole scope come back as they were."""
    teller.learned()
    project(teller.story, url)
    facts = LearningRecords(connection, [RUN]).facts()
    assert [(fact.action, fact.rr, fact.pnl_usd) for fact in facts] == [
        ("7", -0.083333, -2.1),
        ("9", -0.083333, -2.1),
    ]
    assert facts[0].scope == SCOPE
    ids = Ids(RUN)
    rows = asked(connection, "SELECT * FROM pattern_trade_events ORDER BY ts")
    assert [row["trade_id"] for row in rows] == [ids.named(f"trade/{TRADE}")] * 2
    assert rows[0]["created_at"] > rows[0]["timestamp"]
    found = 'SELECT count(*) FROM pattern_trade_events WHERE scope @> \'{"chain": "solana"}\''
    assert asked(connection, found) == [{"count": 2}]


def test_a_window_is_a_row_that_is_resolved_once(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """L10: outcome NULL while it is pending, in another turn success; what it was seen by stands beside it."""
    name = f"{ROW}/s1/1"
    teller.turn(TimeAdvanced(), teller.window("skipped", name))
    project(teller.story, url)
    (row,) = asked(connection, "SELECT * FROM pattern_episode_events")
    assert (row["decision"], row["outcome"], row["resolutions"]) == ("skipped", None, None)
    assert (row["blocked_by"], row["passed"]) == (["halo"], {"ts": True, "halo": False})
    assert LearningRecords(connection, [RUN]).episodes()[0].outcome == ""
    teller.turn(
        TimeAdvanced(), WindowResolved(DESK, ROW, name, name, "skipped", "success", "s3", teller.story.ts)
    )
    project(teller.story, url)
    (after,) = asked(connection, "SELECT * FROM pattern_episode_events")
    assert (after["outcome"], after["resolutions"], after["reason"]) == ("success", 1, "s3")
    assert (after["seq"], after["created_at"]) == (row["seq"], row["created_at"])
    (episode,) = LearningRecords(connection, [RUN]).episodes()
    assert (episode.window, episode.outcome, episode.blocked_by) == (name, "success", ("halo",))
    assert episode.factors == {"ts_score_median": 0.7, "halo_distance_max": 0.4}
    assert episode.gates == {"ts_min": 60.0}


def test_what_was_let_pass_is_counted_by_gate(teller: UptrendStory, url: str, connection: Connection) -> None:
    """P5: skipped windows of a span, with those that turned out missed; acted ones and other spans are not in it."""
    closed = teller.story.ts
    names = [f"{ROW}/s1/{number}" for number in range(3)]
    teller.turn(TimeAdvanced(), *(teller.window("skipped", name) for name in names))
    teller.turn(TimeAdvanced(), teller.window("acted", f"{ROW}/s1/9"))
    for name, outcome in zip(names, ("success", "failure"), strict=False):
        resolved = WindowResolved(DESK, ROW, name, name, "skipped", outcome, "s3", teller.story.ts)
        teller.turn(TimeAdvanced(), resolved)
    project(teller.story, url)
    records = LearningRecords(connection, [RUN])
    hours = [at(closed - HOUR), at(closed + HOUR), at(closed + 2 * HOUR)]
    assert records.let_pass(DESK, hours[0], hours[1]) == [
        {"gate": "halo", "skipped": 3, "missed": 1, "rightly": 1}
    ]
    assert records.let_pass(DESK, hours[1], hours[2]) == []
    assert records.let_pass("other", hours[0], hours[1]) == []


def test_windows_from_outside_are_windows_too(teller: UptrendStory, url: str, connection: Connection) -> None:
    """They belong to no desk, and their outcome comes with them."""
    teller.learned()
    project(teller.story, url)
    (episode,) = LearningRecords(connection, [RUN]).episodes()
    assert (episode.window, episode.decision, episode.outcome) == ("w-1", "skipped", "success")
    assert asked(connection, "SELECT desk FROM pattern_episode_events") == [{"desk": ""}]


def test_lessons_that_are_no_longer_found_are_archived(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """L8: the row stays and says so; lessons of the other type, and a job that failed, change nothing."""
    teller.learned()
    project(teller.story, url)
    records = LearningRecords(connection, [RUN])
    assert records.lessons(Job.LESSONS) == [lesson({"chain": "solana"})]
    assert [one.lesson_type for one in records.lessons()] == ["pm_strength", "tuning_rates"]
    every = records.lessons(Job.LESSONS, archived=True)
    assert [(one.scope_subset, one.status) for one in every] == [
        ({}, "archived"),
        ({"chain": "solana"}, "active"),
    ]
    (tuning,) = records.lessons(Job.TUNING)
    assert (tuning.action_category, tuning.stats) == ("tuning", {"n_misses": 40})


def test_a_lesson_that_comes_back_is_active_again(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """The same row, with its first time."""
    teller.learned()
    project(teller.story, url)
    before = asked(connection, "SELECT id, created_at FROM learning_lessons WHERE status = 'archived'")
    teller.turn(JobAnswered(Job.LESSONS, "l", 40, lessons=(lesson({}), lesson({"chain": "solana"}))))
    project(teller.story, url)
    assert asked(connection, "SELECT count(*) FROM learning_lessons WHERE status = 'archived'") == [
        {"count": 0}
    ]
    now = asked(
        connection, "SELECT id, created_at FROM learning_lessons WHERE scope_subset = '{}' AND n = 40"
    )
    assert before[0] in now


def test_overrides_that_act_no_more_are_archived_with_the_reason(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """L9, P5: reversible and on record: what it was, who took it back and why."""
    first, second = override({"chain": "solana"}, 1.5), override({}, 0.8)
    teller.turn(OverridesChanged((first, second), "materialiser", "hourly"))
    project(teller.story, url)
    records = LearningRecords(connection, [RUN])
    assert records.overrides() == [msgspec.structs.replace(one, reason="hourly") for one in (second, first)]
    teller.turn(
        OverridesChanged((override({"chain": "solana"}, 1.7, previous=1.5),), "materialiser", "vanished")
    )
    project(teller.story, url)
    (standing,) = records.overrides()
    assert (standing.multiplier, standing.previous) == (1.7, 1.5)
    gone = next(one for one in records.overrides(archived=True) if one.status == "archived")
    assert (gone.id, gone.multiplier, gone.reason) == (second.id, 0.8, "vanished")
    teller.turn(OverrideRolledBack(first.id, "ann", "looks odd"), OverridesChanged((), "ann", "rolled back"))
    project(teller.story, url)
    assert records.overrides() == []
    assert records.rolled_back() == {first.id: "looks odd"}
    teller.turn(OverrideRolledBack(first.id, "ann", "was fine", undo=True))
    project(teller.story, url)
    assert records.rolled_back() == {}


def test_a_table_may_tell_of_archived_overrides_itself(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """As the judge and a roll-back do, with what it was before and their own reason."""
    one = override({}, 0.8)
    teller.turn(OverridesChanged((one,), "materialiser", "hourly"))
    over = msgspec.structs.replace(
        one, status="archived", multiplier=1.0, previous=0.8, reason="evidence lost"
    )
    teller.turn(OverridesChanged((over,), "materialiser", "judged"))
    project(teller.story, url)
    records = LearningRecords(connection, [RUN])
    assert records.overrides() == []
    assert records.overrides(archived=True) == [over]


def test_what_stays_as_it_is_is_not_written_again(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """Nor by a projector that was just started: the row keeps the time of its last change, and its own reason."""
    table = override({}, 0.8), override({"chain": "solana"}, 1.5)
    mined = JobAnswered(Job.LESSONS, "l", 20, lessons=(lesson({}),))
    teller.turn(OverridesChanged(table, "materialiser", "judged"))
    teller.turn(mined)
    project(teller.story, url)
    standing = "SELECT * FROM pm_overrides WHERE multiplier = 0.8"
    before = asked(connection, standing), asked(connection, "SELECT * FROM learning_lessons")
    teller.turn(OverridesChanged((table[0], override({"chain": "solana"}, 1.6)), "ann", "rolled back"))
    teller.turn(msgspec.structs.replace(mined, as_of=30))
    rows = Rows(RUN, Known(learning=known_learning(connection, RUN)))
    for kind, packet in teller.story.packets[-2:]:
        rows.add(kind, packet)
    changed = rows.take().changed
    assert [row["multiplier"] for row in changed["pm_overrides"].values()] == [1.6]
    assert "learning_lessons" not in changed
    project(teller.story, url)
    assert (asked(connection, standing), asked(connection, "SELECT * FROM learning_lessons")) == before
    reasons = asked(connection, "SELECT reason FROM pm_overrides ORDER BY multiplier")
    assert [row["reason"] for row in reasons] == ["judged", "rolled back"]


def test_thresholds_keep_their_source_and_can_be_taken_away(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """L14, B17: '' stands for any; an entry without a value is none."""
    teller.learned()
    project(teller.story, url)
    (stored,) = LearningRecords(connection, [RUN]).thresholds()
    assert stored.entry == Threshold("ts_threshold", 0.55, "1h")
    assert (stored.source, stored.by) == ("operator", "ann")
    rows = asked(connection, "SELECT key, value, timeframe, phase, a_level FROM pm_thresholds ORDER BY key")
    assert rows[0] == {"key": "cooldown_bars", "value": None, "timeframe": "", "phase": "", "a_level": ""}


def test_curators_who_left_the_list_are_marked(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """The newest list rules."""
    teller.learned()
    project(teller.story, url)
    rows = asked(connection, "SELECT curator_id, final_weight, status FROM curators ORDER BY curator_id")
    assert [tuple(row.values()) for row in rows] == [("ann", 0.9, "active"), ("bob", 0.5, "removed")]


def test_a_chain_of_runs_has_all_facts_and_the_newest_overrides(
    tmp_path: Path, url: str, connection: Connection
) -> None:
    """What a parent learned is there until the child has its own."""
    for name, parent in ((RUN, ""), ("uptrend-2", RUN)):
        with Story(tmp_path / "home" / "runs" / name, kind="uptrend", parent=parent) as story:
            teller = UptrendStory(story)
            if not parent:
                teller.learned()
                teller.turn(OverridesChanged((override({}, 0.8),), "materialiser", "hourly"))
            else:
                teller.turn(TimeAdvanced(), teller.window("acted"))
            project(teller.story, url)
    records = LearningRecords(connection, ["uptrend-2", RUN])
    assert len(records.facts()) == 2
    assert len(records.episodes()) == 2
    assert [one.multiplier for one in records.overrides()] == [0.8]


def test_what_rows_rest_on_comes_back_from_the_tables(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """Lessons, overrides and curators, as the rows' maker knew them."""
    teller.learned()
    project(teller.story, url)
    rows = Rows(RUN, Known())
    for kind, packet in teller.story.packets:
        rows.add(kind, packet)
    found = known_learning(connection, RUN)
    assert rows.known.learning.lessons == found.lessons
    assert rows.known.learning.overrides == found.overrides
    assert rows.known.learning.curators == found.curators
