"""A trial of learning: what was learned on one stretch of days, and what it changed on the days after it.

The same days are traded twice, with the overrides and without. Every sentence is as careful as its interval: where 0 is
in it there is no evidence, whatever the middle says.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from tradeworthy.core.errors import UsageError
from tradeworthy.learning.events import Override
from tradeworthy.market.bars import utc_text

NO_EVIDENCE = "no evidence that it helped"
UNCHANGED = "nothing was learned that changes anything"
UNKNOWN = "too few days to tell"
HELPED, HURT = "it helped", "it hurt"
SIZE_ALONE = "it changed how much was traded; no evidence that the same money did better or worse"

FILES = ("overrides.json", "trades.csv", "trial.json")
OVERRIDES, TRADES, TRIAL = FILES


class TrialTrade(NamedTuple):
    """One trade: times in UTC ns, what it spent and made in units of currency, its reward over risk.

    One that is open at the end has made what it would at the last close, and has no `closed_ts` and no rr (both 0).
    """

    position: str
    trade: str
    opened_ts: int
    closed_ts: int
    spent: float
    pnl: float
    rr: float


@dataclass(frozen=True)
class Part:
    """What came of a stretch of days, first and last included: `result` is the equity's change.

    `trades` are all, the open ones last. `buys` were filled, and learning changed the sizes of `changed` of them.
    """

    first_day: date
    last_day: date
    trades: tuple[TrialTrade, ...]
    result: float
    buys: int
    changed: int

    @property
    def spent(self) -> float:
        """What the trades spent, in units of currency."""
        return sum(one.spent for one in self.trades)

    @property
    def closed(self) -> int:
        """How many of the trades are closed."""
        return sum(one.closed_ts > 0 for one in self.trades)


@dataclass(frozen=True)
class Learned:
    """What the first part left: lessons and the overrides made of them, by kind.

    `placebo_*` count those that speak of a dimension whose values were drawn and mean nothing; None where none was.
    """

    facts: int
    windows: int
    lessons: int
    strength: int
    tuning_lessons: int
    tuning: int
    q_max: float
    placebo_dimensions: tuple[str, ...]
    placebo_lessons: int | None
    placebo_strength: int | None
    placebo_tuning: int | None
    failed: int


@dataclass(frozen=True)
class Difference:
    """A figure without and with the overrides, and the 95 % interval of the difference (None: too few days)."""

    name: str
    without: float
    learned: float
    low: float | None
    high: float | None

    @property
    def difference(self) -> float:
        """With less without."""
        return self.learned - self.without

    @property
    def sign(self) -> int | None:
        """1 or -1 where the interval lies above or below 0, 0 where it holds 0, None without one."""
        if self.low is None or self.high is None:
            return None
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@dataclass(frozen=True)
class LearningTrial:
    """Both arms of the second part, side by side; it is judged by `by_day`, and then by `by_money`.

    A desk that loses loses less when it trades less, which is no better judgement: so a difference by day alone is
    told as what it is. `others` are further figures, not judged by.
    """

    name: str
    feed: str
    seed: int
    currency: str
    learned: Learned
    before: Part
    without: Part
    with_: Part
    paired: int
    only_without: int
    only_with: int
    block_days: int
    resamples: int
    by_day: Difference
    by_money: Difference
    others: tuple[Difference, ...]
    overrides: tuple[Override, ...]

    @property
    def verdict(self) -> str:
        """Whether the overrides helped."""
        if not any(one.status == "active" for one in self.overrides):
            return UNCHANGED
        if self.by_day.sign is None:
            return UNKNOWN
        if self.by_day.sign == 0:
            return NO_EVIDENCE
        if self.by_money.sign != self.by_day.sign:
            return SIZE_ALONE
        return HELPED if self.by_day.sign > 0 else HURT

    @property
    def differences(self) -> tuple[Difference, ...]:
        """All of them, those that are judged by first."""
        return (self.by_day, self.by_money, *self.others)


def trial_lines(trial: LearningTrial) -> Iterator[str]:
    """The trial for people: what was learned, what it changed, and what that shows."""
    before, learned = trial.before, trial.learned
    yield f"{trial.name} on {trial.feed}, seed {trial.seed}"
    yield (
        f"learned from {before.first_day} to {before.last_day}: {before.closed} closed trades,"
        f" {learned.facts} facts, {learned.windows} windows with an outcome"
    )
    yield (
        f"  {learned.lessons} lessons of strength made {learned.strength} overrides, {learned.tuning_lessons} of"
        f" tuning made {learned.tuning}"
    )
    if learned.failed:
        yield f"  {learned.failed} learning jobs failed; the log says why"
    yield from _placebo_lines(learned)
    yield f"applied from {trial.with_.first_day} to {trial.with_.last_day}, the same signals with and without:"
    for title, part in (("without", trial.without), ("with", trial.with_)):
        yield (
            f"  {title}: {part.closed} closed trades and {len(part.trades) - part.closed} open ones, which spent"
            f" {part.spent:.2f} {trial.currency}; equity {part.result:+.2f}; learning changed the size of"
            f" {part.changed} of {part.buys} buys"
        )
    yield (
        f"  {trial.paired} trades are of one row and one entry time in both; {trial.only_without} only without,"
        f" {trial.only_with} only with"
    )
    yield from _difference_lines(trial)
    yield f"{trial.verdict} (judged by {trial.by_day.name}, then by {trial.by_money.name})"


def _placebo_lines(learned: Learned) -> Iterator[str]:
    if learned.placebo_strength is None:
        return
    dimensions = " and ".join(learned.placebo_dimensions)
    yield (
        f"  {dimensions} were drawn from the seed and mean nothing: {learned.placebo_strength} of {learned.strength}"
        f" overrides of strength speak of them; up to {learned.q_max:.0%} of all may be chance"
    )
    yield (
        f"  as do {learned.placebo_tuning} of {learned.tuning} of tuning: these follow counts of misses, and a"
        " narrower slice has one only where it pulls otherwise than a wider one"
    )


def _difference_lines(trial: LearningTrial) -> Iterator[str]:
    if trial.by_day.low is not None:
        yield (
            f"difference, with its 95 % interval ({trial.resamples:,} resamples of the days in blocks of"
            f" {trial.block_days}, a trade counted where it was opened):"
        )
    for one in trial.differences:
        interval = "no interval" if one.low is None else f"[{one.low:+.4f}, {one.high:+.4f}]"
        yield f"  {one.name}: {one.without:.4f} -> {one.learned:.4f}, {one.difference:+.4f} {interval}"


def trial_json(trial: LearningTrial) -> dict[str, Any]:
    """The trial in JSON values, trades and overrides apart."""
    values: dict[str, Any] = asdict(trial)
    for name in ("overrides", "before", "without", "with_", "by_day", "by_money", "others"):
        del values[name]
    parts = {"before": trial.before, "without": trial.without, "with": trial.with_}
    return {
        **values,
        "differences": [{**asdict(one), "difference": one.difference} for one in trial.differences],
        **{name: _part_json(part) for name, part in parts.items()},
        "verdict": trial.verdict,
    }


def write_trial(folder: Path, trial: LearningTrial) -> list[Path]:
    """Write FILES to `folder`; overrides.json is one that learning.overrides_file can name."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rows = [{name: getattr(one, name) for name in Override.__struct_fields__} for one in trial.overrides]
        (folder / OVERRIDES).write_text(json.dumps({"overrides": rows}, indent=1) + "\n", encoding="utf-8")
        (folder / TRIAL).write_text(json.dumps(trial_json(trial), indent=1) + "\n", encoding="utf-8")
        with (folder / TRADES).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("part", *TrialTrade._fields))
            for name, part in (("before", trial.before), ("without", trial.without), ("with", trial.with_)):
                for one in part.trades:
                    closed = utc_text(one.closed_ts) if one.closed_ts else ""
                    times = {"opened_ts": utc_text(one.opened_ts), "closed_ts": closed}
                    writer.writerow((name, *{**one._asdict(), **times}.values()))
    except OSError as error:
        raise UsageError(f"can't write to {folder}: {error.strerror}; name another folder") from error
    return [folder / name for name in FILES]


def _part_json(part: Part) -> dict[str, Any]:
    return {
        "first_day": f"{part.first_day}",
        "last_day": f"{part.last_day}",
        "trades": len(part.trades),
        "closed": part.closed,
        "spent": part.spent,
        "result": part.result,
        "buys": part.buys,
        "changed": part.changed,
    }
