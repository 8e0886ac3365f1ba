"""A small market for trials of learning: hourly bars that rise and fall in swings, and a desk that learns at once."""

from pathlib import Path

import numpy as np
import polars as pl

from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.plan import Mode, Plan

TOKENS = ("AAA", "BBB", "CCC")
DAYS = 50
START = 1_767_225_600_000_000_000
"""2026-01-01 00:00 UTC, ns: where bars begin."""

HOUR_NS = 3_600_000_000_000
CONFIGURATION = """\
name = "trial"
seed = 5

[account]
currency = "USDC"
cash = "10000"

[venue]
matcher = "bar"
fills = "taker_close"
latency_ms = 0
slippage_bps = 2
participation = 1

[risk]
position_max = "0.5"
portfolio_max = "0.9"
daily_loss_max = "0.9"
drawdown_max = "0.9"

[signals]
source = "seeded"
per_token_per_day = 1.0

[learning]
n_min = 2
tuning_n_min = 2
q_max = 1.0
eta = 0.2
edge_min = 0.0
permutations = 20
depth_max = 1
lessons_every_s = 43200
tuning_every_s = 43200
overrides_every_s = 43200

[[desks]]
name = "uptrend"
kind = "uptrend"
timeframe = "1h"
instruments = ["AAA", "BBB", "CCC"]
share = "1"

[desks.settings.market]
bars = { "1h" = "1h" }
backfill = false

[desks.settings.engine]
ts_threshold = 0.1
dx_buy_threshold = 0.2
s1_halo_atr = 3.0

[[desks.settings.curators]]
id = "ann"
weight = 0.8

[[desks.settings.curators]]
id = "ben"
weight = 0.7
"""
INSTRUMENT = """
[[instruments]]
id = "{id}"
venue = "paper"
quote = "USDC"
tick = "0.0001"
lot = "0.01"
taker_fee = "0.0005"
"""
TOKEN = """
[[desks.settings.tokens]]
instrument = "{id}"
ticker = "{id}"
chain = "solana"
market_cap = 3_000_000
"""


def market(folder: Path) -> Plan:
    """A backtest's plan for the market, whose files are written to `folder`."""
    random = np.random.default_rng(7)
    hours = np.arange(DAYS * 24)
    parts = []
    for place, token in enumerate(TOKENS):
        swing = 0.15 * np.sin(2 * np.pi * hours / (70 + 15 * place) + place)
        close = 10 * np.exp(swing + np.cumsum(random.normal(0, 0.004, len(hours))))
        opened = np.concatenate([close[:1], close[:-1]])
        edges = np.abs(random.normal(0, 0.003, (2, len(hours))))
        figures = {
            "open": opened,
            "high": np.maximum(opened, close) * (1 + edges[0]),
            "low": np.minimum(opened, close) * (1 - edges[1]),
            "close": close,
        }
        rounded = {name: np.round(values, 4) for name, values in figures.items()}
        parts.append(
            pl.DataFrame(
                {
                    "symbol": [token] * len(hours),
                    "ts": START + hours * HOUR_NS,
                    **rounded,
                    "volume": random.uniform(5e4, 2e5, len(hours)),
                }
            )
        )
    stamp = pl.from_epoch("ts", time_unit="ns").dt.replace_time_zone("UTC").dt.cast_time_unit("ms")
    pl.concat(parts).sort("ts", "symbol").with_columns(stamp).write_parquet(folder / "klines_1h.parquet")
    text = CONFIGURATION + "".join(form.format(id=token) for form in (INSTRUMENT, TOKEN) for token in TOKENS)
    path = folder / "trial.toml"
    path.write_text(text)
    return Plan(load(path), Mode.BACKTEST, feed=f"recorded:{folder}", fresh=True)
