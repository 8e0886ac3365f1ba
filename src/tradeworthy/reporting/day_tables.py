"""The rows of a report's tables, their cells as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Context
from html import escape
from typing import Any

from tradeworthy.reporting.curves import Group
from tradeworthy.reporting.drawing import DAY_S, share_bar
from tradeworthy.reporting.metrics import win_rate
from tradeworthy.reporting.page_parts import money, percent, ratio_text, signed_money, span_text

Row = Mapping[str, Any]
Cells = list[list[str]]

TRADE_HEADS = (
    "what",
    "strategy",
    "side",
    "quantity",
    "in",
    "out",
    "P&L",
    "fees",
    "closed (UTC)",
    "held",
    "why it ended",
)
HELD_HEADS = ("what", "strategy", "side", "quantity", "in", "cost", "fees", "since (UTC)")
HALT_HEADS = ("from (UTC)", "until", "whose", "rule", "by", "why", "released by")
POSTURE_HEADS = ("at (UTC)", "from", "to", "multiplier", "why", "stress")
GAP_HEADS = ("method", "detected", "survived", "vanished", "half lived at least", "a tenth")
GROUP_HEADS = ("trades", "share", "", "win rate", "profit factor", "P&L", "fees", "held, median")


def time_text(at: datetime | None) -> str:
    """A time in UTC to the minute, "" for None."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def midnight(day: date) -> float:
    """A day's begin, UTC seconds since 1970."""
    return (day.toordinal() - 719_163) * DAY_S


def day_rows(days: Sequence[Row]) -> Cells:
    """A row for each day, the newest first."""
    return [
        [
            day["day"].isoformat(),
            *(f"{day[name]:,}" for name in ("trades", "wins", "losses")),
            signed_money(day["pnl"]),
            money(day["fees"]),
            "-" if day["equity"] is None else money(day["equity"]),
        ]
        for day in reversed(days)
    ]


def strategy_rows(strategies: Sequence[Row]) -> Cells:
    """A row for each strategy."""
    return [
        [
            escape(row["strategy"]),
            f"{row['trades']:,}",
            percent(win_rate(row["wins"], row["losses"]), 1),
            *(signed_money(row[name]) if name == "pnl" else money(row[name]) for name in ("pnl", "fees")),
            money(row["best"]) if row["best"] > 0 else "-",
            money(row["worst"]) if row["worst"] < 0 else "-",
        ]
        for row in strategies
    ]


def trade_rows(trades: Sequence[Row]) -> Cells:
    """A row for each closed trade."""
    return [
        [
            _what(row),
            *(escape(str(row[name] or "-")) for name in ("strategy", "side")),
            *(_number(row[name]) for name in ("quantity", "entry_price", "exit_price")),
            signed_money(row["pnl"]),
            money(row["fees"]),
            time_text(row["closed_at"]),
            span_text((row["closed_at"] - row["opened_at"]).total_seconds()) if row["opened_at"] else "-",
            escape(row["reason"] or "-"),
        ]
        for row in trades
    ]


def held_rows(trades: Sequence[Row]) -> Cells:
    """A row for each open trade; what it is worth is not in the tables, only the account's whole worth is."""
    return [
        [
            _what(row),
            *(escape(str(row[name] or "-")) for name in ("strategy", "side")),
            *(_number(row[name]) for name in ("quantity", "entry_price")),
            money(row["cost"] or 0),
            money(row["fees"] or 0),
            time_text(row["opened_at"]),
        ]
        for row in trades
    ]


def halt_rows(halts: Sequence[Row]) -> Cells:
    """A row for each halt."""
    return [
        [
            time_text(row["created_at"]),
            time_text(row["released_at"]) or '<b class="halt">in force</b>',
            escape(row["desk"] or "all"),
            *(escape(str(row[name] or "-")) for name in ("rule", "by", "reason", "released_by")),
        ]
        for row in halts
    ]


def posture_rows(postures: Sequence[Row]) -> Cells:
    """A row for each change, with the stresses that are not 0."""
    return [
        [
            time_text(row["created_at"]),
            escape(row["before"]),
            escape(row["posture"]),
            f"{row['rm']:.2f}",
            escape(row["reason"] or "-"),
            ", ".join(f"{escape(name)} {stress:.2f}" for name, stress in row["categories"].items() if stress)
            or "none",
        ]
        for row in postures
    ]


def gap_rows(gaps: Sequence[Row]) -> Cells:
    """A row for each method of finding gaps."""
    return [
        [
            escape(row["method"]),
            *(f"{row[name]:,}" for name in ("detected", "survived", "vanished")),
            *("-" if row[name] is None else f"{row[name] / 1000:.1f} s" for name in ("p50_ms", "p90_ms")),
        ]
        for row in gaps
    ]


def group_table(found: Sequence[Group], name: str, total: int) -> tuple[tuple[str, ...], Cells]:
    """Heads and rows of trades by what they have in common, which is called `name`; `total` is how many trades."""
    return (name, *GROUP_HEADS), [
        [
            escape(one.name or "-"),
            f"{one.trades:,}",
            percent(one.trades / total, 1),
            share_bar(one.trades / total, f"{one.trades} of {total}"),
            percent(one.win_rate, 1),
            ratio_text(one.profit_factor),
            signed_money(one.pnl),
            money(one.fees),
            span_text(one.held_s),
        ]
        for one in found
    ]


def _what(row: Row) -> str:
    """The market's question and the outcome bought, or the instrument."""
    if not row["title"]:
        return escape(row["instrument"] or "-")
    return escape(f"{row['title']} ({row['outcome']})" if row["outcome"] else row["title"])


def _number(value: Any) -> str:
    """To eight digits, without the zeros that say nothing."""
    return "-" if value is None else f"{Context(prec=8).plus(value).normalize():f}"
