"""The control socket: requests over the real socket, garbage included."""

import asyncio
import json
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tradeworthy.core.errors import DeskHalted, NotAvailable, Retryable, TradeworthyError, UsageError
from tradeworthy.gateways import control
from tradeworthy.gateways.control import (
    CONNECTIONS_MAX,
    LINE_BYTES_MAX,
    SOCKET_NAME,
    ControlServer,
    Flatten,
    Halt,
    Handler,
    Inject,
    Request,
    Resume,
    Status,
    Stop,
    ask,
)

T = TypeVar("T")

REQUESTS = [
    Halt("anna", "venue is odd"),
    Resume("ben", "venue is back", desk="breakout"),
    Flatten("paper", "anna", "go home", confirm=True),
    Stop(),
    Status(),
    Inject("price", [{"instrument": "BTCUSDT", "price": 1.5}]),
]


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder whose path is short enough for a socket."""
    return tmp_path_factory.mktemp("h")


class Session:
    """A handler that remembers what it was asked, and answers with the verb."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    async def handle(self, request: Request) -> dict[str, Any]:
        """The request's verb."""
        self.asked.append(request)
        return {"verb": request.__struct_config__.tag}


def talk(home: Path, handle: Handler, say: Callable[[], T]) -> T:
    """What `say` returns, called in a thread while `handle` serves `home`."""

    async def session() -> T:
        async with ControlServer(home, handle):
            return await asyncio.wait_for(asyncio.to_thread(say), 20)

    return asyncio.run(session())


def connected(home: Path) -> socket.socket:
    """A raw connection to the session in `home`."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(10)
    connection.connect(str(home / SOCKET_NAME))
    return connection


def say_raw(home: Path, *lines: bytes) -> list[dict[str, Any]]:
    """The answers to `lines`, sent as they are on one connection."""
    with connected(home) as connection, connection.makefile("rwb") as file:
        answers = []
        for line in lines:
            file.write(line)
            file.flush()
            answers.append(json.loads(file.readline()))
        return answers


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_a_request_arrives_as_it_was_asked(home: Path, request_: Request) -> None:
    """Each verb reaches the handler with all its fields, and the answer comes back."""
    session = Session()
    answer = talk(home, session.handle, lambda: ask(home, request_))
    assert session.asked == [request_]
    assert answer == {"verb": type(request_).__name__.lower()}


def test_only_the_owner_may_open_the_socket(home: Path) -> None:
    """The file has mode 0600 while the session runs, and is gone afterwards."""
    mode = talk(home, Session().handle, lambda: (home / SOCKET_NAME).stat().st_mode)
    assert stat.S_IMODE(mode) == 0o600
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"\n", "not a request"),
        (b"{\n", "not a request"),
        (b"\xff\xfe\n", "not a request"),
        (b"[" * 100_000 + b"\n", "not a request"),
        (b"[]\n", "not a request"),
        (b"null\n", "not a request"),
        (b"{}\n", "verb"),
        (b'{"verb": "sell"}\n', "the verbs are halt, resume, flatten, stop, status, inject"),
        (b'{"verb": 7}\n', "verb"),
        (b'{"verb": "halt", "by": 7}\n', "$.by"),
        (b'{"verb": "halt", "reason": "' + b"x" * 2_001 + b'"}\n', "$.reason"),
        (b'{"verb": "halt", "force": true}\n', "force"),
        (b'{"verb": "resume", "by": "anna"}\n', "resume needs a name and a reason: give --reason TEXT"),
        (b'{"verb": "flatten", "confirm": true}\n', "give --account NAME"),
        (b'{"verb": "flatten", "account": "paper"}\n', "give --confirm"),
        (b'{"verb": "inject", "kind": "price"}\n', "events"),
        (b'{"verb": "inject", "kind": "price", "events": [1]}\n', "$.events"),
    ],
)
def test_what_is_no_request_is_answered_with_one_error_line(home: Path, line: bytes, says: str) -> None:
    """Nothing of it reaches the handler, and the next request on that connection is served (A11)."""
    session = Session()
    refused, served = talk(home, session.handle, lambda: say_raw(home, line, b'{"verb": "status"}\n'))
    assert refused["ok"] is False
    assert refused["exit"] == 2
    assert says in refused["error"]
    assert "\n" not in refused["error"]
    assert served == {"ok": True, "verb": "status"}
    assert session.asked == [Status()]


def test_a_line_without_end_is_cut_off(home: Path) -> None:
    """More than the longest request is answered with the limit, and the connection ends."""

    def flood() -> bytes:
        with connected(home) as connection:
            connection.sendall(b"x" * (LINE_BYTES_MAX + 1))
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := connection.recv(4096):
                received += chunk
            return received

    answer = json.loads(talk(home, Session().handle, flood))
    assert answer["ok"] is False
    assert str(LINE_BYTES_MAX) in answer["error"]


def test_a_request_that_is_too_long_is_not_sent(home: Path) -> None:
    """The caller is told to split it, session or none."""
    with pytest.raises(UsageError, match="send it in parts"):
        ask(home, Inject("price", [{"text": "x" * LINE_BYTES_MAX}]))


def test_connections_are_bounded(home: Path) -> None:
    """One more than the limit is told so at once; the others go on."""

    def crowd() -> tuple[dict[str, Any], dict[str, Any]]:
        held = [connected(home) for _ in range(CONNECTIONS_MAX)]
        files = [connection.makefile("rwb") for connection in held]
        for file in files:
            file.write(b'{"verb": "status"}\n')
            file.flush()
            file.readline()
        with connected(home) as late, late.makefile("rb") as ears:
            refused = json.loads(ears.readline())
        files[0].write(b'{"verb": "status"}\n')
        files[0].flush()
        served = json.loads(files[0].readline())
        for file, connection in zip(files, held, strict=True):
            file.close()
            connection.close()
        return refused, served

    refused, served = talk(home, Session().handle, crowd)
    assert refused["ok"] is False
    assert f"more than {CONNECTIONS_MAX} connections" in refused["error"]
    assert served["ok"] is True


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (UsageError("no desk 'x'"), UsageError),
        (NotAvailable("no such mode"), NotAvailable),
        (DeskHalted("latched"), TradeworthyError),
    ],
)
def test_the_sessions_refusal_reaches_the_caller(
    home: Path, raised: TradeworthyError, kind: type[TradeworthyError]
) -> None:
    """Its sentence and its exit code are the caller's."""

    async def refuse(_: Request) -> dict[str, Any]:
        raise raised

    with pytest.raises(kind) as caught:
        talk(home, refuse, lambda: ask(home, Stop()))
    assert type(caught.value) is kind
    assert str(caught.value) == str(raised)


def test_nobody_answers_where_no_session_runs(home: Path) -> None:
    """One line that names the folder and the next step, exit code 3 (A11)."""
    with pytest.raises(NotAvailable, match=r"^no session runs in .*tradeworthy run CONFIG") as caught:
        ask(home, Stop())
    assert caught.value.exit_code == 3
    with pytest.raises(NotAvailable):
        ask(home / "never_made", Stop())


def leave_stale_socket(home: Path) -> None:
    """What a killed session leaves: a socket file that nobody serves."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(home / SOCKET_NAME))


def test_a_killed_sessions_socket_is_no_session(home: Path) -> None:
    """The caller is told that none runs; the next session takes the name over."""
    leave_stale_socket(home)
    with pytest.raises(NotAvailable, match="no session runs"):
        ask(home, Status())
    assert talk(home, Session().handle, lambda: ask(home, Status())) == {"verb": "status"}


def test_a_second_session_is_refused(home: Path) -> None:
    """It does not take the first one's socket, which goes on serving."""

    async def both() -> dict[str, Any]:
        async with ControlServer(home, Session().handle):
            with pytest.raises(UsageError, match="a session already runs in"):
                await ControlServer(home, Session().handle).start()
            return await asyncio.to_thread(ask, home, Status())

    assert asyncio.run(both()) == {"verb": "status"}


def test_a_file_in_the_sockets_place_is_left_alone(home: Path) -> None:
    """One line says what to move; nothing is deleted (A11)."""
    (home / SOCKET_NAME).write_text("mine")
    with pytest.raises(UsageError, match="is no socket"):
        asyncio.run(ControlServer(home, Session().handle).start())
    assert (home / SOCKET_NAME).read_text() == "mine"


@pytest.mark.parametrize("folder", ["never_made", "file"])
def test_a_home_that_is_no_folder_is_said_in_one_line(home: Path, folder: str) -> None:
    """A missing home, or a file where it should be (A11)."""
    (home / "file").write_text("")
    with pytest.raises(UsageError, match="home folder"):
        asyncio.run(ControlServer(home / folder, Session().handle).start())


def test_a_home_with_too_long_a_path_is_said_in_one_line(home: Path) -> None:
    """The length, the limit and what to set."""
    deep = home / ("x" * 120)
    with pytest.raises(UsageError, match=r"a unix socket holds 107: set TRADEWORTHY_HOME"):
        ask(deep, Status())
    with pytest.raises(UsageError, match=r"a unix socket holds 107"):
        asyncio.run(ControlServer(deep, Session().handle).start())


def test_a_session_that_does_not_answer_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller waits for his timeout, not for ever, and so does the session when it closes."""
    monkeypatch.setattr(control, "CLOSE_GRACE_S", 0.01)

    async def never(_: Request) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    with pytest.raises(Retryable, match=r"did not answer status within 0\.05 s"):
        talk(home, never, lambda: ask(home, Status(), timeout_s=0.05))


@pytest.mark.parametrize(
    "reply", [b"", b'{"ok": true', b"nonsense\n", b"[]\n"], ids=["none", "cut", "junk", "list"]
)
def test_a_broken_answer_is_not_believed(home: Path, reply: bytes) -> None:
    """Half an answer is no answer: try again."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(home / SOCKET_NAME))
        server.listen()

        async def answer() -> dict[str, Any]:
            asking = asyncio.create_task(asyncio.to_thread(ask, home, Status(), timeout_s=10))
            connection, _ = await asyncio.to_thread(server.accept)
            with connection:
                await asyncio.to_thread(connection.recv, 4096)
                connection.sendall(reply)
            return await asking

        with pytest.raises(Retryable, match="broke off"):
            asyncio.run(answer())


def test_the_answer_to_stop_goes_out_before_the_door_closes(home: Path) -> None:
    """Closing waits for an answer under way and drops those who only listen."""

    async def session() -> tuple[dict[str, Any], bytes]:
        closing = asyncio.Event()

        async def handle(_: Request) -> dict[str, Any]:
            closing.set()
            await asyncio.sleep(0)
            return {"stopping": True}

        server = ControlServer(home, handle)
        await server.start()
        idle, writer = await asyncio.open_unix_connection(str(home / SOCKET_NAME))
        asking = asyncio.create_task(asyncio.to_thread(ask, home, Stop()))
        await closing.wait()
        await server.close()
        heard = await idle.read()
        writer.close()
        return await asking, heard

    assert asyncio.run(session()) == ({"stopping": True}, b"")
    assert not (home / SOCKET_NAME).exists()


def test_one_who_says_nothing_is_shown_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle connection ends by itself."""
    monkeypatch.setattr(control, "IDLE_S_MAX", 0.01)

    def listen() -> bytes:
        with connected(home) as connection:
            return connection.recv(10)

    assert talk(home, Session().handle, listen) == b""


def test_a_closed_session_leaves_its_successors_socket(home: Path) -> None:
    """A session that closes late takes only its own socket away."""

    async def both() -> bool:
        first = ControlServer(home, Session().handle)
        await first.start()
        (home / SOCKET_NAME).rename(home / "old")
        async with ControlServer(home, Session().handle):
            await first.close()
            return (home / SOCKET_NAME).exists()

    assert asyncio.run(both())
    assert [path.name for path in home.iterdir()] == ["old"]
