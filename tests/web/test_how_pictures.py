"""The drawings parse, speak to those who do not see them, and hold what they must."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise

import pytest

from tradeworthy.web.dashboard.markup import Html
from tradeworthy.web.pages.how.page import typeset
from tradeworthy.web.pages.how.pictures import (
    learning_loop,
    learning_loop_tall,
    platform,
    platform_tall,
    race,
    race_tall,
)


@pytest.mark.parametrize(
    "draw", [platform, platform_tall, learning_loop, learning_loop_tall, race, race_tall]
)
def test_a_drawing_has_a_title_and_a_description(draw: Callable[[], Html]) -> None:
    """A7: read out, it still says something."""
    picture = ET.fromstring(draw())  # noqa: S314 - made here
    assert picture.attrib["role"] == "img"
    assert picture.findtext("title") == picture.attrib["aria-label"]
    assert len(picture.findtext("desc") or "") > 40


def test_the_race_has_its_moments_in_order() -> None:
    """A7: 0 ms, 50 ms, and 2 to 5 s, from left to right."""
    picture = ET.fromstring(race())  # noqa: S314 - made here
    places = [float(dot.attrib["cx"]) for dot in picture.iter("circle")]
    assert places == sorted(places)
    words = [text.text for text in picture.iter("text")]
    assert {"0 ms", "50 ms", "2 to 5 s"} <= set(words)


@pytest.mark.parametrize(
    ("wide", "tall"), [(platform, platform_tall), (learning_loop, learning_loop_tall), (race, race_tall)]
)
def test_a_phone_is_told_the_same(wide: Callable[[], Html], tall: Callable[[], Html]) -> None:
    """A7: the drawing from top to bottom fits in 340 px and names what the other names, at the size of its letters."""
    one, other = (ET.fromstring(draw()) for draw in (wide, tall))  # noqa: S314 - made here
    assert float(other.attrib["viewBox"].split()[2]) <= 340
    names = [
        {text.text for text in drawn.iter("text") if text.attrib["class"] == "label"}
        for drawn in (one, other)
    ]
    assert names[0] == names[1]
    assert (one.findtext("title"), one.findtext("desc")) == (other.findtext("title"), other.findtext("desc"))


def test_no_words_of_the_race_lie_over_each_other() -> None:
    """The first moments are close together; their words keep apart."""
    labels = [text for text in ET.fromstring(race_tall()).iter("text") if text.attrib["class"] == "label"]  # noqa: S314
    places = [float(text.attrib["y"]) for text in labels]
    assert all(after - before >= 32 for before, after in pairwise(places))


def test_a_formula_is_printed_with_its_signs() -> None:
    """And what would be HTML is not."""
    assert typeset("P_low - c") == "P<sub>low</sub> \N{MINUS SIGN} c"
    assert typeset("a < b_<i>") == "a &lt; b<sub>&lt;i&gt;</sub>"
