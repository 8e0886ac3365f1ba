"""Latches: what stops entries until a person, by name and with a reason, releases it."""

from __future__ import annotations

import msgspec

from tradeworthy.core.events import Event
from tradeworthy.execution.orders import CancelWorking
from tradeworthy.risk.operators import HaltChanged, HaltRule


class Latch(msgspec.Struct, frozen=True):
    """Set at session time `ts` by a person or a part; `desk` "" stops all."""

    desk: str
    rule: HaltRule
    by: str
    reason: str
    ts: int


class Latches(msgspec.Struct):
    """The latches that are set, by `desk/rule`: each rule latches for itself, so none hides another."""

    held: dict[str, Latch] = {}

    def holding(self, desk: str, besides: HaltRule | None = None) -> str:
        """The rule that latched exactly `desk` first, `besides` left out ("" if none did)."""
        if not self.held:
            return ""
        rules = (latch.rule for latch in self.held.values() if latch.desk == desk)
        return next((rule.value for rule in rules if rule is not besides), "")

    def has(self, desk: str, rule: HaltRule) -> bool:
        """Whether that rule has latched exactly `desk`."""
        return bool(self.held) and f"{desk}/{rule.value}" in self.held

    def set(self, latch: Latch) -> list[Event]:
        """The events of a new latch, which takes working entries back; none if it is set already."""
        key = f"{latch.desk}/{latch.rule.value}"
        if key in self.held:
            return []
        self.held[key] = latch
        return [
            HaltChanged(latch.desk, halted=True, rule=latch.rule.value, by=latch.by, reason=latch.reason),
            CancelWorking(latch.desk, latch.rule.value),
        ]

    def release(self, desk: str) -> list[Latch]:
        """Take out the latches of `desk` ("": every one) and return them."""
        gone = {key: latch for key, latch in self.held.items() if desk in ("", latch.desk)}
        for key in gone:
            del self.held[key]
        return list(gone.values())
