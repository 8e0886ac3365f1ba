"""The signals of the divergence strategy a second time, as arrays over a whole panel: the twin's entries.

Where the desk rolls sums and warms up a power iteration, each window's matrix is made of its returns and solved here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.market.panel_frames import PanelFrame

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]

CHUNK = 256
"""Matrices that are solved at a time."""

HOUR_NS, DAY_NS = 3_600_000_000_000, 86_400_000_000_000
BETA_HOURS = 720
SMALL_VARIANCE = 1e-14


@dataclass(frozen=True)
class Market:
    """The panel as arrays of rows by columns, columns in the order of their names."""

    names: list[str]
    ts: Integers
    day: Integers
    stretch: Integers  # rows without a hole between them share a number
    close: Floats
    volume: Floats
    returns: Floats  # log; NaN where there is none
    run: Integers  # returns in a row

    def change(self, rows: int) -> Floats:
        """The simple return over `rows` rows of one stretch."""
        found = np.full_like(self.close, np.nan)
        if rows < len(self.ts):
            found[rows:] = self.close[rows:] / self.close[:-rows] - 1.0
            found[rows:][self.stretch[rows:] != self.stretch[:-rows]] = np.nan
        return found


@dataclass(frozen=True)
class Entries:
    """The rows at which a flat desk would enter, the column that it chooses at each, and the leverage."""

    rows: Integers
    column: Integers
    leverage: Floats


def market_of(frame: PanelFrame) -> Market:
    """The arrays of `frame`."""
    order = sorted(range(len(frame.instruments)), key=lambda column: frame.instruments[column])
    close = np.where(frame.close[:, order] > 0.0, frame.close[:, order], np.nan)
    stretch = np.cumsum(np.diff(frame.ts, prepend=frame.ts[:1]) != frame.step_ns)
    returns = np.full_like(close, np.nan)
    returns[1:] = np.log(close[1:] / close[:-1])
    returns[1:][stretch[1:] != stretch[:-1]] = np.nan
    places = np.arange(len(close))[:, None]
    run = places - np.maximum.accumulate(np.where(np.isnan(returns), places, -1), axis=0)
    names = [frame.instruments[column] for column in order]
    return Market(names, frame.ts, frame.ts // DAY_NS, stretch, close, frame.volume[:, order], returns, run)


def _matrices(market: Market, width: int, kernel: str) -> Iterator[tuple[slice, Floats]]:
    """Covariances of the returns over a window, some rows at a time; a return that is missing counts as none."""
    filled = np.nan_to_num(market.returns)
    if kernel == "exp":
        decay = 0.5 ** (3.0 / width)
        weight, sums = 0.0, np.zeros(filled.shape[1])
        products = np.zeros((filled.shape[1], filled.shape[1]))
        for row, x in enumerate(filled):
            weight, sums = weight * decay + 1.0, sums * decay + x
            products = products * decay + np.outer(x, x)
            mean = sums / weight
            yield slice(row, row + 1), (products / weight - np.outer(mean, mean))[None]
        return
    if len(filled) < width:
        return
    windows = sliding_window_view(filled, width, axis=0)
    for begin in range(0, len(windows), CHUNK):
        part = windows[begin : begin + CHUNK]
        away = part - part.mean(axis=-1, keepdims=True)
        rows = slice(begin + width - 1, begin + width - 1 + len(part))
        yield rows, away @ away.swapaxes(1, 2) / width


def _correlations(covariance: Floats, long_enough: Flags) -> tuple[Floats, Flags, Floats]:
    """Correlation matrices of the assets that belong to them, which ones those are, and all variances."""
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    members = long_enough & (variance > SMALL_VARIANCE)
    scale = np.where(members, 1.0 / np.sqrt(np.where(members, variance, 1.0)), 0.0)
    matrix = covariance * scale[:, :, None] * scale[:, None, :]
    diagonal = np.arange(matrix.shape[1])
    matrix[:, diagonal, diagonal] = members
    return matrix, members, variance


def _velocity(settings: DivergenceSettings, market: Market, width: int) -> Floats:
    """Growth of the largest eigenvalue a row; NaN unless the row before had the same assets."""
    rows, columns = market.close.shape
    value, members = np.full(rows, np.nan), np.zeros((rows, columns), np.bool_)
    needed = width if settings.kernel == "box" else 2 * width
    for part, covariance in _matrices(market, width, settings.kernel):
        matrix, members[part], _ = _correlations(covariance, market.run[part] >= needed)
        value[part] = np.linalg.eigvalsh(matrix)[:, -1]
    value[members.sum(axis=1) < settings.assets_min] = np.nan
    velocity = np.full(rows, np.nan)
    velocity[1:] = np.diff(np.log(value))
    velocity[1:][(members[1:] != members[:-1]).any(axis=1)] = np.nan
    return velocity


def _gate(settings: DivergenceSettings, market: Market) -> Flags:
    """Whether the volatility instrument moves more than its calibrated threshold."""
    change = market.change(1)[:, market.names.index(settings.vol_symbol)]
    volatility = np.full(len(change), np.nan)
    if len(change) >= settings.vol_lookback:
        windows = sliding_window_view(change, settings.vol_lookback)
        volatility[settings.vol_lookback - 1 :] = windows.std(axis=-1)
    threshold = settings.vol_calibration.vol_p60
    if threshold is not None:
        return volatility > threshold
    traded = market.day >= market.day[0] + settings.vol_calibration.days
    readings = volatility[~traded & ~np.isnan(volatility)]
    if not len(readings):
        return np.zeros(len(change), np.bool_)
    return np.asarray(traded & (volatility > np.quantile(readings, settings.vol_percentile)))


def _beta(settings: DivergenceSettings, market: Market) -> Floats:
    """High while the smoothed slow velocity is above its percentile over the last 720 hourly readings."""
    beta = np.full(len(market.ts), settings.acb.beta_low)
    if len(np.unique(market.ts // HOUR_NS)) < BETA_HOURS:
        return beta
    slow = _velocity(settings, market, settings.windows[-1])
    alpha = 1.0 - 0.5 ** (1.0 / settings.acb.halflife_bars)
    smooth = pl.Series(slow).fill_nan(None).ewm_mean(alpha=alpha, adjust=False, ignore_nulls=True)
    stress = smooth.fill_null(strategy="forward").fill_null(float("nan")).to_numpy()
    known = np.flatnonzero(~np.isnan(stress))
    _, firsts = np.unique(market.ts[known] // HOUR_NS, return_index=True)
    readings = known[firsts]
    _, begins = np.unique(market.day, return_index=True)
    for begin, end in itertools.pairwise([*begins, len(slow)]):
        before = int(np.searchsorted(readings, begin))
        if before >= BETA_HOURS:
            threshold = np.quantile(stress[readings[before - BETA_HOURS : before]], settings.vol_percentile)
            beta[begin:end][stress[begin:end] > threshold] = settings.acb.beta_high
    return beta


def _profiles(settings: DivergenceSettings, market: Market, rows: Integers) -> tuple[Floats, Floats]:
    """Kaufman's efficiency and the rank of the noise beside the market mode at `rows`; NaN outside the matrix."""
    width = settings.windows[0]
    returns = np.nan_to_num(market.returns)
    path = np.stack([returns[row - width + 1 : row + 1] for row in rows])
    total = np.abs(path).sum(axis=1)
    efficiency = np.divide(np.abs(path.sum(axis=1)), total, out=np.zeros_like(total), where=total > 0.0)
    noise = np.full_like(efficiency, np.nan)
    wanted = {int(row): place for place, row in enumerate(rows)}
    needed = width if settings.kernel == "box" else 2 * width
    for part, covariance in _matrices(market, width, settings.kernel):
        for row in range(part.start, part.stop):
            if row not in wanted:
                continue
            one = covariance[row - part.start : row - part.start + 1]
            matrix, members, variance = _correlations(one, market.run[row : row + 1] >= needed)
            values, vectors = np.linalg.eigh(matrix[0])
            rest = np.sqrt(variance[0] * np.maximum(0.0, 1.0 - values[-1] * vectors[:, -1] ** 2))
            inside = np.flatnonzero(members[0])
            ranks = np.argsort(np.argsort(rest[inside], kind="stable"), kind="stable")
            noise[wanted[row], inside] = ranks / max(1, len(inside) - 1)
    efficiency[np.isnan(noise)] = np.nan
    return efficiency, noise


def _alignment(settings: DivergenceSettings, market: Market, triggers: Flags) -> Floats:
    """The share of triggers before a row that went our way, with the prior's imagined ones."""
    horizon = settings.irp_horizon_bars
    outcome = market.change(horizon)
    completed = np.zeros_like(triggers)
    completed[horizon:] = triggers[:-horizon]
    told = completed[:, None] & ~np.isnan(outcome)
    good = told & (settings.direction * np.nan_to_num(outcome) > 0.0)
    trials: Integers = np.cumsum(told, axis=0) - told
    hits: Integers = np.cumsum(good, axis=0) - good
    return np.asarray((settings.irp_prior + hits) / (2.0 * settings.irp_prior + trials))


def _liquidity(settings: DivergenceSettings) -> float:
    """The multiplier of the mock's books, which all lean the same way: 0.85 to 1.20 (see the desk's specification)."""
    lean = settings.direction * settings.order_books.imbalance
    strength = min(1.0, max(0.0, (abs(lean) - 0.08) / 0.12))
    return 1.0 + (0.20 if lean > 0.0 else -0.15) * strength


def entries_of(settings: DivergenceSettings, market: Market, step_ns: int) -> Entries:
    """Where a flat desk enters, by every rule but the size of a lot and of a bar."""
    fast, slower = (_velocity(settings, market, width) for width in settings.windows[:2])
    z = settings.direction * (fast - slower)
    threshold, extreme = -settings.vel_div_threshold, -settings.vel_div_extreme
    triggers = z > threshold
    bar, bars_a_day = market.ts % DAY_NS // step_ns, DAY_NS // step_ns
    looking = bar >= settings.warmup_bars
    if settings.tail_bars:
        looking &= bar < bars_a_day - 1 - settings.tail_bars
    if settings.vol_gate:
        looking &= _gate(settings, market)
    rows = np.flatnonzero(triggers & looking)
    if not len(rows):
        return Entries(rows, rows, np.empty(0))
    efficiency, noise = _profiles(settings, market, rows)
    alignment = _alignment(settings, market, triggers)[rows]
    score = 0.6 * alignment + 0.3 * efficiency - 0.1 * noise
    score[(alignment < settings.irp_alignment_min) | np.isnan(score)] = -np.inf
    column = score.argmax(axis=1)
    move = settings.direction * market.change(settings.dc_lookback_bars)[rows, column]
    confirmed = settings.dc_threshold_bps / 10_000.0
    liquidity = _liquidity(settings) * settings.esof_mult
    factor = np.where(move >= confirmed, settings.dc_leverage_boost, 1.0) * liquidity
    share = np.clip((z[rows] - threshold) / (extreme - threshold), 0.0, 1.0) ** 3
    regime = 1.0 + _beta(settings, market)[rows] * share
    base = settings.min_leverage + (settings.max_leverage - settings.min_leverage) * share
    cap = np.minimum(settings.max_leverage * regime * liquidity, settings.abs_max_leverage)
    leverage = np.minimum(base * regime * factor, cap)
    kept = np.isfinite(score.max(axis=1)) & ~(move <= -confirmed) & (leverage >= settings.leverage_to_trade)
    return Entries(rows[kept], column[kept], leverage[kept])
