"""Payloads by hand, and rows that hold them, for tests of gates and episodes."""

from typing import Any

from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.names import Row, Stage, Status
from tradeworthy.desks.uptrend.payloads import Emas, Payload
from tradeworthy.desks.uptrend.trader import RowState

HOUR = 3_600_000_000_000
START = 1_000 * 24 * HOUR
ROW = Row("BONK", "1h")
CONTEXT = {"curator": "ann", "chain": "solana", "mcap_bucket": "micro"}

RISING = Emas(ema20=106.0, ema30=104.0, ema60=102.0, ema144=100.0, ema250=97.0, ema333=95.0)


def payload(state: Stage, bar: int = 0, check: dict[str, Figure] | None = None, **fields: Any) -> Payload:
    """A payload of bar number `bar` since START; its own gates are those of the spec."""
    known: dict[str, Figure] = {"ts_threshold": 0.6, "halo": 1.0, "dx_threshold_base": 0.6}
    values: dict[str, Any] = {"prev_state": state, "price": 102.0, "emas": RISING, "atr": 2.0} | fields
    return Payload(state=state, bar_ts=START + bar * HOUR, check=known | (check or {}), **values)


def in_s1(bar: int = 0, *, near: bool = True, strong: bool = False, **fields: Any) -> Payload:
    """S1, near EMA60 or three ATRs away, with its trend strength over or under the gate."""
    values = {
        "buy_signal": near and strong,
        "ts_with_boost": 0.7 if strong else 0.5,
        "price": 102.0 if near else 108.0,
    }
    check: dict[str, Figure] = {"entry_zone_ok": near, "slope_ok": True, "ts_ok": strong}
    check |= {"halo_distance": 0.0 if near else 3.0, "ema60_slope": 0.001}
    return payload(Stage.S1, bar, check | fields.pop("check", {}), **(values | fields))


def in_s2(bar: int = 0, **fields: Any) -> Payload:
    """S2, without a retest."""
    return payload(Stage.S2, bar, {"entry_zone_ok": False, "slope_ok": True, "ts_ok": True}, **fields)


def in_s3(bar: int = 0, *, dip: bool = False, cheap: bool = False, **fields: Any) -> Payload:
    """S3, over EMA144 or in a dip under it, with DX over or under its gate."""
    values = {
        "price": 97.0 if dip else 110.0,
        "buy_flag": dip and cheap,
        "ts_with_boost": 0.7,
        "dx": 0.8 if cheap else 0.5,
        "s3_start_ts": START,
    }
    check: dict[str, Figure] = {"price_in_discount_zone": dip, "slope_ok": True, "ts_ok": True}
    check |= {"edx_suppression": 0.05, "price_position_boost": 0.0}
    return payload(Stage.S3, bar, check | fields.pop("check", {}), **(values | fields))


def in_s0(bar: int = 0, **fields: Any) -> Payload:
    """S0."""
    return payload(Stage.S0, bar, **fields)


def row_state(row: Row = ROW, status: Status = Status.WATCHLIST) -> RowState:
    """The trader's row."""
    return RowState(
        position=row.key,
        instrument=row.instrument,
        timeframe=row.timeframe,
        chain="solana",
        contract="c",
        ticker=row.instrument,
        cap=700_00000000,
        allocation_pct=7.0,
        split=0.7,
        status=status,
        entry_context=dict(CONTEXT),
        curator_sources=("ann",),
        bars_count=400,
        bars_threshold=333,
        created_ts=START,
        decision=1,
    )
