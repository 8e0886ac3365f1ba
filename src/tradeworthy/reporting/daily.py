"""The daily summary, as text and as JSON, from the figures that the store or a running summary gives."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.reporting.benchmarks import Comparison

TITLE = "Tradeworthy - Daily Summary"
TITLES = {"arbitrage": "PM Arbitrage - Daily Summary"}
"""The titles of runs all of whose desks are of one kind of the product's own."""

RULE = "─" * 29

_CENT = Decimal("0.01")
_encode = msgspec.json.Encoder(decimal_format="number").encode


def text(summary: Mapping[str, Any]) -> str:
    """The summary for a terminal; sections without data are left out."""
    decided = summary["wins"] + summary["losses"]
    lines = [
        title(summary),
        RULE,
        "TRADES",
        f"  Total trades: {summary['total_trades']}",
        f"  Open positions: {summary['open_trades']}",
        f"  Closed: {summary['closed_trades']}",
        "",
        f"P&L ({str(summary.get('mode') or 'paper').title()})",
        f"  Realized P&L: {dollars(summary['realized_pnl'])}",
        f"  Win rate: {summary['win_rate']:.0%} ({summary['wins']}/{decided})",
    ]
    kinds = [(row["type"], str(row["trades"]), dollars(row["pnl"])) for row in summary["by_opportunity_type"]]
    risks = [(row["reason"], str(row["count"])) for row in summary["risk_rejections"]]
    lines += _table("BY OPPORTUNITY TYPE", ("Type", "Trades", "P&L"), kinds)
    lines += _table("RISK EVENTS", ("Reason", "Count"), risks)
    if summary["candidates"]:
        lines += ["", "CANDIDATES", f"  Opened: {summary['candidates']}"]
        lines += [
            f"  {' '.join((row['outcome'], row['reason'])).strip()}: {row['count']}"
            for row in summary["verdicts"]
        ]
        lines.append(f"  Fills: {summary['fills']} (fees {dollars(summary['fees'])})")
    lines += _gaps(summary["opportunities"])
    about = [f"  {name}: {summary[name]}" for name in ("strategy", "books") if summary.get(name)]
    lines += ["", "ABOUT", *about] if about else []
    return "\n".join(lines) + "\n"


def benchmark_text(comparisons: Sequence[Comparison], no_holding: str = "") -> str:
    """The section BENCHMARK: the run beside each benchmark, and what that does not say."""
    lines = ["", "BENCHMARK"]
    for one in comparisons:
        rows = [
            (
                name,
                percent(side.total_return, sign=True),
                percent(side.max_drawdown),
                percent(side.volatility),
            )
            for name, side in (("This run", one.own), (one.name, one.other))
        ]
        rows.append(("Difference", percent(one.difference, sign=True), "", ""))
        lines += _table("", ("", "Return", "Drawdown", "Volatility"), rows)[2:]
        lines += [f"  - {note}" for note in one.caveats]
    lines += [f"  {no_holding}"] if no_holding else []
    return "\n".join(line.rstrip() for line in lines) + "\n"


def percent(share: float | None, *, sign: bool = False) -> str:
    """A share as per cent to two places, "-" for None."""
    return "-" if share is None else f"{share * 100:{'+' if sign else ''}.2f}%"


def title(summary: Mapping[str, Any]) -> str:
    """The report's title: the arbitrage pilot has its own."""
    kinds = summary.get("desk_kinds") or [""]
    return TITLES.get(kinds[0], TITLE) if len(kinds) == 1 else TITLE


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV under their columns' names: numbers exact, times in ISO 8601, nothing for what is not known."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def json_text(summary: Mapping[str, Any]) -> str:
    """The summary as JSON, indented: money as exact numbers, times in ISO 8601."""
    return msgspec.json.format(_encode(_tidy(summary)), indent=2).decode() + "\n"


def write_csv(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `rows` to `file` as `csv_text` has them; UsageError if it can't be written."""
    try:
        file.write_text(csv_text(rows), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--csv {file} can't be written: {error.strerror}; name another file") from None


def dollars(amount: Decimal | int) -> str:
    """An amount of currency to the cent, the sign before the symbol: `$4.20`, `-$4.20`."""
    cents = Decimal(amount).quantize(_CENT, rounding=ROUND_HALF_EVEN)
    return f"{'-' if cents < 0 else ''}${abs(cents)}"


def _gaps(found: Mapping[str, Any]) -> list[str]:
    """How many gaps outlived the latency, and for how long they were there."""
    rows = [
        (
            row["method"],
            *(str(row[name]) for name in ("detected", "survived", "vanished")),
            *("-" if row[name] is None else f"{row[name] / 1000:.1f} s" for name in ("p50_ms", "p90_ms")),
        )
        for row in found["by_method"]
    ]
    return _table("GAPS", ("Method", "Detected", "Survived", "Vanished", "p50", "p90"), rows)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right; nothing without rows."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return ["", title, *(_row(row, widths) for row in (heads, *rows))]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "  " + "  ".join([first, *rest])


def _cell(value: Any) -> Any:
    value = _tidy(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value).lower() if isinstance(value, bool) else value


def _tidy(value: Any) -> Any:
    """Decimals without the zeros that say nothing (4.20000000 is 4.2), all the way down."""
    if isinstance(value, Decimal):
        return Decimal(f"{value.normalize():f}")
    if isinstance(value, Mapping):
        return {name: _tidy(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tidy(item) for item in value]
    return value
