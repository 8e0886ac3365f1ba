"""The drawings parse, speak to those who do not see them, and hold what they must."""

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from tradeworthy.web.dashboard.markup import Html
from tradeworthy.web.pages.how.page import typeset
from tradeworthy.web.pages.how.pictures import learning_loop, platform, race


@pytest.mark.parametrize("draw", [platform, learning_loop, race])
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


def test_a_formula_is_printed_with_its_signs() -> None:
    """And what would be HTML is not."""
    assert typeset("P_low - c") == "P<sub>low</sub> \N{MINUS SIGN} c"
    assert typeset("a < b_<i>") == "a &lt; b<sub>&lt;i&gt;</sub>"
