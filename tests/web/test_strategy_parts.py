"""Strategies: their figures as they are, a dash or a word where there is none, and why a desk did not trade."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tradeworthy.web.dashboard.theme import DARK, base_options
from tradeworthy.web.pages.strategies.charts import curves_options, shares_over_time
from tradeworthy.web.pages.strategies.parts import about_desk, strategies_table, why_not

START, END = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
BASE = base_options(DARK, "chart")


def row(**more: Any) -> dict[str, Any]:
    """A row of StrategyListings.table."""
    return {
        "strategy": "oracle-sniper",
        "desk": "arbitrage",
        "pnl": Decimal("12.5"),
        "fees": Decimal(1),
        "trades": 4,
        "open_trades": 1,
        "wins": 3,
        "losses": 0,
        "win_rate": 1.0,
        "largest_win": Decimal(9),
        "largest_loss": None,
        "average": Decimal(3),
        "profit_factor": None,
        "candidates": 10,
        "filled": 5,
        "share": 0.5,
        "is_shared": True,
        **more,
    }


def test_a_strategy_leads_to_its_trades() -> None:
    """A7: with its exact P&L for programs."""
    made = strategies_table([row()], "run-1")
    assert 'href="/trades?strategy=oracle-sniper&amp;run=run-1"' in made
    assert 'data-strategy="oracle-sniper" data-value="12.5"' in made


def test_what_cannot_be_divided_is_said_in_words() -> None:
    """No loss yet is no profit factor of infinity; no trade is a dash."""
    assert "no loss" in strategies_table([row()], "")
    assert "no loss" not in strategies_table([row(wins=0, win_rate=None)], "")
    assert ">2.50<" in strategies_table([row(profit_factor=2.5)], "")


def test_an_allocation_is_a_share_or_fixed_or_none() -> None:
    """Fixed where no allocator shares the desk's capital, none where it gives this one nothing."""
    assert "width:50.0%" in strategies_table([row()], "")
    assert ">none<" in strategies_table([row(share=None)], "")
    assert ">fixed<" in strategies_table([row(share=None, is_shared=False)], "")


def test_settings_are_told_flat_and_escaped() -> None:
    """Nested ones by their path, lists of tables by their number."""
    desk = {
        "name": "mine",
        "kind": "",
        "timeframe": "1m",
        "instruments": [f"I{number}" for number in range(12)],
        "share": "0.25",
        "settings": {"edge": 0.02, "regime": {"instrument": "<b>"}, "tokens": [{"a": 1}, {"a": 2}]},
    }
    made = about_desk(desk)
    assert "I7 and 4 more" in made
    assert "25%" in made
    assert "<code>regime.instrument</code>" in made
    assert "&lt;b&gt;" in made
    assert "2 entries" in made
    assert "details" not in about_desk({"name": "bare"})


def test_why_it_did_not_trade_is_told_of_both_hours() -> None:
    """The present one as the session counts it, the last one as it is on record; fills are no reason."""
    hour = {
        "from": START,
        "to": END,
        "turns": [{"reason": "no_edge", "turns": 70}],
        "verdicts": [
            {"outcome": "FILLED", "reason": "filled", "count": 1},
            {"outcome": "REJECTED", "reason": "position_limit", "count": 2},
        ],
    }
    counting = {"from_ts": round(END.timestamp() * 1e9), "turns": {"arbitrage": {"one_sided": 5}}}
    made = why_not("arbitrage", hour, counting)
    for words in ("this hour", "one sided", "last hour on record", "no edge", "position limit"):
        assert words in made
    assert ">filled<" not in made
    assert "this hour" not in why_not("another", hour, counting)
    assert "No turn was counted" in why_not("arbitrage", {**hour, "turns": [], "verdicts": []}, {})


def test_curves_begin_at_nothing_and_reach_the_last_event() -> None:
    """Each strategy's line ends at its total; lines differ by their dashes too."""
    rows = [
        {"strategy": name, "created_at": START.replace(hour=hour), "pnl": Decimal(hour)}
        for name, hour in (("a", 1), ("a", 3), ("b", 2))
    ]
    made = curves_options(BASE, rows, (START, END), DARK)
    assert made is not None
    first, second = made["series"]
    assert [value for _, value in first["data"]] == [0.0, 1.0, 3.0, 3.0]
    assert second["data"][-1] == [round(END.timestamp() * 1000), 2.0]
    assert first["lineStyle"]["type"] != second["lineStyle"]["type"]
    assert curves_options(BASE, [], (START, END), DARK) is None


def test_shares_are_per_cent_until_the_last_event() -> None:
    """An allocation holds until the next one."""
    rows = [{"strategy": "a", "created_at": START, "share": 0.375}]
    made = shares_over_time(BASE, rows, (START, END), DARK)
    assert made is not None
    (line,) = made["series"]
    assert line["data"] == [[round(at.timestamp() * 1000), 37.5] for at in (START, END)]
    assert shares_over_time(BASE, [], (None, None), DARK) is None
