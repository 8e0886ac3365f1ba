"""What people set on a page: buttons, pickers and days, all reached by keyboard and named for screen readers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from nicegui import ui

Act = Callable[..., Any]


class Push:
    """A button that does `act`; `mark` is its data-push, for browsers that are driven by a program."""

    def __init__(self, name: str, act: Act, mark: str) -> None:
        self._element = ui.element("button").props(f'type="button" data-push="{mark}"').classes("tw-btn")
        self._element.on("click", act)
        with self._element:
            ui.label(name)

    def enable(self, *, when: bool) -> None:
        """Let it be pushed or not."""
        if self._element.props.get("disabled", False) == when:
            self._element.props(remove="disabled") if when else self._element.props("disabled")


def picker(name: str, options: Any, value: str | None, changed: Act, mark: str) -> ui.select:
    """One of `options` (a list, or words by value); `mark` is its data-pick."""
    made = ui.select(options, value=value, label=name, on_change=changed)
    return made.props(f'dense outlined options-dense data-pick="{mark}"').classes("pick")


def day_picker(name: str, value: date | None, changed: Act, mark: str) -> ui.input:
    """A day, as YYYY-MM-DD or empty."""
    made = ui.input(name, value=str(value or ""), on_change=changed)
    return made.props(f'dense outlined type=date stack-label data-pick="{mark}"').classes("pick")
