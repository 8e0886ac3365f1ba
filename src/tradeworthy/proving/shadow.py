"""Shadow: two configurations of uptrend desks on the same data, a session each, and where they part.

Each session is a backtest of its own; both must have been told the same prices and signals. What an engine asked for,
what a position manager did and what a trade came to is matched by the row and the bar that it belongs to.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EngineJudged,
    PositionBooked,
    PositionClosed,
    SocialSignal,
)
from tradeworthy.market.bars import BarClosed, PriceObserved
from tradeworthy.market.money import decimal_of
from tradeworthy.proving.audit import flattened
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan

FLAGS = (
    *("buy_signal", "buy_flag", "first_dip_buy_flag", "trim_flag"),
    *("emergency_exit", "exit_position", "reclaimed_ema333"),
)
"""What an engine may ask for at a bar."""

TIMELESS = ("name", "source_hash")
"""Keys in which two configurations always differ."""

Progress = Callable[[int, str], None]
Place = tuple[str, str, int]
"""A kind, a row and the bar (open time, UTC ns) at which it came."""


class Matched(msgspec.Struct, frozen=True):
    """How often something came at the same bar of the same row in both, and in one alone."""

    kind: str
    both: int
    only_a: int
    only_b: int


class RowResult(msgspec.Struct, frozen=True):
    """What a row came to in each, what is still held at its mark included, in units of the account's currency."""

    position: str
    trades_a: int
    trades_b: int
    pnl_a: Decimal
    pnl_b: Decimal

    @property
    def gap(self) -> Decimal:
        """How much better a did."""
        return self.pnl_a - self.pnl_b


class Side(msgspec.Struct, frozen=True):
    """One session: its run and fingerprint, its closed trades, their mean reward over risk, and its result."""

    configuration: str
    run: str
    fingerprint: str
    trades: int
    won: int
    rr_mean: float | None
    pnl: Decimal


class Shadow(msgspec.Struct, frozen=True):
    """Both sides; `settings` are key, value of a, value of b; `data` the digest of what both were told."""

    a: Side
    b: Side
    feed: str
    data: str
    settings: tuple[tuple[str, str, str], ...]
    signals: tuple[Matched, ...]
    actions: tuple[Matched, ...]
    trades: Matched
    positions: tuple[RowResult, ...]


class Listener(Agent):
    """The part named `listener`: it keeps what a session's uptrend desks saw, did and came to, and says nothing."""

    def __init__(self) -> None:
        super().__init__("listener", State())
        self.signals: set[Place] = set()
        self.actions: set[Place] = set()
        self.closed: dict[tuple[str, int], PositionClosed] = {}
        self.booked: dict[str, PositionBooked] = {}
        self._told = hashlib.blake2b(digest_size=16)

    @property
    def told(self) -> str:
        """A digest of the prices and signals so far."""
        return self._told.hexdigest()

    @on(BarClosed, PriceObserved, SocialSignal)
    def hear(self, event: BarClosed | PriceObserved | SocialSignal, _: Context) -> None:
        """Take in what the world says."""
        self._told.update(msgspec.msgpack.encode(event))

    @on(EngineJudged)
    def see(self, event: EngineJudged, _: Context) -> None:
        """Note what the engine asks for."""
        for flag in FLAGS:
            if getattr(event.payload, flag):
                self.signals.add((flag, event.position, event.payload.bar_ts))

    @on(ActionTaken)
    def act(self, event: ActionTaken, _: Context) -> None:
        """Note what was executed."""
        if event.lots > 0:
            self.actions.add((event.signal, event.position, event.bar_ts))

    @on(PositionClosed)
    def close(self, event: PositionClosed, _: Context) -> None:
        """Note a trade that is over."""
        self.closed[event.position, event.opened_ts] = event

    @on(PositionBooked)
    def book(self, event: PositionBooked, _: Context) -> None:
        """Keep the newest books of each row."""
        self.booked[event.position] = event

    def pnl(self, position: str) -> int:
        """What the row came to, in cash units: its closed trades, and the open one at its mark."""
        books = self.booked.get(position)
        if books is None:
            return 0
        return books.realised + (books.extracted + books.value - books.spent if books.trade else 0)


def shadow(a: Plan, b: Plan, home: Home, progress: Progress = lambda *_: None) -> Shadow:
    """Run both plans and hold their desks against each other.

    UsageError for a configuration without an uptrend desk, or if the two were not told the same.
    """
    for plan in (a, b):
        if not plan.configuration.on_tokens:
            raise UsageError(
                f"{plan.configuration.name} has no uptrend desk, and a shadow run compares two; give configurations"
                " like configs/uptrend.toml"
            )
    progress(0, f"sessions, {a.configuration.name}")
    side_a, first = _played(a, home)
    progress(1, f"sessions, {b.configuration.name}")
    side_b, second = _played(b, home)
    if first.told != second.told:
        raise UsageError(
            f"{a.configuration.name} and {b.configuration.name} were not told the same prices and signals: make their"
            " instruments, tokens, curators, simulator, points and signals equal, and give both one --seed"
        )
    trades = _matched("trades", first.closed, second.closed)
    return Shadow(
        side_a,
        side_b,
        feed=a.feed,
        data=first.told,
        settings=tuple(_differing(a.configuration, b.configuration)),
        signals=_by_kind(FLAGS, first.signals, second.signals),
        actions=_by_kind(FLAGS, first.actions, second.actions),
        trades=trades,
        positions=tuple(_results(first, second)),
    )


def _played(plan: Plan, home: Home) -> tuple[Side, Listener]:
    heard = Listener()
    figures = run_backtest(plan, home, observers=[heard]).figures
    closed = list(heard.closed.values())
    side = Side(
        plan.configuration.name,
        str(figures["run"]),
        str(figures["fingerprint"]),
        len(closed),
        sum(one.pnl > 0 for one in closed),
        sum(one.rr for one in closed) / len(closed) if closed else None,
        decimal_of(sum(heard.pnl(position) for position in heard.booked)),
    )
    return side, heard


def _by_kind(kinds: Iterable[str], a: set[Place], b: set[Place]) -> tuple[Matched, ...]:
    """Each kind that came at all."""
    found = (_matched(kind, *({one for one in side if one[0] == kind} for side in (a, b))) for kind in kinds)
    return tuple(one for one in found if one.both or one.only_a or one.only_b)


def _matched(kind: str, a: Iterable[Any], b: Iterable[Any]) -> Matched:
    ours, theirs = set(a), set(b)
    return Matched(kind, len(ours & theirs), len(ours - theirs), len(theirs - ours))


def _results(a: Listener, b: Listener) -> Iterable[RowResult]:
    closed = [Counter(position for position, _ in one.closed) for one in (a, b)]
    for position in sorted(a.booked.keys() | b.booked.keys()):
        pnl = [decimal_of(one.pnl(position)) for one in (a, b)]
        yield RowResult(position, closed[0][position], closed[1][position], *pnl)


def _differing(a: Configuration, b: Configuration) -> Iterable[tuple[str, str, str]]:
    ours, theirs = flattened(a), flattened(b)
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key) and key not in TIMELESS:
            yield key, str(ours.get(key, "-")), str(theirs.get(key, "-"))
