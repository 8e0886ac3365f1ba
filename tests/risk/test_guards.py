"""Each rule alone: kept at its limit, failed one step beyond, with its figure; and their order."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.risk.guards import RULES, Account, Request, judge
from tradeworthy.risk.settings import RiskSettings, limits_of

MS = 1_000_000
NOW = 1_704_110_400_000 * MS
LIMITS = limits_of(RiskSettings(orders_per_minute_max=3, cash_reserve="0.1"))

REQUEST = Request(now=NOW, expires_at=0, orders=1, share_ppm=400_000, mark_age_ns=0, fault="")
ACCOUNT = Account(
    halt="",
    desk_halt="",
    backoff_until=0,
    equity=1_000_000,
    day_equity=1_000_000,
    peak=1_000_000,
    position=0,
    desk=0,
    portfolio=0,
    cash=1_000_000,
    orders_in_minute=0,
    duplicate_of=0,
)

# rule, its figure, what is at the limit, what is one step beyond it, the figure beyond it, the limit
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], Any, Any]] = [
    ("halt", "halt", {}, {"halt": "drawdown"}, "drawdown", ""),
    ("desk_halt", "desk_halt", {}, {"desk_halt": "faults"}, "faults", ""),
    ("desk_halt", "backoff_left_ms", {"backoff_until": NOW}, {"backoff_until": NOW + 1}, 1, 0),
    ("daily_loss", "daily_loss", {"equity": 950_000}, {"equity": 949_999}, 50_001, 50_000),
    (
        "drawdown",
        "drawdown",
        {"equity": 800_000, "day_equity": 0},
        {"equity": 799_999, "day_equity": 0},
        200_001,
        200_000,
    ),
    ("request_expired", "expires_in_ms", {"expires_at": NOW + 1}, {"expires_at": NOW}, 0, 0),
    ("request_expired", "expires_in_ms", {}, {"expires_at": NOW - 5 * MS}, -5, 0),
    ("unfit_order", "unfit_order", {}, {"fault": "AAA: 0 lots"}, "AAA: 0 lots", ""),
    (
        "stale_data",
        "price_age_ms",
        {"mark_age_ns": 120_000 * MS},
        {"mark_age_ns": 120_000 * MS + 1},
        120_001,
        120_000,
    ),
    ("stale_data", "price_age_ms", {}, {"mark_age_ns": None}, None, 120_000),
    ("position", "position", {"position": 250_000}, {"position": 250_001}, 250_001, 250_000),
    ("desk_share", "desk_share", {"desk": 400_000}, {"desk": 400_001}, 400_001, 400_000),
    ("portfolio", "portfolio", {"portfolio": 800_000}, {"portfolio": 800_001}, 800_001, 800_000),
    ("cash", "cash_left", {"cash": 100_000}, {"cash": 99_999}, 99_999, 100_000),
    ("rate", "orders_in_minute", {"orders_in_minute": 2}, {"orders_in_minute": 3}, 4, 3),
    ("duplicate", "duplicate_of", {}, {"duplicate_of": 17}, 17, 0),
]


def values(changes: dict[str, Any]) -> tuple[Request, Account]:
    """The plain request and account with `changes`."""
    asked = {name: value for name, value in changes.items() if name in Request.__struct_fields__}
    rest = {name: value for name, value in changes.items() if name not in asked}
    return msgspec.structs.replace(REQUEST, **asked), msgspec.structs.replace(ACCOUNT, **rest)


@pytest.mark.parametrize(("code", "figure", "at", "beyond", "value", "limit"), CASES)
def test_a_rule_holds_at_its_limit_and_fails_beyond(
    code: str, figure: str, at: dict[str, Any], beyond: dict[str, Any], value: Any, limit: Any
) -> None:
    """Each rule alone names the rejection, with its figure and limit (P2)."""
    assert judge(*values(at), LIMITS).reason == ""
    judgement = judge(*values(beyond), LIMITS)
    assert (judgement.reason, judgement.failed) == (code, figure)
    assert (judgement.figures[figure], judgement.limits[figure]) == (value, limit)


def test_every_rule_has_a_case() -> None:
    """No rule is left out above."""
    assert {(rule.code, rule.figure) for rule in RULES} == {(case[0], case[1]) for case in CASES}


def test_the_order_of_the_rules_is_fixed() -> None:
    """The codes in the order in which they are asked."""
    codes = list(dict.fromkeys(rule.code for rule in RULES))
    assert codes == [
        "halt",
        "desk_halt",
        "daily_loss",
        "drawdown",
        "request_expired",
        "unfit_order",
        "stale_data",
        "position",
        "desk_share",
        "portfolio",
        "cash",
        "rate",
        "duplicate",
    ]


@given(st.sets(st.sampled_from(range(len(CASES)))))
def test_the_first_failure_names_the_rejection_and_all_are_recorded(failing: set[int]) -> None:
    """Whatever else fails, the first rule in order is the reason, and every figure is on record (P2)."""
    changes: dict[str, Any] = {}
    for case in sorted(failing, reverse=True):
        changes |= CASES[case][3]
    judgement = judge(*values(changes), LIMITS)
    order = [rule.figure for rule in RULES]
    failed = [
        name
        for name in order
        if not next(rule for rule in RULES if rule.figure == name).check(*values(changes), LIMITS)[0]
    ]
    assert judgement.failed == (failed[0] if failed else "")
    assert list(judgement.figures) == ["equity", *order]
    assert list(judgement.limits) == order
    assert bool(failed) == bool(failing)


@given(st.integers(-(10**19), 10**19), st.integers(0, 10**19))
def test_an_account_without_worth_exposes_nothing(equity: int, position: int) -> None:
    """With no equity, or less than none, any exposure is too much; exact at any size."""
    account = msgspec.structs.replace(
        ACCOUNT, equity=equity, day_equity=equity, peak=equity, position=position, cash=10**19
    )
    assert (judge(REQUEST, account, LIMITS).reason == "") == (position * 4 <= equity)
