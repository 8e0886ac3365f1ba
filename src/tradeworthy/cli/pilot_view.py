"""The pilot in a terminal: its agents, prices, candidates by verdict, refusals by rule, open positions, P&L."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

POSITIONS_SHOWN = 6
REASONS_SHOWN = 8
NAME_MAX = 36
"""Characters of a token's id without its venue; the end says most."""

REJECTED = "REJECTED"


def pilot_rows(seen: dict[str, Any], *, is_short: bool = False) -> Iterator[tuple[str, RenderableType]]:
    """What stands between the times and the money: agents, prices and markets.

    A short screen has a line for each state of agents instead of one for each agent.
    """
    yield "agents", by_state(seen["parts"]) if is_short else _agents(seen["parts"])
    yield "prices", _prices(seen["prices"])
    yield "markets", markets_text(seen["markets"])


def outcome_rows(seen: dict[str, Any], most: int = REASONS_SHOWN) -> Iterator[tuple[str, RenderableType]]:
    """What became of candidates: by verdict, and of those that were refused by rule; `most` reasons of each."""
    verdicts = {outcome: reasons for outcome, reasons in seen["verdicts"].items() if outcome != REJECTED}
    refused = seen["verdicts"].get(REJECTED, {})
    yield (
        "verdicts",
        "\n".join(
            f"{outcome:<10}{sum(reasons.values()):>7,}  {reasons_text(reasons, most)}"
            for outcome, reasons in sorted(verdicts.items())
        )
        or "none yet",
    )
    yield "refusals", f"{sum(refused.values()):,}  {reasons_text(refused, most)}" if refused else "none"


def reasons_text(reasons: dict[str, int], most: int = REASONS_SHOWN) -> str:
    """Reasons with their counts, the most frequent first; one that says nothing more than its verdict is left out."""
    counted = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
    said = [f"{reason} {count:,}" for reason, count in counted[:most] if reason != "filled"]
    more = len(counted) - most
    return ", ".join(said) + (f", and {more} more" if more > 0 else "")


def markets_text(markets: dict[str, int]) -> str:
    """How many markets are at which stage."""
    return ", ".join(f"{count} {status}" for status, count in markets.items()) or "none yet"


def _agents(parts: list[dict[str, Any]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for part in parts:
        halted = part["state"] == "halted"
        colour = "red" if halted else "yellow" if part["state"] == "waiting" or part["faults"] else "green"
        table.add_row(Text("●", style=colour), Text(part["agent"]), Text(_state(part), style="dim"))
    return table


def by_state(parts: list[dict[str, Any]]) -> str:
    """How many run, and who does not."""
    running = [part for part in parts if part["state"] == "running" and not part["faults"]]
    others = [f"{part['agent']} {_state(part)}" for part in parts if part not in running]
    return "\n".join([f"{len(running)} of {len(parts)} running", *others])


def _state(part: dict[str, Any]) -> str:
    words = [f"halted by {part['halted']}" if part["halted"] else part["state"]]
    if "admitted" in part:
        words.append(f"{part['admitted']:,} admitted")
    if part["faults"]:
        words.append(f"{part['faults']} packets withheld")
    return ", ".join(words)


def _prices(prices: dict[str, dict[str, Any]]) -> str:
    said = [
        f"{symbol} {one['price']:,.2f} (volatility {one['volatility']:.0%}, {one['age_ms'] / 1000:.1f} s old)"
        for symbol, one in prices.items()
    ]
    return "\n".join(said) or "none yet"


def positions_table(held: list[dict[str, Any]], most: int = POSITIONS_SHOWN) -> RenderableType:
    """Open positions: strategy, shares, token, cost, and what they are worth at the bid."""
    from rich.table import Table
    from rich.text import Text

    if not held:
        return "none"
    table = Table.grid(padding=(0, 2))
    for one in held[:most]:
        strategy, _, token = one["position"].rpartition("@")
        token = token.partition(":")[2] or token
        name = token if len(token) <= NAME_MAX else f"…{token[1 - NAME_MAX :]}"
        figures = f"{one['quantity']} at {float(one['cost']):,.2f}, bid {float(one['value']):,.2f}"
        table.add_row(Text(strategy or one["desk"]), Text(name, no_wrap=True), Text(figures))
    if len(held) > most:
        table.add_row("", f"and {len(held) - most} more", "")
    return table
