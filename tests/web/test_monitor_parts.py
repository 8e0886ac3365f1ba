"""The Pilot Monitor's parts: the same totals as the report, honest about what is not known, and nothing unescaped."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.web.test_candle_options import START
from tradeworthy.runtime.pulse import LIVE, QUIET, STOPPED, Pulse
from tradeworthy.web.dashboard.frame import tile
from tradeworthy.web.dashboard.markup import Html
from tradeworthy.web.dashboard.theme import DARK, base_options
from tradeworthy.web.pages.pilot.charts import edges_options, pnl_options, spark_points
from tradeworthy.web.pages.pilot.parts import (
    Rate,
    Spark,
    absent,
    flow,
    markets,
    oracles,
    positions,
    pulse_words,
    spark_of,
    tiles,
    token_rows,
)

BASE = base_options(DARK, "chart")
SUMMARY: dict[str, Any] = {
    "wins": 3,
    "losses": 1,
    "win_rate": 0.75,
    "realized_pnl": Decimal("-12.345"),
    "unrealized_pnl": Decimal("1.5"),
    "currency": "USD",
    "open_trades": 2,
    "closed_trades": 5,
    "total_trades": 7,
    "candidates": 1_234,
    "fills": 9,
    "today": {"day": date(2026, 5, 1), "trades": 4, "pnl": Decimal(0)},
}


def test_the_tiles_carry_the_reports_exact_figures() -> None:
    """A7: what a program reads is exact, what people read is rounded."""
    made = tiles(SUMMARY)
    for mark, value in (
        ("realised-pnl", "-12.345"),
        ("trades-today", "4"),
        ("win-rate", "0.75"),
        ("open-positions", "2"),
        ("total-trades", "7"),
        ("candidates", "1234"),
    ):
        assert f'data-figure="{mark}" data-value="{value}"' in made
    assert "3 of 4 decided" in made


def test_nothing_decided_is_no_win_rate() -> None:
    """0 of 0 is a dash, not 0 %."""
    made = tiles({**SUMMARY, "wins": 0, "losses": 0, "win_rate": 0.0})
    assert tile("Win rate", Html("-"), "0 of 0 decided", mark="win-rate", plain=0.0) in made


def test_the_rate_is_over_the_last_answers() -> None:
    """None until there are two; another run, or one that began anew, starts again."""
    rate = Rate()
    assert rate.a_second() is None
    rate.add("run-1", 100, 1.0)
    assert rate.a_second() is None
    rate.add("run-1", 300, 3.0)
    assert rate.a_second() == 100.0
    for number in range(20):
        rate.add("run-1", 300 + 10 * number, 4.0 + number)
    assert rate.a_second() == 10.0
    rate.add("run-2", 5_000, 30.0)
    assert rate.a_second() is None
    rate.add("run-2", 10, 31.0)
    assert rate.a_second() is None


@pytest.mark.parametrize(("state", "said"), [(LIVE, "Live"), (QUIET, "Quiet"), (STOPPED, "Stopped")])
def test_the_dot_is_told_in_words_too(state: str, said: str) -> None:
    """Never by colour alone."""
    assert pulse_words(Pulse(state, 1.0)) == said


def test_a_stopped_session_has_no_rate_and_no_time_of_its_own() -> None:
    """A dash stands for what nobody says."""
    made = flow(Pulse(STOPPED, 75.0), None, {"answers": False})
    assert '<div data-figure="packets-a-second"><b>-</b>' in made
    assert "1 min 15 s" in made
    assert "session-time" not in made


def test_oracles_are_told_live_or_as_last_heard() -> None:
    """The session's own price comes first; without one the journal's last."""
    spark = Spark("BTC", [100.0, 105.0, 110.0], 120.0)
    live = oracles([spark], {"BTC": {"price": 120.0, "age_ms": 9_000, "volatility": 0.5}}, "")
    assert '<span data-oracle="BTC">120.00</span>' in live
    assert "+20.00" in live
    assert "% in 2 min" in live
    assert 'class="pill warn">9000 ms old' in live
    past = oracles([spark], {}, "run-1")
    assert '<span data-oracle="BTC">110.00</span>' in past
    assert "as last heard" in past
    assert 'href="/trades?instrument=BTC&amp;run=run-1"' in past
    assert oracles([], {}, "") == ""


def test_a_price_s_change_is_over_the_time_that_is_known_an_hour_at_most() -> None:
    """A hole or a young session makes no hour; one price alone has no change."""
    hours = [(0.0, 90.0), *((7_200.0 + 60 * minute, 100.0 + minute) for minute in range(61))]
    assert spark_of("BTC", hours) == Spark("BTC", [100.0 + minute for minute in range(61)], 3_600.0)
    assert spark_of("BTC", hours[:2]) == Spark("BTC", [100.0])
    assert "% in" not in oracles([spark_of("BTC", hours[:1])], {}, "")
    assert spark_of("BTC", []) == Spark("BTC", [])


def test_markets_and_rows_are_counted_in_a_grid() -> None:
    """By state, and by status and timeframe in the order of their length."""
    made = markets(
        [{"about": "BTC", "status": "open", "count": 3}, {"about": "ETH", "status": "closed", "count": 1}]
    )
    assert made.count("<tr>") == 3
    rows = [
        {"status": "active", "timeframe": timeframe, "stage": "S3", "count": 2}
        for timeframe in ("4h", "1m", "15m")
    ]
    grid = token_rows(rows)
    assert grid.index(">1m<") < grid.index(">15m<") < grid.index(">4h<")
    assert "S3 \N{MULTIPLICATION SIGN} 2" in grid


def test_what_a_run_does_not_have_is_said() -> None:
    """A sentence with the reason; nothing to say of a pilot."""
    assert absent(["arbitrage"]) == ""
    assert "only the arbitrage desk has them" in absent(["uptrend"])
    assert "rules of people" in absent([])


def test_positions_escape_their_titles() -> None:
    """A market's title is other people's text."""
    row = {
        "title": "<b>x</b>",
        "instrument": "i",
        "seq": 1,
        "run": "r",
        "strategy": "s",
        "desk": "d",
        "outcome": None,
        "opened_at": START,
        "quantity": Decimal(1),
        "entry_price": None,
        "cost": None,
    }
    assert "<b>x" not in positions([row])


def test_the_pnl_line_is_after_fees_and_from_the_capital() -> None:
    """Realised less fees, and equity less what was paid in; one mark is no line."""
    rows = [
        {"created_at": START, "equity": Decimal(500), "realised": Decimal(0), "fees": Decimal(0)},
        {"created_at": START, "equity": Decimal(507), "realised": Decimal(9), "fees": Decimal("2.5")},
    ]
    made = pnl_options(BASE, rows, Decimal(500), DARK)
    assert made is not None
    marked, realised = made["series"]
    assert [value for _, value in marked["data"]] == [0.0, 7.0]
    assert [value for _, value in realised["data"]] == [0.0, 6.5]
    assert pnl_options(BASE, rows[:1], Decimal(500), DARK) is None


def test_edges_have_a_bar_for_every_step() -> None:
    """Also for steps without any, so that the picture is to scale."""
    rows = [
        {"bucket": 2, "found": 5, "traded": 1, "least": 0.02, "is_last": False},
        {"bucket": 4, "found": 2, "traded": 0, "least": 0.04, "is_last": True},
    ]
    made = edges_options(BASE, rows, DARK)
    assert made is not None
    assert made["xAxis"]["data"] == ["0 %", "1 %", "2 %", "3 %", "4 % +"]
    assert [one["data"] for one in made["series"]] == [[None, None, 1, None, None], [None, None, 4, None, 2]]
    assert edges_options(BASE, [], DARK) is None


def test_a_spark_goes_from_edge_to_edge() -> None:
    """One price is no line; prices that don't move are a flat one."""
    assert spark_points([1.0]) == ""
    assert spark_points([1.0, 2.0]) == "0.0,22.0 96.0,2.0"
    assert spark_points([1.0, 1.0]) == "0.0,22.0 96.0,22.0"
