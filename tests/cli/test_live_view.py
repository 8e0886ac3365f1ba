"""The live view and the progress line, as a terminal would show them."""

from typing import Any

import pytest
from rich.console import Console

from tradeworthy.cli.live_view import Screen, price, table_of, verdicts_text, watching
from tradeworthy.cli.logs import LINES
from tradeworthy.cli.progress import progressing

SEEN: dict[str, Any] = {
    "run": "breakout-1",
    "mode": "paper",
    "progress": 0.25,
    "session_time": "2025-05-04T16:00:00Z",
    "inputs": 1234,
    "equity": "10001.50",
    "cash": "9000.00",
    "open_positions": [{"position": "BTC[x]", "value": "1001.50"}],
    "candidates": 3,
    "open_candidates": 1,
    "verdicts": {"FILLED": {"filled": 1}, "SKIPPED": {"already_long": 1}},
    "trades_closed": 0,
    "trades_won": 0,
    "realised_pnl": "0.00",
    "halted": "drawdown",
    "faults": 2,
}


def drawn(picture: Any, width: int = 100, height: int = 50) -> str:
    """What a terminal of that size shows."""
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(picture)
    return capture.get()


@pytest.mark.parametrize("width", [40, 100])
def test_an_overview_is_drawn_whole(width: int) -> None:
    """Names are taken as they are, not as markup, and a narrow terminal loses nothing."""
    text = "".join(drawn(table_of(SEEN), width).split())
    for part in ("paperrunbreakout-1", "10,001.50", "BTC[x]1,001.50", "FILLEDfilled1", "bydrawdown", "1,234"):
        assert part in text


PILOT_SEEN: dict[str, Any] = {
    **SEEN,
    "face": "pilot",
    "parts": [
        {
            "agent": "venue-watcher-polymarket",
            "state": "waiting",
            "halted": "",
            "faults": 0,
            "admitted": 1234,
        },
        {"agent": "risk-guardian", "state": "running", "halted": "", "faults": 0},
        {"agent": "oracle-sniper", "state": "halted", "halted": "faults", "faults": 3},
    ],
    "prices": {"BTC": {"price": 97500.25, "age_ms": 500, "volatility": 0.5}},
    "markets": {"open": 38, "disputed": 1},
    "verdicts": {
        "FILLED": {"filled": 2},
        "SKIPPED": {"not_exclusive": 3},
        "REJECTED": {f"rule_{number}": number for number in range(1, 12)},
    },
    "open_positions": [
        {
            "desk": "arbitrage",
            "position": f"oracle-sniper@polymarket:0x{'f' * 64}{number}:YES",
            "quantity": "11.74",
            "cost": "9.979",
            "value": "9.74",
        }
        for number in range(8)
    ],
}


def test_the_pilot_is_drawn_within_a_hundred_columns() -> None:
    """Agents with their state, prices, verdicts, refusals by rule, positions at the bid: no word is cut."""
    text = drawn(table_of(PILOT_SEEN))
    assert max(map(len, text.splitlines())) <= 100
    for part in (
        *(
            "● venue-watcher-polymarket waiting, 1,234 admitted",
            "● oracle-sniper halted by faults, 3 packets",
        ),
        *("BTC 97,500.25 (volatility 50%, 0.5 s old)", "38 open, 1 disputed", "SKIPPED 3 not_exclusive 3"),
        *("66 rule_11 11, rule_10 10", "and 3 more", "ff0:YES 11.74 at 9.98, bid 9.74"),
        "and 2 more",
    ):
        assert part in " ".join(text.replace("│", " ").split()), part


def test_a_pilot_that_has_just_begun_has_nothing_to_show_yet() -> None:
    """Empty states say so."""
    empty = {**PILOT_SEEN, "prices": {}, "markets": {}, "verdicts": {}, "open_positions": []}
    text = " ".join(drawn(table_of(empty)).replace("│", " ").split())
    for part in ("prices none yet", "markets none yet", "open none", "verdicts none yet", "refusals none"):
        assert part in text


def test_on_a_short_terminal_agents_give_way_to_the_money() -> None:
    """80 columns and 24 lines show trades and P&L, which stand last; who does not run is still named."""
    screen = Screen("paper pilot")
    agents = [{"agent": f"agent-{n}", "state": "running", "halted": "", "faults": 0} for n in range(6)]
    verdicts = {"FILLED": {"filled": 2}, "SKIPPED": {"not_exclusive": 3}, "CANCELLED": {"no_liquidity": 1}}
    prices = dict.fromkeys(("BTC", "ETH", "SOL"), PILOT_SEEN["prices"]["BTC"])
    seen = {**PILOT_SEEN, "parts": [*agents, PILOT_SEEN["parts"][2]], "verdicts": verdicts, "prices": prices}
    screen.show({**seen, "open_positions": seen["open_positions"][:2], "halted": "", "faults": 0})
    text = drawn(screen, width=80, height=24)
    assert len(text.splitlines()) <= 24
    assert "P&L 0.00" in text
    assert "6 of 7 running" in text
    assert "oracle-sniper halted by faults, 3 packets withheld" in text
    assert "agent-5" in drawn(screen, height=50)


def test_without_an_end_there_is_no_progress_bar() -> None:
    """A run that goes on for ever has no share done."""
    assert "progress" in drawn(table_of(SEEN))
    assert "progress" not in drawn(table_of({**SEEN, "progress": None}))


def test_before_the_first_overview_the_session_is_starting() -> None:
    """Servers take a moment, and the screen says so."""
    screen = Screen("paper breakout")
    assert "paper breakout: starting" in drawn(screen)
    screen.show(SEEN)
    assert "starting" not in drawn(screen)


def test_a_price_below_one_is_not_rounded_away() -> None:
    """A6: tokens cost fractions of a cent."""
    assert [price(one) for one in (96_120.5, 2.345, 0.28314, 0.0000123456)] == [
        *("96,120.50", "2.35", "0.28314", "1.23456e-05")
    ]


def test_the_most_frequent_verdicts_come_first() -> None:
    """A short list of the many reasons there may be."""
    reasons = {f"rule_{number}": number for number in range(1, 10)}
    lines = verdicts_text({"REJECTED": reasons}).splitlines()
    assert lines[0] == "REJECTED rule_9 9"
    assert len(lines) < len(reasons)


def test_log_lines_are_whole_while_the_view_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A long line is not broken, and nothing of it is read as markup."""
    line = "2026-11-21T12:13:47Z [info     ] session_started " + "x" * 200
    with watching("paper breakout", shown=True) as watch:
        assert watch is not None
        watch(SEEN)
        LINES.info(line)
    assert line in capsys.readouterr().err


def test_without_a_terminal_nothing_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    """Log lines say it all."""
    with watching("paper breakout", shown=False) as watch:
        assert watch is None
    with progressing("replaying", shown=False) as advance:
        advance(1, "inputs")
    assert capsys.readouterr().err == ""


def test_progress_counts_and_is_gone_when_the_work_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    """The line is for the wait alone; log lines stay."""
    with progressing("replaying", shown=True) as advance:
        advance(20_000, "inputs")
        LINES.info("a [line]")
    assert "a [line]" in capsys.readouterr().err
