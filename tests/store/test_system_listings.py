"""What the System page asks of the tables."""

from tests.store.story import Story, project
from tradeworthy.store.queries import Connection, Queries
from tradeworthy.store.system_listings import SystemListings


def listings(story: Story, url: str, connection: Connection) -> SystemListings:
    """Questions about the story, which is in the tables."""
    project(story, url)
    return SystemListings(connection, Queries(connection).run)


def test_health_says_what_parts_reported_and_how_often_they_raised(
    story: Story, url: str, connection: Connection
) -> None:
    """A10: crashes are counted by desk, and the last word of a part is its own."""
    story.open_account()
    story.operations()
    found = {row["part"]: row for row in listings(story, url, connection).health()}
    assert (found["feed"]["ok"], found["feed"]["word"], found["feed"]["crashes"]) == (True, "fresh", 0)
    assert (found["breakout"]["crashes"], found["breakout"]["ok"]) == (2, False)
    assert "ZeroDivisionError" in found["breakout"]["word"]


def test_people_and_breakers_are_on_record_the_newest_first(
    story: Story, url: str, connection: Connection
) -> None:
    """Who halted, who released, what tripped, and what raised; refusals of candidates are not among them."""
    story.open_account()
    story.order_refused()
    story.operations()
    rows = listings(story, url, connection).people()
    assert [row["kind"] for row in rows][:3] == ["quarantined", "quarantined", "halted"]
    assert {row["kind"] for row in rows} == {"operator", "halted", "released", "quarantined"}
    assert ("operator", "ann", "looks odd") in {(row["kind"], row["by"], row["reason"]) for row in rows}
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)
    assert len(listings(story, url, connection).people(limit=2)) == 2


def test_latencies_are_told_by_stage(story: Story, url: str, connection: Connection) -> None:
    """Session time from candidate to decision, from there to the fill, and the venue's own."""
    story.open_account()
    story.round_trips(3)
    found = {row["stage"]: row for row in listings(story, url, connection).latencies()}
    assert {"decided", "filled"} <= set(found)
    assert found["decided"]["count"] == 6
    assert all(0.0 <= row["p50_ms"] <= row["p99_ms"] for row in found.values())


def test_a_run_that_decided_nothing_has_no_latencies(story: Story, url: str, connection: Connection) -> None:
    """None is made up."""
    story.open_account()
    assert listings(story, url, connection).latencies() == []
