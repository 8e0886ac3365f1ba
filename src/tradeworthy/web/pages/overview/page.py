"""Overview: what the account is worth, how it came there, and what just happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from nicegui import ui

from tradeworthy.store.monitor_listings import MonitorListings
from tradeworthy.store.strategy_listings import StrategyListings
from tradeworthy.web.dashboard.charts import Chart, columns_options, equity_options, shares_options
from tradeworthy.web.dashboard.frame import card, tile
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    clock,
    count,
    gain,
    html,
    joined,
    link,
    money,
    narrow,
    number_of,
    percent,
    pill,
    price,
    quantity,
    table,
    tag,
)
from tradeworthy.web.dashboard.reason_words import reason_words, spoken, verdict
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.records import Reading

TRADES_SHOWN = 18
REASONS_SHOWN = 8
CURVE_POINTS = 600
CURVE_EVERY_S = 1.0

Found = dict[str, Any]


def build(view: View, _: Request) -> None:
    """The page's panels."""
    shown = Slot("tw-tiles")
    view.panel(
        "overview.tiles",
        {"trades", "equity", "candidates"},
        _figures,
        lambda found: shown.show(tiles(found)),
    )
    with card("Equity and drawdown", "s8"):
        curve = Chart(
            view.colours, "Equity of the account, and its drawdown from the peak, over session time"
        )
    view.panel(
        "equity",
        {"equity"},
        lambda reading: reading.listings.equity(CURVE_POINTS),
        lambda rows: curve.show(
            equity_options(curve.base(), rows, view.colours),
            "No curve yet: it begins with the account's second mark, which comes with the first packets.",
        ),
        every_s=CURVE_EVERY_S,
    )
    _allocation(view)
    _recent(view)
    with ui.element("div").classes("tw-stack s4"):
        _earned(view)
        _untaken(view)


def _allocation(view: View) -> None:
    with card("Capital by strategy", "s4"):
        ring = Chart(view.colours, "Shares of the capital by strategy")
    view.panel(
        "overview.shares",
        {"opportunities"},
        _shares,
        lambda rows: ring.show(
            shares_options(ring.base(), rows, view.colours),
            "No capital is shared yet: this run's desks have not said how.",
        ),
    )


def _recent(view: View) -> None:
    with card("Recent trades", "s8"):
        trades = Slot()
    view.panel(
        "overview.trades",
        {"trades"},
        lambda reading: reading.listings.trades(TRADES_SHOWN),
        lambda rows: trades.show(trades_table(rows)),
    )


def _earned(view: View) -> None:
    with card("P&L by strategy"):
        bars = Chart(view.colours, "Realised profit and loss by strategy", "low")
    view.panel(
        "summary",
        {"trades", "candidates"},
        lambda reading: reading.queries.summary(),
        lambda found: bars.show(
            columns_options(
                bars.base(), [(row["strategy"], row["pnl"]) for row in found["by_strategy"]], view.colours
            ),
            "No trade has been opened yet.",
        ),
        every_s=CURVE_EVERY_S,
    )


def _untaken(view: View) -> None:
    with card("What became of the candidates", "", "each ends in one verdict"):
        verdicts = Slot()
    view.panel(
        "summary",
        {"trades", "candidates"},
        lambda reading: reading.queries.summary(),
        lambda found: verdicts.show(_verdicts(found)),
        every_s=CURVE_EVERY_S,
    )


def _shares(reading: Reading) -> list[tuple[str, float]]:
    """Shares of the account: a strategy's, by its allocator; that of a desk without one undivided."""
    desks = StrategyListings(reading.connection, reading.queries.runs).configuration().get("desks") or ()
    return shares_of(desks, reading.queries.allocations())


def shares_of(desks: Sequence[Found], allocations: Sequence[Found]) -> list[tuple[str, float]]:
    """Each strategy's share of the account, or its desk's; `allocations` are shares of what their desk has."""
    said = list[tuple[str, float]]()
    for desk in desks:
        whole = float(desk.get("share") or 0)
        own = [row for row in allocations if row["desk"] == desk["name"]]
        said += [(row["strategy"], whole * float(row["share"] or 0)) for row in own] or [
            (desk["name"], whole)
        ]
    return said


def _figures(reading: Reading) -> Found:
    summary, about = reading.queries.summary(), reading.listings.about()
    runs = reading.queries.runs
    capital = MonitorListings(reading.connection, runs).capital()
    return {**summary, "about": about, "capital": capital, "goes_on": len(runs) > 1}


def tiles(found: Found) -> Html:
    """The account, what it made of its capital, and how often it was right."""
    about = found["about"]
    decided = found["wins"] + found["losses"]
    return joined(
        [
            tile("Equity", money(about["equity"]), _since_the_begin(found)),
            tile("P&L of closed trades", gain(found["realized_pnl"]), _beside_the_closed(found)),
            tile("Drawdown", percent(about["drawdown"], places=2), joined(["peak ", money(about["peak"])])),
            tile(
                "Win rate",
                percent(found["win_rate"], places=0) if decided else html(None),
                f"{found['wins']:,} of {decided:,} decided",
            ),
            tile(
                "Open positions",
                count(found["open_trades"]),
                f"{number_of(found['total_trades'], 'trade')} in all",
            ),
            tile("Candidates", count(found["candidates"]), number_of(found["fills"], "fill")),
        ]
    )


def _since_the_begin(found: Found) -> Html:
    """The equity's gain over the capital that the account began with."""
    equity, capital = found["about"]["equity"], found["capital"]
    if equity is None or not capital:
        return html(found["currency"])
    return joined(
        [
            gain(100 * (equity / capital - 1)),
            "% on ",
            money(capital),
            f" {found['currency']}",
        ]
    )


def _beside_the_closed(found: Found) -> Html:
    """What the rest of the account's gain is of: open trades, with what was sold of them and what they cost in fees.

    What a run before this one had sold and paid of a position that it handed on is in no trade of this one.
    """
    equity, capital = found["about"]["equity"], found["capital"]
    fees = joined(["fees ", money(found["fees"])])
    if equity is None or not capital:
        return fees
    rest = "open and handed on " if found["goes_on"] else "open ones "
    return joined([rest, gain(equity - capital - found["realized_pnl"]), ", ", fees])


def trades_table(rows: list[Found]) -> Html:
    """Trades with market, side, size, prices and P&L, each a link to its path."""
    columns = (
        Column("Opened", is_extra=True),
        Column("Market"),
        Column("Strategy", is_extra=True),
        Column("Side", is_extra=True),
        Column("Quantity", is_figure=True, is_extra=True),
        Column("Entry", is_figure=True, is_extra=True),
        Column("Exit", is_figure=True, is_extra=True),
        Column("P&L", is_figure=True),
        Column("Status"),
    )
    return table(
        columns,
        [_trade(row) for row in rows],
        caption="Trades, the newest first",
        empty="No trade yet. A desk that finds nothing worth its costs trades nothing; Pilot Monitor says what it saw.",
    )


def _trade(row: Found) -> tuple[Any, ...]:
    opened = link("/trace", clock(row["opened_at"] or row["created_at"]), packet=row["seq"], run=row["run"])
    side = " ".join(str(one) for one in (row["side"], row["outcome"]) if one)
    return (
        opened,
        joined([row["title"] or row["instrument"], narrow(opened, side)]),
        row["strategy_id"] or row["desk"],
        side,
        quantity(row["quantity"]),
        price(row["price"]),
        price(row["exit_price"]),
        gain(row["realized_pnl"]),
        pill(row["status"], "ok" if row["status"] == "open" else ""),
    )


def _verdicts(found: Found) -> Html:
    total = found["candidates"] or 1
    rows = sorted(found["verdicts"], key=lambda row: -row["count"])[:REASONS_SHOWN]
    return table(
        (
            Column("Verdict, and why"),
            Column("Count", is_figure=True),
            Column("Share", is_figure=True),
        ),
        [
            (
                joined(
                    [
                        joined([verdict(row["outcome"]), " ", spoken(row["reason"])]),
                        tag("div", reason_words(row["reason"]), class_="under"),
                    ]
                ),
                count(row["count"]),
                percent(row["count"] / total),
            )
            for row in rows
        ],
        caption="Verdicts by reason, the most frequent first",
        empty="No candidate yet: the desks have seen nothing that could become a trade.",
    )
