"""One paper day from end to end: the session with all around it, its bars, trades and summary, and how usual it was."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.proving.parity.session_path import empty_home
from tradeworthy.proving.resemblance import BAND, TradeFacts, in_band, likenesses, read_facts
from tradeworthy.reporting.metrics import win_rate
from tradeworthy.runtime.assembly import timeframe_of
from tradeworthy.runtime.configuration import Configuration, load
from tradeworthy.runtime.desks import built_in_settings
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.panel_logs import panel_logs
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.session import run_session

SUMMARY = "summary.json"
EPOCH = date(1970, 1, 1)


def paper_day(
    config: Path, day: date, feed: str, out: Path, *, home: Home | None = None, history: Path | None = None
) -> dict[str, Any]:
    """Trade UTC day `day` of `feed` on paper with the desks of `config`; what it came to, as in `out`/summary.json.

    Each desk's bars, trades and day are in a folder of its name in `out`. The session begins as many days before as the
    longest window and a calibration need, and trades on them as well: the desk comes to the day with what it made.
    `home` is where the session runs; without one in an empty home of its own, gone afterwards. `history` is the folder
    of a backtest of the same desks; without one nothing is compared. UsageError for a configuration without a desk on
    a panel, NotAvailable without the data, the history, or a server.
    """
    configuration = load(config)
    logs = panel_logs(configuration, out, (day - EPOCH).days)
    if logs is None:
        raise UsageError(
            f"{config} has no desk that trades a panel; a paper day is theirs: name another configuration"
        )
    if feed.partition(":")[0] == "simulator":
        raise UsageError("a paper day is one of the past: give --feed recorded:DIR or catalog")
    before = {
        desk.name: read_facts(history / desk.name / "trades.csv") if history else []
        for desk in configuration.desks
        if desk.on_panel
    }
    begin = day - timedelta(days=lead_days(configuration))
    plan = Plan(configuration, Mode.PAPER, feed=feed, fresh=True, first_day=begin, last_day=day)
    with nullcontext(home) if home else empty_home() as place:
        ended = run_session(plan, place, observers=[logs])
    figures = logs.close()
    desks = {desk: _desk(out / desk, figures[desk], before[desk]) for desk in figures}
    summary = {
        "configuration": configuration.name,
        "feed": feed,
        "date": day.isoformat(),
        "first_day": begin.isoformat(),
        "bars": TIMEFRAMES_NS["1d"] // TIMEFRAMES_NS[timeframe_of(configuration)],
        "finished": ended.finished,
        **{name: ended.figures[name] for name in ("run", "digest", "fingerprint")},
        "desks": desks,
        "warnings": [f"{desk}: {words}" for desk, found in desks.items() for words in _warnings(found)],
    }
    try:
        (out / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise Retryable(f"Can't write to {out}: {error.strerror}; free the disk and run it again") from None
    return summary


def lead_days(configuration: Configuration) -> int:
    """Whole days before a day from which the desks know all that they ask of the past, at least one."""
    needed = [1]
    for desk in configuration.desks:
        if desk.on_panel:
            settings = built_in_settings(desk)
            calibration = settings.vol_calibration
            windows = -(-settings.windows[-1] * TIMEFRAMES_NS[desk.timeframe] // TIMEFRAMES_NS["1d"])
            needed.append(windows + (calibration.days if calibration.mode == "static" else 0))
    return max(needed)


def _desk(folder: Path, figures: dict[str, Any], before: list[TradeFacts]) -> dict[str, Any]:
    today = read_facts(folder / "trades.csv")
    with (folder / "bars.csv").open(encoding="utf-8") as lines:
        bars = sum(1 for _ in lines) - 1
    return {
        **figures,
        "bars": bars,
        **_shape(today),
        "trades_before": len(before),
        "before": {**_shape(before), "WR": _win_rate(before)} if before else None,
        "likeness": [one.row() for one in likenesses(today, before)],
    }


def _shape(trades: Sequence[TradeFacts]) -> dict[str, Any]:
    """How trades ended, and at what leverage: None if there is none."""
    ends = Counter(trade.exit_reason for trade in trades)
    leverages = [trade.leverage for trade in trades]
    return {
        "exit_mix": {reason: count / len(trades) for reason, count in sorted(ends.items())},
        "leverage": {"median": median(leverages), "least": min(leverages), "most": max(leverages)}
        if trades
        else None,
    }


def _win_rate(trades: Sequence[TradeFacts]) -> float:
    return win_rate(sum(trade.pnl > 0 for trade in trades), sum(trade.pnl < 0 for trade in trades))


def _warnings(found: dict[str, Any]) -> list[str]:
    words = [
        f"{one['what']} is {one['today']:.3f}, and was {one['before']:.3f} before (p {one['p']:.4f})"
        for one in found["likeness"]
        if one["differs"]
    ]
    if not found["Trades"]:
        return ["no trade was closed"]
    if not in_band(found["WR"]):
        words.append(f"win rate {found['WR']:.0%} is not {BAND[0]:.0%} to {BAND[1]:.0%}, which is no gate")
    return words
