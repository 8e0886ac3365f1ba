"""Generated markets, small settings, and the steps run over them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.making import feature_state
from tradeworthy.desks.divergence.records import FEATURES, ROW, record_of
from tradeworthy.market.bars import TIMEFRAMES_NS

DAY_NS = 86_400_000_000_000
START = 20_000 * DAY_NS
"""2024-10-04, a Friday, 00:00 UTC."""

Floats = NDArray[np.float64]


def names_of(columns: int) -> tuple[str, ...]:
    """Instruments A00, A01, ..."""
    return tuple(f"A{column:02}" for column in range(columns))


def settings_of(**changes: Any) -> DivergenceSettings:
    """Short windows on a few assets, so that a test sees a value early."""
    given: dict[str, Any] = {
        "strategy_name": "test",
        "direction": -1,
        "state_key": "state",
        "pnl_key": "pnl",
        "log_dir": "log",
        "windows": (6, 12, 24, 48),
        "assets_min": 3,
        "vol_symbol": "A00",
        "vol_lookback": 5,
    }
    return DivergenceSettings(**(given | changes))


def champion_of(**changes: Any) -> DivergenceSettings:
    """The settings as they ship, with what has no default."""
    given = {
        "strategy_name": "test",
        "direction": -1,
        "state_key": "state",
        "pnl_key": "pnl",
        "log_dir": "log",
    }
    return DivergenceSettings(**(given | {"vol_symbol": "A00"} | changes))


def closes_of(rows: int, columns: int, *, seed: int = 1, share: float = 0.7, scale: float = 1e-3) -> Floats:
    """Prices that follow one market factor with that `share`, and noise with the rest; `scale` sizes a return."""
    random = np.random.default_rng(seed)
    market = random.standard_t(4, size=(rows, 1))
    own = random.standard_t(4, size=(rows, columns))
    returns = scale * (share * market + (1.0 - share) * own)
    prices: Floats = 100.0 * np.exp(np.cumsum(returns, axis=0))
    return prices


def times_of(rows: int, timeframe: str = "5m", start: int = START) -> list[int]:
    """Open times one bar apart."""
    return [start + row * TIMEFRAMES_NS[timeframe] for row in range(rows)]


def fill_row(row: Any, ts: int, close: Floats) -> None:
    """Make `row` the bars that opened at `ts`; NaN is no bar."""
    columns = len(close)
    row.ts, row.columns = ts, columns
    row.close[:columns] = np.where(np.isnan(close), 0.0, close)
    row.present[:columns] = ~np.isnan(close)


def features_of(
    settings: DivergenceSettings,
    closes: Floats,
    *,
    timeframe: str = "5m",
    ts: Iterable[int] | None = None,
    state: Any = None,
) -> NDArray[Any]:
    """The FEATURES of every row, as an array of records; `state` is used where one is given."""
    rows, columns = closes.shape
    if state is None:
        state = feature_state(settings, names_of(columns), timeframe)
    row, out = record_of(ROW), record_of(FEATURES)
    found = np.zeros(rows, FEATURES)
    for place, (at, close) in enumerate(zip(ts or times_of(rows, timeframe), closes, strict=True)):
        fill_row(row, at, close)
        feature_step(state, row, out)
        found[place] = out
    return found


def correlations(closes: Floats, last: int, width: int) -> Floats:
    """Pearson correlations of the `width` log returns that end at row `last`."""
    prices = closes[last - width : last + 1]
    return np.asarray(np.corrcoef(np.log(prices[1:] / prices[:-1]), rowvar=False), dtype=np.float64)
