"""The live view and the progress line, as a terminal would show them."""

from typing import Any

import pytest
from rich.console import Console

from tradeworthy.cli.live_view import Screen, table_of, verdicts_text, watching
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


def drawn(picture: Any, width: int = 100) -> str:
    """What a terminal of that width shows."""
    console = Console(width=width, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(picture)
    return capture.get()


@pytest.mark.parametrize("width", [40, 100])
def test_an_overview_is_drawn_whole(width: int) -> None:
    """Names are taken as they are, not as markup, and a narrow terminal loses nothing."""
    text = "".join(drawn(table_of(SEEN), width).split())
    for part in ("paperrunbreakout-1", "10,001.50", "BTC[x]1,001.50", "FILLEDfilled1", "bydrawdown", "1,234"):
        assert part in text


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
