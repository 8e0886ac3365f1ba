"""The records that the desk's steps pass to each other: one layout for compiled code, plain Python and snapshots.

A record is a `numpy.record`; its bytes are its whole state, so that `to_bytes` and `from_bytes` keep and restore it.
Columns are the universe's instruments in its order; fields of COLUMNS_MAX places are used up to the universe's size.
"""

from __future__ import annotations

from typing import Any

import numpy as np

COLUMNS_MAX = 64
"""Instruments that a universe may have."""

WINDOWS = 4
"""Windows of the correlation matrix: two that make vel_div, two that look further back."""

RING = 1024
"""Bars of returns that are kept: more than the longest window."""

PRICES = 128
"""Bars of prices that are kept: more than the longest look back at a price."""

CALIBRATION_MAX = 40_960
"""Readings of volatility that a calibration may rest on: more than two days of 5-second bars."""

STRESS_HOURS = 720
"""Hourly readings of the slow window's velocity that beta's threshold rests on: thirty days."""

LOOKBACK_MAX = 256
"""Bars that the volatility may look back."""

ROW = np.dtype(
    [
        ("ts", "i8"),  # open time of the bars, UTC ns
        ("columns", "i8"),
        ("close", "f8", (COLUMNS_MAX,)),
        ("present", "i1", (COLUMNS_MAX,)),  # 1 where there is a bar
    ],
    align=True,
)
"""One closed row of the panel."""

FEATURES = np.dtype(
    [
        ("ts", "i8"),
        ("bar", "i8"),  # number of the bar in its UTC day, by the clock
        ("columns", "i8"),
        ("assets", "i8"),  # in the fast window's matrix
        ("velocity", "f8", (WINDOWS,)),  # growth of the largest eigenvalue a bar, natural log; NaN: unknown
        ("eigenvalue", "f8", (WINDOWS,)),
        ("vel_div", "f8"),
        ("instability", "f8"),  # sd of the fast velocity over the fast window's bars
        ("volatility", "f8"),  # population sd of the last simple returns of the volatility's instrument
        ("vol_p60", "f8"),  # NaN until calibrated
        ("vol_ok", "i8"),  # 1: above the threshold, 0: not, -1: not known yet
        ("stress", "f8"),  # EWMA of the slowest velocity
        ("beta", "f8"),
        ("close", "f8", (COLUMNS_MAX,)),  # NaN where there is no bar
        ("efficiency", "f8", (COLUMNS_MAX,)),  # Kaufman's, 0 to 1; NaN: the window has a hole
        ("noise", "f8", (COLUMNS_MAX,)),  # rank of the sd that the market mode leaves unexplained, 0 to 1
        ("confirm", "f8", (COLUMNS_MAX,)),  # return over the confirmation's bars
        ("outcome", "f8", (COLUMNS_MAX,)),  # return over the alignment's horizon
    ],
    align=True,
)
"""What one row says, before any parameter of a trade: the same for both directions and all parameter sets."""

FEATURE_STATE = np.dtype(
    [
        ("step_ns", "i8"),
        ("columns", "i8"),
        ("vol_column", "i8"),  # -1: none
        ("assets_min", "i8"),
        ("windows", "i8", (WINDOWS,)),
        ("decay", "f8", (WINDOWS,)),  # of the exponential kernel; 0: box
        ("vol_lookback", "i8"),
        ("confirm_bars", "i8"),
        ("outcome_bars", "i8"),
        ("calibration_days", "i8"),  # 0: vol_p60 is given
        ("percentile", "f8"),
        ("stress_alpha", "f8"),
        ("beta_low", "f8"),
        ("beta_high", "f8"),
        ("bars", "i8"),
        ("ts", "i8"),  # of the last row; -1: none yet
        ("since_refresh", "i8"),
        ("first_day", "i8"),
        ("vol_p60", "f8"),
        ("readings", "i8"),
        ("calibration", "f8", (CALIBRATION_MAX,)),
        ("vol_returns", "f8", (LOOKBACK_MAX,)),
        ("vol_run", "i8"),
        ("stress", "f8"),
        ("stress_threshold", "f8"),  # NaN: too little history
        ("stress_hours", "f8", (STRESS_HOURS,)),
        ("hours", "i8"),
        ("hour", "i8"),  # of the last reading kept
        ("day", "i8"),  # on which the threshold was last set
        ("velocities", "f8", (LOOKBACK_MAX,)),  # of the fast window
        ("velocity_run", "i8"),
        ("price", "f8", (COLUMNS_MAX,)),  # last close; NaN: none in the last row
        ("run", "i8", (COLUMNS_MAX,)),  # returns in a row without a hole
        ("prices", "f8", (PRICES, COLUMNS_MAX)),
        ("returns", "f8", (RING, COLUMNS_MAX)),
        ("sums", "f8", (WINDOWS, COLUMNS_MAX)),
        ("absolute", "f8", (COLUMNS_MAX,)),  # sum of absolute returns, fast window
        ("products", "f8", (WINDOWS, COLUMNS_MAX, COLUMNS_MAX)),
        ("peaks", "f8", (WINDOWS, COLUMNS_MAX)),  # the largest sum of squares since the sums were made anew
        ("weight", "f8", (WINDOWS,)),
        ("vector", "f8", (WINDOWS, COLUMNS_MAX)),
        ("eigenvalue", "f8", (WINDOWS,)),  # NaN: none in the last row
        ("members", "i1", (WINDOWS, COLUMNS_MAX)),
        ("matrix", "f8", (COLUMNS_MAX, COLUMNS_MAX)),  # correlations of the window that was solved last
    ],
    align=True,
)
"""All that the feature step remembers, its settings included."""

PARAMS = np.dtype(
    [
        ("direction", "i8"),  # -1 short, +1 long
        ("threshold", "f8"),  # |vel_div_threshold|
        ("extreme", "f8"),  # |vel_div_extreme|
        ("take_profit", "f8"),
        ("stop", "f8"),
        ("max_hold", "i8"),
        ("warmup", "i8"),
        ("tail", "i8"),
        ("bars_a_day", "i8"),
        ("step_ns", "i8"),
        ("vol_gate", "i8"),  # 0: off
        ("fraction", "f8"),
        ("leverage_min", "f8"),
        ("leverage_max", "f8"),
        ("leverage_abs_max", "f8"),
        ("leverage_to_trade", "f8"),  # below it there is no trade
        ("alignment_min", "f8"),
        ("alignment_prior", "f8"),  # imagined outcomes each way
        ("horizon", "i8"),  # bars to an outcome
        ("confirm", "f8"),  # return that confirms or contradicts
        ("confirm_factor", "f8"),
        ("calendar_factor", "f8"),
        ("boost_fall", "f8"),  # of the entry's boost, at which a trade is normalised away
        ("posture_reads", "i8"),
        ("stalker_cap", "f8"),
        ("turtle_cap", "f8"),
        ("rank", "i8", (COLUMNS_MAX,)),  # of the columns' names, for ties
    ],
    align=True,
)
"""The parameters of the trade; a sweep has one record for each set."""

MEMORY = np.dtype(
    [
        ("hits", "i8", (COLUMNS_MAX,)),
        ("trials", "i8", (COLUMNS_MAX,)),
        ("triggers", "i1", (PRICES,)),  # ring of past triggers, by the bar's slot
        ("last_ts", "i8"),
        # What the signal step found at this bar
        ("trigger", "i8"),
        ("blocked", "i8"),  # a Code: why a flat desk would not even look; 0: it looks
        ("asset", "i8"),  # the chosen column; -1: none
        ("dc", "i8"),  # +1 confirmed, -1 contradicted, 0 neutral
        ("score", "f8"),
        ("alignment", "f8"),
        ("z", "f8"),  # direction * vel_div
        ("price", "f8"),  # close of the chosen column
        ("ts", "i8"),
        ("bar", "i8"),
        # What is remembered of the posture and of the trade
        ("posture", "i8"),
        ("posture_run", "i8"),
        ("entry_ts", "i8"),  # of the bar at whose close it was decided; 0: none
        ("entry_boost", "f8"),
        ("held", "i8"),  # the column that was entered; -1: none
        # What the decision and size steps answered
        ("action", "i8"),  # an Action
        ("code", "i8"),  # a Code
        ("leverage", "f8"),
        ("regime", "f8"),  # regime_size_mult
        ("notional", "f8"),  # units of currency
        ("maker_only", "i8"),
    ],
    align=True,
)
"""What the desk remembers between bars, and its last answers."""

BAR = np.dtype(
    [
        ("posture", "i8"),  # rank: 0 APEX to 3 HIBERNATE
        ("boost", "f8"),
        ("beta", "f8"),
        ("mc_red", "i8"),
        ("mc_scale", "f8"),
        ("ob", "f8"),  # the order books' multiplier
        ("capital", "f8"),  # units of currency
        ("lots", "i8"),  # signed, held now
        ("entry_price", "f8"),
        ("price", "f8"),  # close of the held column; NaN: no bar
    ],
    align=True,
)
"""The circumstances of one bar: read once, passed down."""


def record_of(dtype: np.dtype[Any]) -> Any:
    """A record of zeros."""
    return np.zeros(1, dtype).view(np.recarray)[0]


def to_bytes(record: Any) -> bytes:
    """The record's whole state."""
    return bytes(record.tobytes())


def from_bytes(data: bytes, dtype: np.dtype[Any]) -> Any:
    """The record that `to_bytes` was given; ValueError if `data` has another length."""
    if len(data) != dtype.itemsize:
        raise ValueError(f"{len(data)} bytes are no record of {dtype.itemsize}: they are of another layout")
    return np.frombuffer(data, dtype).copy().view(np.recarray)[0]
