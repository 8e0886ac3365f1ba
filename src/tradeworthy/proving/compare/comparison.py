"""Compare: is a run doing what a backtest of the same days does? The gap of their results, part by part.

The backtest begins with the run's own cash and positions. Then one thing after the other is taken from the run
instead: its data, its timing, its venue, its fees, its guards, its people. Each part of the gap is what that moved
the result by, so that the parts sum to the gap to the last cash unit. What the last course still lacks to the run on
record is the rest: zero, as long as the run's own inputs give the run again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event, Resumed
from tradeworthy.execution.accounting import CashMoved, Opened
from tradeworthy.market.bars import TIMEFRAMES_NS, utc_text
from tradeworthy.market.money import cash_text, decimal_of
from tradeworthy.proving.compare.courses import Course, Progress, courses_of
from tradeworthy.proving.compare.data import Aligned, DataDifference, FeedRows, align, read_feed
from tradeworthy.proving.compare.record import (
    DATA,
    FRAME,
    GUARDS,
    PARTS,
    PEOPLE,
    TIMING,
    Record,
    read_record,
)
from tradeworthy.proving.compare.settings import SettingDifference, named_together, settings_differing
from tradeworthy.proving.compare.story import Story
from tradeworthy.proving.compare.trades import Trades, compare_trades
from tradeworthy.proving.parity.differences import fields_of
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import check_desks
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.replay import differing_here
from tradeworthy.runtime.runs import find

REST = "rest"
"""The part that is left: what the record has and its own inputs do not give again here."""

TOLERANCE_NS = 60_000_000_000
"""How far entries of one trade may be apart in a session without bars; else it is a bar."""


class Part(msgspec.Struct, frozen=True):
    """A part of the gap: what the result moved by, what it then was, after how many trades, and what differed."""

    name: str
    amount: Decimal
    pnl: Decimal
    trades: int
    differed: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True):
    """How often a guard refused a desk's candidates, in the run and in the backtest."""

    desk: str
    rule: str
    run: int
    backtest: int


class ByTrade(msgspec.Struct, frozen=True):
    """The same gap by trades: matched ones, those that one side alone has, and what was still open."""

    matched: Decimal
    only_run: Decimal
    only_backtest: Decimal
    still_open: Decimal


class Comparison(msgspec.Struct, frozen=True):
    """A run held against a backtest of its days. Money is in the account's currency, exact.

    `gap` is the run's pnl less the backtest's. `differs_here` says what of code and machine is not as it was.
    """

    run: str
    configuration: str
    currency: str
    made_at: str
    from_at: str
    to_at: str
    finished: bool
    seed: int
    feed: dict[str, Any]
    same_feed: bool
    tolerance_s: float
    run_pnl: Decimal
    backtest_pnl: Decimal
    gap: Decimal
    parts: tuple[Part, ...]
    by_trade: ByTrade
    reproduced: bool
    differs_here: tuple[str, ...]
    settings: tuple[SettingDifference, ...]
    data: tuple[DataDifference, ...]
    events_run: int
    events_feed: int
    refused: tuple[Refused, ...]
    trades: Trades

    @property
    def explained(self) -> bool:
        """Whether nothing is left over, and the run's own inputs gave the run's own trades."""
        return self.reproduced and not self.parts[-1].amount


def compare_run(
    home: Home,
    run: str,
    *,
    feed: str = "",
    backtest: Configuration | None = None,
    tolerance_s: float | None = None,
    progress: Progress = lambda *_: None,
) -> Comparison:
    """The run named `run` ("": the newest) beside a backtest of its days on `feed` ("": its own).

    `backtest` is the backtest's configuration (None: the run's). NotAvailable for a run without inputs on record or a
    feed that is not here, UsageError for configurations of different desks, DeskHalted where a backtest would end.
    """
    if tolerance_s is not None and tolerance_s < 0:
        raise UsageError(f"--tolerance is {tolerance_s:g}; give seconds, 0 or more")
    folder = find(home, run)
    progress(0, "inputs, reading the run")
    record = read_record(folder)
    other = backtest or record.configuration
    settings = settings_differing(record.configuration, other)
    check_desks(record.configuration)
    progress(0, "inputs, reading the feed")
    rows = read_feed(record, other, feed, home)
    aligned = align(record, rows.given, rows.provider)
    courses = courses_of(record, aligned, other, progress)
    tolerance_ns = _tolerance_ns(record.configuration) if tolerance_s is None else round(tolerance_s * 1e9)
    trades = compare_trades(record.story, courses, tolerance_ns)
    return _made(record, rows, aligned, courses, settings, trades, tolerance_ns, differing_here(folder))


def _tolerance_ns(configuration: Configuration) -> int:
    lengths = [TIMEFRAMES_NS[desk.timeframe] for desk in configuration.desks if desk.on_bars]
    return max(lengths, default=TOLERANCE_NS)


def _made(
    record: Record,
    rows: FeedRows,
    aligned: Aligned,
    courses: Sequence[Course],
    settings: Sequence[SettingDifference],
    trades: Trades,
    tolerance_ns: int,
    differs_here: Sequence[str],
) -> Comparison:
    gap = record.pnl - courses[0].pnl
    return Comparison(
        run=record.header.run,
        configuration=record.configuration.name,
        currency=record.configuration.account.currency,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        from_at=utc_text(record.start_ts),
        to_at=utc_text(record.end_ts),
        finished=record.finished,
        seed=record.header.seed,
        feed=rows.identity,
        same_feed=rows.same,
        tolerance_s=tolerance_ns / 1e9,
        run_pnl=decimal_of(record.pnl),
        backtest_pnl=decimal_of(courses[0].pnl),
        gap=decimal_of(gap),
        parts=tuple(_parts(record, aligned, courses, settings)),
        by_trade=_by_trade(trades, gap),
        reproduced=courses[-1].story.trades == record.story.trades,
        differs_here=tuple(differs_here),
        settings=tuple(settings),
        data=tuple(aligned.differences),
        events_run=len(aligned.run),
        events_feed=len(aligned.feed),
        refused=tuple(_refused(record.story, courses[0].story)),
        trades=trades,
    )


def _parts(
    record: Record, aligned: Aligned, courses: Sequence[Course], settings: Sequence[SettingDifference]
) -> Iterator[Part]:
    differed = _differed(record, aligned, settings)
    for before, after in pairwise(courses):
        yield Part(
            after.part,
            decimal_of(after.pnl - before.pnl),
            decimal_of(after.pnl),
            len(after.story.trades),
            tuple(differed[after.part]),
        )
    rest = record.pnl - courses[-1].pnl
    said = ("the run's own inputs do not give its trades again here",)
    same = not rest and courses[-1].story.trades == record.story.trades
    yield Part(REST, decimal_of(rest), decimal_of(record.pnl), len(record.story.trades), () if same else said)


def _by_trade(trades: Trades, gap: int) -> ByTrade:
    matched = sum((one.gap for one in trades.matched), Decimal(0))
    ours = sum((one.trade.pnl for one in trades.only_run), Decimal(0))
    theirs = -sum((one.trade.pnl for one in trades.only_backtest), Decimal(0))
    return ByTrade(matched, ours, theirs, decimal_of(gap) - matched - ours - theirs)


def _refused(run: Story, backtest: Story) -> Iterator[Refused]:
    """Every rule that refused somebody."""
    ours, theirs = (
        Counter((one.desk, one.reason) for one in story.verdicts if one.outcome == "REJECTED")
        for story in (run, backtest)
    )
    for desk, rule in sorted(ours | theirs):
        yield Refused(desk, rule, ours[desk, rule], theirs[desk, rule])


# What differed, in words


def _differed(
    record: Record, aligned: Aligned, settings: Sequence[SettingDifference]
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {part: [] for part in PARTS}
    counts = Counter(one.what for one in aligned.differences)
    if counts:
        said = ", ".join(
            f"{counts[what]} {what}" for what in ("missing", "extra", "different") if counts[what]
        )
        found[DATA].append(f"{said}, of {len(aligned.feed)} events")
    if aligned.histories_differing:
        found[DATA].append(
            f"{aligned.histories_differing} of {aligned.histories} histories that it asked for are not the feed's"
        )
    late = [one for one in aligned.late_ns if one]
    if late:
        mean, most = sum(late) / len(late) / 1e9, max(late) / 1e9
        found[TIMING].append(
            f"{len(late)} of {len(aligned.run)} events came late, by {mean:.3f} s on average and {most:.3f} s at most"
        )
    gaps = [one.event.gap_ns for one in record.of(TIMING) if isinstance(one.event, Resumed)]
    if gaps:
        found[TIMING].append(f"restarts: {len(gaps)}, away for {sum(gaps) / 1e9:.1f} s in all")
    for part, key, ours, theirs in named_together(settings):
        found[part].append(f"{key} {ours}, in the backtest {theirs}")
    found[GUARDS] += _guarded(record)
    found[PEOPLE] += [f"{utc_text(one.ts)} {_said(one.event)}" for one in record.of(PEOPLE)]
    return found


def _guarded(record: Record) -> Iterator[str]:
    opened = [one.event for one in record.of(FRAME) if isinstance(one.event, Opened)]
    for one in opened:
        if one.latches:
            yield f"it began halted by {', '.join(one.latches)}"
        if one.peak:
            yield f"its drawdown counts from an equity of {cash_text(one.peak)}"
    if record.faults.count:
        yield f"{record.faults.count} packets were withheld from a desk that raised (in every course)"
    health = sum(isinstance(one.event, HealthObserved) for one in record.of(GUARDS))
    if health:
        yield f"{health} reports of the machine's health"


def _said(event: Event) -> str:
    """An event as people read it: its name, and the fields that say something."""
    if isinstance(event, CashMoved):
        return f"CashMoved {cash_text(event.amount)} {event.reason}"
    values = {
        name: value
        for name, value in fields_of(event).items()
        if value not in ("", ()) and value is not False
    }
    return " ".join([type(event).__name__, *(f"{name}={value}" for name, value in values.items())])


# Files


def write_comparison(found: Comparison, out: Path) -> list[Path]:
    """Write compare.json to `out`, made if need be; what was written. UsageError if that can't be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        path = out / "compare.json"
        encoded = msgspec.json.Encoder(decimal_format="number").encode(found)
        path.write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")
    except OSError as error:
        raise UsageError(f"--out {out} can't be written to: {error.strerror}; name another folder") from error
    return [path]
