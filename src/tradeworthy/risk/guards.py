"""The guard chain: ordered rules as plain functions; all are evaluated and recorded, the first failure named."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tradeworthy.core.events import Figure
from tradeworthy.risk import market_rules, rules
from tradeworthy.risk.facts import MarketFacts
from tradeworthy.risk.rules import Account, Check, Request
from tradeworthy.risk.settings import Limits


class Rule(NamedTuple):
    """`code` is what a rejection names, `figure` the name of what is recorded. `plain`: it asks for no market facts."""

    code: str
    figure: str
    check: Callable[[Request, Account, Limits], Check]
    plain: bool = True


class MarketRule(NamedTuple):
    """A rule on market facts and the expected profit, as Rule."""

    code: str
    figure: str
    check: Callable[[MarketFacts, int, Limits], Check]


RULES: tuple[Rule | MarketRule, ...] = (
    Rule("system_halt", "halt", rules.system_halt),
    Rule("desk_halt", "desk_halt", rules.desk_halt),
    Rule("desk_halt", "backoff_left_ms", rules.backoff),
    Rule("kill_file", "kill_file", rules.kill_file),
    Rule("drawdown_halt", "drawdown", rules.drawdown_halt),
    Rule("daily_loss_limit", "daily_loss", rules.daily_loss_limit),
    Rule("request_expired", "expires_in_ms", rules.request_expired),
    Rule("stale_data", "price_age_ms", rules.stale_price),
    MarketRule("stale_data", "book_fault", market_rules.book_fault),
    MarketRule("stale_data", "book_age_ms", market_rules.stale_book),
    MarketRule("stale_data", "oracle_age_ms", market_rules.stale_oracle),
    MarketRule("degenerate_book", "one_sided", market_rules.one_sided),
    MarketRule("degenerate_book", "spread_bps", market_rules.spread),
    MarketRule("market_not_tradable", "untradable", market_rules.market_not_tradable),
    MarketRule("market_not_tradable", "time_left_ms", market_rules.time_left),
    Rule("unfit_order", "unfit_order", rules.unfit_order),
    MarketRule("slippage_guard", "lots_short", market_rules.depth),
    MarketRule("slippage_guard", "slippage", market_rules.slippage),
    MarketRule("slippage_guard", "slippage_bps", market_rules.slippage_bps),
    Rule("minimum_profit", "expected_profit", rules.minimum_profit),
    Rule("position_limit", "position", rules.position_limit),
    Rule("event_limit", "event", rules.event_limit, plain=False),
    Rule("underlying_limit", "underlying", rules.underlying_limit, plain=False),
    Rule("platform_limit", "venue", rules.platform_limit),
    Rule("desk_share", "desk_share", rules.desk_share),
    Rule("portfolio_limit", "portfolio", rules.portfolio_limit),
    Rule("cash", "cash_left", rules.cash),
    Rule("rate_limit", "orders_in_minute", rules.order_rate),
    Rule("rate_limit", "requests_in_minute", rules.request_rate),
    Rule("loss_streak", "pause_left_ms", rules.loss_streak),
    Rule("duplicate", "duplicate_of", rules.duplicate),
)
"""In the order in which they are asked; the first that fails names the rejection."""

PLAIN = tuple(rule for rule in RULES if isinstance(rule, Rule) and rule.plain)
"""The rules for a request without market facts."""


def plain_rules(limits: Limits) -> tuple[Rule, ...]:
    """PLAIN without those that `limits` leave without a limit: what binds nothing is neither asked nor recorded."""
    unbound = {
        "expected_profit": not limits.profit_min,
        "venue": limits.venue_ppm >= limits.leverage_ppm,
        "requests_in_minute": limits.requests_per_minute_max is None,
        "pause_left_ms": limits.loss_streak_max is None,
    }
    return tuple(rule for rule in PLAIN if not unbound.get(rule.figure, False))


CASH_FIGURES = frozenset(
    {
        *("equity", "drawdown", "daily_loss", "slippage", "expected_profit", "position", "event"),
        *("underlying", "venue", "desk_share", "portfolio", "cash_left"),
    }
)
"""Which of the figures, and their limits, are cash units."""


class Judgement(NamedTuple):
    """All figures and limits by name; `reason` is the first failed rule's code, `failed` its figure."""

    reason: str
    failed: str
    figures: dict[str, Figure]
    limits: dict[str, Figure]


def judge(request: Request, account: Account, limits: Limits, plain: tuple[Rule, ...] = PLAIN) -> Judgement:
    """The whole chain over one request; without market facts only the rules `plain`, which ask for none."""
    reason = failed = ""
    figures: dict[str, Figure] = {"equity": account.equity}
    bounds: dict[str, Figure] = {}
    if request.facts is None:
        for code, name, check, _ in plain:
            kept, figures[name], bounds[name] = check(request, account, limits)
            if not kept and not reason:
                reason, failed = code, name
        return Judgement(reason, failed, figures, bounds)
    for rule in RULES:
        name = rule.figure
        if isinstance(rule, Rule):
            kept, figures[name], bounds[name] = rule.check(request, account, limits)
        else:
            kept, figures[name], bounds[name] = rule.check(request.facts, request.edge, limits)
        if not kept and not reason:
            reason, failed = rule.code, name
    return Judgement(reason, failed, figures, bounds)
