"""The gates of a buy as they are in force: the engine's own, and those that tuning moved.

What the position manager acts on and what the episode log records is this one reading. Source: specs/uptrend.md 6.5
and 17.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tradeworthy.desks.uptrend.config import EngineSettings
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.learning.events import Override
from tradeworthy.learning.lookup import Controls, controls
from tradeworthy.learning.scopes import S1_ENTRY, S3_DX
from tradeworthy.learning.settings import LearningSettings

TS, HALO, DX, SLOPE, ZONE, CALM = "ts", "halo", "dx", "slope", "zone", "emergency"
"""The gates: trend strength, nearness to the average, discount, slope, discount zone, and no emergency exit."""

PERCENT = 100.0
_DEFAULTS = EngineSettings()


class Judged(NamedTuple):
    """What a payload asks for under the gates in force.

    `gates` are their values and, ending in `_base`, the engine's own; `passed` which of the state's gates was met and
    `blocked_by` those that were not, in the order in which they are asked. Both are empty in a state without a buy.
    """

    buy_signal: bool
    buy_flag: bool
    gates: dict[str, float]
    passed: dict[str, bool]
    blocked_by: tuple[str, ...]


class _Gate(NamedTuple):
    """One gate: whether the engine says it is met, and if tuning moved it whether it is met where it is now."""

    name: str
    base: bool
    tuned: bool | None = None

    def met(self) -> bool:
        return self.base if self.tuned is None else self.tuned


def base_controls(payload: Payload) -> Controls:
    """The engine's own gates of this payload, which tuning multiplies: thresholds that were configured are kept."""
    check, anchor = payload.check, payload.state is Stage.S1
    return Controls(
        ts_min=PERCENT * _figure(check, "ts_threshold", _DEFAULTS.ts_threshold),
        halo_mult=_figure(check, "halo", _DEFAULTS.s1_halo_atr if anchor else _DEFAULTS.s2_halo_atr),
        dx_min=PERCENT * _figure(check, "dx_threshold_base", _DEFAULTS.dx_buy_threshold),
    )


def judged(
    payload: Payload, overrides: Iterable[Override], scope: Mapping[str, str], settings: LearningSettings
) -> Judged:
    """`effective` under what `overrides` say of this payload's own gates."""
    base = base_controls(payload)
    pattern = {Stage.S1: S1_ENTRY, Stage.S3: S3_DX}.get(payload.state, "")
    tuned = controls(overrides, pattern, scope, settings, base) if pattern else base
    return effective(payload, tuned, tuned)


def effective(payload: Payload, controls_s1: Controls, controls_s3: Controls) -> Judged:
    """The buys of `payload` with the S1 entry under `controls_s1` and the S3 rebuy under `controls_s3`.

    Controls must be made from `base_controls(payload)`. Gates are judged anew only where tuning moved them, so it may
    turn a signal on or off; the retest of S2, the first dip and a warm-up are left as the engine said.
    """
    if payload.state is Stage.S1:
        gates = _entry_gates(payload, controls_s1)
        values = _values(payload, controls_s1, (TS, HALO))
        asked = _asked(payload, payload.buy_signal, gates, moved=controls_s1.moved)
        return Judged(asked, payload.buy_flag, values, *_outcome(gates))
    if payload.state is Stage.S2:
        gates, base = _retest_gates(payload), base_controls(payload)
        return Judged(
            payload.buy_signal, payload.buy_flag, _values(payload, base, (TS, HALO)), *_outcome(gates)
        )
    if payload.state is Stage.S3:
        gates = _discount_gates(payload, controls_s3)
        values = _values(payload, controls_s3, (TS, DX))
        asked = _asked(payload, payload.buy_flag, gates, moved=controls_s3.moved)
        return Judged(payload.buy_signal, asked, values, *_outcome(gates))
    return Judged(payload.buy_signal, payload.buy_flag, {}, {}, ())


def halo_distance(payload: Payload) -> float | None:
    """How far the price is from its state's average, in ATRs; None where the payload does not say."""
    known = payload.check.get("halo_distance")
    if known is not None:
        return float(known)
    anchor = payload.emas.ema60 if payload.state is Stage.S1 else payload.emas.ema333
    return abs(payload.price - anchor) / payload.atr if payload.atr > 0 and anchor > 0 else None


def _entry_gates(payload: Payload, tuned: Controls) -> list[_Gate]:
    said, own = payload.buy_signal, base_controls(payload)
    near, distance = _said(payload, "entry_zone_ok", said=said), halo_distance(payload)
    zone = None
    if tuned.halo_mult != own.halo_mult and distance is not None:
        zone = distance <= tuned.halo_mult or (near and tuned.halo_mult > own.halo_mult)
    return [
        _Gate(HALO, near, zone),
        _Gate(SLOPE, _said(payload, "slope_ok", said=said)),
        _strong(payload, tuned, own, said=said),
    ]


def _retest_gates(payload: Payload) -> list[_Gate]:
    names = ((HALO, "entry_zone_ok"), (SLOPE, "slope_ok"), (TS, "ts_ok"))
    return [_Gate(name, _said(payload, key, said=payload.buy_flag)) for name, key in names]


def _discount_gates(payload: Payload, tuned: Controls) -> list[_Gate]:
    said, own = payload.buy_flag, base_controls(payload)
    word = payload.check.get("dx_ok")
    cheap = said or (payload.dx >= _dx_threshold(payload, own) if word is None else bool(word))
    lower = None
    if tuned.dx_min != own.dx_min:
        lower = payload.dx >= _dx_threshold(payload, tuned) or (cheap and tuned.dx_min < own.dx_min)
    return [
        _Gate(DX, cheap, lower),
        _Gate(ZONE, discounted(payload)),
        _Gate(SLOPE, _said(payload, "slope_ok", said=said)),
        _strong(payload, tuned, own, said=said),
        _Gate(CALM, not payload.emergency_exit),
    ]


def discounted(payload: Payload) -> bool:
    """Whether the price is at or under EMA144, as the engine says it."""
    known = payload.check.get("price_in_discount_zone")
    return payload.buy_flag or (payload.price <= payload.emas.ema144 if known is None else bool(known))


def _strong(payload: Payload, tuned: Controls, own: Controls, *, said: bool) -> _Gate:
    strong = _said(payload, "ts_ok", said=said)
    if tuned.ts_min == own.ts_min:
        return _Gate(TS, strong)
    # A gate that was met stays met where it was lowered, whatever figures a forced payload lacks.
    lowered = strong and tuned.ts_min < own.ts_min
    return _Gate(TS, strong, PERCENT * payload.ts_with_boost >= tuned.ts_min or lowered)


def _asked(payload: Payload, said: bool, gates: list[_Gate], *, moved: bool) -> bool:  # noqa: FBT001 - the engine's word
    """Whether a buy is asked for: the engine's word unless tuning moved a gate of a payload that may signal."""
    if not moved or payload.warmup or payload.watch_only:
        return said
    return all(gate.met() for gate in gates)


def _outcome(gates: list[_Gate]) -> tuple[dict[str, bool], tuple[str, ...]]:
    passed = {gate.name: gate.met() for gate in gates}
    return passed, tuple(name for name, met in passed.items() if not met)


def _values(payload: Payload, tuned: Controls, names: tuple[str, ...]) -> dict[str, float]:
    """The gates in force and the engine's own, by name."""
    own, values = base_controls(payload), dict[str, float]()
    for name in names:
        place = {TS: 0, HALO: 1, DX: 2}[name]
        key = Controls._fields[place]
        values[key], values[f"{key}_base"] = float(tuned[place]), float(own[place])
    if DX in names:
        values["dx_threshold"], values["dx_threshold_base"] = (
            _dx_threshold(payload, tuned),
            _dx_threshold(payload, own),
        )
    return values


def _dx_threshold(payload: Payload, tuned: Controls) -> float:
    """The least DX of a rebuy: older trends ask for more, a price near EMA333 for less."""
    suppression = _figure(payload.check, "edx_suppression", 0.0)
    boost = _figure(payload.check, "price_position_boost", 0.0)
    return max(0.0, tuned.dx_min / PERCENT + suppression - boost)


def _said(payload: Payload, key: str, *, said: bool) -> bool:
    """The engine's word on one gate; a payload that asks for the buy met them all."""
    return said or bool(payload.check.get(key, False))


def _figure(check: Mapping[str, object], key: str, default: float) -> float:
    known = check.get(key)
    return float(known) if isinstance(known, int | float) else default
