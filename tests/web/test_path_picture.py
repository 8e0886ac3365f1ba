"""The layout of a path: nothing lies on anything else, and what comes from outside is escaped."""

import itertools
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.web.pages.trace.picture import (
    BAD,
    COMPACT,
    WIDE,
    Node,
    Placed,
    Shape,
    drawn,
    laid_out,
    offset_text,
)
from tradeworthy.web.pages.trace.steps import LANES, Lane

PHONE = 332
"""Pixels that a card has within a phone of 390."""

shapes = pytest.mark.parametrize("shape", [WIDE, COMPACT], ids=["wide", "compact"])


@st.composite
def paths(draw: st.DrawFn) -> list[Node]:
    """Nodes in order of their keys, each with an earlier cause or none, and with times that do not fall."""
    count = draw(st.integers(1, 40))
    nodes, at = list[Node](), 0
    for key in range(1, count + 1):
        at += draw(st.sampled_from((0, 0, 0, 250_000)))
        cause = draw(st.integers(0, key - 1))
        nodes.append(Node(key, cause, draw(st.sampled_from(LANES)), at, "Step", "note"))
    return nodes


def crosses(one: tuple[float, float], other: tuple[float, float], box: Placed, shape: Shape) -> bool:
    """Whether the line between two corners, which runs across or down, goes through a node."""
    left, right = sorted((one[0], other[0]))
    top, bottom = sorted((one[1], other[1]))
    beside = right <= box.x or left >= box.x + shape.node_width
    return not (beside or bottom <= box.y or top >= box.y + shape.node_height)


@shapes
@given(nodes=paths())
def test_no_two_nodes_overlap(shape: Shape, nodes: list[Node]) -> None:
    """P2: a picture that hides a step would be none."""
    layout = laid_out(nodes, shape)
    for one, other in itertools.combinations(layout.nodes, 2):
        apart = abs(one.x - other.x) >= shape.node_width or abs(one.y - other.y) >= shape.node_height
        assert apart, f"{one.node.key} lies on {other.node.key}"
    assert all(one.x >= 0 and one.x + shape.node_width <= shape.width for one in layout.nodes)
    assert all(one.y >= 0 and one.y + shape.node_height <= layout.height for one in layout.nodes)


@shapes
@given(nodes=paths())
def test_no_line_goes_through_a_node(shape: Shape, nodes: list[Node]) -> None:
    """Lines run in the gaps between rows and beside nodes, and none leaves the picture."""
    layout = laid_out(nodes, shape)
    for line in layout.lines:
        for one, other in itertools.pairwise(line.corners):
            assert not any(crosses(one, other, box, shape) for box in layout.nodes)
        assert all(0 <= x <= shape.width and 0 <= y <= layout.height for x, y in line.corners)


@shapes
@given(nodes=paths())
def test_an_effect_stands_below_its_cause_and_time_runs_down(shape: Shape, nodes: list[Node]) -> None:
    """Whoever reads downwards reads in order."""
    layout = laid_out(nodes, shape)
    rows = {one.node.key: one.row for one in layout.nodes}
    assert all(rows[node.cause] < rows[node.key] for node in nodes if node.cause)
    assert all(
        rows[one.key] < rows[other.key] for one, other in itertools.pairwise(nodes) if other.at_us > one.at_us
    )
    assert len(layout.lines) == sum(bool(node.cause) for node in nodes)


@shapes
@given(nodes=paths())
def test_each_time_is_told_once(shape: Shape, nodes: list[Node]) -> None:
    """The offsets are those since the first node, each above what happened then."""
    layout = laid_out(nodes, shape)
    assert [offset for _, offset in layout.times] == sorted({node.at_us - nodes[0].at_us for node in nodes})
    heights = [height for height, _ in layout.times]
    assert heights == sorted(set(heights))
    first = {one.node.at_us - nodes[0].at_us: one.y for one in reversed(layout.nodes)}
    assert all(height + shape.band <= first[offset] for height, offset in layout.times)


@given(paths())
def test_a_phone_shows_a_node_a_row_and_lanes_as_a_staircase(nodes: list[Node]) -> None:
    """P2: nothing has to be scrolled aside; the further a lane is, the more to the right it stands."""
    layout = laid_out(nodes, COMPACT)
    assert COMPACT.width <= PHONE
    assert [one.row for one in layout.nodes] == list(range(len(nodes)))
    assert all(one.x == COMPACT.left + COMPACT.lane * LANES.index(one.node.lane) for one in layout.nodes)


def test_a_lane_is_named_where_the_path_enters_it() -> None:
    """Not at each of its nodes."""
    lanes = (Lane.FEED, Lane.DESK, Lane.DESK, Lane.RISK, Lane.DESK)
    nodes = [Node(key, key - 1, lane, 0, "Step") for key, lane in enumerate(lanes, 1)]
    picture = ET.fromstring(drawn(nodes, "t", "d", COMPACT))  # noqa: S314 - made here
    named = [one.text for one in picture.iter("text") if one.attrib["class"] == "lane-name"]
    assert named == ["Feed", "Desk", "Risk", "Desk"]


def test_both_pictures_can_stand_in_one_document() -> None:
    """No id is there twice, and both lead to the same entries of the list."""
    nodes = [Node(1, 0, Lane.FEED, 0, "Price"), Node(2, 1, Lane.DESK, 0, "Candidate")]
    both = [ET.fromstring(drawn(nodes, "t", "d", shape)) for shape in (WIDE, COMPACT)]  # noqa: S314 - made here
    ids = [one.attrib["id"] for picture in both for one in picture.iter() if "id" in one.attrib]
    assert len(ids) == len(set(ids))
    for picture in both:
        assert set(picture.attrib["aria-labelledby"].split()) <= set(ids)
    assert [[one.attrib["href"] for one in picture.iter("a")] for picture in both] == [
        ["#step-1", "#step-2"]
    ] * 2


def parsed(nodes: list[Node], title: str = "t", description: str = "d") -> ET.Element:
    """The picture as XML: what does not parse is no SVG."""
    return ET.fromstring(drawn(nodes, title, description))  # noqa: S314 - made here


def test_all_text_is_escaped() -> None:
    """A market's title may hold anything."""
    evil = '"><script>alert(1)</script>'
    picture = parsed([Node(1, 0, Lane.FEED, 0, evil, evil)], evil, evil)
    assert not [one for one in picture.iter() if one.tag.endswith("script")]
    assert picture.find("title") is not None
    assert picture.findtext("title") == evil


def test_a_reader_that_sees_nothing_is_told_all() -> None:
    """A title, a description, and for each node its words, its lane and its place in the list."""
    picture = parsed(
        [
            Node(7, 0, Lane.FEED, 0, "Price", "BTC 97500"),
            Node(9, 7, Lane.RISK, 250_000, "Decision", "no: cash", BAD),
        ],
        "Path of 9",
        "Two steps",
    )
    assert picture.attrib["role"] == "group"
    assert picture.attrib["aria-labelledby"] == "path-title path-desc"
    assert (picture.findtext("title"), picture.findtext("desc")) == ("Path of 9", "Two steps")
    links = list(picture.iter("a"))
    assert [one.attrib["href"] for one in links] == ["#step-7", "#step-9"]
    assert links[1].attrib["aria-label"] == "Decision, risk: no: cash"
    assert "bad" in links[1].attrib["class"].split()


def test_long_words_are_cut_and_told_whole_to_the_pointer() -> None:
    """What does not fit is in the node's own title."""
    name = "A name that is far longer than any node is wide"
    picture = parsed([Node(1, 0, Lane.DESK, 0, name, name, packets=12)])
    shown = [one.text or "" for one in picture.iter("text")]
    assert any(text.endswith("× 12") and len(text) <= WIDE.label_max for text in shown)  # noqa: RUF001
    assert [one for one in picture.iter("title") if (one.text or "").startswith(name)]


def test_nothing_is_drawn_of_nothing() -> None:
    """The page says why in words."""
    assert drawn([], "t", "d") == ""
    nothing = laid_out([])
    assert not nothing.nodes
    assert not nothing.lines
    assert not nothing.times


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "+0 ms"),
        (250_000, "+250 ms"),
        (1_500, "+1.5 ms"),
        (30_000_000, "+30 s"),
        (113_750_000, "+1 min 53 s"),
        (3_600_000_000, "+1 h 0 min"),
        (90_000_000_000, "+1 d 1 h"),
        (-250_000, "\N{MINUS SIGN}250 ms"),
    ],
)
def test_offsets_are_told_in_units_that_say_something(us: int, text: str) -> None:
    """Session time since the path began."""
    assert offset_text(us) == text
