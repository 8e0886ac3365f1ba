"""A generated market of twelve instruments for proofs: one factor, some holes, some bars without a move or volume."""

from decimal import Decimal

import numpy as np

from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.market.instruments import CASH_UNIT, Instrument
from tradeworthy.market.panel_frames import PanelFrame

MINUTE = 60_000_000_000
START = 1_746_403_200_000_000_000
"""A midnight in May 2025, UTC."""

CAPITAL = 25_000 * CASH_UNIT
NAMES = tuple(f"C{number:02}" for number in range(12))
TICKS = ("0.1", "0.01", "0.001", "0.00001", "0.5", "0.0001")
LOTS = ("0.001", "0.01", "0.1", "1", "0.001", "10")
PRICES = (60_000.0, 1_800.0, 150.0, 0.2, 90_000.0, 0.9)


def instruments() -> list[Instrument]:
    """Twelve of six kinds of tick and lot."""
    return [
        Instrument(
            id=name,
            venue="made",
            quote="USDT",
            tick=Decimal(TICKS[number % 6]),
            lot=Decimal(LOTS[number % 6]),
            taker_fee=Decimal("0.0005"),
            maker_fee=Decimal("0.0002"),
            notional_min=Decimal(5),
        )
        for number, name in enumerate(NAMES)
    ]


def frame(rows: int, *, seed: int = 7, grace_ns: int = 1_000_000_000) -> PanelFrame:
    """So many minutes: closes on ticks, volumes that now and then bind, a bar in fifty missing."""
    rng = np.random.default_rng(seed)
    columns = len(NAMES)
    ticks = np.array([float(TICKS[number % 6]) for number in range(columns)])
    below = np.round(1.0 / ticks)
    moves = 0.001 * rng.standard_normal((rows, 1)) + 0.0007 * rng.standard_normal((rows, columns))
    moves[rng.random((rows, columns)) < 0.03] = 0.0
    paths = np.array([PRICES[number % 6] for number in range(columns)]) * np.exp(np.cumsum(moves, axis=0))
    close = _on_ticks(paths, ticks, below)
    opened = np.vstack([close[:1], close[:-1]])
    reach = rng.integers(0, 4, (2, rows, columns)) * (opened != close)
    high = _on_ticks(np.maximum(opened, close) + reach[0] * ticks, ticks, below)
    low = _on_ticks(np.minimum(opened, close) - reach[1] * ticks, ticks, below)
    volume = np.round(rng.uniform(0.3, 3.0, (rows, columns)) * 8_000.0 / close, 3)
    volume[rng.random((rows, columns)) < 0.02] = 0.0
    gone = rng.random((rows, columns)) < 0.02
    gone[:, 0] = False
    for part in (opened, high, low, close, volume):
        part[gone] = np.nan
    ts = START + np.arange(rows, dtype=np.int64) * MINUTE
    closed = ts + MINUTE + np.where(gone.any(axis=1), grace_ns, 0)
    return PanelFrame(NAMES, "1m", ts, closed, opened, high, low, close, volume)


def settings(direction: int = -1, **changed: object) -> DivergenceSettings:
    """Short windows and a low threshold, so that an hour already trades."""
    values: dict[str, object] = {
        "strategy_name": "made",
        "direction": direction,
        "state_key": "state",
        "pnl_key": "pnl",
        "log_dir": "log",
        "vel_div_threshold": -0.005,
        "vel_div_extreme": -0.05,
        "fixed_tp_pct": 0.004,
        "stop_pct": 0.005,
        "max_hold_bars": 12,
        "windows": (10, 20, 30, 40),
        "assets_min": 6,
        "warmup_bars": 0,
        "tail_bars": 0,
        "vol_gate": False,
        "vol_symbol": "C00",
    }
    return DivergenceSettings.model_validate({**values, **changed})


def _on_ticks(prices: np.ndarray, ticks: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The nearest prices on the grid, as the floats nearest to their decimals."""
    counts = np.rint(prices / ticks)
    prices_on: np.ndarray = np.where(ticks < 1.0, counts / below, counts * ticks)
    return prices_on
