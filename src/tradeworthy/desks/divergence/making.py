"""Records made of settings: the feature step's state, the trade's parameters, an empty memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.records import (
    BAR,
    CALIBRATION_MAX,
    COLUMNS_MAX,
    FEATURE_STATE,
    MEMORY,
    PARAMS,
    record_of,
)
from tradeworthy.market.bars import TIMEFRAMES_NS

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
EXP_SHARE = 3
"""The exponential kernel's half-life is a window's length over this."""

PARAM_SETTINGS = {
    "direction": "direction",
    "threshold": "vel_div_threshold",
    "extreme": "vel_div_extreme",
    "take_profit": "fixed_tp_pct",
    "stop": "stop_pct",
    "max_hold": "max_hold_bars",
    "warmup": "warmup_bars",
    "tail": "tail_bars",
    "vol_gate": "vol_gate",
    "fraction": "fraction",
    "leverage_min": "min_leverage",
    "leverage_max": "max_leverage",
    "leverage_abs_max": "abs_max_leverage",
    "leverage_to_trade": "leverage_to_trade",
    "alignment_min": "irp_alignment_min",
    "alignment_prior": "irp_prior",
    "horizon": "irp_horizon_bars",
    "confirm": "dc_threshold_bps",
    "confirm_factor": "dc_leverage_boost",
    "calendar_factor": "esof_mult",
    "boost_fall": "subday_acb_fall",
    "posture_reads": "posture_reads",
    "stalker_cap": "stalker_cap",
    "turtle_cap": "turtle_cap",
}
"""The setting that each field of PARAMS is taken from; the thresholds without their sign, bps as a fraction."""


def feature_state(settings: DivergenceSettings, instruments: Sequence[str], timeframe: str) -> Any:
    """An empty FEATURE_STATE.

    UsageError for a universe of the wrong size or without the volatility's instrument, and for a calibration over more
    bars than are kept.
    """
    columns = len(instruments)
    if not settings.assets_min <= columns <= COLUMNS_MAX:
        raise UsageError(
            f"strategy {settings.strategy_name} has a universe of {columns} instruments: give assets_min"
            f" ({settings.assets_min}) to {COLUMNS_MAX}"
        )
    if settings.vol_symbol not in instruments:
        raise UsageError(
            f"strategy {settings.strategy_name}: vol_symbol {settings.vol_symbol!r} is none of its instruments"
            f" {', '.join(instruments)}; name one of them"
        )
    days_max = CALIBRATION_MAX * TIMEFRAMES_NS[timeframe] // DAY_NS
    if settings.vol_calibration.days > days_max:
        raise UsageError(
            f"strategy {settings.strategy_name}: vol_calibration.days is {settings.vol_calibration.days}, and"
            f" {CALIBRATION_MAX} readings of {timeframe} bars are kept: give at most {days_max} days"
        )
    state = record_of(FEATURE_STATE)
    state.step_ns, state.columns = TIMEFRAMES_NS[timeframe], columns
    state.vol_column, state.assets_min = list(instruments).index(settings.vol_symbol), settings.assets_min
    state.windows[:] = settings.windows
    if settings.kernel == "exp":
        state.decay[:] = [0.5 ** (EXP_SHARE / width) for width in settings.windows]
    state.vol_lookback, state.percentile = settings.vol_lookback, settings.vol_percentile
    state.confirm_bars, state.outcome_bars = settings.dc_lookback_bars, settings.irp_horizon_bars
    fixed = settings.vol_calibration.vol_p60
    state.calibration_days = 0 if fixed is not None else settings.vol_calibration.days
    state.vol_p60 = math.nan if fixed is None else fixed
    state.stress_alpha = 1.0 - 0.5 ** (1.0 / settings.acb.halflife_bars)
    state.beta_low, state.beta_high = settings.acb.beta_low, settings.acb.beta_high
    state.ts = state.first_day = state.hour = state.day = -1
    state.stress = state.stress_threshold = math.nan
    for field in ("price", "prices", "eigenvalue"):
        state[field][...] = math.nan
    return state


def check_settings(settings: DivergenceSettings, instruments: Sequence[str], timeframe: str) -> None:
    """UsageError for settings by which a desk could never trade, or close rows out of order, or write over its state.

    feature_state's faults are among them.
    """
    feature_state(settings, instruments, timeframe)
    step_ns = TIMEFRAMES_NS[timeframe]
    bars = DAY_NS // step_ns
    if settings.warmup_bars + settings.tail_bars >= bars:
        raise UsageError(
            f"strategy {settings.strategy_name}: warmup_bars {settings.warmup_bars} and tail_bars {settings.tail_bars}"
            f" leave none of a day's {bars} bars of {timeframe} to open a trade on: lower them"
        )
    if settings.grace_s * SECOND_NS >= step_ns:
        raise UsageError(
            f"strategy {settings.strategy_name}: grace_s is {settings.grace_s:g}, and the next bar of {timeframe}"
            f" closes {step_ns // SECOND_NS} s later: give less"
        )
    if settings.state_key == settings.pnl_key:
        raise UsageError(
            f"strategy {settings.strategy_name}: state_key and pnl_key are both {settings.state_key}: one would write"
            " over the other; give two keys"
        )


def params_of(settings: DivergenceSettings, instruments: Sequence[str], timeframe: str) -> Any:
    """The PARAMS of `settings`, for instruments in the panel's order."""
    return params_table([settings], instruments, timeframe)[0]


def params_table(sets: Sequence[DivergenceSettings], instruments: Sequence[str], timeframe: str) -> Any:
    """The PARAMS of each set in a record array, for instruments in the panel's order."""
    table = np.zeros(len(sets), PARAMS).view(np.recarray)
    table.step_ns = TIMEFRAMES_NS[timeframe]
    table.bars_a_day = DAY_NS // TIMEFRAMES_NS[timeframe]
    names = sorted(instruments)
    table.rank[:, : len(names)] = [names.index(name) for name in instruments]
    for field, setting in PARAM_SETTINGS.items():
        table[field] = [getattr(one, setting) for one in sets]
    table.threshold, table.extreme = np.abs(table.threshold), np.abs(table.extreme)
    table.confirm /= 10_000.0
    return table


def empty_memory() -> Any:
    """A desk's memory before its first bar."""
    memory = record_of(MEMORY)
    memory.asset = memory.held = memory.posture = -1
    return memory


def neutral_bar() -> Any:
    """The circumstances of a bar without stress: APEX, boost 1, nothing held."""
    bar = record_of(BAR)
    bar.boost = bar.mc_scale = bar.ob = 1.0
    bar.price = bar.entry_price = math.nan
    return bar
