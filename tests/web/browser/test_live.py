"""A running pilot on the dashboard: what happens shows without a reload, and HALT halts."""

import json
import re
import signal
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from tests.flows.sessions import eventually
from tests.web.browser.conftest import FILLED, PLACES, Installation, looks_right, opened, signed_in
from tradeworthy.web.demo_session import LIVELY

SPEED = "20"
"""Session seconds a wall second: a trade comes every half minute at the latest, for an hour of session time."""

RED_WITHIN_S = 15.0
SOON_MS = 30_000

COLOUR = "dot => getComputedStyle(dot, '::before').backgroundColor"
BAD = """page => { const one = document.createElement("i"); one.style.color = "var(--bad)"; page.append(one);
  const found = getComputedStyle(one).color; one.remove(); return found; }"""


@pytest.fixture(scope="module")
def pilot(install: Callable[[str], Installation]) -> Installation:
    """A pilot that runs until a test ends it, and its dashboard."""
    made = install("pilot")
    made.start("pilot", "--seed", "7", "--speed", SPEED, **LIVELY).wait_for("pilot_started")
    made.serve()
    return made


@pytest.fixture(scope="module")
def operator(pilot: Installation, browser: Browser) -> BrowserContext:
    """A browser that may operate."""
    return signed_in(browser, pilot.link)


def test_a_new_trade_appears_without_a_reload(pilot: Installation, operator: BrowserContext) -> None:
    """A7: Recent Trades of Overview and of Pilot Monitor grow while one looks at them."""
    pages = [opened(operator, f"{pilot.address}{place}") for place in ("/", "/pilot")]
    before = list[tuple[Locator, int]]()
    for page in pages:
        page.evaluate("window.stayed = true")
        rows = page.locator('section[aria-label="Recent trades"] tbody tr')
        before.append((rows, rows.count()))
    for rows, count in before:
        expect(rows).not_to_have_count(count, timeout=90_000)
    for page in pages:
        assert page.evaluate("window.stayed"), "the page was loaded again"
        page.close()


@pytest.mark.parametrize("place", PLACES)
def test_each_page_over_a_running_pilot(place: str, pilot: Installation, operator: BrowserContext) -> None:
    """A7: filled, without a fault, while packets flow."""
    looks_right(operator, pilot.address, place)


def test_the_dot_is_live_while_packets_flow(pilot: Installation, operator: BrowserContext) -> None:
    """A7: green only while packets flow."""
    page = opened(operator, f"{pilot.address}/pilot")
    expect(page.locator(".tw-top .tw-dot")).to_have_attribute("data-state", "live")
    expect(page.locator(".tw-top .tw-dot")).to_have_text("Live")
    page.close()


def test_the_dot_is_red_while_the_page_does_not_hear_its_server(
    pilot: Installation, operator: BrowserContext
) -> None:
    """A7: what was green when the server, or the way to it, went is no sign of life; it comes back by itself."""
    page = opened(operator, f"{pilot.address}/pilot")
    unheard, dots = page.locator("html[data-unheard]"), page.locator(".tw-dot")
    expect(unheard).to_have_count(0)
    server = pilot.processes[-1]
    server.signal(signal.SIGSTOP)
    try:
        expect(unheard).to_have_count(1, timeout=RED_WITHIN_S * 1000)
        colours = {dots.nth(number).evaluate(COLOUR) for number in range(dots.count())}
        assert colours == {page.locator(".tw").first.evaluate(BAD)}
        expect(page.get_by_role("status").filter(has_text="No connection")).to_have_count(1)
        expect(page.get_by_role("status").filter(has_text="Live")).to_have_count(0)
    finally:
        server.signal(signal.SIGCONT)
    expect(unheard).to_have_count(0, timeout=SOON_MS)
    page.close()


def test_a_read_token_can_not_halt(pilot: Installation, browser: Browser) -> None:
    """Scopes hold in the browser, too: the button is dead, and the API refuses what a script sends."""
    token = json.loads(pilot.say("token", "new", "viewer", "--scope", "read", "--json"))["token"]
    context = browser.new_context()
    page = context.new_page()
    page.goto(pilot.address)
    page.fill('input[name="token"]', token)
    page.keyboard.press("Enter")
    page.wait_for_selector(FILLED, state="attached")
    expect(page.get_by_role("button", name="HALT")).to_be_disabled()
    answer = page.evaluate(
        "fetch('/api/v1/halt', {method: 'POST', headers: {'content-type': 'application/json'},"
        " body: JSON.stringify({reason: 'a reader'})}).then(one => one.status)"
    )
    assert answer == 403
    assert not json.loads(pilot.say("status", "--json"))["latch"]
    context.close()


def test_halt_asks_for_a_reason_halts_and_is_released(pilot: Installation, operator: BrowserContext) -> None:
    """A7: HALT with confirmation, by the keyboard alone; Resume needs a reason as well."""
    page = opened(operator, f"{pilot.address}/risk")
    page.get_by_role("button", name="HALT").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_label("Halt all entries?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Halt", exact=True).click()
    expect(dialog).to_contain_text("needs a reason")
    dialog.get_by_label("Reason").fill("the venue is odd")
    dialog.get_by_role("button", name="Halt", exact=True).click()
    halted = page.locator(".tw-banner.bad:not([data-halt])", has_text="Entries are halted")
    expect(halted).to_be_visible(timeout=SOON_MS)
    said = json.loads(pilot.say("status", "--json"))
    assert said["halted"]
    assert said["latch"]["reason"] == "the venue is odd"
    assert "local" in said["latch"]["by"]
    page.get_by_role("button", name="Resume").click()
    dialog = page.get_by_label("Resume entries?")
    dialog.get_by_label("Reason").fill("the venue is back")
    dialog.get_by_role("button", name="Resume", exact=True).click()
    expect(page.locator(".tw-banner.bad")).to_have_count(0, timeout=SOON_MS)
    assert not json.loads(pilot.say("status", "--json"))["latch"]
    page.close()


def test_the_dot_goes_red_and_the_counts_are_the_reports(
    pilot: Installation, operator: BrowserContext
) -> None:
    """A7: a session that dies is red within 15 s, its last rows come all the same, and all figures are `report`'s."""
    page = opened(operator, f"{pilot.address}/")
    pilot.processes[0].signal(signal.SIGKILL)
    died = time.monotonic()
    expect(page.locator(".tw-top .tw-dot")).to_have_attribute(
        "data-state", "stopped", timeout=RED_WITHIN_S * 1000
    )
    assert time.monotonic() - died < RED_WITHIN_S
    said = json.loads(pilot.say("report", "--json"))
    shown = page.locator(".tw-tile").filter(has_text="Open positions")
    assert eventually(lambda: f"{said['total_trades']:,} trade" in shown.inner_text(), 15.0)
    assert figure(page.locator(".tw-tile").filter(has_text="Candidates").inner_text()) == said["candidates"]
    won = page.locator(".tw-tile").filter(has_text="Win rate").inner_text()
    assert f"{said['wins']:,} of {said['wins'] + said['losses']:,} decided" in won
    page.close()


def figure(text: str) -> int:
    """The first whole number in `text`."""
    return int(re.search(r"[\d,]+", text.partition("\n")[2])[0].replace(",", ""))  # type: ignore[index]
