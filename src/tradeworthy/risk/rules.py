"""The rules on the account: what is asked, how it would leave the account, and what that must keep to.

Cash figures are in cash units of 1e-8; the others have their unit in their name.
"""

from __future__ import annotations

import msgspec

from tradeworthy.core.events import Figure
from tradeworthy.risk.facts import MarketFacts
from tradeworthy.risk.settings import PPM, Limits

MS = 1_000_000
"""One millisecond in ns."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """What a desk asks for at session time `now`: `orders` entry orders for an expected profit of `edge`.

    `mark_age_ns` is the age of the oldest mark among the instruments that are judged by theirs (None: one has none;
    not `marked`: there is no such instrument), `share_ppm` the desk's share of the equity, leverage in it. `fault` says
    what no venue would take ("" if nothing). `facts` are None where no leg has to do with a prediction market or a
    book.
    """

    now: int
    expires_at: int
    orders: int
    share_ppm: int
    mark_age_ns: int | None
    fault: str
    edge: int = 0
    marked: bool = True
    facts: MarketFacts | None = None


class Account(msgspec.Struct, frozen=True, gc=False):
    """How the account stands, and would stand if all that is reserved and asked were filled at its worst.

    `position`, `event`, `underlying` and `venue` are the exposure to that instrument (or prediction market), event,
    underlying and venue, among those asked for, which has most of it (None: there is none); `desk` and `portfolio` are
    the sums of the desk and of all, `cash` is what would be left. `paused_until` ends the strategy's pause.
    `duplicate_of` is the candidate of the same key (0: none).
    """

    halt: str
    desk_halt: str
    backoff_until: int
    kill_file: bool
    equity: int
    day_equity: int
    peak: int
    position: int
    event: int | None
    underlying: int | None
    venue: int | None
    desk: int
    portfolio: int
    cash: int
    orders_in_minute: int
    requests_in_minute: int
    paused_until: int
    duplicate_of: int


Check = tuple[bool, Figure, Figure]
"""Whether the rule is kept, its figure, and its limit."""


def system_halt(request: Request, account: Account, limits: Limits) -> Check:
    """No latch stops the whole session, the kill file's apart; the figure names the one that does."""
    return not account.halt, account.halt, ""


def desk_halt(request: Request, account: Account, limits: Limits) -> Check:
    """No latch stops the desk; the figure names the one that does."""
    return not account.desk_halt, account.desk_halt, ""


def backoff(request: Request, account: Account, limits: Limits) -> Check:
    """The desk's wait after a fault is over; the figure is what is left of it."""
    left = max(0, account.backoff_until - request.now)
    return left == 0, -(-left // MS), 0


def kill_file(request: Request, account: Account, limits: Limits) -> Check:
    """The latch file is not there, and was not since the last resume."""
    return not account.kill_file, account.kill_file, False


def drawdown_halt(request: Request, account: Account, limits: Limits) -> Check:
    """The equity has not fallen by more than its part of the peak."""
    fall = account.peak - account.equity
    limit = account.peak * limits.drawdown_ppm // PPM
    return fall <= limit, fall, limit


def request_expired(request: Request, account: Account, limits: Limits) -> Check:
    """The intent is still wanted; the figure is the time that is left, None for one that never expires."""
    if not request.expires_at:
        return True, None, 0
    left = request.expires_at - request.now
    return left > 0, -(-left // MS), 0


def daily_loss_limit(request: Request, account: Account, limits: Limits) -> Check:
    """The equity, open positions at what they would sell for, has kept to its part of the day's first."""
    loss = account.day_equity - account.equity
    limit = account.day_equity * limits.daily_loss_ppm // PPM
    return loss <= limit, loss, limit


def stale_price(request: Request, account: Account, limits: Limits) -> Check:
    """Each instrument has a price, and none is too old; the figure is the oldest's age (None: no price).

    A token of a prediction market is judged by its book instead: without another leg there is nothing to judge.
    """
    age, limit = request.mark_age_ns, limits.stale_after_ns
    if not request.marked:
        return True, None, None
    if age is None:
        return False, None, limit // MS
    return age <= limit, -(-age // MS), limit // MS


def unfit_order(request: Request, account: Account, limits: Limits) -> Check:
    """Each leg is one that a venue could take: a listed instrument, price, lots and notional within its bounds."""
    return not request.fault, request.fault, ""


def minimum_profit(request: Request, account: Account, limits: Limits) -> Check:
    """The expected profit is worth the trouble; a desk of bars that states none is not asked."""
    if not request.edge and request.facts is None:
        return True, None, limits.profit_min
    return not limits.profit_min or request.edge >= limits.profit_min, request.edge, limits.profit_min


def position_limit(request: Request, account: Account, limits: Limits) -> Check:
    """No instrument, and no prediction market, holds more than its part of the equity, all desks together."""
    limit = account.equity * limits.position_ppm // PPM
    return account.position <= limit, account.position, limit


def event_limit(request: Request, account: Account, limits: Limits) -> Check:
    """The exposure to the markets of one event stays within its part of the equity."""
    return _within(account.event, account.equity, limits.event_ppm)


def underlying_limit(request: Request, account: Account, limits: Limits) -> Check:
    """The exposure to the markets of one underlying stays within its part of the equity."""
    return _within(account.underlying, account.equity, limits.underlying_ppm)


def platform_limit(request: Request, account: Account, limits: Limits) -> Check:
    """What lies at one venue, locked arbitrage included, stays within its part of the equity."""
    return _within(account.venue, account.equity, limits.venue_ppm)


def desk_share(request: Request, account: Account, limits: Limits) -> Check:
    """The desk's exposure stays within its share of the equity."""
    limit = account.equity * request.share_ppm // PPM
    return account.desk <= limit, account.desk, limit


def portfolio_limit(request: Request, account: Account, limits: Limits) -> Check:
    """The exposure of all desks stays within its part of the equity."""
    limit = account.equity * limits.portfolio_ppm // PPM
    return account.portfolio <= limit, account.portfolio, limit


def cash(request: Request, account: Account, limits: Limits) -> Check:
    """What is left after collateral and fees is not less than the reserve, and not less than may be borrowed.

    A purchase takes its cost, and a short its proceeds and as much again; what may be borrowed is the equity times the
    leverage above 1, on top of which the reserve is kept.
    """
    reserve = max(0, account.equity * limits.cash_reserve_ppm // PPM)
    limit = reserve - max(0, account.equity) * (limits.leverage_ppm - PPM) // PPM
    return account.cash >= limit, account.cash, limit


def order_rate(request: Request, account: Account, limits: Limits) -> Check:
    """The desk's entry orders of the last minute, these included, are not too many."""
    orders = account.orders_in_minute + request.orders
    return orders <= limits.orders_per_minute_max, orders, limits.orders_per_minute_max


def request_rate(request: Request, account: Account, limits: Limits) -> Check:
    """The strategy's approved requests of the last minute, this included, are not too many."""
    requests, limit = account.requests_in_minute + 1, limits.requests_per_minute_max
    return limit is None or requests <= limit, requests, limit


def loss_streak(request: Request, account: Account, limits: Limits) -> Check:
    """The strategy does not pause after too many losses; the figure is what is left of its pause."""
    left = max(0, account.paused_until - request.now)
    return left == 0, -(-left // MS), 0


def duplicate(request: Request, account: Account, limits: Limits) -> Check:
    """No open candidate has the same key, and none had it lately that gave its own; the figure is the one that has."""
    return not account.duplicate_of, account.duplicate_of, 0


def _within(exposure: int | None, equity: int, ppm: int) -> Check:
    """Whether there is no such exposure, or it keeps to its part of the equity."""
    limit = equity * ppm // PPM
    return exposure is None or exposure <= limit, exposure, limit
