"""What a proof is made of: the desks of a configuration, and the panel rows that a session sees of its feed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.gateways.feeds.panels import panel_frame
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.money import cash_of
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.market.panels import Universe
from tradeworthy.risk.script import entries_of
from tradeworthy.risk.settings import PPM, ppm_of
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import built_in_settings, universes_of
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.opening import end_of
from tradeworthy.runtime.plan import Plan

KIND = "divergence"


@dataclass(frozen=True)
class DeskSubject:
    """One desk: its settings, the instruments and rows of its universe, and its opening capital in cash units."""

    settings: DivergenceSettings
    instruments: tuple[Instrument, ...]
    frame: PanelFrame
    capital: int


@dataclass(frozen=True)
class Subject:
    """All that the paths are given: the plan of the session, the desks in order, and what is said of the stance."""

    plan: Plan
    desks: dict[str, DeskSubject]
    stance: tuple[tuple[int, Event], ...]
    feed: dict[str, Any]

    @property
    def configuration(self) -> Configuration:
        """The plan's configuration."""
        return self.plan.configuration

    @property
    def timeframe(self) -> str:
        """The one timeframe of the session."""
        return next(iter(self.desks.values())).frame.timeframe

    @property
    def step_ns(self) -> int:
        """Length of a bar in ns."""
        return next(iter(self.desks.values())).frame.step_ns

    @property
    def rows(self) -> int:
        """Panel rows, of all desks."""
        return sum(desk.frame.rows for desk in self.desks.values())

    def without_script(self) -> Subject:
        """The same with nothing said of the stance."""
        configuration = self.configuration.model_copy(update={"script": ()})
        return replace(self, plan=replace(self.plan, configuration=configuration), stance=())


def subject_of(plan: Plan, home: Home) -> Subject:
    """The subject of `plan`: its feed is read once.

    UsageError without a divergence desk, for other desks beside one, and for an endless feed without a duration.
    """
    configuration = plan.configuration
    others = [desk.name for desk in configuration.desks if desk.kind != KIND]
    if others:
        raise UsageError(
            f"desk {others[0]} of {configuration.name} is no divergence desk: parity has several computations only of"
            " those; give a configuration with divergence desks alone"
        )
    feed = open_feed(plan, home)
    start_ts, feed_end = feed.span()
    end_ts = end_of(plan, start_ts)
    if feed_end is None and end_ts is None:
        raise UsageError(f"the {feed.name} feed has no end; give --duration SECONDS of session time")
    whole = panel_frame(feed, grace_ns=0, to_ts=end_ts)
    last_ts = end_ts or int(whole.closed_ts.max())
    universes = universes_of(configuration)
    desks = {
        desk.name: _desk_subject(configuration, desk.name, rows_of(whole, universes[desk.name], last_ts))
        for desk in configuration.desks
    }
    return Subject(plan, desks, tuple(entries_of(configuration.script)), feed.identity())


def subject_of_frame(plan: Plan, name: str, frame: PanelFrame) -> Subject:
    """The subject of the one desk called `name`, on the rows of `frame`."""
    desks = {name: _desk_subject(plan.configuration, name, frame)}
    return Subject(plan, desks, tuple(entries_of(plan.configuration.script)), {})


def _desk_subject(configuration: Configuration, name: str, frame: PanelFrame) -> DeskSubject:
    desk = next(one for one in configuration.desks if one.name == name)
    listed = {one.id: one for one in instruments_of(configuration)}
    capital = cash_of(configuration.account.cash) * ppm_of(desk.share) // PPM
    return DeskSubject(
        built_in_settings(desk), tuple(listed[one] for one in desk.instruments), frame, capital
    )


def rows_of(whole: PanelFrame, universe: Universe, last_ts: int) -> PanelFrame:
    """The rows that the panel of `universe` closes by session time `last_ts` (UTC ns), in its columns' order."""
    columns = [whole.instruments.index(name) for name in universe.instruments]
    close = whole.close[:, columns]
    there = ~np.isnan(close)
    closed = whole.ts + whole.step_ns + np.where(there.all(axis=1), 0, universe.grace_ns)
    kept = np.flatnonzero(there.any(axis=1) & (closed <= last_ts))
    parts = {
        name: np.ascontiguousarray(getattr(whole, name)[:, columns][kept])
        for name in ("open", "high", "low", "close", "volume")
    }
    return PanelFrame(universe.instruments, whole.timeframe, whole.ts[kept], closed[kept], **parts)
