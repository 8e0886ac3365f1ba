"""Two made tokens that rise and fall in waves, as a plan: minutes in a recorded file, signals of people, no limits."""

import math
from pathlib import Path
from typing import Any

from tests.gateways.recordings import Line, write
from tests.proving.parity_rig import NO_LIMITS
from tradeworthy.core.draws import draw
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.plan import Plan

TOKENS = ("WAVE", "TIDE")
MINUTES = 1_300
BARS_THRESHOLD = 60


def price(name: str, minute: int) -> float:
    """Long waves with short ones on them, and some noise."""
    place = TOKENS.index(name)
    size = 0.05 if minute % 1_000 < 600 else 0.015
    long = size * math.sin(2.0 * math.pi * (minute + 90 * place) / (330.0 + 60.0 * place) - 1.7)
    short = 0.006 * math.sin(2.0 * math.pi * minute / (37.0 + 11.0 * place))
    noise = 0.006 * (draw(3, name, minute) - 0.5)
    return round((2.0 + 3.0 * place) * (1.0 + long + short + noise), 4)


def recorded(folder: Path, minutes: int = MINUTES) -> Path:
    """A file with the minutes of both: now and then one is missing, and some trade next to nothing."""
    lines: list[Line] = []
    for minute in range(minutes):
        for name in TOKENS:
            missing = draw(3, f"{name}/gone", minute) < 0.01 or minute % 300 == 299
            opened, close = price(name, minute - 1), price(name, minute)
            reach = round(0.002 * close, 4)
            volume = 40.0 if draw(3, f"{name}/thin", minute) < 0.3 else 500_000.0
            if not missing:
                figures = (opened, max(opened, close) + reach, min(opened, close) - reach, close, volume)
                lines.append((name, minute, *figures))
    return write(folder, lines)


def configured(**changes: Any) -> Configuration:
    """One uptrend desk on both; `changes` are of its own sections."""
    settings: dict[str, Any] = {
        "tokens": [
            {"instrument": name, "ticker": name, "chain": "solana", "market_cap": 4e6 * (place + 1)}
            for place, name in enumerate(TOKENS)
        ],
        "curators": [{"id": "anna", "weight": 0.8}, {"id": "dora", "weight": 0.3}],
        "market": {
            "bars": {"1m": "1m", "15m": "1m"},
            "bars_threshold": BARS_THRESHOLD,
            "geometry_every_s": 300,
            "backfill": False,
        },
        "engine": {"ts_threshold": 0.75, "s1_halo_atr": 1.2, "ox_sell_threshold": 0.55, "trim_halo_atr": 3.0},
        "decision": {"splits": {"1m": 0.6, "15m": 0.3, "1h": 0.05, "4h": 0.05}},
        "regime": {"instrument": "WAVE", "timeframe": "15m"},
    }
    for name, section in changes.items():
        settings[name] = {**settings.get(name, {}), **section}
    values = {
        "name": "made-waves",
        "seed": 4,
        "account": {"cash": "50000", "currency": "USDT"},
        "venue": {"fills": "taker_close"},
        "risk": NO_LIMITS,
        "learning": {"n_min": 2, "tuning_n_min": 4, "permutations": 20},
        "signals": {"source": "seeded", "per_token_per_day": 40.0},
        "instruments": [
            {
                "id": name,
                "venue": "made",
                "quote": "USDT",
                "tick": "0.0001",
                "lot": "0.1",
                "taker_fee": "0.0005",
                "maker_fee": "0.0002",
                "notional_min": "5",
            }
            for name in TOKENS
        ],
        "desks": [
            {
                "name": "uptrend",
                "kind": "uptrend",
                "timeframe": "1m",
                "instruments": list(TOKENS),
                "share": "1",
                "settings": settings,
            }
        ],
    }
    return from_values(values, "the test's configuration")


def plan_of(folder: Path, **changes: Any) -> Plan:
    """A plan on the recording in `folder`."""
    return Plan(configured(**changes), feed=f"recorded:{folder}")
