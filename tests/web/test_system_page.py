"""What the page about the system does besides showing rows."""

import tempfile
from pathlib import Path

import psycopg
import pytest

from tradeworthy.runtime.home import Home
from tradeworthy.store.addresses import database_url, leave
from tradeworthy.web.pages.system.page import _findings


def test_looking_at_everything_leaves_the_database_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examination goes in and out of the embedded server; who reads from it is not cut off."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        home = Home(Path(folder) / "home").make()
        try:
            with psycopg.connect(database_url(home.path)) as connection:
                assert {one.check for one in _findings(home)} >= {"database", "redis"}
                assert connection.execute("SELECT 1").fetchone() == (1,)
        finally:
            leave(home.path)
