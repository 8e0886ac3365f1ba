"""Where the configuration of a run and that of a backtest differ, and which part of the gap each key belongs to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.proving.compare.record import FEES, FILLS, GUARDS, PEOPLE, TIMING
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.sections import InstrumentSettings

LATENCIES = ("latency_ms", "latency_p99_ms", "latency_jitter_ms")
"""The keys of [venue] that say when an order is there; the others say what it gets."""

FEE_KEYS = ("taker_fee", "maker_fee")
FIXED_KEYS = ("id", "quote", "lot")
"""What positions and cash are counted in: with another one they would be other money."""

GUARD_SECTIONS = ("risk", "posture", "freshness")
SAME = ("desks", "oracles")
"""Sections that a comparison can't explain a difference of: they are another strategy."""


class SettingDifference(msgspec.Struct, frozen=True):
    """A key in which the two configurations differ, and the part of the gap that it belongs to."""

    part: str
    key: str
    run: str
    backtest: str


def settings_differing(run: Configuration, backtest: Configuration) -> list[SettingDifference]:
    """Every key that matters to a trade and differs; UsageError where the desks themselves do.

    Cash, seed and feed are the run's in both. Keys that decide nothing (name, journal, store) may be what they like.
    """
    _require_same(run, backtest)
    found = [
        SettingDifference(TIMING if key in LATENCIES else FILLS, f"venue.{key}", ours, theirs)
        for key, ours, theirs in _pairs(run.venue, backtest.venue)
    ]
    others = {one.id: one for one in backtest.instruments}
    traded = {name for desk in run.desks for name in desk.instruments}
    for one in run.instruments:
        if one.id in traded:
            found += [
                SettingDifference(
                    FEES if key in FEE_KEYS else FILLS, f"instruments.{one.id}.{key}", ours, theirs
                )
                for key, ours, theirs in _pairs(one, others[one.id])
            ]
    for name in GUARD_SECTIONS:
        found += [
            SettingDifference(GUARDS, f"{name}.{key}", ours, theirs)
            for key, ours, theirs in _pairs(getattr(run, name), getattr(backtest, name))
        ]
    if run.script != backtest.script:
        counts = (f"{len(one.script)} entries" for one in (run, backtest))
        found.append(SettingDifference(PEOPLE, "script", *counts))
    return found


def named_together(found: Sequence[SettingDifference]) -> Iterator[tuple[str, str, str, str]]:
    """Part, key and both values of each difference; what is the same of several instruments is named once."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for one in found:
        section, _, rest = one.key.partition(".")
        instrument, _, key = rest.rpartition(".")
        name = f"{section}.*.{key}" if section == "instruments" else one.key
        groups.setdefault((one.part, name, one.run, one.backtest), []).append(instrument)
    for (part, name, ours, theirs), instruments in groups.items():
        one_name = name.replace("*", instruments[0])
        yield (
            part,
            one_name if len(instruments) == 1 else f"{name} ({len(instruments)} of them)",
            ours,
            theirs,
        )


def _pairs(run: Any, backtest: Any) -> list[tuple[str, str, str]]:
    """Key, the run's value and the backtest's, of each key of a section in which they differ."""
    ours, theirs = run.model_dump(mode="json"), backtest.model_dump(mode="json")
    return [(key, str(ours[key]), str(theirs[key])) for key in ours if ours[key] != theirs[key]]


def _require_same(run: Configuration, backtest: Configuration) -> None:
    wrong = [name for name in SAME if _section(run, name) != _section(backtest, name)]
    if run.account.currency != backtest.account.currency:
        wrong.append("account.currency")
    others = {one.id: one for one in backtest.instruments}
    traded = {name for desk in run.desks for name in desk.instruments}
    for one in run.instruments:
        if one.id in traded and one.id in others:
            other = others[one.id]
            wrong += [
                f"instruments.{one.id}.{key}"
                for key in FIXED_KEYS
                if getattr(one, key) != getattr(other, key)
            ]
    if wrong:
        raise UsageError(
            f"the configurations differ in {', '.join(wrong)}, which makes them other strategies or other money: no gap"
            " between them is explained; compare with one that differs in venue, fees, limits or script alone"
        )


def _section(configuration: Configuration, name: str) -> Any:
    """A section as values; a desk's file counts by its name, wherever it lies."""
    values = configuration.model_dump(mode="json", include={name})[name]
    for one in values if name == "desks" else ():
        one["file"] = Path(one["file"]).name if one["file"] else None
    return values


def blended(backtest: Configuration, run: Configuration, parts: Collection[str]) -> Configuration:
    """`backtest`, with what belongs to `parts` taken from `run`; desks and what overrides may do are those of `run`."""
    venue = {
        key: getattr(run.venue, key)
        for key in type(run.venue).model_fields
        if (TIMING if key in LATENCIES else FILLS) in parts
    }
    ours = {one.id: one for one in run.instruments}
    update: dict[str, Any] = {
        "desks": run.desks,
        "learning": run.learning,
        "venue": backtest.venue.model_copy(update=venue),
        "instruments": tuple(_instrument(one, ours.get(one.id), parts) for one in backtest.instruments),
    }
    if GUARDS in parts:
        update |= {name: getattr(run, name) for name in GUARD_SECTIONS}
    if PEOPLE in parts:
        update["script"] = run.script
    return backtest.model_copy(update=update)


def _instrument(
    backtest: InstrumentSettings, run: InstrumentSettings | None, parts: Collection[str]
) -> InstrumentSettings:
    if run is None:
        return backtest
    taken = {
        key: getattr(run, key)
        for key in InstrumentSettings.model_fields
        if (FEES if key in FEE_KEYS else FILLS) in parts
    }
    return backtest.model_copy(update=taken)
