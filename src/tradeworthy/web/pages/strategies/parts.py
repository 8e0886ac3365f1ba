"""HTML of the strategies: their table, and a card for each desk with its settings and why it did not trade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    count,
    facts,
    gain,
    html,
    joined,
    link,
    meter,
    money,
    percent,
    table,
    tag,
)
from tradeworthy.web.dashboard.reason_words import verdict
from tradeworthy.web.pages.pilot.candidates import counted

Row = dict[str, Any]

NAMES_SHOWN: Final = 8
SETTINGS_SHOWN: Final = 60


def strategies_table(rows: Sequence[Row], run: str) -> Html:
    """What each strategy earned, the best first; a name leads to its trades."""
    columns = (
        Column("Strategy"),
        Column("Desk", is_extra=True),
        Column("Total P&L", is_figure=True),
        Column("Trades", is_figure=True),
        Column("Wins", is_figure=True, is_extra=True),
        Column("Losses", is_figure=True, is_extra=True),
        Column("Win rate", is_figure=True),
        Column("Largest win", is_figure=True, is_extra=True),
        Column("Largest loss", is_figure=True, is_extra=True),
        Column("Average", is_figure=True, is_extra=True),
        Column("Profit factor", is_figure=True, is_extra=True),
        Column("Fees", is_figure=True, is_extra=True),
        Column("Allocation", is_figure=True, is_extra=True),
    )
    return table(
        columns,
        [_strategy(row, run) for row in rows],
        caption="Strategies, the best first",
        empty="This run has no desk; a configuration names at least one under [[desks]].",
    )


def _strategy(row: Row, run: str) -> tuple[Any, ...]:
    trades = joined([count(row["trades"]), _open(row["open_trades"])])
    return (
        joined(
            [
                link("/trades", row["strategy"], strategy=row["strategy"], run=run),
                tag("div", f"{row['candidates']:,} candidates, {row['filled']:,} filled", class_="under"),
            ]
        ),
        row["desk"],
        tag("span", gain(row["pnl"]), data_strategy=row["strategy"], data_value=row["pnl"]),
        trades,
        count(row["wins"]),
        count(row["losses"]),
        percent(row["win_rate"], places=0),
        gain(row["largest_win"]),
        gain(row["largest_loss"]),
        gain(row["average"]),
        _factor(row),
        money(row["fees"]),
        _allocation(row),
    )


def _open(number: int) -> Html:
    return tag("div", f"{number:,} open", class_="under") if number else Html()


def _factor(row: Row) -> Html:
    """What was won for each that was lost; without a loss there is none, which is said."""
    if row["profit_factor"] is not None:
        return html(f"{row['profit_factor']:.2f}")
    return tag("span", "no loss", class_="note") if row["wins"] else html(None)


def _allocation(row: Row) -> Html:
    if row["share"] is None:
        word, why = (
            ("none", "The desk's allocator gives it nothing")
            if row["is_shared"]
            else ("fixed", "No allocator")
        )
        return tag("span", word, class_="note", title=why)
    return joined([percent(row["share"], places=1), meter(float(row["share"]))])


def about_desk(desk: Row) -> Html:
    """A desk's configuration in short, and all that it was set to, to be unfolded."""
    return joined([facts(_facts(desk)), _settings(desk)])


def why_not(desk: str, hour: Row | None, counting: Mapping[str, Any]) -> Html:
    """Why it did not trade: in the present hour, which the session counts, and in the last `hour` on record."""
    parts = list[Html]()
    now = (counting.get("turns") or {}).get(desk)
    if now:
        said = f"since {_clock(counting['from_ts'])} UTC, turns without a candidate"
        parts.append(_reasons("Why no trade this hour", said, list(now.items()), ()))
    if hour is not None:
        span = f"{hour['from']:%m-%d %H:%M} to {hour['to']:%H:%M} UTC"
        turns = [(row["reason"], row["turns"]) for row in hour["turns"]]
        # Until the first hour is over there is nothing on record, and what is counted stands above.
        if turns or hour["verdicts"] or not now:
            parts.append(_reasons("Why no trade in the last hour on record", span, turns, hour["verdicts"]))
    return tag("div", joined(parts), class_="whys")


def _reasons(title: str, span: str, turns: Sequence[tuple[str, int]], verdicts: Sequence[Row]) -> Html:
    rows: list[tuple[Any, str, int]] = [("", reason, number) for reason, number in turns]
    others = [row for row in verdicts if row["outcome"] != "FILLED"]
    rows += [(verdict(row["outcome"]), row["reason"], row["count"]) for row in others]
    return tag(
        "div",
        joined(
            [
                tag("p", joined([tag("b", title), " ", tag("span", span, class_="note")])),
                counted(
                    rows,
                    caption=f"{title}: turns without a candidate and verdicts, by reason",
                    empty="No turn was counted in it: the desk heard nothing that it acts on.",
                ),
            ]
        ),
    )


def _facts(desk: Row) -> list[tuple[str, Any]]:
    instruments = desk.get("instruments") or []
    named = ", ".join(instruments[:NAMES_SHOWN])
    more = f" and {len(instruments) - NAMES_SHOWN} more" if len(instruments) > NAMES_SHOWN else ""
    pairs = [
        ("Timeframe", desk.get("timeframe") or None),
        ("Instruments", f"{named}{more}" if named else "those that its venue lists"),
        ("Share of the account", percent(float(desk["share"]), places=0) if desk.get("share") else None),
    ]
    return [pair for pair in pairs if pair[1] is not None]


def _settings(desk: Row) -> Html:
    """All that it was set to, to be unfolded."""
    pairs = list(_flat(desk.get("settings") or {}))
    if not pairs:
        return Html()
    shown = facts((tag("code", name), value) for name, value in pairs[:SETTINGS_SHOWN])
    more = f", the first {SETTINGS_SHOWN}" if len(pairs) > SETTINGS_SHOWN else ""
    return tag("details", joined([tag("summary", f"{len(pairs)} settings{more}"), shown]), open="")


def _flat(settings: Mapping[str, Any], before: str = "") -> Any:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{before}{name}", f"{len(value)} entries"
        else:
            yield f"{before}{name}", _said(value)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "none"
    return str(value)


def _clock(ts: int) -> str:
    return f"{datetime.fromtimestamp(ts / 1e9, UTC):%H:%M}"
