"""The part named `episode-log`: every opportunity of a row, whether it was taken, and how it turned out.

A buy that is under way when a row's next bar closes holds that bar back until it is answered, so that a window is
never said to be skipped whose buy was still on its way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Verdict
from tradeworthy.core.events import Event, Figure
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.episodes import Bar, Ended, RowEpisodes, take_bar, take_buy
from tradeworthy.desks.uptrend.events import ActionTaken, EngineJudged, WindowClosed
from tradeworthy.desks.uptrend.gates import halo_distance, judged
from tradeworthy.desks.uptrend.names import DecisionType, Stage, Status, part_name, row_of
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.trader import RowState
from tradeworthy.execution.intents import TradeCandidate
from tradeworthy.learning.events import Override, Scope
from tradeworthy.learning.settings import LearningSettings

PART = "episode-log"
NOT_ACTED, NO_SIGNAL = "signal_not_acted", "no_signal"
"""Why a window was skipped that no gate blocked on its last bar: its signal led to no buy, or there was none."""

HELD_MAX = 64
"""Bars of one row that wait for a buy at most; one more, and all are taken in as they are, and nobody waits for it."""

_BUYS = (DecisionType.ENTRY, DecisionType.ADD)
_TRADED = (Status.WATCHLIST, Status.ACTIVE)


class Rows(Protocol):
    """What the log needs of the trader."""

    def row(self, key: str) -> RowState | None:
        """The row of that key, to be read, or None."""


class RowLog(msgspec.Struct):
    """A row's episodes, its bars that wait, and its candidates of buys without an answer (seqs)."""

    row: RowEpisodes
    held: list[Bar] = []
    asked: list[int] = []


class EpisodeLogState(State):
    """By row key what is remembered, and by candidate which row's buy it is."""

    rows: dict[str, RowLog] = {}
    buys: dict[int, str] = {}


class EpisodeLog(Agent):
    """Says WindowClosed, WindowResolved and EpisodeEnded of rows that may be traded, and a candidate of each skip.

    `overrides` gives those that hold, `scope_of` the scope of a decision on a row's payload: the same as the position
    manager's. `levers_of`, where it is given, says A and E of it.
    """

    state: EpisodeLogState

    def __init__(
        self,
        desk: str,
        settings: UptrendSettings,
        trader: Rows,
        overrides: Callable[[], tuple[Override, ...]],
        learning: LearningSettings,
        scope_of: Callable[[RowState, Payload], Scope],
        levers_of: Callable[[RowState, Payload], tuple[float, float]] | None = None,
    ) -> None:
        self._tuned = settings.manager.tuning_overrides
        self._trader, self._overrides, self._learning = trader, overrides, learning
        self._scope_of, self._levers_of = scope_of, levers_of
        super().__init__(part_name(desk, PART), EpisodeLogState(), desk=desk)

    @on(EngineJudged)
    def judge(self, event: EngineJudged, _: Context) -> list[Event] | None:
        """Take in a bar of a row that may be traded; a bar that was taken in before, or only warms up, is none."""
        row = self._trader.row(event.position)
        if event.desk != self.desk or row is None or event.status not in _TRADED or event.payload.warmup:
            return None
        log = self.state.rows.get(event.position)
        if log is None:
            log = self.state.rows[event.position] = RowLog(RowEpisodes(event.position))
        newest = log.held[-1].payload.bar_ts if log.held else log.row.last_ts
        if event.payload.bar_ts <= newest:
            return None
        log.held.append(self._bar(row, event.payload))
        return self._take_held(log)

    @on(TradeCandidate)
    def ask(self, event: TradeCandidate, context: Context) -> None:
        """Remember a buy of the desk's rows until it is answered."""
        if context.candidate_desk != self.desk or event.intent.reduce_only:
            return
        key = event.intent.legs[0].position
        if key in self.state.rows:
            self.state.buys[context.seq] = key
            self.state.rows[key].asked.append(context.seq)

    @on(Verdict)
    def hear(self, event: Verdict, _: Context) -> list[Event] | None:
        """Of a buy that was not filled no more is to come."""
        if event.desk != self.desk or event.share > 0:
            return None
        return self._answered(event.candidate)

    @on(ActionTaken)
    def act(self, event: ActionTaken, _: Context) -> list[Event] | None:
        """An executed buy makes the window acted that its bar lies in."""
        log = self.state.rows.get(event.position)
        if event.desk != self.desk or log is None or event.decision_type not in _BUYS:
            return None
        if event.lots > 0:
            take_buy(log.row, event.state, event.bar_ts, event.trade)
        return self._answered(event.candidate)

    def _answered(self, candidate: int) -> list[Event] | None:
        key = self.state.buys.pop(candidate, None)
        if key is None:
            return None
        log = self.state.rows[key]
        log.asked.remove(candidate)
        return self._take_held(log)

    def _take_held(self, log: RowLog) -> list[Event] | None:
        if log.asked and len(log.held) <= HELD_MAX:
            return None
        for candidate in log.asked:
            self.state.buys.pop(candidate, None)
        bars, log.held, log.asked = log.held, [], []
        return [made for bar in bars for made in self._taken(log.row, bar)] or None

    def _taken(self, row: RowEpisodes, bar: Bar) -> Iterator[Event]:
        for made in take_bar(row, bar, self.desk):
            if not isinstance(made, Ended):
                yield made
                continue
            yield made.event
            if not made.window.acted:
                yield skipped(made.event, made.window.last)

    def _bar(self, row: RowState, payload: Payload) -> Bar:
        scope = self._scope_of(row, payload)
        said = judged(payload, self._overrides() if self._tuned else (), scope, self._learning)
        levers = self._levers_of(row, payload) if self._levers_of else None
        return Bar(payload, said, scope, sample_of(payload, levers))


def sample_of(payload: Payload, levers: tuple[float, float] | None = None) -> dict[str, Figure]:
    """The figures of one bar as windows keep them: scores, price, averages, the buy check, and A and E if known.

    Figures that are not finite are left out: the record could not hold them.
    """
    emas = payload.emas
    sample: dict[str, Figure] = {
        "bar_ts": payload.bar_ts,
        "price": payload.price,
        "atr": payload.atr,
        "ts_score": payload.ts_score,
        "ts_with_boost": payload.ts_with_boost,
        "sr_boost": payload.sr_boost,
    }
    if payload.state is Stage.S1:
        sample |= {"ema60": emas.ema60, "halo_distance": halo_distance(payload)}
    else:
        sample |= {"dx_score": payload.dx, "edx_score": payload.edx}
        sample |= {"ema144": emas.ema144, "ema333": emas.ema333}
        if emas.ema144 > emas.ema333:
            sample["price_pos"] = (payload.price - emas.ema333) / (emas.ema144 - emas.ema333)
    if levers is not None:
        sample |= {"a_value": levers[0], "e_value": levers[1], "position_size_frac": 0.10 + 0.50 * levers[0]}
    known = {**payload.check, **sample}
    return {name: value for name, value in known.items() if value is not None and _finite(value)}


def skipped(closed: WindowClosed, last: Bar) -> Candidate:
    """The candidate that a skipped window is: its verdict says which gate came first."""
    if closed.blocked_by:
        skip = f"blocked_{closed.blocked_by[0]}"
    else:
        skip = NOT_ACTED if last.judged.buy_signal or last.judged.buy_flag else NO_SIGNAL
    kind = closed.window.split("/")[-2]
    figures: dict[str, Figure] = {
        "window": closed.window,
        "episode": closed.episode,
        "timeframe": row_of(closed.position).timeframe,
        "bars": closed.bars,
        "blocked_by": ",".join(closed.blocked_by),
        **closed.gates,
        **last.sample,
    }
    return Candidate(f"{kind}_window", row_of(closed.position).instrument, figures, skip)


def _finite(value: Figure) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
