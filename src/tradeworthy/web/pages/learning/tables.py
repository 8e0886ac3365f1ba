"""What the page Learning says in words and tables, made from rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tradeworthy.learning.events import Job
from tradeworthy.web.dashboard.frame import tile
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    code,
    count,
    day_clock,
    html,
    joined,
    meter,
    pill,
    span,
    table,
    tag,
)

Row = dict[str, Any]

JOB_WORDS: Final = {
    "facts": "closed trades become facts, one for each action",
    "lessons": "facts are searched for slices that did otherwise than the rest",
    "tuning": "windows say whether a gate let too much pass, or too little",
    "overrides": "lessons that are large and sure enough become multipliers",
}


def no_learning(desks: Sequence[Row]) -> Html:
    """Why a run learns nothing."""
    kinds = ", ".join(sorted({desk["kind"] or desk["name"] for desk in desks})) or "none"
    said = (
        "This run learns nothing, and that is as it should be: only uptrend desks learn from their trades. Its own"
        f" ({kinds}) trade by sizes and gates that stay as configured. To see learning: "
    )
    return tag(
        "p",
        joined([said, code("tradeworthy run configs/uptrend.toml --duration 172800")]),
        class_="empty",
    )


def tiles(found: Row) -> Html:
    """The headline: what was learned from, what was found, what it changes."""
    windows = {row["decision"]: row for row in found["windows"]}
    closed = sum(row["windows"] for row in found["windows"])
    skipped = windows.get("skipped", {})
    lessons = {"pm_strength": 0, "tuning_rates": 0}
    for row in found["choices"]:
        lessons[row["lesson_type"]] = lessons.get(row["lesson_type"], 0) + row["lessons"]
    active = sum(row["status"] == "active" for row in found["overrides"])
    facts = found["facts"]
    return joined(
        [
            tile("Facts", count(facts["facts"]), f"actions of {facts['trades']:,} closed trades"),
            tile("Windows", count(closed), f"{skipped.get('windows', 0):,} were let pass"),
            tile("Missed", count(skipped.get("success", 0)), "let pass, and turned out well"),
            tile(
                "Lessons",
                count(sum(lessons.values())),
                f"{lessons['pm_strength']:,} of strength, {lessons['tuning_rates']:,} of tuning",
            ),
            tile("Overrides in force", count(active), "sizes and gates that differ from the configuration"),
        ]
    )


def windows(rows: Sequence[Row]) -> Html:
    """Acted and skipped windows in a sentence each."""
    if not rows:
        return tag("p", "No opportunity window has closed yet.", class_="empty")
    said = {
        "acted": "{windows:,} acted on: {success:,} turned out well, {failure:,} did not",
        "skipped": "{windows:,} let pass: {success:,} would have turned out well, {failure:,} would not",
    }
    told = []
    for row in rows:
        rest = row["windows"] - row["success"] - row["failure"]
        more = f", {rest:,} {'is' if rest == 1 else 'are'} neither, or not known yet" if rest else ""
        told.append(tag("p", f"{said[row['decision']].format(**row)}{more}."))
    return joined(told)


def jobs(rows: Sequence[Row], asked: Sequence[Row], every_s: Mapping[Job, int], last_at: datetime) -> Html:
    """Each job: when it last answered and what it found, and when it is due next."""
    said = []
    for row in rows:
        period = every_s[Job(row["job"])]
        last = joined([day_clock(row["created_at"]), " ", _outcome(row)]) if row["created_at"] else "not yet"
        name = tag("span", row["job"], title=JOB_WORDS.get(row["job"], ""))
        said.append((name, joined(["every ", span(period)]), last, day_clock(next_due(last_at, period))))
    columns = (Column("Job"), Column("Period", is_extra=True), Column("Last"), Column("Next due"))
    made = table(columns, said, caption="Learning jobs on the schedule", empty="No job is scheduled.")
    people = [
        tag(
            "p",
            joined([day_clock(row["created_at"]), f": {row['by']} asked for {row['job']}"]),
            class_="note",
        )
        for row in asked
    ]
    return joined([made, *people])


def next_due(last_at: datetime, period_s: int) -> datetime:
    """The next whole period of session time after `last_at`."""
    begin = datetime(1970, 1, 1, tzinfo=UTC)
    period = timedelta(seconds=period_s)
    return begin + period * ((last_at - begin) // period + 1)


def _outcome(row: Row) -> Html:
    if row["error"]:
        return joined([pill("failed", "bad"), " ", row["error"]])
    figures = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in (row["figures"] or {}).items())
    return tag("span", figures, class_="note")


def thresholds(rows: Sequence[Row]) -> Html:
    """Entries that somebody set beside the configuration's."""
    columns = (Column("Threshold"), Column("Value", is_figure=True), Column("Where"), Column("By"))
    return table(
        columns,
        [
            (
                row["key"],
                html(f"{row['value']:g}"),
                ", ".join(one for one in (row["timeframe"], row["phase"], row["a_level"]) if one)
                or "anywhere",
                " ".join(one for one in (row["source"], row["updated_by"]) if one),
            )
            for row in rows
        ],
        caption="Thresholds that were set",
        empty="No threshold was set beside the configuration's own.",
    )


def curators(rows: Sequence[Row], configured: Sequence[Row]) -> Html:
    """Whose word counts, and how much: set while a run ran, else as configured."""
    found = [
        (
            row["curator_id"],
            row["final_weight"],
            "removed" if row["status"] == "removed" else f"set by {row['updated_by']}",
        )
        for row in rows
    ] or [(row["id"], row.get("weight"), "as configured") for row in configured]
    columns = (Column("Curator"), Column("Weight", is_figure=True), Column(""), Column("", is_extra=True))
    return table(
        columns,
        [
            (name, html(None if weight is None else f"{weight:g}"), _weight(weight), said)
            for name, weight, said in found
        ],
        caption="Curators and their weights",
        empty="No curator is listed: signals count by the desk's default weight.",
    )


def _weight(weight: float | None) -> Html:
    return meter(weight or 0.0, "wide")
