"""What all pages have around them: navigation, the live dot, the run, what is halted, and the button that halts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import Any, NamedTuple

from nicegui import ui

from tradeworthy.runtime.pulse import LIVE, QUIET, STOPPED
from tradeworthy.web.dashboard.halting import HaltControl
from tradeworthy.web.dashboard.icons import icon
from tradeworthy.web.dashboard.markup import Html, address, code, html, joined, link, number_of, span, tag
from tradeworthy.web.dashboard.theme import COOKIE, LIGHT
from tradeworthy.web.dashboard.view import Slot, View


class Place(NamedTuple):
    """A page in the navigation."""

    path: str
    name: str
    icon: str


PLACES: Sequence[Place] = (
    Place("/", "Overview", "overview"),
    Place("/pilot", "Pilot Monitor", "pilot"),
    Place("/strategies", "Strategies", "strategies"),
    Place("/trades", "Trades", "trades"),
    Place("/risk", "Risk", "risk"),
    Place("/learning", "Learning", "learning"),
    Place("/proving", "Proving", "proving"),
    Place("/trace", "Trace", "trace"),
    Place("/system", "System", "system"),
    Place("/how-it-works", "How It Works", "how"),
)

SHORT = {"/pilot": "Pilot", "/how-it-works": "How"}
"""Names for the narrow bar of a phone."""

OF_A_RUN = frozenset({"/", "/pilot", "/strategies", "/trades", "/risk", "/learning"})
"""Pages that have nothing to say without a run."""


LONG = 9
"""A headline figure of more characters than these is set smaller, so that it is not cut."""


class Frame:
    """Builds the frame of the page at `path`; what is built within `body` is the page."""

    def __init__(self, view: View, path: str) -> None:
        self._view, self._is_of_a_run = view, path in OF_A_RUN
        self._beat = 0
        name = next(place.name for place in PLACES if place.path == path)
        theme = "tw-dark" if view.colours.is_dark else "tw-light"
        with ui.element("div").classes(f"tw {theme}"):
            Slot("contents").show(Html('<a class="skip" href="#page">Skip to the page</a>'))
            self._rail(path)
            with ui.element("div").classes("tw-main"):
                self._top(name)
                self._banners = Slot()
                self.body = ui.element("main").classes("tw-page").props(f'id=page aria-label="{name}"')
        view.watch({"pulse", "status"}, self._show)

    def ready(self) -> None:
        """Say that the page is filled: for browsers that are driven by a program."""
        self.body.props('data-ready="true"')

    def end(self) -> None:
        """Say that nothing on the page is kept up to date any more."""
        self._dot.mark(**{"data-state": STOPPED, "data-ended": "true"})
        self._dot.show(Html("Not followed"))
        self._banners.show(
            _banner("bad", tag("b", "This page is not kept up to date any more"), "Reload it.")
        )

    def _rail(self, path: str) -> None:
        run = self._view.run_asked
        places = joined(
            tag(
                "a",
                joined([icon(place.icon), *_names(place)]),
                href=address(place.path, run=run),
                aria_current="page" if place.path == path else None,
                title=place.name,
            )
            for place in PLACES
        )
        brand = Html(
            '<div class="tw-brand"><img src="/static/mark.svg" alt=""><span>Tradeworthy</span></div>'
        )
        with ui.element("nav").classes("tw-rail").props('aria-label="Pages"'):
            Slot("contents").show(joined([brand, places]))
            self._foot()

    def _foot(self) -> None:
        """The theme, who is signed in, and the way out."""
        other = "Light theme" if self._view.colours.is_dark else "Dark theme"
        value = LIGHT if self._view.colours.is_dark else "dark"
        script = (
            f"document.cookie='{COOKIE}={value};path=/;max-age=31536000;samesite=strict';location.reload()"
        )
        with ui.element("div").classes("foot"):
            button = ui.element("button").props('type="button"')
            button.on("click", js_handler=f"() => {{ {script} }}").add_slot("default", other)
            caller = self._view.caller
            Slot().show(html(f"{caller.name}, may {caller.scope}"))
            Slot().show(
                Html('<form method="post" action="/sign-out"><button type="submit">Sign out</button></form>')
            )

    def _top(self, name: str) -> None:
        with ui.element("div").classes("tw-top").props("role=banner"):
            Slot("contents", "h1").show(html(name))
            self._dot = Slot("tw-dot", "span")
            self._dot.mark(role="status")
            self._run = Slot("run", "span")
            HaltControl(self._view)
            with ui.element("details").classes("tw-more"):
                Slot("tw-btn", "summary").show(
                    joined([icon("more"), tag("span", "Theme and sign out", class_="unseen")])
                )
                self._foot()

    def _show(self) -> None:
        """The dot, the run, and what people must not overlook."""
        pulse, status = self._view.hub.pulse, self._view.hub.status
        age = span(pulse.age_s)
        if pulse.state == LIVE:
            words = Html("Live")
        elif pulse.state == QUIET:
            nothing = "Unknown" if self._view.hub.trouble else "Starting"
            words = Html(f"No packets for {age}" if pulse.age_s is not None else nothing)
        else:
            words = Html(f"Stopped {age} ago") if pulse.age_s is not None else Html("Stopped")
        self._beat += 1
        self._dot.mark(**{"data-state": pulse.state, "data-beat": str(self._beat)})
        self._dot.show(words)
        parts = [f"run {self._view.run}" if self._view.run else "no run yet"]
        if status.get("answers") and self._view.is_living:
            parts.append(f"{status['mode']} at {str(status['session_time']).replace('T', ' ')}")
        self._run.show(html(" · ".join(parts)))
        if self._is_of_a_run:
            self.body.set_visibility(bool(self._view.run))
        self._banners.show(joined(_banners(self._view)))


def _names(place: Place) -> list[Html]:
    """The page's name, and another for a phone where it is too long."""
    short = SHORT.get(place.path)
    return [tag("span", place.name, class_="full" if short else None)] + (
        [tag("span", short, class_="short")] if short else []
    )


def _banners(view: View) -> list[Html]:
    status, found = view.hub.status, list[Html]()
    latch = status.get("latch")
    if latch or status.get("halted"):
        by = f"{latch['by']}: {latch['reason']}" if latch else f"rule {status['halted']}"
        found.append(
            _banner(
                "bad",
                tag("b", "Entries are halted"),
                f"by {by}. Exits go on. Resume needs a name and a reason.",
            )
        )
    if status.get("faults"):
        found.append(
            _banner(
                "warn",
                tag("b", "A desk raised"),
                f"{number_of(status['faults'], 'packet')} withheld from it; see System.",
            )
        )
    if not view.run:
        here = "None has run in this home folder. In a terminal: "
        start = joined([here, code("tradeworthy demo"), ", or ", code("tradeworthy pilot"), "."])
        found.append(_banner("plain", tag("b", "No run yet"), start))
    elif trouble := view.hub.trouble or view.trouble:
        found.append(_banner("warn", tag("b", "What you see may be old"), trouble))
    if not view.is_living:
        found.append(
            _banner(
                "warn",
                tag("b", "An earlier run"),
                f"You look at {view.run}; the newest is {view.hub.run}.",
                link("/", "Show that"),
            )
        )
    return found


def _banner(kind: str, *parts: Any) -> Html:
    return tag(
        "div", joined((tag("span", part) for part in parts), " "), class_=f"tw-banner {kind}", role="alert"
    )


def tile(name: str, value: Any, more: Any = "", *, mark: str | None = None, plain: Any = None) -> Html:
    """A headline figure; `mark` is its data-figure, `plain` its data-value: the exact figure for programs."""
    parts = [
        tag("div", name, class_="name"),
        tag("div", value, class_="value long" if _length(value) > LONG else "value"),
        tag("div", more, class_="more"),
    ]
    return tag("div", joined(parts), class_="tw-tile", data_figure=mark, data_value=plain)


def _length(value: Any) -> int:
    """How many characters of it are seen."""
    return len(unescape(re.sub(r"<[^>]*>", "", html(value))))


def card(title: str, size: str = "", note: str = "") -> Any:
    """A card of the page, as a context; `size` is s3 to s9 of twelve columns, else all of them."""
    made = ui.element("section").classes(f"tw-card {size}").props(f'aria-label="{title}"')
    with made:
        heading = [tag("h2", title)] + ([tag("span", note, class_="note")] if note else [])
        Slot("head", "header").show(joined(heading))
    return made
