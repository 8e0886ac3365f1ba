"""A venue's price stream on loopback: JSON over a real websocket, every message numbered, from any number on."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from tests.runtime.rig import BTC, START

PATIENCE_S = 20.0


class PriceServer:
    """Serves `ws://127.0.0.1:<port>/?after=N`: all that was said past number N, and what is said from then on.

    `asked` are the numbers that clients asked to go on from. With `forgetful` it begins at 0 whatever was asked.
    """

    def __init__(self, *, forgetful: bool = False) -> None:
        self.asked: list[int] = []
        self._forgetful = forgetful
        self._said: list[str | bytes] = []
        self._news = threading.Condition()
        self._connections: list[ServerConnection] = []
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._port = 0
        self._closing = False

    @property
    def url(self) -> str:
        """Where it listens, in this life and the next."""
        return f"ws://127.0.0.1:{self._port}"

    @property
    def listening(self) -> bool:
        """Whether a client would be let in."""
        return self._server is not None

    def start(self) -> None:
        """Listen."""
        self._closing = False
        self._server = serve(self._serve, "127.0.0.1", self._port)
        self._port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="price-server")
        self._thread.start()

    def stop(self) -> None:
        """Hang up on all, and listen no more."""
        assert self._server
        assert self._thread
        self._closing = True
        self.drop()
        self._server.shutdown()
        self._thread.join()
        self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self.stop()

    def price(self, told: int = 0, at: float = 100.0, instrument: str = BTC, ts: int = START) -> None:
        """Say a price; its quantity tells the desks of the tests what to do."""
        self._say("price", instrument=instrument, ts=ts, price=at, quantity=told)

    def book(self, bid: int = 1_000, instrument: str = BTC, ts: int = START, lots: int = 1_000_000) -> None:
        """Say a book of one level a side, a tick apart."""
        self._say("book", instrument=instrument, ts=ts, bids=[[bid, lots]], asks=[[bid + 1, lots]])

    def garbage(self, message: str | bytes) -> None:
        """Say something that is no message of the protocol; it has a number all the same, and is not forgotten."""
        with self._news:
            self._said.append(message)
            self._news.notify_all()

    def _say(self, kind: str, **fields: Any) -> None:
        with self._news:
            number = len(self._said)
            self._said.append(msgspec.json.encode({"number": number, "kind": kind, **fields}).decode())
            self._news.notify_all()

    def drop(self) -> None:
        """Break every connection off, in the middle of whatever it does."""
        with self._news:
            broken, self._connections = self._connections, []
            self._news.notify_all()
        for connection in broken:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def has_clients(self, count: int) -> bool:
        """Whether so many connections were made in all, within patience."""
        with self._news:
            return self._news.wait_for(lambda: len(self.asked) >= count, PATIENCE_S)

    def _serve(self, connection: ServerConnection) -> None:
        assert connection.request
        after = int(parse_qs(urlsplit(connection.request.path).query)["after"][0])
        with self._news:
            self.asked.append(after)
            self._connections.append(connection)
            self._news.notify_all()
        with contextlib.suppress(ConnectionClosed, OSError):
            for number in itertools.count(0 if self._forgetful else after + 1):
                message = self._message(number, connection)
                if message is None:
                    return
                connection.send(message)

    def _message(self, number: int, connection: ServerConnection) -> str | bytes | None:
        """Message `number` once it was said; None once the connection is over."""
        with self._news:
            self._news.wait_for(lambda: len(self._said) > number or self._is_over(connection))
            return None if self._is_over(connection) else self._said[number]

    def _is_over(self, connection: ServerConnection) -> bool:
        return self._closing or connection not in self._connections
