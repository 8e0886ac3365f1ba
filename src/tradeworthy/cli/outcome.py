"""What a run came to, in lines: candidates, verdicts by reason, fills, and the closing line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport
    from tradeworthy.runtime.backtest import Backtested
    from tradeworthy.runtime.session import Ending

SHOWN_MAX = 3
"""Instruments that a line about the feed lists at most, the farthest off first."""


def closing_line(figures: dict[str, Any]) -> str:
    """The line that every run ends with."""
    return (
        f"run_finished run={figures['run']} packets={figures['packets']}"
        f" digest={figures['digest']} fingerprint={figures['fingerprint']}"
    )


def outcome_lines(ended: Backtested | Ending) -> Iterator[str]:
    """Candidates, verdicts by reason, orders, fills, trades, equity; and what is unusual."""
    seen = ended.overview
    yield f"{seen['mode']} run {seen['run']} up to {seen['session_time']}, {seen['inputs']} inputs"
    yield from _feed_lines(ended.feed)
    yield f"candidates: {seen['candidates']} ({seen['open_candidates']} open)"
    for outcome, reasons in sorted(seen["verdicts"].items()):
        for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
            yield f"  {outcome:<10}{reason:<24}{count:>8}"
    yield f"orders: {seen['orders']}  fills: {seen['fills']}  open positions: {len(seen['open_positions'])}"
    yield (
        f"closed trades: {seen['trades_closed']} (won {seen['trades_won']})"
        f"  realised P&L: {seen['realised_pnl']}  equity: {seen['equity']}"
    )
    if seen["halted"]:
        yield f"halted by {seen['halted']}: see why with `tradeworthy report`, go on with `tradeworthy resume`"
    halts = {part["desk"]: part["halted"] for part in seen["parts"] if part["desk"]}
    for desk, halted in halts.items():
        if halted != seen["halted"]:
            resume = f"tradeworthy resume --desk {desk} --by NAME --reason TEXT"
            yield f"desk {desk} is halted by {halted}; while it runs, `{resume}` releases it"
    if seen["faults"]:
        yield f"faults: {seen['faults']} packets were withheld from a desk that raised; see agent_crashed in the log"
    if late := getattr(ended, "rows_late", ""):
        yield f"database: {late}"
    for path in getattr(ended, "files", []):
        yield f"wrote {path}"


def _feed_lines(report: FeedReport | None) -> Iterator[str]:
    """What of the feed was no bar, or not there."""
    read = report.instruments if report else {}
    for instrument, one in read.items():
        parts = [f"{count} rows left out ({reason})" for reason, count in one.bad.items()]
        if one.missing:
            parts.append(f"{one.missing} gap{'s' * (one.missing > 1)}")
        if parts:
            yield f"feed: {instrument} has {', '.join(parts)}"
    yield from _uneven(read)


def _uneven(read: dict[str, InstrumentReport]) -> Iterator[str]:
    """Instruments that begin late, end early or never come: to a desk on a panel they are holes in its rows."""
    from tradeworthy.market.bars import utc_text

    seen = {name: one for name, one in read.items() if one.last_ts}
    if not seen:
        return
    if absent := [name for name in read if name not in seen]:
        yield f"feed: no bar at all of {', '.join(absent)}"
    first, last = min(one.first_ts for one in seen.values()), max(one.last_ts for one in seen.values())
    late = sorted(((one.first_ts, name) for name, one in seen.items() if one.first_ts > first), reverse=True)
    early = sorted((one.last_ts, name) for name, one in seen.items() if one.last_ts < last)
    for what, of, found in (("begin after", first, late), ("end before", last, early)):
        if found:
            shown = ", ".join(f"{name} {utc_text(ts)}" for ts, name in found[:SHOWN_MAX])
            more = ", ..." * (len(found) > SHOWN_MAX)
            yield f"feed: {len(found)} of {len(read)} {what} {utc_text(of)}: {shown}{more}"
