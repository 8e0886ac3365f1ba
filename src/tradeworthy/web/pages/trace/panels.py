"""The nodes of a path, and its steps as a list with all fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tradeworthy.risk.guards import CASH_FIGURES
from tradeworthy.store.values import at
from tradeworthy.web.dashboard.markup import Column, Html, clock, facts, html, joined, link, pill, table, tag
from tradeworthy.web.dashboard.reason_words import spoken
from tradeworthy.web.pages.trace.folding import Folded, folded
from tradeworthy.web.pages.trace.headline import is_open, state_in
from tradeworthy.web.pages.trace.picture import BAD, GOOD, OPEN, Node, offset_text
from tradeworthy.web.pages.trace.reading import Path
from tradeworthy.web.pages.trace.steps import UNSEEN, Step
from tradeworthy.web.pages.trace.words import (
    cash,
    is_milestone,
    kind_of,
    label_of,
    name_of,
    note_of,
    sentence_of,
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
        "cap",
        "pool_max",
        "row_left",
        "token_left",
        "wanted",
        "allocation",
        "payout_floor",
    ),
}
"""Fields of events that are cash units."""

TIMES_FROM: Final = 10**17
"""An integer of a field that names a time is UTC ns if it is above this."""

ANCHOR: Final = "step-"
FOLDED_SHOWN: Final = 200


def nodes_of(path: Path) -> list[tuple[Node, Folded]]:
    """The path's nodes, folded to what can be looked at, each with the steps that it stands for."""
    found = list[tuple[Node, Folded]]()
    stands_for = dict[int, int]()
    for part in folded(path.steps, (kind_of, type_of), is_milestone):
        step = part.first
        stands_for.update(dict.fromkeys((one.seq for one in part.steps), step.seq))
        cause = stands_for.get(step.cause, 0)
        label, note = _label(part), note_of(step, path.units)
        if part.packets > 1:
            types = part.types()
            note = f"until {part.steps[-1].at:%m-%d %H:%M}" if len(types) == 1 else _mixture(types)
        state = state_in(path, step) if part.packets == 1 or len(part.types()) == 1 else ""
        found.append((Node(step.seq, cause, step.lane, step.at_us, label, note, state, part.packets), part))
    if is_open(path) and found:
        node, part = found[-1]
        found[-1] = (node._replace(state=node.state or OPEN), part)
    return found


def _label(part: Folded) -> str:
    """What all that it stands for are called."""
    names = {label_of(step) for step in part.steps}
    types = {name_of(step.type) for step in part.steps}
    return names.pop() if len(names) == 1 else types.pop() if len(types) == 1 else "Steps"


def _mixture(types: Sequence[tuple[str, int]]) -> str:
    """The most frequent of what a node stands for."""
    return ", ".join(f"{number}\N{MULTIPLICATION SIGN} {name_of(name).lower()}" for name, number in types[:2])


def step_entry(part: Folded, path: Path, start_us: int) -> Html:
    """A step of the list: time, what happened, and behind it every field."""
    step = part.first
    state = state_in(path, step)
    mark = {BAD: "bad", GOOD: "ok"}.get(state, "")
    is_one_kind = len(part.types()) == 1
    times = f" \N{MULTIPLICATION SIGN} {part.packets}" if part.packets > 1 else ""
    summary = joined(
        [
            tag("span", offset_text(step.at_us - start_us), class_="when"),
            pill(step.lane.value, mark),
            tag("b", _label(part) + times),
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
            *((spoken(name), shown(name, one)) for name, one in step.event.items()),
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
        return joined(
            (joined([tag("i", spoken(key)), " ", shown(key, one)]) for key, one in value.items()), " · "
        )
    if isinstance(value, list):
        return joined((shown("", one) for one in value), "; ")
    if isinstance(value, int) and name in CASH:
        return html(cash(value))
    if isinstance(value, int) and value > TIMES_FROM:
        return clock(at(value))
    return html(f"{value:.6g}" if isinstance(value, float) else value)


def units_words(path: Path) -> str:
    """Whether quantities that are told are in the instrument's own units."""
    is_told = any(step.type in {"PlaceOrder", "FillObserved", "IntentProposed"} for step in path.steps)
    return (
        ""
        if path.units or not is_told
        else "Quantities are in lots and prices in ticks: their size is not on record."
    )
