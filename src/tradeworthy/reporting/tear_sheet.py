"""The tear sheet: a backtest on one page of HTML that needs nothing from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from tradeworthy.core.errors import Retryable
from tradeworthy.reporting.assumptions import Assumption
from tradeworthy.reporting.caveats import caveats
from tradeworthy.reporting.curves import (
    ClosedTrade,
    DayRow,
    Group,
    drawdowns,
    equity,
    exposure,
    groups,
    months,
    read_days,
    read_trades,
    rolling_sharpe,
    rolling_win_rate,
)
from tradeworthy.reporting.day_tables import group_table, midnight
from tradeworthy.reporting.drawing import DAY_S, column_chart, line_chart
from tradeworthy.reporting.metrics import sharpe_error
from tradeworthy.reporting.page_parts import (
    axis_percent,
    coloured,
    money,
    percent,
    ratio_text,
    section,
    short_money,
    table,
    tiles_of,
    whole_page,
)

NAME = "tear_sheet.html"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
GROUPS_MAX = 40
"""The most instruments with a row of their own."""


@dataclass(frozen=True)
class Sheet:
    """What is shown: `figures` are those of summary.json."""

    title: str
    figures: Mapping[str, Any]
    trades: Sequence[ClosedTrade]
    days: Sequence[DayRow]
    assumptions: Sequence[Assumption]


def write_tear_sheet(out: Path, title: str, assumptions: Sequence[Assumption]) -> Path:
    """Write tear_sheet.html of the backtest whose files are in `out`; its path. Retryable if the disk refuses."""
    file = out / NAME
    try:
        figures = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        rows = read_trades(out / "trades.csv"), read_days(out / "daily.csv")
        file.write_text(page(Sheet(title, figures, *rows, assumptions)), encoding="utf-8")
    except OSError as error:
        raise Retryable(f"Can't write {file}: {error.strerror}; free the disk and run it again") from None
    return file


def page(sheet: Sheet) -> str:
    """The whole page."""
    return whole_page(f"{sheet.title} - backtest", _body(sheet))


def _body(sheet: Sheet) -> Iterator[str]:
    yield from _head(sheet)
    if sheet.trades:
        yield _tiles(sheet)
    else:
        yield '<p class="nothing">No trade was closed. There is nothing to measure.</p>'
    notes = "".join(f"<li>{escape(note)}</li>" for note in caveats(sheet.figures, sheet.trades, sheet.days))
    if notes:
        yield f'<section class="notes"><h2>Read this first</h2><ul>{notes}</ul></section>'
    if sheet.trades:
        yield from _curves(sheet)
        yield _months(sheet)
        yield from _tables(sheet)
        yield from _rolling(sheet)
    yield _verdicts(sheet.figures.get("verdicts", ()))
    rows = [[escape(about), escape(text)] for about, text in sheet.assumptions]
    yield section("What was assumed", table((), rows, "said"))


def _head(sheet: Sheet) -> Iterator[str]:
    figures = sheet.figures
    period = figures.get("period") or {}
    first, last = (str(period.get(name) or "")[:16].replace("T", " ") for name in ("from", "to"))
    parts = [f"{first} to {last} UTC" if first else "no session time passed", f"run {figures.get('run', '')}"]
    yield f"<header><h1>{escape(sheet.title)}</h1><p>Backtest, {escape(', '.join(parts))}</p></header>"


def _tiles(sheet: Sheet) -> str:
    figures, currency = sheet.figures, str(sheet.figures.get("currency", ""))
    ratio, days = figures["sharpe"], int(figures["days"])
    tiles = [
        ("return", percent(figures["roi"], 2, sign=True), f"{money(figures['realized_pnl'])} {currency}"),
        (
            "Sharpe, a year",
            "-" if ratio is None else f"{ratio:.2f}",
            "" if ratio is None else f"&plusmn; {sharpe_error(ratio, days):.1f} (one standard error)",
        ),
        ("largest drawdown", percent(figures["max_drawdown"], 2), "of closed trades"),
        ("trades", f"{len(sheet.trades):,}", f"on {days:,} days"),
        ("win rate", percent(figures["win_rate"], 1), f"{figures['wins']} won, {figures['losses']} lost"),
        ("profit factor", ratio_text(figures["profit_factor"]), "won over lost"),
        ("fees", money(figures["fees"]), currency),
        ("capital at the end", money(sheet.days[-1].capital), f"from {money(sheet.days[0].began)}"),
    ]
    return tiles_of(tiles)


def _curves(sheet: Sheet) -> Iterator[str]:
    days = sheet.days
    first, last = midnight(days[0].day), midnight(days[-1].day) + DAY_S
    curve = equity(days[0].began, sheet.trades, first, last)
    chart = line_chart(
        curve, "Capital after each closed trade", short_money, base=days[0].began, stepped=True
    )
    yield section("Equity", chart)
    fall = line_chart(
        drawdowns(curve),
        "Capital under its highest so far",
        axis_percent,
        colour="var(--down)",
        base=0.0,
        stepped=True,
    )
    yield section("Drawdown", fall)
    long, short, grouped = exposure(sheet.trades, days)
    each = "a day" if grouped == 1 else f"{grouped} days"
    note = (
        '<p class="note">Average over the time of what was held, at its entry\'s worth, as a share of the capital:'
        f" a column for {each}. <b class='up'>Long</b> above zero, <b class='down'>short</b> below.</p>"
    )
    drawn = column_chart(long, short, grouped * DAY_S, "Held long and short", axis_percent)
    yield section("Exposure", drawn + note)


def _months(sheet: Sheet) -> str:
    rows = []
    for year, found in months(sheet.days).items():
        cells = [coloured(found.get(month)) for month in range(1, 13)]
        rows.append([str(year), *cells, f"<b>{coloured(found[0])}</b>"])
    return section("Months", table(("", *MONTHS, "year"), rows, "months"))


def _tables(sheet: Sheet) -> Iterator[str]:
    trades = sheet.trades
    total = len(trades)
    yield section("Why trades ended", _groups(groups(trades, _reason), "reason", total))
    by = groups(trades, _instrument)
    shown = _groups(by[:GROUPS_MAX], "instrument", total)
    if len(by) > GROUPS_MAX:
        shown += f'<p class="note">The {GROUPS_MAX} with the most trades of {len(by)}.</p>'
    yield section("Instruments", shown)
    for title, key in (("Desks", _desk), ("Sides", _side)):
        found = groups(trades, key)
        if len(found) > 1:
            yield section(title, _groups(found, title[:-1].lower(), total))


def _groups(found: Sequence[Group], name: str, total: int) -> str:
    return table(*group_table(found, name, total), "groups")


def _rolling(sheet: Sheet) -> Iterator[str]:
    ratios, days = rolling_sharpe(sheet.days)
    if ratios:
        chart = line_chart(ratios, f"Sharpe of the last {days} days", ratio_text, base=0.0)
        yield section(f"Sharpe of the last {days} days", chart)
    rates, trades = rolling_win_rate(sheet.trades)
    if rates:
        chart = line_chart(rates, f"Win rate of the last {trades} trades", axis_percent, base=0.5)
        yield section(f"Win rate of the last {trades} trades", chart)


def _verdicts(verdicts: Sequence[Mapping[str, Any]]) -> str:
    if not verdicts:
        return ""
    rows = [
        [escape(str(row["outcome"])), escape(str(row["reason"])), f"{row['count']:,}"] for row in verdicts
    ]
    return section("How candidates ended", table(("outcome", "reason", "count"), rows, "verdicts"))


def _reason(trade: ClosedTrade) -> str:
    return trade.reason


def _instrument(trade: ClosedTrade) -> str:
    return trade.instrument


def _desk(trade: ClosedTrade) -> str:
    return trade.desk


def _side(trade: ClosedTrade) -> str:
    return "long" if trade.side == "buy" else "short"
