"""status --watch: the same question again and again, drawn in place, as blocks of text, or as lines of JSON."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from tradeworthy.cli.status_view import StatusScreen, pulse_text, status_lines

if TYPE_CHECKING:
    from rich.console import Console

    from tradeworthy.runtime.home import Home
    from tradeworthy.runtime.pulse import Pulse

Look = tuple[dict[str, Any], "Pulse"]

ANSWER_S_MAX = 2.0
REDRAWN_A_SECOND = 1
"""So often the picture is drawn anew between two looks: its ages go on, and it follows the terminal's size."""

SECRET = ("database_url", "redis_url")
"""What a line that may end in a file does not say."""


def watch_session(home: Home, every_s: float, *, as_json: bool) -> None:
    """Show how the session in `home` stands each `every_s` seconds, until the person or the reader has enough."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seen = looks(home, every_s)
    with contextlib.suppress(KeyboardInterrupt):
        if as_json:
            print_lines(seen)
        elif sys.stdout.isatty():
            draw(seen)
        else:
            print_blocks(seen)


def looks(home: Home, every_s: float, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[Look]:
    """What the session says, and whether packets flow, each `every_s` seconds."""
    from tradeworthy.runtime.health import status
    from tradeworthy.runtime.pulse import pulse_of

    while True:
        began = time.monotonic()
        found = status(home, answer_s=min(every_s, ANSWER_S_MAX))
        yield found, pulse_of(home, str(found["run"] or ""))
        sleep(max(0.0, every_s - (time.monotonic() - began)))


def draw(seen: Iterable[Look], console: Console | None = None) -> None:
    """Draw the looks in place, on the terminal's other screen: nothing is left of them at the end."""
    from rich.live import Live

    screen = StatusScreen()
    with Live(
        screen,
        console=console,
        screen=True,
        refresh_per_second=REDRAWN_A_SECOND,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as live:
        for found, pulse in seen:
            screen.show(found, pulse)
            live.refresh()


def print_blocks(seen: Iterable[Look]) -> None:
    """A block of text for each look."""
    for found, pulse in seen:
        typer.echo(f"{_now()} {pulse_text(pulse)}")
        for line in status_lines(found):
            typer.echo(line)
        typer.echo()
        sys.stdout.flush()


def print_lines(seen: Iterable[Look]) -> None:
    """A JSON object in a line for each look: `at`, `pulse`, and what `status --json` says, without addresses."""
    import msgspec

    encode = msgspec.json.Encoder(decimal_format="number").encode
    for found, pulse in seen:
        said = {name: value for name, value in found.items() if name not in SECRET}
        typer.echo(encode({"at": _now(), "pulse": pulse._asdict(), **said}).decode())
        sys.stdout.flush()


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
