"""The uptrend engine: one bar of one row to a payload, a pure function of the bars, the levels and its memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np

from tradeworthy.desks.uptrend.checks import Checked, Gates, Sight, Strength, check, strength
from tradeworthy.desks.uptrend.decay import trend_decay, unanchored_decay
from tradeworthy.desks.uptrend.events import StateForced
from tradeworthy.desks.uptrend.geometry import Geometry, Level
from tradeworthy.desks.uptrend.history import Window
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.payloads import FORCIBLE, Emas, Payload
from tradeworthy.desks.uptrend.scores import (
    aged_over_extension,
    deep_discount,
    distance_atr,
    over_extension,
)
from tradeworthy.desks.uptrend.technicals import Technicals
from tradeworthy.desks.uptrend.transitions import Step, step


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of a row between two bars.

    `state` is the last that was said. `settled` is false until a row that is not dormant has been judged: before that
    each bar bootstraps anew. `emergency` says whether the last payload had the emergency exit.
    """

    state: Stage = Stage.NONE
    settled: bool = False
    s3_start_ts: int = 0
    emergency: bool = False
    first_dip_taken: bool = False


class Memory(msgspec.Struct, frozen=True, gc=False):
    """How a row stands after the bar `bar_ts` (open time, UTC ns), and how it stood before it.

    So the same bar may be judged again, and says the same.
    """

    bar_ts: int = -1
    now: Standing = Standing()
    before: Standing = Standing()

    def until(self, bar_ts: int) -> Standing:
        """How the row stood when the bar `bar_ts` came."""
        return self.before if bar_ts == self.bar_ts else self.now

    def without_first_dip(self) -> Memory:
        """The same once the first dip of this S3 run has been bought."""
        taken = msgspec.structs.replace(self.now, first_dip_taken=True)
        return msgspec.structs.replace(self, now=taken)

    def unsettled(self) -> Memory:
        """The same once bars went by unjudged: the next one bootstraps, as what the row did meanwhile is not known."""
        now, before = (msgspec.structs.replace(one, settled=False) for one in (self.now, self.before))
        return Memory(self.bar_ts, now, before)


class Move(NamedTuple):
    """From which state to which a bar leads, and whether it does so as a first bar does: without signals."""

    prev: Stage
    step: Step
    warmup: bool


def judge(
    memory: Memory,
    window: Window,
    technicals: Technicals,
    geometry: Geometry | None,
    gates: Gates,
    *,
    dormant: bool = False,
    forced: StateForced | None = None,
) -> tuple[Payload, Memory]:
    """What the last bar of `window` says, and the memory after it; `technicals` are of the same window.

    A `dormant` row bootstraps at each bar, without signals. A bootstrap that finds another state than the one last
    said counts as from none. `forced` takes the place of the transition and is laid over the rest.
    """
    bar_ts, price = int(window.ts[-1]), float(window.close[-1])
    base = memory.until(bar_ts)
    if forced is None:
        move = _move(base, technicals.emas, price, gates, dormant=dormant)
    else:
        move = Move(base.state, Step(forced.state), warmup=False)
    start = s3_start(base, move.step.state, bar_ts)
    levels = geometry.levels if geometry else ()
    edx = trend_decay(window, start) if start else unanchored_decay(window, technicals)
    since = _bars_since(window, start) if start else 0
    taken = base.first_dip_taken and base.state is Stage.S3 and move.step.state is Stage.S3
    sight = Sight(move.step.state, price, technicals, levels, gates, edx, since, taken)
    ts = strength(sight)
    payload = _payload(sight, ts, check(sight, ts), move, bar_ts)
    payload = msgspec.structs.replace(payload, s3_start_ts=start)
    if forced is not None:
        payload = lay_over(payload, forced)
    elif not move.warmup:
        payload = _flagged(payload, sight, move.step, reclaimed=base.emergency)
    return payload, remembered(base, payload, settled=not dormant, first_dip_taken=taken)


def force(memory: Memory, forced: StateForced, bar_ts: int, price: float) -> tuple[Payload, Memory]:
    """The forced payload of a row with too few bars to be judged: nothing but what is forced and the close."""
    base = memory.until(bar_ts)
    start = s3_start(base, forced.state, bar_ts)
    bare = Payload(forced.state, base.state, bar_ts, price, Emas(), 0.0, s3_start_ts=start)
    payload = lay_over(bare, forced)
    taken = base.first_dip_taken and base.state is Stage.S3 and forced.state is Stage.S3
    return payload, remembered(base, payload, settled=False, first_dip_taken=taken)


FLAGS_DOWN: dict[str, bool] = {name: False for name, kind in FORCIBLE.items() if kind is bool}


def lay_over(payload: Payload, forced: StateForced) -> Payload:
    """`payload` with the fields and figures of `forced`; flags that it does not name are false."""
    laid: dict[str, Any] = {}
    for name, value in forced.payload.items():
        if value is not None and name in FORCIBLE:
            laid[name] = FORCIBLE[name](value)
    return msgspec.structs.replace(
        payload,
        **{**FLAGS_DOWN, "exit_reason": "", **laid},
        check={**payload.check, **forced.check},
        forced=True,
        forced_a=forced.a_value,
        forced_e=forced.e_value,
    )


def s3_start(base: Standing, state: Stage, bar_ts: int) -> int:
    """Open time of the bar that the run in S3 began with, 0 outside S3."""
    if state is not Stage.S3:
        return 0
    return base.s3_start_ts if base.state is Stage.S3 and base.s3_start_ts else bar_ts


def remembered(base: Standing, payload: Payload, *, settled: bool, first_dip_taken: bool) -> Memory:
    """The memory after `payload`, which came upon `base`."""
    now = Standing(
        payload.state, settled, payload.s3_start_ts, payload.emergency_exit, first_dip_taken=first_dip_taken
    )
    return Memory(payload.bar_ts, now, base)


def _move(base: Standing, emas: Emas, price: float, gates: Gates, *, dormant: bool) -> Move:
    first = dormant or not base.settled
    rules = gates.rules
    came_from = Stage.NONE if first else base.state
    made = step(came_from, emas, price, global_exit=rules.global_exit, bootstrap=rules.bootstrap)
    prev = base.state
    if first and prev not in {made.state, Stage.S4}:
        prev = Stage.NONE
    found = base.state is Stage.S4 and made.state is not Stage.S4
    return Move(prev, made, warmup=first or found)


def _bars_since(window: Window, start: int) -> int:
    """Closed bars after the one that opened at `start`."""
    return len(window.ts) - int(np.searchsorted(window.ts, start, side="right"))


def _payload(sight: Sight, ts: Strength, checked: Checked, move: Move, bar_ts: int) -> Payload:
    """The payload with scores and figures, and the buy flags unless it is a warm-up."""
    state, price, seen = sight.state, sight.price, sight.technicals
    base = over_extension(price, seen)
    met = checked.met and not move.warmup
    return Payload(
        state=state,
        prev_state=move.prev,
        bar_ts=bar_ts,
        price=price,
        emas=seen.emas,
        atr=seen.atr,
        buy_signal=met and state is Stage.S1,
        buy_flag=met and state in {Stage.S2, Stage.S3},
        first_dip_buy_flag=checked.first_dip and not move.warmup,
        watch_only=state is Stage.S4,
        warmup=move.warmup,
        ts_score=ts.score,
        sr_boost=ts.boost,
        ts_with_boost=ts.total,
        ox=aged_over_extension(base, sight.edx) if state is Stage.S3 else base,
        dx=deep_discount(price, seen, sight.edx),
        edx=sight.edx,
        sr_level=_nearest(sight.levels, price),
        bars=seen.bars,
        check=checked.figures,
    )


def _flagged(payload: Payload, sight: Sight, made: Step, *, reclaimed: bool) -> Payload:
    """The payload with what asks for a trim or an exit; `reclaimed`: the last one had the emergency exit."""
    state, gates = payload.state, sight.gates
    near = distance_atr(payload.price, payload.sr_level, payload.atr) <= gates.trim_halo_atr
    extended = state in {Stage.S2, Stage.S3} and payload.ox >= gates.ox_sell_threshold
    return msgspec.structs.replace(
        payload,
        trim_flag=extended and near and bool(sight.levels),
        emergency_exit=sight.emergency,
        reclaimed_ema333=state is Stage.S3 and reclaimed and not sight.emergency,
        exit_position=bool(made.exit_reason),
        exit_reason=made.exit_reason,
    )


def _nearest(levels: tuple[Level, ...], price: float) -> float:
    """The price of the level nearest to `price`, 0 without levels."""
    return min((level.price for level in levels), key=lambda one: (abs(one - price), one), default=0.0)
