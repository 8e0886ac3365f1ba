"""Lists of the System page: runs, alerts, what people did, what the doctor found. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tradeworthy.runtime.doctor import Finding, State
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    address,
    count,
    day_clock,
    joined,
    money,
    pill,
    table,
    tag,
)

Found = dict[str, Any]

SEVERITIES: Final = {"critical": "bad", "high": "warn", "normal": "", "low": ""}
FOUND_STATES: Final = {State.OK: "ok", State.WARN: "warn", State.FAIL: "bad"}


def runs(rows: Sequence[Found], shown: str) -> Html:
    """Every run in the database, each a link that shows it."""
    return table(
        (
            Column("Run"),
            Column("Mode", is_extra=True),
            Column("Began"),
            Column("Last event", is_extra=True),
            Column("Packets", is_figure=True),
            Column("Candidates", is_figure=True, is_extra=True),
            Column("Trades closed", is_figure=True),
            Column("Equity", is_figure=True),
        ),
        [
            (
                joined(
                    [
                        tag("a", row["run"], href=address("/", run=row["run"])),
                        " ",
                        pill("shown", "ok") if row["run"] == shown else "",
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
    """What people were told, the newest first."""
    return table(
        (Column("At"), Column("Severity"), Column("What")),
        [
            (
                day_clock(row["created_at"]),
                pill(row["severity"], SEVERITIES.get(row["severity"], "")),
                joined([tag("b", row["title"]), " ", row["text"]]),
            )
            for row in rows
        ],
        caption="Alerts",
        empty="No alert in this run: nothing happened that a person has to be told of.",
    )


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
        (Column("Check"), Column("State"), Column("Found"), Column("Next step")),
        [
            (one.check, pill(one.state.value, FOUND_STATES[one.state]), one.found, one.next_step or "-")
            for one in found
        ],
        caption="What a session needs, as found just now",
        empty="",
    )
