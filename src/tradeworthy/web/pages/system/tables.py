"""The tables of the System page, from what the session says of itself and what the tables hold. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from tradeworthy.web.api.checkup import UNITS, Part
from tradeworthy.web.dashboard.frame import tile
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    code,
    count,
    day_clock,
    facts,
    html,
    joined,
    number_of,
    percent,
    pill,
    price,
    span,
    table,
    tag,
)
from tradeworthy.web.pages.system.host import Use

Found = dict[str, Any]

STAGES: Final = {
    "feed": ("Feed to here", "from the venue's own time to its arrival"),
    "decide": ("Decide", "one input's whole turn in the core"),
    "durable": ("Durable", "from its admission to the disk (fdatasync)"),
    "decided": ("Candidate to decision", "session time"),
    "filled": ("Decision to first fill", "session time"),
    "venue": ("Order to fill", "session time, as the venue says"),
}
FIRST_MS, LAST_MS = 0.01, 10_000.0
"""The ends of the scale that latencies are drawn on."""

MIB: Final = 1 << 20
STATES: Final = {"running": "ok", "waiting": "warn", "halted": "bad"}
SERVICE_NAMES: Final = {"rows_lag": "rows", "agents": "parts"}


def tiles(status: Found, seq: int, use: Use | None, state: str) -> Html:
    """The headline: session, parts, rows, memory, disk."""
    parts = status.get("parts") or []
    running = sum(part["state"] == "running" for part in parts)
    lag = rows_behind(status, seq)
    halted = sum(bool(part["halted"]) for part in parts)
    return joined(
        [
            tile("Session", {"live": "Live", "quiet": "Quiet"}.get(state, "Stopped"), _session_words(status)),
            tile(
                "Parts running",
                f"{running} of {len(parts)}" if parts else "-",
                f"{halted} halted" if parts else "no session says",
            ),
            tile("Faults", count(status.get("faults")), "packets withheld from a desk that raised"),
            tile(
                "Rows behind",
                count(lag),
                "packets that the tables do not have yet"
                if lag is not None
                else "no session to compare with",
            ),
            tile("Session's memory", size(use.session_bytes if use else None), "resident"),
            tile("Disk free", size(use.disk_free_bytes if use else None), "under the home folder"),
        ]
    )


def rows_behind(status: Found, seq: int) -> int | None:
    """Packets of the running session that the tables, which have come to `seq`, do not have yet; None without one."""
    packets = status.get("packets")
    return max(0, packets - seq) if isinstance(packets, int) else None


def _session_words(status: Found) -> Html:
    if not status.get("answers"):
        return html("it does not answer yet" if status.get("running") else "start one: tradeworthy pilot")
    progress = status.get("progress")
    done = f", {percent(progress)} of its way" if progress is not None else ""
    return html(f"PID {status.get('pid')}, {status['inputs']:,} inputs{done}")


def parts_table(status: Found, health: Sequence[Found]) -> Html:
    """A row for each part that delivers inputs or is not well, then the names of those that decide and are."""
    parts = status.get("parts") or []
    if not parts:
        step = ["Start one with ", code("tradeworthy pilot"), "."]
        if status.get("running"):
            step = ["One runs, and has not said anything yet."]
        said = ["No session answers, so there is nothing to say of its parts. ", *step]
        return tag("p", joined(said), class_="empty")
    known = {row["part"]: row for row in health}
    now = _time(status.get("session_time"))
    rows, quiet = list[Sequence[Any]](), dict[str, list[str]]()
    for part in parts:
        row = known.get(part["agent"]) or (known.get(part["desk"]) if part["desk"] else None)
        raised = max(part["faults"], row["crashes"] if row else 0)
        if "admitted" in part or raised or part["halted"] or part["state"] != "running":
            rows.append(_part(part, row, raised, now))
        else:
            quiet.setdefault(part["desk"] or "all desks", []).append(part["agent"])
    columns = (
        Column("Part"),
        Column("State"),
        Column("Delivered", is_figure=True, is_extra=True),
        Column("Last data", is_figure=True),
        Column("Restarts", is_figure=True),
    )
    made = (
        [table(columns, rows, caption="Parts that deliver inputs or are not well", empty="")] if rows else []
    )
    if quiet:
        number = sum(map(len, quiet.values()))
        verbs = (
            "decides and delivers nothing; it runs" if number == 1 else "decide and deliver nothing; all run"
        )
        made += [
            tag("p", f"{number_of(number, 'part')} {verbs} and never raised:", class_="note"),
            tag(
                "div",
                facts((desk, joined(map(pill, names), " ")) for desk, names in quiet.items()),
                class_="quiet",
            ),
        ]
    return joined(made)


def _part(part: Found, row: Found | None, raised: int, now: datetime | None) -> Sequence[Any]:
    last = _time(part.get("last_data"))
    age = (now - last).total_seconds() if now and last else None
    why = [f"halted by {part['halted']}"] if part["halted"] else []
    why += [f"{row['crashes']} raised, last: {row['word']}"] if row and row["crashes"] else []
    about = tag(
        "div", "; ".join([f"for {part['desk']}" if part["desk"] else "for all desks", *why]), class_="under"
    )
    return (
        joined([tag("b", part["agent"]), about]),
        pill(part["state"], STATES.get(part["state"], "warn")),
        joined([count(part["admitted"]), " inputs"]) if "admitted" in part else html(None),
        span(max(0.0, age)) if age is not None else "-",
        count(raised),
    )


def reported_table(health: Sequence[Found], status: Found) -> Html:
    """What parts outside the core said of their health, which posture is computed from."""
    inside = {part["agent"] for part in status.get("parts") or []}
    told = [row for row in health if row["part"] not in inside]
    if not told:
        return Html("")
    return table(
        (
            Column("Reported"),
            Column("State"),
            Column("Word"),
            Column("Figure", is_figure=True),
            Column("Restarts", is_figure=True),
            Column("At"),
        ),
        [
            (
                row["part"],
                pill("well" if row["ok"] else "not well", "ok" if row["ok"] else "bad"),
                row["word"] or "-",
                "-" if row["figure"] is None else f"{row['figure']:g}",
                count(row["crashes"]),
                day_clock(row["updated_at"]),
            )
            for row in told
        ],
        caption="Health that parts reported",
        empty="",
    )


def services(parts: Mapping[str, Part], kinds: Mapping[str, str], behind: int | None = None) -> Html:
    """Every service: whether it is well, and what was measured; `kinds` says whose server it is.

    `behind` is how many packets the rows are behind just now, None: as when they were asked.
    """
    return table(
        (Column("Service"), Column("State"), Column("Measured", is_figure=True)),
        [
            (
                joined(
                    [
                        tag("b", SERVICE_NAMES.get(name, name)),
                        tag("div", kinds[name], class_="under") if name in kinds else "",
                    ]
                ),
                pill(part.word, "ok" if part.ok else "bad"),
                tag(
                    "span",
                    _measured(name, behind if name == "rows_lag" and behind is not None else part.figure),
                    title=UNITS.get(name, ""),
                ),
            )
            for name, part in parts.items()
        ],
        caption="Services, each asked just now",
        empty="Nothing was asked yet.",
    )


def _measured(name: str, figure: float | None) -> Html:
    """A service's figure with the word that says what it is."""
    if figure is None:
        return html(None)
    if name in {"database", "redis"}:
        return joined(["in ", millis(figure)])
    if name in {"server", "session", "journal"}:
        return html({"server": f"up {span(figure)}"}.get(name, f"grew {span(figure)} ago"))
    said = {
        "rows_lag": f"{figure:,.0f} behind",
        "agents": f"{figure:,.0f} ill",
        "disk": f"{figure:,.1f} GiB free",
    }
    return html(said.get(name, f"{figure:,.3g}"))


def latencies(measured: Sequence[Found] | None, told: Sequence[Found]) -> Html:
    """p50 to p99 by stage as a bar on a scale of powers of ten; `measured` is None where the session measures none."""
    rows = [*(measured or ()), *told]
    if not rows:
        why = "no session runs that could measure them" if measured is None else "nothing was measured yet"
        return tag("p", f"No latencies: {why}, and no candidate was decided.", class_="empty")
    drawn = [
        (
            joined(
                [
                    tag("b", STAGES.get(row["stage"], (row["stage"], ""))[0]),
                    " ",
                    tag("span", STAGES.get(row["stage"], ("", ""))[1], class_="note"),
                ]
            ),
            _bar(row["p50_ms"], row["p99_ms"]),
            millis(row["p50_ms"]),
            millis(row["p99_ms"]),
            count(row["count"]),
        )
        for row in rows
    ]
    made = table(
        (
            Column("Stage"),
            Column("0.01 ms to 10 s", is_extra=True),
            Column("p50", is_figure=True),
            Column("p99", is_figure=True),
            Column("Count", is_figure=True, is_extra=True),
        ),
        drawn,
        caption="Latencies by stage",
        empty="",
    )
    if measured is None:
        note = "The session's own stages are not measured: none runs, or it does not say."
        return joined([made, tag("p", note, class_="note")])
    return made


def millis(ms: float | None) -> Html:
    """A duration of milliseconds, in the unit that suits it."""
    if ms is None:
        return html(None)
    if ms and ms < 1:
        return html(f"{ms * 1000:.3g} µs")
    return html(f"{ms:.3g} ms" if ms < 1_000 else f"{ms / 1000:.3g} s")


def _bar(p50: float, p99: float) -> Html:
    """Where p50 to p99 lies on a logarithmic scale."""
    begin, end = _place(p50), _place(p99)
    style = f"left: {begin:.1%}; width: {max(0.012, end - begin):.1%}"
    return tag(
        "div", tag("span", "", style=style), class_="span-bar", title=f"p50 {millis(p50)}, p99 {millis(p99)}"
    )


def _place(ms: float) -> float:
    held = min(LAST_MS, max(FIRST_MS, ms))
    return math.log10(held / FIRST_MS) / math.log10(LAST_MS / FIRST_MS)


def feeds(status: Found) -> Html:
    """Each oracle price with its age, and the markets by stage of their life."""
    prices = status.get("prices") or {}
    made = table(
        (
            Column("Symbol"),
            Column("Price", is_figure=True),
            Column("Age", is_figure=True),
            Column("Volatility a year", is_figure=True),
        ),
        [
            (
                tag("b", symbol),
                price(one["price"]),
                millis(one["age_ms"]),
                percent(one["volatility"]) if one["volatility"] is not None else "-",
            )
            for symbol, one in prices.items()
        ],
        caption="Prices that the session believes, with their age in session time",
        empty="No oracle feeds this session: its desks trade on bars, whose age Parts shows."
        if status.get("answers")
        else "No session answers, so no feed has an age.",
    )
    markets = status.get("markets") or {}
    told = ", ".join(f"{number:,} {stage}" for stage, number in markets.items())
    return joined([made, tag("p", f"Prediction markets: {told}.", class_="note") if told else ""])


def storage(use: Use, home: str) -> Html:
    """Journal, disk and memory."""
    share = (
        f"({use.disk_free_bytes / use.disk_bytes:.0%} of the disk)"
        if use.disk_bytes and use.disk_free_bytes
        else ""
    )
    return facts(
        [
            (
                "Journal of this run",
                f"{size(use.journal_bytes)} in {use.segments} segment{'' if use.segments == 1 else 's'}",
            ),
            ("All runs on disk", f"{use.runs} with {size(use.runs_bytes)}"),
            ("Disk free", f"{size(use.disk_free_bytes)} {share}".strip()),
            ("Memory of the session", size(use.session_bytes) if use.session_bytes else "- (none runs here)"),
            ("Memory of this server", size(use.server_bytes)),
            ("Home folder", tag("code", home)),
        ]
    )


def size(amount: int | None) -> str:
    """Bytes in MiB or GiB."""
    if amount is None:
        return "-"
    return f"{amount / MIB:,.1f} MiB" if amount < 1024 * MIB else f"{amount / MIB / 1024:,.1f} GiB"


def _time(text: Any) -> datetime | None:
    """A time of the session's own words (UTC, ISO 8601); None for none."""
    if not text:
        return None
    return datetime.fromisoformat(str(text))
