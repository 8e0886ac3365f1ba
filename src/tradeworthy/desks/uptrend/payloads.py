"""What the engine says of one row at one bar's close (specs/uptrend.md 6.8)."""

from __future__ import annotations

import msgspec

from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.names import Stage

ENGINE_VERSION = "v4"


class Emas(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The exponential averages of the closes, by span."""

    ema20: float = 0.0
    ema30: float = 0.0
    ema60: float = 0.0
    ema144: float = 0.0
    ema250: float = 0.0
    ema333: float = 0.0


class Payload(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """State, flags, scores and diagnostics; all of them are filled in every payload.

    `bar_ts` is the bar's open time (UTC ns), `price` its close. `check` is the diagnostics of the state's buy check:
    entry_zone_ok, slope_ok, ts_ok, halo, halo_distance, the slopes used, dx_threshold_base, edx_suppression,
    price_position_boost, dx_threshold_final, price_in_discount_zone, first_dip_ok ... as far as the state has them.
    `sr_level` is the support or resistance level nearest to the price (0: there is none). `forced` payloads came from
    a StateForced. `controls` are A and E if they were forced with it.
    """

    state: Stage
    prev_state: Stage
    bar_ts: int
    price: float
    emas: Emas
    atr: float
    buy_signal: bool = False
    buy_flag: bool = False
    first_dip_buy_flag: bool = False
    trim_flag: bool = False
    emergency_exit: bool = False
    reclaimed_ema333: bool = False
    exit_position: bool = False
    exit_reason: str = ""
    watch_only: bool = False
    warmup: bool = False
    forced: bool = False
    ts_score: float = 0.0
    sr_boost: float = 0.0
    ts_with_boost: float = 0.0
    ox: float = 0.0
    dx: float = 0.0
    edx: float = 0.0
    sr_level: float = 0.0
    s3_start_ts: int = 0
    bars: int = 0
    check: dict[str, Figure] = {}
    forced_a: float | None = None
    forced_e: float | None = None
    engine_version: str = ENGINE_VERSION

    @property
    def changed_state(self) -> bool:
        """Whether this bar made a transition."""
        return self.state is not self.prev_state

    @property
    def has_flag(self) -> bool:
        """Whether anything asks for an action."""
        flags = (self.buy_signal, self.buy_flag, self.first_dip_buy_flag, self.trim_flag)
        return any(flags) or self.emergency_exit or self.exit_position or self.reclaimed_ema333


FORCIBLE: dict[str, type] = {
    field.name: field.type
    for field in msgspec.structs.fields(Payload)
    if field.type in {bool, int, float, str} and field.name not in {"bar_ts", "forced", "engine_version"}
}
"""The fields of a payload that a StateForced may set, and their types: flags, scores, prices and levels."""
