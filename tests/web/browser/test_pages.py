"""Every page over real runs: it fills, says nothing false, asks nobody else, and fits its screen."""

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.flows.sessions import eventually
from tests.web.browser.conftest import PLACES, Installation, looks_right, opened, signed_in
from tradeworthy.web.demo_session import LIVELY

PHONE, DESKTOP = (390, 844), (1440, 900)
SCREENS = (("dark", DESKTOP), ("light", PHONE))

BETWEEN = (681, 825, 826, 950, 951, 1100, 1101)
"""Widths of windows beside those at which the pages change."""

SIDEWAYS = """() => [...document.querySelectorAll(".path-scroll, .drawing-place")].map(
  one => one.scrollWidth - one.clientWidth)"""
"""By how much drawings are wider than their places."""

COUNTS = (("total-trades", "total_trades"), ("candidates", "candidates"))
"""Tiles of the Pilot Monitor, and what the report calls them."""


@pytest.fixture(scope="module")
def empty(install: Callable[[str], Installation]) -> Installation:
    """A home in which nothing ever ran."""
    made = install("empty")
    made.serve()
    return made


@pytest.fixture(scope="module")
def pilot(install: Callable[[str], Installation]) -> Installation:
    """A pilot that has traded for twenty minutes, and is stopped."""
    made = install("pilot")
    ended = made.start("pilot", "--seed", "7", "--duration", "1200", **LIVELY).end()
    assert ended.code == 0, ended.text
    made.serve()
    return made


@pytest.fixture(scope="module")
def uptrend(install: Callable[[str], Installation]) -> Installation:
    """An uptrend session at work."""
    made = install("uptrend")
    made.start("run", "configs/uptrend.toml", "--speed", "2000").wait_for("session_started")
    made.serve()
    return made


@pytest.mark.parametrize(
    ("name", "theme", "size"),
    [(name, *screen) for name in ("pilot", "uptrend") for screen in SCREENS] + [("empty", *SCREENS[0])],
)
def test_every_page_fills_without_a_fault(
    name: str, theme: str, size: tuple[int, int], browser: Browser, request: pytest.FixtureRequest
) -> None:
    """A7: over a pilot, over a running uptrend session and over nothing, on a desk and on a phone."""
    made: Installation = request.getfixturevalue(name)
    context = signed_in(browser, made.new_link(), theme=theme, size=size)
    for place in PLACES:
        looks_right(context, made.address, place)
    context.close()


def test_pages_over_nothing_say_why(empty: Installation, browser: Browser) -> None:
    """A11: an empty dashboard says what to do."""
    context = signed_in(browser, empty.new_link())
    page = opened(context, empty.address)
    expect(page.get_by_role("alert")).to_contain_text("tradeworthy demo")
    expect(page.get_by_role("alert")).to_have_count(1)
    context.close()


def test_the_pilot_monitor_counts_what_the_report_counts(pilot: Installation, browser: Browser) -> None:
    """A7: one truth for the page and the terminal."""
    said = json.loads(pilot.say("report", "--json"))
    context = signed_in(browser, pilot.new_link())
    page = opened(context, f"{pilot.address}/pilot")
    assert said["total_trades"] > 2
    for name, key in (*COUNTS, ("open-positions", "open_trades")):
        assert figure(page, name) == said[key]
    pnl = page.locator('[data-figure="realised-pnl"]').get_attribute("data-value")
    assert Decimal(pnl or "") == Decimal(str(said["realized_pnl"]))
    refused = page.locator('[data-part="rejections"] tbody tr').all_inner_texts()
    cells = [line.split("\t") for line in refused]
    counts = [(cell[0].strip().splitlines()[0].replace(" ", "_"), int(cell[1])) for cell in cells]
    assert counts == [(row["reason"], row["count"]) for row in said["risk_rejections"]]
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("[data-refreshed]")).to_contain_text("asked again at")
    assert figure(page, "total-trades") == said["total_trades"]
    context.close()


def test_the_counts_of_a_session_at_work_are_the_reports(uptrend: Installation, browser: Browser) -> None:
    """A7: they only grow, so what the report says lies between what the page showed before it and shows soon after."""
    context = signed_in(browser, uptrend.new_link())
    page = opened(context, f"{uptrend.address}/pilot")
    assert eventually(lambda: figure(page, "candidates") > 0, 60.0)
    before = {name: figure(page, name) for name, _ in COUNTS}
    said = json.loads(uptrend.say("report", "--json"))
    assert all(before[name] <= said[key] for name, key in COUNTS)
    assert eventually(lambda: all(figure(page, name) >= said[key] for name, key in COUNTS), 15.0)
    context.close()


def test_links_of_the_rail_lead_to_every_page(pilot: Installation, browser: Browser) -> None:
    """Navigation by keyboard: each place is a link, the current one is marked."""
    context = signed_in(browser, pilot.new_link())
    page = opened(context, pilot.address)
    paths = [link.get_attribute("href") for link in page.locator(".tw-rail a").all()]
    assert paths == list(PLACES)
    expect(page.locator('.tw-rail a[aria-current="page"]')).to_have_text("Overview")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    context.close()


def test_drawings_fit_between_telephone_and_desk(pilot: Installation, browser: Browser) -> None:
    """A7: at no width does one scroll sideways in its card."""
    context = signed_in(browser, pilot.new_link())
    page = opened(context, f"{pilot.address}/trades")
    path = page.locator('main a[href*="packet="]').first.get_attribute("href")
    for place in (path, "/how-it-works"):
        page.goto(f"{pilot.address}{place}")
        expect(page.locator(".path-scroll, .drawing-place").first).to_be_visible()
        for width in BETWEEN:
            page.set_viewport_size({"width": width, "height": 900})
            assert max(page.evaluate(SIDEWAYS)) <= 0, f"{place} at {width}"
    context.close()


def test_the_theme_is_kept(pilot: Installation, browser: Browser) -> None:
    """Who works by day keeps the light."""
    context = signed_in(browser, pilot.new_link())
    page = opened(context, pilot.address)
    expect(page.locator(".tw.tw-dark")).to_be_visible()
    page.get_by_role("button", name="Light theme").click()
    expect(page.locator(".tw.tw-light")).to_be_visible()
    page.goto(f"{pilot.address}/risk")
    expect(page.locator(".tw.tw-light")).to_be_visible()
    context.close()


def test_without_signing_in_there_is_no_page(pilot: Installation, browser: Browser) -> None:
    """No page, no figure and no socket for a stranger."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{pilot.address}/risk")
    expect(page.locator('input[name="token"]')).to_be_visible()
    assert page.locator(".tw").count() == 0
    context.close()


def figure(page: Page, name: str) -> int:
    """The exact count that a tile carries."""
    return int(page.locator(f'[data-figure="{name}"]').get_attribute("data-value") or "")
