"""The rules by which a desk may act on the posture that it reads (divergence specification, section 8)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tradeworthy.desks.divergence.results import BarLog
from tradeworthy.risk.stance import Posture

READS, SPARED_BARS = 3, 2
"""So many equal reads let a desk enter, or close it; so many bars after an entry no posture closes it."""


@dataclass
class Reader:
    """Counts, bar by bar, what a desk does against the rules; `reads` are the postures read, calm so far."""

    counted: Counter[str]
    reads: list[str] = field(default_factory=lambda: [Posture.APEX] * READS)
    entered: int = -1

    def take(self, judged: BarLog, expected: Posture) -> None:
        """One bar, at which `expected` was in force."""
        self.counted["half"] += judged.posture != expected
        self.reads.append(judged.posture)
        confirmed = len(set(self.reads[-READS:])) == 1
        bar = len(self.reads)
        if judged.action == "ENTER":
            self.counted["entries"] += 1
            self.counted["unconfirmed entries"] += not confirmed or judged.posture == Posture.HIBERNATE
            self.entered = bar
        elif judged.action == "EXIT:HIBERNATE_HALT":
            self.counted["halts"] += 1
            self.counted["unconfirmed halts"] += not confirmed or judged.posture != Posture.HIBERNATE
            self.counted["halts too soon"] += bar - self.entered <= SPARED_BARS
        elif judged.action == "SKIP:posture":
            self.counted["kept out"] += 1
            self.counted["kept out wrongly"] += confirmed and judged.posture != Posture.HIBERNATE
