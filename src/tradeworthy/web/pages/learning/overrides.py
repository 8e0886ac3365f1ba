"""Overrides in words: those in force, each on the scale of what a multiplier may be, and those that are over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tradeworthy.learning.scopes import CATEGORIES
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.web.dashboard.markup import Column, Html, day_clock, html, joined, pill, table, tag
from tradeworthy.web.pages.learning.charts import place_of
from tradeworthy.web.pages.learning.lessons import code_of
from tradeworthy.web.pages.learning.words import changed_words, pattern_words, scope_words, signed_text

Row = dict[str, Any]

ENDS: Final = {"judged": "its lesson lost its ground, or a wider slice says the same"}
"""Why an override is over, by the reason on record."""

LOW, HIGH, EVEN = 0.3, 3.0, 1.0
"""The scale on which every multiplier is drawn."""

WHY: Final = (
    "Pressure: good windows that were skipped less bad ones that were acted on. Confidence: how much it counts"
    " where several overrides match, 0 to 1."
)


def in_force(rows: Sequence[Row], settings: LearningSettings) -> Html:
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
            tag("span", _changed(row), class_="what"),
        ]
    )
    why = (
        f"{signed_text(row['reason'] or 'no reason noted')}; confidence {row['confidence_score']:.2f}{moved}"
    )
    told = joined([f"{why}; bounded {low:g} to {high:g}; since ", day_clock(row["last_updated_at"])])
    parts = [
        tag("div", heading, class_="head"),
        scale(multiplier, before, low, high),
        tag("div", told, class_="why", title=WHY),
        tag("div", code_of(row), class_="codes"),
    ]
    return tag(
        "div", joined(parts), class_="override", data_override=row["id"], data_multiplier=f"{multiplier:.6g}"
    )


def _changed(row: Row) -> Html:
    """What an override changes, of what, and where."""
    what, where = changed_words(row["action_category"]), scope_words(row["scope_subset"])
    of = tag("span", pattern_words(row["pattern_key"]), class_="soft")
    return joined([what, ", ", of, ", ", tag("span", where, class_="where")])


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
                tag("span", _changed(row), title=code_of(row)),
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
