"""The Overview's parts, from plain values."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tradeworthy.web.dashboard.charts import equity_options, shares_options
from tradeworthy.web.dashboard.theme import DARK, base_options
from tradeworthy.web.pages.overview.page import shares_of, tiles

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)
BASE = base_options(DARK, "chart")


def found(**more: Any) -> dict[str, Any]:
    """What the tiles are made of."""
    about = {"equity": Decimal("504.50"), "peak": Decimal(510), "drawdown": 0.0108}
    return {
        "about": about,
        "capital": Decimal(500),
        "currency": "USD",
        "realized_pnl": Decimal("4.5"),
        "unrealized_pnl": Decimal(0),
        "fees": Decimal("0.3"),
        "wins": 1,
        "losses": 0,
        "win_rate": 1.0,
        "open_trades": 0,
        "total_trades": 1,
        "candidates": 14,
        "fills": 1,
        "goes_on": False,
        **more,
    }


def curve(*falls: float) -> dict[str, Any]:
    """The chart of an account that has fallen so far from its peak, minute by minute."""
    rows = [
        {"created_at": BEGIN + timedelta(minutes=at), "equity": 500 * (1 - fall), "drawdown": fall}
        for at, fall in enumerate(falls)
    ]
    return equity_options(BASE, rows, DARK) or {}


def test_the_value_is_told_beside_the_capital_that_it_began_with() -> None:
    """A7: total capital, current value and what it made of it, in per cent."""
    made = tiles(found())
    assert "504.50" in made
    assert "+0.90" in made
    assert "% on 500.00 USD" in made


def test_closed_and_open_trades_add_up_to_what_the_account_made() -> None:
    """A7: of the 4.50 that the account gained, -1.20 were closed, so what is open made the other 5.70."""
    made = tiles(found(realized_pnl=Decimal("-1.20")))
    assert "\N{MINUS SIGN}1.20" in made
    assert "open ones" in made
    assert "+5.70" in made
    assert "open and handed on" in tiles(found(goes_on=True)), (
        "what a run before it sold is in no trade of it"
    )


def test_what_is_free_of_the_capital_is_part_of_the_ring() -> None:
    """A single strategy with half of the capital is half of the ring."""
    made = shares_options(BASE, [("oracle-sniper", 0.5), ("atomic-arb", 0.0)], DARK)
    assert made is not None
    assert [part["name"] for part in made["series"][0]["data"]] == ["oracle-sniper 50%", "free 50%"]
    whole = shares_options(BASE, [("uptrend", 1.0)], DARK)
    assert whole is not None
    assert [part["name"] for part in whole["series"][0]["data"]] == ["uptrend 100%"]
    assert shares_options(BASE, [("idle", 0.0)], DARK) is None


def test_shares_are_of_the_account() -> None:
    """A strategy's is a part of its desk's; a desk without an allocator has its own undivided."""
    desks = [{"name": "pilot", "share": "0.5"}, {"name": "blue", "share": "0.25"}]
    rows = [
        {"desk": "pilot", "strategy": "sniper", "share": Decimal("0.6")},
        {"desk": "pilot", "strategy": "arb", "share": Decimal("0.4")},
    ]
    assert shares_of(desks, rows) == [("sniper", 0.3), ("arb", 0.2), ("blue", 0.25)]
    assert shares_of(desks, []) == [("pilot", 0.5), ("blue", 0.25)]


def test_what_there_is_one_of_is_no_plural() -> None:
    """1 trade, 1 fill."""
    made = tiles(found())
    assert "1 trade in all" in made
    assert "1 fill<" in made
    assert "1,200 trades in all" in tiles(found(total_trades=1_200))


def test_an_account_without_a_mark_has_no_gain() -> None:
    """A dash, and the currency alone."""
    made = tiles(found(about={"equity": None, "peak": None, "drawdown": None}))
    assert "on 500.00" not in made
    assert '<div class="value">-</div><div class="more">USD</div>' in made


def test_a_drawdown_of_nothing_is_drawn_at_the_top() -> None:
    """The axis goes down from zero, also where nothing was lost."""
    assert curve(0.0, 0.0)["yAxis"][1]["min"] == -1
    assert "min" not in curve(0.0, 0.02)["yAxis"][1]
