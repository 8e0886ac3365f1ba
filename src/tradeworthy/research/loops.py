"""The compiled loops of the sweep, over rows and parameter sets, of the same steps that engine and session run.

Signals are found once for each distinct set of signal parameters: the rows at which a flat desk would enter. Then each
parameter set goes from trigger to trigger while it is flat, and over the closes while it holds. Both leave out rows
only where the steps themselves say that nothing happens. A flat desk's decision depends on no trade before it. Exits by
price are monotone in the price and the longest hold in time: what is held at a low and at a high price late is held
between the two and earlier. Posture and boost are constant (APEX, 1), so that no exit comes from them.

A tape is a plain tuple of arrays here, as `Tape.arrays` gives it: the cache of compiled code names the classes of what
a loop is given, and an old cache could not be read once such a class has another name.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from tradeworthy.desks.divergence.codes import Action, Code
from tradeworthy.desks.divergence.steps import decide_step, signal_step, size_step
from tradeworthy.desks.divergence.trading import average_price, chance_to_make, entry_lots, lots_on_offer
from tradeworthy.execution.steps import draw_step, fill_step, ledger_step
from tradeworthy.market.instruments import CASH_UNIT

ENTER, EXIT, ENTRY, HOLDING = int(Action.ENTER), int(Action.EXIT), int(Code.ENTRY), int(Code.HOLDING)
EXIT_CODES = 6
"""Exits are counted by their code, which is below this."""

BLOCK = 16
"""Rows whose lowest and highest closes are kept together."""

NEARLY = 0.999
"""So much of the way to an exit by price is looked at first."""

TRIGGER = np.dtype(
    [("row", "i8"), ("asset", "i8"), ("dc", "i8"), ("z", "f8"), ("price", "f8"), ("beta", "f8")]
)
"""A row at which a flat desk enters, and what its signal step found there."""

RESULT = np.dtype(
    [
        *((name, "i8") for name in ("trades", "wins", "losses", "won", "lost", "fees", "capital")),
        *((name, "i8") for name in ("peak", "bars_held", "ruined", "open", "logged")),
        ("drawdown", "f8"),
        ("exits", "i8", (EXIT_CODES,)),
    ]
)
"""What one set came to. Cash units are `won`, `lost` (unsigned), `fees`, the `capital` at its end and its `peak`;
`drawdown` is the largest fall of the capital after a trade, as a share of the peak before; `ruined` is 1 if it ended
because nothing was left, `open` 1 if a position was held at the end; `logged` counts the lines of the log."""

TRADING = np.dtype(
    [("capital", "i8"), ("posts", "i8"), ("participation", "f8"), ("seed", "u8"), ("stream", "u8")]
)
"""The desk's capital in cash units, whether its orders post first, and the words of its draws."""

LIQUIDITY = np.dtype([("chance", "f8"), ("ob", "f8")])
"""What a set's order books say at every bar: the chance of a fill as maker, and the size multiplier."""

LOG = np.dtype([(name, "i8") for name in ("kind", "column", "sign", "ticks", "lots", "fee", "code", "ts")])
"""An order, fill or close as the fingerprint chains it; `ticks` of an order is 0, of a close its pnl."""

ORDER, FILLED, CLOSE = range(3)


@njit(cache=True, nogil=True)
def find_triggers(tape: Any, params: Any, scratch: Any, out: Any) -> int:
    """The rows at which a flat desk with `params` enters, into `out` (TRIGGER, one for each row); how many there are.

    `scratch` must be fresh.
    """
    rows, _, close, _, _, profiles = tape
    memory, bar, features, _, _, _ = scratch
    columns, count = close.shape[0], 0
    features.columns = columns
    for i in range(rows.shape[0]):
        it = rows[i]
        features.ts, features.bar = it.ts, it.bar
        features.vel_div, features.vol_ok = it.vel_div, it.vol_ok
        if it.kept >= 0:
            # In another row the step reads none of these.
            for c in range(columns):
                features.efficiency[c], features.noise[c] = profiles[it.kept, 0, c], profiles[it.kept, 1, c]
                features.confirm[c], features.outcome[c] = profiles[it.kept, 2, c], profiles[it.kept, 3, c]
                features.close[c] = profiles[it.kept, 4, c]
        signal_step(params, memory, features)
        decide_step(params, memory, bar)
        if memory.action == ENTER:
            found = out[count]
            found.row, found.asset, found.dc = i, memory.asset, memory.dc
            found.z, found.price, found.beta = memory.z, memory.price, it.beta
            count += 1
    return count


@njit(cache=True, nogil=True)
def trade_sets(
    tape: Any, triggers: Any, market: Any, params: Any, liquidity: Any, scratch: Any, answers: Any
) -> None:
    """Trade each of `params` over the tape; `answers` are (RESULTs, pnl by set and day in cash units, LOG or none).

    `liquidity` is each set's.
    """
    results, daily, log = answers
    for s in range(params.shape[0]):
        _trade_set(tape, triggers, market, params[s], liquidity[s], scratch, (results[s], daily[s], log))


@njit(cache=True)
def _trade_set(  # noqa: C901, PLR0912 - the loop that all speed rests on: handing arrays on would cost half of it
    tape: Any, triggers: Any, market: Any, params: Any, liquidity: Any, scratch: Any, answer: Any
) -> None:
    (_, clock, close, volume, extremes, _), (terms, trading), (result, daily, log) = tape, market, answer
    memory, bar, _, position, fill, closed = scratch
    book = position, fill, closed
    end, logged, i = clock.shape[1], log.shape[0] > 0, 0
    _begin(memory, bar, position, trading, liquidity, result)
    for t in range(triggers.shape[0]):
        if triggers[t].row < i:
            continue
        i = triggers[t].row
        held, bar.beta = triggers[t].asset, triggers[t].beta
        its = terms[held]
        lots = params.direction * _entry(params, memory, bar, triggers[t], its, clock[0, i])
        sure, low, high, closed.lots = i, 0.0, 0.0, 0
        while lots != 0:
            # An order at row i: the entry, or an exit or what was left of one.
            now = clock[1, i]
            _order(its, trading, memory, book, liquidity, (lots, now, close[held, i], volume[i, held]))
            if logged:
                _log(result, log, memory, book, lots, now)
            bar.lots, lots = position.lots, 0
            if bar.lots == 0:
                break
            if sure == i:
                sure = min(i + params.max_hold - 1, end - 1)
                low, high = _band(params, bar, its, position)
                if not _holds(params, memory, bar, clock[0, sure], low, high):
                    sure = i
            i += 1
            while i < end:
                if i % BLOCK == 0 and i + BLOCK <= sure:
                    block = i // BLOCK
                    if extremes[0, held, block] >= low and extremes[1, held, block] <= high:
                        i += BLOCK
                        continue
                if i > sure or not low <= close[held, i] <= high:
                    memory.ts, bar.price = clock[0, i], close[held, i]
                    decide_step(params, memory, bar)
                    if memory.action == EXIT:
                        lots = -position.lots
                        break
                i += 1
        if position.lots != 0:
            break
        if closed.lots != 0:
            daily[clock[2, i]] += closed.pnl
            _count(result, memory, bar, closed, params.step_ns)
            if result.ruined != 0:
                break
        i += 1
    result.open = 1 if position.lots != 0 else 0


@njit(cache=True)
def _begin(memory: Any, bar: Any, position: Any, trading: Any, liquidity: Any, result: Any) -> None:
    """A flat desk before its first row."""
    memory.posture, memory.maker_only, bar.lots, bar.ob = 0, 0, 0, liquidity.ob
    bar.capital = trading.capital / CASH_UNIT
    result.capital = result.peak = trading.capital
    position.lots, position.cost, position.realised, position.fees = 0, 0, 0, 0
    position.entry_notional, position.exit_notional = 0, 0
    position.lots_entered, position.opened_ts = 0, 0


@njit(cache=True)
def _entry(params: Any, memory: Any, bar: Any, trigger: Any, terms: Any, ts: int) -> int:
    """The unsigned lots of the trigger's entry, or 0."""
    memory.ts, memory.z, memory.price = ts, trigger.z, trigger.price
    memory.asset, memory.dc = trigger.asset, trigger.dc
    memory.action, memory.code = ENTER, ENTRY
    size_step(params, memory, bar)
    lots: int = entry_lots(terms, memory) if memory.action == ENTER else 0
    return lots


@njit(cache=True)
def _band(params: Any, bar: Any, terms: Any, position: Any) -> tuple[float, float]:
    """Prices nearly as low and as high as the position is held at: a guess, for `_holds` to confirm."""
    bar.entry_price = average_price(terms, position.entry_notional, position.lots_entered)
    down, up = params.stop, params.take_profit
    if params.direction < 0:
        down, up = up, down
    return bar.entry_price * (1.0 - NEARLY * down), bar.entry_price * (1.0 + NEARLY * up)


@njit(cache=True)
def _holds(params: Any, memory: Any, bar: Any, ts: int, low: float, high: float) -> bool:
    """Whether the position would be held at both prices at `ts`: then at all prices between, and all times before."""
    memory.ts, bar.price = ts, low
    decide_step(params, memory, bar)
    if memory.code != HOLDING:
        return False
    bar.price = high
    decide_step(params, memory, bar)
    return bool(memory.code == HOLDING)


@njit(cache=True)
def _order(terms: Any, trading: Any, memory: Any, book: Any, liquidity: Any, order: Any) -> None:
    """An order (signed lots, time, close and volume of its bar) of the memory's code, as far as the bar fills it."""
    position, fill, closed = book
    lots, now, price, volume = order
    fill.lots, closed.lots = 0, 0
    sign = 1 if lots > 0 else -1
    lots = min(abs(lots), lots_on_offer(terms, volume, trading.participation))
    if lots == 0:
        return
    chance = chance_to_make(memory.code, liquidity.chance) if trading.posts != 0 else 0.0
    uniform = draw_step(trading.seed, trading.stream, now) if chance > 0.0 else 0.0
    fill_step(terms, fill, sign, lots, price, chance, False, uniform)  # noqa: FBT003 - by place
    ledger_step(position, closed, fill, sign, now)


@njit(cache=True)
def _count(result: Any, memory: Any, bar: Any, closed: Any, step_ns: int) -> None:
    """Add a trade to the result, and its pnl to the capital that the next one is sized by."""
    result.trades += 1
    result.fees += closed.fees
    if closed.pnl > 0:
        result.wins += 1
        result.won += closed.pnl
    elif closed.pnl < 0:
        result.losses += 1
        result.lost -= closed.pnl
    result.exits[memory.code] += 1
    result.bars_held += (memory.ts - memory.entry_ts) // step_ns
    result.capital += closed.pnl
    bar.capital = result.capital / CASH_UNIT
    result.peak = max(result.peak, result.capital)
    result.drawdown = max(result.drawdown, (result.peak - result.capital) / result.peak)
    if result.capital <= 0:
        result.ruined = 1


@njit(cache=True)
def _log(result: Any, log: Any, memory: Any, book: Any, lots: int, now: int) -> None:
    """The lines of an order of signed `lots`: itself, its fill and the close of a trade, as far as they came."""
    _, fill, closed = book
    sign = 1 if lots > 0 else -1
    _line(log[result.logged], memory, now, (ORDER, sign, 0, abs(lots), 0))
    result.logged += 1
    if fill.lots:
        _line(log[result.logged], memory, now, (FILLED, sign, fill.ticks, fill.lots, fill.fee))
        result.logged += 1
    if closed.lots:
        _line(log[result.logged], memory, now, (CLOSE, closed.sign, closed.pnl, closed.lots, closed.fees))
        result.logged += 1


@njit(cache=True)
def _line(line: Any, memory: Any, now: int, fields: Any) -> None:
    line.column, line.code, line.ts = memory.held, memory.code, now
    line.kind, line.sign, line.ticks, line.lots, line.fee = fields
