"""The dead man's switch: fetched while the session is well, and only then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import LogCapture

from tests.gateways.alerts.web_hook import HOST, WebHook
from tests.gateways.redis_server import eventually
from tradeworthy.gateways.alerts.heartbeat import Heartbeat

PATH = "/ping/s3cret"


@pytest.fixture
def hook() -> Iterator[WebHook]:
    """Somebody who minds our silence."""
    with WebHook() as hook:
        yield hook


def url_of(hook: WebHook) -> str:
    """What is fetched."""
    return f"http://{HOST}:{hook.port}{PATH}"


def test_a_session_that_is_well_is_heard_of_at_once(hook: WebHook) -> None:
    """H10: and again after each while, until it ends."""
    heartbeat = Heartbeat(url_of(hook), 0.01, lambda: True)
    heartbeat.start()
    assert eventually(lambda: len(hook.fetched) > 2)
    heartbeat.hurry()
    assert set(hook.fetched) == {PATH}


def test_a_session_that_does_not_answer_is_not_heard_of(hook: WebHook, log: LogCapture) -> None:
    """A10: it hangs, and nobody says that all is well."""
    heartbeat = Heartbeat(url_of(hook), 60.0, lambda: False)
    assert not heartbeat.beat()
    assert hook.fetched == []
    assert [entry["event"] for entry in log.entries] == ["heartbeat_held_back"]


def test_an_outage_is_logged_once_without_the_address(hook: WebHook, log: LogCapture) -> None:
    """And that it is over, with the count."""
    heartbeat = Heartbeat(url_of(hook), 60.0, lambda: True)
    hook.refuses = True
    assert [heartbeat.beat() for _ in range(2)] == [False, False]
    hook.down()
    assert not heartbeat.beat()
    hook.refuses = False
    hook.up()
    assert heartbeat.beat()
    assert [entry["event"] for entry in log.entries] == ["heartbeat_missed", "heartbeat_back"]
    assert log.entries[1]["missed"] == 3
    assert "s3cret" not in str(log.entries)
