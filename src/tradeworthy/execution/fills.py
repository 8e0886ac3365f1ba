"""Which fills are known already: each is unique by venue and id, and moves the books once."""

from __future__ import annotations

import zlib
from enum import Enum

import msgspec

from tradeworthy.core.errors import AllHalted, Bug
from tradeworthy.execution.orders import FillObserved, FillStatus

KEPT_NS = 2 * 86_400_000_000_000
"""A fill is remembered for at least this long (two days of session time), and while it is not final."""


class Seen(Enum):
    """What a report of a fill says that was not known."""

    NEW = "new"
    CONFIRMED = "confirmed"
    REVERSED = "reversed"
    REPEATED = "repeated"


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A fill as last reported; `check` is the CRC-32 of what it did."""

    status: FillStatus
    check: int


class FillMemory(msgspec.Struct):
    """The fills of the last KEPT_NS in `recent`, of as long before in `older`; what came sooner is gone.

    `since` is when `recent` began, `forgotten` when the last forgotten ones ended (session time, UTC ns).
    """

    recent: dict[str, Known] = {}
    older: dict[str, Known] = {}
    since: int = 0
    forgotten: int = 0

    def see(self, fill: FillObserved, now: int) -> Seen:
        """Note the report and say what is new in it.

        Bug if it contradicts what is known of that id; AllHalted if it is too old for a repeat to be noticed.
        """
        if now - self.since >= KEPT_NS:
            self._forget(now)
        key, check = key_of(fill), check_of(fill)
        known = self.recent.get(key) or self.older.get(key)
        if known is None:
            if fill.ts_event < self.forgotten:
                raise AllHalted(
                    f"fill {key} of {fill.instrument} happened at {fill.ts_event} ns, but fills up to"
                    f" {self.forgotten} ns are forgotten, so it may be booked: reconcile with the venue"
                )
            self.recent[key] = Known(fill.status, check)
            return Seen.REPEATED if fill.status is FillStatus.FAILED else Seen.NEW
        if known.check != check:
            raise Bug(f"fill {key} is reported again with other figures, {fill}: reconcile with the venue")
        return self._advance(key, known, fill.status)

    def _advance(self, key: str, known: Known, status: FillStatus) -> Seen:
        if status is known.status or status is FillStatus.MATCHED:
            return Seen.REPEATED
        if known.status is not FillStatus.MATCHED:
            raise Bug(f"fill {key} is {known.status} and can't become {status}: reconcile with the venue")
        page = self.recent if key in self.recent else self.older
        page[key] = Known(status, known.check)
        return Seen.CONFIRMED if status is FillStatus.CONFIRMED else Seen.REVERSED

    def _forget(self, now: int) -> None:
        if self.older:
            self.forgotten = self.since
        unsettled = {key: known for key, known in self.older.items() if known.status is FillStatus.MATCHED}
        self.older, self.recent, self.since = self.recent, unsettled, now


def key_of(fill: FillObserved) -> str:
    """What makes a fill unique: its venue and the venue's id."""
    return f"{fill.venue}/{fill.fill}"


def check_of(fill: FillObserved) -> int:
    """The CRC-32 of what the fill did; its status, time and wording may differ from report to report."""
    who = f"{fill.order}|{fill.desk}|{fill.position}|{fill.instrument}"
    return zlib.crc32(f"{who}|{fill.side}|{fill.ticks}|{fill.lots}|{fill.fee}".encode())
