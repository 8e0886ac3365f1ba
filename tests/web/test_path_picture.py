"""The layout of a path: nothing lies on anything else, and what comes from outside is escaped."""

import itertools
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.web.pages.trace.picture import (
    BAD,
    LABEL_MAX,
    NODE_HEIGHT,
    NODE_WIDTH,
    Layout,
    Node,
    Placed,
    drawn,
    laid_out,
    offset_text,
)
from tradeworthy.web.pages.trace.steps import LANES, Lane

SVG = "{http://www.w3.org/2000/svg}"


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


def crosses(one: tuple[float, float], other: tuple[float, float], box: Placed) -> bool:
    """Whether the line between two corners, which runs across or down, goes through a node."""
    left, right = sorted((one[0], other[0]))
    top, bottom = sorted((one[1], other[1]))
    beside = right <= box.x or left >= box.x + NODE_WIDTH
    return not (beside or bottom <= box.y or top >= box.y + NODE_HEIGHT)


@given(paths())
def test_no_two_nodes_overlap(nodes: list[Node]) -> None:
    """P2: a picture that hides a step would be none."""
    layout = laid_out(nodes)
    for one, other in itertools.combinations(layout.nodes, 2):
        apart = abs(one.x - other.x) >= NODE_WIDTH or abs(one.y - other.y) >= NODE_HEIGHT
        assert apart, f"{one.node.key} lies on {other.node.key}"
    assert all(one.x >= 0 and one.x + NODE_WIDTH <= layout.width for one in layout.nodes)
    assert all(one.y >= 0 and one.y + NODE_HEIGHT <= layout.height for one in layout.nodes)


@given(paths())
def test_no_line_goes_through_a_node(nodes: list[Node]) -> None:
    """Lines run in the gaps between rows and between lanes."""
    layout = laid_out(nodes)
    for line in layout.lines:
        for one, other in itertools.pairwise(line.corners):
            assert not any(crosses(one, other, box) for box in layout.nodes)


@given(paths())
def test_an_effect_stands_below_its_cause_and_time_runs_down(nodes: list[Node]) -> None:
    """Whoever reads downwards reads in order."""
    layout = laid_out(nodes)
    rows = {one.node.key: one.row for one in layout.nodes}
    assert all(rows[node.cause] < rows[node.key] for node in nodes if node.cause)
    assert all(
        rows[one.key] < rows[other.key] for one, other in itertools.pairwise(nodes) if other.at_us > one.at_us
    )
    assert len(layout.lines) == sum(bool(node.cause) for node in nodes)


@given(paths())
def test_each_time_is_told_once(nodes: list[Node]) -> None:
    """The offsets are those since the first node, in rows of their own."""
    layout = laid_out(nodes)
    assert [offset for _, offset in layout.times] == sorted({node.at_us - nodes[0].at_us for node in nodes})
    assert len({row for row, _ in layout.times}) == len(layout.times)


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
    assert any(text.endswith("× 12") and len(text) <= LABEL_MAX for text in shown)  # noqa: RUF001
    assert [one for one in picture.iter("title") if (one.text or "").startswith(name)]


def test_nothing_is_drawn_of_nothing() -> None:
    """The page says why in words."""
    assert drawn([], "t", "d") == ""
    assert laid_out([]) == Layout(laid_out([]).width, laid_out([]).height, [], [], [])


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
