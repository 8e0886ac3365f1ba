"""The HTML around a picture of a path: its headline, its steps as a list with all fields, the figures of a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from tradeworthy.core.events import Figure
from tradeworthy.market.money import decimal_of
from tradeworthy.risk.guards import CASH_FIGURES, RULES
from tradeworthy.store.listings import MAXIMA
from tradeworthy.store.values import at
from tradeworthy.web.dashboard.frame import tile
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    clock,
    facts,
    gain,
    html,
    joined,
    link,
    meter,
    number_of,
    pill,
    table,
    tag,
)
from tradeworthy.web.dashboard.reason_words import reason_words, verdict
from tradeworthy.web.pages.risk.gauges import NONE_IS_CLEAR
from tradeworthy.web.pages.trace.folding import Folded, folded
from tradeworthy.web.pages.trace.picture import BAD, GOOD, OPEN, Node, offset_text
from tradeworthy.web.pages.trace.reading import Path
from tradeworthy.web.pages.trace.steps import UNSEEN, Step
from tradeworthy.web.pages.trace.words import (
    LABELS,
    cash,
    is_milestone,
    kind_of,
    label_of,
    note_of,
    sentence_of,
    state_of,
    type_of,
)

CASH: Final = CASH_FIGURES | {
    *(
        "fee",
        "fees",
        "pnl",
        "cost",
        "cash",
        "peak",
        "amount",
        "realised",
        "leg_risk_loss",
        "payout",
        "profit",
    ),
    *(
        "entry_notional",
        "exit_notional",
        "notional",
        "spent",
        "extracted",
        "remaining",
        "allocation",
        "payout_floor",
    ),
}
"""Fields of events that are cash units."""

TIMES_FROM: Final = 10**17
"""An integer of a field that names a time is UTC ns if it is above this."""

ANCHOR: Final = "step-"
FOLDED_SHOWN: Final = 200


class Judged(NamedTuple):
    """One figure of a decision beside its limit; `used` is the part of a limit that is a maximum, None for others."""

    name: str
    value: str
    limit: str
    used: float | None
    is_broken: bool


def nodes_of(path: Path) -> list[tuple[Node, Folded]]:
    """The path's nodes, folded to what can be looked at, each with the steps that it stands for."""
    found = list[tuple[Node, Folded]]()
    stands_for = dict[int, int]()
    for part in folded(path.steps, (kind_of, type_of), is_milestone):
        step = part.first
        stands_for.update(dict.fromkeys((one.seq for one in part.steps), step.seq))
        cause = stands_for.get(step.cause, 0)
        label, note = label_of(step), note_of(step, path.units)
        if part.packets > 1:
            types = part.types()
            label = label if len(types) == 1 else "Steps"
            note = f"until {part.steps[-1].at:%m-%d %H:%M}" if len(types) == 1 else _mixture(types)
        state = state_of(step) if part.packets == 1 or len(part.types()) == 1 else ""
        found.append((Node(step.seq, cause, step.lane, step.at_us, label, note, state, part.packets), part))
    if is_open(path) and found:
        node, part = found[-1]
        found[-1] = (node._replace(state=node.state or OPEN), part)
    return found


def _mixture(types: Sequence[tuple[str, int]]) -> str:
    """The most frequent of what a node stands for."""
    return ", ".join(f"{number} {LABELS.get(name, name).lower()}" for name, number in types[:2])


def is_open(path: Path) -> bool:
    """Whether its candidate has no verdict yet."""
    return path.candidate is not None and not path.candidate["verdict"]


def died_at(path: Path) -> Step | None:
    """The first step that stopped it; None if nothing did, or if it is a row's life, which goes on."""
    if path.is_life:
        return None
    return next((step for step in path.steps if state_of(step) == BAD), None)


def headline(path: Path) -> Html:
    """What became of it, in five tiles."""
    if path.is_life:
        return _life_headline(path)
    found, end = path.candidate, died_at(path)
    outcome = _verdict_of(path)
    reason = (
        str(end.event.get("skip") or end.event.get("reason") or "") if end else (found or {}).get("reason")
    )
    first, last = path.steps[0], path.steps[-1]
    closed = [step for step in path.steps if step.type in {"TradeClosed", "PositionClosed"}]
    pnl = sum(step.event.get("pnl", 0) for step in closed)
    about = (found or {}).get("kind") or label_of(first)
    where = f"at {label_of(end)}, {end.lane.value.lower()}" if end else "nothing stopped it"
    ended = verdict(outcome) if outcome else pill("no candidate")
    tiles = [
        tile("What", about, path.title or (found or {}).get("instrument") or ""),
        tile("Ended", ended, html(reason_words(reason))),
        tile("Died", end.lane.value if end else "-", where),
        tile(
            "From first to last",
            offset_text(last.at_us - first.at_us)[1:],
            number_of(len(path.steps), "step"),
        ),
        tile(
            "P&L of its trades",
            gain(decimal_of(pnl)) if closed else "-",
            "after fees" if closed else "no trade closed on this path",
        ),
    ]
    return joined(tiles)


def _life_headline(path: Path) -> Html:
    """A row's life in five tiles."""
    numbers = Counter(step.type for step in path.steps)
    ended = [step for step in path.steps if step.type == "PositionClosed"]
    won = sum(step.event["pnl"] > 0 for step in ended)
    missed = sum(
        step.event["decision_taken"] == "skipped" and step.event["outcome"] == "success"
        for step in path.steps
        if step.type == "WindowResolved"
    )
    first, last = path.steps[0], path.steps[-1]
    return joined(
        [
            tile(
                "Row", path.title, f"{len(path.steps)} steps in {offset_text(last.at_us - first.at_us)[1:]}"
            ),
            tile("Trades closed", len(ended), f"{won} won"),
            tile(
                "P&L of its trades", gain(decimal_of(sum(step.event["pnl"] for step in ended))), "after fees"
            ),
            tile("Actions", numbers["ActionTaken"], f"{numbers['StageChanged']} changes of stage"),
            tile("Windows skipped", numbers["Candidate"], f"{missed} turned out missed"),
        ]
    )


def description(path: Path) -> str:
    """The picture in a sentence, for those who do not see it."""
    ends = f"It ended {path.ended}." if path.ended else ""
    lanes = ", ".join(dict.fromkeys(step.lane.value.lower() for step in path.steps))
    return f"{len(path.steps)} steps through {lanes}, from top to bottom in session time. {ends}".strip()


def step_entry(part: Folded, path: Path, start_us: int) -> Html:
    """A step of the list: time, what happened, and behind it every field."""
    step = part.first
    state = state_of(step)
    mark = {BAD: "bad", GOOD: "ok"}.get(state, "")
    is_one_kind = len(part.types()) == 1
    times = f" \N{MULTIPLICATION SIGN} {part.packets}" if part.packets > 1 else ""
    summary = joined(
        [
            tag("span", offset_text(step.at_us - start_us), class_="when"),
            pill(step.lane.value, mark),
            tag("b", (label_of(step) if is_one_kind else "Steps") + times),
            tag(
                "span",
                sentence_of(step, path.units) if is_one_kind else _mixture(part.types()),
                class_="said",
            ),
        ],
        " ",
    )
    inner = _fields(step, path) if part.packets == 1 else _folded(part, path)
    # The id is inside: following a link to it opens what it stands in.
    body = tag("div", inner, id=f"{ANCHOR}{step.seq}", class_="fields")
    return tag("details", joined([tag("summary", summary), body]))


def _fields(step: Step, path: Path) -> Html:
    agent = step.agent or "-"
    cause = (
        link("/trace", step.cause, packet=step.cause, run=path.run) if step.cause else "none: it is an input"
    )
    known: list[tuple[str, Any]] = [("seq", max(0, step.seq) or "-"), ("cause", cause), ("agent", agent)]
    if step.type not in UNSEEN:
        known += [
            ("session time", clock(step.at)),
            *((name, shown(name, one)) for name, one in step.event.items()),
        ]
    return facts(known)


def _folded(part: Folded, path: Path) -> Html:
    rows = [
        (
            clock(step.at),
            link("/trace", step.seq, packet=step.seq, run=path.run),
            joined([pill(step.lane.value), " ", label_of(step)]),
            sentence_of(step, path.units),
        )
        for step in part.steps[:FOLDED_SHOWN]
    ]
    more = f" (the first {FOLDED_SHOWN} of {part.packets})" if part.packets > FOLDED_SHOWN else ""
    return table(
        (Column("Time"), Column("Packet"), Column("What"), Column("Said")),
        rows,
        caption=f"Repeated steps{more}",
        empty="",
    )


def shown(name: str, value: Any) -> Html:
    """A field of an event for people: cash as an amount, times as times, what is nested in one line."""
    if isinstance(value, bool) or value in (None, "", [], {}):
        return html("yes" if value is True else "no" if value is False else None)
    if isinstance(value, dict):
        return joined((joined([tag("i", key), " ", shown(key, one)]) for key, one in value.items()), " · ")
    if isinstance(value, list):
        return joined((shown("", one) for one in value), "; ")
    if isinstance(value, int) and name in CASH:
        return html(cash(value))
    if isinstance(value, int) and value > TIMES_FROM:
        return clock(at(value))
    return html(f"{value:.6g}" if isinstance(value, float) else value)


def judged(step: Step) -> list[Judged]:
    """The figures of a decision in the order in which its rules are asked."""
    event = step.event
    if event.get("checks"):
        return [
            Judged(one["name"], _word("", one["figure"]), _word("", one["limit"]), None, not one["passed"])
            for one in event["checks"]
        ]
    figures, limits = event.get("figures") or {}, event.get("limits") or {}
    codes = {rule.figure: rule.code for rule in RULES}
    named = [name for name in codes if name in figures] + [name for name in limits if name not in codes]
    reason = "" if event.get("approved") else event.get("reason", "")
    found = []
    for name in named:
        value, limit = figures.get(name), limits.get(name)
        broken = bool(reason) and codes.get(name, name) == reason and _breaks(name, value, limit)
        found.append(Judged(name, _word(name, value), _word(name, limit), _used(name, value, limit), broken))
    return found


def judgement(rows: Sequence[Judged]) -> Html:
    """Figures against limits; those that say nothing (no value) are left out."""
    told = [row for row in rows if row.value != "-" or row.is_broken]
    return table(
        (Column("Figure"), Column("Value", is_figure=True), Column("Limit", is_figure=True), Column("Used")),
        [
            (
                joined([tag("b", row.name), " ", pill("broken", "bad")]) if row.is_broken else row.name,
                row.value,
                row.limit,
                _meter(row),
            )
            for row in told
        ],
        caption="Figures against limits at the decision",
        empty="This decision recorded no figures.",
    )


def decided(step: Step) -> Html:
    """The same of a decision, and why it was a yes over a limit, if it was."""
    rows = judged(step)
    is_over = step.event.get("approved") and any((row.used or 0.0) > 1.0 for row in rows)
    note = "It passed over a limit: what only reduces a position always may." if is_over else ""
    return joined([tag("p", note, class_="note") if note else "", judgement(rows)])


def _meter(row: Judged) -> Html:
    if row.used is None:
        return Html("")
    kind = "bad" if row.is_broken else "warn" if row.used > 0.8 else ""
    return meter(row.used, kind, title=f"{row.used:.0%} of the limit")


def _used(name: str, value: Figure, limit: Figure) -> float | None:
    if (
        name not in MAXIMA
        or not isinstance(value, int | float)
        or not isinstance(limit, int | float)
        or limit <= 0
    ):
        return None
    return max(0.0, value / limit)


def _breaks(name: str, value: Figure, limit: Figure) -> bool:
    """Whether the figure is what its rule said no to."""
    if value is None or isinstance(value, str | bool):
        return value is None or bool(value)
    if not isinstance(limit, int | float):
        return False
    if name in MAXIMA:
        return value > limit
    return value > 0 if name in NONE_IS_CLEAR else value < limit or (name == "expires_in_ms" and value <= 0)


def _word(name: str, value: Figure) -> str:
    if value in ("", None):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name in CASH_FIGURES:
        return cash(value)
    return f"{value:.6g}" if isinstance(value, float) else f"{value}"


def _verdict_of(path: Path) -> str:
    if path.candidate is not None:
        return path.candidate["verdict"] or "OPEN"
    found = [step.event["outcome"] for step in path.steps if step.type == "Verdict"]
    return str(found[0]) if len(found) == 1 else ""


def unjudged(path: Path) -> Html:
    """What the desk saw, where risk was never asked."""
    seen: dict[str, Any] = next(
        (step.event["figures"] for step in path.steps if step.event.get("figures")), {}
    )
    said = tag(
        "p", "Risk was never asked about it. What the desk saw:" if seen else "Risk was never asked about it."
    )
    return joined([said, facts((name, shown(name, value)) for name, value in seen.items())])


def units_words(path: Path) -> str:
    """Whether quantities that are told are in the instrument's own units."""
    is_told = any(step.type in {"PlaceOrder", "FillObserved", "IntentProposed"} for step in path.steps)
    return (
        ""
        if path.units or not is_told
        else "Quantities are in lots and prices in ticks: their size is not on record."
    )
