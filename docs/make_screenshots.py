"""Makes docs/pictures from the real pages of a running dashboard: `python -m docs.make_screenshots`.

A pilot on simulated markets and a dashboard run in a temporary home folder for some minutes; both end with the script.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from docs.making.png import reduced
from tradeworthy.web.dashboard.theme import COOKIE

PICTURES = Path(__file__).parent / "pictures"
COMMAND = Path(sys.executable).with_name("tradeworthy")
SPEED = "60"
"""Session seconds a wall second: an hour of markets in a minute."""

FILL_S = 120
"""So long the pilot runs before it is looked at, for there to be trades to show."""

BYTES_MAX = 150 * 1024
READY = '[data-ready="true"]'
WAIT_MS_MAX = 60_000
SETTLE_MS = 2_000
"""Charts draw themselves in some frames after the page is filled."""

PAGES = {
    "overview": "/",
    "pilot": "/pilot",
    "strategies": "/strategies",
    "trades": "/trades",
    "risk": "/risk",
    "learning": "/learning",
    "proving": "/proving",
    "trace": "/trace",
    "system": "/system",
    "how-it-works": "/how-it-works",
}
ONE_CANDIDATE = "one-candidate"
"""The way of the newest trade, which the page of trades links to."""

TRACE_LINK = 'main a[href*="packet="]'
DESKTOP, PHONE = (1280, 800), (390, 844)


@contextmanager
def running(words: list[str], home: str, log: Path) -> Iterator[subprocess.Popen[str]]:
    """A command of the product in `home`, ended in good order; its log lines go to `log`."""
    with log.open("a", encoding="utf-8") as lines:
        process = subprocess.Popen(  # noqa: S603 - the product's own command
            [COMMAND, *words],
            env={**os.environ, "TRADEWORTHY_HOME": home},
            stdout=subprocess.PIPE,
            stderr=lines,
            text=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def link_of(server: subprocess.Popen[str]) -> str:
    """The address that the server prints, which signs one browser in."""
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("open "):
            return line.split()[1]
    raise SystemExit("the server ended before it said where it is: look at what it logged")


def shoot(browser: Browser, link: str, shots: dict[str, str], *, size: tuple[int, int], theme: str) -> None:
    """Sign a new browser in by `link`, and keep a picture of each page in `shots`, by name."""
    width, height = size
    address = link.partition("/sign-in")[0]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light"
    )
    context.set_default_timeout(WAIT_MS_MAX)
    context.add_cookies([{"name": COOKIE, "value": theme, "url": address}])
    page = context.new_page()
    page.goto(link)
    for name, path in shots.items():
        page.goto(f"{address}{path}")
        page.wait_for_selector(READY)
        if name == ONE_CANDIDATE:
            page.locator(TRACE_LINK).first.click()
            page.wait_for_url("**/trace?**")
            page.wait_for_selector(READY)
        page.wait_for_timeout(SETTLE_MS)
        picture = reduced(page, page.screenshot())
        assert len(picture) <= BYTES_MAX, f"{name}.png has {len(picture)} bytes, at most {BYTES_MAX} are kept"
        (PICTURES / f"{name}.png").write_bytes(picture)
    context.close()


def main() -> None:
    """Run a pilot and the dashboard, and look at every page: dark on a desk, and the overview light on a phone."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("there is no Chromium to look with: install it")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tw-") as folder, ExitStack() as ending:
        home, log = str(Path(folder) / "home"), Path(folder) / "log"
        ending.enter_context(running(["pilot", "--speed", SPEED], home, log))
        time.sleep(FILL_S)
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = ending.enter_context(sync_playwright()).chromium.launch(
            executable_path=chromium, args=flags
        )
        for shots, size, theme in (
            ({**PAGES, ONE_CANDIDATE: "/trades"}, DESKTOP, "dark"),
            ({"overview-phone": "/"}, PHONE, "light"),
        ):
            serve = ["serve", "--port", "0", "--make-secret", "--link"]
            with running(serve, home, log) as server:
                shoot(browser, link_of(server), shots, size=size, theme=theme)
        browser.close()


if __name__ == "__main__":
    main()
