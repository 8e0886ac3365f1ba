"""The system's stance: our own posture, and what a script says as an outside writer would (D12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.flows.reached.stage import SECOND, START, Stage, Values, asking
from tests.flows.reached.table import reaches
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.stance import McStatus, Posture

MIDNIGHT = datetime.fromtimestamp(START // SECOND, UTC)


def with_panel(**sections: Any) -> Values:
    """The desk `asker` beside one that trades the panel of the same instruments: it is what asks for a posture."""
    values = asking(share="0.5", venue={"matcher": "bar", "fills": "taker_close"}, **sections)
    settings: Values = dict.fromkeys(("strategy_name", "state_key", "pnl_key", "log_dir"), "any")
    settings |= {"direction": -1, "assets_min": 2, "vol_symbol": "AAA"}
    desk = {"name": "panel", "kind": "divergence", "timeframe": "1m", "instruments": ["AAA", "BBB"]}
    values["desks"].append(desk | {"settings": settings, "share": "0.5"})
    return values


@reaches(
    *Posture,
    *("event.PostureChanged", "event.FactorsObserved"),
)
def what_our_own_posture_follows(_: Path) -> dict[str, None]:
    """An invariant fails and is mended: down at once, and up a step every five evaluations; then the world outside."""
    stage = Stage(with_panel())
    stage.put(HealthObserved("heartbeat", ok=True))
    stage.put(HealthObserved("ledger", ok=False))
    for _step in range(15):
        stage.wait(20 * SECOND)
        stage.put(HealthObserved("ledger", ok=True))
    stage.put(FactorsObserved(stage.now, dvol_btc=100.0))
    return stage.finish()


@reaches(*McStatus, *("event.PostureReported", "event.BoostChanged", "event.ForewarnerReported"))
def what_a_script_says(_: Path) -> dict[str, None]:
    """Each kind of word, by the clock."""
    at = [MIDNIGHT + timedelta(seconds=10 * place) for place in range(1, 5)]
    script = [
        {"at": at[0], "posture": "TURTLE"},
        {"at": at[1], "boost": 1.5, "beta": 0.3, "mc": "ORANGE"},
        {"at": at[2], "mc": "RED"},
        {"at": at[3], "mc": "OK"},
    ]
    stage = Stage(with_panel(script=script))
    stage.wait(60 * SECOND)
    return stage.finish()
