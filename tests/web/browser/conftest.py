"""Real sessions, a real server and a real browser: what people see, as they see it."""

import itertools
import json
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.flows.sessions import COMMAND, Session, surroundings
from tradeworthy.gateways.embedded import EmbeddedRedis

_numbers = itertools.count(1)

PLACES = (
    "/",
    "/pilot",
    "/strategies",
    "/trades",
    "/risk",
    "/learning",
    "/proving",
    "/trace",
    "/system",
    "/how-it-works",
)
WIDER = """() => [document.documentElement.scrollWidth - window.innerWidth,
  [...document.querySelectorAll('.tw-card, .tw-tile')].filter(one => one.getBoundingClientRect().right >
    window.innerWidth + 1).map(one => one.getAttribute('aria-label') || one.innerText.slice(0, 40))]"""
"""By how much the page is wider than its window, and which cards stick out."""

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
FILLED = '[data-ready="true"]'
FILLED_MS_MAX = 30_000


@dataclass
class Installation:
    """A home folder, what runs in it, and the address of its dashboard."""

    home: Path
    processes: list[Session] = field(default_factory=list)
    address: str = ""
    link: str = ""

    def start(self, *words: str, **environment: str) -> Session:
        """A process of the command in this home."""
        self.processes.append(Session(self.home, *words, environment=environment, real=True))
        return self.processes[-1]

    def serve(self) -> Session:
        """Let the dashboard be served; `address` and `link`, which signs one browser in, say where."""
        served = self.start("serve", "--port", "0", "--make-secret", "--link")
        served.wait_for("open http", "web_started")
        self.link = re.search(r"open (\S+)", served.text())[1]  # type: ignore[index]
        self.address = self.link.partition("/sign-in/")[0]
        return served

    def new_link(self) -> str:
        """A link for one more browser: a token's, since the printed link holds once."""
        name = f"browser{next(_numbers)}"
        token = json.loads(self.say("token", "new", name, "--scope", "operate", "--json"))["token"]
        return f"{self.address}/sign-in/#{token}"

    def say(self, *words: str) -> str:
        """What a verb prints on standard output; it must not fail."""
        done = subprocess.run(
            [*COMMAND, *words],
            capture_output=True,
            text=True,
            env=surroundings(self.home, {}),
            check=False,
            timeout=90,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def end(self) -> None:
        """End all that still runs, the last one first."""
        for process in reversed(self.processes):
            if process.code() is None:
                process.signal(signal.SIGTERM)
                process.end()
        if (self.home / "redis").exists():
            with EmbeddedRedis(self.home):
                """A killed session leaves its server running, for the next one; the last to use it ends it."""


@pytest.fixture(scope="session")
def places() -> Iterator[Path]:
    """A folder with a short path: unix sockets take 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def install(places: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Installation]]:
    """Makes installations by name; all that runs in them ends with the module."""
    made: list[Installation] = []
    module = Path(str(request.path)).stem.removeprefix("test_")[:8]

    def make(name: str) -> Installation:
        made.append(Installation(places / f"{module}-{name}"))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window and with a fresh profile.

    It is a module's own: while it is there, no other test of this process could run an event loop.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("there is no Chromium to look with: install it (apt-get install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


class Watcher:
    """What went wrong in a browser: errors of scripts and of the console, failed and foreign requests."""

    def __init__(self, address: str) -> None:
        self.faults: list[str] = []
        self._address = address

    def watch(self, page: Page) -> None:
        """Note what goes wrong in `page` from now on."""
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on(
            "console",
            lambda said: self.faults.append(f"console: {said.text}") if said.type == "error" else None,
        )
        page.on(
            "request",
            lambda asked: None if self._is_ours(asked.url) else self.faults.append(f"foreign: {asked.url}"),
        )
        page.on(
            "response",
            lambda got: self.faults.append(f"{got.status}: {got.url}") if got.status >= 400 else None,
        )

    def _is_ours(self, url: str) -> bool:
        ours = (self._address, self._address.replace("http", "ws", 1), "data:", "blob:", "about:")
        return url.startswith(ours)


def signed_in(
    browser: Browser, link: str, *, theme: str = "dark", size: tuple[int, int] = (1440, 900)
) -> BrowserContext:
    """A browser of its own that came in by `link`: a printed one, or an address with a token as its fragment."""
    address = link.partition("/sign-in/")[0]
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.set_default_timeout(FILLED_MS_MAX)
    context.add_cookies([{"name": "tradeworthy_theme", "value": theme, "url": address}])
    page = context.new_page()
    _, _, token = link.partition("/sign-in/#")
    page.goto(f"{address}/sign-in" if token else link)
    if token:
        page.fill('input[name="token"]', token)
        page.keyboard.press("Enter")
    page.wait_for_selector(FILLED, state="attached")
    page.close()
    return context


def opened(context: BrowserContext, address: str) -> Page:
    """The page at `address`, filled."""
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(FILLED, state="attached")
    return page


def looks_right(context: BrowserContext, address: str, place: str) -> None:
    """The page fills without any fault and fits its window."""
    watcher = Watcher(address)
    page = context.new_page()
    watcher.watch(page)
    page.goto(address + place)
    page.wait_for_selector(FILLED, state="attached")
    expect(page.locator("main#page")).not_to_be_empty()
    expect(page.locator("h1")).not_to_be_empty()
    wider, cards = page.evaluate(WIDER)
    assert wider <= 0, f"{place} is {wider} px wider than the window"
    assert not cards, f"{cards} of {place} stick out"
    assert not watcher.faults
    for word in ("None", "nan", "NaN", "undefined", "[object"):
        assert not page.get_by_text(word, exact=True).count(), f"{place} shows {word}"
    page.close()
