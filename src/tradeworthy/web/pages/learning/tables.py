"""What the page Learning says in words and tables, made from rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tradeworthy.learning.events import Job
from tradeworthy.learning.scopes import CATEGORIES
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.reporting.lessons_text import slice_text, sureness
from tradeworthy.web.dashboard.frame import tile
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    count,
    day_clock,
    html,
    joined,
    meter,
    percent,
    pill,
    span,
    table,
    tag,
)
from tradeworthy.web.pages.learning.charts import place_of, scope_text

Row = dict[str, Any]

JOB_WORDS: Final = {
    "facts": "closed trades become facts, one for each action",
    "lessons": "facts are searched for slices that did otherwise than the rest",
    "tuning": "windows say whether a gate let too much pass, or too little",
    "overrides": "lessons that are large and sure enough become multipliers",
}
ENDS: Final = {"judged": "its lesson lost its ground, or a wider slice says the same"}
"""Why an override is over, by the reason on record."""

LOW, HIGH, EVEN = 0.3, 3.0, 1.0
"""The scale on which every multiplier is drawn."""


def no_learning(desks: Sequence[Row]) -> Html:
    """Why a run learns nothing."""
    kinds = ", ".join(sorted({desk["kind"] or desk["name"] for desk in desks})) or "none"
    said = (
        "This run learns nothing, and that is as it should be: only uptrend desks learn from their trades. Its own"
        f" ({kinds}) trade by sizes and gates that stay as configured. To see learning: "
    )
    return tag(
        "p",
        joined([said, tag("code", "tradeworthy run configs/uptrend.toml --duration 172800")]),
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
                f"{lessons['pm_strength']} of strength, {lessons['tuning_rates']} of tuning",
            ),
            tile("Overrides in force", count(active), "sizes and gates that differ from the configuration"),
        ]
    )


def lessons_table(rows: Sequence[Row], lesson_type: str) -> Html:
    """Lessons with what they rest on and how sure they are."""
    if lesson_type == "tuning_rates":
        return _tuning_table(rows)
    columns = (
        Column("Slice"),
        Column("Trades", is_figure=True),
        Column("Mean rr", is_figure=True, is_extra=True),
        Column("Edge", is_figure=True, is_extra=True),
        Column("Shrunk", is_figure=True),
        Column("Fades", is_extra=True),
        Column("p", is_figure=True, is_extra=True),
        Column("q", is_figure=True),
    )
    return table(
        columns,
        [
            (
                _slice(row),
                count(row["n"]),
                _signed(row["stats"].get("avg_rr")),
                _signed(row["stats"].get("edge_raw")),
                _signed(row["stats"].get("edge_shrunk")),
                _decay(row),
                _chance(row["stats"].get("p_value")),
                tag(
                    "span", _chance(row["stats"].get("q_value")), title=sureness(row["stats"].get("q_value"))
                ),
            )
            for row in rows
        ],
        caption="Lessons of strength, the surest first",
        empty="No lesson of strength here: a slice needs 33 closed trades, or as many as learning.n_min says.",
    )


def _tuning_table(rows: Sequence[Row]) -> Html:
    columns = (
        Column("Slice"),
        Column("Windows", is_figure=True),
        Column("Acted", is_figure=True, is_extra=True),
        Column("Of these well", is_figure=True),
        Column("Skipped", is_figure=True, is_extra=True),
        Column("Of these missed", is_figure=True),
    )
    return table(
        columns,
        [
            (
                _slice(row),
                count(row["n"]),
                count(row["stats"].get("n_acted")),
                percent(row["stats"].get("wr"), places=0),
                count(row["stats"].get("n_skipped")),
                percent(row["stats"].get("mr"), places=0),
            )
            for row in rows
        ],
        caption="Lessons of tuning, those with most misses and false positives first",
        empty="No lesson of tuning here: a slice needs 33 closed windows, or as many as learning.tuning_n_min says.",
    )


def _slice(row: Row) -> Html:
    pattern = row["pattern_key"].removeprefix("pm.")
    where = tag("span", scope_text(row["scope_subset"]), class_="where")
    return joined([tag("span", f"{pattern} {row['action_category']}", class_="soft"), where], " ")


def _signed(value: float | None) -> Html:
    return html(None if value is None else f"{value:+.3f}".replace("-", "\N{MINUS SIGN}"))


def _chance(value: float | None) -> Html:
    return html(None if value is None else "1" if value >= 1 else f"{value:.2g}")


def _decay(row: Row) -> Html:
    state, hours = row["stats"].get("decay_state"), row["decay_halflife_hours"]
    half = joined([" half in ", span(hours * 3600)]) if hours else html("")
    return joined([str(state or "-").replace("_", " "), half])


def overrides(rows: Sequence[Row], settings: LearningSettings) -> Html:
    """Those in force, each on the scale of what a multiplier may be."""
    active = [row for row in rows if row["status"] == "active"]
    if not active:
        return tag("p", "Nothing is in force: every size and gate is as configured.", class_="empty")
    return joined(_override(row, settings) for row in active)


def bounds_of(row: Row, settings: LearningSettings) -> tuple[float, float]:
    """What the multiplier of an override may be."""
    if row["action_category"] in CATEGORIES:
        return settings.strength_min, settings.strength_max
    return settings.drift_min, settings.drift_max


def _override(row: Row, settings: LearningSettings) -> Html:
    low, high = bounds_of(row, settings)
    multiplier, before = row["multiplier"], row["previous_multiplier"]
    way = "up" if multiplier > EVEN else "down" if multiplier < EVEN else "flat"
    moved = f", before \N{MULTIPLICATION SIGN}{before:.3g}" if before is not None else ""
    heading = joined(
        [
            tag("b", f"\N{MULTIPLICATION SIGN}{multiplier:.3g}", class_=way),
            tag(
                "span",
                slice_text(row["pattern_key"], row["action_category"], row["scope_subset"]),
                class_="what",
            ),
        ]
    )
    why = f"{row['reason'] or 'no reason noted'}; confidence {row['confidence_score']:.2f}{moved}"
    told = joined([f"{why}; bounded {low:g} to {high:g}; since ", day_clock(row["last_updated_at"])])
    parts = [
        tag("div", heading, class_="head"),
        scale(multiplier, before, low, high),
        tag("div", told, class_="why"),
    ]
    return tag(
        "div", joined(parts), class_="override", data_override=row["id"], data_multiplier=f"{multiplier:.6g}"
    )


def scale(multiplier: float, before: float | None, low: float, high: float) -> Html:
    """A line from 0.3 to 3 with 1 in it, its bounds, where the multiplier was (hollow) and where it is (full)."""
    at, even = place_of(multiplier, LOW, HIGH), place_of(EVEN, LOW, HIGH)
    left, right = place_of(low, LOW, HIGH), place_of(high, LOW, HIGH)
    way = "up" if multiplier >= EVEN else "down"
    begin, end = min(at, even), max(at, even)
    marks = [
        _mark("bounds", left, right - left),
        _mark(f"moved {way}", begin, end - begin),
        _mark("even", even),
        _mark("was", place_of(before, LOW, HIGH)) if before is not None else html(""),
        _mark(f"now {way}", at),
    ]
    said = f"multiplier {multiplier:.3g} on a scale from {LOW:g} to {HIGH:g}"
    return tag("div", joined(marks), class_="scale", role="img", aria_label=said)


def _mark(name: str, left: float, width: float | None = None) -> Html:
    wide = f";width:{width:.2%}" if width is not None else ""
    return tag("i", "", class_=name, style=f"left:{left:.2%}{wide}")


def over(rows: Sequence[Row]) -> Html:
    """Overrides that are over: what they were, why they ended, and who took them back."""
    said = []
    for row in (one for one in rows if one["status"] != "active"):
        was = row["previous_multiplier"]
        said.append(
            (
                slice_text(row["pattern_key"], row["action_category"], row["scope_subset"]),
                html(f"\N{MULTIPLICATION SIGN}{was:.3g}" if was is not None else None),
                _end(row),
                day_clock(row["last_updated_at"]),
            )
        )
    columns = (
        Column("Slice"),
        Column("Was", is_figure=True),
        Column("Why it is over"),
        Column("Since", is_extra=True),
    )
    return table(
        columns,
        said,
        caption="Overrides that are over",
        empty="None is over: nothing was taken back, and no lesson lost its ground.",
    )


def _end(row: Row) -> Html:
    if row["rolled_back"]:
        return joined([pill("taken back", "warn"), f" by {row['rolled_back_by']}: {row['rollback_reason']}"])
    return html(ENDS.get(row["reason"], row["reason"] or "-"))


def windows(rows: Sequence[Row]) -> Html:
    """Acted and skipped windows in a sentence each."""
    if not rows:
        return tag("p", "No opportunity window has closed yet.", class_="empty")
    said = {
        "acted": "{windows:,} acted on: {success:,} turned out well, {failure:,} did not.",
        "skipped": "{windows:,} let pass: {success:,} would have turned out well, {failure:,} would not.",
    }
    return joined(tag("p", said[row["decision"]].format(**row)) for row in rows)


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
