"""The documentation site: it builds, holds together, and asks nothing of another host."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Route, sync_playwright

from tests.docs.terminal import ROOT

DOCS = ROOT / "docs"
LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
    "embed": "src",
    "link": "href",
}
"""What a browser fetches for a page, by tag."""

PAGES_LOOKED_AT = ("index.html", "ten-minutes.html", "reference/errors.html")


class Page(HTMLParser):
    """What a page loads, what it links to, and the places in it that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one tag in."""
        values = {name: value or "" for name, value in attrs}
        self.places |= {values[name] for name in ("id", "name") if name in values}
        if tag in LOADED and LOADED[tag] in values and values.get("rel") not in {"canonical", "next", "prev"}:
            self.loads.append(values[LOADED[tag]])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Every page of it."""
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_page_of_docs_is_in_the_navigation() -> None:
    """Nothing is written that nobody finds."""
    named = set(
        re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert named == {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}


def outside(addresses: list[str]) -> Iterator[str]:
    """Those that name a host."""
    return (one for one in addresses if urlsplit(one).netloc)


def test_no_page_loads_anything_from_outside(pages: dict[Path, Page]) -> None:
    """No font, script, style or picture of another host; ordinary links may lead there."""
    assert {
        path.name: list(outside(page.loads)) for path, page in pages.items() if any(outside(page.loads))
    } == {}


def test_no_style_loads_anything_from_outside(site: Path) -> None:
    """Nor does a style sheet, or a style within a page."""
    for path in (*site.rglob("*.css"), *site.rglob("*.html")):
        found = re.findall(
            r"url\(\s*['\"]?(?:https?:)?//[^)]*\)|@import[^;]*//[^;]*;", path.read_text(encoding="utf-8")
        )
        assert found == [], path


def test_links_within_the_site_hold(site: Path, pages: dict[Path, Page]) -> None:
    """Each leads to a page that is there, and to a place in it."""
    broken = []
    for path, page in pages.items():
        if path.name == "404.html":
            continue  # It is shown under any address, so its links begin at the root of the host.
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            known = pages[target].places if target in pages else set()
            if (
                not target.is_relative_to(site)
                or not target.exists()
                or (parts.fragment and parts.fragment not in known)
            ):
                broken.append((path.name, link))
    assert broken == []


def test_a_browser_asks_nobody_else(site: Path) -> None:
    """Pages and their search work with what lies in the folder: everything else that is asked for would show here."""
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "there is no Chromium to look with: install it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page()
        page.route(re.compile("^http"), refuse)
        for name in PAGES_LOOKED_AT:
            page.goto((site / name).as_uri())
            assert page.locator("h1").count() == 1
        browser.close()
    assert asked == []
