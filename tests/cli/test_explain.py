"""trace and why."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.command_line import call
from tradeworthy.cli.explain import why_lines
from tradeworthy.core.candidates import Verdict
from tradeworthy.journal.reader import read
from tradeworthy.runtime.event_union import codec


def first_ended(place: Path, run: str, outcome: str) -> int:
    """The first candidate of `run` that ended so."""
    for record in read(place / "runs" / run):
        if record.kind < 4:
            event = codec().decode(record.body)[1].event
            if isinstance(event, Verdict) and event.outcome == outcome:
                return event.candidate
    pytest.fail(f"no candidate of {run} ended {outcome}")


def test_the_trace_of_a_filled_candidate_shows_the_whole_way(place: Path, day_run: str) -> None:
    """P2: bar, candidate, decision with its figures against limits, order, fill, verdict; the root comes first."""
    candidate = first_ended(place, day_run, "FILLED")
    said = call("trace", str(candidate), "--run", day_run)
    names = re.findall(r"^ +\d+  \S+  \S+ +(\w+)", said.out, re.MULTILINE)
    assert names == [
        *("BarClosed", "TradeCandidate", "Decision", "PlaceOrder", "OrderObserved"),
        *("FillObserved", "OrderObserved", "Verdict"),
    ]
    assert re.search(r"portfolio +\d+\.\d\d  limit 8000\.00", said.out)
    assert said.lines[-1].startswith(f"candidate {candidate} (breakout ")
    assert said.lines[-1].endswith("ended FILLED filled")


def test_the_trace_of_a_rejected_candidate_marks_the_rule(place: Path, strict: str) -> None:
    """P2: the figure that broke its limit stands out, and the candidate died of it."""
    said = call("trace", str(first_ended(place, strict, "REJECTED")), "--run", strict)
    assert re.search(r"✗  position +\d+\.\d\d  limit 100\.00", said.out)
    assert said.lines[-1].endswith("ended REJECTED position_limit")


def test_the_trace_of_a_skipped_candidate_says_why(place: Path, day_run: str) -> None:
    """P2: the desk's own reason."""
    said = call("trace", str(first_ended(place, day_run, "SKIPPED")), "--run", day_run)
    assert said.lines[-1].endswith("ended SKIPPED already_long")


def test_a_quiet_turn_shows_each_desks_reason(day_run: str) -> None:
    """P2: a turn without a candidate is recomputed."""
    said = call("trace", "20", "--run", day_run)
    assert said.lines[-2:] == ["no desk opened a candidate:", "  breakout  warming_up"]
    assert call("trace", "20", "--run", day_run, "--json").json["reasons"] == {"breakout": "warming_up"}


def test_a_packet_is_found_by_its_id_too(place: Path, day_run: str) -> None:
    """The id as the database has it."""
    by_seq = call("trace", str(first_ended(place, day_run, "FILLED")), "--run", day_run, "--json").json
    identity = by_seq["packets"][-1]["id"]
    assert call("trace", identity, "--run", day_run, "--json").json == by_seq


@pytest.mark.parametrize("packet", ["abc", "0", "99999999", "6f1c8a52-3a55-5c0a-9d8f-0f6f5a7d2c11", "1.5"])
def test_a_packet_that_is_not_there_is_refused(day_run: str, packet: str) -> None:
    """A11: in one line, exit 2."""
    said = call("trace", packet, "--run", day_run)
    assert said.code == 2
    assert said.err.count("\n") == 1


def test_every_turn_of_the_day_is_counted(day_run: str) -> None:
    """P2: turns without a candidate and turns with one are all the bars of the day."""
    bars = candidates = 0
    for hour in range(24):
        found = call("why", "breakout", "--at", f"2024-01-01T{hour:02d}:30", "--run", day_run, "--json").json
        bars += found["total_turns"]
        candidates += found["candidates"]
    report = call("report", "--run", day_run, "--json").json
    assert candidates == report["candidates"]
    assert bars + candidates >= 4000


def test_a_quiet_hour_reads_well(day_run: str) -> None:
    """P2: counts and shares by reason, and that there was no candidate."""
    said = call("why", "breakout", "--at", "2024-01-01", "--run", day_run)
    assert said.lines[0] == f"desk breakout, 2024-01-01 00:00 to 01:00 UTC, run {day_run}"
    assert re.fullmatch(r"  warming_up  +\d+  +\d+%", said.lines[3])
    assert said.lines[-1] == "candidates: none, no turn found what the desk looks for"


def test_what_was_let_pass_is_told_by_gate() -> None:
    """P2, P5: how many opportunities a desk skipped, and how many of them turned out missed."""
    hour = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {"gate": "dx", "skipped": 9, "missed": 5, "rightly": 2},
        {"gate": "slope", "skipped": 3, "missed": 0, "rightly": 3},
    ]
    found = {"desk": "uptrend", "run": "r", "from": hour, "to": hour, "turns": [], "total_turns": 0}
    found |= {"verdicts": [], "candidates": 0, "doubt": "", "let_pass": rows}
    assert list(why_lines(found))[-4:] == [
        "opportunities let pass: 12, of which 5 turned out missed",
        "  gate   skipped  missed  rightly  not known yet",
        "  dx           9       5        2              2",
        "  slope        3       0        3              0",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["brkout"], "did you mean breakout?"),
        (["breakout", "--at", "25:00"], "write it like"),
        (["breakout", "--at", "1066-10-14"], "1970"),
        (["breakout", "--run", "nope"], "There is no run"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(day_run: str, words: list[str], said: str) -> None:
    """A11: in one line, exit 2, with the next step."""
    answer = call("why", *words)
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_replay_of_the_day_equals_it(day_run: str) -> None:
    """P1: from the journal alone, in its own words."""
    said = call("replay", day_run)
    assert said.code == 0
    assert re.fullmatch(r"replay: \d+ packets, digest equal", said.lines[1])
    assert call("replay", "nope").code == 2
