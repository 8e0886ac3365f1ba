"""vectorbt's side: `Portfolio.from_signals` with its own stops, and a signal function for the longest hold."""

from __future__ import annotations

import importlib
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from benchmarks.measure import Stages, answer, asked
from benchmarks.sweeps import market
from tradeworthy.market.instruments import CASH_UNIT

WARM_BARS = 500
ORDERS_A_TRADE = 2


@njit
def signal(c: Any, wanted: Any, which: Any, hold: Any, entered: Any) -> tuple[bool, bool, bool, bool]:
    """Enter long where the column's threshold is passed, leave after the column's longest hold."""
    if c.position_now != 0.0:
        return False, c.i - entered[c.col] >= hold[c.col], False, False
    if wanted[c.i, which[c.col]]:
        entered[c.col] = c.i
        return True, False, False, False
    return False, False, False, False


def portfolio(given: market.Signals, bars: int, orders: int) -> Any:
    """All sets over the first `bars` bars."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vbt: Any = importlib.import_module("vectorbt")
    sets = market.choices()
    wanted = given.may[:bars, None] & (given.vel_div[:bars, None] > np.array(market.THRESHOLDS))
    which = np.array([market.THRESHOLDS.index(one.threshold) for one in sets])
    hold = np.array([one.hold for one in sets])
    close = given.close[:bars]
    fee = float(market.TAKER_FEE)
    return vbt.Portfolio.from_signals(
        np.broadcast_to(close[:, None], (bars, len(sets))),
        signal_func_nb=signal,
        signal_args=(wanted, which, hold, np.zeros(len(sets), np.int64)),
        # Of the cash, which here also pays the fee: the same notional as ours.
        size=market.FRACTION * (1.0 + fee),
        size_type="percent",
        fees=fee,
        sl_stop=market.STOP,
        tp_stop=np.array([[one.take_profit for one in sets]]),
        stop_exit_price="close",
        use_stops=True,
        init_cash=market.CAPITAL / CASH_UNIT,
        max_orders=orders,
        max_logs=1,
        freq="1min",
    )


def main(argument: str) -> None:
    """Run all sets and answer with the times; each set's trades and capital lie beside the data."""
    ask = asked(argument)
    given = market.signals_in(Path(ask.data))
    sets = len(market.choices())
    orders = int(ask.options["trades"]) * ORDERS_A_TRADE + sets
    portfolio(given, WARM_BARS, sets * WARM_BARS)
    stages = Stages()
    done = portfolio(given, len(given.close), orders)
    stages.mark("run")
    trades, capital = done.trades.count(), done.final_value()
    stages.mark("result")
    market.keep(
        Path(ask.data) / ask.options["answer"],
        trades=np.asarray(trades),
        capital=np.rint(np.asarray(capital) * CASH_UNIT),
    )
    answer(ask, stages.report(figures={"trades": int(np.sum(trades))}))


if __name__ == "__main__":
    main(sys.argv[1])
