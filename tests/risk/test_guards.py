"""Each rule alone: kept at its limit, failed one step beyond, with its figure; and their order."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.risk.facts import MarketFacts
from tradeworthy.risk.guards import CASH_FIGURES, PLAIN, RULES, judge
from tradeworthy.risk.rules import Account, Request
from tradeworthy.risk.settings import RiskSettings, limits_of

MS = 1_000_000
NOW = 1_704_110_400_000 * MS
BOUND = {
    "orders_per_minute_max": 3,
    "cash_reserve": "0.1",
    "event_max": 0.15,
    "underlying_max": 0.2,
    "venue_max": 0.5,
    "profit_min": "0.0005",
    "requests_per_minute_max": 10,
    "book_max_age_s": 3,
    "oracle_max_age_s": 2,
    "spread_max": 0.15,
    "slippage_bps_max": 200,
    "slippage_edge_max": 0.5,
    "min_tte_s": 20,
}
LIMITS = limits_of(RiskSettings.model_validate(BOUND))

FACTS = MarketFacts(NOW, time_left_ns=3600 * 1000 * MS)
REQUEST = Request(
    now=NOW,
    expires_at=0,
    orders=1,
    share_ppm=400_000,
    mark_age_ns=0,
    fault="",
    edge=100_000,
    facts=FACTS,
)
ACCOUNT = Account(
    halt="",
    desk_halt="",
    backoff_until=0,
    kill_file=False,
    equity=1_000_000,
    day_equity=1_000_000,
    peak=1_000_000,
    position=0,
    event=0,
    underlying=0,
    venue=0,
    desk=0,
    portfolio=0,
    cash=1_000_000,
    orders_in_minute=0,
    requests_in_minute=0,
    paused_until=0,
    duplicate_of=0,
)

# rule, its figure, what is at the limit, what is one step beyond it, the figure beyond it, the limit
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any], Any, Any]] = [
    ("system_halt", "halt", {}, {"halt": "drawdown"}, "drawdown", ""),
    ("desk_halt", "desk_halt", {}, {"desk_halt": "faults"}, "faults", ""),
    ("desk_halt", "backoff_left_ms", {"backoff_until": NOW}, {"backoff_until": NOW + 1}, 1, 0),
    ("kill_file", "kill_file", {}, {"kill_file": True}, True, False),
    (
        "drawdown_halt",
        "drawdown",
        {"equity": 800_000, "day_equity": 0},
        {"equity": 799_999, "day_equity": 0},
        200_001,
        200_000,
    ),
    ("daily_loss_limit", "daily_loss", {"equity": 950_000}, {"equity": 949_999}, 50_001, 50_000),
    ("request_expired", "expires_in_ms", {"expires_at": NOW + 1}, {"expires_at": NOW}, 0, 0),
    ("request_expired", "expires_in_ms", {}, {"expires_at": NOW - 5 * MS}, -5, 0),
    (
        "stale_data",
        "price_age_ms",
        {"mark_age_ns": 120_000 * MS},
        {"mark_age_ns": 120_000 * MS + 1},
        120_001,
        120_000,
    ),
    ("stale_data", "price_age_ms", {}, {"mark_age_ns": None}, None, 120_000),
    (
        "stale_data",
        "price_age_ms",
        {"mark_age_ns": None, "marked": False},
        {"mark_age_ns": None},
        None,
        120_000,
    ),
    ("stale_data", "book_fault", {}, {"book_fault": "t: no_book"}, "t: no_book", ""),
    ("stale_data", "book_age_ms", {"book_age_ns": 3000 * MS}, {"book_age_ns": 3000 * MS + 1}, 3001, 3000),
    (
        "stale_data",
        "oracle_age_ms",
        {"oracle_asked": True, "oracle_age_ns": 2000 * MS},
        {"oracle_asked": True, "oracle_age_ns": 2000 * MS + 1},
        2001,
        2000,
    ),
    ("stale_data", "oracle_age_ms", {}, {"oracle_asked": True}, None, 2000),
    ("degenerate_book", "one_sided", {}, {"one_sided": "t"}, "t", ""),
    ("degenerate_book", "spread_bps", {"spread_bps": 1500}, {"spread_bps": 1501}, 1501, 1500),
    ("market_not_tradable", "untradable", {}, {"untradable": "m: closed"}, "m: closed", ""),
    (
        "market_not_tradable",
        "time_left_ms",
        {"time_left_ns": 20_000 * MS},
        {"time_left_ns": 20_000 * MS - 1},
        19_999,
        20_000,
    ),
    ("unfit_order", "unfit_order", {}, {"fault": "AAA: 0 lots"}, "AAA: 0 lots", ""),
    ("slippage_guard", "lots_short", {"lots_short": 0}, {"lots_short": 1}, 1, 0),
    ("slippage_guard", "slippage", {"slippage": 50_000}, {"slippage": 50_001}, 50_001, 50_000),
    ("slippage_guard", "slippage_bps", {"slippage_bps": 200}, {"slippage_bps": 201}, 201, 200),
    ("minimum_profit", "expected_profit", {"edge": 50_000}, {"edge": 49_999}, 49_999, 50_000),
    ("position_limit", "position", {"position": 250_000}, {"position": 250_001}, 250_001, 250_000),
    ("event_limit", "event", {"event": 150_000}, {"event": 150_001}, 150_001, 150_000),
    ("underlying_limit", "underlying", {"underlying": 200_000}, {"underlying": 200_001}, 200_001, 200_000),
    ("platform_limit", "venue", {"venue": 500_000}, {"venue": 500_001}, 500_001, 500_000),
    ("desk_share", "desk_share", {"desk": 400_000}, {"desk": 400_001}, 400_001, 400_000),
    ("portfolio_limit", "portfolio", {"portfolio": 800_000}, {"portfolio": 800_001}, 800_001, 800_000),
    ("cash", "cash_left", {"cash": 100_000}, {"cash": 99_999}, 99_999, 100_000),
    ("rate_limit", "orders_in_minute", {"orders_in_minute": 2}, {"orders_in_minute": 3}, 4, 3),
    ("rate_limit", "requests_in_minute", {"requests_in_minute": 9}, {"requests_in_minute": 10}, 11, 10),
    ("loss_streak", "pause_left_ms", {"paused_until": NOW}, {"paused_until": NOW + 1}, 1, 0),
    ("duplicate", "duplicate_of", {}, {"duplicate_of": 17}, 17, 0),
]


def values(changes: dict[str, Any]) -> tuple[Request, Account]:
    """The plain request and account with `changes`."""

    def of(kind: type[msgspec.Struct]) -> dict[str, Any]:
        return {name: value for name, value in changes.items() if name in kind.__struct_fields__}

    facts = msgspec.structs.replace(FACTS, **of(MarketFacts))
    return (
        msgspec.structs.replace(REQUEST, **of(Request), facts=facts),
        msgspec.structs.replace(ACCOUNT, **of(Account)),
    )


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
    """The codes in the order in which they are asked: the specification's twenty, and the two of the spine."""
    codes = list(dict.fromkeys(rule.code for rule in RULES))
    assert codes == [
        *("system_halt", "desk_halt", "kill_file", "drawdown_halt", "daily_loss_limit", "request_expired"),
        *("stale_data", "degenerate_book", "market_not_tradable", "unfit_order", "slippage_guard"),
        *("minimum_profit", "position_limit", "event_limit", "underlying_limit", "platform_limit"),
        *("desk_share", "portfolio_limit", "cash", "rate_limit", "loss_streak", "duplicate"),
    ]


@given(st.sets(st.sampled_from(range(len(CASES)))))
def test_the_first_failure_names_the_rejection_and_all_are_recorded(failing: set[int]) -> None:
    """Whatever else fails, the first rule in order is the reason, and every figure is on record (P2)."""
    changes: dict[str, Any] = {}
    for case in sorted(failing, reverse=True):
        changes |= CASES[case][3]
    judgement = judge(*values(changes), LIMITS)
    order = [rule.figure for rule in RULES]
    firsts = [CASES[case][1] for case in sorted(failing) if judge(*values(CASES[case][3]), LIMITS).reason]
    assert judgement.failed == (firsts[0] if firsts else "")
    assert list(judgement.figures) == ["equity", *order]
    assert list(judgement.limits) == order


def test_rules_that_ask_for_facts_are_silent_without() -> None:
    """Bars have no book, event or underlying: nothing is refused, and nothing recorded, under those names."""
    request = msgspec.structs.replace(REQUEST, facts=None)
    judgement = judge(request, msgspec.structs.replace(ACCOUNT, event=10**9, underlying=10**9), LIMITS)
    assert judgement.reason == ""
    assert list(judgement.limits) == [rule.figure for rule in PLAIN]
    silent = [rule.code for rule in RULES if rule not in PLAIN]
    assert set(silent) == {
        *("stale_data", "degenerate_book", "market_not_tradable", "slippage_guard"),
        *("event_limit", "underlying_limit"),
    }


@pytest.mark.parametrize("name", ["event", "underlying", "venue"])
def test_what_belongs_to_nothing_has_no_exposure_there(name: str) -> None:
    """An instrument without an event is in no event's limit, whatever the equity."""
    account = msgspec.structs.replace(ACCOUNT, **{name: None})
    judgement = judge(REQUEST, account, LIMITS)
    assert (judgement.reason, judgement.figures[name]) == ("", None)


def test_unset_limits_bind_nothing() -> None:
    """With the defaults nothing that only the pilot asks for is refused."""
    worst = {
        "book_age_ns": 119_000 * MS,
        "oracle_asked": True,
        "one_sided": "t",
        "spread_bps": 9000,
        "lots_short": 5,
        "slippage": 10**9,
        "slippage_bps": 9999,
        "edge": 0,
        "event": 700_000,
        "underlying": 700_000,
        "venue": 700_000,
        "requests_in_minute": 50,
    }
    assert judge(*values(worst), limits_of(RiskSettings())).reason == ""


def test_a_profit_that_nobody_states_is_asked_of_markets_alone() -> None:
    """A desk of bars states no edge; one on prediction markets must."""
    stated = msgspec.structs.replace(REQUEST, edge=0)
    assert judge(stated, ACCOUNT, LIMITS).reason == "minimum_profit"
    judgement = judge(msgspec.structs.replace(stated, facts=None), ACCOUNT, LIMITS)
    assert (judgement.reason, judgement.figures["expected_profit"]) == ("", None)


def test_cash_figures_are_figures() -> None:
    """What people are shown as money is on record under that name."""
    assert {"equity", *(rule.figure for rule in RULES)} >= CASH_FIGURES


@given(st.integers(-(10**19), 10**19), st.integers(0, 10**19))
def test_an_account_without_worth_exposes_nothing(equity: int, position: int) -> None:
    """With no equity, or less than none, any exposure is too much; exact at any size."""
    account = msgspec.structs.replace(
        ACCOUNT,
        equity=equity,
        day_equity=equity,
        peak=equity,
        position=position,
        event=None,
        underlying=None,
        venue=None,
        cash=10**19,
    )
    assert (judge(REQUEST, account, LIMITS).reason == "") == (position * 4 <= equity)
