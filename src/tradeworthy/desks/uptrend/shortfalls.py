"""By how much the gates of a window were missed: what an episode's summary says of each lever.

Source: specs/uptrend.md 19.5.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.gates import DX, HALO, PERCENT, SLOPE, TS, ZONE, Judged, halo_distance
from tradeworthy.desks.uptrend.payloads import Payload

CAPS = {"ts": 0.10, "sr_boost": 0.25, "slopes": 0.02, "halo": 0.20, "dx": 0.10, "edx": 0.20, "band": 0.50}
"""By lever the shortfall whose severity is 1."""


class Shortfall(msgspec.Struct):
    """Of one lever: the windows and bars that fell short of it, and the sum of (shortfall times bars)."""

    windows: int = 0
    bars: int = 0
    total: float = 0.0


def shortfalls(payload: Payload, judged: Judged) -> dict[str, float]:
    """By lever how far below its gate a bar was, at most 0: only of gates that blocked it.

    A missing trend strength is also a missing level boost, a missing discount also an ageing trend.
    """
    gates, missed = judged.gates, judged.blocked_by
    found: dict[str, float] = {}
    if TS in missed:
        found["ts"] = payload.ts_with_boost - gates["ts_min"] / PERCENT
        found["sr_boost"] = payload.sr_boost - CAPS["sr_boost"]
    if SLOPE in missed:
        slopes = [_number(value) for name, value in payload.check.items() if name.endswith("_slope")]
        found["slopes"] = max(slopes, default=0.0)
    if HALO in missed and (distance := halo_distance(payload)) is not None:
        found["halo"] = gates["halo_mult"] - distance
    if DX in missed:
        found["dx"] = payload.dx - gates["dx_threshold"]
        found["edx"] = -_number(payload.check.get("edx_suppression"))
    if ZONE in missed and payload.emas.ema144 > payload.emas.ema333:
        emas = payload.emas
        found["band"] = (emas.ema144 - payload.price) / (emas.ema144 - emas.ema333)
    return {name: min(0.0, short) for name, short in found.items()}


def considered(found: Mapping[str, Shortfall], bars: int) -> tuple[dict[str, Figure], ...]:
    """One row for each lever, the severest first: mean shortfall, severity 0 to 1, and the share of bars behind it."""
    rows: list[dict[str, Figure]] = []
    for name, short in found.items():
        delta = short.total / short.bars if short.bars else 0.0
        severity = min(1.0, abs(delta) / CAPS[name])
        share = short.bars / bars if bars else 0.0
        row: dict[str, Figure] = {"lever": name, "delta": delta, "severity": severity}
        rows.append({**row, "confidence": share, "windows": short.windows})
    return tuple(sorted(rows, key=lambda row: (-_number(row["severity"]), str(row["lever"]))))


def _number(value: Figure) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
