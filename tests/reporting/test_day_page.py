"""A run's report as one page: all of it, nothing from outside, and honest where there is nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.reporting.test_daily import EMPTY, FULL
from tests.reporting.test_tear_sheet import Reader
from tradeworthy.core.errors import UsageError
from tradeworthy.reporting.benchmarks import compare
from tradeworthy.reporting.curves import ClosedTrade
from tradeworthy.reporting.daily import benchmark_text, json_text
from tradeworthy.reporting.day_page import page, write_page
from tradeworthy.reporting.day_report import Report, exposure, performance

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
ABOUT: dict[str, Any] = {
    "run": "breakout-1", "mode": "paper", "currency": "USDT", "seed": 7, "decision_hash": "abc",
    "feed": {"feed": "recorded", "files": ["<bars>"]}, "configuration": {"name": "breakout"},
}  # fmt: skip
UNMARKED = dict.fromkeys(("first_equity", "last_equity", "max_drawdown", "drawdown"))
MARKED = {"first_equity": Decimal(100), "last_equity": Decimal(108), "max_drawdown": 0.1, "drawdown": 0.02}
NOTHING = Report(EMPTY | {"runs": ["breakout-1"]}, ABOUT, UNMARKED, [], [], [], [], [], [], [], [], [])


def at(hours: float) -> datetime:
    """So many hours after the begin."""
    return BEGIN + timedelta(hours=hours)


def trade(pnl: str, title: str | None = None) -> dict[str, Any]:
    """A closed trade's row."""
    return {
        "title": title, "outcome": "YES", "instrument": "BTC", "strategy": "breakout", "side": "buy",
        "quantity": Decimal("0.500"), "entry_price": Decimal("100.123456789"), "exit_price": Decimal(110),
        "cost": Decimal(50), "fees": Decimal("0.1"), "pnl": Decimal(pnl), "reason": "held",
        "opened_at": at(1), "closed_at": at(3),
    }  # fmt: skip


def day(number: int, pnl: str, equity: str | None) -> dict[str, Any]:
    """A day's row."""
    told = {"day": date(2025, 1, 1 + number), "trades": 2, "wins": 1, "losses": 1}
    return {**told, "pnl": Decimal(pnl), "fees": Decimal(1), "equity": equity and Decimal(equity)}


def full() -> Report:
    """A report with everything in it."""
    curve = [(at(12 * half).timestamp(), 100.0 + half) for half in range(9)]
    posture = {
        "created_at": at(5),
        "before": "APEX",
        "posture": "TURTLE",
        "rm": 0.4,
        "reason": "falls",
        "categories": {"hard": 0.0, "capital": 0.6},
    }
    halt = {
        "created_at": at(6),
        "released_at": None,
        "desk": "",
        "rule": "operator",
        "by": "anna",
        "reason": "looks <odd>",
        "released_by": None,
    }
    strategies = [
        {
            "strategy": "breakout",
            "trades": 2,
            "wins": 1,
            "losses": 1,
            "pnl": Decimal("4.2"),
            "fees": Decimal(1),
        }
        | {"best": Decimal(9), "worst": Decimal("-4.8")}
    ]
    gaps = EMPTY["opportunities"] | {"not_traded": [{"reason": "too_thin", "count": 3}]}
    gaps["by_method"] = [
        {"method": "O1", "detected": 9, "survived": 8, "vanished": 3, "p50_ms": 700.0, "p90_ms": None}
    ]
    closed = [
        ClosedTrade("breakout", "BTC", "buy", pnl, 0.1, 50.0, at(1).timestamp(), at(3).timestamp(), "held")
        for pnl in (9.0, -4.8)
    ]
    beside = replace(compare("an <index>", curve, curve), caveats=("It says little.",))
    return Report(
        FULL | {"opportunities": gaps, "runs": ["breakout-1", "breakout-0"]},
        ABOUT,
        MARKED,
        [day(0, "9", "109"), day(1, "-4.8", "104"), day(2, "0", None), day(3, "3.8", "108")],
        strategies,
        wins=[trade("9", "Will it <rain>?")],
        losses=[trade("-4.8")],
        held=[trade("0") | {"closed_at": None, "pnl": None}],
        trades=closed,
        equity=curve,
        postures=[posture],
        halts=[halt],
        ended={"packets": 9, "digest": "d16e57", "fingerprint": "f1"},
        assumptions=[("fills", "at the <open>")],
        comparisons=[beside],
    )


def test_a_page_has_all_its_parts_and_every_tag_is_closed() -> None:
    """From the headline to what is needed to replay the run."""
    reader = Reader()
    reader.feed(page(full()))
    assert reader.open == []
    assert reader.heads == [
        *("Tradeworthy - Daily Summary", "Read this first", "Equity", "Drawdown", "Beside an <index>"),
        *("P&L by day", "By strategy", "By kind", "Largest wins", "Largest losses", "Open positions"),
        *("Why trades ended", "Instruments", "How 17 candidates ended", "Refused by risk, by rule"),
        *("Gaps that were not traded", "How long gaps lived", "Posture changes", "Halts"),
        *("What was assumed", "Which run this is"),
    ]


def test_nothing_is_asked_of_the_outside() -> None:
    """One file, no script; it is light, dark, narrow or on paper as its reader is."""
    text = page(full())
    assert not re.search(r"https?:|src=|href=|@import|url\(|<script", text)
    for word in ("prefers-color-scheme: dark", "@media print", "max-width: 700px", 'name="viewport"'):
        assert word in text


def test_names_are_text_and_never_markup() -> None:
    """A market's question, a person's reason, a benchmark's name."""
    text = page(full())
    for name in (
        "Will it &lt;rain&gt;? (YES)",
        "looks &lt;odd&gt;",
        "an &lt;index&gt;",
        "at the &lt;open&gt;",
        "&lt;bars&gt;",
    ):
        assert name in text
    assert not re.search("<(rain|odd|index|bars)>", text)


def test_a_run_without_anything_says_so() -> None:
    """Empty states say why, and nothing is made up."""
    reader = Reader()
    text = page(NOTHING)
    reader.feed(text)
    assert reader.open == []
    for words in (
        "never marked",
        "there is no curve",
        "Nothing is held",
        "No candidate was opened",
        "not finished",
    ):
        assert words in text


def test_a_sharpe_ratio_stands_beside_its_standard_error() -> None:
    """And the page says how little a few days say."""
    found = full().performance
    assert found["days"] == 3
    assert found["sharpe_error"] > 5
    text = page(full())
    assert f"&plusmn; {found['sharpe_error']:.1f} (one standard error): 3 days say next to nothing" in text
    assert "3 days are a short history" in text


def test_the_account_s_figures_by_hand() -> None:
    """Days without a mark are no days; without marks nothing is known."""
    found = performance(MARKED, full().days)
    assert found["return"] == pytest.approx(0.08)
    assert (found["max_drawdown"], found["drawdown"]) == (0.1, 0.02)
    assert performance(UNMARKED, []) | {"days": 0} == dict.fromkeys(
        ("first_equity", "last_equity", "return", "max_drawdown", "drawdown", "sharpe", "sharpe_error")
    ) | {"days": 0}


def test_exposure_is_what_was_held_over_the_time() -> None:
    """Half the equity for half the time is a quarter; what is open counts to the end, what was before does not."""
    curve = [(0.0, 100.0), (100.0, 100.0)]
    held = ClosedTrade("d", "BTC", "buy", 1.0, 0.0, 50.0, -50.0, 50.0, "held")
    assert exposure([held], [], curve) == pytest.approx(0.25)
    opened = {"cost": Decimal(50), "opened_at": datetime.fromtimestamp(75, UTC)}
    assert exposure([], [opened], curve) == pytest.approx(0.125)
    assert exposure([held], [], curve[:1]) is None


def test_a_halt_in_force_and_a_made_up_market_stand_at_the_top() -> None:
    """Before the figures that they are about."""
    text = page(full())
    assert text.index("Entries of all desks are halted by operator since 2025-01-01 06:00") < text.index(
        "realised"
    )
    made_up = replace(full(), about=ABOUT | {"feed": {"feed": "simulator"}})
    assert "The market was made up by a simulator" in page(made_up)


def test_json_has_what_the_page_has() -> None:
    """The same figures, money exact; the keys of the summary stay as they are."""
    read = json.loads(json_text(full().figures()), parse_float=Decimal)
    assert set(FULL) < set(read)
    assert read["performance"]["last_equity"] == 108
    assert [row["pnl"] for row in read["by_day"]] == [9, Decimal("-4.8"), 0, Decimal("3.8")]
    assert read["benchmarks"][0]["name"] == "an <index>"
    assert read["benchmarks"][0]["difference"] == 0
    assert read["identity"]["parents"] == ["breakout-0"]
    assert (read["identity"]["finished"], read["identity"]["digest"]) == (True, "d16e57")
    assert json.loads(json_text(NOTHING.figures()))["performance"]["sharpe"] is None


def test_the_text_ends_with_the_benchmark() -> None:
    """Its figures in columns, and under them what they do not say."""
    curve = [(at(hours).timestamp(), 100.0 + hours) for hours in (0, 1, 2)]
    found = replace(compare("an index", curve, curve), caveats=("It says little.",))
    assert (
        benchmark_text([found], "No bars.")
        == """
BENCHMARK
              Return  Drawdown  Volatility
  This run    +2.00%     0.00%           -
  an index    +2.00%     0.00%           -
  Difference  +0.00%
  - It says little.
  No bars.
"""
    )


def test_a_file_that_can_not_be_written_is_the_user_s_mistake(tmp_path: Path) -> None:
    """A11: one line that names it."""
    write_page(tmp_path / "day.html", NOTHING)
    assert (tmp_path / "day.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(UsageError, match=r"--html .* can't be written: Is a directory"):
        write_page(tmp_path, NOTHING)
