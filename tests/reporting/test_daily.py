"""The daily summary as people and programs read it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tradeworthy.reporting.daily import dollars, json_text, text

EMPTY: dict[str, Any] = {
    "run": "breakout-1",
    "runs": ["breakout-1"],
    "mode": "paper",
    "currency": "USDT",
    "period": {"from": datetime(2025, 1, 1, tzinfo=UTC), "to": datetime(2025, 1, 2, tzinfo=UTC)},
    "total_trades": 0,
    "open_trades": 0,
    "closed_trades": 0,
    "realized_pnl": Decimal(0),
    "unrealized_pnl": Decimal(0),
    "fees": Decimal(0),
    "wins": 0,
    "losses": 0,
    "win_rate": 0.0,
    "rejections": 0,
    "risk_rejections": [],
    "by_opportunity_type": [],
    "by_strategy": [],
    "candidates": 0,
    "verdicts": [],
    "fills": 0,
}

FULL: dict[str, Any] = EMPTY | {
    "total_trades": 3,
    "open_trades": 1,
    "closed_trades": 2,
    "realized_pnl": Decimal("4.20000000"),
    "fees": Decimal("1.23456789"),
    "wins": 1,
    "losses": 1,
    "win_rate": 0.5,
    "rejections": 12,
    "risk_rejections": [{"reason": "position", "count": 11}, {"reason": "daily_loss", "count": 1}],
    "by_opportunity_type": [
        {"type": "breakout", "trades": 2, "pnl": Decimal("-1234.5")},
        {"type": "reversal", "trades": 1, "pnl": Decimal("1238.7")},
    ],
    "candidates": 17,
    "verdicts": [
        {"outcome": "REJECTED", "reason": "position", "count": 11},
        {"outcome": "FILLED", "reason": "filled", "count": 5},
        {"outcome": "OPEN", "reason": "", "count": 1},
    ],
    "fills": 5,
}


def test_the_layout_is_the_required_one() -> None:
    """Line by line (A6, S10), then what there is of types, risk events, candidates and fills."""
    assert (
        text(FULL)
        == """\
Tradeworthy - Daily Summary
─────────────────────────────
TRADES
  Total trades: 3
  Open positions: 1
  Closed: 2

P&L (Paper)
  Realized P&L: $4.20
  Win rate: 50% (1/2)

BY OPPORTUNITY TYPE
  Type      Trades        P&L
  breakout       2  -$1234.50
  reversal       1   $1238.70

RISK EVENTS
  Reason      Count
  position       11
  daily_loss      1

CANDIDATES
  Opened: 17
  REJECTED position: 11
  FILLED filled: 5
  OPEN: 1
  Fills: 5 (fees $1.23)
"""
    )


def test_without_data_the_sections_are_left_out() -> None:
    """Nothing closed is `0% (0/0)`."""
    assert (
        text(EMPTY)
        == """\
Tradeworthy - Daily Summary
─────────────────────────────
TRADES
  Total trades: 0
  Open positions: 0
  Closed: 0

P&L (Paper)
  Realized P&L: $0.00
  Win rate: 0% (0/0)
"""
    )


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("4.2", "$4.20"),
        ("-4.2", "-$4.20"),
        ("-0.004", "$0.00"),
        ("0.125", "$0.12"),
        ("1234567.891", "$1234567.89"),
    ],
)
def test_dollars_have_their_sign_first(amount: str, shown: str) -> None:
    """To the cent, half to even, and no negative nothing."""
    assert dollars(Decimal(amount)) == shown


def test_json_has_the_keys_as_exact_numbers() -> None:
    """`jq .risk_rejections` works, and is a list also if it is empty (A6, S10)."""
    read = json.loads(json_text(FULL), parse_float=Decimal)
    assert read["risk_rejections"] == FULL["risk_rejections"]
    assert read["realized_pnl"] == Decimal("4.2")
    assert read["fees"] == Decimal("1.23456789")
    assert read["period"] == {"from": "2025-01-01T00:00:00Z", "to": "2025-01-02T00:00:00Z"}
    assert json.loads(json_text(EMPTY))["risk_rejections"] == []
    assert set(read) == set(FULL)
