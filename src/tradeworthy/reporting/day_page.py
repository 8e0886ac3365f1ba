"""A run's report as one page of HTML that needs nothing from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from tradeworthy.core.errors import UsageError
from tradeworthy.reporting import day_tables as rows
from tradeworthy.reporting.benchmarks import Comparison
from tradeworthy.reporting.curves import drawdowns, groups
from tradeworthy.reporting.daily import title
from tradeworthy.reporting.day_report import Report, identity
from tradeworthy.reporting.drawing import DAY_S, column_chart, line_chart, line_key, lines_chart
from tradeworthy.reporting.page_parts import (
    axis_percent,
    coloured,
    money,
    percent,
    ratio_text,
    section,
    short_money,
    signed_money,
    table,
    tiles_of,
    whole_page,
)

GROUPS_MAX = 20
"""The most instruments with a row of their own."""

Row = Mapping[str, Any]


def write_page(file: Path, report: Report) -> None:
    """Write the page to `file`; UsageError if it can't be written."""
    try:
        file.write_text(page(report), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--html {file} can't be written: {error.strerror}; name another file") from None


def page(report: Report) -> str:
    """The whole page."""
    return whole_page(f"{title(report.summary)} - {report.about['run']}", _body(report))


def _body(report: Report) -> Iterator[str]:
    yield from _head(report)
    yield _tiles(report)
    notes = "".join(f"<li>{escape(note)}</li>" for note in report.notes())
    if notes:
        yield f'<section class="notes"><h2>Read this first</h2><ul>{notes}</ul></section>'
    yield from _curves(report)
    yield from _beside(report)
    yield from _days(report)
    yield from _parts(report)
    yield from _trades(report)
    yield from _candidates(report)
    yield from _stance(report)
    if report.assumptions:
        said = [[escape(about), escape(text)] for about, text in report.assumptions]
        yield section("What was assumed", table((), said, "said"))
    yield _identity(report)


def _head(report: Report) -> Iterator[str]:
    summary, about = report.summary, report.about
    first, last = (rows.time_text(summary["period"][name]) for name in ("from", "to"))
    parts = [
        f"{str(about['mode']).title()}, {first} to {last} UTC" if first else "No session time passed",
        f"run {about['run']}",
    ]
    if summary["strategy"]:
        parts.append(f"only what {summary['strategy']} did")
    yield f"<header><h1>{escape(title(summary))}</h1><p>{escape(', '.join(parts))}</p></header>"
    for halt in report.halts:
        if halt["released_at"] is None:
            who = f"desk {halt['desk']}" if halt["desk"] else "all desks"
            words = (
                f"Entries of {who} are halted by {halt['rule']} since {rows.time_text(halt['created_at'])}"
            )
            why = halt["reason"] or "no reason given"
            yield f'<section class="notes halt">{escape(f"{words}: {why}")}</section>'


def _tiles(report: Report) -> str:
    summary, account = report.summary, report.performance
    ratio, unrealised = account["sharpe"], summary["unrealized_pnl"]
    currency = escape(str(summary["currency"] or ""))
    marked = account["last_equity"] is not None
    tiles = [
        ("realised P&amp;L", signed_money(summary["realized_pnl"]), f"{currency}, after fees"),
        (
            "unrealised P&amp;L",
            "-" if unrealised is None else signed_money(unrealised),
            "only the whole account has one" if unrealised is None else "of what is held, at its last mark",
        ),
        (
            "equity",
            money(account["last_equity"]) if marked else "-",
            f"{coloured(account['return'])} from {money(account['first_equity'])}"
            if marked
            else "never marked",
        ),
        (
            "largest drawdown",
            percent(account["max_drawdown"], 2),
            f"{percent(account['drawdown'], 2)} under its highest at the end" if marked else "never marked",
        ),
        (
            "Sharpe, a year",
            ratio_text(ratio),
            _sharpe_note(account["days"], account["sharpe_error"]),
        ),
        (
            "trades",
            f"{summary['total_trades']:,}",
            f"{summary['closed_trades']:,} closed, {summary['open_trades']:,} open",
        ),
        ("win rate", percent(summary["win_rate"], 1), f"{summary['wins']:,} won, {summary['losses']:,} lost"),
        ("fees", money(summary["fees"]), f"{summary['fills']:,} fills"),
    ]
    return tiles_of(tiles)


def _sharpe_note(days: int, error: float | None) -> str:
    if error is None:
        return "two days that differ are the least"
    return f"&plusmn; {error:.1f} (one standard error): {days} {'day says' if days == 1 else 'days say'} " + (
        "next to nothing" if error > 1 else "little" if error > 0.5 else "something"
    )


def _curves(report: Report) -> Iterator[str]:
    curve = report.equity
    if len(curve) < 2:
        yield section(
            "Equity", '<p class="note">The account was not marked twice yet: there is no curve.</p>'
        )
        return
    whose = " of the whole account" if report.summary["strategy"] else ""
    yield section(
        f"Equity{whose}",
        line_chart(curve, "Equity as it was marked", short_money, base=curve[0][1], stepped=True),
    )
    fall = line_chart(
        drawdowns(curve),
        "Equity under its highest so far",
        axis_percent,
        colour="var(--down)",
        base=0.0,
        stepped=True,
    )
    yield section("Drawdown", fall)


def _beside(report: Report) -> Iterator[str]:
    for one in report.comparisons:
        yield section(f"Beside {escape(one.name)}", _comparison(one))
    if report.no_holding:
        yield section("Beside buy-and-hold", f'<p class="note">{escape(report.no_holding)}</p>')


def _comparison(one: Comparison) -> str:
    keys = "".join(
        f"<span>{line_key(number)}{escape(name)}</span>" for number, name in enumerate(("this run", one.name))
    )
    drawn = lines_chart(
        [[(at, value - 1.0) for at, value in curve] for curve in (one.own_curve, one.other_curve)],
        f"Return of the run and of {one.name}",
        axis_percent,
        base=0.0,
    )
    sides = [
        [
            escape(name),
            coloured(side.total_return),
            percent(side.max_drawdown, 2),
            percent(side.volatility, 1),
        ]
        for name, side in (("this run", one.own), (one.name, one.other))
    ]
    error = "" if one.error is None else f" &plusmn; {percent(one.error, 2)}"
    sides.append(["difference", coloured(one.difference) + error, "", ""])
    notes = "".join(f"<li>{escape(note)}</li>" for note in one.caveats)
    heads = ("", "return", "largest drawdown", "volatility, a year")
    return f'<p class="keys">{keys}</p>{drawn}{table(heads, sides, "beside")}<ul class="note">{notes}</ul>'


def _days(report: Report) -> Iterator[str]:
    if not report.days:
        return
    drawn = ""
    if len(report.days) > 1:
        points = [(rows.midnight(day["day"]), float(day["pnl"])) for day in report.days]
        won, lost = [(at, max(pnl, 0.0)) for at, pnl in points], [(at, min(pnl, 0.0)) for at, pnl in points]
        drawn = column_chart(won, lost, DAY_S, "Realised profit and loss by day", short_money)
    heads = ("day (UTC)", "trades", "won", "lost", "P&L", "fees", "equity at its end")
    yield section("P&amp;L by day", drawn + table(heads, rows.day_rows(report.days), "days"))


def _parts(report: Report) -> Iterator[str]:
    if report.strategies:
        heads = ("strategy", "closed", "win rate", "P&L", "fees", "largest win", "largest loss")
        yield section("By strategy", table(heads, rows.strategy_rows(report.strategies), "strategies"))
    kinds = report.summary["by_opportunity_type"]
    if kinds:
        shown = [[escape(row["type"]), f"{row['trades']:,}", signed_money(row["pnl"])] for row in kinds]
        yield section("By kind", table(("kind", "trades", "P&L"), shown, "kinds"))


def _trades(report: Report) -> Iterator[str]:
    for name, found in (("Largest wins", report.wins), ("Largest losses", report.losses)):
        if found:
            yield section(name, table(rows.TRADE_HEADS, rows.trade_rows(found), "words"))
    held = (
        table(rows.HELD_HEADS, rows.held_rows(report.held), "words")
        if report.held
        else '<p class="note">Nothing is held.</p>'
    )
    yield section("Open positions", held)
    if report.trades:
        total = len(report.trades)
        by_reason = groups(report.trades, lambda trade: trade.reason)
        yield section("Why trades ended", table(*rows.group_table(by_reason, "reason", total), "groups"))
        by = groups(report.trades, lambda trade: trade.instrument)
        shown = table(*rows.group_table(by[:GROUPS_MAX], "instrument", total), "groups")
        if len(by) > GROUPS_MAX:
            shown += f'<p class="note">The {GROUPS_MAX} with the most trades of {len(by)}.</p>'
        yield section("Instruments", shown)


def _candidates(report: Report) -> Iterator[str]:
    summary = report.summary
    if not summary["candidates"]:
        yield section("Candidates", '<p class="note">No candidate was opened.</p>')
        return
    verdicts = [
        [escape(row["outcome"]), escape(row["reason"]), f"{row['count']:,}"] for row in summary["verdicts"]
    ]
    yield section(
        f"How {summary['candidates']:,} candidates ended",
        table(("outcome", "reason", "count"), verdicts, "verdicts"),
    )
    for name, found in (
        ("Refused by risk, by rule", summary["risk_rejections"]),
        ("Gaps that were not traded", summary["opportunities"]["not_traded"]),
    ):
        if found:
            shown = [[escape(row["reason"] or "still open"), f"{row['count']:,}"] for row in found]
            yield section(name, table(("reason", "count"), shown, "reasons"))
    gaps = summary["opportunities"]["by_method"]
    if gaps:
        yield section("How long gaps lived", table(rows.GAP_HEADS, rows.gap_rows(gaps), "gaps"))


def _stance(report: Report) -> Iterator[str]:
    if report.postures:
        yield section(
            "Posture changes", table(rows.POSTURE_HEADS, rows.posture_rows(report.postures), "words")
        )
    if report.halts:
        yield section("Halts", table(rows.HALT_HEADS, rows.halt_rows(report.halts), "words"))


def _identity(report: Report) -> str:
    found = identity(report)
    parents: Sequence[str] = found["parents"]
    shown = [
        ["run", f"<code>{escape(found['run'])}</code>"],
        [
            "goes on from",
            ", ".join(f"<code>{escape(parent)}</code>" for parent in parents) or "nothing: it began empty",
        ],
        ["configuration", escape(str(found["configuration"] or "-"))],
        ["seed", f"{found['seed']}"],
        ["feed", f"<code>{escape(_feed_text(found['feed']))}</code>"],
        ["decision hash", f"<code>{escape(found['decision_hash'] or '-')}</code>"],
        ["digest", f"<code>{found['digest']}</code>" if found["digest"] else "not finished: it has none yet"],
        ["fingerprint", f"<code>{found['fingerprint']}</code>" if found["fingerprint"] else "not finished"],
        ["replay it", f"<code>{escape(found['replay'])}</code> holds each decision against the journal"],
    ]
    return section("Which run this is", table((), shown, "identity"))


def _feed_text(feed: Any) -> str:
    """The feed in short: what it was made of in full is in the journal's header."""
    feed = dict(feed or {})
    settings = feed.pop("settings", None)
    text = json.dumps(feed, sort_keys=True, default=str)
    return f"{text[:400]}{' and settings' if settings else ''}"
