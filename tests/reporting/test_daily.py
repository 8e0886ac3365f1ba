"""The daily summary as people and programs read it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.reporting.daily import csv_text, dollars, json_text, text, write_csv

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
    "desk_kinds": [],
    "books": None,
    "strategy": None,
    "opportunities": {
        "detected": 0,
        "survived": 0,
        "vanished": 0,
        "p50_ms": None,
        "p90_ms": None,
        "by_method": [],
        "not_traded": [],
    },
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


def test_the_arbitrage_pilot_has_its_own_title_and_says_whose_books() -> None:
    """The layout is the required one, line by line; gaps and whether books were simulated follow (A6, S10)."""
    gaps = {"method": "O1", "detected": 9, "survived": 8, "vanished": 3, "p50_ms": 700.0, "p90_ms": 12_340.0}
    open_gap = {"method": "M4", "detected": 1, "survived": 0, "vanished": 0, "p50_ms": None, "p90_ms": None}
    found = EMPTY["opportunities"] | {"by_method": [open_gap, gaps]}
    pilot = {
        "desk_kinds": ["arbitrage"],
        "books": "simulated",
        "strategy": "oracle-sniper",
        "opportunities": found,
    }
    assert (
        text(FULL | pilot | {"candidates": 0})
        == """\
PM Arbitrage - Daily Summary
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

GAPS
  Method  Detected  Survived  Vanished    p50     p90
  M4             1         0         0      -       -
  O1             9         8         3  0.7 s  12.3 s

ABOUT
  strategy: oracle-sniper
  books: simulated
"""
    )


def test_csv_is_exact() -> None:
    """Numbers without noise, times in ISO 8601, nothing for what is not known."""
    row = {
        "at": datetime(2025, 1, 1, 12, tzinfo=UTC),
        "pnl": Decimal("-4.20000000"),
        "ok": False,
        "price": None,
        "title": "a, b",
    }
    assert csv_text([row, row | {"pnl": Decimal("1E+3")}]) == (
        "at,pnl,ok,price,title\n"
        '2025-01-01T12:00:00Z,-4.2,false,,"a, b"\n'
        '2025-01-01T12:00:00Z,1000,false,,"a, b"\n'
    )
    assert csv_text([]) == ""


def test_a_file_that_can_not_be_written_is_the_user_s_mistake(tmp_path: Path) -> None:
    """One line that names it (A11)."""
    write_csv(tmp_path / "trades.csv", [{"pnl": Decimal("1.5")}])
    assert (tmp_path / "trades.csv").read_text(encoding="utf-8") == "pnl\n1.5\n"
    with pytest.raises(UsageError, match="can't be written: Is a directory"):
        write_csv(tmp_path, [])


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
