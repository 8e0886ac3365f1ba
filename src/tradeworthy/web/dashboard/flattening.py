"""The button that closes every position at market, behind two questions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from nicegui import ui

from tradeworthy.core.errors import TradeworthyError, UsageError
from tradeworthy.gateways.control import Flatten, ask
from tradeworthy.web.dashboard.halting import HANDS, REASON_MAX
from tradeworthy.web.dashboard.markup import Html, html, number_of
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.entry.tokens import Scope

log = structlog.get_logger()


class FlattenControl:
    """Flatten: first who, which account and why; then, with what it means, a second yes."""

    def __init__(self, view: View) -> None:
        self._view = view
        may = view.caller.scope.covers(Scope.OPERATE)
        made = ui.element("button").classes("tw-btn halt").props('type="button" data-push="flatten"')
        with made:
            Slot("contents", "span").show(html("Flatten"))
        if not may:
            made.props('disabled title="Your token may only read"')
            return
        self._second = self._sure()
        self._first = self._question()
        made.on("click", self._first.open)

    def _question(self) -> ui.dialog:
        with ui.dialog() as dialog, self._window("flatten"):
            Slot("contents", "h2").show(html("Close every position?"))
            Slot("contents", "p").show(
                html("It halts all entries, and sells what is held at what the books offer.")
            )
            self._account = self._field("Account, as its session names it")
            self._reason = self._field("Reason, which goes on record")
            self._first_said = Slot("said")
            self._buttons(dialog, "Go on", self._to_second)
        return dialog

    def _sure(self) -> ui.dialog:
        with ui.dialog() as dialog, self._window("flatten-sure"):
            Slot("contents", "h2").show(html("Sell at market, now?"))
            self._means = Slot("contents", "p")
            self._second_said = Slot("said")
            self._buttons(dialog, "Close all positions", self._do)
        return dialog

    def _field(self, name: str) -> ui.input:
        return ui.input(placeholder=name).props(f'outlined dense aria-label="{name}"').classes("w-full")

    def _window(self, mark: str) -> ui.element:
        """The place of a dialog, which stands outside of the page and needs the theme's colours for itself."""
        theme = "tw-dark" if self._view.colours.is_dark else "tw-light"
        return ui.element("div").classes(f"tw-dialog {theme}").props(f'role="dialog" data-dialog="{mark}"')

    def _buttons(self, dialog: ui.dialog, word: str, act: object) -> None:
        with ui.element("div").classes("row"):
            with ui.element("button").classes("tw-btn").props('type="button"').on("click", dialog.close):
                Slot("contents", "span").show(html("Cancel"))
            with ui.element("button").classes("tw-btn halt").props('type="button"') as confirm:
                Slot("contents", "span").show(html(word))
        confirm.on("click", act)  # type: ignore[arg-type]

    def _to_second(self) -> None:
        account, reason = self._account.value.strip(), self._reason.value.strip()
        if not account or not reason:
            self._first_said.show(html("It needs the account's name and a reason."))
            return
        self._first_said.show(Html(""))
        self._means.show(
            html(
                f"{meant(self._view.hub.status)} of account {account} will be sold at any price the books offer. That"
                " can cost money, and can't be taken back. Entries stay halted until a person resumes."
            )
        )
        self._first.close()
        self._second.open()

    async def _do(self) -> None:
        account, reason = self._account.value.strip(), self._reason.value.strip()[:REASON_MAX]
        try:
            caller = self._view.access.require(self._view.caller, Scope.OPERATE)
            by = caller.recorded()
            if not account or not reason:
                raise UsageError("flatten needs an account and a reason: give both")
            log.warning("asked", verb="flatten", by=by, reason=reason, desk="all")
            wanted = Flatten(account, by, reason, confirm=True)
            answer = await asyncio.get_running_loop().run_in_executor(
                HANDS, ask, self._view.face.home.path, wanted
            )
        except (TradeworthyError, OSError) as error:
            self._second_said.show(html(str(error)))
            return
        self._second_said.show(Html(""))
        self._reason.set_value("")
        self._second.close()
        closing = [str(one) for one in answer["flattening"]]
        ui.notify(f"Halted, and closing {', '.join(closing) or 'nothing: no position is open'}.")


def meant(status: Mapping[str, Any]) -> str:
    """What a flatten would sell, as far as the session says it."""
    held = status.get("open_positions")
    if held is None:
        return "Every position (the session does not say just now how many it holds)"
    return number_of(len(held), "position")
