"""What a run came to, in lines: candidates, verdicts by reason, fills, and the closing line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradeworthy.gateways.feeds.protocol import FeedReport
    from tradeworthy.runtime.backtest import Backtested
    from tradeworthy.runtime.session import Ending


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
    for instrument, read in report.instruments.items() if report else ():
        if read.bad or read.missing:
            bad = ", ".join(f"{count} rows left out ({reason})" for reason, count in read.bad.items())
            missing = f"{read.missing} missing" if read.missing else ""
            yield f"feed: {instrument} has {', '.join(part for part in (bad, missing) if part)}"
