"""The live view of a run in a terminal; where there is none, log lines say it all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tradeworthy.cli.console import on_terminal
from tradeworthy.cli.logs import LINES
from tradeworthy.cli.pilot_view import REASONS_SHOWN, outcome_rows, pilot_rows, positions_table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table

Watch = Callable[[dict[str, Any]], None]

FRAMES_A_SECOND = 4
VERDICTS_SHOWN = 6
POSITIONS_SHOWN = 6
SHORT_LINES = 36
"""A terminal with fewer lines is short: what matters most, trades and P&L, stands last, and must not be cut off."""

WIDTH = 56
"""Columns of the figures at least, so that the table stands still as they change."""


CAPTIONS = {
    "backtest": "Ctrl+C gives it up",
    "": "Ctrl+C stops in good order; the same command goes on from there",
}
"""By mode."""


@contextmanager
def watching(title: str, *, shown: bool | None = None) -> Iterator[Watch | None]:
    """What a session is to call with its overview, which is drawn in place; None without a terminal.

    Log lines scroll by above it. When the run is over the view is gone and the outcome is printed instead.
    """
    if not (on_terminal() if shown is None else shown):
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    screen = Screen(title)
    console = Console(stderr=True)

    def write(line: str) -> None:
        console.print(Text.from_ansi(line), soft_wrap=True, highlight=False)

    live = Live(
        screen, console=console, refresh_per_second=FRAMES_A_SECOND, transient=True, redirect_stdout=False
    )
    with live, LINES.through(write):
        yield screen.show


class Screen:
    """What is drawn: the newest overview, and until the first one that the session is starting."""

    def __init__(self, title: str) -> None:
        from rich.spinner import Spinner

        self._spinner = Spinner("dots", f" {title}: starting")
        self._seen: dict[str, Any] | None = None
        self._began = time.monotonic()
        self._rate = 0.0
        self._last = (self._began, 0)

    def show(self, seen: dict[str, Any]) -> None:
        """Take a new overview."""
        now = time.monotonic()
        then, inputs = self._last
        if self._seen is not None and now > then:
            self._rate = (seen["inputs"] - inputs) / (now - then)
        self._last = (now, seen["inputs"])
        self._seen = seen

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """The picture of this moment."""
        if self._seen is None:
            yield self._spinner
            return
        elapsed_s, is_short = time.monotonic() - self._began, options.size.height < SHORT_LINES
        yield table_of(self._seen, elapsed_s=elapsed_s, rate=self._rate, is_short=is_short)


def table_of(
    seen: dict[str, Any], *, elapsed_s: float = 0.0, rate: float = 0.0, is_short: bool = False
) -> Table:
    """An overview of our own session as a table; `rate` is inputs a second, `is_short` says that lines are scarce."""
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=f"{seen['mode']} run {seen['run']}",
        title_justify="left",
        title_style="bold",
        caption=CAPTIONS.get(seen["mode"], CAPTIONS[""]),
        caption_justify="left",
        show_header=False,
        expand=False,
    )
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold", min_width=WIDTH)
    inputs = f"{seen['inputs']:,} ({rate:,.0f} a second, {clock_text(elapsed_s)} elapsed)"
    for name, value in overview_rows(seen, inputs, is_short=is_short):
        table.add_row(name, Text(value) if isinstance(value, str) else value)
    return table


def overview_rows(
    seen: dict[str, Any], inputs: str, *, is_short: bool = False, most: int | None = None
) -> Iterator[tuple[str, RenderableType]]:
    """The rows of an overview: what they are called, and what they say; lists have `most` entries at most."""
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    progress = seen.get("progress")
    if progress is not None:
        yield "progress", ProgressBar(total=1.0, completed=progress, width=40)
    yield "session time", seen["session_time"] or "before the first input"
    yield "inputs", inputs
    pilot = seen.get("face") == "pilot"
    if pilot:
        yield from pilot_rows(seen, is_short=is_short)
    yield "equity", equity_text(seen)
    if pilot:
        yield "open", positions_table(seen["open_positions"], most or POSITIONS_SHOWN)
    else:
        words = [f"{one['position']} {money(one['value'])}" for one in seen["open_positions"]]
        yield "open", _listed(words, most or POSITIONS_SHOWN)
    yield "candidates", f"{seen['candidates']:,} ({seen['open_candidates']} open)"
    if pilot:
        yield from outcome_rows(seen, most or REASONS_SHOWN)
    else:
        yield "verdicts", verdicts_text(seen["verdicts"], most or VERDICTS_SHOWN)
    yield (
        "trades",
        f"{seen['trades_closed']:,} closed, {seen['trades_won']:,} won, P&L {money(seen['realised_pnl'])}",
    )
    if seen["halted"]:
        yield "halted", Text(f"by {seen['halted']}: no entries until `tradeworthy resume`", style="bold red")
    if seen["faults"]:
        yield "faults", Text(f"{seen['faults']} packets withheld from a desk that raised", style="yellow")


def equity_text(seen: dict[str, Any]) -> str:
    """What the account is worth, its cash, and how far it is under its highest."""
    words = [f"cash {money(seen['cash'])}"]
    if seen.get("drawdown") is not None:
        words.append(f"drawdown {seen['drawdown']:.2%}")
    return " ".join([money(seen["equity"]), *filter(None, [seen.get("currency")]), f"({', '.join(words)})"])


def verdicts_text(verdicts: dict[str, dict[str, int]], most: int = VERDICTS_SHOWN) -> str:
    """The most frequent verdicts, the most frequent first."""
    counted = sorted(
        (
            (count, outcome, reason)
            for outcome, reasons in verdicts.items()
            for reason, count in reasons.items()
        ),
        key=lambda one: (-one[0], one[1:]),
    )
    words = [f"{outcome} {reason} {count:,}" for count, outcome, reason in counted[:most]]
    return "\n".join(words) or "none yet"


def money(text: str) -> str:
    """An amount with its thousands apart, to the cent, for screens."""
    return f"{float(text):,.2f}"


def price(value: float) -> str:
    """A price to the cent, or with six digits where that would say nothing: tokens cost fractions of one."""
    return f"{value:,.2f}" if value >= 1 else f"{value:.6g}"


def _listed(words: list[str], most: int) -> str:
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "") or "nothing"


def clock_text(seconds: float) -> str:
    """A time as m:ss or h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
