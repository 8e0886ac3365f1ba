"""The buttons that halt and resume, each behind a question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from nicegui import ui

from tradeworthy.core.errors import TradeworthyError
from tradeworthy.runtime import halting
from tradeworthy.runtime.home import Home
from tradeworthy.web.dashboard.markup import Html, html
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.entry.tokens import Scope

Act = Callable[[Home, str, str], str]
"""Does it for a name and with a reason, and says what came of it."""

REASON_MAX = 1_000
"""Of a longer reason the session would not hear."""

HANDS = ThreadPoolExecutor(4, thread_name_prefix="halt")
"""Threads for this alone: whatever else is asked of the server, nobody who halts waits behind it."""


class HaltControl:
    """HALT while entries are allowed, Resume while they are not; each asks for a reason and says who did it."""

    def __init__(self, view: View) -> None:
        self._view = view
        may = view.caller.scope.covers(Scope.OPERATE)
        self._halt = self._button("HALT", "halt", may=may, about="Stop all entries; exits go on")
        self._resume = self._button("Resume", "go", may=may, about="Release the halt")
        if may:
            ask = self._question
            self._halt.on(
                "click",
                ask(
                    "Halt all entries?",
                    "No desk opens anything until a person resumes. Exits go on.",
                    "Halt",
                    "halt",
                    halting.halt,
                ).open,
            )
            self._resume.on(
                "click",
                ask(
                    "Resume entries?",
                    "What was halted by a person or a circuit breaker is released.",
                    "Resume",
                    "go",
                    halting.resume,
                ).open,
            )
        view.watch({"status", "halts"}, self._show)

    def _button(self, word: str, kind: str, *, may: bool, about: str) -> ui.element:
        made = ui.element("button").classes(f"tw-btn {kind}").props(f'type="button" title="{about}"')
        if not may:
            made.props('disabled title="Your token may only read"')
        with made:
            Slot("contents", "span").show(html(word))
        return made

    def _question(self, title: str, text: str, word: str, kind: str, act: Act) -> ui.dialog:
        """A dialog that asks for a reason, does it, and stays open with the error if it could not."""
        window = f"tw-dialog {'tw-dark' if self._view.colours.is_dark else 'tw-light'}"
        with ui.dialog() as dialog, ui.element("div").classes(window).props(f'aria-label="{title}"'):
            Slot("contents", "h2").show(html(title))
            Slot("contents", "p").show(html(text))
            reason = (
                ui.input("Reason, which goes on record").props("autofocus outlined dense").classes("w-full")
            )
            said = Slot("said")
            with ui.element("div").classes("row"):
                with ui.element("button").classes("tw-btn").props('type="button"').on("click", dialog.close):
                    Slot("contents", "span").show(html("Cancel"))
                with ui.element("button").classes(f"tw-btn {kind}").props('type="button"') as confirm:
                    Slot("contents", "span").show(html(word))

        async def do() -> None:
            try:
                caller = self._view.access.require(self._view.caller, Scope.OPERATE)
                home, text = self._view.face.home, str(reason.value or "")[:REASON_MAX]
                done = await asyncio.get_running_loop().run_in_executor(
                    HANDS, act, home, caller.recorded(), text
                )
            except (TradeworthyError, OSError) as error:
                said.show(html(str(error)))
                return
            said.show(Html(""))
            reason.set_value("")
            dialog.close()
            ui.notify(done)

        confirm.on("click", do)
        reason.on("keydown.enter", do)
        return dialog

    def _show(self) -> None:
        status = self._view.hub.status
        is_halted = bool(status.get("latch") or status.get("halted"))
        self._halt.set_visibility(not is_halted)
        self._resume.set_visibility(is_halted)
