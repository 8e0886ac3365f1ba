"""Averages, figures and bars for the engine's tests: by hand, drawn, or from a path of closes."""

import msgspec
import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tradeworthy.desks.uptrend.history import Window
from tradeworthy.desks.uptrend.payloads import Emas
from tradeworthy.desks.uptrend.technicals import Technicals
from tradeworthy.market.bars import TIMEFRAMES_NS

STEP = TIMEFRAMES_NS["1h"]
START = 1_700_000_000_000_000_000 // STEP * STEP

BEARISH = Emas(1.0, 1.1, 2.0, 3.0, 4.0, 5.0)
BULLISH = Emas(7.0, 6.9, 6.0, 5.0, 4.0, 3.0)
TURNING = Emas(2.6, 2.4, 2.0, 3.0, 4.0, 5.0)
EQUAL = Emas(2.0, 2.0, 2.0, 2.0, 2.0, 2.0)

prices = st.floats(0.5, 20.0, allow_nan=False)


@st.composite
def averages(draw: st.DrawFn) -> Emas:
    """Six averages; half of them from a few values, so that ties and whole orders come up."""
    one = st.one_of(prices, st.sampled_from((1.0, 2.0, 3.0, 4.0, 5.0, 6.0)))
    drawn = draw(st.lists(one, min_size=6, max_size=6))
    order = draw(st.sampled_from(("as drawn", "rising", "falling")))
    if order != "as drawn":
        drawn = sorted(drawn, reverse=order == "falling")
    return Emas(*drawn)


def scaled(emas: Emas, factor: float) -> Emas:
    """The averages of prices `factor` times as high."""
    return Emas(*(one * factor for one in msgspec.structs.astuple(emas)))


def seen(emas: Emas = EQUAL, **figures: float) -> Technicals:
    """Figures with these averages; the others are neutral, with an ATR of 1."""
    figures = {"atr": 1.0, "atr_mean_20": 1.0, "bars": 666, **figures}
    return Technicals(emas=emas, **figures)  # type: ignore[arg-type]


def window_of(closes: ArrayLike, spread: float = 0.01, start: int = START) -> Window:
    """One bar an hour at these closes, each opening at the close before and `spread` (a fraction) wide."""
    close = np.asarray(closes, np.float64)
    opened = np.concatenate((close[:1], close[:-1]))
    ts = start + STEP * np.arange(len(close), dtype=np.int64)
    high = np.maximum(opened, close) * (1.0 + spread / 2)
    low = np.minimum(opened, close) * (1.0 - spread / 2)
    volume = 1_000.0 + 100.0 * np.sin(np.arange(len(close)))
    return Window(ts, opened, high, low, close, volume)
