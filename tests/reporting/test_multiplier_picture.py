"""The picture of multipliers: one bar for each slice, from x1, the paler the less confident."""

import re
from xml.dom import minidom

from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.learning.events import Override
from tradeworthy.reporting.multiplier_picture import LABELS, ROWS_MAX, VALUES, WIDTH, multiplier_picture


def override(multiplier: float, confidence: float = 0.5, curator: str = "ann") -> Override:
    """An override of one slice."""
    return Override(curator, "pm.uptrend.S1.entry", "entry", {"curator": curator}, multiplier, confidence, ())


def bars(picture: str) -> list[dict[str, str]]:
    """The attributes of the bars, in order."""
    rects = minidom.parseString(picture).getElementsByTagName("rect")  # noqa: S318 - our own text
    return [dict(rect.attributes.items()) for rect in rects if rect.hasAttribute("class")]


@given(st.lists(st.tuples(st.floats(1e-3, 1e3), st.floats(-1, 2)), max_size=6))
def test_the_picture_is_whole_whatever_the_figures(voices: list[tuple[float, float]]) -> None:
    """P5: well-formed, one bar for each, all of them between labels and figures."""
    table = [override(*voice, curator=f"<{place}&>") for place, voice in enumerate(voices)]
    found = bars(multiplier_picture(table, "run <1>"))
    assert len(found) == len(table)
    for bar in found:
        assert LABELS <= float(bar["x"]) <= float(bar["x"]) + float(bar["width"]) <= WIDTH - VALUES + 1
        assert 0.15 <= float(bar["opacity"]) <= 1


def test_more_and_less_are_told_apart_and_confidence_shows() -> None:
    """P5: up and down from x1, a surer one stronger, each with its figures."""
    picture = multiplier_picture([override(2.0, 0.9, "ann"), override(0.5, 0.1, "bob")], "run 1")
    up, down = bars(picture)
    assert (up["class"], down["class"]) == ("up", "down")
    assert up["x"] > down["x"]
    assert float(up["opacity"]) > float(down["opacity"])
    assert "x2, confidence 90%" in picture
    assert "curator=bob" in picture


def test_long_tables_are_cut_and_the_rest_counted() -> None:
    """Those that do most are drawn."""
    table = [override(1 + place / 1000, curator=f"c{place}") for place in range(ROWS_MAX + 3)]
    picture = multiplier_picture(table, "run 1")
    assert len(bars(picture)) == ROWS_MAX
    assert "3 more that are nearer to x1 are not drawn" in picture
    assert "curator=c0<" not in picture


def test_an_empty_table_is_said_to_be_empty() -> None:
    """A picture that can be shown all the same."""
    picture = multiplier_picture([], "run 1")
    assert bars(picture) == []
    assert "every multiplier is x1" in picture


def test_the_picture_names_no_place_of_its_making() -> None:
    """The same table gives the same file."""
    table = [override(1.3), override(0.7, curator="bob")]
    assert multiplier_picture(table, "t") == multiplier_picture(table[::-1], "t")
    assert not re.search(r"\d{4}-\d\d-\d\d", multiplier_picture(table, "t"))
