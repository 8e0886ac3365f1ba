"""The batch engine: a thin driver of the desk's steps over panel rows, without a session around them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from tradeworthy.core.draws import word_of
from tradeworthy.core.errors import Bug, UsageError
from tradeworthy.core.events import Event
from tradeworthy.desks.divergence.checking import EVERY_BARS, check_spectrum
from tradeworthy.desks.divergence.codes import Action, Code
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.making import empty_memory, feature_state, neutral_bar, params_of
from tradeworthy.desks.divergence.order_books import MockOBProvider, market_of, ob_multiplier
from tradeworthy.desks.divergence.records import (
    BAR,
    FEATURE_STATE,
    FEATURES,
    MEMORY,
    ROW,
    from_bytes,
    record_of,
    to_bytes,
)
from tradeworthy.desks.divergence.results import BarLog, DayResult, Trade
from tradeworthy.desks.divergence.stance import Stance
from tradeworthy.desks.divergence.steps import decide_step, signal_step, size_step
from tradeworthy.desks.divergence.trading import average_price, chance_to_make, entry_lots, lots_on_offer
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.steps import (
    BRANCHES,
    CLOSED,
    FILL,
    POSITION,
    draw_step,
    fill_step,
    ledger_step,
    price_at,
    record,
    terms_of,
)
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import CASH_UNIT, Instrument, Side
from tradeworthy.market.money import Scale
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.risk.stance import MC_SCALES, POSTURES, ForewarnerReported, McStatus, Posture, check_boost

MAKER_STREAM = "paper-executor/maker/"
"""The stream of a desk's maker draws, before its name: the paper venue draws from the same."""


class _Kept(msgspec.Struct):
    """What a snapshot holds besides the records."""

    capital: int
    heard: int
    stance: Stance
    records: list[bytes]
    leverage: float
    entry: tuple[int, int, str]


class DivergenceEngine:
    """One desk over panel rows: the same steps, fills and integer ledger as a session, with no guard between.

    `capital` is in cash units; `stance` are (session time, event) pairs in order: postures, boosts, the forewarner's
    reports. `rows` are the orders, fills and closes as the fingerprint chains them. UsageError for settings or
    instruments that the steps can't run. Whatever trades here has no limits but the desk's own.
    """

    def __init__(  # noqa: PLR0913 - a desk's identity and its market, each by name
        self,
        settings: DivergenceSettings,
        instruments: Sequence[Instrument],
        timeframe: str,
        venue: PaperVenueSettings,
        *,
        desk: str,
        seed: int,
        capital: int,
        stance: Sequence[tuple[int, Event]] = (),
        keep_bars: bool = True,
    ) -> None:
        if venue.fills == "next_open":
            raise UsageError(
                f'desk {desk}: fills "next_open" have no compiled step; choose venue.fills = "maker_draw"'
                ' or "taker_close"'
            )
        books = settings.order_books
        if books.provider != "mock":
            raise UsageError(
                f'desk {desk}: order_books.provider "{books.provider}" needs the books of a session; a batch has bars'
                ' alone: choose "mock"'
            )
        self.settings, self.desk, self._seed, self._opening = settings, desk, seed, capital
        self.instruments = tuple(one.id for one in instruments)
        self._timeframe, self._script, self._keep_bars = timeframe, tuple(stance), keep_bars
        self._posts = venue.fills == "maker_draw"
        self._participation = venue.participation
        self._terms = [terms_of(Scale(one), venue) for one in instruments]
        self._params = params_of(settings, self.instruments, timeframe)
        self._stream = word_of(MAKER_STREAM + desk)
        mock = MockOBProvider(books.fill, books.imbalance)
        self._ob = ob_multiplier(market_of(mock, self.instruments, 0), settings.direction)
        self._row, self._features = record_of(ROW), record_of(FEATURES)
        self._fill, self._closed = record(FILL), record(CLOSED)
        self.reset()

    def reset(self) -> None:
        """Stand where a new engine stands."""
        self._state = feature_state(self.settings, self.instruments, self._timeframe)
        self._memory, self._bar = empty_memory(), neutral_bar()
        self._position = record(POSITION)
        self.capital, self.stance = self._opening, Stance()
        self._heard, self._leverage, self._entry = 0, 0.0, (0, 0, "")
        self.trades: list[Trade] = []
        self.rows: list[Economic] = []
        self._day: tuple[int, int, int] = (0, self.capital, 0)
        self._bars: list[BarLog] = []
        self._n_bars = 0

    def begin_day(
        self,
        date: int,
        posture: Posture | None = None,
        boost: tuple[float, float] | None = None,
        mc: McStatus | None = None,
    ) -> None:
        """Begin UTC day `date` (days since 1970); what is not given stays as it was. ValueError for a bad boost."""
        self._day = date, self.capital, len(self.trades)
        self._bars, self._n_bars = [], 0
        if posture is not None:
            self.stance.reported = posture
        if boost is not None:
            self.set_boost(*boost)
        if mc is not None:
            self.stance.report = ForewarnerReported(mc, MC_SCALES[mc], date * TIMEFRAMES_NS["1d"])

    def step_bar(self, frame: PanelFrame, i: int) -> BarLog:
        """Row `i` of `frame`: features, signal, decision, size, and the fill of the order that follows."""
        now = int(frame.closed_ts[i])
        row, columns = self._row, len(self.instruments)
        row.ts, row.columns = frame.ts[i], columns
        row.close[:columns] = frame.close[i]
        row.present[:columns] = frame.close[i] > 0.0
        feature_step(self._state, row, self._features)
        if self._state.bars % EVERY_BARS == 0:
            check_spectrum(self._state)
        signal_step(self._params, self._memory, self._features)
        self._hear(now)
        bar, position, memory = self._bar, self._position, self._memory
        self.stance.fill(bar, float(self._features.beta), now)
        bar.ob = self._ob
        bar.capital = self.capital / CASH_UNIT
        bar.lots, held = position.lots, int(memory.held)
        bar.price = self._features.close[held] if position.lots else math.nan
        bar.entry_price = (
            average_price(self._terms[held], position.entry_notional, position.lots_entered)
            if position.lots
            else math.nan
        )
        opened = bool(position.lots)
        decide_step(self._params, memory, bar)
        size_step(self._params, memory, bar)
        if memory.action == Action.ENTER:
            self._enter(frame, i, now)
        elif memory.action == Action.EXIT:
            self._trade(frame, i, now, held, -1 if position.lots > 0 else 1, abs(int(position.lots)))
        self._n_bars += 1
        judged = self._judged(opened=opened)
        if self._keep_bars:
            self._bars.append(judged)
        return judged

    def end_day(self) -> DayResult:
        """The day that began last."""
        date, capital, trades = self._day
        bar = self._bar
        return DayResult(
            date,
            self.capital,
            self.capital - capital,
            tuple(self.trades[trades:]),
            float(bar.boost),
            float(bar.beta),
            self.stance.mc.value,
            self._n_bars,
            tuple(self._bars) if self._keep_bars else None,
        )

    def process_day(self, date: int, frame: PanelFrame) -> DayResult:
        """All rows of `frame`, which are those of UTC day `date`."""
        self.begin_day(date)
        for i in range(frame.rows):
            self.step_bar(frame, i)
        return self.end_day()

    @property
    def answered(self) -> tuple[Any, Any]:
        """The FEATURES and the MEMORY as the last bar left them: to be read, and not kept."""
        return self._features, self._memory

    def set_boost(self, boost: float, beta: float) -> None:
        """From the next bar on, as a BoostChanged for this desk; ValueError if it may not be, and the last holds."""
        check_boost(boost, beta)
        self.stance.boost, self.stance.beta = boost, beta

    def snapshot(self) -> bytes:
        """All that the next bar depends on; trades, rows and bar logs so far are not in it."""
        records = (self._state, self._memory, self._bar, self._position)
        kept = _Kept(
            self.capital,
            self._heard,
            self.stance,
            [to_bytes(one) for one in records],
            self._leverage,
            self._entry,
        )
        return msgspec.msgpack.encode(kept)

    def restore(self, data: bytes) -> None:
        """Go on where `snapshot` was taken; UsageError if `data` is none."""
        try:
            kept = msgspec.msgpack.decode(data, type=_Kept)
            parts = zip(kept.records, (FEATURE_STATE, MEMORY, BAR, POSITION), strict=True)
            self._state, self._memory, self._bar, self._position = (
                from_bytes(part, dtype) for part, dtype in parts
            )
        except (msgspec.DecodeError, ValueError) as error:
            raise UsageError(
                f"desk {self.desk}: these {len(data)} bytes are no snapshot of this engine: {error}"
            ) from error
        self.capital, self._heard, self.stance = kept.capital, kept.heard, kept.stance
        self._leverage, self._entry = kept.leverage, kept.entry

    def _hear(self, now: int) -> None:
        """Take what was said up to now."""
        script = self._script
        while self._heard < len(script) and script[self._heard][0] <= now:
            self.stance.hear(script[self._heard][1], self.desk)
            self._heard += 1

    def _enter(self, frame: PanelFrame, i: int, now: int) -> None:
        memory, asset = self._memory, int(self._memory.asset)
        lots = entry_lots(self._terms[asset], memory)
        if not lots:
            return
        self._leverage = float(memory.leverage)
        self._entry = int(memory.bar), now, ""
        self._trade(frame, i, now, asset, self.settings.direction, lots)

    def _trade(self, frame: PanelFrame, i: int, now: int, column: int, sign: int, lots: int) -> None:
        """Place the order of this bar's code, and book what the bar fills of it."""
        memory, fill, closed, terms = self._memory, self._fill, self._closed, self._terms[column]
        code = Code(int(memory.code))
        instrument, side = self.instruments[column], Side.BUY if sign > 0 else Side.SELL
        self.rows.append(("order", self.desk, instrument, side, None, lots, 0, code.word, now))
        lots = min(lots, lots_on_offer(terms, frame.volume[i, column], self._participation))
        if not lots:
            return
        chance = chance_to_make(code, self.settings.order_books.fill) if self._posts else 0.0
        uniform = draw_step(self._seed, self._stream, now) if chance > 0.0 else 0.0
        only = bool(memory.maker_only) and chance > 0.0
        branch = fill_step(terms, fill, sign, lots, frame.close[i, column], chance, only, uniform)
        if not fill.lots:
            return
        ticks, fee, side_fill = int(fill.ticks), int(fill.fee), ("fill", self.desk, instrument, side)
        self.rows.append((*side_fill, ticks, int(fill.lots), fee, code.word, now))
        if code is Code.ENTRY:
            self._entry = (*self._entry[:2], BRANCHES[branch])
        if ledger_step(self._position, closed, fill, sign, now):
            self._close(
                instrument,
                code,
                now,
                BRANCHES[branch],
                price_at(ticks, terms.tick_above, terms.tick_below),
                terms,
            )

    def _close(self, instrument: str, code: Code, now: int, branch: str, price: float, terms: Any) -> None:
        closed = self._closed
        pnl, notional = int(closed.pnl), int(closed.entry_notional)
        side = Side.BUY if closed.sign > 0 else Side.SELL
        self.capital += pnl
        if self.capital <= 0:
            raise Bug(
                f"desk {self.desk} has lost all of its capital at {now}: nothing is left to size a trade by"
            )
        who = ("close", self.desk, instrument, side)
        self.rows.append((*who, pnl, int(closed.lots), int(closed.fees), code.word, now))
        entry_bar, entry_ts, entry_branch = self._entry
        self.trades.append(
            Trade(
                instrument,
                int(closed.sign),
                entry_bar,
                int(self._memory.bar),
                average_price(terms, notional, closed.lots),
                average_price(terms, closed.exit_notional, closed.lots),
                pnl / notional,
                pnl,
                self._leverage,
                code.word,
                entry_ts,
                now,
                int(closed.lots),
                int(closed.fees),
                entry_branch,
                branch,
            )
        )

    def _judged(self, *, opened: bool) -> BarLog:
        memory, features, bar = self._memory, self._features, self._bar
        ok = int(features.vol_ok)
        return BarLog(
            int(features.bar),
            int(features.ts),
            float(features.vel_div),
            None if ok < 0 else bool(ok),
            opened,
            float(memory.regime),
            float(bar.boost),
            float(bar.beta),
            POSTURES[int(bar.posture)].value,
            action_text(int(memory.action), int(memory.code)),
        )


def action_text(action: int, code: int) -> str:
    """What a bar log says of an action and its reason: ENTER, EXIT:MAX_HOLD, SKIP:contradicted, no_divergence."""
    word = Code(code).word
    if action == Action.NONE:
        return word
    return "ENTER" if action == Action.ENTER else f"{Action(action).name}:{word}"


def run_engine(engine: DivergenceEngine, frame: PanelFrame) -> list[DayResult]:
    """Every UTC day of `frame`, in order."""
    return [engine.process_day(day, frame.slice(start, stop)) for day, start, stop in frame.days()]
