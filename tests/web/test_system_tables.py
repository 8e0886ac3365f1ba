"""The System page's tables, from plain values."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tradeworthy.runtime.doctor import Finding, State
from tradeworthy.web.api.checkup import Part
from tradeworthy.web.dashboard.markup import code
from tradeworthy.web.pages.system import lists, tables
from tradeworthy.web.pages.system.host import Use

AT = datetime(2024, 1, 1, tzinfo=UTC)
EVIL = "<script>alert(1)</script>"
USE = Use(150 << 20, 90 << 20, 50 << 30, 200 << 30, 3 << 20, 2, 4, 9 << 20)


def status(**fields: Any) -> dict[str, Any]:
    """What a session says of itself."""
    part = {"agent": "oracle-binance", "desk": "", "halted": "", "faults": 0, "state": "running"}
    said = {
        "running": True,
        "answers": True,
        "pid": 7,
        "inputs": 1_234,
        "packets": 1_300,
        "progress": None,
        "faults": 0,
        "session_time": "2024-01-01T00:00:10Z",
        "parts": [part | {"admitted": 42, "last_data": "2024-01-01T00:00:07Z"}],
        "prices": {"BTC": {"price": 97_500.0, "age_ms": 140, "volatility": 0.5}},
        "markets": {"open": 3},
    }
    return {**said, **fields}


def test_rows_behind_is_the_journal_less_the_tables() -> None:
    """H14: how late the page is, in packets."""
    assert ">300<" in tables.tiles(status(), 1_000, USE, "live")
    assert ">0<" in tables.tiles(status(), 1_400, USE, "live"), (
        "the status is a second old, the tables are not"
    )


def test_without_a_session_nothing_is_made_up() -> None:
    """A dash, and a word why."""
    told = tables.tiles({"running": False, "answers": False}, 0, None, "stopped")
    assert "Stopped" in told
    assert "no session" in told
    assert "No session answers" in tables.parts_table({}, [])
    assert "Start one" in tables.parts_table({}, [])
    assert "Start one" not in tables.parts_table({"running": True, "answers": False}, [])
    assert "No session answers" in tables.feeds({})
    assert "No latencies" in tables.latencies(None, [])


def test_a_part_says_what_it_delivered_and_when() -> None:
    """Session time: the last data is three seconds old."""
    told = tables.parts_table(status(), [])
    assert "42 inputs" in told
    assert "3.0 s" in told


def test_parts_that_only_decide_are_names() -> None:
    """25 rows that all say the same would hide the one that does not; that one keeps its row."""
    quiet = [
        {
            "agent": f"part-{number}",
            "desk": "uptrend" if number else "",
            "halted": "",
            "faults": 0,
            "state": "running",
        }
        for number in range(3)
    ]
    told = tables.parts_table(status(parts=quiet), [])
    assert "<table" not in told
    assert "3 parts decide" in told
    assert "<dt>all desks</dt>" in told
    assert "<dt>uptrend</dt>" in told
    told = tables.parts_table(status(parts=[*quiet[1:], quiet[0] | {"state": "waiting"}]), [])
    assert told.count("<tr>") == 2, "the heading and the one that waits"
    assert "2 parts decide" in told


def test_a_part_that_raised_says_so() -> None:
    """A10: how often, and what."""
    part = {"agent": "scanner", "desk": "arbitrage", "halted": "faults", "faults": 2, "state": "halted"}
    row = {"part": "arbitrage", "ok": False, "crashes": 2, "word": EVIL, "figure": None, "updated_at": AT}
    told = tables.parts_table(status(parts=[part]), [row])
    assert "for arbitrage; halted by faults; 2 raised" in told
    assert '<td class="figure">2</td>' in told
    assert "<script>" not in told


def test_what_parts_report_is_told_beside_them() -> None:
    """Health that is no part of the session's own list."""
    row = {"part": "feed", "ok": False, "crashes": 3, "word": "stale", "figure": 2.5, "updated_at": AT}
    told = tables.reported_table([row], status())
    assert "not well" in told
    assert '<td class="figure">3</td>' in told
    assert tables.reported_table([], status()) == ""


def test_latencies_that_are_not_measured_say_so() -> None:
    """A session without figures of its own still has those of the tables."""
    row = {"stage": "filled", "p50_ms": 250.0, "p99_ms": 260.0, "count": 3}
    told = tables.latencies(None, [row])
    assert "not measured" in told
    assert "260 ms" in told
    assert "not measured" not in tables.latencies([], [row])


@pytest.mark.parametrize(
    ("ms", "text"),
    [(None, "-"), (0.0, "0 ms"), (0.0512, "51.2 µs"), (3.01, "3.01 ms"), (1_500.0, "1.5 s")],
)
def test_durations_have_the_unit_that_suits_them(ms: float | None, text: str) -> None:
    """Microseconds to seconds."""
    assert tables.millis(ms) == text


def test_services_name_no_address() -> None:
    """H14: whose server it is, and how it answers, and nothing that opens it."""
    found = {"database": Part(ok=True, word="answers", figure=1.5), "redis": Part(ok=False, word="away")}
    told = tables.services(found, {"database": "embedded"})
    assert "embedded" in told
    assert "1.5 ms" in told
    assert "@" not in told
    assert "//" not in told


def test_a_measure_says_what_it_is() -> None:
    """H14: an answer's time and an age are told apart, in one form with the latencies."""
    found = {
        "server": Part(ok=True, word="serving", figure=125.0),
        "redis": Part(ok=True, word="answers", figure=0.0862),
        "journal": Part(ok=True, word="grows", figure=0.5),
        "rows_lag": Part(ok=True, word="up to date", figure=0.0),
        "agents": Part(ok=True, word="running", figure=0.0),
        "disk": Part(ok=True, word="room", figure=49.6),
    }
    told = tables.services(found, {}, 86)
    for said in ("up 2 min 5 s", "in 86.2 µs", "grew 0.5 s ago", ">86 behind<", ">0 ill<", "49.6 GiB free"):
        assert said in told
    assert ">0 behind<" in tables.services(found, {})


def test_storage_is_told_in_whole() -> None:
    """Journal, disk and memory."""
    told = tables.storage(USE, "/home/x")
    assert "3.0 MiB in 2 segments" in told
    assert "50.0 GiB" in told


def test_lists_escape_what_people_wrote() -> None:
    """Reasons, titles and names come from outside."""
    alert = {"created_at": AT, "severity": "high", "title": EVIL, "text": EVIL}
    person = {"created_at": AT, "kind": "operator", "rule": "halt", "by": EVIL, "desk": "", "reason": EVIL}
    run = {"run": "a<b", "mode": "paper", "created_at": AT, "last_at": AT, "last_seq": 9}
    run |= {"candidates": 1, "trades_closed": 0, "equity": None}
    for told in (lists.alerts([alert]), lists.people([person]), lists.runs([run], "a<b")):
        assert "<script>" not in told
        assert "a<b" not in told
    assert "?run=a%3Cb" in lists.runs([run], "a<b")


def test_an_alert_is_its_title_its_figures_and_a_link() -> None:
    """H10: no shell command where a link does, and no backticks; other commands are something to type."""
    path = {"created_at": AT, "severity": "normal", "run": "p-1", "title": "Trade: bought", "key": "entry:a"}
    told = lists.alerts([path | {"text": "Cost 45.00, fees 0.50. `tradeworthy trace 7` shows the path."}])
    assert "Cost 45.00, fees 0.50. <a" in told
    assert 'href="/trace?packet=7&amp;run=p-1"' in told
    assert "`" not in told
    assert "tradeworthy trace" not in told
    told = lists.alerts(
        [path | {"severity": "critical", "text": "Go on with `tradeworthy resume --by NAME`."}]
    )
    assert f"Go on with {code('tradeworthy resume --by NAME')}." in told
    assert '<li class="bad" data-severity="critical">' in told
    told = lists.alerts([path | {"text": "Reason: oops ` again. Go on with `tradeworthy resume`."}])
    assert f"oops ` again. Go on with {code('tradeworthy resume')}." in told, "a person's own backtick"


def test_empty_lists_say_why() -> None:
    """A11: an empty card is a sentence."""
    assert "Nobody has halted" in lists.people([])
    assert "No alert" in lists.alerts([])
    assert "No run" in lists.runs([], "")


def test_the_doctors_findings_have_their_next_step() -> None:
    """A11: what was found, and what to do about it."""
    told = lists.findings([Finding("disk", State.WARN, "1 GiB free", "make room")])
    assert "make room" in told
    assert 'class="pill warn"' in told
