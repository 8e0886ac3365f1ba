"""What a fault drill came to: its figures against their limits."""

from __future__ import annotations

import msgspec


class Measure(msgspec.Struct, frozen=True):
    """One figure of a drill, the limit that it was held against, and whether it kept to it."""

    what: str
    figure: float
    limit: str
    kept: bool

    @property
    def text(self) -> str:
        """As people read it: torn pairs 0 (0)."""
        return f"{self.what} {self.figure:,.6g} ({self.limit})"


class Drilled(msgspec.Struct, frozen=True):
    """One drill: what was done, its measures, and how long it took.

    `absent` says why it could not run, and `fault` what ended it before its end; `note` is what a reader should know.
    """

    number: int
    name: str
    did: str = ""
    measures: tuple[Measure, ...] = ()
    note: str = ""
    fault: str = ""
    absent: str = ""
    seconds: float = 0.0

    @property
    def verdict(self) -> str:
        """PASS, FAIL or ABSENT."""
        if self.absent:
            return "ABSENT"
        return "PASS" if not self.fault and all(one.kept for one in self.measures) else "FAIL"


def below(what: str, figure: float, limit: float) -> Measure:
    """`figure` must be less than `limit`."""
    return Measure(what, figure, f"below {limit:,g}", figure < limit)


def at_least(what: str, figure: float, limit: float) -> Measure:
    """`figure` must be `limit` or more: what a drill never reached, it has not proven."""
    return Measure(what, figure, f"at least {limit:,g}", figure >= limit)


def exactly(what: str, figure: float, limit: float) -> Measure:
    """`figure` must be `limit`."""
    return Measure(what, figure, f"{limit:,g}", figure == limit)
