"""The tear sheet: one page, nothing from outside, honest about what it rests on."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tradeworthy.core.errors import Retryable
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.instruments import FeeCurve, Instrument
from tradeworthy.reporting.assumptions import assumptions_of
from tradeworthy.reporting.caveats import caveats
from tradeworthy.reporting.curves import ClosedTrade, DayRow
from tradeworthy.reporting.metrics import sharpe_error
from tradeworthy.reporting.tear_sheet import Sheet, page, write_tear_sheet

BTC = Instrument("BTC", "v", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.0005"), Decimal("0.0002"))
FIRST_S = 1_738_195_200.0  # 2025-01-30
FIGURES: dict[str, Any] = {
    "run": "r-1", "currency": "USDT", "period": {"from": "2025-01-30T00:00:00Z", "to": "2025-03-11T00:00:00Z"},
    "roi": 0.01, "sharpe": 1.5, "days": 40, "max_drawdown": 0.02, "win_rate": 0.5, "wins": 20, "losses": 20,
    "profit_factor": 1.1, "fees": 40.0, "realized_pnl": 100.0,
    "verdicts": [{"outcome": "SKIPPED", "reason": "<quiet>", "count": 3}],
}  # fmt: skip


def trades(pnls: list[float]) -> list[ClosedTrade]:
    """One trade a day."""
    return [
        ClosedTrade(
            *("one", "BTC", "buy" if number % 2 else "sell", pnl, 1.0, 500.0),
            *(FIRST_S + number * 86_400.0, FIRST_S + (number + 0.5) * 86_400.0, "held"),
        )
        for number, pnl in enumerate(pnls)
    ]


def days(count: int) -> list[DayRow]:
    """Days that each make 2.5."""
    return [
        DayRow(date(2025, 1, 30) + timedelta(days=number), 10_000 + 2.5 * (number + 1), 2.5)
        for number in range(count)
    ]


def sheet(pnls: list[float], **figures: Any) -> Sheet:
    """A sheet of so many trades on 40 days."""
    assumed = assumptions_of(PaperVenueSettings(), [BTC], feed="recorded", seed=7)
    return Sheet("a & b", FIGURES | figures, trades(pnls), days(40), assumed)


class Reader(HTMLParser):
    """The tags of a page in order, and whether each is closed by its own."""

    EMPTY = ("meta", "line", "path", "rect", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.heads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """The innermost tag closes."""
        if tag not in self.EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text of a heading is kept."""
        if self.open and self.open[-1] in {"h1", "h2"}:
            self.heads.append(data)


def test_a_sheet_has_all_its_parts_and_every_tag_is_closed() -> None:
    """Equity, drawdown, exposure, months, exits, instruments, rolling figures, assumptions."""
    reader = Reader()
    reader.feed(page(sheet([5.0, -2.5] * 20)))
    assert reader.open == []
    assert reader.heads == [
        *("a & b", "Read this first", "Equity", "Drawdown", "Exposure", "Months", "Why trades ended"),
        *("Instruments", "Sides", "Sharpe of the last 13 days", "Win rate of the last 10 trades"),
        *("How candidates ended", "What was assumed"),
    ]


def test_nothing_is_asked_of_the_outside() -> None:
    """One file, no script: it reads the same on a machine without a network."""
    text = page(sheet([5.0, -2.5] * 20))
    assert not re.search(r"https?:|src=|href=|@import|url\(|<script", text)


def test_names_are_text_and_never_markup() -> None:
    """A reason or a title with brackets shows them."""
    text = page(sheet([1.0]))
    assert "&lt;quiet&gt;" in text
    assert "<quiet>" not in text
    assert "<title>a &amp; b - backtest</title>" in text


def test_a_backtest_without_trades_says_so() -> None:
    """It still lists what was assumed, and why candidates ended."""
    none = {"sharpe": None, "profit_factor": None, "roi": 0.0}
    reader = Reader()
    text = page(sheet([], **none))
    reader.feed(text)
    assert "No trade was closed" in text
    assert reader.heads == ["a & b", "How candidates ended", "What was assumed"]
    assert page(Sheet("empty", {"run": "r-1"}, [], [], []))


def test_few_trades_and_a_short_history_are_told() -> None:
    """The Sharpe ratio stands beside its standard error."""
    said = list(caveats(FIGURES, trades([5.0, -2.5] * 20), days(40)))
    assert any("Only 40 trades" in one for one in said)
    assert any("40 days are a short history" in one and "-4.6 or 7.6" in one for one in said)
    assert sharpe_error(1.5, 40) == pytest.approx(3.025, abs=0.001)


@pytest.mark.parametrize(
    ("pnls", "words"),
    [
        ([-0.5] * 100, "fees of 100.00 turn that into a loss"),
        ([0.5] * 100, "more than the profit of 50.00"),
        ([80.0] + [-0.1] * 99, "Without the best trade there is no profit"),
        ([80.0] * 2 + [-0.1] * 198, "Without the best 2 trades (1 %)"),
    ],
)
def test_costs_and_luck_are_named(pnls: list[float], words: str) -> None:
    """What a little worse fills, or one trade less, would leave."""
    assert any(words in one for one in caveats({}, trades(pnls), days(400)))


def test_made_up_books_and_open_trades_are_named() -> None:
    """Also without a closed trade."""
    said = list(caveats({"books": "simulated", "open_trades": 1}, [], []))
    assert ["simulated" in said[0], "1 trade is still open" in said[1]] == [True, True]


def test_assumptions_follow_the_settings() -> None:
    """Each venue says how it fills, and a schedule of fees is told once for all that have it."""
    drawn = PaperVenueSettings(fills="maker_draw", participation=0.1)
    steps, free = Decimal("0.01"), Decimal(0)
    other = Instrument("UP", "p", "USDT", steps, steps, free, free, fee_curve=FeeCurve(Decimal("0.25")))
    said = dict(assumptions_of(drawn, [BTC, other], feed="simulator", seed=7))
    assert "take 1 bp beyond it" in said["fills"]
    assert said["size"].startswith("up to 10%")
    assert said["fees"] == (
        "taker 0.05 %, maker 0.02 % of the notional (BTC); taker by the venue's curve at rate 0.25, maker free (UP)"
    )
    assert said["prices"].startswith("made up")
    assert said["draws"] == "by seed 7: another seed fills other orders as maker"
    assert said["margin"].startswith("none")
    geared = dict(assumptions_of(drawn, [BTC], feed="recorded", seed=7, leverage=Decimal(10)))
    assert "up to 10 times the equity" in geared["margin"]
    book = dict(
        assumptions_of(
            PaperVenueSettings(matcher="book", latency_ms=50, latency_p99_ms=80), [], feed="recorded", seed=7
        )
    )
    assert "log-normal, median 50 ms" in book["latency"]
    assert "visible book" in book["fills"]
    assert "its venue" in book["fees"]


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    """One line, and the next step."""
    with pytest.raises(Retryable, match=r"Can't write .*tear_sheet\.html"):
        write_tear_sheet(tmp_path, "none", [])
