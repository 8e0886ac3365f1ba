"""The outside engine: NautilusTrader's BacktestEngine drives the divergence desk's own steps.

What is Nautilus's: the order of bars and timers, the market, the fills, fees, positions, account and pnl. What is ours
are the features, signal, decision and size, and the venue's rule of how much of a bar may be had.

    fills      at market, immediate or cancel, at the close of the bar just closed: our `fills = "taker_close"`
    size       Nautilus offers a quarter of a bar's volume at its close; each bar is given four times what our venue
               offers of it. It leaves its book alone when a bar never leaves the price before it, so such a bar is
               led by a trade of its size.
    time       a row is acted on after its last bar; a row that a bar is missing from, by a timer, at the grace's end
    fees       Nautilus rounds to the nearest 1e-8 where we round up: up to one cash unit a fill
    capital    what Nautilus says that closed positions made
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import msgspec
import numpy as np

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.results import Trade
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.bars import utc_text
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.panel_frames import PanelFrame

UNITS_A_FILL = 1
"""Cash units (1e-8) by which a fill's fee may differ: they round it to the nearest, we round it up."""


class NautilusFill(msgspec.Struct, frozen=True, gc=False):
    """One fill as Nautilus reported it: `sign` +1 for a buy, price in ticks, fee in cash units, time in UTC ns."""

    ts: int
    asset: str
    sign: int
    ticks: int
    lots: int
    fee: int
    reason: str


class NautilusRun(msgspec.Struct, frozen=True):
    """What Nautilus made of a desk: closed trades as the batch engine lists them, all fills, capital in cash units.

    `seconds` is the wall time of its run, without that of making its bars.
    """

    trades: tuple[Trade, ...]
    fills: tuple[NautilusFill, ...]
    capital: int
    seconds: float


class PairGap(msgspec.Struct, frozen=True):
    """The first trade or fill in which the two differ: its place, the field, both values, and when (UTC ns)."""

    what: str
    place: int
    field: str
    ours: str
    theirs: str
    ts: int


class NautilusComparison(msgspec.Struct, frozen=True):
    """How many trades and fills each has, the largest gaps of a trade's pnl and a fill's fee in cash units, and `gap`.

    `gap` is the first difference, None if there is none. Equal are counts, times, assets, sides, lots, prices and
    reasons exactly; a fee to a cash unit, a pnl to one a fill.
    """

    trades: int
    their_trades: int
    fills: int
    their_fills: int
    pnl_gap_max: int
    fee_gap_max: int
    gap: PairGap | None


def nautilus_trades(
    frame: PanelFrame,
    settings: DivergenceSettings,
    instruments: Sequence[Instrument],
    timeframe: str,
    *,
    desk: str,
    capital: int,
    venue: PaperVenueSettings,
) -> NautilusRun:
    """Run `settings` on all rows of `frame` in NautilusTrader, with an opening `capital` in cash units.

    NotAvailable without nautilus_trader; UsageError for a venue that is not taker_close, instruments of several
    quotes, and closes between two ticks.
    """
    require_nautilus()
    from tradeworthy.proving.parity.nautilus_market import list_instrument, make_engine, market_of
    from tradeworthy.proving.parity.nautilus_strategy import DivergenceStrategy

    if venue.fills != "taker_close":
        raise UsageError(
            f'desk {desk}: NautilusTrader fills at the close as taker, and venue.fills is "{venue.fills}":'
            ' compare with fills = "taker_close"'
        )
    _check_closes(frame, instruments)
    listed = [list_instrument(one, timeframe, venue) for one in instruments]
    engine = make_engine(capital, listed)
    strategy = DivergenceStrategy(settings, listed, timeframe, capital)
    engine.add_data(market_of(frame, listed, venue.participation), sort=False)
    engine.add_strategy(strategy)
    began = time.perf_counter()
    engine.run()
    seconds = time.perf_counter() - began
    run = NautilusRun(
        tuple(strategy.trades),
        tuple(NautilusFill(*fill) for fill in strategy.fills),
        strategy.capital,
        seconds,
    )
    engine.dispose()
    return run


def compare_with_engine(
    trades: Sequence[Trade], rows: Sequence[Economic], run: NautilusRun
) -> NautilusComparison:
    """Compare the batch engine's `trades` and its fills among `rows` with `run`, in order."""
    fills = [row for row in rows if row[0] == "fill"]
    gap = _first_gap("trade", map(_trade_facts, trades), map(_trade_facts, run.trades))
    gap = gap or _first_gap("fill", map(_fill_facts, fills), map(_their_fill_facts, run.fills))
    fee_gap = 0
    for place, (row, fill) in enumerate(zip(fills, run.fills, strict=False)):
        fee_gap = max(fee_gap, abs(row[6] - fill.fee))
        if gap is None and fee_gap > UNITS_A_FILL:
            gap = PairGap("fill", place, "fee", str(row[6]), str(fill.fee), fill.ts)
    counts, pnl_gap = _fills_a_trade(trades, fills), 0
    for place, (ours, theirs) in enumerate(zip(trades, run.trades, strict=False)):
        apart = abs(ours.pnl_absolute - theirs.pnl_absolute)
        pnl_gap = max(pnl_gap, apart)
        if gap is None and apart > UNITS_A_FILL * counts[place]:
            values = str(ours.pnl_absolute), str(theirs.pnl_absolute)
            gap = PairGap("trade", place, "pnl_absolute", *values, ours.exit_ts)
    sizes = len(trades), len(run.trades), len(fills), len(run.fills)
    return NautilusComparison(*sizes, pnl_gap, fee_gap, gap)


def require_nautilus() -> None:
    """NotAvailable without nautilus_trader."""
    try:
        import nautilus_trader as _  # noqa: F401
    except ImportError as error:
        raise NotAvailable(
            "nautilus_trader is not installed, and this proof runs it: pip install 'tradeworthy[nautilus]'"
        ) from error


def _check_closes(frame: PanelFrame, instruments: Sequence[Instrument]) -> None:
    """UsageError for a close that is no whole number of ticks: no venue has it."""
    for column, one in enumerate(instruments):
        above, below = one.tick.as_integer_ratio()
        close = frame.close[:, column]
        between = np.flatnonzero((close > 0.0) & (np.rint(close * below / above) * above / below != close))
        if len(between):
            row = int(between[0])
            raise UsageError(
                f"{one.id} closed at {float(close[row])!r} in the bar of {utc_text(int(frame.ts[row]))}, which is"
                f" between two ticks of {one.tick} ({len(between)} closes are): list it with its venue's tick"
            )


TRADE_FACTS = (
    *("exit_ts", "entry_ts", "asset", "direction", "lots", "entry_bar", "exit_bar"),
    *("entry_price", "exit_price", "leverage", "exit_reason"),
)
FILL_FACTS = ("ts", "asset", "sign", "ticks", "lots", "reason")

Facts = list[tuple[str, Any]]


def _trade_facts(trade: Trade) -> Facts:
    """What must be equal exactly of a trade; its time comes first."""
    return [(name, getattr(trade, name)) for name in TRADE_FACTS]


def _fill_facts(row: Economic) -> Facts:
    _, _, instrument, side, ticks, lots, _, reason, ts = row
    return _facts_of(ts, instrument, 1 if side == "buy" else -1, (ticks, lots, reason))


def _their_fill_facts(fill: NautilusFill) -> Facts:
    return _facts_of(fill.ts, fill.asset, fill.sign, (fill.ticks, fill.lots, fill.reason))


def _facts_of(ts: int, asset: str, sign: int, rest: tuple[Any, ...]) -> Facts:
    return list(zip(FILL_FACTS, (ts, asset, sign, *rest), strict=True))


def _first_gap(what: str, ours: Any, theirs: Any) -> PairGap | None:
    for place, (one, other) in enumerate(zip_longest(ours, theirs)):
        if one is None or other is None:
            ts = (one or other)[0][1]
            return PairGap(what, place, what, str(one and dict(one)), str(other and dict(other)), ts)
        for (field, value), (_, their) in zip(one, other, strict=True):
            if value != their:
                return PairGap(what, place, field, repr(value), repr(their), one[0][1])
    return None


def _fills_a_trade(trades: Sequence[Trade], fills: Sequence[Economic]) -> list[int]:
    """How many fills each trade is made of: those up to its close."""
    counts, at = [], 0
    for trade in trades:
        first = at
        while at < len(fills) and fills[at][8] <= trade.exit_ts:
            at += 1
        counts.append(at - first)
    return counts


def gap_text(gap: PairGap) -> str:
    """One line of a difference, for people."""
    return (
        f"{gap.what} {gap.place + 1} at {utc_text(gap.ts)}: {gap.field} is {gap.ours} in our engine and {gap.theirs}"
        " in NautilusTrader"
    )
