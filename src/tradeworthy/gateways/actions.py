"""Closed trades and closed windows that a person injects, as JSON lines, for learning to learn from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Figure
from tradeworthy.gateways.json_lines import check_value, known_name, read_objects, stamp_of, struct_of
from tradeworthy.learning.events import ActionsImported, EpisodeFact, ImportedAction, ImportedTrade, Scope
from tradeworthy.learning.scopes import CATEGORIES, DIMENSIONS, MOTIFS

TRADE_EXAMPLE = (
    '{"trade": "t1", "rr": 1.5, "pnl_usd": 30, "actions": [{"pattern_key": "pm.uptrend.S1.entry",'
    ' "action_category": "entry", "scope": {"chain": "solana"}}]}'
)
WINDOW_EXAMPLE = (
    '{"window": "w1", "pattern_key": "pm.uptrend.S1.entry", "decision": "skipped", "outcome": "success",'
    ' "scope": {"chain": "solana"}}'
)
EXAMPLE = f"{TRADE_EXAMPLE} or {WINDOW_EXAMPLE}"

DECISIONS = ("acted", "skipped")
OUTCOMES = ("success", "failure", "neutral")

RR_MAX, PNL_MAX = 1e6, 1e12
"""A return and a result in USD may be so large, up or down: sums of their squares are still numbers."""

_PATTERN = re.compile(rf"pm\.uptrend\.S[0-4]\.(?:{'|'.join(MOTIFS)})")


class TradeLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A closed trade: `rr` its return over its drawdown, `pnl_usd` its result, `closed_at` when (now)."""

    trade: str
    rr: float
    pnl_usd: float
    actions: list[dict[str, Any]]
    closed_at: str | int | None = None
    entry_context: dict[str, str] = {}


class ActionLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One action of it; without `at` it was when the trade closed."""

    pattern_key: str
    action_category: str
    scope: dict[str, str]
    at: str | int | None = None


class WindowLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A closed window: `outcome` is success, failure or neutral; `factors` what was seen, `gates` what was in force."""

    window: str
    pattern_key: str
    decision: str
    outcome: str
    scope: dict[str, str]
    factors: dict[str, float | str | bool | None] = {}
    gates: dict[str, float] = {}
    blocked_by: list[str] = []
    episode: str = ""
    trade: str = ""
    at: str | int | None = None


def read_actions(path: Path) -> list[dict[str, Any]]:
    """The file's trades and windows, each checked: nothing is injected if one line is wrong.

    UsageError names the file, the line and what is wrong with it.
    """
    lines = read_objects(path, lambda found, where: _line(found, 0, where), noun="trade", example=EXAMPLE)
    try:
        actions_of(lines, 0, "")
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return lines


def actions_of(objects: Iterable[Mapping[str, Any]], now: int, by: str) -> ActionsImported:
    """All of them in one event, on the word of `by`; what has no time is of `now` (UTC ns).

    UsageError names the first wrong one, also where a trade or window stands twice.
    """
    found = [_line(one, now, f"action line {number}") for number, one in enumerate(objects, start=1)]
    trades = tuple(one for one in found if isinstance(one, ImportedTrade))
    episodes = tuple(one for one in found if isinstance(one, EpisodeFact))
    for noun, names in (
        ("trade", [one.trade for one in trades]),
        ("window", [one.window for one in episodes]),
    ):
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise UsageError(f"{noun} {name!r} stands twice; give each its own id")
            seen.add(name)
    return ActionsImported(trades, episodes, by)


def _line(found: Mapping[str, Any], now: int, where: str) -> ImportedTrade | EpisodeFact:
    return _window(found, now, where) if "window" in found else _trade(found, now, where)


def _trade(found: Mapping[str, Any], now: int, where: str) -> ImportedTrade:
    line = struct_of(found, TradeLine, where, TRADE_EXAMPLE)
    _filled("trade", line.trade, where)
    for name, figure, most in (("rr", line.rr, RR_MAX), ("pnl_usd", line.pnl_usd, PNL_MAX)):
        if abs(figure) > most:
            raise UsageError(f"{where}: {name} is {figure:g}; it must be from -{most:g} to {most:g}")
    if not line.actions:
        raise UsageError(f"{where}: trade {line.trade!r} has no actions; write it like {TRADE_EXAMPLE}")
    for name, value in line.entry_context.items():
        check_value(value, repr(name), where)
    closed = now if line.closed_at is None else stamp_of(line.closed_at, where, "closed_at")
    actions = tuple(
        _action(one, closed, f"{where}, action {number}") for number, one in enumerate(line.actions, start=1)
    )
    return ImportedTrade(line.trade, line.rr, line.pnl_usd, closed, actions, dict(line.entry_context))


def _action(found: Mapping[str, Any], closed: int, where: str) -> ImportedAction:
    line = struct_of(found, ActionLine, where, TRADE_EXAMPLE)
    _pattern(line.pattern_key, where)
    known_name(line.action_category, CATEGORIES, "action_category", where)
    at = closed if line.at is None else stamp_of(line.at, where, "at")
    if at > closed:
        raise UsageError(f"{where}: at {line.at} is after its trade closed; put it before closed_at")
    return ImportedAction(line.pattern_key, line.action_category, _scope(line.scope, where), at)


def _window(found: Mapping[str, Any], now: int, where: str) -> EpisodeFact:
    line = struct_of(found, WindowLine, where, WINDOW_EXAMPLE)
    _filled("window", line.window, where)
    _pattern(line.pattern_key, where)
    known_name(line.decision, DECISIONS, "decision", where)
    known_name(line.outcome, OUTCOMES, "outcome", where)
    factors: dict[str, Figure] = dict(line.factors)
    blocked = [("blocked_by", one) for one in line.blocked_by]
    for name, value in (*factors.items(), *line.gates.items(), *blocked):
        check_value(value, repr(name), where)
    return EpisodeFact(
        window=line.window,
        episode=line.episode or line.window,
        pattern_key=line.pattern_key,
        scope=_scope(line.scope, where),
        decision=line.decision,
        factors=factors,
        gates=line.gates,
        blocked_by=tuple(line.blocked_by),
        ts=now if line.at is None else stamp_of(line.at, where, "at"),
        trade=line.trade,
        outcome=line.outcome,
    )


def _filled(name: str, value: str, where: str) -> None:
    if not value:
        raise UsageError(f"{where}: {name} is ''; give it an id of its own")


def _pattern(pattern: str, where: str) -> None:
    if not _PATTERN.fullmatch(pattern):
        raise UsageError(
            f"{where}: pattern_key is {pattern!r}; it must be like pm.uptrend.S1.entry, with one of {', '.join(MOTIFS)}"
        )


def _scope(scope: Mapping[str, str], where: str) -> Scope:
    """The scope in the documented order of its dimensions, empty values left out."""
    for name in scope:
        known_name(name, DIMENSIONS, "dimension", where)
        check_value(scope[name], name, where)
    return {name: scope[name] for name in DIMENSIONS if scope.get(name)}
