"""SIGINT and SIGTERM: the first one stops a session in good order, a second one ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

ASKED = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """While it is entered (in the main thread) both signals are heard, also within a handler that never ends.

    Before `first_calls`, while a session starts, each raises KeyboardInterrupt; after it the first calls `stop`.
    """

    def __init__(self) -> None:
        self._stop: Callable[[], object] | None = None
        self._heard = False
        self._before: dict[signal.Signals, Any] = {}

    def first_calls(self, stop: Callable[[], object]) -> None:
        """From now on the first signal calls `stop`, once."""
        self._stop = stop

    def __enter__(self) -> Self:
        self._before = {one: signal.signal(one, self._hear) for one in ASKED}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one, before in self._before.items():
            signal.signal(one, before)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if self._stop is None or self._heard:
            raise KeyboardInterrupt
        self._heard = True
        self._stop()
