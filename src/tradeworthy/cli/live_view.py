"""The live view of a run in a terminal: plain log lines where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from tradeworthy.runtime.plan import Plan


@contextmanager
def watching(plan: Plan, *, live: bool) -> Iterator[Callable[[dict[str, Any]], None] | None]:
    """What the session is to call with its overview: a table that is drawn anew in place, or None."""
    if not live:
        yield None
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    with Live(console=console, refresh_per_second=4, transient=True) as screen:

        def watch(seen: dict[str, Any]) -> None:
            screen.update(table_of(seen))

        yield watch


def table_of(seen: dict[str, Any]) -> Table:
    """An overview as a table."""
    from rich.table import Table

    table = Table(title=f"{seen['mode']} {seen['run']}", show_header=False, title_justify="left")
    table.add_column(style="dim")
    table.add_column()
    verdicts = ", ".join(
        f"{outcome} {reason} {count}"
        for outcome, reasons in sorted(seen["verdicts"].items())
        for reason, count in sorted(reasons.items(), key=lambda item: -item[1])
    )
    positions = ", ".join(f"{held['position']} {held['value']}" for held in seen["open_positions"])
    for name, value in (
        ("session time", seen["session_time"]),
        ("inputs", f"{seen['inputs']:,}"),
        ("equity", f"{seen['equity']} (cash {seen['cash']})"),
        ("open", positions or "nothing"),
        ("candidates", f"{seen['candidates']:,} ({seen['open_candidates']} open)"),
        ("verdicts", verdicts or "none yet"),
        (
            "fills",
            f"{seen['fills']:,} fills, {seen['trades_closed']:,} trades closed, P&L {seen['realised_pnl']}",
        ),
        ("halted", seen["halted"] or "no"),
    ):
        table.add_row(name, value)
    return table
