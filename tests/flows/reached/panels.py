"""What a desk on a panel makes of its rows: every action, code and exit, and what a panel lacks (P2, D12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tests.desks.divergence.desk_rig import NAMES, STEP, TIMEFRAME, desk, rows_of, values_of
from tests.desks.divergence.rows import Floats
from tests.flows.reached.stage import SECOND, START, Stage, Values, together
from tests.flows.reached.table import reaches
from tradeworthy.desks.divergence.acb import UNCHANGED
from tradeworthy.desks.divergence.agent import NOTED, ORDER_WORKING
from tradeworthy.desks.divergence.codes import EXITS, Action, Code
from tradeworthy.desks.divergence.forewarning import NOTED as FOREWARNED_NOTED
from tradeworthy.execution.accounting import CashMoved
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.factors import FactorsObserved

ROWS = 280
MIDNIGHT = datetime.fromtimestamp(START // SECOND, UTC)
DAY: list[tuple[int, dict[str, Any]]] = [
    (420, {"boost": 1.8, "beta": 0.5}),
    (550, {"boost": 1.2, "beta": 0.2}),
    (665, {"posture": "HIBERNATE"}),
    (690, {"posture": "STALKER"}),
    (960, {"posture": "APEX"}),
    (1080, {"mc": "RED"}),
    (1110, {"mc": "OK"}),
]
"""What is said, by the minute of the day."""


def panel(**changes: Any) -> Values:
    """A configuration of one busy desk on six instruments."""
    return values_of(desk("panel", **changes))


def told(values: Values, closes: Floats, *, forget: int = -1) -> Stage:
    """A session that has seen these rows; the bars of row `forget` come late."""
    stage = Stage(values)
    for place, row in enumerate(closes):
        stage.wait(STEP)
        if place != forget:
            bars(stage, place, row)
    return stage


def bars(stage: Stage, place: int, closes: Floats) -> None:
    """The bars of row `place` that there are."""
    for name, close in zip(NAMES, closes.tolist(), strict=True):
        if np.isfinite(close):
            figures = close, close, close, close, 1e6
            stage.put(BarClosed(name, TIMEFRAME, START + place * STEP, *figures))


@reaches(
    *(Action.ENTER, Action.EXIT, Action.SKIP, Action.NONE),
    *(Code.NOTHING, Code.ENTRY, Code.HOLDING, Code.NO_FEATURES, Code.NO_DIVERGENCE, *EXITS),
    *(Code.CONTRADICTED, Code.POSTURE, Code.FOREWARNED, Code.NO_PRICE),
    *(f"trade.{code.word}" for code in EXITS),
    "event.BarJudged",
)
def how_a_panel_is_traded(_: Path) -> dict[str, None]:
    """A day in which all that the desk hears changes; then a row that lacks what it holds."""
    script = [{"at": MIDNIGHT + timedelta(minutes=at)} | said for at, said in DAY]
    closes = rows_of(ROWS)
    whole = told(panel() | {"script": script}, closes)
    against = told(panel(dc_threshold_bps=2.0), closes[:60])
    unpriced = closes[:64].copy()
    unpriced[60:, :-1] = np.nan
    return together(whole, against, told(panel(), unpriced))


@reaches(
    *(Code.CALIBRATING, Code.WARMING_UP, Code.QUIET, Code.DAY_ENDING, Code.NO_ASSET, Code.TOO_SMALL),
    f"turn.{ORDER_WORKING}",
)
def why_a_panel_is_not_traded(_: Path) -> dict[str, None]:
    """A gate without a threshold and one that is shut, the ends of a day, no asset, no size, and an order under way."""
    closes = rows_of(40)
    shut = {"mode": "fixed", "vol_p60": 1e9}
    slow = panel() | {"venue": {"fills": "maker_draw", "latency_ms": 400_000}}
    return together(
        told(panel(vol_gate=True), closes[:2]),
        told(panel(vol_gate=True, vol_calibration=shut, warmup_bars=5, tail_bars=262), closes),
        told(panel(irp_alignment_min=1.0), closes),
        told(panel(fraction=1e-9), closes),
        told(slow, closes),
    )


@reaches(*(f"turn.{word}" for word in (NOTED, UNCHANGED, FOREWARNED_NOTED)))
def what_a_desk_on_a_panel_only_hears(_: Path) -> dict[str, None]:
    """Money, and the same factors twice, with a forewarner that listens and without."""
    alone, warned = Stage(panel()), Stage(panel(forewarner={"enabled": True}))
    for stage in (alone, warned):
        stage.put(CashMoved(1, "interest"))
        for _again in range(2):
            stage.put(FactorsObserved(stage.now, dvol_btc=40.0))
    return together(alone, warned)


@reaches("gap.late_bar", "gap.repeated_bar", "gap.no_bars")
def what_a_panel_lacks(_: Path) -> dict[str, None]:
    """A row without any bar, whose bars come after the next closed, and a bar that comes twice."""
    closes = rows_of(3)
    stage = told(panel(), closes, forget=1)
    bars(stage, 1, closes[1])
    stage.put(*(BarClosed(NAMES[0], TIMEFRAME, START + 3 * STEP, *(1.0,) * 4, 1e6) for _twice in range(2)))
    return stage.finish()
