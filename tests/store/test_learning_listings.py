"""What was learned, a page at a time: filters, what is over, what became of skipped windows, and when jobs ran."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.store.story import Story, project
from tests.store.uptrend_story import DESK, ROW, UptrendStory, lesson, override
from tradeworthy.core.events import TimeAdvanced
from tradeworthy.desks.uptrend.events import WindowResolved
from tradeworthy.learning.events import Job, JobAnswered, JobAsked, Lesson, OverridesChanged
from tradeworthy.store.learning_listings import WHOLE, LearningListings, bucket_of
from tradeworthy.store.queries import Connection

RUN = "uptrend-1"
ENTRY = "pm.uptrend.S1.entry"


@pytest.fixture
def teller(tmp_path: Path) -> Iterator[UptrendStory]:
    """A journal of a run of the uptrend desk."""
    with Story(tmp_path / "home" / "runs" / RUN, kind="uptrend") as story:
        yield UptrendStory(story)


def listed(teller: UptrendStory, url: str, connection: Connection) -> LearningListings:
    """Bring the tables up with the story; the listings of its run, which a run that learned nothing followed."""
    project(teller.story, url)
    return LearningListings(connection, ["uptrend-2", RUN])


def test_lessons_are_found_by_pattern_category_and_dimension(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """L8: the surest come first; a filter takes those of a dimension, or those of none."""
    found = (
        lesson({}, q_value=1.0, edge_shrunk=0.0),
        lesson({"chain": "base"}, q_value=0.2, edge_shrunk=-0.4),
        lesson({"chain": "solana", "curator": "ann"}, q_value=0.01, edge_shrunk=0.2),
        lesson({"chain": "solana"}, q_value=0.01, edge_shrunk=0.9),
    )
    teller.turn(JobAnswered(Job.LESSONS, "lessons/1", 20, lessons=found))
    tuning = Lesson(ENTRY, "tuning", {}, 40, {"n_misses": 40}, "tuning_rates")
    teller.turn(JobAnswered(Job.TUNING, "tuning/1", 20, lessons=(tuning,)))
    learned = listed(teller, url, connection)
    scopes = [row["scope_subset"] for row in learned.lessons("pm_strength")]
    assert scopes == [{"chain": "solana"}, {"chain": "solana", "curator": "ann"}, {"chain": "base"}, {}]
    assert len(learned.lessons("pm_strength", ENTRY, "entry", "curator")) == 1
    assert [row["scope_subset"] for row in learned.lessons("pm_strength", dimension=WHOLE)] == [{}]
    assert learned.lessons("pm_strength", "pm.uptrend.S3.trim") == []
    (one,) = learned.lessons("pm_strength", limit=1)
    assert one["found"] == 4
    assert [row["n"] for row in learned.lessons("tuning_rates")] == [40]
    assert [(row["lesson_type"], row["lessons"]) for row in learned.choices()] == [
        ("pm_strength", 4),
        ("tuning_rates", 1),
    ]
    assert learned.choices()[0]["dimensions"] == ["chain", "curator"]


def test_overrides_that_are_over_stand_behind_those_in_force(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """P5: what a person took back stays on record, with name and reason."""
    teller.learned()
    near, far = override({}, 1.1, "add"), override({"chain": "base"}, 0.4, "add")
    teller.turn(OverridesChanged((near, far), "learning-schedule", "judged", 40))
    learned = listed(teller, url, connection)
    rows = learned.overrides()
    assert [row["multiplier"] for row in rows if row["status"] == "active"] == [0.4, 1.1]
    assert [row["status"] for row in rows] == ["active", "active", "archived", "archived"]
    (taken,) = [row for row in rows if row["rolled_back"]]
    assert (taken["rolled_back_by"], taken["rollback_reason"]) == ("ann", "looks odd")
    (threshold,) = learned.thresholds()
    assert (threshold["key"], threshold["value"], threshold["updated_by"]) == ("ts_threshold", 0.55, "ann")
    assert learned.curators()[0]["curator_id"] == "ann"


def test_skipped_windows_are_missed_or_rightly_let_pass(
    teller: UptrendStory, url: str, connection: Connection
) -> None:
    """L10: by gate, how many were skipped, and how they turned out; one that is not known yet is pending."""
    names = [f"{ROW}/s1/{number}" for number in range(3)]
    teller.turn(TimeAdvanced(), *(teller.window("skipped", name) for name in names))
    teller.turn(TimeAdvanced(), teller.window("acted", f"{ROW}/s1/9"))
    for name, outcome in zip(names, ("success", "failure"), strict=False):
        resolved = WindowResolved(DESK, ROW, name, name, "skipped", outcome, "s3", teller.story.ts)
        teller.turn(TimeAdvanced(), resolved)
    learned = listed(teller, url, connection)
    (row,) = learned.skipped()
    assert row == {"gate": "halo", "skipped": 3, "missed": 1, "rightly": 1, "neither": 0, "pending": 1}
    assert [(row["decision"], row["windows"]) for row in learned.windows()] == [("acted", 1), ("skipped", 3)]


def test_jobs_say_when_they_last_answered(teller: UptrendStory, url: str, connection: Connection) -> None:
    """L1: all four jobs are listed, those that never ran too; what a person asked for stands beside them."""
    teller.turn(JobAnswered(Job.FACTS, "facts/1", 1))
    teller.turn(JobAnswered(Job.FACTS, "facts/2", 2, error="no memory"))
    teller.turn(JobAsked(Job.LESSONS, "ann"))
    story = teller.story
    listed(teller, url, connection)
    learned = LearningListings(connection, [RUN])
    jobs = {row["job"]: row for row in learned.jobs()}
    assert list(jobs) == ["facts", "lessons", "tuning", "overrides"]
    assert (jobs["facts"]["key"], jobs["facts"]["error"]) == ("facts/2", "no memory")
    assert jobs["tuning"]["created_at"] is None
    (asked,) = learned.asked()
    assert (asked["job"], asked["by"], asked["run"]) == ("lessons", "ann", story.run)


def test_facts_are_counted_over_time(teller: UptrendStory, url: str, connection: Connection) -> None:
    """L7: each action once, in buckets of an hour where all lie within two days."""
    teller.learned()
    facts = listed(teller, url, connection).facts()
    assert (facts["facts"], facts["trades"], facts["bucket_s"]) == (2, 1, 3_600)
    assert sum(row["facts"] for row in facts["buckets"]) == 2
    assert facts["buckets"][0]["mean_rr"] == pytest.approx(-0.083333)


def test_a_run_that_learned_nothing_has_nothing_to_show(url: str, connection: Connection) -> None:
    """Empty lists, and no facts."""
    learned = LearningListings(connection, ["pilot-1"])
    assert (learned.choices(), learned.lessons("pm_strength"), learned.overrides()) == ([], [], [])
    assert (learned.thresholds(), learned.curators(), learned.skipped()) == ([], [], [])
    assert learned.facts()["facts"] == 0


@pytest.mark.parametrize(
    ("days", "seconds"), [(0, 3_600), (2, 3_600), (3, 21_600), (20, 86_400), (90, 604_800), (9_000, 604_800)]
)
def test_buckets_grow_with_the_span(days: int, seconds: int) -> None:
    """Sixty at most, unless the span is longer than sixty weeks."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    assert bucket_of(first, first + timedelta(days=days)) == seconds
    assert bucket_of(None, None) == 3_600
