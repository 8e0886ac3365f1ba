"""A generated universe as the sweep's tests use it: closes that move together, holes, and what trades them."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.engine import DivergenceEngine, run_engine
from tradeworthy.desks.divergence.results import DayResult
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.panel_frames import PanelFrame

OPENS_NS = 1_735_689_600_000_000_000
"""2025-01-01 00:00 UTC."""

CAPITAL = 25_000 * 10**8
DESK = "swept"
SEED = 42


def panel(
    rows: int, columns: int = 5, *, seed: int = 1, holes: float = 0.0, skipped: int = 0, step: str = "5m"
) -> PanelFrame:
    """Closes on a tick grid with a common factor; a share `holes` is missing, and `skipped` rows in the middle."""
    rng = np.random.default_rng(seed)
    common = rng.standard_t(4, rows) * 0.0012
    moves = common[:, None] * rng.uniform(0.5, 1.5, columns) + rng.standard_t(4, (rows, columns)) * 0.0009
    close = np.round(100.0 * np.exp(np.cumsum(moves, axis=0)), 3)
    volume = np.round(rng.uniform(0.0, 40.0, (rows, columns)), 3)
    hole = rng.random((rows, columns)) < holes
    # A row without any bar would be no row.
    hole[:, 0] = False
    close[hole] = np.nan
    volume[hole] = np.nan
    ns = TIMEFRAMES_NS[step]
    ts = OPENS_NS + np.arange(rows) * ns
    ts[rows // 2 :] += skipped * ns
    closed = ts + ns + np.where(hole.any(axis=1), 1_000_000_000, 0)
    names = tuple(f"S{column}USDT" for column in range(columns))
    return PanelFrame(names, step, ts, closed, close, close, close, close, volume)


def instruments(names: Sequence[str]) -> list[Instrument]:
    """Perpetuals on the panel's tick grid."""
    return [
        Instrument(
            id=name,
            venue="SIM",
            quote="USDT",
            tick=Decimal("0.001"),
            lot=Decimal("0.001"),
            taker_fee=Decimal("0.0005"),
            maker_fee=Decimal("0.0002"),
        )
        for name in names
    ]


def settings(**changes: Any) -> DivergenceSettings:
    """A desk that trades often on the generated universe."""
    values: dict[str, Any] = {
        "strategy_name": "swept",
        "direction": -1,
        "state_key": "s",
        "pnl_key": "p",
        "log_dir": "l",
        "vol_symbol": "S0USDT",
        "assets_min": 4,
        "windows": (10, 30, 60, 90),
        "warmup_bars": 5,
        "tail_bars": 12,
        "max_hold_bars": 20,
        "irp_horizon_bars": 8,
        "vol_gate": False,
    }
    return DivergenceSettings.model_validate({**values, **changes})


def by_engine(
    frame: PanelFrame, own: DivergenceSettings, venue: PaperVenueSettings
) -> tuple[DivergenceEngine, list[DayResult]]:
    """The batch engine after the whole frame, bar by bar, and its days."""
    engine = DivergenceEngine(
        own,
        instruments(frame.instruments),
        frame.timeframe,
        venue,
        desk=DESK,
        seed=SEED,
        capital=CAPITAL,
        keep_bars=False,
    )
    return engine, run_engine(engine, frame)


def record(frame: PanelFrame, folder: Path) -> Path:
    """The frame's bars as a folder of recorded data."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for column, name in enumerate(frame.instruments):
        there = ~np.isnan(frame.close[:, column])
        close = frame.close[there, column]
        bars = {"ts": frame.ts[there] // 1_000_000, "volume": frame.volume[there, column]}
        bars |= dict.fromkeys(("open", "high", "low", "close"), close)
        ts = pl.col("ts").cast(pl.Datetime("ms", "UTC"))
        parts.append(pl.DataFrame(bars).select(pl.lit(name).alias("symbol"), ts, pl.exclude("ts")))
    pl.concat(parts).write_parquet(folder / f"klines_{frame.timeframe}.parquet")
    return folder


def configuration(frame: PanelFrame, **changes: Any) -> dict[str, Any]:
    """The values of a session's configuration whose one desk trades the frame's universe."""
    own = {key: value for key, value in settings().model_dump().items() if key != "vol_calibration"}
    money = {"tick": "0.001", "lot": "0.001", "taker_fee": "0.0005", "maker_fee": "0.0002"}
    desk = {
        "name": DESK,
        "kind": "divergence",
        "timeframe": frame.timeframe,
        "instruments": list(frame.instruments),
        "share": "0.5",
        "settings": own,
    }
    return {
        "name": "sweeps",
        "seed": SEED,
        "account": {"currency": "USDT", "cash": "50000"},
        "venue": {"matcher": "bar", "fills": "maker_draw"},
        "instruments": [{"id": name, "venue": "SIM", "quote": "USDT", **money} for name in frame.instruments],
        "desks": [desk],
        **changes,
    }
