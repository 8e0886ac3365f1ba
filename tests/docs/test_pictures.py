"""The pictures of the dashboard."""

import re
from pathlib import Path

import pytest

from docs.make_screenshots import BYTES_MAX, ONE_CANDIDATE, PAGES, PICTURES
from tests.docs.terminal import ROOT
from tradeworthy.web.dashboard.frame import PLACES

DASHBOARD = ROOT / "docs" / "dashboard.md"


def test_every_page_of_the_dashboard_has_a_picture_and_a_line() -> None:
    """A page that is added is shown, and told of, in the documentation."""
    paths = [place.path for place in PLACES]
    assert list(PAGES.values()) == paths
    assert (
        re.findall(r"^\| .+ \| `(/[\w-]*)` \|", DASHBOARD.read_text(encoding="utf-8"), re.MULTILINE) == paths
    )


@pytest.mark.parametrize("name", [*PAGES, ONE_CANDIDATE, "overview-phone"])
def test_a_picture_is_small(name: str) -> None:
    """Pictures are kept in the repository, so each is a PNG of few bytes."""
    picture = PICTURES / f"{name}.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size <= BYTES_MAX


def test_pages_show_pictures_that_are_there() -> None:
    """Each picture is shown or linked somewhere, and none is forgotten."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")]
    shown = {Path(name).name for text in texts for name in re.findall(r"pictures/([\w-]+\.\w+)", text)}
    assert shown == {path.name for path in PICTURES.iterdir()}
