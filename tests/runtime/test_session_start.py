"""What a session's word that it has started is worth."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from structlog.typing import EventDict, WrappedLogger

from tradeworthy.gateways.control import SOCKET_NAME
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.session import run_session

CONFIGURATION = Path(__file__).parents[2] / "configs" / "breakout.toml"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A short path, and servers of its own."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="tw-", ignore_cleanup_errors=True) as folder:
        yield Home(Path(folder))
    structlog.reset_defaults()


def test_a_session_listens_when_it_says_that_it_has_started(home: Home) -> None:
    """A script that waits for the line can halt it at once."""
    heard: dict[str, bool] = {}

    def try_it(_: WrappedLogger, __: str, entry: EventDict) -> EventDict:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            heard[entry["event"]] = caller.connect_ex(str(home.path / SOCKET_NAME)) == 0
        raise structlog.DropEvent

    structlog.configure(processors=[try_it])
    run_session(Plan(load(CONFIGURATION), Mode.PAPER, duration_s=3_600.0), home)
    assert not heard["session_starting"]
    assert heard["session_started"]
    assert not heard["session_shutdown_complete"]
