"""How much a run of the benchmarks does."""

from __future__ import annotations

from typing import NamedTuple


class Size(NamedTuple):
    """`rounds` runs of each side; quick runs do a tenth of the work."""

    quick: bool
    rounds: int

    def of(self, count: int) -> int:
        """`count`, or a tenth of it."""
        return count // 10 if self.quick else count
