"""Trades as a table: each row leads to its path, and can be shown on a chart of candles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    address,
    gain,
    html,
    joined,
    moment,
    money,
    narrow,
    pill,
    price,
    quantity,
    table,
    tag,
)
from tradeworthy.web.dashboard.reason_words import reason, spoken

Row = dict[str, Any]

STATUS_LOOKS = {"open": "ok", "rejected": "bad", "cancelled": "warn"}

COLUMNS = (
    Column("Time", is_extra=True),
    Column("Market"),
    Column("Side", is_extra=True),
    Column("Outcome", is_extra=True),
    Column("Amount", is_figure=True, is_extra=True),
    Column("Price", is_figure=True, is_extra=True),
    Column("Fees", is_figure=True, is_extra=True),
    Column("P&L", is_figure=True),
    Column("Status", is_extra=True),
    Column("Reason", is_extra=True),
)


def trades_table(rows: Sequence[Row], *, caption: str, empty: str, has_chart: bool = False) -> Html:
    """`rows` of Listings.trades; with `has_chart` each has a button that carries run:seq in `data-chart`."""
    columns = (*COLUMNS, Column("Candles")) if has_chart else COLUMNS
    cells = [(*_cells(row), _button(row)) if has_chart else _cells(row) for row in rows]
    return table(columns, cells, caption=caption, empty=empty)


def _cells(row: Row) -> tuple[Any, ...]:
    at, path = (
        moment(row["opened_at"] or row["created_at"]),
        address("/trace", packet=row["seq"], run=row["run"]),
    )
    status = pill(row["status"], STATUS_LOOKS.get(row["status"], ""))
    return (
        tag("a", at, href=path, data_trade=f"{row['run']}:{row['seq']}", title="The trade's path"),
        joined(
            [
                tag("div", row["title"] or row["instrument"], class_="clip wide", title=row["title"]),
                tag(
                    "div",
                    joined([row["strategy_id"], " · ", spoken(row["opportunity_type"])]),
                    class_="under",
                ),
                narrow(tag("a", at, href=path), " ".join(filter(None, (row["side"], row["outcome"])))),
            ]
        ),
        row["side"],
        row["outcome"],
        _amount(row),
        _prices(row),
        money(row["fees"]),
        joined([gain(row["realized_pnl"]), narrow(status)]),
        status,
        reason(row["reason"] or row["risk_rejection_reason"]),
    )


def _amount(row: Row) -> Html:
    parts = [tag("div", quantity(row["quantity"]))]
    if row["notional"] is not None:
        parts.append(tag("div", money(row["notional"]), class_="under"))
    return joined(parts)


def _prices(row: Row) -> Html:
    """The entry, and below it the exit."""
    parts = [tag("div", price(row["price"]))]
    if row["exit_price"] is not None:
        parts.append(tag("div", joined(["to ", price(row["exit_price"])]), class_="under"))
    return joined(parts)


def _button(row: Row) -> Html:
    if row["opened_at"] is None:
        return html(None)
    name = f"Show the candles of {row['title'] or row['instrument']} at this trade"
    return tag(
        "button",
        "Show",
        type="button",
        class_="tw-btn small",
        data_chart=f"{row['run']}:{row['seq']}",
        aria_label=name,
    )
