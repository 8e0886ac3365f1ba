"""How much of a row's cap is bought and how much of what it holds is sold, and whether it is time (specs/uptrend.md 9).

All of it is pure; `read(key, default)` gives a threshold that holds now. Every size is a fraction of the row's cap or,
of sales, of what is held: never of what remains.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tradeworthy.desks.uptrend.config import ManagerSettings
from tradeworthy.desks.uptrend.holdings import Deed, History
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.market.money import Scale

Read = Callable[[str, float], float]
"""A threshold by its key and its default."""

LEVELS = ("aggressive", "normal", "patient")
"""The columns of the size tables, in their order."""

DEPLOYED_HIGH = 0.8
"""From this share of the cap on a trim is multiplied as a row's that is full."""


class Books(NamedTuple):
    """What a row stands at, in cash units: spent and extracted in this trade, what it holds worth, its cap."""

    spent: int = 0
    extracted: int = 0
    value: int = 0
    cap: int = 0

    @property
    def extraction(self) -> float:
        """The share of what was spent that was taken out again."""
        return self.extracted / self.spent if self.spent > 0 else 0.0

    @property
    def deployed(self) -> float:
        """What is held over the cap."""
        return self.value / self.cap if self.cap > 0 else 0.0

    @property
    def in_loss(self) -> bool:
        """Whether the trade, sold now, would have lost."""
        return self.extracted + self.value < self.spent


def level_of(value: float, cuts: tuple[float, float]) -> int:
    """The column of a lever's value in the tables: 0 aggressive, 1 normal, 2 patient."""
    return 0 if value >= cuts[1] else 1 if value >= cuts[0] else 2


def entry_size(read: Read, settings: ManagerSettings, state: Stage, a: float) -> float:
    """The fraction of the cap that a buy in `state` takes before multipliers."""
    table, sizes = ("entry_s1", settings.entry_s1) if state is Stage.S1 else ("entry_add", settings.entry_add)
    column = level_of(a, settings.level_cuts)
    return read(f"{table}_{LEVELS[column]}", sizes[column])


def entry_multiplier(settings: ManagerSettings, state: Stage, books: Books) -> float:
    """1 in S1; else by what the trade has taken out, or that it stands in loss (more there is averaging down)."""
    if state is Stage.S1:
        return 1.0
    out, ahead, behind = settings.entry_mults
    return out if books.extraction >= 1.0 else behind if books.in_loss else ahead


def trim_size(read: Read, settings: ManagerSettings, e: float) -> float:
    """The fraction of what is held that a trim sells before multipliers."""
    column = level_of(e, settings.level_cuts)
    return read(f"trim_{LEVELS[column]}", settings.trim[column])


def trim_multiplier(settings: ManagerSettings, books: Books) -> float:
    """By what is deployed of the cap, else by what the trade has taken out, or that it stands in loss."""
    full, out, ahead, behind = settings.trim_mults
    if books.deployed >= DEPLOYED_HIGH:
        return full
    return out if books.extraction >= 1.0 else behind if books.in_loss else ahead


class Cooling(NamedTuple):
    """Why a trim may follow the last one: enough bars since, or another level near the price."""

    expired: bool
    level_moved: bool


def cooling(
    read: Read,
    settings: ManagerSettings,
    last: Deed | None,
    *,
    bar_ts: int,
    bar_ns: int,
    price: float,
    level: float,
) -> Cooling:
    """Whether the trim at `last` is far enough behind the bar that opened at `bar_ts`, near `level` (0: none)."""
    if last is None:
        return Cooling(expired=True, level_moved=False)
    bars = (bar_ts - last.timestamp) // bar_ns
    moved = abs(level - last.sr_level_price) if level and last.sr_level_price else 0.0
    return Cooling(
        bars >= read("cooldown_bars", settings.cooldown_bars),
        moved > read("level_move", settings.level_move) * price,
    )


def may_buy(state: Stage, history: History, since: int) -> bool:
    """Whether a buy is due in `state`, which began with the bar that opened at `since`.

    Once for each S0 to S1; in S2 and S3 once, and again after the state was left or a trim followed the last buy.
    """
    if state is Stage.S1:
        return history.last_s1_buy is None
    last = history.last_s2_buy if state is Stage.S2 else history.last_s3_buy
    if last is None or last.timestamp < since:
        return True
    return history.last_trim is not None and history.last_trim.timestamp > last.timestamp


def may_reclaim(history: History) -> bool:
    """Whether an emergency exit was executed that no rebuy has answered."""
    left, back = history.last_emergency_exit, history.last_reclaim_buy
    return left is not None and (back is None or back.timestamp < left.timestamp)


class Room(NamedTuple):
    """What a buy may not exceed, in cash units: left of the row's cap, of the token's, and the pool's share.

    Without a known pool (None) there is no such bound. `barred` is a word where nothing may be bought at all. A buy of
    less than `least` is none.
    """

    row: int
    token: int
    pool: int | None = None
    barred: str = ""
    least: int = 0


class Order(NamedTuple):
    """How many lots to buy, what they cost at the price they were counted at, and why there are none."""

    lots: int
    notional: int
    word: str = ""


CAP_REACHED, TOKEN_CAP_REACHED, ILLIQUID, TOO_SMALL = (
    "cap_reached",
    "token_cap_reached",
    "illiquid",
    "too_small",
)


def order_of(scale: Scale, ticks: int, wanted: int, room: Room) -> Order:
    """Lots at `ticks` for `wanted` cash units within `room`: rounded down, and with their fee within row and token."""
    if room.barred:
        return Order(0, 0, room.barred)
    if room.row <= 0:
        return Order(0, 0, CAP_REACHED)
    if room.token <= 0:
        return Order(0, 0, TOKEN_CAP_REACHED)
    each, left = scale.cost(ticks, 1), min(room.row, room.token)
    target = wanted if room.pool is None else min(wanted, room.pool)
    lots = min(target // each, scale.lots_for(left, ticks))
    notional = scale.cost(ticks, lots)
    if lots < scale.instrument.lots_min or notional < max(scale.notional_min, room.least):
        return Order(0, 0, TOO_SMALL)
    return Order(lots, notional)


def cap_now(cap: int, allocation_pct: float, equity: int) -> int:
    """The cap at approval, or less where equity shrank: `allocation_pct` percent of it, never more than `cap`."""
    share = equity * allocation_pct / 100.0
    # A share that differs from the cap by rounding alone is the cap.
    return cap if share >= cap * (1.0 - 1e-9) else max(0, int(share))
