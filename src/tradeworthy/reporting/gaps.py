"""What was found in the books of prediction markets: how long gaps lasted, and why they were not traded."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from tradeworthy.core.candidates import Outcome, Verdict
from tradeworthy.core.packets import Packet
from tradeworthy.desks.arbitrage.events import GapClosed, OpportunityDetected
from tradeworthy.desks.arbitrage.reasons import SkipReason

MS_NS = 1_000_000


class Gaps:
    """Counts gaps by method; lifetimes (ms of session time) are kept as counts of each length.

    What stood when the session ended is still open: how long it would have lived nobody knows.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, str] = {}
        self._not_traded: Counter[str] = Counter()
        self._detected, self._survived, self._vanished = Counter[str](), Counter[str](), Counter[str]()
        self._lifetimes: dict[str, Counter[float]] = {}

    def add(self, packet: Packet) -> None:
        """Note one packet; most say nothing of gaps."""
        event = packet.event
        if isinstance(event, OpportunityDetected):
            self._waiting[packet.seq] = event.method.value
            self._detected[event.method.value] += 1
        elif isinstance(event, Verdict):
            method = self._waiting.pop(event.candidate, "")
            if method and event.outcome is not Outcome.FILLED:
                self._not_traded[event.reason] += 1
        elif isinstance(event, GapClosed) and event.reason != SkipReason.SESSION_ENDED:
            method = event.method.value
            (self._survived if event.survived else self._vanished)[method] += 1
            lived = (event.closed_ts - event.opened_ts) / MS_NS
            self._lifetimes.setdefault(method, Counter())[lived] += 1

    def figures(self) -> dict[str, Any]:
        """Detected, survived and vanished gaps with their lifetimes, in all and by method; reasons not traded."""
        methods = sorted({*self._detected, *self._lifetimes})
        return {
            **self._of(methods),
            "by_method": [{"method": method, **self._of([method])} for method in methods],
            "not_traded": [
                {"reason": reason, "count": count}
                for reason, count in sorted(self._not_traded.items(), key=lambda item: (-item[1], item[0]))
            ],
        }

    def _of(self, methods: list[str]) -> dict[str, Any]:
        lifetimes: Counter[float] = Counter()
        for method in methods:
            lifetimes += self._lifetimes.get(method, Counter())
        return {
            "detected": sum(self._detected[method] for method in methods),
            "survived": sum(self._survived[method] for method in methods),
            "vanished": sum(self._vanished[method] for method in methods),
            "p50_ms": percentile(lifetimes, 0.5),
            "p90_ms": percentile(lifetimes, 0.9),
        }


def percentile(counts: Counter[float], share: float) -> float | None:
    """The smallest value that at least `share` of all do not exceed; None of nothing (SQL's percentile_disc)."""
    wanted = math.ceil(share * counts.total())
    seen = 0
    for value, count in sorted(counts.items()):
        seen += count
        if seen >= wanted:
            return value
    return None
