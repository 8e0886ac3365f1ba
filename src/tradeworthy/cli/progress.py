"""Progress of long work: a line that counts in a terminal, nothing where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tradeworthy.cli.console import on_terminal
from tradeworthy.cli.logs import LINES

Advance = Callable[[int, str], None]
"""Called with how much is done, and of what."""


def _nowhere(done: int, what: str) -> None:
    """Nobody is looking."""


@contextmanager
def progressing(title: str, *, shown: bool | None = None) -> Iterator[Advance]:
    """A spinner with the count and the time so far, on standard error, gone when the work is done."""
    if not (on_terminal() if shown is None else shown):
        yield _nowhere
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=None)

        def advance(done: int, what: str) -> None:
            progress.update(task, description=f"{title}: {done:,} {what}")

        with LINES.through(lambda line: console.print(line, soft_wrap=True, highlight=False, markup=False)):
            yield advance
