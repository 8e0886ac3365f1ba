"""The control API: what people ask over HTTP reaches the session, or the latch, with a name."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.web.small_app import ERRORS, Small, session
from tradeworthy.core.errors import DeskHalted, NotAvailable, TradeworthyError, UsageError
from tradeworthy.gateways.control import SOCKET_NAME, Flatten, Halt, Inject, Resume, Stop
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.web.api.control import INJECTED, NAMED

API = "/api/v1"
ODD = {"reason": "venue is odd"}


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder whose path is short enough for a socket."""
    return tmp_path_factory.mktemp("h")


@pytest.fixture
def small(folder: Path) -> Small:
    """A small app in it."""
    return Small(folder)


def test_halt_without_a_session_sets_the_latch(small: Small) -> None:
    """It is a file: the next session begins halted, and resume takes it away."""
    client = small.client(small.operate)
    answer = client.post(f"{API}/halt", json=ODD)
    assert answer.status_code == 200
    assert answer.json() == {
        "said": "all entries are halted: no session runs, and the next one begins halted",
        "by": "ben (token ben)",
    }
    latch = LatchFile(small.home).read()
    assert latch is not None
    assert (latch.by, latch.reason) == ("ben (token ben)", "venue is odd")
    again = client.post(f"{API}/halt", json={"reason": "other"})
    assert again.json()["said"] == "all entries are halted already, by ben (token ben): venue is odd"
    answer = client.post(f"{API}/resume", json={"reason": "venue is back", "by": "Anna"})
    assert answer.status_code == 200
    assert answer.json()["by"] == "Anna (token ben)"
    assert LatchFile(small.home).read() is None


def test_a_session_hears_who_asks_and_why(small: Small) -> None:
    """Each verb with all that was given, and what let the caller in."""
    client = small.client(small.operate)
    with session(small.home) as heard:
        assert client.post(f"{API}/halt", json=ODD | {"desk": "breakout"}).status_code == 200
        assert client.post(f"{API}/halt", json=ODD | {"by": "Anna"}).status_code == 200
        assert client.post(f"{API}/resume", json=ODD | {"desk": "breakout"}).status_code == 200
        flat = client.post(f"{API}/flatten", json=ODD | {"account": "paper", "confirm": True, "by": "Anna"})
        stop = client.post(f"{API}/stop")
    assert heard == [
        Halt("ben (token ben)", "venue is odd", "breakout"),
        Halt("Anna (token ben)", "venue is odd"),
        Resume("ben (token ben)", "venue is odd", "breakout"),
        Flatten("paper", "Anna (token ben)", "venue is odd", confirm=True),
        Stop(),
    ]
    assert flat.json() == {
        "said": "halted, and closing p1, p2; resume releases it",
        "by": "Anna (token ben)",
        "flattening": ["p1", "p2"],
    }
    assert stop.json() == {"stopping": "run-1", "by": "ben (token ben)"}


@pytest.mark.parametrize("kind", INJECTED)
def test_what_is_injected_reaches_the_session(small: Small, kind: str) -> None:
    """As it was given; where an event says who asks, what let the caller in stands beside it."""
    events: list[dict[str, Any]] = [{"instrument": "BTCUSDT", "price": 101.5}, {"by": "Anna", "ä": None}]
    with session(small.home) as heard:
        answer = small.client(small.operate).post(f"{API}/inject/{kind}", json={"events": events})
    assert answer.json() == {"admitted": 2, "by": "ben (token ben)"}
    if kind in NAMED:
        events = [{**events[0], "by": "ben (token ben)"}, {**events[1], "by": "Anna (token ben)"}]
    assert heard == [Inject(kind, events)]


@pytest.mark.parametrize(
    ("verb", "body", "status", "says"),
    [
        ("halt", {}, 422, "body.reason: Field required"),
        ("halt", {"reason": ""}, 422, "body.reason"),
        ("halt", {"reason": " \t "}, 422, "body.reason"),
        ("halt", {"reason": "a\nb"}, 422, "body.reason"),
        ("halt", {"reason": "x" * 1_001}, 422, "body.reason: String should have at most 1000 characters"),
        ("halt", {"reason": 7}, 422, "body.reason: Input should be a valid string"),
        ("halt", {"reason": "x", "by": "y" * 101}, 422, "body.by"),
        ("halt", {"reason": "x", "force": True}, 422, "body.force: Extra inputs are not permitted"),
        ("halt", [], 422, "body"),
        ("halt", None, 422, "body"),
        ("halt", {"reason": "x", "desk": "breakout"}, 404, "no session runs"),
        ("resume", {"by": "Anna"}, 422, "body.reason: Field required"),
        ("flatten", {"account": "paper", "reason": "x"}, 422, "body.confirm: Field required"),
        ("flatten", {"account": "paper", "reason": "x", "confirm": False}, 400, 'send "confirm": true'),
        ("flatten", {"account": "paper", "reason": "x", "confirm": "yes"}, 422, "body.confirm"),
        ("flatten", {"account": "", "reason": "x", "confirm": True}, 422, "body.account"),
        ("flatten", {"account": "paper", "reason": "x", "confirm": True}, 404, "no session runs"),
        ("inject/price", {"events": []}, 422, "body.events"),
        ("inject/price", {"events": [7]}, 422, "body.events.0"),
        ("inject/price", {"events": [{"price": 1}]}, 404, "no session runs"),
        ("inject/nothing", {"events": [{}]}, 422, "path.kind: the kinds are price, state, social"),
        ("stop", None, 404, "no session runs"),
        ("sell", {}, 404, "there is no POST /api/v1/sell"),
    ],
)
def test_what_is_wrong_is_one_line(small: Small, verb: str, body: Any, status: int, says: str) -> None:
    """A11: and nothing has happened."""
    answer = small.client(small.operate).post(f"{API}/{verb}", json=body)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert says in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    assert LatchFile(small.home).read() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"reason": "\\ud800"}',
        b"[" * 100_000,
        b'{"reason": NaN}',
        b'{"\\ud800": 1, "reason": "x"}',
        b"null",
    ],
)
def test_what_is_no_json_is_refused(small: Small, content: bytes) -> None:
    """A11: in one line of UTF-8."""
    client = small.client(small.operate)
    for verb in ("halt", "inject/price"):
        answer = client.post(f"{API}/{verb}", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 422}, answer.text
        assert list(answer.json()) == ["error"]
    assert LatchFile(small.home).read() is None


def test_a_form_of_another_kind_is_no_request(small: Small) -> None:
    """A page can send forms to other sites without asking; they are no JSON."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = small.client(small.operate).post(
            f"{API}/halt", content=b'{"reason": "x"}', headers={"Content-Type": kind}
        )
        assert answer.status_code == 422
    assert LatchFile(small.home).read() is None


def test_half_a_character_in_an_event_is_refused(small: Small) -> None:
    """JSON can say it, and UTF-8 can't."""
    with session(small.home) as heard:
        answer = small.client(small.operate).post(
            f"{API}/inject/social",
            content=b'{"events": [{"ticker": "\\ud800"}]}',
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code == 400
    assert heard == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("there is no desk 'x'"), 400),
        (NotAvailable("no desk of this session takes social"), 404),
        (DeskHalted("latched"), 409),
        (TradeworthyError("the run is over"), 409),
    ],
)
def test_what_the_session_refuses_is_the_answer(small: Small, error: TradeworthyError, status: int) -> None:
    """With its own line."""
    with session(small.home, refuse=error):
        answer = small.client(small.operate).post(f"{API}/inject/price", json={"events": [{"price": 1}]})
    assert (answer.status_code, answer.json()) == (status, {"error": str(error)})


def test_a_halt_that_the_session_refuses_has_set_the_latch(small: Small) -> None:
    """The file holds, whatever the session says."""
    with session(small.home, refuse=TradeworthyError("the run is over")):
        answer = small.client(small.operate).post(f"{API}/halt", json=ODD)
    assert answer.status_code == 409
    assert LatchFile(small.home).read() is not None


@contextmanager
def dying_session(home: Path) -> Iterator[None]:
    """A session that hangs up on whoever asks."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(home / SOCKET_NAME))
        listening.listen()
        listening.settimeout(20)

        def hang_up() -> None:
            connection, _ = listening.accept()
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        yield
        thread.join()


def test_a_halt_that_the_session_does_not_answer_has_set_the_latch(small: Small) -> None:
    """503 says both: it is halted by the file, and the session may not know yet."""
    with dying_session(small.home):
        answer = small.client(small.operate).post(f"{API}/halt", json=ODD)
    assert answer.status_code == 503
    assert answer.json()["error"].startswith("the latch is set, but the session in")
    assert LatchFile(small.home).read() is not None


def test_what_the_session_does_not_answer_is_503(small: Small) -> None:
    """The same request may work later."""
    with dying_session(small.home):
        answer = small.client(small.operate).post(f"{API}/stop")
    assert answer.status_code == 503
    assert "broke off stop" in answer.json()["error"]


@pytest.mark.parametrize("token", ["", "read", "wrong"])
def test_without_the_scope_nothing_reaches_the_session(small: Small, token: str) -> None:
    """Neither it nor the latch."""
    client = small.client({"read": small.read, "wrong": "tw_wrong"}.get(token, ""))
    wanted = {"account": "paper", "confirm": True} | ODD
    with session(small.home) as heard:
        statuses = {
            client.post(f"{API}/halt", json=ODD).status_code,
            client.post(f"{API}/resume", json=ODD).status_code,
            client.post(f"{API}/flatten", json=wanted).status_code,
            client.post(f"{API}/inject/price", json={"events": [{"price": 1}]}).status_code,
            client.post(f"{API}/stop").status_code,
            client.post(f"{API}/stop", params={"token": small.operate}).status_code,
        }
    assert statuses == {403 if token == "read" else 401}
    assert heard == []
    assert LatchFile(small.home).read() is None


@pytest.mark.parametrize(
    ("kind", "status"), [("usage", 400), ("absent", 404), ("later", 503), ("refused", 409), ("bug", 500)]
)
def test_each_error_has_its_status(small: Small, kind: str, status: int) -> None:
    """And its line, which is one."""
    answer = small.client(small.read).get(f"{API}/fails/{kind}")
    assert (answer.status_code, answer.json()) == (status, {"error": " ".join(str(ERRORS[kind]).split())})


def test_a_defect_is_a_plain_500(small: Small) -> None:
    """Its text stays in the log."""
    answer = small.client(small.read).get(f"{API}/fails/defect")
    assert answer.status_code == 500
    assert "a defect" not in answer.text


def test_an_address_that_takes_another_method_says_so(small: Small) -> None:
    """405 with Allow; below /api/ everything is answered in JSON."""
    client = small.client(small.operate)
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, f"{API}/halt")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
        assert "this address takes POST" in answer.json()["error"]
    assert client.get("/api/v2/").json()["error"].startswith("there is no GET /api/v2/")
    assert LatchFile(small.home).read() is None
