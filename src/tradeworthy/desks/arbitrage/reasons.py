"""Why nothing came of a turn, a gap or a candidate: the one list of the codes that the desk's parts give."""

from __future__ import annotations

from enum import StrEnum


class SkipReason(StrEnum):
    """Of the scanner's, a later one says more: where several hold in one turn, the last of this list is counted."""

    # What the scanner heard, and had nothing to look at
    UNKNOWN_MARKET = "unknown_market"
    NO_MARKETS = "no_markets"
    SMALL_MOVE = "small_move"
    NOTED = "noted"
    NO_EDGE = "no_edge"
    NOT_MATCHED = "not_matched"

    # What a price needs before it says anything about a market
    CLOSED = "closed"
    RESOLVED = "resolved"
    DISPUTED = "disputed"
    TOO_NEAR_END = "too_near_end"
    END_UNKNOWN = "end_unknown"
    NO_ORACLE = "no_oracle"
    STALE_ORACLE = "stale_oracle"
    NOT_STARTED = "not_started"
    STRIKE_UNKNOWN = "strike_unknown"
    TOUCH_UNCLEAR = "touch_unclear"
    NEAR_STRIKE = "near_strike"

    # There seems to be an edge, and a book is not fit to show one
    NO_BOOK = "no_book"
    ONE_SIDED = "one_sided"
    PRICE_BOUNDS = "price_bounds"
    WIDE_SPREAD = "wide_spread"
    STALE_BOOK = "stale_book"
    FROZEN_BOOK = "frozen_book"
    CARRIED_OVER = "carried_over"
    NEVER_SETTLED = "never_settled"
    SKEW = "skew"
    NOT_CREDIBLE = "not_credible"

    # Why several outcomes are no set that pays out for sure
    NOT_EXCLUSIVE = "not_exclusive"
    RESOLVED_YES = "resolved_yes"
    NOT_EXHAUSTIVE = "not_exhaustive"
    AUGMENTED = "augmented"
    PLACEHOLDER = "placeholder"
    INCOMPLETE_EVENT = "incomplete_event"
    TOO_FEW_LEGS = "too_few_legs"
    LEG_BOOK_MISSING = "leg_book_missing"
    LEG_BOOK_STALE = "leg_book_stale"

    # What a set of legs must come to
    PHANTOM_GROSS = "phantom_gross"
    BELOW_MIN_SIZE = "below_min_size"
    BELOW_MIN_NOTIONAL = "below_min_notional"
    BELOW_MIN_PROFIT = "below_min_profit"
    BELOW_MIN_EDGE = "below_min_edge"

    # How far a gap came
    REDEFINED = "redefined"
    GAP_VANISHED = "gap_vanished"
    WAITING = "waiting"
    COOLDOWN = "cooldown"
    STRATEGY_OFF = "strategy_off"
    SESSION_ENDED = "session_ended"

    # Why a strategy lets an opportunity go, or an exit wait
    DUPLICATE_REQUEST = "duplicate_request"
    ALREADY_WORKING = "already_working"
    NO_CAPITAL_LEFT = "no_capital_left"
    NO_SIGNAL = "no_signal"
    JUST_SOLD = "just_sold"
    HELD = "held"
    EXIT_COOLDOWN = "exit_cooldown"

    # What the allocator did in a turn
    RESULT_NOTED = "result_noted"
    CAPITAL_SHARED = "capital_shared"
