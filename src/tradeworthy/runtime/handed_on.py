"""What a run with desks on tokens is told of the run before it, besides its books: rows, overrides, experience.

Without rows nobody would judge what is held; without experience the first run of the jobs would find no lesson for
the overrides that hold, and archive them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.config import TokenSettings, UptrendSettings
from tradeworthy.desks.uptrend.events import Allocated, PositionsAllocated
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Status, row_of
from tradeworthy.gateways.jobs import LearningJobs
from tradeworthy.learning.events import (
    ActionsImported,
    ImportedAction,
    ImportedTrade,
    OverrideRolledBack,
    OverridesChanged,
    TradeFact,
)
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import built_in_settings
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.sealed import Handover

PARENT = "parent run"
"""Who says what is handed on."""

BATCH = 500
"""So many trades or windows are told at a time."""


def rows_handed_on(configuration: Configuration, handover: Handover) -> list[Event]:
    """The rows of the desks' positions, as their last decision left them, but for a cap of 0.

    They are trimmed and left; nothing is added until a decision of this run says how much. UsageError for a position
    that no bar would speak of: it would never be left.
    """
    made: list[Event] = []
    for desk in configuration.desks:
        if not desk.on_tokens:
            continue
        settings: UptrendSettings = built_in_settings(desk)
        held: dict[str, list[str]] = {}
        for one in handover.opened.positions:
            if one.desk == desk.name:
                held.setdefault(one.instrument, []).append(one.position)
        for instrument, positions in held.items():
            token = _token_of(settings, handover, desk.name, instrument, positions)
            made.append(_rows(settings, handover, desk.name, token, positions))
    return made


def _token_of(
    settings: UptrendSettings, handover: Handover, desk: str, instrument: str, positions: Sequence[str]
) -> TokenSettings:
    what, bars = f"run {handover.opened.parent} holds {instrument} for desk {desk}", settings.market.bars
    advice = "put it back and close the position first, or begin an empty run with --fresh"
    token = next((one for one in settings.tokens if one.instrument == instrument and not one.major), None)
    if token is None:
        raise UsageError(f"{what}, and its settings have no such token to trade any more; {advice}")
    timeframes = [row_of(position).timeframe for position in positions]
    gone = next((one for one in timeframes if one not in bars or one not in TIMEFRAMES), "")
    if gone:
        raise UsageError(
            f"{what} on {gone}, and market.bars makes none of {gone}, but {', '.join(bars)}; {advice}"
        )
    return token


def _rows(
    settings: UptrendSettings, handover: Handover, desk: str, token: TokenSettings, positions: Sequence[str]
) -> PositionsAllocated:
    known = handover.learned.rows.get((desk, token.instrument))
    market, splits = settings.market, settings.decision.splits
    timeframes = sorted((row_of(position).timeframe for position in positions), key=TIMEFRAMES.index)
    by_timeframe = {row_of(position).timeframe: position for position in positions}
    return PositionsAllocated(
        desk=desk,
        instrument=token.instrument,
        chain=token.chain,
        contract=token.contract,
        ticker=token.ticker,
        rows=tuple(
            Allocated(by_timeframe[one], one, splits[one], 0.0, 0, Status.DORMANT, 0, market.bars_threshold)
            for one in timeframes
        ),
        entry_context=known.entry_context if known else {"chain": token.chain},
        curator_sources=known.curator_sources if known else (),
    )


def learning_handed_on(configuration: Configuration, handover: Handover, folder: Path) -> list[Event]:
    """The table of overrides of the run in `folder`, those that a person took back, and what they were learned from.

    Nothing where the configuration names a table of its own.
    """
    if configuration.learning.overrides_file:
        return []
    learned, run = handover.learned, handover.opened.parent
    made: list[Event] = []
    if learned.overrides is not None:
        made.append(OverridesChanged(learned.overrides, PARENT, f"learned by run {run}"))
    made += [OverrideRolledBack(one, PARENT, f"taken back in run {run}") for one in learned.held_off]
    jobs = LearningJobs(folder, codec(), configuration.learning, lambda _: None, lambda: None)
    facts, windows = jobs.experience()
    trades = list(_trades(facts, run))
    for at in range(0, len(trades), BATCH):
        made.append(ActionsImported(tuple(trades[at : at + BATCH]), by=PARENT))
    for at in range(0, len(windows), BATCH):
        named = tuple(
            msgspec.structs.replace(one, trade=_named(one.trade, run)) for one in windows[at : at + BATCH]
        )
        made.append(ActionsImported(episodes=named, by=PARENT))
    return made


def _trades(facts: Sequence[TradeFact], run: str) -> Iterator[ImportedTrade]:
    """The trades that the facts are of, in order of their first; a trade closed after its last action."""
    trades: dict[str, list[TradeFact]] = {}
    for one in facts:
        trades.setdefault(one.trade, []).append(one)
    for trade, acted in trades.items():
        actions = tuple(
            ImportedAction(one.pattern_key, one.action_category, one.scope, one.ts) for one in acted
        )
        last = acted[-1]
        yield ImportedTrade(_named(trade, run), last.rr, last.pnl_usd, max(one.ts for one in acted), actions)


def _named(trade: str, run: str) -> str:
    """A trade's name for another run, whose own begin at 1 again: that of a row's trade has its run before it."""
    place, _, number = trade.partition("#")
    return f"{run}/{trade}" if number and place.partition("@")[0] in TIMEFRAMES else trade
