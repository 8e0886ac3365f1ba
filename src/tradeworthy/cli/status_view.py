"""How a session stands, for people: as lines, and as a picture that is drawn in place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tradeworthy.cli.console import table_lines
from tradeworthy.cli.live_view import (
    POSITIONS_SHOWN,
    SHORT_LINES,
    clock_text,
    equity_text,
    money,
    overview_rows,
    price,
    verdicts_text,
)
from tradeworthy.cli.pilot_view import by_state, markets_text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

    from tradeworthy.runtime.pulse import Pulse

Found = dict[str, Any]

CAPTION = "Ctrl+C ends this view; the session goes on"


def status_lines(found: Found) -> Iterator[str]:
    """What `status` says."""
    pilot = found["face"] == "pilot"
    if not found["running"]:
        yield "Pilot is not running"
        if found["stale_pid"] is not None:
            yield f"its pid file is stale (PID {found['stale_pid']} is gone): the next start or stop cleans it"
        yield from _standing(found)
    else:
        if pilot:
            yield f"Pilot is running (PID {found['pid']})"
        yield from _standing(found)
        if found["answers"]:
            yield from table_lines(list(_figures(found)))
    if found["latch"]:
        yield f"entries are halted by {found['latch']['by']}: {found['latch']['reason']}"


def _standing(found: Found) -> Iterator[str]:
    """Whether a session runs, in one line."""
    if not found["running"]:
        newest = f"; the newest run is {found['run']}" if found["run"] else ""
        yield f"no session is running in {found['home']}{newest}"
    elif not found["answers"]:
        who = f"PID {found['pid']}, run {found['run']}"
        yield f"a session is running ({who}), and does not answer: it is starting, stopping or busy"
    else:
        yield f"a session is running (PID {found['pid']}), {found['mode']} run {found['run']}"


def _figures(found: Found) -> Iterator[tuple[str, str]]:
    progress = "" if found["progress"] is None else f", {found['progress']:.0%} done"
    yield "session time", f"{found['session_time'] or 'before the first input'}{progress}"
    yield "equity", equity_text(found)
    for held in found["open_positions"]:
        yield "open", f"{held['desk']} {held['position']}, worth {money(held['value'])}"
    yield "candidates", f"{found['candidates']} ({found['open_candidates']} open)"
    for line in verdicts_text(found["verdicts"]).splitlines():
        yield "verdicts", line
    yield (
        "trades",
        f"{found['trades_closed']} closed, {found['trades_won']} won, P&L {money(found['realised_pnl'])}",
    )
    if found["halted"]:
        yield "halted", f"by {found['halted']}"
    for symbol, one in found["prices"].items():
        yield "price", f"{symbol} {price(one['price'])}, {one['age_ms']} ms old"
    if found["markets"]:
        yield "markets", markets_text(found["markets"])
    yield "parts", ", ".join(part["agent"] for part in found["parts"])
    for part in found["parts"]:
        if "admitted" in part:
            since = f", the last at {part['last_data']}" if part["last_data"] else ""
            yield "feed", f"{part['agent']}: {part['admitted']:,} admitted since the start{since}"
        if part["desk"] and (part["halted"] or part["faults"]):
            halted = f"halted by {part['halted']}" if part["halted"] else "not halted"
            yield "health", f"{part['agent']}: {halted}, {part['faults']} packets withheld"
    for one in found.get("latencies", ()):
        yield "latency", f"{one['stage']}: {latency_text(one)}, of {one['count']:,}"


def latency_text(one: Found) -> str:
    """A stage's p50 and p99, to three digits."""
    return f"p50 {one['p50_ms']:.3g} ms, p99 {one['p99_ms']:.3g} ms"


def pulse_text(pulse: Pulse) -> str:
    """Whether packets flow, and how long ago the last one came."""
    if pulse.age_s is None:
        return f"{pulse.state}, no packet yet"
    age = f"{pulse.age_s:.1f} s" if pulse.age_s < 60 else clock_text(pulse.age_s)
    return f"{pulse.state}, the last packet {age} ago"


class StatusScreen:
    """The newest look at a session, drawn for whatever size the terminal has by now.

    Of a session that stopped or does not answer the last figures stay, and are said to be old.
    """

    def __init__(self) -> None:
        self._found: Found | None = None
        self._seen: Found | None = None
        self._pulse: Pulse | None = None
        self._looked = self._seen_at = time.monotonic()
        self._rate: float | None = None

    def show(self, found: Found, pulse: Pulse) -> None:
        """Take a new look."""
        now = time.monotonic()
        if found["answers"]:
            before = self._seen
            if before is not None and before["run"] == found["run"] and now > self._seen_at:
                self._rate = max(0, found["inputs"] - before["inputs"]) / (now - self._seen_at)
            self._seen, self._seen_at = found, now
        elif self._seen is not None and self._seen["run"] != found["run"]:
            self._seen, self._rate = None, None
        self._found, self._pulse, self._looked = found, pulse, now

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The picture of this moment, with fewer entries in its lists where lines are scarce."""
        from rich.text import Text

        if self._found is None:
            yield Text("looking", style="dim")
            return
        heads = list(self._heads(self._found))
        yield from heads
        seen = self._seen
        if seen is None:
            return
        used = sum(len(console.render_lines(head, options)) for head in heads)
        is_short = options.size.height < SHORT_LINES
        tables = [self._table(seen, is_short=is_short, most=most) for most in (POSITIONS_SHOWN, 3, 2, 1)]
        room = options.size.height - used - 1
        yield next((one for one in tables if len(console.render_lines(one, options)) <= room), tables[-1])
        yield Text(CAPTION, style="dim")

    def _heads(self, found: Found) -> Iterator[Any]:
        """The dot, whether a session runs, and in red what halts it."""
        from rich.text import Text

        assert self._pulse
        colour = "green" if self._pulse.state == "live" else "red"
        age_s = self._pulse.age_s
        since = time.monotonic() - self._looked
        pulse = self._pulse._replace(age_s=None if age_s is None else age_s + since)
        yield Text.assemble(("● ", colour), (pulse_text(pulse), f"bold {colour}"))
        for line in _standing(found):
            yield Text(line, style="" if found["answers"] else "yellow")
        if found["latch"]:
            yield Text(f"HALTED by {found['latch']['by']}: {found['latch']['reason']}", style="bold red")
        if self._seen is not None and not found["answers"]:
            old = clock_text(time.monotonic() - self._seen_at)
            yield Text(f"the figures below are those of {old} ago", style="yellow")

    def _table(self, seen: Found, *, is_short: bool, most: int) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, pad_edge=False, expand=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        rate = "" if self._rate is None else f" ({self._rate:,.0f} a second)"
        inputs = f"{seen['inputs']:,}{rate}"
        for name, value in overview_rows(seen, inputs, is_short=is_short, most=most):
            table.add_row(name, Text(value) if isinstance(value, str) else value)
        if seen["face"] != "pilot":
            table.add_row("parts", Text(by_state(seen["parts"])))
        stages = [f"{one['stage']} {latency_text(one)}" for one in seen.get("latencies", ())]
        if stages:
            table.add_row("latency", Text("\n".join(stages)))
        return table
