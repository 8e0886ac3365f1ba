"""Verdicts and reason codes in words: how a candidate ended and why, for someone who reads it first time."""

from __future__ import annotations

from typing import Final

from tradeworthy.web.dashboard.desk_words import DESK_WORDS
from tradeworthy.web.dashboard.markup import Html, html, pill, tag

_MARKETS: Final = {
    "unknown_market": "The message named a market that the desk does not know.",
    "no_markets": "A price came for which no market is listed.",
    "small_move": "The price moved too little to look again.",
    "noted": "It was only noted: nothing in it changes a price.",
    "no_edge": "What is offered is no better than what it is worth, after fees.",
    "not_matched": "The market's title names no price that an oracle follows.",
    "closed": "The market takes no orders any more.",
    "resolved": "The market is decided already.",
    "disputed": "The market's outcome is disputed.",
    "too_near_end": "The market ends too soon to trade on a view.",
    "end_unknown": "The market does not say when it ends.",
    "no_oracle": "There is no price of the underlying yet.",
    "stale_oracle": "The last price of the underlying is too old.",
    "not_started": "The market's window has not begun.",
    "strike_unknown": "The price at the window's start was not seen, so its strike is not known.",
    "touch_unclear": "Whether the strike was touched before is not known.",
    "near_strike": "The price is so near the strike that a small push decides it.",
    "no_book": "There is no order book of the token yet.",
    "one_sided": "The book has no bids, or no asks.",
    "price_bounds": "The price is at the edge of what the venue allows.",
    "wide_spread": "Bid and ask are too far apart.",
    "stale_book": "The book is too old.",
    "frozen_book": "The book has not moved while it should have.",
    "carried_over": "The book is from before a break in the feed.",
    "never_settled": "The two books of the market never agreed long enough to be believed.",
    "skew": "The two books of the market disagree: one of them is late.",
    "not_credible": "The edge is too good to be true, so something is wrong with it.",
    "not_exclusive": "Nobody vouches that at most one of these outcomes can come true.",
    "resolved_yes": "One of the outcomes has come true already.",
    "not_exhaustive": "Nobody vouches that one of these outcomes must come true.",
    "augmented": "Outcomes may still be added to the event.",
    "placeholder": "One outcome has no name yet (Other).",
    "incomplete_event": "Not all outcomes of the event are known.",
    "too_few_legs": "Fewer than two outcomes can be bought.",
    "leg_book_missing": "One of the legs has no order book.",
    "leg_book_stale": "One of the legs has a book that is too old.",
    "phantom_gross": "The gap is so large that it is an error of the data.",
}
_SIZES: Final = {
    "below_min_size": "Fewer shares than the venue takes.",
    "below_min_notional": "Less money than the venue takes.",
    "below_min_profit": "The profit would not be worth the trouble.",
    "below_min_edge": "The edge is under the least that the strategy takes.",
    "redefined": "The market was redefined meanwhile.",
    "gap_vanished": "The gap had closed before an order could have reached it.",
    "waiting": "The gap has to last as long as an order takes.",
    "cooldown": "The same gap was acted on a moment ago.",
    "strategy_off": "No strategy that is switched on takes this kind.",
    "session_ended": "The session ended.",
    "duplicate_request": "The same request was made before.",
    "already_working": "An order for it is working already.",
    "no_capital_left": "The strategy's capital is in use.",
    "no_signal": "The signal was too weak for any stake.",
    "just_sold": "The token was sold a moment ago.",
    "held": "What is held is kept.",
    "exit_cooldown": "An exit was tried a moment ago.",
    "result_noted": "The allocator noted a result.",
    "capital_shared": "The allocator shared the capital anew.",
}
_RISK: Final = {
    "system_halt": "All entries are halted.",
    "desk_halt": "Entries of this desk are halted.",
    "kill_file": "The halt latch is set.",
    "drawdown_halt": "The account has fallen too far from its peak.",
    "daily_loss_limit": "The day's loss has reached its limit.",
    "request_expired": "The request came too late to be of use.",
    "stale_data": "The data that it rests on is too old.",
    "degenerate_book": "The book is one-sided, or bid and ask are too far apart.",
    "market_not_tradable": "The market is closed, disputed or about to end.",
    "unfit_order": "No venue would take such an order.",
    "slippage_guard": "Filling it would cost too much of the edge.",
    "minimum_profit": "The expected profit is under the least that is worth it.",
    "position_limit": "One market would hold too much of the account.",
    "event_limit": "One event would hold too much of the account.",
    "underlying_limit": "One underlying would hold too much of the account.",
    "platform_limit": "One venue would hold too much of the account.",
    "desk_share": "The desk would use more than its share.",
    "portfolio_limit": "All positions together would be too much.",
    "cash": "There is not enough free cash.",
    "rate_limit": "Too many requests within a minute.",
    "loss_streak": "The strategy pauses after too many losses in a row.",
    "duplicate": "An open candidate has the same key.",
}
_ORDERS: Final = {
    "filled": "All of it was filled.",
    "partly_filled": "Part of it was filled.",
    "unwound": "A leg fell short, so the filled legs were sold again.",
    "unwind_short": "A leg fell short, and not all of the others could be sold again.",
    "limit_not_reached": "Nobody sold at the limit or better.",
    "maker_missed": "It rested in the book, and nobody took it.",
    "no_liquidity": "The book had nothing left at the limit.",
    "no_price": "There was no price to fill at.",
    "group_incomplete": "Not all legs could be filled, so none was.",
    "nothing_to_reduce": "There was nothing left to sell.",
    "intent_expired": "It had expired before it reached the book.",
    "restart": "The session was started again while it was on its way.",
    "halted": "A halt took it back.",
    "market_settled": "The market was decided while it was on its way.",
    "market_closed": "The market closed while it was on its way.",
    "tick_changed": "The market's tick changed while it was on its way.",
    "fill_failed": "The venue took a fill back.",
    "not_at_venue": "The venue knows nothing of it.",
    "unreconciled": "What became of it at the venue is not known.",
    "bad_intent": "The desk asked for something that makes no sense.",
    "unknown_instrument": "The instrument is not listed.",
    "lots_out_of_range": "The quantity is outside of what the venue takes.",
    "price_out_of_range": "The price is outside of what the venue takes.",
    "notional_below_min": "Less money than the venue takes.",
    "simulate": "In simulate mode approved orders are not sent.",
    "rejected": "It was refused.",
    "expired": "Its time was over.",
    "settled": "The market was decided, and paid out.",
}
_TOKENS: Final = {
    "blocked_ts": "The trend was not strong enough.",
    "blocked_halo": "The price was too far from the average.",
    "blocked_dx": "The discount was too small.",
    "blocked_slope": "The averages did not rise.",
    "blocked_zone": "The price was not in the discount zone.",
    "blocked_emergency": "An emergency exit was on.",
    "signal_not_acted": "All gates were met, and the position manager did not act on it.",
    "too_small": "The size came to less than the venue takes.",
}

WORDS: Final[dict[str, str]] = {**DESK_WORDS, **_MARKETS, **_SIZES, **_RISK, **_ORDERS, **_TOKENS}
"""By code. A code that is not here is shown with its underscores as spaces."""


def reason_words(code: str | None) -> str:
    """What `code` means, as a sentence; "" for none."""
    if not code:
        return ""
    return WORDS.get(code) or WORDS.get(code.lower()) or f"{code.replace('_', ' ').capitalize()}."


def spoken(code: str | None) -> str:
    """A code with spaces between its words, "-" for none."""
    return (code or "-").replace("_", " ")


def reason(code: str | None) -> Html:
    """A code as words, with what it means as a tooltip."""
    return tag("span", spoken(code), title=reason_words(code)) if code else html(None)


def verdict(outcome: str) -> Html:
    """How a candidate ended, OPEN while it has not, as a word in a frame."""
    return pill(outcome, _LOOKS.get(outcome, ""))


_LOOKS: Final = {
    "FILLED": "ok",
    "OPEN": "warn",
    "REJECTED": "bad",
    "FAILED": "bad",
    "CANCELLED": "warn",
    "EXPIRED": "warn",
}
