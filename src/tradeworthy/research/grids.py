"""Which parameter sets a sweep runs: ranges and lists of values, all combinations of them or random draws."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from tradeworthy.core.draws import draw
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.research.features import FEATURE_KEYS

TRADE_KEYS = (
    *("direction", "vel_div_threshold", "vel_div_extreme", "fixed_tp_pct", "stop_pct", "max_hold_bars"),
    *("fraction", "min_leverage", "max_leverage", "abs_max_leverage", "leverage_to_trade"),
    *("warmup_bars", "tail_bars", "vol_gate", "irp_alignment_min", "irp_prior", "dc_threshold_bps"),
    *("dc_leverage_boost", "esof_mult", "posture_reads", "order_books.fill", "order_books.imbalance"),
)
"""The settings of signal, exits, size and fills that a sweep can vary on one tape."""

KEYS = (*TRADE_KEYS, *(key for key in FEATURE_KEYS if key not in {"vol_symbol", "vol_calibration.mode"}))
"""All that a sweep can vary."""

SETS_MAX = 100_000_000
"""More combinations than this are a slip of the finger."""

STREAM = "sweep/"
"""The stream of an axis's draws, before its key."""


@dataclass(frozen=True)
class Axis:
    """What one key takes: `values` one by one or, where there is none, anything from `low` to `high`."""

    key: str
    values: tuple[Any, ...] = ()
    low: Any = None
    high: Any = None

    def pick(self, uniform: float) -> Any:
        """The value at `uniform`, in [0, 1): each is as likely; of a range anything, whole numbers with both ends."""
        if self.values:
            return self.values[math.floor(uniform * len(self.values))]
        if isinstance(self.low, int):
            return self.low + math.floor(uniform * (self.high - self.low + 1))
        return self.low + uniform * (self.high - self.low)

    @property
    def ends(self) -> tuple[Any, ...]:
        """All values, or both ends of the range."""
        return self.values or (self.low, self.high)


@dataclass(frozen=True)
class Grid:
    """Parameter sets by number, 0 to before `count`: all combinations of the axes, or `random` draws by `seed`.

    Sets that need the same tape stand together.
    """

    axes: tuple[Axis, ...]
    random: int
    seed: int

    @property
    def count(self) -> int:
        """How many sets there are."""
        return self.random or math.prod(len(axis.values) for axis in self.axes)

    def sets(self, start: int, stop: int) -> list[dict[str, Any]]:
        """Sets `start` to before `stop`, as values by key."""
        if self.random:
            return [self._drawn(number) for number in self._order()[start:stop]]
        return [self._combined(number) for number in range(start, min(stop, self.count))]

    def _combined(self, number: int) -> dict[str, Any]:
        chosen = {}
        for axis in reversed(self.axes):
            number, place = divmod(number, len(axis.values))
            chosen[axis.key] = axis.values[place]
        return {axis.key: chosen[axis.key] for axis in self.axes}

    def _drawn(self, number: int) -> dict[str, Any]:
        return {axis.key: axis.pick(draw(self.seed, STREAM + axis.key, number)) for axis in self.axes}

    def _order(self) -> Sequence[int]:
        features = [axis for axis in self.axes if axis.key in FEATURE_KEYS]
        if not features:
            return range(self.random)

        def tape(number: int) -> list[Any]:
            return [axis.pick(draw(self.seed, STREAM + axis.key, number)) for axis in features]

        return sorted(range(self.random), key=tape)


def grid_of(
    texts: Sequence[str], base: DivergenceSettings, *, random: int | None = None, seed: int = 0
) -> Grid:
    """The grid of `key=a:b:step`, `key=a:b` (drawn at random) and `key=v,w,...`; UsageError for what makes none.

    Steps are exact decimals from `a` on, `b` included if a step meets it. Each value is judged by the settings' own
    bounds.
    """
    if not texts:
        raise UsageError(
            "nothing to sweep: give --grid key=a:b:step, like --grid fixed_tp_pct=0.005:0.015:0.001"
        )
    if random is not None and random < 1:
        raise UsageError(f"--random is {random}; give 1 or more sets to draw")
    axes = [_axis(text) for text in texts]
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise UsageError(f"--grid names {key} twice; give it one range")
    for axis in axes:
        if not axis.values and random is None:
            raise UsageError(
                f"--grid {axis.key}={axis.low}:{axis.high} has no step; add one, or draw sets with --random N"
            )
        _check(axis, base)
    axes.sort(key=lambda axis: axis.key not in FEATURE_KEYS)
    grid = Grid(tuple(axes), random or 0, seed)
    if grid.count > SETS_MAX:
        raise UsageError(
            f"the grid has {grid.count:,} sets, more than {SETS_MAX:,}; widen steps or use --random N"
        )
    return grid


def settings_with(base: dict[str, Any], chosen: dict[str, Any]) -> DivergenceSettings:
    """`base` (a dump of settings) with the chosen values; ValidationError if they don't go together."""
    values = dict(base)
    for key, value in chosen.items():
        section, _, name = key.rpartition(".")
        if section:
            values[section] = {**values[section], name: value}
            if key == "vol_calibration.vol_p60":
                values[section]["mode"] = "fixed"
        else:
            values[key] = value
    return DivergenceSettings.model_validate(values)


def _axis(text: str) -> Axis:
    key, equals, rest = text.partition("=")
    key = key.strip()
    if not equals or not rest.strip():
        raise UsageError(f"--grid {text!r} is no key=a:b:step; write it like fixed_tp_pct=0.005:0.015:0.001")
    if key not in KEYS:
        raise UsageError(f"--grid: {_stranger(key)}")
    kind = kind_of(key)
    parts = rest.split(":")
    if len(parts) == 1:
        return Axis(key, tuple(_value(key, kind, part) for part in rest.split(",")))
    if kind not in {int, float} or len(parts) > 3:
        raise UsageError(f"--grid {text}: {key} takes a list, like {key}={_example(kind)}")
    numbers = [_decimal(key, part) for part in parts]
    low, high = numbers[:2]
    if low > high:
        raise UsageError(f"--grid {text}: {low} is above {high}; exchange them")
    if len(numbers) == 2:
        return Axis(key, (), _value(key, kind, parts[0]), _value(key, kind, parts[1]))
    step = numbers[2]
    if step <= 0:
        raise UsageError(f"--grid {text}: the step is {step}; give one above 0")
    steps = int((high - low) / step)
    if steps >= SETS_MAX:
        raise UsageError(
            f"--grid {text} has {steps + 1:,} values, more than {SETS_MAX:,}; give a larger step"
        )
    return Axis(key, tuple(_value(key, kind, str(low + step * k)) for k in range(steps + 1)))


def _stranger(key: str) -> str:
    if key in set(_all_keys(DivergenceSettings)):
        return (
            f"a sweep can't vary {key}: its posture and boost are constant, it has no books, and reads its panel once;"
            f" it varies {', '.join(KEYS)}"
        )
    near = difflib.get_close_matches(key, KEYS, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; a sweep varies {', '.join(KEYS)}"
    return f"there is no key {key!r}{hint}"


def _all_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _all_keys(kind, f"{prefix}{name}.")
        else:
            yield prefix + name


def kind_of(key: str) -> Any:
    """int, float, bool, str or tuple: what the setting `key` holds."""
    model: type[BaseModel] = DivergenceSettings
    *sections, name = key.split(".")
    for section in sections:
        nested = model.model_fields[section].annotation
        assert isinstance(nested, type)
        model = nested
    annotation = model.model_fields[name].annotation
    if isinstance(annotation, types.UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    origin = get_origin(annotation)
    if origin is Literal:
        return type(get_args(annotation)[0])
    return origin or annotation


def _value(key: str, kind: Any, text: str) -> Any:
    text = text.strip()
    if kind is bool:
        if text not in {"true", "false"}:
            raise UsageError(f"--grid {key}: {text!r} is neither true nor false")
        return text == "true"
    if kind is str:
        return text
    if kind is tuple:
        return tuple(_whole(key, part) for part in text.split("/"))
    return _whole(key, text) if kind is int else float(_decimal(key, text))


def _whole(key: str, text: str) -> int:
    number = _decimal(key, text)
    if number != int(number):
        raise UsageError(f"--grid {key}: {text} is no whole number, and {key} takes nothing else")
    return int(number)


def _decimal(key: str, text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise UsageError(f"--grid {key}: {text.strip()!r} is no number; write it like 0.005")
    return number


def _example(kind: Any) -> str:
    return {bool: "true,false", str: "box,exp", tuple: "50/150/300/750,40/120/300/750"}.get(kind, "1,2")


def _check(axis: Axis, base: DivergenceSettings) -> None:
    """UsageError for a value out of its own setting's bounds; what only does not go together is left out later."""
    whole = base.model_dump()
    for value in axis.ends:
        try:
            settings_with(whole, {axis.key: value})
        except ValidationError as error:
            for fault in error.errors():
                if ".".join(str(part) for part in fault["loc"]).startswith(axis.key):
                    raise UsageError(f"--grid {axis.key}: {value}: {fault['msg']}") from error
