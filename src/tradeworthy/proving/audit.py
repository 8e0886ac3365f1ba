"""Two configurations, of which one trades where the other was tested: they differ only where that is allowed.

A configuration is flattened to `key = value` after its defaults are filled in, so that a key left out in one file and
written out in the other is no difference. Desks and instruments go by their names: desks.short.settings.direction.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.runtime.configuration import Configuration, load
from tradeworthy.runtime.desks import built_in_settings

ALLOWED = ("strategy_name", "direction", "state_key", "pnl_key", "log_dir")
"""Keys of a desk's settings that may differ: who it is, which side it takes, and where it writes."""

CHAMPION: dict[str, float] = {
    "vel_div_threshold": -0.02,
    "fixed_tp_pct": 0.0095,
    "max_hold_bars": 120,
    "fraction": 0.20,
    "abs_max_leverage": 6.0,
    "seed": 42,
    "cash": 25_000.0,
}
"""The frozen figures of the champion, by key (specification, section 2)."""

DIRECTIONS = {"blue": -1, "short": -1, "green": 1, "long": 1}
"""The side that a strategy's name stands for, by its first word."""

ABSENT = "absent"
SETTINGS = ".settings."


class Differing(msgspec.Struct, frozen=True):
    """One key with both its values; `allowed` says whether it may differ."""

    key: str
    a: str
    b: str
    allowed: bool


class Finding(msgspec.Struct, frozen=True):
    """One question that the audit asks, whether the answer is right, and the figures."""

    question: str
    right: bool
    figures: str


class Audit(msgspec.Struct, frozen=True):
    """What an audit found: every key that differs, and the answers to its questions."""

    a: str
    b: str
    keys: int
    differing: tuple[Differing, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing differs that may not, and all else is right."""
        return all(one.allowed for one in self.differing) and all(one.right for one in self.findings)


def audit(a: Path, b: Path, allow: Collection[str] = ()) -> Audit:
    """Hold the configuration in `b` against that in `a`; the keys in `allow` may differ besides ALLOWED.

    UsageError for a file that is no configuration, and for a key to allow that neither has.
    """
    first, second = load(a), load(b)
    left, right = flattened(first), flattened(second)
    _check_known(allow, [*left, *right])
    differing = tuple(
        Differing(key, left.get(key, ABSENT), right.get(key, ABSENT), _may_differ(key, allow))
        for key in sorted(left.keys() | right.keys())
        if left.get(key, ABSENT) != right.get(key, ABSENT)
    )
    desks = divergence_desks(first), divergence_desks(second)
    findings = [_champion(left, right)]
    if any(desks):
        findings += [_directions(*desks), _routing(*desks)]
    return Audit(str(a), str(b), len(left.keys() | right.keys()), differing, tuple(findings))


def divergence_desks(configuration: Configuration) -> dict[str, DivergenceSettings]:
    """The settings of the divergence desks by desk name, defaults filled in."""
    made = {desk.name: built_in_settings(desk) for desk in configuration.desks if desk.kind}
    return {name: settings for name, settings in made.items() if isinstance(settings, DivergenceSettings)}


def flattened(configuration: Configuration) -> dict[str, str]:
    """Every key of the resolved configuration with its value as JSON."""
    whole = configuration.resolved()
    for desk, settings in zip(whole["desks"], configuration.desks, strict=True):
        if settings.kind:
            desk["settings"] = json.loads(built_in_settings(settings).model_dump_json())
    return dict(_leaves(whole))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for at, inner in enumerate(value):
            name = inner.get("name") or inner.get("id") or str(at)
            yield from _leaves(inner, f"{path}.{name}")
    else:
        yield path, json.dumps(value)


def _may_differ(key: str, allow: Collection[str]) -> bool:
    own = key.partition(SETTINGS)[2]
    return own in ALLOWED or key in allow or key.rpartition(".")[2] in allow


def _check_known(allow: Collection[str], keys: Sequence[str]) -> None:
    known = sorted({*keys, *(key.rpartition(".")[2] for key in keys)})
    for key in allow:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; name a key that one of them has"
            raise UsageError(f"--allow {key}: neither configuration has such a key{hint}")


def _champion(left: dict[str, str], right: dict[str, str]) -> Finding:
    """The champion's parameters are the same in both; where they are not its own figures, that is said."""
    unequal, own = [], []
    for name, figure in CHAMPION.items():
        a = {key: value for key, value in left.items() if key.rpartition(".")[2] == name}
        b = {key: value for key, value in right.items() if key.rpartition(".")[2] == name}
        if a != b:
            unequal.append(name)
        own += [f"{key} {value} (champion {figure:g})" for key, value in a.items() if not _is(value, figure)]
    if unequal:
        return Finding("champion parameters equal", right=False, figures=f"differ: {', '.join(unequal)}")
    said = f"not the champion's own: {'; '.join(own)}" if own else "all as the champion's"
    return Finding("champion parameters equal", right=True, figures=said)


def _is(value: str, figure: float) -> bool:
    return float(json.loads(value)) == figure


def _directions(left: dict[str, DivergenceSettings], right: dict[str, DivergenceSettings]) -> Finding:
    """Each desk's counterpart takes the other side, and each name takes the side that it stands for."""
    names = [", ".join(desks) or "none" for desks in (left, right)]
    faults = [] if left.keys() == right.keys() else [f"divergence desks {' against '.join(names)}"]
    shown = []
    for name in left.keys() & right.keys():
        a, b = left[name], right[name]
        shown.append(f"{name}: {a.strategy_name} {a.direction:+d}, {b.strategy_name} {b.direction:+d}")
        if a.direction == b.direction:
            faults.append(f"desk {name} takes side {a.direction:+d} in both")
    for one in (*left.values(), *right.values()):
        stands_for = DIRECTIONS.get(one.strategy_name.split("-")[0].split("_")[0].lower(), one.direction)
        if one.direction != stands_for:
            faults.append(f"{one.strategy_name} has direction {one.direction:+d}, not {stands_for:+d}")
    return Finding("directions right", not faults, "; ".join(faults or sorted(shown)))


def _routing(left: dict[str, DivergenceSettings], right: dict[str, DivergenceSettings]) -> Finding:
    """No two desks write to one place, and a desk's two keys belong together."""
    faults, used = [], dict[str, str]()
    for side, desks in (("a", left), ("b", right)):
        for name, one in desks.items():
            who = f"{name} of {side}"
            for place in (one.state_key, one.pnl_key, one.log_dir):
                if place in used:
                    faults.append(f"{place} is used by {used[place]} and by {who}")
                used[place] = who
            if one.state_key.rpartition(":")[0] != one.pnl_key.rpartition(":")[0]:
                faults.append(f"{who} keeps its state in {one.state_key} and its pnl in {one.pnl_key}")
    return Finding("routing right", not faults, "; ".join(faults) or ", ".join(sorted(used)))
