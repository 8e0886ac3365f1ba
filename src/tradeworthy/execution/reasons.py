"""Why an order or a candidate ended: the one list of the codes that execution gives."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Reason codes of OrderObserved and Verdict; an asked-for cancel carries the asker's word instead."""

    FILLED = "filled"
    PARTLY_FILLED = "partly_filled"
    UNWOUND = "unwound"
    UNWIND_SHORT = "unwind_short"
    LIMIT_NOT_REACHED = "limit_not_reached"
    MAKER_MISSED = "maker_missed"
    NO_LIQUIDITY = "no_liquidity"
    NO_PRICE = "no_price"
    GROUP_INCOMPLETE = "group_incomplete"
    NOTHING_TO_REDUCE = "nothing_to_reduce"
    INTENT_EXPIRED = "intent_expired"
    RESTART = "restart"
    SESSION_ENDED = "session_ended"
    HALTED = "halted"
    MARKET_SETTLED = "market_settled"
    MARKET_CLOSED = "market_closed"
    TICK_CHANGED = "tick_changed"
    FILL_FAILED = "fill_failed"
    NOT_AT_VENUE = "not_at_venue"
    UNRECONCILED = "unreconciled"
    BAD_INTENT = "bad_intent"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    LOTS_OUT_OF_RANGE = "lots_out_of_range"
    PRICE_OUT_OF_RANGE = "price_out_of_range"
    NOTIONAL_BELOW_MIN = "notional_below_min"
