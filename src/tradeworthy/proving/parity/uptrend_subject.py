"""What a proof of the uptrend desk is made of: the desk, its instruments and cash, and its feed as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.gateways.feeds.protocol import Feed
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.money import cash_of
from tradeworthy.risk.settings import ppm_of
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import built_in_settings, check_desks
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.opening import end_of
from tradeworthy.runtime.plan import Plan

SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class UptrendSubject:
    """One desk on one feed: `cash` is the account's (cash units), `share_ppm` the desk's part of it in millionths.

    `end_ts` is the last session time (UTC ns). The feed is read anew by each computation.
    """

    plan: Plan
    name: str
    settings: UptrendSettings
    instruments: tuple[Instrument, ...]
    cash: int
    share_ppm: int
    feed: Feed
    end_ts: int

    @property
    def configuration(self) -> Configuration:
        """The plan's configuration."""
        return self.plan.configuration

    @property
    def grace_ns(self) -> int:
        """How long after its end a longer bar waits for what it is made of."""
        market = self.settings.market
        return round((market.tick_buffer_s + market.grace_s) * SECOND_NS)

    def identity(self) -> dict[str, Any]:
        """What the feed is made of."""
        return dict(self.feed.identity())

    def rows(self) -> Iterator[tuple[int, Event]]:
        """Session time and event of all that the feed has up to `end_ts`, in order."""
        for one in self.feed.inputs():
            if one.ts > self.end_ts:
                return
            yield one.ts, one.event


def uptrend_subject(plan: Plan, home: Home) -> UptrendSubject:
    """The subject of `plan`.

    UsageError unless it has one uptrend desk, on recorded bars, that asks for no history from elsewhere.
    """
    configuration = plan.configuration
    desks = configuration.desks
    if len(desks) != 1 or not desks[0].on_tokens:
        raise UsageError(
            f"{configuration.name} has desks {', '.join(desk.name for desk in desks)}: an uptrend desk is proved"
            " alone; give a configuration with one uptrend desk and no other"
        )
    if configuration.venue.fills != "taker_close":
        raise UsageError(
            f"{configuration.name} fills by {configuration.venue.fills}, and a proof at the close: set fills ="
            ' "taker_close" in [venue]'
        )
    check_desks(configuration)
    (desk,) = desks
    settings: UptrendSettings = built_in_settings(desk)
    _check(configuration.name, settings)
    feed = open_feed(plan, home)
    start_ts, feed_end = feed.span()
    if plan.feed.partition(":")[0] != "recorded" or feed_end is None:
        raise UsageError(
            f"the {feed.name} feed has no bars on record, and the batch engine runs on those; give --feed recorded"
        )
    end_ts = end_of(plan, start_ts)
    return UptrendSubject(
        plan,
        desk.name,
        settings,
        tuple(instruments_of(configuration)),
        cash_of(configuration.account.cash),
        ppm_of(desk.share),
        feed,
        feed_end if end_ts is None else end_ts,
    )


def _check(name: str, settings: UptrendSettings) -> None:
    """UsageError for what the batch engine does not do."""
    market = settings.market
    if market.backfill:
        raise UsageError(
            f"{name} has market.backfill = true, and a proof's history is its feed; set it to false"
        )
    made = [one for one, base in market.bars.items() if one != base]
    if twice := [base for base in market.bars.values() if base in made]:
        raise UsageError(
            f"{name} makes bars of {twice[0]}, which it makes itself; let market.bars name the feed's timeframes"
        )
    shortest = min(TIMEFRAMES_NS[base] for base in market.bars.values())
    if (market.tick_buffer_s + market.grace_s) * SECOND_NS > shortest:
        raise UsageError(
            f"{name} has market.tick_buffer_s {market.tick_buffer_s:g} and grace_s {market.grace_s:g}: together they"
            " may be one base bar at most; lower them"
        )
