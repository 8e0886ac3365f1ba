"""Who is let in, and what browsers are kept from: tokens, sessions, links, other sites."""

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.web.small_app import HERE, OUR_ORIGIN, SECRET, Small, TestClient
from tradeworthy.web.entry import access as access_module
from tradeworthy.web.entry.access import (
    COOKIE,
    SESSION_S,
    Caller,
    caller_of_cookie,
    session_cookie,
    sign_in_code,
)
from tradeworthy.web.entry.gate import host_name
from tradeworthy.web.entry.sign_in import safe_next
from tradeworthy.web.entry.tokens import Scope

WHO = "/api/v1/whoami"
HALT = "/api/v1/halt"
REASON = {"reason": "venue is odd"}
SOCKET = "ws://127.0.0.1:5005/_nicegui_ws/socket"
HTML = {"Accept": "text/html,*/*"}


@pytest.fixture
def small(home: Path) -> Small:
    """A small app with a token of each scope."""
    return Small(home)


def is_halted(small: Small) -> bool:
    """Whether the latch is set."""
    return (small.home / "halt.latch").exists()


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let signatures and sessions be judged so much later."""
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)


def test_a_token_says_who_asks(small: Small) -> None:
    """By its name and scope; the scheme's case is free (RFC 9110)."""
    assert small.client(small.read).get(WHO).json() == {"name": "ann", "scope": "read"}
    assert small.client(small.operate).get(WHO).json() == {"name": "ben", "scope": "operate"}
    assert small.client().get(WHO, headers={"Authorization": f"bearer {small.read}"}).status_code == 200


@pytest.mark.parametrize(
    "shown",
    [
        "Bearer ",
        "Bearer",
        "",
        "Bearer tw_12345678_" + "A" * 43,
        "Bearer " + "x" * 60_000,
        "Bearer \xff\xfe",
        "Bearer null",
        "Bearer None",
        "Basic {basic}",
        "{token}",
        "Token {token}",
        "Bearer {token} {token}",
        "Bearer {token}x",
        "Bearer {short}",
    ],
)
def test_what_is_no_token_is_turned_away(small: Small, shown: str) -> None:
    """401 in one line, for looking and for acting."""
    basic = base64.b64encode(f"ben:{small.operate}".encode()).decode()
    said = shown.format(token=small.operate, basic=basic, short=small.operate[:-1])
    headers = {"Authorization": said.encode("latin-1")}
    browser = small.signed_in(small.operate)  # A wrong token is not made good by a session.
    for client in (small.client(), browser):
        for answer in (client.get(WHO, headers=headers), client.post(HALT, json=REASON, headers=headers)):
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert list(answer.json()) == ["error"]
            assert small.operate not in answer.text
    assert not is_halted(small)


def test_without_a_token_nothing_but_the_way_in_is_shown(small: Small) -> None:
    """Pages lead to the sign-in page, all else is refused, known or not; /health answers."""
    nobody = small.client()
    for path in (WHO, "/", "/openapi.json", "/metrics", "/trades", "/api/v1/nothing", "/_nicegui/auto/x"):
        assert nobody.get(path).status_code == 401, path
    assert nobody.get("/health").json() == {"ok": True}
    led = nobody.get("/trades?kind=a&x=%22", headers=HTML)
    assert (led.status_code, led.headers["Location"]) == (
        303,
        "/sign-in?next=/trades%3Fkind%3Da%26x%3D%2522",
    )
    assert nobody.get(WHO, headers=HTML).status_code == 401


def test_a_path_that_climbs_is_not_open(small: Small) -> None:
    """/static/ is open, and what can be reached through it is not."""
    for path in (
        "/static/%2e%2e/api/v1/whoami",
        "/sign-in/..%2f..%2fapi/v1/whoami",
        "//sign-in",
        "/sign-in%00",
    ):
        answer = small.client().get(path)
        assert answer.status_code in {401, 404}, path
        assert "ann" not in answer.text


def test_a_read_token_may_not_operate(small: Small) -> None:
    """403, and nothing has happened."""
    answer = small.client(small.read).post(HALT, json=REASON)
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("ann may read, and this needs operate")
    assert not is_halted(small)


def test_a_browser_signs_in_with_a_token(small: Small) -> None:
    """The cookie is for this server alone, and no script can read it."""
    browser = small.client()
    answer = browser.post(
        "/sign-in", data={"token": f" {small.read}\n", "next": "/trades?kind=a"}, headers=OUR_ORIGIN
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/trades?kind=a")
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={SESSION_S}"):
        assert part in cookie
    assert "Domain" not in cookie
    assert small.read not in cookie
    assert browser.get(WHO).json() == {"name": "ann", "scope": "read"}
    assert browser.get("/", headers=HTML).text == "the page"
    assert "You are signed in as ann, may read" in browser.get("/sign-in").text


def test_over_https_the_cookie_is_sent_over_https_alone(small: Small) -> None:
    """Behind a proxy that ends TLS and says so to the server."""
    client = TestClient(small.app, "https://127.0.0.1:5005", follow_redirects=False)
    answer = client.post("/sign-in", data={"token": small.read}, headers={"Origin": "https://127.0.0.1:5005"})
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "body",
    [
        {"token": ""},
        {"token": "tw_wrong"},
        {"token": "x" * 200_000},
        {"token": "\x00\ud7ff"},
        {},
        {f"f{number}": "x" for number in range(50)},
    ],
)
def test_a_wrong_token_is_told_on_the_page(small: Small, body: dict[str, str]) -> None:
    """And no cookie is given."""
    answer = small.client().post("/sign-in", data=body)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "xxxx" not in answer.text


def test_what_is_sent_is_escaped_on_the_page(small: Small) -> None:
    """A link to the sign-in page can bring nothing of its own."""
    for path in ('/sign-in?next=/"><script>alert(1)</script>', "/sign-in?next=javascript:alert(1)"):
        answer = small.client().get(path)
        assert "<script" not in answer.text
        assert "javascript:" not in answer.text
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "wanted",
    ["//evil.com", "/\\evil.com", "https://evil.com", "evil.com", "", "/a\nb", "/" + "a" * 501, "/sign-out"],
)
def test_sign_in_leads_nowhere_else(wanted: str) -> None:
    """To a path of this server, or to its first page."""
    assert safe_next(wanted) == "/"
    assert safe_next("/trades?kind=a") == "/trades?kind=a"


def test_a_cookie_that_was_tampered_with_opens_nothing(small: Small) -> None:
    """Each character of it counts; so do the secret and what it was signed for."""
    good = small.signed_in(small.read).cookies[COOKIE]
    caller = caller_of_cookie(SECRET, good)
    assert caller is not None
    payload, at, mark = good.split(".")
    raised = base64.urlsafe_b64encode(
        base64.urlsafe_b64decode(payload + "==").replace(b'"read"', b'"operate"')
    )
    changed = [
        f"{raised.decode().rstrip('=')}.{at}.{mark}",
        f"{payload}.{at}.",
        f"{payload}..{mark}",
        f"{payload}.zzzzzz.{mark}",
        f".{payload}.{at}.{mark}",
        payload,
        "",
        ".",
        "x" * 5_000,
        session_cookie("another secret of that length", caller),
        sign_in_code(SECRET, "ann", Scope.OPERATE),
        *(
            good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
            for place in range(0, len(good) - 1, 7)
        ),
    ]
    for text in changed:
        assert small.client(Cookie=f"{COOKIE}={text}").get(WHO).status_code == 401, text
    assert small.client(Cookie=f"{COOKIE}={good}").get(WHO).status_code == 200


def test_a_session_ends_after_twelve_hours(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the browser keeps the cookie."""
    browser = small.signed_in(small.operate)
    cookie = {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
    later(monkeypatch, SESSION_S - 60)
    assert small.client(**cookie).get(WHO).status_code == 200
    later(monkeypatch, 120)
    assert small.client(**cookie).get(WHO).status_code == 401
    assert small.client(**cookie).post(HALT, json=REASON, headers=OUR_ORIGIN).status_code == 401
    assert not is_halted(small)


def test_a_revoked_token_ends_its_sessions(small: Small) -> None:
    """At once; one of the same name that is made later does not bring them back."""
    browser, caller = small.signed_in(small.operate), small.access.by_token(small.operate)
    assert caller is not None
    small.access.tokens.revoke("ben")
    assert browser.get(WHO).status_code == 401
    assert not small.access.holds(caller)
    small.access.tokens.make("ben", Scope.OPERATE)
    assert browser.get(WHO).status_code == 401
    assert browser.post(HALT, json=REASON, headers=OUR_ORIGIN).status_code == 401
    assert not is_halted(small)


def test_signing_out_ends_the_session_for_whoever_has_the_cookie(small: Small) -> None:
    """Other sessions of the same token go on."""
    browser, other = small.signed_in(small.read), small.signed_in(small.read)
    copy = small.client(Cookie=f"{COOKIE}={browser.cookies[COOKIE]}")
    answer = browser.post("/sign-out", headers=OUR_ORIGIN)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert COOKIE not in browser.cookies
    assert copy.get(WHO).status_code == 401
    assert other.get(WHO).status_code == 200


def test_a_link_lets_one_browser_in_once(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `serve --link` prints."""
    code = sign_in_code(SECRET, "local", Scope.OPERATE)
    browser = small.client()
    answer = browser.get(f"/sign-in/{code}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert browser.get(WHO).json() == {"name": "local", "scope": "operate"}
    again = small.client().get(f"/sign-in/{code}")
    assert again.status_code == 401
    assert "Set-Cookie" not in again.headers
    assert "used already" in again.text
    late = sign_in_code(SECRET, "local", Scope.OPERATE)
    later(monkeypatch, 660)
    assert small.client().get(f"/sign-in/{late}").status_code == 401


def test_a_link_of_another_process_opens_nothing(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which links were used is not remembered over a restart."""
    code = sign_in_code(SECRET, "local", Scope.OPERATE)
    monkeypatch.setattr(access_module, "_THIS_PROCESS", "the next one")
    assert small.client().get(f"/sign-in/{code}").status_code == 401
    assert small.client().get("/sign-in/" + "x" * 3_000).status_code == 401


def acting(small: Small, **headers: str) -> int:
    """The status of a halt that a signed-in browser asks for with these headers."""
    answer = small.signed_in(small.operate).post(HALT, json=REASON, headers=headers)
    return int(answer.status_code)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.com",
        "null",
        "",
        "http://127.0.0.1:5006",
        "http://localhost:5005",
        "http://127.0.0.1",
        "http://[",
        "file://",
    ],
)
def test_another_site_can_not_act_with_our_cookie(small: Small, origin: str) -> None:
    """Nor a page of another port of this machine."""
    assert acting(small, Origin=origin) == 403
    assert not is_halted(small)


def test_a_cookie_alone_does_not_act(small: Small) -> None:
    """Browsers say where a request comes from; what does not may be anything."""
    assert acting(small) == 403
    assert not is_halted(small)
    assert acting(small, **OUR_ORIGIN) == 200
    assert is_halted(small)


def test_a_program_needs_no_origin(small: Small) -> None:
    """The token that it shows is proof enough."""
    assert small.client(small.operate).post(HALT, json=REASON).status_code == 200


def test_another_site_can_not_sign_a_browser_in(small: Small) -> None:
    """So that nobody watches the attacker's session for his own."""
    answer = small.client().post(
        "/sign-in", data={"token": small.read}, headers={"Origin": "https://evil.com"}
    )
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_a_link_on_another_site_finds_who_is_signed_in(small: Small) -> None:
    """The browser keeps the cookie back there; our own page asks again, and only once."""
    first = small.client().get("/trades", headers=HTML | {"Sec-Fetch-Site": "cross-site"})
    assert first.status_code == 200
    assert 'http-equiv="refresh" content="0;url=/trades"' in first.text
    assert small.client().get("/trades", headers=HTML | {"Sec-Fetch-Site": "same-origin"}).status_code == 303


@pytest.mark.parametrize(
    "asked",
    [
        "evil.com",
        "evil.com:5005",
        "127.0.0.1.evil.com",
        "localhost.evil.com:5005",
        "",
        "0.0.0.0:5005",
        "10.0.0.7:5005",
        "[::2]",
        "127.0.0.1@evil.com",
    ],
)
def test_a_name_that_was_made_to_point_at_us_is_refused(small: Small, asked: str) -> None:
    """DNS rebinding: the browser takes evil.com for the same site, and says its name in Host."""
    for path in ("/health", "/sign-in", WHO):
        answer = small.client(small.operate, Host=asked).get(path)
        assert answer.status_code == 400, path
        assert "TRADEWORTHY_WEB__HOSTS" in answer.json()["error"]
    answer = small.client(small.operate, Host=asked, Origin=f"http://{asked}").post(HALT, json=REASON)
    assert answer.status_code == 400
    assert not is_halted(small)


@pytest.mark.parametrize("asked", ["localhost", "LOCALHOST:9", "127.0.0.1:80", "[::1]:5005", "desk.example"])
def test_its_own_names_are_served(home: Path, asked: str) -> None:
    """Whatever the port: a tunnel may have another."""
    small = Small(home, hosts=("Desk.example",))
    assert small.client(small.read, Host=asked).get(WHO).status_code == 200


def test_bound_to_everything_it_is_reached_by_any_address_and_no_name(home: Path) -> None:
    """A name can be made to point here, an address can't."""
    small = Small(home, host="0.0.0.0")  # noqa: S104 - nothing listens
    assert small.client(small.read, Host="10.0.0.7:5005").get(WHO).status_code == 200
    assert small.client(small.read, Host="evil.com").get(WHO).status_code == 400


def test_the_name_of_a_host_header() -> None:
    """Without port and brackets."""
    assert [host_name(text) for text in ("A:1", "[::1]:5005", "[::1]", "", ":80")] == [
        "a",
        "::1",
        "::1",
        "",
        "",
    ]


def with_socket(small: Small) -> Small:
    """The app with a socket like that of a page."""

    @small.app.websocket("/_nicegui_ws/socket")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(f"{socket.state.caller.name}")
        await socket.close()

    return small


def test_a_page_opens_its_socket(small: Small) -> None:
    """With the session of who looks at it."""
    browser = with_socket(small).signed_in(small.read)
    with browser.websocket_connect(SOCKET, headers=OUR_ORIGIN) as socket:
        assert socket.receive_text() == "ann"


@pytest.mark.parametrize(
    "opened",
    [
        lambda small: small.client().websocket_connect(SOCKET, headers=OUR_ORIGIN),
        lambda small: small.signed_in(small.read).websocket_connect(
            SOCKET, headers={"Origin": "https://evil.com"}
        ),
        lambda small: small.signed_in(small.read).websocket_connect(SOCKET),
        lambda small: small.signed_in(small.read).websocket_connect(
            SOCKET, headers={"Host": "evil.com", "Origin": "http://evil.com"}
        ),
    ],
    ids=["nobody", "another site", "no origin", "another name"],
)
def test_nobody_else_opens_a_socket(small: Small, opened: Callable[[Small], Any]) -> None:
    """A socket is no request that the browser's own rules would keep from another site."""
    with pytest.raises(WebSocketDisconnect), opened(with_socket(small)) as socket:
        socket.receive_text()


def test_when_the_tokens_can_not_be_read_nobody_is_let_in(small: Small) -> None:
    """503, without a word on where they are; /health still answers."""
    browser = small.signed_in(small.operate)
    (small.home / "tokens.json").write_bytes(b"garbage")
    for client in (small.client(small.operate), browser):
        answer = client.get(WHO)
        assert answer.status_code == 503
        assert str(small.home) not in answer.text
    answer = small.client().post("/sign-in", data={"token": small.operate})
    assert answer.status_code == 503
    assert str(small.home) not in answer.text
    assert small.client(small.operate).get("/health").status_code == 200


def test_failed_sign_ins_are_slowed(small: Small) -> None:
    """After some the address has to wait, even with the right token; who is in already goes on."""
    browser, other = small.signed_in(small.read), small.client()
    answers = [other.post("/sign-in", data={"token": "tw_wrong"}) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert other.post("/sign-in", data={"token": small.read}).status_code == 429
    assert other.get(f"/sign-in/{sign_in_code(SECRET, 'a', Scope.READ)}").status_code == 429
    assert browser.get(WHO).status_code == 200


def test_every_answer_carries_the_headers(small: Small) -> None:
    """Refusals, too; a page may load what is of this server alone, and nobody may frame it."""
    for answer in (
        small.client().get(WHO),
        small.client(Host="evil.com").get("/"),
        small.client(small.read).get(WHO),
        small.client().get("/sign-in"),
    ):
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "*" not in answer.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert HERE not in small.client().get("/sign-in").text


def test_a_caller_goes_on_record_with_what_let_him_in() -> None:
    """Whoever he says he is."""
    assert Caller("desk", Scope.OPERATE, "1a2b").recorded() == "desk (token desk)"
    assert Caller("desk", Scope.OPERATE, "1a2b").recorded(" Ann ") == "Ann (token desk)"
    assert Caller("local", Scope.OPERATE).recorded() == "local (sign-in link)"
