"""What the batch engine answers: bars, trades and days as values."""

from __future__ import annotations

import msgspec


class BarLog(msgspec.Struct, frozen=True, gc=False):
    """One bar as the desk judged it. `ts` is its open time (UTC ns), `bar_idx` its number in the UTC day.

    `vol_regime_ok` is None until the gate is calibrated; `regime_size_mult` is boost * (1 + beta s^3) * mc_scale;
    `posture` is a Posture's name; `action` ENTER, SKIP:why, EXIT:why, or why nothing was done.
    """

    bar_idx: int
    ts: int
    vel_div: float
    vol_regime_ok: bool | None
    position_open: bool
    regime_size_mult: float
    boost: float
    beta: float
    posture: str
    action: str


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One round trip. `pnl_absolute` and `fees` are cash units, `pnl_pct` their share of the entry's notional.

    Bars are numbers in their UTC day, times session time (UTC ns); branches say how the first entry and the last exit
    were filled.
    """

    asset: str
    direction: int
    entry_bar: int
    exit_bar: int
    entry_price: float
    exit_price: float
    pnl_pct: float
    pnl_absolute: int
    leverage: float
    exit_reason: str
    entry_ts: int
    exit_ts: int
    lots: int
    fees: int
    entry_branch: str
    exit_branch: str


class DayResult(msgspec.Struct, frozen=True):
    """One UTC day (`date` counts days since 1970): cash units, and the last bar's boost and beta."""

    date: int
    capital: int
    pnl: int
    trades: tuple[Trade, ...]
    boost: float
    beta: float
    mc_status: str
    n_bars: int
    bars_log: tuple[BarLog, ...] | None = None
