"""The moves that courses are put together of: what is forced on a row at one bar's end."""

from __future__ import annotations

from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.proving.flows.scripts import Move

LEVEL = 1.2
"""The support or resistance that trims are near."""

_BUY: dict[str, Figure] = {"buy_signal": True, "atr": 0.02, "ts_score": 0.7, "ts_with_boost": 0.7}
_WEAK: dict[str, Figure] = {"atr": 0.02, "ts_score": 0.4, "ts_with_boost": 0.4}
_DIP: dict[str, Figure] = {"buy_flag": True, "atr": 0.02, "dx": 0.8, "ts_with_boost": 0.7}
_TRIM: dict[str, Figure] = {"trim_flag": True, "sr_level": LEVEL, "ox": 0.8}
_NEAR: dict[str, Figure] = {"entry_zone_ok": True, "slope_ok": True, "ts_ok": False}
_FAR: dict[str, Figure] = {"entry_zone_ok": False}
_CHEAP: dict[str, Figure] = {"price_in_discount_zone": True, "dx_ok": False}
_DEAR: dict[str, Figure] = {"price_in_discount_zone": False}

REST = Move(1.00, Stage.S0)
S1_BUY = Move(1.00, Stage.S1, _BUY, {"entry_zone_ok": True})
S1_NEAR = Move(1.00, Stage.S1, _WEAK, _NEAR)
"""In the halo of EMA60 and too weak to buy: a window without a buy."""

S1_FAR = Move(1.05, Stage.S1, _WEAK, _FAR)
S2_CALM = Move(1.10, Stage.S2)
S2_TRIM = Move(1.20, Stage.S2, _TRIM)
S3_CALM = Move(1.15, Stage.S3, {}, _DEAR)
S3_TRIM = Move(1.20, Stage.S3, _TRIM, _DEAR)
S3_DIP = Move(1.02, Stage.S3, _WEAK, _CHEAP)
"""Under EMA144 and not cheap enough to buy: a window without a buy."""

S3_DIP_BUY = Move(1.00, Stage.S3, _DIP, {"price_in_discount_zone": True})
S3_EMERGENCY = Move(0.90, Stage.S3, {"emergency_exit": True}, _DEAR, 0.88)
S3_RECLAIM = Move(1.00, Stage.S3, {"reclaimed_ema333": True}, _DEAR)
S1_BOTTOM = Move(0.95, Stage.S0, {"exit_position": True, "exit_reason": "fast_band_at_bottom"})
S3_BOTTOM = Move(0.95, Stage.S0, {"exit_position": True, "exit_reason": "all_emas_below_333"})
