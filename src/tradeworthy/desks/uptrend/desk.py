"""The uptrend desk: its parts, in the order in which they hear of an event."""

from __future__ import annotations

from collections.abc import Callable

from tradeworthy.core.agents import Agent
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.decision_maker import DecisionMaker
from tradeworthy.desks.uptrend.episode_log import EpisodeLog
from tradeworthy.desks.uptrend.history import BarHistory
from tradeworthy.desks.uptrend.ingest import SocialIngest
from tradeworthy.desks.uptrend.position_manager import PositionManager
from tradeworthy.desks.uptrend.regime import Regime
from tradeworthy.desks.uptrend.thresholds import Thresholds
from tradeworthy.desks.uptrend.trader import Trader
from tradeworthy.desks.uptrend.uptrend_engine import UptrendEngine
from tradeworthy.execution.desk import DeskParts
from tradeworthy.learning.events import Override
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.market.bars import TIMEFRAMES_NS


def make_agents(
    name: str,
    settings: UptrendSettings,
    parts: DeskParts,
    overrides: Callable[[], tuple[Override, ...]],
    learning: LearningSettings,
) -> list[Agent]:
    """The agents of the desk `name`; `overrides` gives those that hold."""
    history = BarHistory(name, settings)
    ingest = SocialIngest(name, settings)
    thresholds = Thresholds(name, settings)
    regime = Regime(name, settings, history)
    trader = Trader(name, settings, history)
    decision_maker = DecisionMaker(name, settings, ingest, trader, lambda: parts.capital(name))
    engine = UptrendEngine(name, settings, history, trader, thresholds)
    manager = PositionManager(name, settings, parts, trader, thresholds, regime, overrides, learning)
    trader.holding_lots = manager.lots
    engine.scope_of, engine.phase_of = manager.scope_of, lambda: regime.read().meso
    episodes = EpisodeLog(name, settings, trader, overrides, learning, manager.scope_of)
    return [
        *(history, ingest, decision_maker, trader, thresholds, regime),
        *(engine, episodes, manager),
    ]


def check_settings(settings: UptrendSettings, instruments: tuple[str, ...], timeframe: str) -> None:
    """UsageError unless the tokens are instruments that the desk names, and `timeframe` is the finest of its feed."""
    for token in settings.tokens:
        if token.instrument not in instruments:
            raise UsageError(
                f"token {token.ticker} is instrument {token.instrument!r}, which the desk does not name in instruments;"
                f" they are {', '.join(instruments)}"
            )
        if not token.major and token.chain not in settings.decision.chains:
            raise UsageError(
                f"token {token.ticker} is on chain {token.chain!r}, which decision.chains does not name: no signal"
                " would ever be acted on; correct the one or the other"
            )
    if all(token.major for token in settings.tokens):
        raise UsageError(
            "the desk has no token that it may trade; list one in [[desks.settings.tokens]] that is no major"
        )
    finest = min(settings.market.bars.values(), key=lambda one: TIMEFRAMES_NS[one])
    if timeframe != finest:
        raise UsageError(
            f"timeframe {timeframe} is not the finest that market.bars is made of, which is {finest}; make them agree"
        )
    regime, made = settings.regime, dict.fromkeys([*settings.market.bars, *settings.market.bars.values()])
    if regime.instrument and regime.instrument not in instruments:
        raise UsageError(
            f"regime.instrument {regime.instrument!r} is none of the desk's instruments; add it there"
        )
    if regime.instrument and regime.timeframe not in made:
        raise UsageError(
            f"regime.timeframe {regime.timeframe!r} is none that market.bars makes; give one of {', '.join(made)}"
        )
