"""status --watch: the overview for a terminal, as blocks, and as lines of JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.cli.command_line import session
from tests.cli.test_live_view import PILOT_SEEN, SEEN, drawn
from tradeworthy.cli import status_watch
from tradeworthy.cli.status_view import CAPTION, StatusScreen, pulse_text
from tradeworthy.cli.status_watch import draw, looks, print_blocks, print_lines, watch_session
from tradeworthy.runtime.home import home as home_of
from tradeworthy.runtime.pulse import Pulse

STAGES = [
    {"stage": "decide", "p50_ms": 0.0389, "p99_ms": 0.557, "count": 72},
    {"stage": "durable", "p50_ms": 1.21, "p99_ms": 10.5, "count": 71},
]
KNOWN: dict[str, Any] = {
    "running": True, "answers": True, "pid": 42, "stale_pid": None, "home": "/home/anna/trading", "latch": None,
    "database_url": "postgresql://u:secret@h/d", "redis_url": None, "face": "session", "prices": {}, "markets": {},
    "parts": [{"agent": "breakout", "desk": "breakout", "state": "running", "halted": "", "faults": 0}],
    "currency": "USDT", "drawdown": 0.0123, "peak": "10126.00", "latencies": STAGES,
}  # fmt: skip
LOOK = SEEN | KNOWN | {"open_positions": [{"desk": "breakout", **SEEN["open_positions"][0]}]}
PILOT = PILOT_SEEN | {name: KNOWN[name] for name in KNOWN.keys() - {"parts", "prices", "markets", "face"}}
STOPPED = {name: KNOWN[name] for name in ("home", "stale_pid", "latch", "database_url", "redis_url")} | {
    "running": False,
    "answers": False,
    "pid": None,
    "run": "breakout-1",
    "face": "",
}
LIVE, QUIET, GONE = Pulse("live", 0.3), Pulse("quiet", 75.0), Pulse("stopped", None)


def shown(*seen: tuple[dict[str, Any], Pulse], width: int = 100, height: int = 50) -> str:
    """What a terminal of that size shows after these looks."""
    screen = StatusScreen()
    for found, pulse in seen:
        screen.show(found, pulse)
    return drawn(screen, width, height)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_an_overview_is_drawn_whole(width: int) -> None:
    """Whether packets flow, and what the session is worth, did and waits for; a narrow terminal folds it."""
    text = "".join(shown((LOOK, LIVE), width=width).split())
    for part in (
        *("●live,thelastpacket0.3sago", "(PID42),paperrunbreakout-1", "10,001.50", "drawdown1.23%"),
        *("BTC[x]1,001.50", "FILLEDfilled1", "P&L0.00", "bydrawdown", "1of1running", "decidep500.0389ms"),
        "p9910.5ms",
    ):
        assert part in text, part
    assert CAPTION.replace(" ", "") in text


@pytest.mark.parametrize("seen", [LOOK, PILOT])
@pytest.mark.parametrize("size", [(80, 24), (60, 24), (100, 30), (120, 60)])
def test_it_fits_the_terminal(seen: dict[str, Any], size: tuple[int, int]) -> None:
    """80 columns and 24 lines are enough: lists get shorter, trades and latencies are not cut off."""
    latch = {"by": "anna", "reason": "odd", "at": None}
    lines = shown((seen | {"latch": latch}, LIVE), width=size[0], height=size[1]).splitlines()
    assert max(map(len, lines)) <= size[0]
    assert any("P&L" in line for line in lines[: size[1]])
    assert any("HALTED by anna: odd" in line for line in lines[: size[1]])
    if size[0] >= 80:
        assert len(lines) <= size[1]
        assert CAPTION in lines[-1]


@pytest.mark.parametrize(("pulse", "colour"), [(LIVE, "32m"), (QUIET, "31m"), (GONE, "31m")])
def test_the_dot_is_green_only_while_packets_flow(pulse: Pulse, colour: str) -> None:
    """A7: else it is red, and the words say the same to who sees no colours."""
    console = Console(width=80, height=24, force_terminal=True, color_system="standard", file=io.StringIO())
    screen = StatusScreen()
    screen.show(LOOK, pulse)
    with console.capture() as capture:
        console.print(screen)
    assert capture.get().startswith(f"\x1b[{colour}● ")
    assert pulse.state in capture.get()


def test_a_halt_is_red() -> None:
    """Whoever looks for a second must see it."""
    console = Console(width=80, height=50, force_terminal=True, color_system="standard", file=io.StringIO())
    screen = StatusScreen()
    screen.show(LOOK | {"latch": {"by": "anna", "reason": "odd", "at": None}}, LIVE)
    with console.capture() as capture:
        console.print(screen)
    assert "\x1b[1;31mHALTED by anna: odd" in capture.get()
    assert "\x1b[1;31mby drawdown" in capture.get()


def test_a_session_that_stops_leaves_its_last_figures_and_says_that_they_are_old() -> None:
    """So does one that is busy; another run's figures are not taken for its own."""
    text = shown((LOOK, LIVE), (STOPPED, Pulse("stopped", 3.0)))
    for part in (
        "stopped, the last packet 3.0 s ago",
        "no session is running",
        "those of 0:00 ago",
        "10,001.50",
    ):
        assert part in text
    busy = shown((LOOK, LIVE), (LOOK | {"answers": False}, QUIET))
    assert "does not answer" in busy
    assert "quiet, the last packet 1:15 ago" in busy
    other = shown((LOOK, LIVE), (STOPPED | {"run": "breakout-2"}, GONE))
    assert "10,001.50" not in other
    assert "stopped, no packet yet" in other


def test_it_is_seen_when_a_session_starts() -> None:
    """First that it is starting, then its figures, and from the second look on how fast it goes."""
    starting = STOPPED | {"running": True, "pid": 42, "run": "starting"}
    assert "it is starting, stopping or busy" in shown((STOPPED, GONE), (starting, GONE))
    text = shown((starting, GONE), (LOOK, LIVE), (LOOK | {"inputs": 2_000}, LIVE))
    assert "a second)" in text
    assert "those of" not in text


def test_before_the_first_look_it_says_that_it_looks() -> None:
    """Never an empty screen."""
    assert "looking" in shown()


def test_a_terminal_is_left_as_it_was() -> None:
    """Drawn on the other screen, in place: entered once, left once, the cursor is back."""
    out = io.StringIO()
    console = Console(width=80, height=24, force_terminal=True, file=out)
    draw([(LOOK, LIVE), (LOOK, QUIET)], console)
    written = out.getvalue()
    assert written.count("\x1b[?1049h") == written.count("\x1b[?1049l") == 1
    assert written.rstrip().endswith(("\x1b[?25h", "\x1b[?1049l"))
    assert "\x1b[2J" not in written


def test_without_a_terminal_there_is_a_block_for_each_look(capsys: pytest.CaptureFixture[str]) -> None:
    """The lines of `status` under a line with the time and the pulse."""
    print_blocks([(LOOK, LIVE), (STOPPED, GONE)])
    first, second, rest = capsys.readouterr().out.split("\n\n")
    assert first.splitlines()[0].endswith("Z live, the last packet 0.3 s ago")
    assert "  equity        10,001.50 USDT (cash 9,000.00, drawdown 1.23%)" in first
    assert "  latency       durable: p50 1.21 ms, p99 10.5 ms, of 71" in first
    assert second.splitlines()[1:] == [
        "Pilot is not running",
        "no session is running in /home/anna/trading; the newest run is breakout-1",
    ]
    assert rest == ""


def test_lines_of_json_say_what_status_says_and_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    """One object in a line, for each look."""
    print_lines([(LOOK, LIVE), (STOPPED, GONE)])
    lines = capsys.readouterr().out.splitlines()
    first, second = map(json.loads, lines)
    assert first["pulse"] == {"state": "live", "age_s": 0.3}
    assert first["latencies"] == STAGES
    assert (first["equity"], second["running"], second["pulse"]["age_s"]) == ("10001.50", False, None)
    assert "secret" not in "".join(lines)
    assert first.keys() == (LOOK.keys() | {"at", "pulse"}) - {"database_url", "redis_url"}


def test_looks_are_so_many_seconds_apart(home: Path) -> None:
    """What a look takes is no part of the wait, and a home without anything is no error."""
    waits: list[float] = []
    seen = looks(home_of(), 5.0, sleep=waits.append)
    assert [next(seen)[0]["running"] for _ in range(3)] == [False] * 3
    assert len(waits) == 2
    assert all(4.0 < wait <= 5.0 for wait in waits)


def test_a_person_who_has_seen_enough_ends_it_in_good_order(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl+C is how it ends: no traceback, exit 0."""

    def interrupted(*_: object) -> Iterator[Any]:
        yield STOPPED, GONE
        raise KeyboardInterrupt

    monkeypatch.setattr(status_watch, "looks", interrupted)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    watch_session(home_of(), 1.0, as_json=False)
    assert "no session is running" in capsys.readouterr().out


def test_the_age_of_the_last_packet_is_said_in_words_that_fit() -> None:
    """Seconds, then minutes and hours."""
    said = [pulse_text(Pulse("quiet", age_s)) for age_s in (None, 0.26, 59.0, 61.0, 7_300.0)]
    assert [text.removeprefix("quiet, ") for text in said] == [
        *("no packet yet", "the last packet 0.3 s ago", "the last packet 59.0 s ago"),
        *("the last packet 1:01 ago", "the last packet 2:01:40 ago"),
    ]


def test_a_running_session_gives_its_drawdown_and_its_latencies(place: Path) -> None:
    """Measured in the session: its turns, and their way to the disk."""
    with session("--speed", "6000"):
        seen = looks(home_of(), 0.2)
        found, pulse = next(one for one in seen if len(one[0].get("latencies", ())) == 2)
    assert pulse.state == "live"
    assert found["drawdown"] >= 0.0
    assert [one["stage"] for one in found["latencies"]] == ["decide", "durable"]
    assert all(0 < one["p50_ms"] <= one["p99_ms"] for one in found["latencies"])
