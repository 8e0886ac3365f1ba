"""Whether a day's trades are like those of a longer history: how they ended, how often they won, their leverage.

Each comparison is a two-sided test; what is as unlikely as SURPRISE is called different. It is a warning and no gate:
of a hundred honest days one is as surprising.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tradeworthy.core.errors import NotAvailable

SURPRISE = 0.01
BAND = (0.55, 0.65)
"""The win rate that a day is expected to have; the champion's own was under it, so it only warns."""


@dataclass(frozen=True)
class TradeFacts:
    """What of a trade is compared."""

    exit_reason: str
    pnl: float
    leverage: float


@dataclass(frozen=True)
class Likeness:
    """One figure of the day and of the history, and how likely the day's is if nothing changed (`p`)."""

    what: str
    today: float
    before: float
    p: float

    @property
    def differs(self) -> bool:
        """Whether it is too unlikely to be chance."""
        return self.p < SURPRISE

    def row(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "differs": self.differs}


def read_facts(file: Path) -> list[TradeFacts]:
    """The trades of a desk's trades.csv; NotAvailable if there is no such file."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return [
                TradeFacts(row["exit_reason"], float(row["pnl_absolute"]), float(row["leverage"]))
                for row in csv.DictReader(lines)
            ]
    except OSError as error:
        raise NotAvailable(
            f"there is no history in {file}: {error.strerror}; make one with `tradeworthy backtest CONFIG --out DIR`"
        ) from None


def likenesses(today: Sequence[TradeFacts], before: Sequence[TradeFacts]) -> list[Likeness]:
    """The share of each exit, the win rate and the median leverage; nothing if either side has no trade."""
    if not today or not before:
        return []
    ends, ends_before = (Counter(trade.exit_reason for trade in side) for side in (today, before))
    found = [
        _share(f"exits by {reason}", ends[reason], len(today), ends_before[reason], len(before))
        for reason in sorted(ends | ends_before)
    ]
    wins, wins_before = (sum(trade.pnl > 0 for trade in side) for side in (today, before))
    found.append(_share("win rate", wins, len(today), wins_before, len(before)))
    leverages = [sorted(trade.leverage for trade in side) for side in (today, before)]
    p = distance_p(distance(leverages[0], leverages[1]), len(today), len(before))
    return [*found, Likeness("median leverage", median(leverages[0]), median(leverages[1]), p)]


def in_band(win_rate: float) -> bool:
    """Whether a day's win rate is within the band that is expected of it."""
    return BAND[0] <= win_rate <= BAND[1]


def _share(what: str, count: int, total: int, before: int, total_before: int) -> Likeness:
    # Half a trade more of each kind: what never happened before is rare, and not impossible.
    expected = (before + 0.5) / (total_before + 1.0)
    p = binomial_p(count, total, expected)
    return Likeness(what, count / total, before / total_before, p)


def binomial_p(count: int, total: int, share: float) -> float:
    """How likely a count is at least as unlikely as `count` of `total`, each with probability `share` (0 to 1)."""
    logs = [
        math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)
        + k * math.log(share) + (total - k) * math.log1p(-share)
        for k in range(total + 1)
    ]  # fmt: skip
    limit = logs[count] + 1e-9
    return min(1.0, math.fsum(math.exp(one) for one in logs if one <= limit))


def distance(first: Sequence[float], second: Sequence[float]) -> float:
    """Kolmogorov's and Smirnov's: the largest difference of the shares of two sorted samples up to a value."""
    largest, i, j = 0.0, 0, 0
    while i < len(first) and j < len(second):
        value = min(first[i], second[j])
        while i < len(first) and first[i] <= value:
            i += 1
        while j < len(second) and second[j] <= value:
            j += 1
        largest = max(largest, abs(i / len(first) - j / len(second)))
    return largest


def distance_p(found: float, first: int, second: int) -> float:
    """How likely samples of such sizes from one distribution are further apart than `found` (Stephens 1970)."""
    root = math.sqrt(first * second / (first + second))
    scaled = (root + 0.12 + 0.11 / root) * found
    if scaled < 0.2:
        return 1.0
    terms = (2.0 * (-1.0) ** (k - 1) * math.exp(-2.0 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, math.fsum(terms)))
