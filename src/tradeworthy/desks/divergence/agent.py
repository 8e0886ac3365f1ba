"""The desk itself: one row of its panel at a time, through the steps, to a candidate or a reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate
from tradeworthy.core.events import Event, Figure
from tradeworthy.desks.divergence.checking import EVERY_BARS, check_spectrum
from tradeworthy.desks.divergence.codes import Action, Code
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.engine import action_text
from tradeworthy.desks.divergence.events import BarJudged
from tradeworthy.desks.divergence.features import feature_step
from tradeworthy.desks.divergence.making import empty_memory, feature_state, neutral_bar, params_of
from tradeworthy.desks.divergence.order_books import OBProvider, market_of, ob_multiplier, provider_of
from tradeworthy.desks.divergence.records import (
    FEATURE_STATE,
    FEATURES,
    MEMORY,
    ROW,
    from_bytes,
    record_of,
    to_bytes,
)
from tradeworthy.desks.divergence.stance import Stance
from tradeworthy.desks.divergence.steps import decide_step, signal_step, size_step
from tradeworthy.desks.divergence.trading import average_price, chance_to_make, entry_lots
from tradeworthy.execution.accounting import (
    CashMoved,
    Opened,
    TradeClosed,
    TradeReversed,
    capital_moved,
    result_of,
)
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.intents import Intent, Leg, TradeCandidate
from tradeworthy.execution.positions import Position
from tradeworthy.execution.steps import terms_of
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.money import Scale
from tradeworthy.market.panels import PanelClosed, Universe
from tradeworthy.risk.stance import POSTURES, BoostChanged, ForewarnerReported, Posture

KIND = "divergence"
"""The kind of the candidates that would open a position; an exit's kind is its reason."""

ORDER_WORKING, NOTED = "order_working", "noted"
"""Reasons why no bar is decided on: an order is under way, or the turn brought only news."""


class DivergenceState(State):
    """What the desk remembers: its records as bytes, its own capital in cash units, and what it was told.

    `features` is the FEATURE_STATE, `row` the FEATURES of the last row.
    """

    features: bytes
    row: bytes
    memory: bytes
    capital: int = 0
    stance: Stance = msgspec.field(default_factory=Stance)


class Divergence(Agent):
    """The agent named like its desk. It compounds its own capital: its share of the cash and what its trades made."""

    def __init__(self, name: str, settings: DivergenceSettings, parts: DeskParts, universe: Universe) -> None:
        self._settings, self._parts, self._universe = settings, parts, universe
        columns = universe.instruments
        self._columns: Mapping[str, int] = {one: column for column, one in enumerate(columns)}
        self._step_ns = TIMEFRAMES_NS[universe.timeframe]
        self._params = params_of(settings, columns, universe.timeframe)
        self._row, self._bar = record_of(ROW), neutral_bar()
        self._terms: dict[str, tuple[Scale, Any]] = {}
        before = record_of(FEATURES)
        before.beta, before.volatility, before.vol_p60 = settings.acb.beta_low, math.nan, math.nan
        empty = to_bytes(feature_state(settings, columns, universe.timeframe))
        super().__init__(name, DivergenceState(empty, to_bytes(before), to_bytes(empty_memory())), desk=name)

    @property
    def state(self) -> DivergenceState:
        """A copy of what the steps work on, as a snapshot holds it."""
        return DivergenceState(
            to_bytes(self._features),
            to_bytes(self._out),
            to_bytes(self._memory),
            self._capital,
            msgspec.structs.replace(self._stance),
        )

    @state.setter
    def state(self, state: DivergenceState) -> None:
        self._features = from_bytes(state.features, FEATURE_STATE)
        self._out = from_bytes(state.row, FEATURES)
        self._memory = from_bytes(state.memory, MEMORY)
        self._capital, self._stance = state.capital, state.stance

    @property
    def answered(self) -> tuple[Any, Any]:
        """The FEATURES and the MEMORY as the last bar left them: to be read, and not kept."""
        return self._out, self._memory

    # What the desk's other agents read

    def capital(self) -> int:
        """The desk's own capital in cash units."""
        return self._capital

    def beta(self) -> float:
        """The convexity that the last row's features call for."""
        return float(self._out.beta)

    def volatility(self) -> float:
        """The volatility of the last row over the gate's threshold; NaN while either is not known."""
        return float(self._out.volatility / self._out.vol_p60)

    # What changes its capital and its stance

    @on(CashMoved, Opened)
    def take_cash(self, event: CashMoved | Opened, _: Context) -> str:
        """Count the desk's share of money that came or went, or what it takes over."""
        self._capital += capital_moved(event, self.desk, self._parts.share_ppm(self.desk))
        return NOTED

    @on(TradeClosed, TradeReversed)
    def take_result(self, event: TradeClosed | TradeReversed, _: Context) -> str | None:
        """Count what a trade of the desk's own made, or take it back."""
        if event.desk != self.desk:
            return None
        self._capital += result_of(event)
        return NOTED

    @on(BoostChanged, ForewarnerReported)
    def hear(self, event: BoostChanged | ForewarnerReported, _: Context) -> str:
        """Keep it for the next bar."""
        self._stance.hear(event, self.desk)
        return NOTED

    # One bar

    @on(PanelClosed)
    def judge(self, panel: PanelClosed, context: Context) -> list[Event | str] | None:
        """Take one row of the desk's own panel: at most one candidate, and one line of the bar log."""
        if panel.universe != self._universe.name:
            return None
        self._see(panel)
        held = self._held()
        self._face(context.now, held)
        memory, bar = self._memory, self._bar
        if self._waits(held):
            memory.action = int(Action.NONE)
            size_step(self._params, memory, bar)
            return [self._judged(held, ORDER_WORKING), ORDER_WORKING]
        decide_step(self._params, memory, bar)
        size_step(self._params, memory, bar)
        decided: Event | str
        if memory.action == Action.ENTER:
            decided = self._enter(context.now)
        elif memory.action == Action.EXIT and held is not None:
            decided = self._leave(held, context.now)
        elif memory.action == Action.SKIP:
            decided = self._skip()
        else:
            decided = self._word()
        return [decided, self._judged(held, action_text(int(memory.action), int(memory.code)))]

    def _see(self, panel: PanelClosed) -> None:
        """The row through the feature and the signal step."""
        row, columns = self._row, len(panel.close)
        row.ts, row.columns = panel.ts_event, columns
        row.close[:columns] = panel.close
        row.present[:columns] = panel.mask
        feature_step(self._features, row, self._out)
        if self._features.bars % EVERY_BARS == 0:
            check_spectrum(self._features)
        signal_step(self._params, self._memory, self._out)

    def _held(self) -> Position | None:
        """The position that the desk holds, the oldest if a run before it left several."""
        return next(iter(self._parts.ledger.positions(self.desk)), None)

    def _books(self) -> OBProvider:
        """What is known of liquidity now."""
        parts = self._parts
        return provider_of(self._settings.order_books, parts.marks.state.books, parts.listing.scale)

    def _face(self, now: int, held: Position | None) -> None:
        """The circumstances of this bar: each is read once."""
        bar = self._bar
        self._stance.reported = Posture(self._parts.posture(now))
        self._stance.fill(bar, float(self._out.beta), now)
        bar.ob = ob_multiplier(
            market_of(self._books(), self._universe.instruments, now), self._settings.direction
        )
        bar.capital = self._capital / CASH_UNIT
        bar.lots, bar.price, bar.entry_price = 0, math.nan, math.nan
        if held is None:
            return
        bar.lots = held.lots
        column = self._columns.get(held.instrument, -1)
        if column >= 0:
            bar.price = self._out.close[column]
            bar.entry_price = average_price(
                self._terms_of(held.instrument), held.entry_notional, held.lots_entered
            )
        if self._memory.held != column:
            self._take_over(held, column)

    def _take_over(self, held: Position, column: int) -> None:
        """A position without a memory of its entry: it counts from when it was opened, and by no boost."""
        memory = self._memory
        memory.held, memory.entry_boost = column, 0.0
        memory.entry_ts = held.opened_ts // self._step_ns * self._step_ns - self._step_ns

    def _waits(self, held: Position | None) -> bool:
        """Whether an order of the desk's is still under way."""
        column = int(self._memory.held)
        instrument = held.instrument if held else self._universe.instruments[column] if column >= 0 else ""
        return bool(instrument) and self._parts.orders.working(self.desk, instrument)

    # What comes of it

    def _enter(self, now: int) -> Event:
        memory, instrument = self._memory, self._universe.instruments[int(self._memory.asset)]
        lots = entry_lots(self._terms_of(instrument), memory)
        if not lots:
            return self._skip()
        side = Side.BUY if self._settings.direction > 0 else Side.SELL
        only = bool(memory.maker_only)
        leg = Leg(
            instrument,
            side,
            int(lots),
            maker_chance=self._chance(instrument, side, float(memory.notional), now),
            maker_only=only,
        )
        return self._asked(KIND, leg, reduce_only=False)

    def _leave(self, held: Position, now: int) -> Event:
        side, lots = Side.SELL if held.lots > 0 else Side.BUY, abs(held.lots)
        notional = (
            lots * float(self._bar.price) * self._parts.listing.scale(held.instrument).lot_value / CASH_UNIT
        )
        chance = self._chance(held.instrument, side, notional, now)
        leg = Leg(held.instrument, side, lots, position=held.position, maker_chance=chance)
        return self._asked(self._word(), leg, reduce_only=True)

    def _chance(self, instrument: str, side: Side, notional: float, now: int) -> float:
        """The chance that a maker order of this bar's code fills; 0: it does not post."""
        chance = self._books().fill_chance(instrument, side.sign, notional, now)
        return float(chance_to_make(int(self._memory.code), chance))

    def _word(self) -> str:
        return Code(int(self._memory.code)).word

    def _asked(self, kind: str, leg: Leg, *, reduce_only: bool) -> TradeCandidate:
        intent = Intent((leg,), reduce_only=reduce_only, reason=self._word())
        return TradeCandidate(kind, leg.instrument, self._figures(), intent=intent)

    def _skip(self) -> Candidate:
        """A trigger that ends here."""
        asset = int(self._memory.asset)
        instrument = self._universe.instruments[asset] if asset >= 0 else ""
        return Candidate(KIND, instrument, self._figures(), self._word())

    def _figures(self) -> dict[str, Figure]:
        """What the decision rested on; what is not known is left out."""
        memory, bar, features = self._memory, self._bar, self._out
        seen: dict[str, float] = {
            "vel_div": float(features.vel_div),
            "volatility": float(features.volatility),
            "vol_p60": float(features.vol_p60),
            "score": float(memory.score),
            "alignment": float(memory.alignment),
            "regime_size_mult": float(memory.regime),
            "leverage": float(memory.leverage),
            "notional": float(memory.notional),
            "boost": float(bar.boost),
            "beta": float(bar.beta),
            "capital": float(bar.capital),
            "price": float(bar.price if bar.lots else memory.price),
            "entry_price": float(bar.entry_price),
        }
        known: dict[str, Figure] = {key: value for key, value in seen.items() if math.isfinite(value)}
        known["posture"] = POSTURES[int(bar.posture)].value
        known["mc_status"] = self._stance.mc.value
        return known

    def _judged(self, held: Position | None, action: str) -> BarJudged:
        memory, features, bar = self._memory, self._out, self._bar
        ok = int(features.vol_ok)
        return BarJudged(
            self.desk,
            int(features.ts),
            int(features.bar),
            float(features.vel_div),
            None if ok < 0 else bool(ok),
            held is not None,
            float(memory.regime),
            float(bar.boost),
            float(bar.beta),
            POSTURES[int(bar.posture)].value,
            action,
        )

    def _terms_of(self, instrument: str) -> Any:
        scale = self._parts.listing.scale(instrument)
        known = self._terms.get(instrument)
        if known is None or known[0] is not scale:
            known = self._terms[instrument] = (scale, terms_of(scale, self._parts.venue))
        return known[1]
