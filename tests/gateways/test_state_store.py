"""The state store on a real Redis: newest values out, outages survived, others' keys left alone."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from structlog.testing import capture_logs

from tests.gateways.redis_server import eventually
from tradeworthy.core.errors import Retryable
from tradeworthy.gateways.capital_ledger import amount_of
from tradeworthy.gateways.embedded import EmbeddedRedis
from tradeworthy.gateways.state_store import Reports, StateStore, read_value

TS = 1_746_316_800_000_000_000


class Others:
    """Keeps what it is shown, and says that a key is another's."""

    keys = ("safety:latest", "theirs")

    def __init__(self) -> None:
        self.found: dict[str, bytes | None] = {}
        self.lost = 0

    def look(self, found: Mapping[str, bytes | None]) -> None:
        """Keep it."""
        self.found = dict(found)

    def is_others(self, key: str) -> bool:
        """One is."""
        return key == "theirs"

    def note_lost(self) -> None:
        """Count it."""
        self.lost += 1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """A real server."""
    with EmbeddedRedis(tmp_path_factory.mktemp("home")) as server:
        yield server


@contextmanager
def started(server: EmbeddedRedis, reports: Reports | None = None) -> Iterator[StateStore]:
    """A store at work, which asks the server for its address again."""
    store = StateStore(server.url(), reports, address=server.url)
    store.start()
    try:
        yield store
    finally:
        store.close()


def value(server: EmbeddedRedis, key: str) -> dict[str, Any]:
    """What stands at `key`, empty for nothing."""
    with redis.Redis.from_url(server.url()) as client:
        raw: Any = client.get(key)
    return msgspec.json.decode(raw) if raw else {}


def test_the_newest_value_is_one_json_string_with_a_growing_seq(server: EmbeddedRedis) -> None:
    """D6: with its time and writer, money as exact numbers; seq grows over restarts, too."""
    seqs = []
    for number in range(3):
        with started(server) as store:
            for step in range(50):
                store.put("a", TS + step, {"n": step, "capital": amount_of(10**14 + number)})
        found = value(server, "a")
        seqs.append(found["seq"])
        assert (found["n"], found["writer"]) == (49, "tradeworthy")
        assert found["ts"] == "2025-05-04T00:00:00.000000049Z"
    assert seqs == sorted(set(seqs))
    assert read_value(server.url(), "a")["capital"] == Decimal("1000000.00000002")


def test_others_are_heard_and_their_keys_left_to_them(server: EmbeddedRedis) -> None:
    """D12: what stands at their keys is shown; ours at such a key is held back."""
    others = Others()
    with redis.Redis.from_url(server.url()) as client:
        client.set("safety:latest", b"x")
        client.set("theirs", b"1")
    with started(server, others) as store:
        store.put("theirs", TS, {})
        store.put("ours", TS, {})
        assert eventually(lambda: bool(value(server, "ours")))
    assert others.found == {"safety:latest": b"x", "theirs": b"1"}
    assert read_value(server.url(), "theirs") == {}


def test_a_killed_store_is_told_once_and_comes_back_by_itself(home: Path) -> None:
    """D9: the session goes on; a store that comes back empty is told all that still holds."""
    others = Others()
    with EmbeddedRedis(home) as server, capture_logs() as log, started(server, others) as store:
        store.put("state", TS, {"n": 1})
        store.put("day", TS, {"n": 1}, once=True)
        assert eventually(lambda: value(server, "state") != {} and value(server, "day") != {})
        os.kill(int((home / "redis" / "pid").read_text()), signal.SIGKILL)
        assert eventually(lambda: others.lost == 1)
        store.put("later", TS, {"n": 2})
        assert eventually(lambda: store.online and value(server, "later") != {})
        assert value(server, "state")["n"] == 1
        assert value(server, "day") == {}
    assert [one["event"] for one in log] == ["state_store_offline", "state_store_online"]
    assert others.lost == 1


def test_a_store_that_stays_away_holds_nothing_up(home: Path) -> None:
    """D11: puts never wait, the end doesn't either, and what waits is bounded."""
    with EmbeddedRedis(home) as server:
        store = StateStore(server.url())
        server.stop()
        store.start()
        for number in range(1_100):
            store.put(f"day:{number}", TS, {}, once=True)
            store.put("state", TS, {"n": number})
        assert eventually(lambda: not store.online)
        store.close()
        assert (store.written, store.dropped) == (0, 100)
        with pytest.raises(Retryable, match="Cannot connect to Redis"):
            read_value(store.url, "state")


def test_what_waits_is_written_before_the_end(server: EmbeddedRedis) -> None:
    """Many days at once, too."""
    with started(server) as store:
        for number in range(300):
            store.put(f"w:{number}", TS, {"n": number}, once=True)
    assert [value(server, f"w:{number}")["n"] for number in (0, 299)] == [0, 299]
