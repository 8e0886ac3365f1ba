"""demo: all of it on embedded defaults."""

import re

from tests.cli.command_line import Said, call
from tests.cli.conftest import run_of


def test_the_demo_ends_with_report_replay_and_closing_line(shown: Said) -> None:
    """A1, A6, P1: real servers, ten minutes of the pilot, its report, and a replay that equals it."""
    assert shown.code == 0
    assert "PM Arbitrage - Daily Summary" in shown.lines
    packets = re.search(r"^replay: (\d+) packets, digest equal$", shown.out, re.MULTILINE)
    closing = re.fullmatch(
        r"run_finished run=(\S+) packets=(\d+) digest=[0-9a-f]{64} fingerprint=[0-9a-f]{32}", shown.lines[-1]
    )
    assert packets
    assert closing
    assert packets[1] == closing[2]
    assert closing[1] == run_of(shown)


def test_the_demo_says_what_became_of_its_candidates(shown: Said) -> None:
    """Candidates, verdicts by reason and fills are printed."""
    assert re.search(r"^candidates: \d+ \(0 open\)$", shown.out, re.MULTILINE)
    assert re.search(r"^  FILLED +filled +\d+$", shown.out, re.MULTILINE)
    assert re.search(r"^orders: [1-9]\d*  fills: [1-9]\d*  open positions: \d+$", shown.out, re.MULTILINE)


def test_a_pilot_logs_its_life(shown: Said) -> None:
    """A8: start, each part, and an end in good order, in lines that are not quoted."""
    events = [line.split()[3] for line in re.sub(r"\[(\w+) *\]", r"[ \1", shown.err).splitlines()]
    assert events[:2] == ["services_ready", "pid_file_written"]
    assert events.count("agent_started") == events.count("agent_stopped") == 7
    assert [event for event in events if event.startswith("pilot_")] == [
        "pilot_starting",
        "pilot_started",
        "pilot_stopping",
        "pilot_shutdown_complete",
    ]


def test_a_trade_of_the_demo_is_traced_in_shares_and_prices(shown: Said, demo_run: str) -> None:
    """P2: from the book or the price that showed the gap to the fill, in the token's own units."""
    executed = re.search(r"paper_trade_executed .*id=(\d+)\.\d", shown.err)
    assert executed
    said = call("trace", executed[1], "--run", demo_run)
    book = r"BookChanged polymarket:\S+ bid [\d.]+ at 0\.\d+ ask [\d.]+ at 0\.\d+"
    assert re.search(rf"{book}|PriceObserved instrument=", said.out)
    assert re.search(r"OpportunityDetected oracle_lag O\d buy [\d.]+ at 0\.\d+ net edge 0\.\d{4}", said.out)
    assert re.search(rf"IntentProposed oracle_lag buy [\d.]+ at 0\.\d+ for candidate {executed[1]}", said.out)
    assert re.search(r"FillObserved \S+ buy [\d.]+ polymarket:\S+ at 0\.\d+ fee", said.out)
    assert said.lines[-1].endswith("ended FILLED filled")
