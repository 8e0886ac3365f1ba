"""What is too much: requests, bytes, slow bodies, failed tries."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.small_app import JSON, Small
from tradeworthy.web.entry.headers import page_policy
from tradeworthy.web.entry.limits import KEYS_MAX, WAIT_S_MAX, Buckets, Tries

WHO = "/api/v1/whoami"
HALT = "/api/v1/halt"
TWO_MIB = 2 << 20


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def test_a_thousand_quick_requests_are_too_many(home: Path) -> None:
    """429 with Retry-After once the burst is used; who asks for something else goes on."""
    small = Small(home, requests_a_second=5, burst=100)
    client = small.client(small.read)
    answers = [client.get(WHO) for _ in range(1_000)]
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    assert statuses[:100] == [200] * 100
    assert statuses.count(200) < 300
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["error"].startswith("too many requests: wait 1 s")
    assert small.client(small.operate).get(WHO).status_code == 200
    assert client.post(HALT, json={"reason": "x"}).status_code == 403


def test_strangers_are_limited_by_their_address(home: Path) -> None:
    """With wrong tokens, too; a screen that asks too often still can HALT."""
    small = Small(home, requests_a_second=1, burst=10)
    stranger = small.client("tw_wrong")
    assert [stranger.get(WHO).status_code for _ in range(12)].count(429) >= 1
    desk = small.client(small.operate)
    assert [desk.get(WHO).status_code for _ in range(12)].count(429) >= 1
    assert desk.post(HALT, json={"reason": "venue is odd"}).status_code == 200


def test_scripts_and_styles_are_not_counted(home: Path) -> None:
    """A page asks for a hundred of them at once."""
    small = Small(home, requests_a_second=1, burst=5)
    client = small.client(small.read)
    statuses = {client.get(f"/_nicegui/3/static/{number}.js").status_code for number in range(50)}
    assert statuses == {404}
    assert client.get(WHO).status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", "operate"])
def test_a_body_that_says_it_is_too_long_is_not_read(home: Path, token: str) -> None:
    """413 from its Content-Length alone."""
    small = Small(home)
    client = small.client({"operate": small.operate}.get(token, token))
    answer = client.post(HALT, content=b"x" * TWO_MIB, headers=JSON)
    assert answer.status_code == 413
    assert answer.json() == {"error": "a body is at most 1048576 bytes: send it in parts"}
    for length in ("9" * 30, str(TWO_MIB)):
        assert client.post(HALT, content=b"", headers={"Content-Length": length}).status_code == 413


def test_a_chunked_body_is_cut_off(home: Path) -> None:
    """It does not say how long it will be; what is not needed is not asked for."""
    small = Small(home)
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(64):
            taken += 1
            yield b"x" * (TWO_MIB // 64)

    answer = small.client(small.operate).post(HALT, content=chunks(), headers=JSON)
    assert answer.status_code == 413


async def served(small: Small, messages: AsyncIterator[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """What the app sends for a POST that brings these messages, and how many it took."""
    sent: list[dict[str, Any]] = []
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return await anext(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": HALT,
        "raw_path": HALT.encode(),
        "query_string": b"",
        "scheme": "http",
        "headers": [
            (b"host", b"127.0.0.1:5005"),
            (b"authorization", f"Bearer {small.operate}".encode()),
            (b"content-type", b"application/json"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 5005),
    }
    await small.app(scope, receive, send)
    return sent, taken


async def coming(parts: Any, then: float = 0.0) -> AsyncIterator[dict[str, Any]]:
    """A body in these parts, after which nothing comes for a while."""
    for part in parts:
        yield {"type": "http.request", "body": part, "more_body": True}
    await asyncio.sleep(then)
    yield {"type": "http.disconnect"}


def test_an_endless_body_is_not_taken(home: Path) -> None:
    """No more of it than the limit and one piece."""
    sent, taken = asyncio.run(served(Small(home), coming(repeat(b"x" * 65_536))))
    assert sent[0]["status"] == 413
    assert taken == 17


def test_a_body_that_does_not_come_is_not_waited_for(home: Path) -> None:
    """408, and the server is free again."""
    small = Small(home, body_s_max=0.05)
    sent, _ = asyncio.run(served(small, coming([b'{"reason":'], then=30)))
    assert sent[0]["status"] == 408
    assert b"did not come within 0.05 s" in sent[1]["body"]


def test_who_goes_away_in_the_middle_gets_no_answer(home: Path) -> None:
    """And has asked for nothing."""
    small = Small(home)
    sent, _ = asyncio.run(served(small, coming([b'{"reason": "venue is odd"}'])))
    assert sent == []
    assert not (home / "halt.latch").exists()


def test_a_body_in_many_pieces_arrives_whole(home: Path) -> None:
    """Up to the limit."""
    small = Small(home)
    text = b'{"reason": "venue is odd"}'
    answer = small.client(small.operate).post(
        HALT, content=(text[place : place + 1] for place in range(len(text))), headers=JSON
    )
    assert answer.status_code == 200


def test_a_bucket_fills_again() -> None:
    """At its rate, and never over its brim."""
    clock = Clock()
    buckets = Buckets(2, 3, clock)
    assert [buckets.wait_s("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.wait_s("b") == 0
    clock.now += 0.5
    assert [buckets.wait_s("a") for _ in range(2)] == [0, 0.5]
    clock.now += 1_000
    assert [buckets.wait_s("a") for _ in range(4)] == [0, 0, 0, 0.5]


@given(st.lists(st.floats(0, 2), max_size=200))
def test_no_one_gets_more_than_the_rate_allows(pauses: list[float]) -> None:
    """Over any time: the burst, and the rate times the time."""
    clock = Clock()
    buckets = Buckets(5, 10, clock)
    let_in = 0
    for pause in pauses:
        clock.now += pause
        let_in += buckets.wait_s("a") == 0
    assert let_in <= 10 + 5 * (clock.now - 100) + 1e-6
    assert let_in >= min(len(pauses), 10)


def test_buckets_and_tries_are_bounded() -> None:
    """However many addresses ask: the longest silent is forgotten first."""
    clock = Clock()
    buckets, tries = Buckets(1, 1, clock), Tries(clock)
    for number in range(KEYS_MAX + 10):
        assert buckets.wait_s(str(number)) == 0
        tries.failed(str(number))
    assert len(buckets._levels) == len(tries._failed) == KEYS_MAX
    assert buckets.wait_s(str(KEYS_MAX)) > 0
    assert buckets.wait_s("0") == 0


def test_each_failed_try_doubles_the_wait() -> None:
    """Up to a minute; success or a quarter of an hour ends it."""
    clock = Clock()
    tries = Tries(clock)
    waits = []
    for _ in range(14):
        tries.failed("a")
        waits.append(tries.wait_s("a"))
    assert waits[:8] == [0, 0, 0, 0, 1, 2, 4, 8]
    assert waits[-1] == WAIT_S_MAX
    assert tries.wait_s("b") == 0
    clock.now += WAIT_S_MAX
    assert tries.wait_s("a") == 0
    clock.now += 901
    tries.failed("a")
    assert tries.wait_s("a") == 0
    tries.succeeded("a")
    assert tries._failed == {}


def test_a_page_may_talk_to_its_own_server_alone() -> None:
    """What a host header says is not repeated unless it is one."""
    policy = page_policy("127.0.0.1:5005")
    assert "connect-src 'self' ws://127.0.0.1:5005 wss://127.0.0.1:5005;" in policy
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval';" in policy
    assert "evil" not in page_policy("a; script-src evil")
