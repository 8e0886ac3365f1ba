"""Log lines on standard error: `2026-11-21T12:13:47Z [info     ] session_started agent_count=10`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

WIDTH = 9
"""Of the longest level that is logged, so that events stand in one column."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/+%@,*")
_COLOURS = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_DIM, _BOLD, _END = "\x1b[2m", "\x1b[1m", "\x1b[0m"


def to_standard_error(line: str) -> None:
    """Write one line; a standard error that nobody reads any more is no reason to stop trading."""
    if sys.stderr is None:
        return
    with contextlib.suppress(BrokenPipeError, ValueError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


class LogLines:
    """Where log lines go: standard error, unless a screen has taken them for as long as it is shown."""

    def __init__(self) -> None:
        self._write: Callable[[str], None] = to_standard_error

    def info(self, line: str) -> None:
        """Write a rendered line."""
        self._write(line)

    debug = warning = error = critical = info

    @contextlib.contextmanager
    def through(self, write: Callable[[str], None]) -> Iterator[None]:
        """Have `write` place the lines, so that they don't tear what it draws."""
        self._write = write
        try:
            yield
        finally:
            self._write = to_standard_error


LINES = LogLines()


def set_up_logging() -> None:
    """Have structlog write its events as lines to LINES, in colours only on a terminal."""
    import logging

    import structlog

    colours = sys.stderr is not None and sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            lambda _, __, event: line_of(event, colours=colours),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: LINES,
        cache_logger_on_first_use=False,
    )


def line_of(event: MutableMapping[str, Any], *, colours: bool = False) -> str:
    """One line: time, level, the event's name, then key=value, quoted if it holds more than a word."""
    values = dict(event)
    stamp, level, name = values.pop("timestamp"), values.pop("level"), values.pop("event")
    pairs = "".join(f" {key}={value_text(value)}" for key, value in values.items())
    if not colours:
        return f"{stamp} [{level:<{WIDTH}}] {name}{pairs}"
    return f"{_DIM}{stamp}{_END} [{_COLOURS.get(level, '')}{level:<{WIDTH}}{_END}] {_BOLD}{name}{_END}{pairs}"


def value_text(value: Any) -> str:
    """A value as one word, or between quotes."""
    text = value if isinstance(value, str) else str(value)
    return text if text and _PLAIN.issuperset(text) else repr(text)
