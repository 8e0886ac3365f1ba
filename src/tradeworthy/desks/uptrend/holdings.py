"""What the position manager remembers of a row: its open trade's sums, and what was done and when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tradeworthy.desks.uptrend.names import DecisionType, Stage, trade_name
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.execution.accounting import PositionRecord
from tradeworthy.learning.events import Scope
from tradeworthy.market.instruments import Side


class Deed(msgspec.Struct, frozen=True):
    """One executed action: `timestamp` is the open time of the bar that it was decided on (UTC ns).

    A trim keeps the level that was near (0: none), a reclaim buy the bar of the reclaim.
    """

    timestamp: int
    price: float
    size_frac: float
    signal: str
    sr_level_price: float = 0.0
    reclaimed_at: int = 0


class History(msgspec.Struct):
    """`pm_execution_history`: the last action of each sort; buys are kept by the state that they were made in."""

    prev_state: Stage = Stage.NONE
    last_s1_buy: Deed | None = None
    last_s2_buy: Deed | None = None
    last_s3_buy: Deed | None = None
    last_reclaim_buy: Deed | None = None
    last_trim: Deed | None = None
    last_emergency_exit: Deed | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the record; what never happened is left out."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in plain.items() if value is not None}


class Action(msgspec.Struct, frozen=True):
    """What is to be done: `size_frac` of the cap (buys) or of what is held (sales), before learning's multipliers.

    `kind` is the candidate's, `signal` the payload's flag, `reasons` the figures that it rests on.
    """

    decision: DecisionType
    kind: str
    signal: str
    pattern_key: str
    category: str
    size_frac: float
    reasons: dict[str, int | float | str | bool | None] = {}

    @property
    def buys(self) -> bool:
        """Whether it takes on more."""
        return self.decision in (DecisionType.ENTRY, DecisionType.ADD)


class Pending(msgspec.Struct):
    """An action under way, from its candidate to the verdict.

    It is known by its intent's `key` until `candidate`, its seq, is heard back (0 until then).
    `lots` asked for; `filled`, `notional` and `fee` (cash units, unsigned) are what its fills came to. `a` and `e`
    are the levers, `reserved` the cash units that a buy may spend.
    """

    key: str
    action: Action
    state: Stage
    bar_ts: int
    price: float
    a: float
    e: float
    scope: Scope
    signals: dict[str, int | float | str | bool | None]
    lots: int
    size_frac: float
    strength: float = 1.0
    skew: float = 1.0
    atr: float = 0.0
    sr_level: float = 0.0
    reserved: int = 0
    candidate: int = 0
    filled: int = 0
    notional: int = 0
    fee: int = 0


class Holding(msgspec.Struct):
    """A row's books. Money in cash units, fees included; all but the last lines are of the open trade.

    `trade` is its id ("": none is open). `state` and `since` are the engine's last word and the bar that it began
    with; `exit_tried` says that this S0's exit was tried; `acted_ts` is the last bar that an action was planned on;
    `announced` that the row was said to be active.
    `dust` lots were too few to sell when a trade was closed, and come free with the next one.
    """

    position: str
    instrument: str
    trade: str = ""
    lots_bought: int = 0
    lots_sold: int = 0
    spent: int = 0
    extracted: int = 0
    first_entry_ts: int = 0
    last_exit_ts: int = 0
    low: float = 0.0
    high: float = 0.0
    entry_atr: float = 0.0
    s3_ts: int = 0
    entry_decision: str = ""
    last_decision: str = ""
    last_signal: str = ""
    pattern_key: str = ""
    scope: Scope = {}
    history: History = msgspec.field(default_factory=History)
    state: Stage = Stage.NONE
    since: int = 0
    first_dip_taken: bool = False
    exit_tried: bool = False
    announced: bool = False
    acted_ts: int = -1
    exit_reason: str = ""
    trades: int = 0
    trades_closed: int = 0
    realised: int = 0
    dust: int = 0
    refreshed_ts: int = 0

    @property
    def lots(self) -> int:
        """What the open trade holds."""
        return self.lots_bought - self.lots_sold

    @property
    def net_spent(self) -> int:
        """What is deployed: spent and not yet taken out again, never below 0."""
        return max(0, self.spent - self.extracted)


def see(holding: Holding, payload: Payload, now: int) -> None:
    """Take the engine's word: a new state begins with this bar, and S0 lets S1 be bought again."""
    if payload.exit_reason:
        holding.exit_reason = payload.exit_reason
    if payload.state is holding.state:
        return
    holding.history.prev_state = holding.state
    holding.state, holding.since = payload.state, payload.bar_ts
    holding.first_dip_taken = holding.exit_tried = False
    if payload.state is Stage.S0:
        holding.history.last_s1_buy = None
    if payload.state is Stage.S3 and holding.trade and not holding.s3_ts:
        holding.s3_ts = now


def watch(holding: Holding, low: float, high: float) -> None:
    """Take a bar of the row's own timeframe: how far the price went while something was held."""
    if holding.lots > 0:
        holding.low = min(holding.low, low) if holding.low else low
        holding.high = max(holding.high, high)


def begin_trade(holding: Holding, desk: str, now: int, price: float) -> None:
    """Open the row's next trade at session time `now` and `price` (0: not known); dust joins it, at no cost."""
    holding.trades += 1
    holding.trade = trade_name(desk, holding.position, holding.trades)
    holding.lots_bought, holding.dust = holding.dust, 0
    holding.first_entry_ts, holding.low, holding.high = now, price, price
    holding.s3_ts = now if holding.state is Stage.S3 else 0


def taken_over(desk: str, positions: Iterable[PositionRecord]) -> dict[str, Holding]:
    """The books of what `desk` held in the run before this one, by row: each a trade that began at its cost."""
    found: dict[str, Holding] = {}
    for held in positions:
        if held.desk == desk and held.lots > 0:
            holding = found[held.position] = Holding(held.position, held.instrument)
            begin_trade(holding, desk, held.opened_ts, 0.0)
            holding.lots_bought, holding.spent = held.lots, held.cost
    return found


def take_fill(holding: Holding, side: Side, lots: int, notional: int, fee: int) -> None:
    """Book a fill (below 0: take it back) of unsigned figures in the open trade."""
    if side is Side.BUY:
        holding.lots_bought += lots
        holding.spent += notional + fee
    else:
        holding.lots_sold += lots
        holding.extracted += notional - fee


def end_trade(holding: Holding) -> int:
    """Close the trade, so that its sums begin anew; its result, in cash units."""
    pnl = holding.extracted - holding.spent
    holding.trades_closed += 1
    forget_trade(holding)
    return pnl


def forget_trade(holding: Holding) -> None:
    """Stand without a trade: what it took out is realised, and what is still held is dust."""
    holding.realised += holding.extracted - holding.spent
    holding.dust = holding.lots
    holding.trade = holding.entry_decision = holding.last_decision = holding.last_signal = (
        holding.pattern_key
    ) = ""
    holding.lots_bought = holding.lots_sold = holding.spent = holding.extracted = 0
    holding.first_entry_ts = holding.last_exit_ts = holding.s3_ts = 0
    holding.low = holding.high = holding.entry_atr = 0.0
    holding.scope, holding.announced, holding.exit_reason = {}, False, ""
    holding.history = History(holding.history.prev_state)
