"""demo: all of it on embedded defaults."""

import re

from tests.cli.command_line import Said
from tests.cli.conftest import run_of


def test_the_demo_ends_with_report_replay_and_closing_line(shown: Said) -> None:
    """A1, P1: real servers, a simulated day, its report, and a replay that equals it."""
    assert shown.code == 0
    assert "Tradeworthy - Daily Summary" in shown.lines
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
    assert re.search(r"^  SKIPPED +already_long +\d+$", shown.out, re.MULTILINE)


def test_a_session_logs_its_life(shown: Said) -> None:
    """A8: start, each part, and an end in good order, in lines that are not quoted."""
    events = [line.split()[3] for line in re.sub(r"\[(\w+) *\]", r"[ \1", shown.err).splitlines()]
    assert events[0] == "services_ready"
    assert events.count("agent_started") == events.count("agent_stopped") > 0
    assert [event for event in events if event.startswith("session_")] == [
        "session_starting",
        "session_started",
        "session_stopping",
        "session_shutdown_complete",
    ]
