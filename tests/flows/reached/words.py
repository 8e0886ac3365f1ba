"""The uptrend desk's words: why it acts, why it does not, and why things end, read from its modules and its answers."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from tradeworthy.core.agents import Agent, Answer, Context, State
from tradeworthy.core.candidates import Candidate, Verdict
from tradeworthy.core.events import Event
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.uptrend import (
    deciding,
    decision_maker,
    episode_log,
    episodes,
    gates,
    history,
    ingest,
    names,
    planning,
    position_manager,
    sizing,
    trader,
    transitions,
    uptrend_engine,
)
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EpisodeEnded,
    PositionBooked,
    PositionClosed,
    PositionStatusChanged,
    SignalDecided,
    SignalTaken,
    WindowClosed,
    WindowResolved,
)

SPEAKING = (
    *(history, ingest, decision_maker, trader, uptrend_engine, episodes, episode_log),
    *(position_manager, planning, sizing, transitions),
)
"""The modules whose words are demanded: all of several parts that stand in capitals at their top."""

SHORT = (planning.HOLD, decision_maker.APPROVED, uptrend_engine.JUDGED, sizing.ILLIQUID)
"""Words of one part that are reasons, too."""

_SEVERAL = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
_OTHERS = {"s1_entry", "s3_retest", "window_limit"}
"""Kinds of episodes stand in WindowClosed; that so many windows wait is proven with the episodes themselves."""


def code(word: str) -> str:
    """The code of a word of the uptrend desk."""
    return f"uptrend.{word}"


def demanded_words() -> list[str]:
    """Every word once, in the order of the modules; a blocked window names each gate besides."""
    found = [word for module in SPEAKING for word in _top_words(module)]
    found += [f"blocked_{gate}" for gate in (gates.TS, gates.HALO, gates.SLOPE, gates.DX)]
    found += [word for word in constants(deciding.checks) if _SEVERAL.fullmatch(word)]
    return [code(word) for word in dict.fromkeys((*found, *SHORT)) if word not in _OTHERS]


def constants(function: Any) -> list[str]:
    """The texts that stand in a function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    found = [one.value for one in ast.walk(tree) if isinstance(one, ast.Constant)]
    return [one for one in found if isinstance(one, str)]


def _top_words(module: ModuleType) -> Iterator[str]:
    for name, value in vars(module).items():
        if name.isupper() and not name.startswith("_"):
            texts = value if isinstance(value, tuple) else (value,)
            yield from (one for one in texts if isinstance(one, str) and _SEVERAL.fullmatch(one))


class Listener(Agent):
    """An observer that keeps the words that the desk's parts answer with: the counters keep the last of a turn."""

    def __init__(self, heard: dict[str, None]) -> None:
        super().__init__("listener", State())
        self._heard = heard

    def context(self, sequencer: Sequencer) -> Context:
        """Any agent's context; what the parts answer is looked at on its way."""
        for part in names.PARTS:
            agent = sequencer.agents[part]
            for name in dict.fromkeys(agent.handlers.values()):
                setattr(agent, name, self._listening(getattr(agent, name)))
        return super().context(sequencer)

    def _listening(self, handler: Callable[[Any, Context], Answer]) -> Callable[[Any, Context], Answer]:
        def listening(event: Event, context: Context) -> Answer:
            answer = handler(event, context)
            if answer is None or isinstance(answer, Event):
                return answer
            kept = answer if isinstance(answer, str) else list(answer)
            for one in [kept] if isinstance(kept, str) else kept:
                if isinstance(one, str):
                    self._heard[code(one)] = None
            return kept

        return listening


def words_of(event: Event) -> Iterator[str]:
    """The words that an event of the desk carries."""
    match event:
        case SignalTaken():
            yield event.blocked
        case SignalDecided():
            yield event.reason
            yield from (word for one in event.checks for word in (one.name, one.reason))
        case PositionStatusChanged():
            yield event.reason
        case ActionTaken():
            yield event.signal
        case WindowClosed() | EpisodeEnded():
            yield event.episode_type
        case WindowResolved():
            yield event.reason
        case PositionBooked():
            yield event.why
        case PositionClosed():
            yield event.exit_reason
        case Verdict():
            yield event.reason
        case Candidate():
            yield event.kind
            yield event.skip
        case _:
            pass
