"""Lists of the System page: runs, alerts, what people did, what the doctor found. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from tradeworthy.runtime.doctor import Finding, State
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    address,
    code,
    count,
    day_clock,
    joined,
    link,
    money,
    narrow,
    pill,
    table,
    tag,
)

Found = dict[str, Any]

SEVERITIES: Final = {"critical": "bad", "high": "warn", "normal": "", "low": ""}
PATH: Final = re.compile(r"`tradeworthy trace (\d+)` shows the path\.")
"""The step of an alert that this page takes itself, by a link."""

COMMAND: Final = re.compile(r"`(tradeworthy [^`]*)`")
"""What a text names to be typed; other backticks are somebody's own words."""

FOUND_STATES: Final = {State.OK: "ok", State.WARN: "warn", State.FAIL: "bad"}


def runs(rows: Sequence[Found], shown: str) -> Html:
    """Every run in the database, each a link that shows it."""
    return table(
        (
            Column("Run"),
            Column("Mode", is_extra=True),
            Column("Began", is_extra=True),
            Column("Last event", is_extra=True),
            Column("Packets", is_figure=True, is_extra=True),
            Column("Candidates", is_figure=True, is_extra=True),
            Column("Trades closed", is_figure=True),
            Column("Equity", is_figure=True),
        ),
        [
            (
                joined(
                    [
                        tag("a", row["run"], href=address("/", run=row["run"]), class_="whole"),
                        " ",
                        pill("shown", "ok") if row["run"] == shown else "",
                        narrow(row["mode"], day_clock(row["created_at"])),
                    ]
                ),
                row["mode"],
                day_clock(row["created_at"]),
                day_clock(row["last_at"]),
                count(row["last_seq"]),
                count(row["candidates"]),
                count(row["trades_closed"]),
                money(row["equity"]),
            )
            for row in rows
        ],
        caption="Runs, the newest first",
        empty="No run is in the database yet.",
    )


def alerts(rows: Sequence[Found]) -> Html:
    """What people were told, the newest first: the title, its figures below, and a link to the path."""
    if not rows:
        return tag(
            "p", "No alert in this run: nothing happened that a person has to be told of.", class_="empty"
        )
    items = []
    for row in rows:
        kind = SEVERITIES.get(row["severity"], "")
        when = [day_clock(row["created_at"]), pill(row["severity"], kind)]
        what = [
            tag("b", row["title"]),
            tag("div", spelled(row["text"], row.get("run", "")), class_="under"),
        ]
        parts = [tag("div", joined(when, " "), class_="when"), tag("div", joined(what))]
        items.append(tag("li", joined(parts), class_=kind or None, data_severity=row["severity"]))
    return tag(
        "ol", joined(items), class_="alerts scroll", tabindex="0", aria_label="Alerts, the newest first"
    )


def spelled(text: str, run: str = "") -> Html:
    """Words with commands between backticks: those as something to type, and the one that shows a path as a link."""
    path = PATH.search(text)
    pieces = COMMAND.split(PATH.sub("", text).strip())
    said = joined(code(piece) if number % 2 else piece for number, piece in enumerate(pieces))
    if path is None:
        return said
    return joined([said, link("/trace", "Show the path", packet=path[1], run=run)], " ")


def people(rows: Sequence[Found]) -> Html:
    """Halts, releases and commands with who did them, and what desks raised."""
    kinds = {"halted": "bad", "released": "ok", "operator": "", "quarantined": "warn"}
    return table(
        (Column("At"), Column("What"), Column("By"), Column("Concerns", is_extra=True), Column("Reason")),
        [
            (
                day_clock(row["created_at"]),
                joined([pill(row["kind"], kinds.get(row["kind"], "")), " ", row["rule"] or ""]),
                row["by"] or "the system",
                row["desk"] or "all desks",
                row["reason"] or "-",
            )
            for row in rows
        ],
        caption="What people and circuit breakers did",
        empty="Nobody has halted, resumed or commanded anything in this run, and no circuit breaker tripped.",
    )


def findings(found: Sequence[Finding]) -> Html:
    """What the doctor found, with the next step."""
    return table(
        (Column("Check"), Column("State"), Column("Found, and the next step")),
        [
            (
                one.check,
                pill(one.state.value, FOUND_STATES[one.state]),
                joined(
                    [
                        spelled(one.found),
                        tag("div", spelled(one.next_step), class_="under") if one.next_step else "",
                    ]
                ),
            )
            for one in found
        ],
        caption="What a session needs, as found just now",
        empty="",
    )
