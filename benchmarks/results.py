"""Results as tables: ratios first, then the figures that they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Goal(NamedTuple):
    """One line of the summary: what was measured, what it should be, what it is."""

    what: str
    held: str
    measured: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """In words; None says that nothing is promised."""
        return {True: "yes", False: "**no**", None: "-"}[self.met]


class Section(NamedTuple):
    """One benchmark's result. `method` says what was timed, `columns` and `rows` are the figures."""

    title: str
    method: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal]
    notes: Sequence[str] = ()


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def section_lines(section: Section) -> list[str]:
    """One section in Markdown."""
    lines = [f"## {section.title}", "", section.method, "", *table(section.columns, section.rows), ""]
    return lines + [f"- {note}" for note in section.notes] + ([""] if section.notes else [])


def summary_lines(sections: Sequence[Section]) -> list[str]:
    """The table of what is held and what was measured."""
    goals = [goal for section in sections for goal in section.goals]
    rows = [(goal.what, goal.measured, goal.held, goal.verdict) for goal in goals]
    return [*table(("what", "measured", "we hold", "met"), rows), ""]


def document(sections: Sequence[Section], machine: Sequence[str], run: str) -> str:
    """The whole of RESULTS.md."""
    head = [
        "# Speed, measured beside its peers",
        "",
        f"Written by `{run}`; the method is in [README.md](README.md). Ratios compare sides that ran in turn in",
        "this one run; each figure is a median. Bare times belong to this machine and say little elsewhere.",
        "",
        *(f"- {line}" for line in machine),
        "",
    ]
    lines = [*head, *summary_lines(sections)]
    for section in sections:
        lines += section_lines(section)
    return "\n".join(lines).rstrip() + "\n"
