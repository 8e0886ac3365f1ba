"""What the desk was told from outside, and how a bar takes it."""

from __future__ import annotations

from typing import Any

import msgspec

from tradeworthy.core.events import Event
from tradeworthy.desks.divergence.forewarner import standing
from tradeworthy.risk.stance import (
    MC_SCALES,
    BoostChanged,
    ForewarnerReported,
    McStatus,
    Posture,
    PostureChanged,
    PostureReported,
)


class Stance(msgspec.Struct):
    """The last word on each: without a beta the desk's own holds, of two postures the stricter.

    `mc` is what the forewarner's report came to at the last bar.
    """

    own: Posture = Posture.APEX
    reported: Posture = Posture.APEX
    boost: float = 1.0
    beta: float | None = None
    report: ForewarnerReported | None = None
    mc: McStatus = McStatus.OK

    def hear(self, event: Event, desk: str) -> None:
        """Take one event; those for another desk, or of another kind, say nothing."""
        if isinstance(event, PostureReported):
            self.reported = event.posture
        elif isinstance(event, PostureChanged):
            self.own = event.posture
        elif isinstance(event, BoostChanged):
            if event.desk in ("", desk):
                self.boost, self.beta = event.boost, event.beta
        elif isinstance(event, ForewarnerReported) and event.desk in ("", desk):
            self.report = event

    def fill(self, bar: Any, own_beta: float, now: int) -> None:
        """Write it into the circumstances of a bar that closed at `now`; a report of more than a day ago is ORANGE."""
        bar.posture = max(self.own.rank, self.reported.rank)
        bar.boost = self.boost
        bar.beta = own_beta if self.beta is None else self.beta
        self.mc = status = standing(self.report, now)
        report = self.report
        bar.mc_red = int(status is McStatus.RED)
        bar.mc_scale = (
            report.mc_scale if report is not None and report.status is status else MC_SCALES[status]
        )
