"""H14: every service asked, in one answer that needs no token and gives nothing away."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.web.conftest import Living
from tests.web.served import Served, served
from tradeworthy import __version__
from tradeworthy.runtime.halting import halt, resume
from tradeworthy.web.api.checkup import LAG_PACKETS_FINE, LAG_S_MAX, UNITS, Checkup, Part
from tradeworthy.web.hub import Hub


def test_it_answers_anybody_with_every_part(finished: Served) -> None:
    """H14: 200, and for each service whether it is well, a word, and a figure with its unit."""
    answer = finished.stranger.get("/health")
    assert answer.status_code == 200
    found = answer.json()
    assert [*found["parts"]] == [*UNITS]
    assert (found["ok"], found["version"]) == (
        all(part["ok"] for part in found["parts"].values()),
        __version__,
    )
    for name, part in found["parts"].items():
        assert part.keys() == {"ok", "word", "figure", "unit"}
        assert part["word"]
        assert part["unit"] == UNITS[name]
    assert found["parts"]["database"]["ok"]
    assert found["parts"]["database"]["figure"] > 0
    assert found["parts"]["disk"]["figure"] > 0


def test_a_session_that_does_not_run_is_not_well(finished: Served) -> None:
    """What needs none is at rest, and says so."""
    parts = finished.stranger.get("/health").json()["parts"]
    assert (parts["session"]["ok"], parts["session"]["word"]) == (False, "stopped")
    assert (parts["journal"]["ok"], parts["journal"]["word"]) == (True, "at rest")
    assert (parts["redis"]["ok"], parts["redis"]["word"]) == (True, "not started")


def test_all_is_well_with_a_session_that_lives(living: Living) -> None:
    """H14: the bus answers a question, rows come, no part is halted."""
    found = living.client.get("/health").json()
    assert found["ok"], found
    assert found["parts"]["session"]["word"] == "live"
    assert found["parts"]["redis"]["figure"] > 0
    assert found["parts"]["rows_lag"]["figure"] >= 0
    assert found["parts"]["server"]["figure"] > 0


def test_it_gives_nothing_away(living: Living) -> None:
    """No address, no path, no password, no reason of a halt: anybody may read it."""
    secrets = [(living.home.path / one / "password").read_text().strip() for one in ("postgres", "redis")]
    secrets += [str(living.home.path), "127.0.0.1", "postgres:", "redis:", "why we halt"]
    halt(living.home, "ann", "why we halt")
    try:
        answer = living.client.get("/health", headers={"Authorization": ""})
    finally:
        resume(living.home, "ann", "shown enough")
    assert answer.status_code == 200
    assert not [word for word in secrets if word in answer.text]


def test_services_that_are_away_are_named_and_it_still_answers(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A11, H14: 200 without a database and without a bus; the parts say which."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    monkeypatch.setenv("REDIS_URL", "redis://:secret@127.0.0.1:1/0")
    with served(archive) as away:
        answer = away.stranger.get("/health")
        assert answer.status_code == 200
        parts = answer.json()["parts"]
        assert {name for name in ("database", "redis", "server") if not parts[name]["ok"]} == {
            "database",
            "redis",
        }
        assert parts["database"]["word"] == parts["redis"]["word"] == "away"
        assert "secret" not in answer.text
        assert "database_up 0.0" in away.client.get("/metrics").text


class Face:
    """A face whose hub says what a test wants, and whose tables answer or not."""

    def __init__(self, home: Any, packets: int, seq: int) -> None:
        self.home = home
        self.hub = SimpleNamespace(
            pulse=SimpleNamespace(state="live", age_s=0.1),
            status={"answers": True, "packets": packets, "parts": []},
            seq=seq,
            run="r",
            trouble="",
        )
        self.records = SimpleNamespace(read=self.read)
        self.asked = 0

    async def read(self, ask: Callable[[Any], Any]) -> None:
        """Never answer."""
        self.asked += 1
        await asyncio.Event().wait()


def test_a_database_that_does_not_answer_is_asked_once(
    finished: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for health again and again does not pile up questions."""
    monkeypatch.setattr("tradeworthy.web.api.checkup.ANSWER_S_MAX", 0.02)
    monkeypatch.setattr("tradeworthy.web.api.checkup.KEPT_S", 0.0)
    face: Any = Face(finished.home, 5, 5)

    async def ask() -> list[Part]:
        checkup = Checkup()
        found = [(await checkup.parts(face))["database"] for _ in range(5)]
        for task in checkup._asking.values():
            task.cancel()
        return found

    assert asyncio.run(ask()) == [Part(ok=False, word="no answer in time")] * 5
    assert face.asked == 1


def test_rows_that_stay_behind_are_stuck_and_those_that_come_are_not(finished: Served) -> None:
    """A lag alone is no fault: a session can be quicker than its rows for a while."""
    checkup = Checkup()
    hub: Hub = Face(finished.home, LAG_PACKETS_FINE * 10, 5).hub  # type: ignore[assignment]
    assert checkup._rows_lag(hub, 100.0).word == "catching up"
    assert checkup._rows_lag(hub, 99.0 + LAG_S_MAX).ok
    assert checkup._rows_lag(hub, 101.0 + LAG_S_MAX) == Part(ok=False, word="stuck", figure=9_995.0)
    hub.seq = 500
    assert checkup._rows_lag(hub, 102.0 + LAG_S_MAX).ok
    hub.seq = LAG_PACKETS_FINE * 10
    assert checkup._rows_lag(hub, 200.0) == Part(ok=True, word="up to date", figure=0.0)


def test_it_is_json_as_it_is_described(finished: Served) -> None:
    """The specification names it as open to all."""
    described = finished.client.get("/openapi.json").json()["paths"]["/health"]["get"]
    assert "security" not in described
    assert json.loads(finished.stranger.get("/health").text)
