"""The guard chain: ordered rules as plain functions; all are evaluated and recorded, the first failure named.

Cash figures are in cash units of 1e-8; the others have their unit in their name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from tradeworthy.core.events import Figure
from tradeworthy.risk.settings import PPM, Limits

MS = 1_000_000
"""One millisecond in ns."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """What a desk asks for at session time `now`: `orders` entry orders.

    `mark_age_ns` is the age of the oldest mark among its instruments (None: one has no mark), `share_ppm` the
    desk's share of the equity. `fault` says what no venue would take ("" if nothing).
    """

    now: int
    expires_at: int
    orders: int
    share_ppm: int
    mark_age_ns: int | None
    fault: str


class Account(msgspec.Struct, frozen=True, gc=False):
    """How the account stands, and would stand if all that is reserved and asked were filled at its worst.

    `position` is the exposure to that instrument, among those asked for, which has most of it; `desk` and
    `portfolio` are the sums of the desk and of all, `cash` is what would be left. `duplicate_of` is the open
    candidate of the same key (0: none).
    """

    halt: str
    desk_halt: str
    backoff_until: int
    equity: int
    day_equity: int
    peak: int
    position: int
    desk: int
    portfolio: int
    cash: int
    orders_in_minute: int
    duplicate_of: int


Check = tuple[bool, Figure, Figure]
"""Whether the rule is kept, its figure, and its limit."""


def halt(request: Request, account: Account, limits: Limits) -> Check:
    """No latch stops the whole session; the figure names the one that does."""
    return not account.halt, account.halt, ""


def desk_halt(request: Request, account: Account, limits: Limits) -> Check:
    """No latch stops the desk; the figure names the one that does."""
    return not account.desk_halt, account.desk_halt, ""


def backoff(request: Request, account: Account, limits: Limits) -> Check:
    """The desk's wait after a fault is over; the figure is what is left of it."""
    left = max(0, account.backoff_until - request.now)
    return left == 0, -(-left // MS), 0


def daily_loss(request: Request, account: Account, limits: Limits) -> Check:
    """The equity has not fallen by more than its part of the day's first equity."""
    loss = account.day_equity - account.equity
    limit = account.day_equity * limits.daily_loss_ppm // PPM
    return loss <= limit, loss, limit


def drawdown(request: Request, account: Account, limits: Limits) -> Check:
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


def unfit_order(request: Request, account: Account, limits: Limits) -> Check:
    """Each leg is one that a venue could take: a listed instrument, lots and notional within its bounds."""
    return not request.fault, request.fault, ""


def stale_data(request: Request, account: Account, limits: Limits) -> Check:
    """Each instrument has a price, and none is too old; the figure is the oldest's age (None: no price)."""
    age, limit = request.mark_age_ns, limits.stale_after_ns
    if age is None:
        return False, None, limit // MS
    return age <= limit, -(-age // MS), limit // MS


def position(request: Request, account: Account, limits: Limits) -> Check:
    """No instrument holds more than its part of the equity, all desks together."""
    limit = account.equity * limits.position_ppm // PPM
    return account.position <= limit, account.position, limit


def desk_share(request: Request, account: Account, limits: Limits) -> Check:
    """The desk's exposure stays within its share of the equity."""
    limit = account.equity * request.share_ppm // PPM
    return account.desk <= limit, account.desk, limit


def portfolio(request: Request, account: Account, limits: Limits) -> Check:
    """The exposure of all desks stays within its part of the equity."""
    limit = account.equity * limits.portfolio_ppm // PPM
    return account.portfolio <= limit, account.portfolio, limit


def cash(request: Request, account: Account, limits: Limits) -> Check:
    """What is left after collateral and fees is not less than the reserve, and not less than nothing."""
    limit = max(0, account.equity * limits.cash_reserve_ppm // PPM)
    return account.cash >= limit, account.cash, limit


def rate(request: Request, account: Account, limits: Limits) -> Check:
    """The desk's entry orders of the last minute, these included, are not too many."""
    orders = account.orders_in_minute + request.orders
    return orders <= limits.orders_per_minute_max, orders, limits.orders_per_minute_max


def duplicate(request: Request, account: Account, limits: Limits) -> Check:
    """No open candidate has the same key; the figure is the one that has."""
    return not account.duplicate_of, account.duplicate_of, 0


class Rule(NamedTuple):
    """`code` is what a rejection names, `figure` the name of what is recorded."""

    code: str
    figure: str
    check: Callable[[Request, Account, Limits], Check]


RULES = (
    Rule("halt", "halt", halt),
    Rule("desk_halt", "desk_halt", desk_halt),
    Rule("desk_halt", "backoff_left_ms", backoff),
    Rule("daily_loss", "daily_loss", daily_loss),
    Rule("drawdown", "drawdown", drawdown),
    Rule("request_expired", "expires_in_ms", request_expired),
    Rule("unfit_order", "unfit_order", unfit_order),
    Rule("stale_data", "price_age_ms", stale_data),
    Rule("position", "position", position),
    Rule("desk_share", "desk_share", desk_share),
    Rule("portfolio", "portfolio", portfolio),
    Rule("cash", "cash_left", cash),
    Rule("rate", "orders_in_minute", rate),
    Rule("duplicate", "duplicate_of", duplicate),
)
"""In the order in which they are asked; the first that fails names the rejection."""


CASH_FIGURES = frozenset(
    {"equity", "daily_loss", "drawdown", "position", "desk_share", "portfolio", "cash_left"}
)
"""Which of the figures, and their limits, are cash units."""


class Judgement(NamedTuple):
    """All figures and limits by name; `reason` is the first failed rule's code, `failed` its figure."""

    reason: str
    failed: str
    figures: dict[str, Figure]
    limits: dict[str, Figure]


def judge(request: Request, account: Account, limits: Limits) -> Judgement:
    """The whole chain over one request."""
    reason = failed = ""
    figures: dict[str, Figure] = {"equity": account.equity}
    bounds: dict[str, Figure] = {}
    for code, name, check in RULES:
        kept, figures[name], bounds[name] = check(request, account, limits)
        if not kept and not reason:
            reason, failed = code, name
    return Judgement(reason, failed, figures, bounds)
