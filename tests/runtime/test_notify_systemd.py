"""What systemd hears of a session, on a socket of its kind."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.notify_systemd import ServiceManager
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.session import run_session

CONFIGURATION = Path(__file__).parents[2] / "configs" / "breakout.toml"


class Manager:
    """A service manager's end; `heard` are the words so far."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000000"}

    def heard(self) -> list[str]:
        """The words since the last call."""
        words = []
        while True:
            try:
                words.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return words

    def close(self) -> None:
        """Go away."""
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest) -> Iterator[Manager]:
    """One that listens at a path, and one at an abstract name."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        name = str(Path(folder) / "notify") if request.param == "file" else f"@tw-notify-{os.getpid()}"
        heard = Manager(name)
        yield heard
        heard.close()


def test_a_session_says_that_it_is_ready_alive_and_stopping(manager: Manager) -> None:
    """As sd_notify has it, and no more often than the watchdog needs."""
    seconds = [0.0]
    session = ServiceManager(manager.environment, seconds=lambda: seconds[0])
    session.ready()
    for now in range(20):
        seconds[0] = float(now)
        session.alive()
    session.stopping()
    assert manager.heard() == ["READY=1", *["WATCHDOG=1"] * 4, "STOPPING=1"]


def test_a_session_that_handles_nothing_says_nothing(manager: Manager) -> None:
    """A core that hangs is silent, whatever else in its process still runs."""
    ServiceManager(manager.environment).ready()
    assert manager.heard() == ["READY=1"]
    assert manager.heard() == []


def test_without_a_watchdog_there_is_no_heartbeat(manager: Manager) -> None:
    """The unit asks for it, not we."""
    session = ServiceManager({"NOTIFY_SOCKET": manager.environment["NOTIFY_SOCKET"]})
    session.ready()
    session.alive()
    assert manager.heard() == ["READY=1"]


def test_without_a_service_manager_nothing_is_said(log: LogCapture) -> None:
    """In a terminal there is none."""
    session = ServiceManager({"WATCHDOG_USEC": "1"})
    session.ready()
    session.alive()
    session.stopping()
    assert log.entries == []


def test_a_manager_that_is_gone_is_logged_once_and_stops_nobody(log: LogCapture, tmp_path: Path) -> None:
    """The session goes on without it."""
    session = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    session.ready()
    session.stopping()
    assert [entry["event"] for entry in log.entries] == ["service_manager_unreachable"]


def test_a_session_speaks_to_its_manager_from_its_own_turns(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ready once it takes inputs, alive while it handles them, stopping at its end."""
    with tempfile.TemporaryDirectory(prefix="tw-", ignore_cleanup_errors=True) as folder:
        for name, value in (manager.environment | {"WATCHDOG_USEC": "4"}).items():
            monkeypatch.setenv(name, value)
        for name in ("DATABASE_URL", "REDIS_URL"):
            monkeypatch.delenv(name, raising=False)
        plan = Plan(load(CONFIGURATION), Mode.PAPER, duration_s=7_200.0)
        run_session(plan, Home(Path(folder)))
    heard = manager.heard()
    assert (heard[0], heard[-1]) == ("READY=1", "STOPPING=1")
    assert set(heard[1:-1]) == {"WATCHDOG=1"}
