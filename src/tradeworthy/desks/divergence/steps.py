"""The steps of the trade: signal, decision, size. Sweep, batch engine and session all run these.

Each takes the parameters, the desk's memory and what it is told of the bar, and writes its answer into the memory.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from tradeworthy.desks.divergence.codes import Action, Code
from tradeworthy.desks.divergence.records import PRICES

NONE, ENTER, EXIT, SKIP = (int(action) for action in (Action.NONE, Action.ENTER, Action.EXIT, Action.SKIP))
NOTHING, HOLDING, NO_PRICE = int(Code.NOTHING), int(Code.HOLDING), int(Code.NO_PRICE)
CALIBRATING, WARMING_UP, DAY_ENDING = int(Code.CALIBRATING), int(Code.WARMING_UP), int(Code.DAY_ENDING)
NO_FEATURES, QUIET, NO_DIVERGENCE = int(Code.NO_FEATURES), int(Code.QUIET), int(Code.NO_DIVERGENCE)
NO_ASSET, CONTRADICTED, POSTURE = int(Code.NO_ASSET), int(Code.CONTRADICTED), int(Code.POSTURE)
FOREWARNED, TOO_SMALL, ENTRY = int(Code.FOREWARNED), int(Code.TOO_SMALL), int(Code.ENTRY)
HIBERNATE_HALT, STOP_LOSS, FIXED_TP = int(Code.HIBERNATE_HALT), int(Code.STOP_LOSS), int(Code.FIXED_TP)
NORMALIZATION, MAX_HOLD = int(Code.SUBDAY_ACB_NORMALIZATION), int(Code.MAX_HOLD)

STALKER, TURTLE, HIBERNATE = 1, 2, 3
"""Ranks of the postures; 0 is APEX."""

SPARED_BARS = 2
"""So many bars after an entry no change of posture closes it."""


@njit(cache=True)
def signal_step(params: Any, memory: Any, features: Any) -> None:
    """Find out whether this bar is a trigger, and which asset it chooses.

    Only outcomes that were complete before this bar count: those that this bar completes are added afterwards.
    """
    if memory.last_ts > 0 and features.ts - memory.last_ts != params.step_ns:
        # Triggers before a hole have no outcome: the prices that would tell are not `horizon` bars later.
        for slot in range(PRICES):
            memory.triggers[slot] = 0
    memory.last_ts = features.ts
    memory.ts, memory.bar = features.ts, features.bar
    memory.z = float(params.direction) * features.vel_div
    memory.trigger = 1 if memory.z > params.threshold else 0
    memory.blocked = _blocked(params, memory, features)
    memory.asset = -1
    memory.dc = 0
    memory.price = math.nan
    memory.score = memory.alignment = math.nan
    if memory.trigger == 1:
        _choose(params, memory, features)
    slot = features.ts // params.step_ns
    _complete(params, memory, features, slot)
    memory.triggers[slot % PRICES] = memory.trigger


@njit(cache=True)
def _blocked(params: Any, memory: Any, features: Any) -> int:
    """Why a desk without a position does not look for a trade at this bar; 0: it does."""
    if params.vol_gate != 0 and features.vol_ok < 0:
        return CALIBRATING
    if features.bar < params.warmup:
        return WARMING_UP
    if params.tail > 0 and features.bar >= params.bars_a_day - 1 - params.tail:
        return DAY_ENDING
    if math.isnan(features.vel_div):
        return NO_FEATURES
    if params.vol_gate != 0 and features.vol_ok == 0:
        return QUIET
    return NOTHING


@njit(cache=True)
def _choose(params: Any, memory: Any, features: Any) -> None:
    """The asset of the largest responsiveness score; ties go to the name that sorts first."""
    best = -1
    for i in range(features.columns):
        if math.isnan(features.close[i]) or math.isnan(features.efficiency[i]):
            continue
        prior = params.alignment_prior
        alignment = (prior + float(memory.hits[i])) / (2.0 * prior + float(memory.trials[i]))
        if alignment < params.alignment_min:
            continue
        score = 0.6 * alignment + 0.3 * features.efficiency[i] - 0.1 * features.noise[i]
        better = best < 0 or score > memory.score
        if not better and score == memory.score:
            better = params.rank[i] < params.rank[best]
        if better:
            best = i
            memory.score, memory.alignment = score, alignment
    memory.asset = best
    if best < 0:
        return
    memory.price = features.close[best]
    move = float(params.direction) * features.confirm[best]
    if move >= params.confirm:
        memory.dc = 1
    elif move <= -params.confirm:
        memory.dc = -1


@njit(cache=True)
def _complete(params: Any, memory: Any, features: Any, slot: int) -> None:
    """Count the outcomes of a trigger `horizon` bars ago."""
    if memory.triggers[(slot - params.horizon) % PRICES] == 0:
        return
    for i in range(features.columns):
        outcome = features.outcome[i]
        if not math.isnan(outcome):
            memory.trials[i] += 1
            if float(params.direction) * outcome > 0.0:
                memory.hits[i] += 1


@njit(cache=True)
def decide_step(params: Any, memory: Any, bar: Any) -> None:
    """Exit, enter, or why neither: into `memory.action` and `memory.code`. Call it after signal_step."""
    if bar.posture == memory.posture:
        memory.posture_run += 1
    else:
        memory.posture = bar.posture
        memory.posture_run = 1
    memory.action = NONE
    if bar.lots != 0:
        memory.code = _exit(params, memory, bar)
        if memory.code not in (HOLDING, NO_PRICE):
            memory.action = EXIT
        return
    memory.held = -1
    if memory.blocked != NOTHING:
        memory.code = memory.blocked
        return
    if memory.trigger == 0:
        memory.code = NO_DIVERGENCE
        return
    memory.code = _entry(params, memory, bar)
    memory.action = ENTER if memory.code == ENTRY else SKIP


@njit(cache=True)
def _exit(params: Any, memory: Any, bar: Any) -> int:
    """The first exit that holds, at this bar's close."""
    if math.isnan(bar.price):
        return NO_PRICE
    bars_held = (memory.ts - memory.entry_ts) // params.step_ns
    if memory.posture == HIBERNATE and memory.posture_run >= params.posture_reads and bars_held > SPARED_BARS:
        return HIBERNATE_HALT
    move = float(params.direction) * (bar.price / bar.entry_price - 1.0)
    if move <= -params.stop:
        return STOP_LOSS
    if move >= params.take_profit:
        return FIXED_TP
    if memory.entry_boost > 1.0 and bar.boost <= memory.entry_boost * (1.0 - params.boost_fall):
        return NORMALIZATION
    if bars_held >= params.max_hold:
        return MAX_HOLD
    return HOLDING


@njit(cache=True)
def _entry(params: Any, memory: Any, bar: Any) -> int:
    """ENTRY, or what stands against it."""
    if memory.asset < 0:
        return NO_ASSET
    if memory.dc < 0:
        return CONTRADICTED
    if memory.posture == HIBERNATE or memory.posture_run < params.posture_reads:
        return POSTURE
    if bar.mc_red != 0:
        return FOREWARNED
    return ENTRY


@njit(cache=True)
def size_step(params: Any, memory: Any, bar: Any) -> None:
    """Leverage and notional of the entry that decide_step found; too small a one becomes a skip.

    The trade's circumstances are remembered for its exits. `memory.regime` is set at every bar.
    """
    s = (memory.z - params.threshold) / (params.extreme - params.threshold)
    if not s > 0.0:
        s = 0.0
    s = min(s, 1.0)
    cube = s * s * s
    memory.regime = bar.boost * (1.0 + bar.beta * cube) * bar.mc_scale
    memory.leverage = memory.notional = 0.0
    memory.maker_only = 0
    if memory.action != ENTER:
        return
    base = params.leverage_min + (params.leverage_max - params.leverage_min) * cube
    confirmed = params.confirm_factor if memory.dc > 0 else 1.0
    factors = bar.ob * params.calendar_factor
    raw = base * confirmed * memory.regime * factors
    leverage = min(raw, params.leverage_max * memory.regime * factors, params.leverage_abs_max)
    if memory.posture == STALKER:
        leverage = min(leverage, params.stalker_cap)
    elif memory.posture == TURTLE:
        leverage = min(leverage, params.turtle_cap)
        memory.maker_only = 1
    memory.leverage = max(0.0, leverage)
    memory.notional = bar.capital * params.fraction * memory.leverage
    if memory.leverage < params.leverage_to_trade:
        memory.action, memory.code = SKIP, TOO_SMALL
        return
    memory.entry_ts, memory.entry_boost, memory.held = memory.ts, bar.boost, memory.asset
