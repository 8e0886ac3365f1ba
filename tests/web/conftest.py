"""Real runs behind the real app: one home with finished runs, one in which a pilot trades."""

import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flows.sessions import Session, eventually, run
from tests.store.story import Story, project
from tests.store.uptrend_story import UptrendStory
from tests.web.served import V1, Served, served
from tradeworthy.runtime.home import Home
from tradeworthy.store.addresses import database_url, leave
from tradeworthy.web.demo_session import LIVELY
from tradeworthy.web.entry.tokens import Scope, TokenFile

BREAKOUT = str(Path(__file__).parents[2] / "configs" / "breakout.toml")
TIGHT = {"TRADEWORTHY_RISK__POSITION_MAX": "0.01"}
LEARNED = "uptrend-1"


@pytest.fixture(scope="session")
def short_places() -> Iterator[Path]:
    """A folder with a short path: unix sockets take 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def archive(short_places: Path) -> Path:
    """A home with a day of the example desk, an hour that risk refused, ten minutes of the pilot, and lessons."""
    home = short_places / "archive"
    for words, more in (
        (("run", BREAKOUT, "--duration", "86400"), {}),
        (("run", BREAKOUT, "--duration", "20000"), TIGHT),
        (("pilot", "--duration", "600"), {}),
    ):
        ended = run(home, *words, environment=more)
        assert ended.code == 0, ended.text
    with (
        Story(short_places / "told" / "runs" / LEARNED, kind="uptrend") as story,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.delenv("DATABASE_URL", raising=False)
        UptrendStory(story).learned()
        project(story, database_url(home))
        leave(home)
    return home


@pytest.fixture(scope="module")
def finished(archive: Path) -> Iterator[Served]:
    """The app over `archive`; no session runs there."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "REDIS_URL"):
            patch.delenv(name, raising=False)
        with served(archive) as found:
            yield found


UNHURRIED = {"TRADEWORTHY_WEB__REQUESTS_A_SECOND": "100000", "TRADEWORTHY_WEB__BURST": "100000"}
"""Tests ask more often than people may."""


class Living:
    """A pilot that trades, and the product's own server beside it, each a process of its own."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.pilot = Session(home, "pilot", "--seed", "7", "--speed", "30", environment=LIVELY)
        self.pilot.wait_for("pilot_started")
        self.server = Session(home, "serve", "--port", "0", "--make-secret", environment=UNHURRIED)
        self.server.wait_for("web_started")
        found = re.search(r"open (http\S+)", self.server.text())
        assert found is not None
        self.address = found[1]
        tokens = TokenFile(home / "tokens.json")
        self.token = tokens.make("reader", Scope.READ)
        self.client = httpx.Client(
            base_url=self.address, headers={"Authorization": f"Bearer {self.token}"}, timeout=30
        )

    def answers(self) -> bool:
        """Whether the session is heard, and its rows are in the tables."""
        said = self.client.get(f"{V1}/status").json()
        return bool(said["answers"]) and bool(self.client.get(f"{V1}/runs").json()["rows"])

    def end(self) -> None:
        """End both."""
        self.client.close()
        for process in (self.server, self.pilot):
            if process.code() is None:
                process.signal(signal.SIGTERM)
                process.end()


@pytest.fixture(scope="session")
def living(short_places: Path) -> Iterator[Living]:
    """A pilot and its server; tests leave both as they are."""
    found = Living(short_places / "living")
    try:
        assert eventually(found.answers)
        yield found
    finally:
        found.end()
