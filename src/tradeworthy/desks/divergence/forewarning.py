"""The part named `<desk>-forewarner`: reports on the days ahead at fixed hours of session time."""

from __future__ import annotations

from collections.abc import Callable

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.events import Event, WokeUp
from tradeworthy.desks.divergence.acb import PERIODS_MAX, figure_of
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.forewarner import TRADES_MAX, Outcome, env_distance, forewarn
from tradeworthy.execution.accounting import CashMoved, Opened, TradeClosed, TradeReversed
from tradeworthy.market.factors import FactorsObserved

SECOND_NS = 1_000_000_000
REPORT = "report"
NOTED = "forewarner_noted"


class ForewarnerState(State):
    """The last closed trades, the oldest first, and the last volatility index (0.0: none) with its time, UTC ns."""

    outcomes: list[Outcome] = []
    dvol: float = 0.0
    dvol_ts: int = 0


class Forewarner(Agent):
    """Tells ForewarnerReported every `every_s`, counted from 00:00 UTC, from its own desk's closed trades.

    `capital` is the desk's in cash units, `volatility` that of its gate over its threshold (NaN: unknown).
    """

    state: ForewarnerState

    def __init__(
        self,
        desk: str,
        settings: DivergenceSettings,
        capital: Callable[[], int],
        volatility: Callable[[], float],
    ) -> None:
        super().__init__(f"{desk}-forewarner", ForewarnerState(), desk=desk)
        self._settings = settings
        self._capital, self._volatility = capital, volatility
        self._every_ns = round(settings.forewarner.every_s * SECOND_NS)
        self._age_ns_max = round(PERIODS_MAX * settings.acb.factors_period_s * SECOND_NS)

    @on(CashMoved, Opened)
    def start(self, _: CashMoved | Opened, context: Context) -> list[Event | str]:
        """Wait for the next full period."""
        self._wait(context)
        return [NOTED]

    @on(FactorsObserved)
    def heed(self, event: FactorsObserved, _: Context) -> list[Event | str]:
        """Remember the volatility index."""
        dvol = figure_of(event, "dvol_btc")
        if dvol is not None:
            self.state.dvol, self.state.dvol_ts = dvol, event.ts_event
        return [NOTED]

    @on(TradeClosed)
    def note(self, event: TradeClosed, _: Context) -> list[Event | str] | None:
        """Remember a trade of the desk."""
        if event.desk != self.desk:
            return None
        outcomes = self.state.outcomes
        outcomes.append(outcome_of(event, self._capital()))
        if len(outcomes) > TRADES_MAX:
            del outcomes[0]
        return [NOTED]

    @on(TradeReversed)
    def take_back(self, event: TradeReversed, _: Context) -> list[Event | str] | None:
        """Forget a trade that is void."""
        if event.desk != self.desk:
            return None
        outcomes = self.state.outcomes
        for place in range(len(outcomes) - 1, -1, -1):
            if outcomes[place].closed_ts == event.closed_ts:
                del outcomes[place]
                break
        return [NOTED]

    @on(WokeUp)
    def report(self, _: WokeUp, context: Context) -> list[Event | str]:
        """It is time."""
        self._wait(context)
        fresh = self.state.dvol > 0.0 and context.now - self.state.dvol_ts <= self._age_ns_max
        env_dist = env_distance(self._settings, self._volatility(), self.state.dvol if fresh else None)
        seed = self._settings.forewarner.seed
        return [forewarn(self.state.outcomes, env_dist, context.now, seed, desk=self.desk)]

    def _wait(self, context: Context) -> None:
        context.wake_at(context.now - context.now % self._every_ns + self._every_ns, REPORT, late_ok=True)


def outcome_of(trade: TradeClosed, capital: int) -> Outcome:
    """The trade as the forewarner keeps it; `capital` is the desk's as it closed, in cash units."""
    return Outcome(trade.closed_ts, trade.pnl / trade.entry_notional, trade.entry_notional / max(1, capital))
