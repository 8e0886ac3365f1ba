"""Thresholds that people change while a session runs: one table, looked up from the exact to the general.

Source: specs/uptrend.md 20.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.config import EngineSettings, UptrendSettings
from tradeworthy.desks.uptrend.levers import MESO
from tradeworthy.desks.uptrend.names import TIMEFRAMES, part_name
from tradeworthy.learning.events import Threshold, ThresholdsChanged
from tradeworthy.learning.scopes import MODES

SECOND_NS = 1_000_000_000
ENVIRONMENT = "environment"
PREFIX = "PM_THRESHOLD_"

_SHARE, _SCORE, _HALO = (0.0, 1.0), (0.0, 2.0), (0.0, 20.0)

RANGES: Mapping[str, tuple[float, float]] = {
    "ts_threshold": _SCORE,
    "first_dip_ts_threshold": _SCORE,
    "sr_boost_max": _SHARE,
    "s1_halo_atr": _HALO,
    "s2_halo_atr": _HALO,
    "ox_sell_threshold": _SCORE,
    "dx_buy_threshold": _SCORE,
    "trim_halo_atr": _HALO,
    **{f"{table}_{mode}": _SHARE for table in ("entry_s1", "entry_add", "trim") for mode in reversed(MODES)},
    "trim_max": _SHARE,
    "cooldown_bars": (0.0, 10_000.0),
    "level_move": _SHARE,
    "dust_usd": (0.0, 1e6),
    "drawdown_floor": (1e-9, 1.0),
    "rr_max": (1e-9, 1e6),
    "token_cap": _SHARE,
    "liquidity_share_max": _SHARE,
    "liquidity_min_usd": (0.0, 1e12),
}
"""The keys that are read, each with the least and the greatest value that it may have."""


class Cached(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a look-up gave (None: there was nothing) and when, session time."""

    value: float | None
    ts: int


class ThresholdsState(State):
    """Entries by `key/timeframe/phase/level`, those of the environment apart; answers by the same of the question."""

    environment: dict[str, float] = {}
    entries: dict[str, float] = {}
    answers: dict[str, Cached] = {}


class Thresholds(Agent):
    """The part named `thresholds`. An answer, a miss too, holds for `thresholds_ttl_s` of session time."""

    state: ThresholdsState

    def __init__(self, desk: str, settings: UptrendSettings) -> None:
        super().__init__(part_name(desk, "thresholds"), ThresholdsState(), desk)
        self._ttl_ns = settings.manager.thresholds_ttl_s * SECOND_NS

    @on(ThresholdsChanged)
    def take(self, event: ThresholdsChanged, _: Context) -> None:
        """Take entries, or take them away; answers that were given hold until their time is over."""
        table = self.state.environment if event.source == ENVIRONMENT else self.state.entries
        for entry in event.entries:
            place = _place(entry.key, entry.timeframe, entry.phase, entry.a_level)
            if entry.value is None:
                table.pop(place, None)
            else:
                table[place] = entry.value

    def read(
        self, key: str, default: float, now: int, *, timeframe: str = "", phase: str = "", level: str = ""
    ) -> float:
        """The value of `key` at session time `now`: the exact entry, else without level, phase, timeframe.

        `phase` is the regime's meso phase, `level` that of A. The environment's entries go before all others.
        """
        question = _place(key, timeframe, phase, level)
        known = self.state.answers.get(question)
        if known is None or now - known.ts >= self._ttl_ns:
            known = self.state.answers[question] = Cached(self._look_up(key, timeframe, phase, level), now)
        return default if known.value is None else known.value

    def _look_up(self, key: str, timeframe: str, phase: str, level: str) -> float | None:
        places = (
            _place(key, timeframe, phase, level),
            _place(key, timeframe, phase, ""),
            _place(key, timeframe, "", ""),
            _place(key, "", "", ""),
        )
        for table in (self.state.environment, self.state.entries):
            for place in places:
                if place in table:
                    return table[place]
        return None


def check_threshold(entry: Threshold) -> None:
    """ValueError unless the key is one that is read, its value in range, and its place one that is asked for."""
    limits = RANGES.get(entry.key)
    if limits is None:
        words = entry.key.split("_")
        near = [key for key in RANGES if any(word in words for word in key.split("_"))]
        known = f"did you mean {' or '.join(near)}?" if near else f"the keys are {', '.join(RANGES)}"
        raise ValueError(f"threshold {entry.key!r} is not known; {known}")
    least, most = limits
    if entry.value is not None and not (math.isfinite(entry.value) and least <= entry.value <= most):
        raise ValueError(
            f"threshold {entry.key} is {entry.value!r}, but it goes from {least:g} to {most:g}; give such a number"
        )
    if entry.a_level and entry.key in EngineSettings.model_fields:
        raise ValueError(
            f"threshold {entry.key} is for level {entry.a_level!r}, but it is the engine's, and A comes after it; leave"
            " the level out"
        )
    for word, given, allowed in (
        ("timeframe", entry.timeframe, TIMEFRAMES),
        ("phase", entry.phase, tuple(MESO)),
        ("level", entry.a_level, MODES),
    ):
        if given and given not in allowed:
            raise ValueError(
                f"threshold {entry.key} is for {word} {given!r}, but there are {', '.join(allowed)};"
                " name one of them, or none for any"
            )


def environment_thresholds(environ: Mapping[str, str]) -> tuple[list[Threshold], list[str]]:
    """The entries in variables `PM_THRESHOLD_<KEY>`, and a sentence for each one that is none."""
    entries, refused = list[Threshold](), list[str]()
    for name in sorted(name for name in environ if name.startswith(PREFIX)):
        try:
            entry = Threshold(name.removeprefix(PREFIX).lower(), float(environ[name]))
            check_threshold(entry)
        except ValueError as error:
            refused.append(f"{name}={environ[name]!r} is left out: {error}")
        else:
            entries.append(entry)
    return entries, refused


def configured_thresholds(thresholds: Mapping[str, float]) -> list[Threshold]:
    """The entries of a configuration's `thresholds`, `KEY[/timeframe[/phase[/level]]]` to value; UsageError if not."""
    return [_configured(name, value) for name, value in thresholds.items()]


def _configured(name: str, value: float) -> Threshold:
    key, *place = name.split("/")
    if len(place) > 3:
        raise UsageError(
            f"thresholds name {name!r} has {len(place) + 1} parts; write KEY/timeframe/phase/level"
        )
    entry = Threshold(key, value, *place)
    try:
        check_threshold(entry)
    except ValueError as error:
        raise UsageError(f"thresholds entry {name!r}: {error}") from error
    return entry


def _place(key: str, timeframe: str, phase: str, level: str) -> str:
    return f"{key}/{timeframe}/{phase}/{level}"
