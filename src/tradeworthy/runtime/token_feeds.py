"""Feeds of a session that trades tokens: prices or bars of several timeframes, and signals between them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from pathlib import Path

from tradeworthy.core.errors import Bug, UsageError
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.config import CuratorSettings, TokenSettings
from tradeworthy.gateways.feeds.announcements import announcements
from tradeworthy.gateways.feeds.protocol import Feed
from tradeworthy.gateways.feeds.seeded_signals import SignalSettings, seeded_signals
from tradeworthy.gateways.feeds.timeframes import TimeframesFeed
from tradeworthy.gateways.feeds.tokens import Signals, TokensFeed
from tradeworthy.gateways.history import History, RecordedHistory
from tradeworthy.gateways.simulator.history import SimulatedHistory
from tradeworthy.gateways.simulator.points import PointsFeed
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import token_settings
from tradeworthy.runtime.plan import Plan
from tradeworthy.runtime.token_parts import market_settings

Range = tuple[int | None, int | None]
"""From and to in UTC ns; None: all there is."""


def open_token_feed(plan: Plan, name: str, recorded: Path | None, bounds: Range) -> Feed:
    """The feed `name`: the simulator's prices, or the bars of folder `recorded`, with the configuration's signals."""
    configuration = plan.configuration
    instruments = instruments_of(configuration)
    if recorded is not None:
        market = market_settings(configuration)
        assert market is not None, "a configuration with tokens says how bars are made"
        bases = set(market.bars.values())
        feed: Feed = TimeframesFeed(recorded, instruments, bases, from_ts=bounds[0], to_ts=bounds[1])
    elif name == "simulator":
        feed = PointsFeed(
            configuration.simulator,
            configuration.points,
            instruments,
            tokens_of(configuration),
            seed=plan.the_seed,
        )
    else:
        raise UsageError(
            f"there is no feed {plan.feed!r} of tokens; give simulator, recorded, recorded:DIR or live"
        )
    return _with_signals(plan, feed, recorded)


def open_history(plan: Plan, feed: Feed) -> History:
    """What was before `feed` and what it has had: where a desk's history comes from on the simulated clock."""
    from tradeworthy.runtime.feeds import recorded_folder

    configuration = plan.configuration
    market = market_settings(configuration)
    assert market is not None, "a configuration with tokens says how bars are made"
    name, _, folder = plan.feed.partition(":")
    if feed.name == "simulator":
        return SimulatedHistory(
            configuration.simulator,
            configuration.points,
            instruments_of(configuration),
            tokens_of(configuration),
            seed=plan.the_seed,
            coverage_min=market.coverage_min,
        )
    if name == "recorded":
        return RecordedHistory(recorded_folder(plan, folder), market.bars, coverage_min=market.coverage_min)
    raise Bug(f"feed {plan.feed!r} has no history: give it a source")


def tokens_of(configuration: Configuration) -> list[TokenSettings]:
    """The tokens of all desks, each once, as the first desk that has it describes it."""
    known: dict[str, TokenSettings] = {}
    for settings in token_settings(configuration):
        for token in settings.tokens:
            known.setdefault(token.instrument, token)
    return list(known.values())


def _curators_of(configuration: Configuration) -> list[CuratorSettings]:
    known = {one.id: one for settings in token_settings(configuration) for one in settings.curators}
    return list(known.values())


def _with_signals(plan: Plan, feed: Feed, recorded: Path | None) -> Feed:
    configuration, settings = plan.configuration, plan.configuration.signals
    if settings.source == "none":
        return feed
    identity: dict[str, object] = {**settings.model_dump(mode="json"), "seed": plan.the_seed}
    if settings.source == "seeded":
        signals = _seeded(settings, tokens_of(configuration), _curators_of(configuration), plan.the_seed)
    else:
        folder = recorded.parent if recorded is not None else configuration.data.recorded
        if folder is None:
            raise UsageError(
                "signals.source is announcements, and no folder of recorded data is set; set data.recorded"
            )
        signals = _replayed(announcements(folder), feed.span()[0])
    return TokensFeed(feed, signals, identity)


def _seeded(
    settings: SignalSettings, tokens: Sequence[TokenSettings], curators: Sequence[CuratorSettings], seed: int
) -> Signals:
    def signals(from_ts: int, to_ts: int) -> Iterator[tuple[int, Event]]:
        return seeded_signals(settings, tokens, curators, seed=seed, from_ts=from_ts, to_ts=to_ts)

    return signals


def _replayed(recorded: Sequence[tuple[int, Event]], start_ts: int) -> Signals:
    """Announcements of another time, as far apart as they were, from the UTC midnight of the session's start on."""
    day = datetime.fromtimestamp(start_ts // 1_000_000_000, UTC).date()
    first = int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000_000
    shift = first - recorded[0][0] if recorded else 0
    times = [ts + shift for ts, _ in recorded]

    def signals(from_ts: int, to_ts: int) -> Iterator[tuple[int, Event]]:
        for place in range(bisect_left(times, from_ts), bisect_left(times, to_ts)):
            yield times[place], recorded[place][1]

    return signals
