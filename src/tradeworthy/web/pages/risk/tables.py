"""What the page Risk says in words and tables, made from rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from tradeworthy.store.listings import REDUCES
from tradeworthy.web.dashboard.figure_words import shown, word_of
from tradeworthy.web.dashboard.frame import tile
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    count,
    day_clock,
    gain,
    html,
    joined,
    meter,
    moment,
    money,
    number_of,
    percent,
    pill,
    table,
    tag,
)
from tradeworthy.web.dashboard.reason_words import reason_words, spoken
from tradeworthy.web.pages.risk.charts import CATEGORY_WORDS, Stance
from tradeworthy.web.pages.risk.gauges import figures_of, trace_link

Row = dict[str, Any]

POSTURE_KINDS: Final = {"APEX": "ok", "STALKER": "warn", "TURTLE": "warn", "HIBERNATE": "bad"}
POSTURE_WORDS: Final = {
    "APEX": "full size",
    "STALKER": "leverage is capped",
    "TURTLE": "smallest size, orders that wait in the book only",
    "HIBERNATE": "no entries, and positions are closed if it lasts",
}


def halt_banner(rows: Sequence[Row]) -> Html:
    """What is halted in the shown run, by whom and why; nothing if nothing is."""
    return joined(
        tag(
            "div",
            joined(
                [
                    tag("b", f"Desk {row['desk']} is halted" if row["desk"] else "All entries are halted"),
                    tag("span", joined(["by ", row["by"] or "-", " at ", day_clock(row["created_at"])])),
                    tag("span", f"{spoken(row['rule'])}: {row['reason'] or 'no reason given'}"),
                    tag("span", "It holds until a person resumes with a name and a reason."),
                ],
                " ",
            ),
            class_="tw-banner bad",
            role="alert",
            data_halt=row["rule"],
        )
        for row in rows
    )


def tiles(found: Row) -> Html:
    """The headline: value, high-water mark, drawdown, and the day beside its base."""
    equity, peak, base, pnl = (found[name] for name in ("equity", "peak", "base", "pnl"))
    if equity is None:
        return tile("Current value", html(None), "not marked yet: the first packets bring a mark")
    risk = found["about"].get("risk") or {}
    fall, lost = peak - equity, max(-pnl, Decimal(0))
    return joined(
        [
            tile(
                "Current value",
                money(equity),
                joined([found["currency"], " at ", day_clock(found["created_at"])]),
            ),
            tile("High-water mark", money(peak), "the highest mark so far"),
            tile("Drawdown", _share(fall, peak), _limit(risk, "drawdown_max", fall, peak)),
            tile("Today's P&L", gain(pnl), joined(["from ", money(base), ", the day's base"])),
            tile("Day's loss", _share(lost, base), _limit(risk, "daily_loss_max", lost, base)),
        ]
    )


def _share(part: Decimal, whole: Decimal) -> Html:
    return percent(part / whole if whole else None, places=2)


def _limit(risk: Row, setting: str, lost: Decimal, base: Decimal) -> Html:
    if setting not in risk or not base:
        return html("")
    limit = base * Decimal(str(risk[setting]))
    return joined([money(lost), " of ", money(limit), " to a halt"])


def newest_decision(decision: Row | None) -> Html:
    """Which decision the figures are of."""
    if decision is None:
        return html("Risk has decided nothing yet: its guards are asked when a desk wants to trade.")
    said = "approved" if decision["approved"] else f"refused by {spoken(decision['reason'])}"
    if decision["reason"] == REDUCES:
        said = "approved as an exit, which no guard holds up"
    what = trace_link(decision, f"candidate {decision['candidate']}")
    return joined(
        ["Newest decision ", moment(decision["created_at"]), ": ", what, f" of {decision['desk']}, {said}."]
    )


def breakers(found: Row) -> Html:
    """What halts by itself: where it trips, and whether it has."""
    risk, day = found["about"].get("risk") or {}, found["day"]
    latched = {row["rule"] for row in found["holding"]}
    rows = list[tuple[Any, ...]]()
    for rule, name, setting, base in (
        ("drawdown", "Drawdown", "drawdown_max", day["peak"]),
        ("daily_loss", "Day's loss", "daily_loss_max", day["base"]),
    ):
        limit = base * Decimal(str(risk[setting])) if base and setting in risk else None
        at = joined(["equity under ", money(base - limit)]) if limit is not None else html(None)
        rows.append((name, at, _state(is_latched=rule in latched)))
    rows.append(("Faults", "five of a desk within ten minutes", _state(is_latched="faults" in latched)))
    rows.append(
        ("Quarantine", "a packet on which the process died twice", _state(is_latched="quarantine" in latched))
    )
    rows.append(("Kill file", "the latch file is there", _state(is_latched="kill_file" in latched)))
    for figure in ("pause_left_ms", "backoff_left_ms"):
        if row := found["figures"].get(figure):
            ms = _left(row, found["about"].get("last_at"))
            waits = ms > 0
            left = joined([shown(row, ms), " left"]) if waits else "nobody waits"
            rows.append(
                (word_of(figure).name, left, pill("waiting", "warn") if waits else pill("free", "ok"))
            )
    columns = (Column("Breaker"), Column("Trips at"), Column("Now"))
    made = table(columns, rows, caption="Circuit breakers, and whether they hold", empty="")
    return joined([made, faults(found["faults"])])


def _left(row: Row, now: datetime | None) -> int:
    """Milliseconds of a wait that are left at session time `now`: risk said how many when it last decided."""
    passed_ms = int((now - row["created_at"]).total_seconds() * 1000) if now else 0
    return max(0, (row["value"] or 0) - max(0, passed_ms))


def _state(*, is_latched: bool) -> Html:
    return pill("latched", "bad") if is_latched else pill("armed", "ok")


def faults(rows: Sequence[Row]) -> Html:
    """Which desks raised, how often, and what last."""
    if not rows:
        return tag("p", "No desk raised in this run, and none is quarantined.", class_="note")
    return joined(
        tag(
            "p",
            joined(
                [
                    pill(row["desk"] or "no desk", "bad"),
                    f" raised {number_of(row['faults'], 'time')}, last ",
                    day_clock(row["created_at"]),
                    ": ",
                    tag("span", row["reason"], class_="mono"),
                ]
            ),
        )
        for row in rows
    )


def exposures(rows: Sequence[Row], *, what: str, key: str, limit: Decimal | None) -> Html:
    """What open trades cost by market or venue, against the limit that risk last judged by."""
    columns = [
        Column(what),
        Column("Positions", is_figure=True, is_extra=True),
        Column("Cost", is_figure=True),
    ]
    if limit:
        columns.append(Column("Of its limit"))
    said = list[tuple[Any, ...]]()
    for row in rows:
        title = row.get("title")
        name = tag("span", title, title=row[key]) if title else row[key] or "-"
        told = (name, count(row["positions"]), money(row["cost"]))
        said.append((*told, _of_limit(row["cost"] / limit)) if limit else told)
    return table(
        columns,
        said,
        caption=f"Exposure by {what.lower()}, the most first",
        empty=f"Nothing is held, so no {what.lower()} is exposed.",
    )


def _of_limit(share: Decimal) -> Html:
    """A share of a limit as a bar with its figure."""
    kind = "" if share < Decimal("0.8") else "warn" if share <= 1 else "bad"
    return tag("div", joined([meter(float(share), kind), tag("span", percent(share))]), class_="share")


def refused_rules(rows: Sequence[Row]) -> Html:
    """How many candidates each rule refused, as a bar beside the most; each leads to the newest one's path."""
    columns = (Column("Rule"), Column("Refused", is_figure=True), Column("Last"))
    most = max((row["refused"] for row in rows), default=1)
    return table(
        columns,
        [
            (
                joined(
                    [tag("b", spoken(row["rule"])), tag("div", reason_words(row["rule"]), class_="under")]
                ),
                joined([count(row["refused"]), meter(row["refused"] / most)]),
                trace_link(row, day_clock(row["last_at"])),
            )
            for row in rows
        ],
        caption="Refusals by rule, the most frequent first",
        empty="Risk has refused nothing.",
    )


def refusals(rows: Sequence[Row]) -> Html:
    """The newest refusals, each with all its figures to be opened."""
    if not rows:
        return tag(
            "p",
            "Risk has refused nothing in this run: every candidate that came to it was approved.",
            class_="empty",
        )
    return joined(_refusal(row) for row in rows)


def _refusal(row: Row) -> Html:
    side = " ".join(filter(None, (row["side"], row.get("outcome"))))
    asked = tag("b", row.get("title") or row["instrument"] or spoken(row["kind"]), title=row["instrument"])
    heading = joined(
        [
            moment(row["created_at"]),
            pill(spoken(row["reason"]), "bad"),
            tag("span", joined([f"{row['strategy'] or row['desk']}: {side} ", asked]), class_="what"),
            trace_link(row, "its path"),
        ]
    )
    inner = figures_of(row["figures"], row["limits"], row["reason"] or "")
    return tag("details", joined([tag("summary", heading), inner]), class_="refusal")


def halts(rows: Sequence[Row]) -> Html:
    """Every halt with its end."""
    columns = (
        Column("Since"),
        Column("Of"),
        Column("Rule"),
        Column("By whom, and why"),
        Column("Released"),
    )
    return table(
        columns,
        [
            (
                day_clock(row["created_at"]),
                row["desk"] or "all",
                pill(spoken(row["rule"]), "" if row["released_at"] else "bad"),
                f"{row['by'] or '-'}: {row['reason'] or 'no reason given'}",
                joined(
                    [
                        day_clock(row["released_at"]),
                        f" by {row['released_by']}: {row['release_reason'] or '-'}",
                    ]
                )
                if row["released_at"]
                else pill("it holds", "bad"),
            )
            for row in rows
        ],
        caption="Halts, the newest first",
        empty="Nothing was ever halted in this run.",
    )


def orders(rows: Sequence[Row]) -> Html:
    """What people asked for."""
    columns = (Column("When"), Column("Who"), Column("Asked for"), Column("Why"))
    return table(
        columns,
        [
            (
                day_clock(row["created_at"]),
                row["by"] or "-",
                f"{row['said']} {row['desk']}".strip(),
                row["reason"] or "-",
            )
            for row in rows
        ],
        caption="What people asked for, the newest first",
        empty="Nobody halted, resumed or flattened anything.",
    )


def stance_now(stances: Sequence[Stance], posture: Mapping[str, Any]) -> Html:
    """The newest stance in words, and what may have gone unsaid."""
    now = stances[-1]
    said = [
        pill(now.posture.value, POSTURE_KINDS[now.posture.value]),
        tag("span", f" {POSTURE_WORDS[now.posture.value]}, size multiplier Rm {now.rm:.3g}"),
    ]
    if len(stances) == 1:
        said.append(
            tag(
                "p",
                "APEX since the run began: the survival stack says nothing while all is well, and it has said nothing.",
            )
        )
    else:
        said.append(tag("div", joined(["since ", day_clock(now.at), f": {now.reason}"]), class_="note"))
    if posture.get("reports") == "expected":
        said.append(
            tag(
                "p",
                "An outside writer's report is expected: without one that is new, desks go by TURTLE.",
                class_="note",
            )
        )
    if posture.get("own_rules") is False:
        said.append(
            tag("p", "Own rules are off: nothing but an outside report moves the posture.", class_="note")
        )
    return tag("div", joined(said, " "), class_="stance", data_posture=now.posture.value)


def stress_words() -> Html:
    """What each category of stress listens to."""
    told = (f"{name}: {words}" for name, words in CATEGORY_WORDS.items())
    return tag("p", "; ".join(told).capitalize() + ".", class_="note")
