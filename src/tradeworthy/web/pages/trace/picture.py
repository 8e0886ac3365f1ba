"""Draws a path: lanes by part from left to right, session time from top to bottom, lines from cause to effect.

Pure: where everything stands is computed first (`laid_out`), and lines run only between rows and between lanes, so
that none crosses a node. The SVG has a title and a description, its colours come from the style sheet, and every node
links to its entry in the list below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tradeworthy.web.dashboard.markup import Html, joined, tag
from tradeworthy.web.pages.trace.steps import LANES, Lane

GUTTER: Final = 92
"""Width of the column of times at the left."""

LANE: Final = 178
NODE_WIDTH: Final = 162
NODE_HEIGHT: Final = 42
ROW: Final = 62
HEAD: Final = 34
LABEL_MAX: Final = 21
NOTE_MAX: Final = 25

GOOD, BAD, OPEN, FAINT = "good", "bad", "open", "faint"
"""What a node says besides its words: it ended well, it died here, it is not over, it is not on record."""

_MARKS: Final = {GOOD: "\N{CHECK MARK}", BAD: "\N{MULTIPLICATION X}", OPEN: "\N{HORIZONTAL ELLIPSIS}"}


class Node(NamedTuple):
    """What is drawn: `label` and `note` are its two lines, `packets` how many it stands for.

    `key` is the seq that it is known by, `cause` the key of the node that it comes from (0: none is drawn).
    """

    key: int
    cause: int
    lane: Lane
    at_us: int
    label: str
    note: str = ""
    state: str = ""
    packets: int = 1


class Placed(NamedTuple):
    """A node and where its upper left corner is, in pixels."""

    node: Node
    row: int
    x: float
    y: float


class Line(NamedTuple):
    """From cause to effect, a polyline of corners in pixels."""

    cause: int
    effect: int
    corners: tuple[tuple[float, float], ...]


class Layout(NamedTuple):
    """Everything in its place; `times` are the rows at which session time moved, in microseconds since the first."""

    width: float
    height: float
    nodes: list[Placed]
    lines: list[Line]
    times: list[tuple[int, int]]


def laid_out(nodes: Sequence[Node]) -> Layout:
    """Where each node stands: below its cause, below the last of its lane, and below all of an earlier time."""
    placed, rows, lanes = list[Placed](), dict[int, int](), dict[Lane, int]()
    times = list[tuple[int, int]]()
    row, before = -1, None
    for node in nodes:
        is_later = node.at_us != before
        row = max(row + is_later, rows.get(node.cause, -1) + 1, lanes.get(node.lane, -1) + 1)
        if is_later:
            times.append((row, node.at_us - nodes[0].at_us))
            before = node.at_us
        rows[node.key] = lanes[node.lane] = row
        x = GUTTER + LANES.index(node.lane) * LANE + (LANE - NODE_WIDTH) / 2
        placed.append(Placed(node, row, x, HEAD + row * ROW + (ROW - NODE_HEIGHT) / 2))
    by_key = {one.node.key: one for one in placed}
    lines = [_line(by_key[one.node.cause], one) for one in placed if one.node.cause in by_key]
    return Layout(GUTTER + LANE * len(LANES), HEAD + (row + 1) * ROW + 6, placed, lines, times)


def _line(cause: Placed, effect: Placed) -> Line:
    """Down from the cause, along the gap below it, down between the lanes if need be, and down to the effect."""
    start, end = cause.x + NODE_WIDTH / 2, effect.x + NODE_WIDTH / 2
    below = HEAD + (cause.row + 1) * ROW
    above = HEAD + effect.row * ROW
    corners = [(start, cause.y + NODE_HEIGHT), (start, below)]
    if above > below:
        between = effect.x - (LANE - NODE_WIDTH) / 2
        corners += [(between, below), (between, above)]
    corners += [(end, above), (end, effect.y)]
    return Line(cause.node.key, effect.node.key, tuple(corners))


def offset_text(us: int) -> str:
    """A length of session time since the path began, with the digits that say something."""
    if us < 0:
        return f"\N{MINUS SIGN}{offset_text(-us)[1:]}"
    if us < 1_000_000:
        return f"+{us / 1000:.6g} ms"
    seconds = us / 1e6
    if seconds < 60:
        return f"+{seconds:.4g} s"
    for unit, length, small, part in (
        ("d", 86_400, "h", 3_600),
        ("h", 3_600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if seconds >= length:
            whole, rest = divmod(int(seconds), length)
            return f"+{whole} {unit} {rest // part} {small}"
    raise AssertionError(us)


def drawn(nodes: Sequence[Node], title: str, description: str, *, anchor: str = "step-") -> Html:
    """The path as an inline SVG; each node links to the element with the id `anchor` + key. Nothing for no nodes."""
    if not nodes:
        return Html("")
    layout = laid_out(nodes)
    parts = [
        tag("title", title, id="path-title"),
        tag("desc", description, id="path-desc"),
        *_lanes(layout),
        *_times(layout),
        tag("g", joined(_line_drawn(line, layout) for line in layout.lines), class_="lines"),
        *(_node(one, anchor) for one in layout.nodes),
    ]
    size = {"width": f"{layout.width:g}", "height": f"{layout.height:g}"}
    return tag(
        "svg",
        joined(parts),
        **size,
        viewBox=f"0 0 {layout.width:g} {layout.height:g}",
        class_="path",
        role="group",
        aria_labelledby="path-title path-desc",
        data_figure="path-picture",
    )


def _lanes(layout: Layout) -> list[Html]:
    found = []
    for number, lane in enumerate(LANES):
        x = GUTTER + number * LANE
        band = tag(
            "rect",
            x=x,
            y=0,
            width=LANE,
            height=f"{layout.height:g}",
            class_=f"lane {'odd' if number % 2 else ''}",
        )
        name = tag("text", lane.value, x=x + LANE / 2, y=21, class_="lane-name", text_anchor="middle")
        found.append(joined([band, name]))
    return found


def _times(layout: Layout) -> list[Html]:
    found = []
    for row, offset in layout.times:
        y = HEAD + row * ROW
        rule = tag("line", x1=6, y1=y, x2=f"{layout.width:g}", y2=y, class_="time-rule")
        said = "0" if not row else offset_text(offset)
        found.append(joined([rule, tag("text", said, x=8, y=y + ROW / 2 + 4, class_="time")]))
    return found


def _line_drawn(line: Line, layout: Layout) -> Html:
    nodes = {one.node.key: one.node for one in layout.nodes}
    state = nodes[line.effect].state if nodes[line.effect].state in {BAD, FAINT} else ""
    way = " ".join(f"{x:g},{y:g}" for x, y in line.corners)
    x, y = line.corners[-1]
    head = tag(
        "path", d=f"M{x - 4:g} {y - 6:g}L{x:g} {y:g}L{x + 4:g} {y - 6:g}", class_=f"arrow {state}".rstrip()
    )
    return joined([tag("polyline", points=way, class_=f"cause {state}".rstrip()), head])


def _node(one: Placed, anchor: str) -> Html:
    node, x, y = one.node, one.x, one.y
    mark = _MARKS.get(node.state, "")
    repeat = f" \N{MULTIPLICATION SIGN} {node.packets}" if node.packets > 1 else ""
    label = _cut(node.label, LABEL_MAX - len(repeat) - 2 * bool(mark)) + repeat
    stack = (
        [tag("rect", x=x + 4, y=y + 4, width=NODE_WIDTH, height=NODE_HEIGHT, rx=7, class_="box under")]
        if node.packets > 1
        else []
    )
    box = tag("rect", x=x, y=y, width=NODE_WIDTH, height=NODE_HEIGHT, rx=7, class_="box")
    words = [
        tag("text", label, x=x + 10, y=y + 18, class_="label"),
        tag("text", _cut(node.note, NOTE_MAX), x=x + 10, y=y + 34, class_="node-note"),
    ]
    if mark:
        words.append(tag("text", mark, x=x + NODE_WIDTH - 10, y=y + 18, class_="mark", text_anchor="end"))
    whole = f"{node.label}{repeat}, {node.lane.value.lower()}: {node.note}"
    return tag(
        "a",
        tag("g", joined([tag("title", whole), *stack, box, *words])),
        href=f"#{anchor}{node.key}",
        class_=f"node {node.state}".rstrip(),
        aria_label=whole,
        data_seq=node.key,
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
