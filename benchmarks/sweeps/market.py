"""The market and the grid that all sides of the sweep run: one instrument that is always chosen, and its signals.

A second instrument is there because a correlation needs two: it is so noisy and so directionless that the desk never
chooses it. Sizes are a fixed share of the capital, fills are taken at the close without slippage, and prices lie on
the tick grid, so that a peer who knows neither ticks nor lots can make the same trades.
"""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.instruments import CASH_UNIT, Instrument
from tradeworthy.market.panel_frames import PanelFrame

MINUTE_NS = 60_000_000_000
OPENS_NS = 1_704_067_200_000_000_000
NAMES = ("S00USDT", "S01USDT")
CAPITAL = 1_000_000 * CASH_UNIT
FRACTION = 0.2
TAKER_FEE = Decimal("0.0005")
TICK, LOT = Decimal("0.001"), Decimal("0.00001")
WARMUP, TAIL = 100, 240
STOP = 0.012
THRESHOLDS = tuple(0.020 + 0.004 * k for k in range(10))
TAKE_PROFITS = tuple(0.004 + 0.001 * k for k in range(10))
HOLDS = tuple(range(24, 241, 24))
VENUE = PaperVenueSettings(fills="taker_close", slippage_bps=Decimal(0))


class Choice(NamedTuple):
    """One set of the grid."""

    threshold: float
    take_profit: float
    hold: int


def choices() -> list[Choice]:
    """All sets, in the order of their results."""
    return [Choice(*one) for one in itertools.product(THRESHOLDS, TAKE_PROFITS, HOLDS)]


def panel(bars: int, seed: int) -> PanelFrame:
    """Whole days of 1-minute closes of both instruments; volume that no order here feels."""
    rng = np.random.default_rng(seed)
    common = rng.standard_t(5, bars) * 0.0004
    moves = np.empty((bars, 2))
    moves[:, 0] = common + rng.standard_t(5, bars) * 0.0002
    # Up and down in turn: no efficiency, and more noise than the first ever has.
    moves[:, 1] = 0.2 * common + np.where(np.arange(bars) % 2, 0.004, -0.004) + rng.normal(0.0, 0.0005, bars)
    close = np.round(100.0 * np.exp(np.cumsum(moves, axis=0)), 3)
    ts = OPENS_NS + np.arange(bars, dtype=np.int64) * MINUTE_NS
    volume = np.full((bars, 2), 1e9)
    return PanelFrame(NAMES, "1m", ts, ts + MINUTE_NS, close, close, close, close, volume)


def instruments() -> list[Instrument]:
    """Both, with the same money rules."""
    return [Instrument(name, "SIM", "USDT", TICK, LOT, TAKER_FEE, TAKER_FEE) for name in NAMES]


def settings() -> DivergenceSettings:
    """The desk: long, at leverage 1 whatever the signal."""
    values: dict[str, Any] = {
        "strategy_name": "benchmark",
        "direction": 1,
        "state_key": "benchmark",
        "pnl_key": "benchmark",
        "log_dir": "benchmark",
        "vel_div_threshold": -THRESHOLDS[0],
        "vel_div_extreme": -1.0,
        "stop_pct": STOP,
        "fraction": FRACTION,
        "min_leverage": 1.0,
        "max_leverage": 1.0,
        "assets_min": 2,
        "warmup_bars": WARMUP,
        "tail_bars": TAIL,
        "vol_gate": False,
        "vol_symbol": NAMES[0],
        "irp_alignment_min": 0.0,
        "acb": {"beta_low": 0.0, "beta_high": 0.0},
        "order_books": {"imbalance": 0.0},
    }
    return DivergenceSettings.model_validate(values)


class Signals(NamedTuple):
    """What a peer is given: closes, vel_div, and whether a flat desk may look and is not contradicted."""

    close: NDArray[np.float64]
    vel_div: NDArray[np.float64]
    may: NDArray[np.bool_]


def keep(path: Path, **arrays: NDArray[Any]) -> None:
    """Write arrays for another process."""
    np.savez(path, allow_pickle=False, **arrays)


def signals_in(data: Path) -> Signals:
    """The peers' input."""
    with np.load(data / "signals.npz") as kept:
        return Signals(kept["close"], kept["vel_div"], kept["may"])
