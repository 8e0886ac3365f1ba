"""What holding two computations against each other came to: one line of parity's table."""

from __future__ import annotations

import msgspec

from tradeworthy.proving.parity.differences import Compared, Difference


class Pair(msgspec.Struct, frozen=True):
    """Two computations: what was compared, over how many trades, and how long both took.

    `missing` names what the pair owes and never reached; `absent` says why it could not run (nothing was compared),
    `inapplicable` why there is no such computation of these desks.
    """

    name: str
    compared: tuple[Compared, ...]
    trades: int
    seconds: float
    missing: tuple[str, ...] = ()
    absent: str = ""
    note: str = ""
    inapplicable: str = ""

    @property
    def differences(self) -> int:
        """How many rows differ, of all that was compared."""
        return sum(one.differences for one in self.compared)

    @property
    def first(self) -> Difference | None:
        """The earliest difference."""
        found = [one.first for one in self.compared if one.first]
        return min(found, key=lambda one: (one.date, one.bar), default=None)

    @property
    def equal(self) -> bool:
        """Whether it ran and nothing differs."""
        return not (self.absent or self.inapplicable) and not self.differences

    @property
    def verdict(self) -> str:
        """EQUAL, DIFFERS, NOT REACHED (equal, but not all that is owed occurred), ABSENT or NOT APPLICABLE."""
        if self.inapplicable:
            return "NOT APPLICABLE"
        if self.absent:
            return "ABSENT"
        if self.differences:
            return "DIFFERS"
        return "NOT REACHED" if self.missing else "EQUAL"
