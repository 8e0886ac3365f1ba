"""A made universe as a plan: twelve instruments in a recorded file, two desks, a script, and no limit that binds."""

from pathlib import Path
from typing import Any

import numpy as np

from tests.gateways.recordings import MINUTE, Line, write
from tests.gateways.recordings import START as RECORD_START
from tests.proving.market import frame, instruments, settings
from tradeworthy.gateways.feeds.panels import FIGURES
from tradeworthy.proving.subject import Subject, subject_of
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan

NO_LIMITS = {"leverage_max": "20", "position_max": "1", "portfolio_max": "1", "drawdown_max": "1"} | {
    "daily_loss_max": "1",
    "venue_max": "1",
    "orders_per_minute_max": 1000,
    "stale_after_s": 3600,
}

SCRIPT = [
    {
        "at": "2025-05-05T02:00:00Z",
        "until": "2025-05-06T00:00:00Z",
        "every_s": 7200,
        "boost": 1.5,
        "beta": 0.4,
    },
    {
        "at": "2025-05-05T02:40:00Z",
        "until": "2025-05-06T00:00:00Z",
        "every_s": 7200,
        "boost": 1.0,
        "beta": 0.2,
    },
    {"at": "2025-05-05T03:00:00Z", "until": "2025-05-06T00:00:00Z", "every_s": 7200, "posture": "TURTLE"},
    {"at": "2025-05-05T03:25:00Z", "until": "2025-05-06T00:00:00Z", "every_s": 7200, "posture": "HIBERNATE"},
    {"at": "2025-05-05T03:40:00Z", "until": "2025-05-06T00:00:00Z", "every_s": 7200, "posture": "APEX"},
]
"""Every two hours: more boost, less of it, post only, out, and back."""

ROWS = 720


def recorded(folder: Path, rows: int = ROWS) -> Path:
    """A file with the made market's bars."""
    made = frame(rows)
    lines: list[Line] = []
    for row, column in np.argwhere(~np.isnan(made.close)):
        minute = int(made.ts[row] - RECORD_START) // MINUTE
        figures = (float(getattr(made, name)[row, column]) for name in FIGURES)
        opened, high, low, close, volume = figures
        lines.append((made.instruments[column], minute, opened, high, low, close, volume))
    return write(folder, lines)


def desk(name: str, direction: int, **changes: Any) -> dict[str, Any]:
    """A `[[desks]]` section with half of the account."""
    places = {"state_key": f"made:{name}:state", "pnl_key": f"made:{name}:pnl", "log_dir": f"logs/{name}"}
    own = settings(direction, strategy_name=name, **places, **changes).model_dump(mode="json")
    traded = [one.id for one in instruments()]
    section = {"name": name, "kind": "divergence", "timeframe": "1m", "instruments": traded, "share": "0.5"}
    return {**section, "settings": own}


def configured(**sections: Any) -> Configuration:
    """A short and a long desk, maker draws, and the script."""
    values = {
        "name": "made",
        "account": {"cash": "50000"},
        "venue": {"fills": "maker_draw"},
        "risk": NO_LIMITS,
        "posture": {"own_rules": False},
        "script": SCRIPT,
        "instruments": [
            {
                "id": one.id,
                "venue": one.venue,
                "tick": str(one.tick),
                "lot": str(one.lot),
                "taker_fee": str(one.taker_fee),
                "maker_fee": str(one.maker_fee),
                "notional_min": str(one.notional_min),
            }
            for one in instruments()
        ],
        "desks": [desk("short", -1), desk("long", 1)],
    }
    return from_values(values | sections, "the test's configuration")


def plan_of(folder: Path, **sections: Any) -> Plan:
    """A plan on the recording in `folder`."""
    return Plan(configured(**sections), feed=f"recorded:{folder}")


def subject(folder: Path, home: Path, **sections: Any) -> Subject:
    """The subject of that plan."""
    return subject_of(plan_of(folder, **sections), Home(home).make())
