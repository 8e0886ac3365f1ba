"""Lessons in tables: what each slice did, how sure that is, and what the columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tradeworthy.reporting.lessons_text import slice_text, sureness
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    count,
    facts,
    html,
    joined,
    narrow,
    percent,
    span,
    table,
    tag,
)
from tradeworthy.web.pages.learning.charts import signed_figure
from tradeworthy.web.pages.learning.words import FIGURES, scope_words, what_words

Row = dict[str, Any]

TUNING: Final = "tuning_rates"

_TUNING_FIGURES: Final = ("Acted", "Of these well", "Skipped", "Of these missed")


def lessons_table(rows: Sequence[Row], lesson_type: str) -> Html:
    """Lessons with what they rest on and how sure they are."""
    if lesson_type == TUNING:
        return _tuning_table(rows)
    columns = (
        Column("Slice"),
        Column("Trades", is_figure=True),
        Column(_explained("Mean rr"), is_figure=True, is_extra=True),
        Column(_explained("Edge"), is_figure=True, is_extra=True),
        Column(_explained("Shrunk"), is_figure=True),
        Column(_explained("Over time"), is_extra=True),
        Column(_explained("Sure"), is_extra=True),
    )
    return table(
        columns,
        [
            (
                _slice(row, _sure(row["stats"])),
                count(row["n"]),
                _signed(row["stats"].get("avg_rr")),
                _signed(row["stats"].get("edge_raw")),
                _signed(row["stats"].get("edge_shrunk")),
                _decay(row),
                _sure(row["stats"]),
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
        Column(_explained("Acted"), is_figure=True, is_extra=True),
        Column(_explained("Of these well"), is_figure=True, is_extra=True),
        Column(_explained("Skipped"), is_figure=True, is_extra=True),
        Column(_explained("Of these missed"), is_figure=True, is_extra=True),
    )
    return table(
        columns,
        [
            (
                _slice(row, _rates(row["stats"])),
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


def _slice(row: Row, *more: Any) -> Html:
    """A slice in words, its code as a tooltip, and what a phone leaves out elsewhere."""
    where = tag("span", scope_words(row["scope_subset"]), class_="where")
    said = tag("span", joined([where, " ", tag("span", what_words(row), class_="soft")]), title=code_of(row))
    return joined([said, narrow(*more)])


def _explained(name: str) -> Html:
    """A heading with what it means."""
    return tag("span", name, title=FIGURES[name], class_="told")


def column_words(lesson_type: str) -> Html:
    """What the columns mean, to be opened: a phone has no tooltips."""
    names = (
        _TUNING_FIGURES if lesson_type == TUNING else [one for one in FIGURES if one not in _TUNING_FIGURES]
    )
    inner = facts((name, FIGURES[name]) for name in names)
    return tag("details", joined([tag("summary", "What the columns mean"), inner]), class_="meanings")


def chart_words(lesson_type: str) -> Html:
    """What is drawn."""
    if lesson_type == TUNING:
        return html("To the right what asks for a looser gate, to the left what asks for a tighter one.")
    return html(
        "Mean reward over risk (rr) less that of all trades. The box is one standard error to both sides, the whiskers"
        " hold 95 %; pale where they reach zero, for that may be chance."
    )


def _sure(stats: Row) -> Html:
    """How sure a lesson is in a word, with its q in small print."""
    q_value, p_value = stats.get("q_value"), stats.get("p_value")
    word, _, more = sureness(q_value).partition(" (")
    if q_value is None:
        return html(word)
    figure = tag("span", f"q\N{NO-BREAK SPACE}{_chance(q_value)}", class_="note")
    return tag("span", joined([word, " ", figure]), title=f"{more.rstrip(')')}; p {_chance(p_value)}")


def _rates(stats: Row) -> Html:
    """Of what was acted on and of what was skipped, how much turned out well."""
    well, missed = (percent(stats.get(name), places=0) for name in ("wr", "mr"))
    acted, skipped = (count(stats.get(name)) for name in ("n_acted", "n_skipped"))
    return html(f"{well} of {acted} acted on went well, {missed} of {skipped} skipped were missed")


def _signed(value: float | None) -> Html:
    return html(None if value is None else signed_figure(value))


def _chance(value: float | None) -> Html:
    return html(None if value is None else "1" if value >= 1 else f"{value:.2g}")


def _decay(row: Row) -> Html:
    state, hours = row["stats"].get("decay_state"), row["decay_halflife_hours"]
    half = joined([" half in ", span(hours * 3600)]) if hours else html("")
    return joined([str(state or "-").replace("_", " "), half])


def code_of(row: Row) -> str:
    """The slice as settings and commands name it."""
    return slice_text(row["pattern_key"], row["action_category"], row["scope_subset"])
