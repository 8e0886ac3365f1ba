"""The control socket: people's commands to a running session, one JSON object a line, over a unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import msgspec

from tradeworthy.core.errors import NotAvailable, Retryable, TradeworthyError, UsageError
from tradeworthy.gateways.latch import require_name_and_reason

SOCKET_NAME = "control.sock"
PATH_BYTES_MAX = 107
"""What the address of a unix socket can hold on Linux."""

LINE_BYTES_MAX = 1 << 20
"""The longest request; longer injections go in several."""

ANSWER_BYTES_MAX = 16 << 20
CONNECTIONS_MAX = 16
IDLE_S_MAX = 60.0
CLOSE_GRACE_S = 2.0

Word = Annotated[str, msgspec.Meta(max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=2_000)]


class Command(msgspec.Struct, frozen=True, tag_field="verb", forbid_unknown_fields=True):
    """What all requests share: the verb is the tag."""


class Halt(Command, frozen=True, tag="halt"):
    """Stop entries of `desk` ("" is all) until a person resumes."""

    by: Word = ""
    reason: Text = ""
    desk: Word = ""


class Resume(Command, frozen=True, tag="resume"):
    """Release the latch of `desk` ("" is all); refused without a name and a reason."""

    by: Word = ""
    reason: Text = ""
    desk: Word = ""

    def __post_init__(self) -> None:
        require_name_and_reason(self.by, self.reason)


class Flatten(Command, frozen=True, tag="flatten"):
    """Halt, and close every position of `account` at market, which can cost money: needs `confirm`."""

    account: Word = ""
    by: Word = ""
    reason: Text = ""
    desk: Word = ""
    confirm: bool = False

    def __post_init__(self) -> None:
        if not self.account:
            raise UsageError("flatten needs an account: give --account NAME")
        if not self.confirm:
            raise UsageError(f"flatten closes every position of {self.account!r} at market: give --confirm")


class Stop(Command, frozen=True, tag="stop"):
    """End the session in good order."""


class Status(Command, frozen=True, tag="status"):
    """Ask how the session stands."""


class Inject(Command, frozen=True, tag="inject"):
    """Hand events of `kind` (price ...) to the session, one object each."""

    kind: Word
    events: list[dict[str, Any]]


Request = Halt | Resume | Flatten | Stop | Status | Inject
VERBS = ("halt", "resume", "flatten", "stop", "status", "inject")
Handler = Callable[[Request], Awaitable[dict[str, Any]]]
"""Answers a request; a TradeworthyError it raises becomes the caller's error line."""

_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_answers = msgspec.json.Decoder(dict[str, Any])
_ERRORS: dict[int, type[TradeworthyError]] = {2: UsageError, 3: NotAvailable}


def parse(line: bytes) -> Request:
    """The request in `line`, checked; UsageError says in one line what is wrong with it."""
    try:
        return _requests.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"not a request: {error}; the verbs are {', '.join(VERBS)}") from error


class ControlServer:
    """Serves `<home>/control.sock` (mode 0600) with `handle`; a connection is answered in its order."""

    def __init__(self, home: Path, handle: Handler) -> None:
        self.path = home / SOCKET_NAME
        self._handle = handle
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._inode = 0

    async def start(self) -> None:
        """Listen. UsageError if a session listens there already; a socket that nobody serves is replaced."""
        bound = _bind(self.path)
        self._inode = self.path.lstat().st_ino
        self._server = await asyncio.start_unix_server(self._serve, sock=bound, limit=LINE_BYTES_MAX)

    async def close(self) -> None:
        """Stop listening, let answers under way go out, and take the socket away."""
        if self._server is None:
            return
        self._server.close()
        for task in self._connections - self._busy:
            task.cancel()
        if self._connections:
            _, late = await asyncio.wait(self._connections, timeout=CLOSE_GRACE_S)
            for task in late:
                task.cancel()
        await self._server.wait_closed()
        self._server = None
        with contextlib.suppress(FileNotFoundError):
            # Not the socket of a session that came after us.
            if self.path.lstat().st_ino == self._inode:
                self.path.unlink()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if len(self._connections) > CONNECTIONS_MAX:
                await _write(
                    writer, _refusal(f"more than {CONNECTIONS_MAX} connections: close one, then try again", 3)
                )
                return
            await self._converse(task, reader, writer)
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            # The caller went away, said nothing for too long, or we close: nothing is owed to him.
            return
        finally:
            self._connections.discard(task)
            self._busy.discard(task)
            writer.close()

    async def _converse(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while self._server is not None and self._server.is_serving():
            try:
                line = await asyncio.wait_for(reader.readline(), IDLE_S_MAX)
            except ValueError:
                await _write(
                    writer, _refusal(f"a request is at most {LINE_BYTES_MAX} bytes: send it in parts", 2)
                )
                return
            if not line:
                return
            self._busy.add(task)
            await _write(writer, await self._answer(line))
            self._busy.discard(task)

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            return {"ok": True, **await self._handle(parse(line))}
        except TradeworthyError as error:
            return _refusal(str(error), error.exit_code)


def ask(home: Path, request: Request, *, timeout_s: float = 10.0) -> dict[str, Any]:
    """The running session's answer to `request`, without `ok`.

    Raises NotAvailable if no session runs in `home`, Retryable if it breaks off or does not answer within
    `timeout_s`, and the session's own refusal by its exit code: UsageError, NotAvailable or TradeworthyError.
    """
    verb = request.__struct_config__.tag
    line = msgspec.json.encode(request) + b"\n"
    if len(line) > LINE_BYTES_MAX:
        raise UsageError(
            f"{verb} makes {len(line)} bytes, at most {LINE_BYTES_MAX} go at once: send it in parts"
        )
    deadline = time.monotonic() + timeout_s
    try:
        with _connect(home / SOCKET_NAME, timeout_s) as connection:
            connection.sendall(line)
            reply = _receive_line(connection, deadline)
    except TimeoutError as error:
        raise Retryable(
            f"the session in {home} did not answer {verb} within {timeout_s:g} s:"
            " it may be busy; try again, or look at `tradeworthy status`"
        ) from error
    except ConnectionError as error:
        raise Retryable(f"the session in {home} broke off {verb}: it may be stopping; try again") from error
    try:
        answer = _answers.decode(reply)
    except msgspec.MsgspecError as error:
        raise Retryable(f"the session in {home} broke off its answer to {verb}: try again") from error
    if answer.pop("ok", False) is True:
        return answer
    raise _ERRORS.get(answer.get("exit", 1), TradeworthyError)(str(answer.get("error", "refused")))


def _connect(path: Path, timeout_s: float) -> socket.socket:
    _check_length(path)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        connection.connect(str(path))
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as error:
        connection.close()
        raise NotAvailable(
            f"no session runs in {path.parent}: start one with `tradeworthy run CONFIG`"
        ) from error
    except PermissionError as error:
        connection.close()
        raise NotAvailable(f"{path} belongs to another user: ask as the user who runs the session") from error
    except OSError:
        connection.close()
        raise
    return connection


def _receive_line(connection: socket.socket, deadline: float) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(65_536)
        if not chunk:
            raise ConnectionResetError
        received += chunk
        if len(received) > ANSWER_BYTES_MAX:
            raise ConnectionAbortedError
    return bytes(received)


def _bind(path: Path) -> socket.socket:
    _check_length(path)
    _clear_stale(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Before bind, so that the file is never open to others, not even for a moment (Linux).
        os.fchmod(bound.fileno(), 0o600)
        bound.bind(str(path))
        path.chmod(0o600)
    except OSError as error:
        bound.close()
        raise UsageError(
            f"the control socket {path} can't be made ({error.strerror}): check the home folder"
        ) from error
    return bound


def _clear_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"the home folder {path.parent} can't be read ({error.strerror}): fix it") from error
    if not stat.S_ISSOCK(mode):
        raise UsageError(f"{path} is no socket, and the session needs that name: move the file away")
    try:
        _connect(path, 1.0).close()
    except NotAvailable:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path} is in use by something that does not answer: stop it first") from error
    else:
        raise UsageError(f"a session already runs in {path.parent}: `tradeworthy stop` ends it")


def _check_length(path: Path) -> None:
    length = len(os.fsencode(path))
    if length > PATH_BYTES_MAX:
        raise UsageError(
            f"the control socket's path has {length} bytes, a unix socket holds {PATH_BYTES_MAX}:"
            f" set TRADEWORTHY_HOME to a shorter folder than {path.parent}"
        )


def _refusal(error: str, exit_code: int) -> dict[str, Any]:
    return {"ok": False, "error": " ".join(error.split()), "exit": exit_code}


async def _write(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(msgspec.json.encode(answer) + b"\n")
    await asyncio.wait_for(writer.drain(), IDLE_S_MAX)
