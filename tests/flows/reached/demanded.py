"""All codes that some scenario must reach, read from the product's own source: a new one is demanded by being there."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from enum import Enum
from types import ModuleType
from typing import Any

import tradeworthy
from tests.flows.reached.words import demanded_words
from tradeworthy.desks.arbitrage import allocator, exits
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.desks.divergence import acb, agent, forewarning
from tradeworthy.desks.divergence.codes import EXITS
from tradeworthy.execution import ledger, leg_policies
from tradeworthy.gateways import market_facts
from tradeworthy.gateways.feeds import checking, quotes, us_quotes
from tradeworthy.gateways.simulator import market_rows
from tradeworthy.market import matching, panels, titles
from tradeworthy.risk import facts, flattener
from tradeworthy.risk.guards import RULES
from tradeworthy.risk.operators import HaltRule
from tradeworthy.runtime import inbox, wall
from tradeworthy.runtime.event_union import EVENTS

ROOMS = ("core", "market", "execution", "risk", "desks")
"""Every enumeration of these rooms is demanded, member by member."""

FAULTS = (
    "desk_raises",
    "desk_leaves_the_process",
    "desk_raises_when_told",
    "turn_too_long",
    "raise_under_the_desks",
    "raise_in_a_backtest",
    "death_in_a_turn",
    "two_deaths_in_a_turn",
)
"""What can go wrong in a process; how it is known is in faults.py."""

DECISIONS = ("all_rules_passed", "reduce_only", "refused")
"""What a Decision says: a refusal names its rule besides."""

GAP_ENDS = (
    *(SkipReason.CLOSED, SkipReason.DISPUTED, SkipReason.RESOLVED, SkipReason.REDEFINED),
    *(SkipReason.UNKNOWN_MARKET, SkipReason.NO_BOOK, SkipReason.GAP_VANISHED, SkipReason.SESSION_ENDED),
)
"""What may end an open gap besides a gate that shuts."""

HEARD = (agent.ORDER_WORKING, agent.NOTED, acb.UNCHANGED, forewarning.NOTED)
"""Why a desk on a panel opens nothing in a turn, besides its codes."""

_WORDS = re.compile(r"[a-z]+(?:_[a-z]+)+")


def code_of(member: Enum) -> str:
    """The code of an enumeration's member; two of its classes are called Kind, so the module is part of it."""
    kind = type(member)
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}.{member.name}"


def guard(rule: str, figure: str) -> str:
    """The code of a rejection by `rule`, for that figure."""
    return f"guard.{rule}/{figure}"


def demanded() -> list[str]:
    """Each code once."""
    return list(dict.fromkeys(_all()))


def _all() -> Iterator[str]:
    for kind in enumerations():
        yield from (code_of(member) for member in kind)
    yield from (guard(rule.code, rule.figure) for rule in RULES)
    yield from (f"event.{event.__name__}" for event in EVENTS)
    yield from (f"halt.{word}.{rule.value}" for rule in HaltRule for word in ("set", "cancels", "released"))
    yield from (f"turn.{word}" for word in ("unstated", *HEARD, *returned_words(flattener.Flattener)))
    yield from (f"trade.{word}" for word in trade_reasons())
    yield from (f"allocation.{word}" for word in arguments(allocator, "_allocate", 0))
    yield from (f"untradable.{word}" for word in words(facts._take_market))
    yield from (f"unmatched.{word}" for word in unmatched())
    yield from (f"gap_closed.{reason}" for reason in GAP_ENDS)
    yield from (f"gap.{word}" for word in (*gap_reasons(), *panel_gap_reasons()))
    yield from (f"decision.{word}" for word in DECISIONS)
    yield from (f"overdue.{word}" for word in ("held", "free"))
    yield from (f"fault.{word}" for word in FAULTS)
    yield from demanded_words()


def enumerations() -> Iterator[type[Enum]]:
    """Each Enum that is defined in the ROOMS."""
    for room in ROOMS:
        package = importlib.import_module(f"{tradeworthy.__name__}.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for member in vars(module).values():
                if (
                    isinstance(member, type)
                    and issubclass(member, Enum)
                    and member.__module__ == module.__name__
                ):
                    yield member


def trade_reasons() -> list[str]:
    """Why a position was closed, as far as the product itself gives the reason."""
    return [
        *arguments(ledger, "Movement", 5),
        *arguments(leg_policies, "PlaceOrder", "reason"),
        *(flattener.FLATTEN, exits.TAKE_PROFIT, exits.STOP),
        *(code.word for code in EXITS),
    ]


def unmatched() -> list[str]:
    """Why a title is no question about a price."""
    readers = (matching.match, matching._asset, matching._window, matching._question, titles.verb)
    refused = [reason for reason, _ in titles._REFUSED]
    return [*refused, *(word for reader in readers for word in words(reader))]


def gap_reasons() -> list[str]:
    """Why a feed says that it has a hole."""
    bad = [f"bad_bar:{word}" for word in checking.REASONS[1:]]
    bad += [f"bad_book:{word}" for word in quotes.FAULTS[1:]]
    named = [checking.MISSING, us_quotes.OUTAGE, inbox.OVERFLOW, wall.GATEWAY_CRASHED, market_facts.BY_HAND]
    return [*bad, *named, *arguments(market_rows, "FeedGap", 4)]


def panel_gap_reasons() -> list[str]:
    """Why a panel says that it has a hole."""
    return arguments(panels, "_gap", 3)


# How it is read


def words(function: Any) -> list[str]:
    """The words of several parts (like_this) among a function's constants."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    found = [one.value for one in ast.walk(tree) if isinstance(one, ast.Constant)]
    return [word for word in found if isinstance(word, str) and _WORDS.fullmatch(word)]


def returned_words(kind: type) -> list[str]:
    """The texts that a class's methods may return."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    returns = [one.value for one in ast.walk(tree) if isinstance(one, ast.Return) and one.value]
    return [text for value in returns for text in _answers(value)]


def _answers(value: ast.expr) -> list[str]:
    """The texts that an expression may come to."""
    if isinstance(value, ast.IfExp):
        return [*_answers(value.body), *_answers(value.orelse)]
    if isinstance(value, ast.BoolOp):
        return [text for one in value.values for text in _answers(one)]
    return [value.value] if isinstance(value, ast.Constant) and isinstance(value.value, str) else []


def arguments(module: ModuleType, called: str, place: int | str) -> list[str]:
    """The texts that `module` gives as one argument (by place or name) wherever it calls `called`."""
    found = []
    for call in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(call, ast.Call) and _name_of(call.func) == called:
            argument = _argument(call, place)
            found += [] if argument is None else _texts(argument, module)
    return found


def _argument(call: ast.Call, place: int | str) -> ast.expr | None:
    if isinstance(place, int):
        return call.args[place] if place < len(call.args) else None
    return next((one.value for one in call.keywords if one.arg == place), None)


def _texts(argument: ast.expr, module: ModuleType) -> list[str]:
    """The constants in an argument, and those that it names."""
    found = [one.value for one in ast.walk(argument) if isinstance(one, ast.Constant)]
    if isinstance(argument, ast.Name):
        found.append(getattr(module, argument.id, None))
    return [text for text in found if isinstance(text, str)]


def _name_of(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
