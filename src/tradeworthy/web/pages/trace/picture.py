"""Draws a path: lanes by part from left to right, session time from top to bottom, lines from cause to effect.

Pure: where everything stands is computed first (`laid_out`), and lines run only between rows and beside nodes, so that
none crosses one. The SVG has a title and a description, its colours come from the style sheet, and every node links to
its entry in the list below it. Its measures are a Shape: WIDE has a column for each lane, COMPACT, for a phone, a node
a row and lanes as the steps of a staircase.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tradeworthy.web.dashboard.markup import Html, joined, tag
from tradeworthy.web.pages.trace.steps import LANES, Lane


@dataclass(frozen=True)
class Shape:
    """The measures of a picture, in pixels and characters.

    `left` is what stands before the first lane, `lane` how far lanes are apart, `port` where in a node lines end (from
    its left), `beside` how far left of a node they pass it. `band` is the room above a row for the time, if that does
    not stand in `left`, and `right` what is free behind the last lane. A staircase has one node a row, and its lanes
    lie over each other. `name` tells it from others in the same document.
    """

    name: str
    left: float
    lane: float
    node_width: float
    node_height: float
    row: float
    head: float
    port: float
    beside: float
    label_max: int
    note_max: int
    band: float = 0.0
    right: float = 0.0
    is_staircase: bool = False

    @property
    def width(self) -> float:
        """Of the whole picture."""
        return self.left + self.lane * (len(LANES) - 1) + max(self.lane, self.node_width) + self.right

    def x_of(self, lane: Lane) -> float:
        """Where a lane's nodes begin."""
        return self.left + LANES.index(lane) * self.lane + max(0.0, self.lane - self.node_width) / 2


WIDE: Final = Shape("", 92, 178, 162, 42, 62, 34, 81, 8, 21, 25)
COMPACT: Final = Shape("compact", 10, 28, 176, 42, 60, 0, 20, 7, 23, 26, band=24, right=4, is_staircase=True)

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
    """Everything in its place; `times` are heights at which session time moved, with the us since the first."""

    shape: Shape
    height: float
    nodes: list[Placed]
    lines: list[Line]
    times: list[tuple[float, int]]


def laid_out(nodes: Sequence[Node], shape: Shape = WIDE) -> Layout:
    """Where each node stands: below its cause, below the last of its lane, and below all of an earlier time."""
    placed, rows, lanes = list[Placed](), dict[int, int](), dict[Lane, int]()
    times = list[tuple[float, int]]()
    row, top, before = -1, shape.head - shape.row, None
    for node in nodes:
        is_later = node.at_us != before
        last = row
        row = max(
            row + (is_later or shape.is_staircase), rows.get(node.cause, -1) + 1, lanes.get(node.lane, -1) + 1
        )
        top += (row - last) * shape.row
        if is_later:
            times.append((top, node.at_us - nodes[0].at_us))
            top += shape.band
            before = node.at_us
        rows[node.key] = lanes[node.lane] = row
        y = top + (shape.row - shape.node_height) / 2
        placed.append(Placed(node, row, shape.x_of(node.lane), y))
    by_key = {one.node.key: one for one in placed}
    lines = [_line(by_key[one.node.cause], one, placed, shape) for one in placed if one.node.cause in by_key]
    return Layout(shape, top + shape.row + 6, placed, lines, times)


def _line(cause: Placed, effect: Placed, placed: Sequence[Placed], shape: Shape) -> Line:
    """Down from the cause, along the gap below it, down beside the nodes between if need be, and down to the effect."""
    start, end = cause.x + shape.port, effect.x + shape.port
    gap = (shape.row - shape.node_height) / 2
    below, above = cause.y + shape.node_height + gap, effect.y - gap
    corners = [(start, cause.y + shape.node_height), (start, below)]
    if effect.row > cause.row + 1:
        # The columns of lanes have room between them; the steps of a staircase lie over each other.
        passed = [one.x for one in placed if cause.row < one.row < effect.row] if shape.is_staircase else []
        beside = min(passed, default=effect.x) - shape.beside
        corners += [(beside, below), (beside, above)]
    elif above > below:
        corners.append((end, below))
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


def drawn(
    nodes: Sequence[Node], title: str, description: str, shape: Shape = WIDE, *, anchor: str = "step-"
) -> Html:
    """The path as an inline SVG; each node links to the element with the id `anchor` + key. Nothing for no nodes."""
    if not nodes:
        return Html("")
    layout = laid_out(nodes, shape)
    ending = f"-{shape.name}" if shape.name else ""
    parts = [
        tag("title", title, id=f"path-title{ending}"),
        tag("desc", description, id=f"path-desc{ending}"),
        *_lanes(layout),
        *_times(layout),
        tag("g", joined(_line_drawn(line, layout) for line in layout.lines), class_="lines"),
        *(_node(one, shape, anchor) for one in layout.nodes),
    ]
    size = {"width": f"{shape.width:g}", "height": f"{layout.height:g}"}
    return tag(
        "svg",
        joined(parts),
        **size,
        viewBox=f"0 0 {shape.width:g} {layout.height:g}",
        class_=f"path {shape.name}".rstrip(),
        role="group",
        aria_labelledby=f"path-title{ending} path-desc{ending}",
        data_figure=f"path-picture{ending}",
    )


def _lanes(layout: Layout) -> list[Html]:
    return _stairs(layout) if layout.shape.is_staircase else _columns(layout)


def _columns(layout: Layout) -> list[Html]:
    """A band with its name for each lane."""
    shape, found = layout.shape, []
    for number, lane in enumerate(LANES):
        x = shape.left + number * shape.lane
        band = tag(
            "rect",
            x=f"{x:g}",
            y=0,
            width=f"{shape.lane:g}",
            height=f"{layout.height:g}",
            class_=f"lane {'odd' if number % 2 else ''}",
        )
        name = tag(
            "text", lane.value, x=f"{x + shape.lane / 2:g}", y=21, class_="lane-name", text_anchor="middle"
        )
        found.append(joined([band, name]))
    return found


def _stairs(layout: Layout) -> list[Html]:
    """A lane's name above each node that is in another lane than the one before it."""
    found, before = [], None
    for node, _, x, y in layout.nodes:
        if node.lane is not before:
            end = f"{x + layout.shape.node_width - 2:g}"
            found.append(
                tag("text", node.lane.value, x=end, y=f"{y - 5:g}", class_="lane-name", text_anchor="end")
            )
        before = node.lane
    return found


def _times(layout: Layout) -> list[Html]:
    shape, found = layout.shape, []
    right = f"{shape.width:g}"
    for y, offset in layout.times:
        rule = tag("line", x1=6, y1=f"{y:g}", x2=right, y2=f"{y:g}", class_="time-rule")
        word = offset_text(offset) if offset else "0"
        # In a band of its own it stands at the right end: lines run at the left.
        place: dict[str, Any] = (
            {"x": right, "y": f"{y + 13:g}", "text_anchor": "end"}
            if shape.band
            else {"x": 8, "y": f"{y + shape.row / 2 + 4:g}"}
        )
        found.append(joined([rule, tag("text", word, **place, class_="time")]))
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


def _node(one: Placed, shape: Shape, anchor: str) -> Html:
    node, x, y = one.node, one.x, one.y
    mark = _MARKS.get(node.state, "")
    repeat = f" \N{MULTIPLICATION SIGN} {node.packets}" if node.packets > 1 else ""
    label = _cut(node.label, shape.label_max - len(repeat) - 3 * bool(mark)) + repeat
    size = {"width": f"{shape.node_width:g}", "height": f"{shape.node_height:g}", "rx": 7}
    stack = (
        [tag("rect", x=f"{x + 4:g}", y=f"{y + 4:g}", **size, class_="box under")] if node.packets > 1 else []
    )
    box = tag("rect", x=f"{x:g}", y=f"{y:g}", **size, class_="box")
    first = 18 if node.note else 26
    words = [tag("text", label, x=10, y=first, class_="label")]
    if node.note:
        words.append(tag("text", _cut(node.note, shape.note_max), x=10, y=34, class_="node-note"))
    if mark:
        right = f"{shape.node_width - 10:g}"
        words.append(tag("text", mark, x=right, y=first, class_="mark", text_anchor="end"))
    # A picture in the picture ends at its edges, however wide a font's letters are.
    inside = tag("svg", joined(words), x=f"{x:g}", y=f"{y:g}", width=size["width"], height=size["height"])
    whole = f"{node.label}{repeat}, {node.lane.value.lower()}: {node.note}".removesuffix(": ")
    return tag(
        "a",
        tag("g", joined([tag("title", whole), *stack, box, inside])),
        href=f"#{anchor}{node.key}",
        class_=f"node {node.state}".rstrip(),
        aria_label=whole,
        data_seq=node.key,
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
