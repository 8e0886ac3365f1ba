"""Trades as a table: what comes from outside is escaped, and what is not known is a dash."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tradeworthy.web.pages.trades.table import trades_table

AT = datetime(2026, 5, 1, 12, 3, 4, tzinfo=UTC)


def row(**more: Any) -> dict[str, Any]:
    """A row of Listings.trades."""
    return {
        "run": "run-1",
        "seq": 7,
        "created_at": AT,
        "opened_at": AT,
        "title": None,
        "instrument": "SOLX",
        "strategy_id": "1m",
        "opportunity_type": "first_dip",
        "side": "buy",
        "outcome": "LONG",
        "quantity": Decimal(3),
        "notional": Decimal(30),
        "price": Decimal(10),
        "exit_price": None,
        "fees": Decimal("0.1"),
        "realized_pnl": None,
        "status": "open",
        "reason": None,
        "risk_rejection_reason": None,
        **more,
    }


def shown(*rows: dict[str, Any], has_chart: bool = False) -> str:
    """The table's HTML."""
    return trades_table(rows, caption="Trades", empty="None.", has_chart=has_chart)


def test_a_trade_leads_to_its_path_and_to_its_candles() -> None:
    """A7: the time is the link, the button says which trade it is of."""
    made = shown(row(), has_chart=True)
    assert '<a href="/trace?packet=7&amp;run=run-1" data-trade="run-1:7"' in made
    assert 'data-chart="run-1:7"' in made
    assert "05-01 12:03:04" in made


def test_what_comes_from_outside_is_escaped() -> None:
    """A market's title is other people's text, in cells and in attributes."""
    made = shown(row(title='"><script>alert(1)</script>', reason="<b>"), has_chart=True)
    assert "<script" not in made
    assert "<b>" not in made
    assert "&lt;script&gt;" in made


def test_a_refused_request_has_no_candles_to_show() -> None:
    """It was never opened; its reason is the rule's."""
    made = shown(
        row(opened_at=None, status="rejected", risk_rejection_reason="position_limit", notional=None),
        has_chart=True,
    )
    assert "data-chart" not in made
    assert "position limit" in made


def test_no_trades_are_a_sentence() -> None:
    """Not an empty table."""
    assert shown() == '<p class="empty">None.</p>'
