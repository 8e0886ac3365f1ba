"""The drawings of How It Works, as inline SVG in the theme's colours (the style sheet has them)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.risk.guards import RULES
from tradeworthy.web.dashboard.markup import Html, joined, tag


class Box(NamedTuple):
    """A box with a name and up to two lines of text."""

    x: float
    y: float
    width: float
    height: float
    name: str
    lines: Sequence[str] = ()
    kind: str = ""


class Moment(NamedTuple):
    """A point of time of the race, in ms after the price moved."""

    ms: float
    name: str
    text: str
    kind: str = ""


WAIT_MS: Final = ArbitrageSettings().latency_ms
"""What the desk waits before a gap counts, and what an order then takes on paper by default."""

RACE: Final = (
    Moment(0, "0 ms", "the oracle's price moves", "start"),
    Moment(50, "50 ms", "the edge is detected"),
    Moment(WAIT_MS, f"{WAIT_MS} ms", "the gap has lasted; an order is decided"),
    Moment(2 * WAIT_MS, f"{2 * WAIT_MS} ms", "the order reaches the book"),
    Moment(2_000, "2 to 5 s", "the market catches up", "end"),
)
LEVELS: Final = (-40, 34, -80, 72, -40)
"""How far above or below the line the words of each moment stand, so that they keep apart."""

RACE_END_MS: Final = 5_000.0

PLATFORM: Final = "How the platform works"
PLATFORM_SAID: Final = (
    "Inputs enter through gateways into a journal, one core decides,"
    " and its decisions go out and are projected."
)
LEARNING: Final = "How the desk learns"
LEARNING_SAID: Final = (
    "Windows become facts, facts lessons, judged lessons overrides, which change the next sizes and gates."
)


def platform() -> Html:
    """Gateways, journal, core, and where what was decided goes."""
    boxes = (
        Box(10, 60, 150, 120, "Gateways in", ("prices, books, bars", "signals, people, fills")),
        Box(210, 60, 130, 120, "Journal", ("every input, on disk", "before it counts"), "key"),
        Box(390, 24, 300, 192, "Core: one thread, no clock of its own", ()),
        Box(408, 62, 122, 62, "Desks", ("scan, candidate,", "intent")),
        Box(550, 62, 122, 62, "Risk", (f"{len(RULES)} rules, all", "figures kept")),
        Box(550, 140, 122, 62, "Execution", ("orders, venue", "on paper")),
        Box(408, 140, 122, 62, "Ledger", ("the one owner", "of money")),
        Box(740, 60, 150, 120, "Gateways out", ("orders, alerts, jobs", "learning")),
        Box(210, 246, 130, 70, "Tables", ("PostgreSQL",)),
        Box(390, 246, 142, 70, "This dashboard", ("reads, never decides",)),
        Box(550, 246, 140, 70, "Channels", ("Redis, for others",)),
    )
    ways = (
        ((160, 120), (210, 120)),
        ((340, 120), (390, 120)),
        ((530, 93), (550, 93)),
        ((611, 124), (611, 140)),
        ((550, 171), (530, 171)),
        ((469, 140), (469, 124)),
        ((690, 120), (740, 120)),
        ((275, 180), (275, 246)),
        ((340, 281), (390, 281)),
        ((275, 180), (275, 224), (620, 224), (620, 246)),
        ((815, 60), (815, 10), (85, 10), (85, 60)),
    )
    note = tag(
        "text", "fills and answers come back as inputs", x=450, y=6, class_="faint", text_anchor="middle"
    )
    return _drawing(900, 326, PLATFORM, PLATFORM_SAID, [*map(_box, boxes), *map(_arrow, ways), note], top=-8)


def platform_tall() -> Html:
    """The same from top to bottom, for a phone."""
    boxes = (
        Box(44, 4, 232, 66, "Gateways in", ("prices, books, bars,", "signals, people, fills")),
        Box(44, 98, 232, 66, "Journal", ("every input, on disk", "before it counts"), "key"),
        Box(20, 192, 284, 178, "Core: one thread, no clock of its own", ()),
        Box(32, 224, 122, 62, "Desks", ("scan, candidate,", "intent")),
        Box(170, 224, 122, 62, "Risk", (f"{len(RULES)} rules, all", "figures kept")),
        Box(170, 300, 122, 62, "Execution", ("orders, venue", "on paper")),
        Box(32, 300, 122, 62, "Ledger", ("the one owner", "of money")),
        Box(44, 398, 232, 56, "Gateways out", ("orders, alerts, jobs, learning",)),
        Box(20, 480, 110, 56, "Tables", ("PostgreSQL",)),
        Box(160, 480, 144, 56, "This dashboard", ("reads, never decides",)),
        Box(160, 552, 144, 56, "Channels", ("Redis, for others",)),
    )
    ways = (
        ((160, 70), (160, 98)),
        ((160, 164), (160, 192)),
        ((154, 255), (170, 255)),
        ((231, 286), (231, 300)),
        ((170, 331), (154, 331)),
        ((93, 300), (93, 286)),
        ((160, 370), (160, 398)),
        ((44, 131), (8, 131), (8, 508), (20, 508)),
        ((8, 508), (8, 580), (160, 580)),
        ((130, 508), (160, 508)),
        ((276, 426), (314, 426), (314, 37), (276, 37)),
    )
    note = tag("text", "fills come back as inputs", x=308, y=389, class_="faint", text_anchor="end")
    return _drawing(
        320, 612, PLATFORM, PLATFORM_SAID, [*map(_box, boxes), *map(_arrow, ways), note], kind="tall"
    )


LOOP: Final = (
    ("Windows", "acted on or let pass"),
    ("Facts", "what each was worth"),
    ("Lessons", "of enough trades"),
    ("Judge", "chance? still true?"),
    ("Overrides", "bounded, reversible"),
    ("Sizes and gates", "of the next entry"),
)


def learning_loop() -> Html:
    """From trades and let-pass windows to lessons, overrides, and the next trades."""
    boxes = [Box(10 + 150 * number, 20, 130, 62, name, (text,)) for number, (name, text) in enumerate(LOOP)]
    ways = [((140 + 150 * number, 51), (160 + 150 * number, 51)) for number in range(len(LOOP) - 1)]
    back = ((825, 82), (825, 112), (75, 112), (75, 82))
    return _drawing(900, 122, LEARNING, LEARNING_SAID, [*map(_box, boxes), *map(_arrow, [*ways, back])])


def learning_loop_tall() -> Html:
    """The same from top to bottom, for a phone."""
    step, last = 78, len(LOOP) - 1
    boxes = [Box(40, 4 + step * number, 220, 54, name, (text,)) for number, (name, text) in enumerate(LOOP)]
    ways = [((150, 58 + step * number), (150, 4 + step * (number + 1))) for number in range(last)]
    back = ((260, 31 + step * last), (298, 31 + step * last), (298, 31), (260, 31))
    parts = [*map(_box, boxes), *map(_arrow, [*ways, back])]
    return _drawing(320, 62 + step * last, LEARNING, LEARNING_SAID, parts, kind="tall")


def race_tall() -> Html:
    """The race from top to bottom, for a phone."""
    top, bottom, x = 16.0, 364.0, 16.0
    late = _at(2_000, top, bottom)
    parts = [
        tag("line", x1=x, y1=top, x2=x, y2=bottom, class_="axis"),
        tag("rect", x=x - 7, y=f"{top:g}", width=14, height=f"{late - top:g}", class_="open"),
        tag("rect", x=x - 7, y=f"{late:g}", width=14, height=f"{bottom - late:g}", class_="closing"),
    ]
    below = -math.inf
    for moment in RACE:
        y = _at(moment.ms, top, bottom)
        y_text = below = max(y, below + 36)
        parts += [
            tag("polyline", points=f"{x:g},{y:g} {x + 22:g},{y:g} {x + 34:g},{y_text:g}", class_="tick"),
            tag("circle", cx=x, cy=f"{y:g}", r=6, class_=f"dot {moment.kind}".rstrip()),
            tag("text", moment.name, x=x + 42, y=f"{y_text:g}", class_="label"),
            tag("text", moment.text, x=x + 42, y=f"{y_text + 15:g}", class_="note"),
        ]
    return _drawing(320, 376, "From the tick to the market that catches up", _race_said(), parts, kind="tall")


def _race_said() -> str:
    return "; ".join(f"{moment.name}: {moment.text}" for moment in RACE)


def race() -> Html:
    """The race from an oracle's tick to the market that catches up, on a scale of roots."""
    left, right, y = 50.0, 850.0, 92.0
    parts = [
        tag("line", x1=left, y1=y, x2=right, y2=y, class_="axis"),
        _span(left, _at(2_000, left, right), y, "open"),
        _span(_at(2_000, left, right), right, y, "closing"),
    ]
    for moment, level in zip(RACE, LEVELS, strict=True):
        x, y_text = _at(moment.ms, left, right), y + level
        tick = tag(
            "line", x1=f"{x:g}", y1=y_text + (22 if level < 0 else -14), x2=f"{x:g}", y2=y, class_="tick"
        )
        anchor = "start" if moment.ms == 0 else "middle"
        words = [
            tag("text", moment.name, x=f"{x:g}", y=y_text, class_="label", text_anchor=anchor),
            tag("text", moment.text, x=f"{x:g}", y=y_text + 16, class_="note", text_anchor=anchor),
        ]
        dot = tag("circle", cx=f"{x:g}", cy=y, r=6, class_=f"dot {moment.kind}".rstrip())
        parts += [tick, dot, *words]
    return _drawing(900, 190, "From the tick to the market that catches up", _race_said(), parts)


def _span(begin: float, end: float, y: float, kind: str) -> Html:
    return tag("rect", x=f"{begin:g}", y=y - 7, width=f"{end - begin:g}", height=14, class_=kind)


def _at(ms: float, left: float, right: float) -> float:
    return left + (right - left) * math.sqrt(ms / RACE_END_MS)


def _box(box: Box) -> Html:
    middle = box.x + box.width / 2
    lines = [
        tag("text", line, x=middle, y=box.y + 40 + 15 * number, class_="note", text_anchor="middle")
        for number, line in enumerate(box.lines)
    ]
    return joined(
        [
            tag(
                "rect",
                x=box.x,
                y=box.y,
                width=box.width,
                height=box.height,
                rx=9,
                class_=f"box {box.kind}".rstrip(),
            ),
            tag("text", box.name, x=middle, y=box.y + 22, class_="label", text_anchor="middle"),
            *lines,
        ]
    )


def _arrow(way: Sequence[tuple[float, float]]) -> Html:
    (x0, y0), (x, y) = way[-2], way[-1]
    dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
    wings = [(x - 6 * dx + 4 * dy, y - 6 * dy + 4 * dx), (x - 6 * dx - 4 * dy, y - 6 * dy - 4 * dx)]
    head = f"M{wings[0][0]:g} {wings[0][1]:g}L{x:g} {y:g}L{wings[1][0]:g} {wings[1][1]:g}"
    points = " ".join(f"{one:g},{other:g}" for one, other in way)
    return joined([tag("polyline", points=points, class_="way"), tag("path", d=head, class_="head")])


def _drawing(
    width: int,
    height: int,
    title: str,
    description: str,
    parts: Sequence[Any],
    *,
    top: int = 0,
    kind: str = "",
) -> Html:
    inner = joined([tag("title", title), tag("desc", description), *parts])
    return tag(
        "svg",
        inner,
        viewBox=f"0 {top} {width} {height - top}",
        class_=f"drawing {kind}".rstrip(),
        role="img",
        aria_label=title,
    )
