"""Hyperliquid's websocket on loopback: greeting, subscriptions with their snapshot, pings, and its ways to hang up."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import defaultdict
from types import TracebackType
from typing import Any, Self

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

GREETING = "Websocket connection established."
SNAPSHOT = 10
"""So many of a coin's newest trades are repeated after a subscription."""

PATIENCE_S = 20.0


def trade(coin: str, ms: int, px: str = "100.0", sz: str = "0.5", **said: Any) -> dict[str, Any]:
    """A trade as the venue says it; `tid` is its time unless `said` gives another, or None for none at all."""
    made = {"coin": coin, "side": "B", "px": px, "sz": sz, "time": ms, "hash": "0x00", "tid": ms, **said}
    return {name: value for name, value in made.items() if value is not None}


class FakeHyperliquid:
    """Serves `ws://127.0.0.1:<port>/ws`.

    `silence_s` is how long a client may say nothing; with `mute` pings are not answered. `refusals` are how many of
    the next connections are closed in order as soon as they subscribed. `subscribed` and `pings` are counted over all
    connections.
    """

    def __init__(self, *, silence_s: float = 60.0, mute: bool = False, greets: bool = True) -> None:
        self.silence_s, self.mute, self.greets = silence_s, mute, greets
        self.refusals = self.connections = self.pings = 0
        self.subscribed: list[str] = []
        self._recent: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._listeners: dict[ServerConnection, set[str]] = {}
        self._news = threading.Condition()
        self._server = serve(self._serve, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever, name="fake-hyperliquid")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/ws"

    def past(self, *trades: dict[str, Any]) -> None:
        """Trades that no client heard, but for the next snapshot."""
        for one in trades:
            self._recent[one["coin"]].append(one)

    def say(self, *trades: dict[str, Any], alone: bool = False) -> None:
        """Trades of one coin as a list, or one that stands alone."""
        self.past(*trades)
        self.message({"channel": "trades", "data": trades[0] if alone else list(trades)}, trades[0]["coin"])

    def message(self, said: Any, coin: str) -> None:
        """Any message (text goes out as it is), to those that listen to `coin`."""
        text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
        with self._news:
            listeners = [one for one, coins in self._listeners.items() if coin in coins]
        for listener in listeners:
            listener.send(text)

    def close(self) -> None:
        """Close every connection in order."""
        with self._news:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.close()

    def cut(self) -> None:
        """Break every connection off."""
        with self._news:
            listeners = list(self._listeners)
        for listener in listeners:
            with contextlib.suppress(OSError):
                listener.socket.shutdown(socket.SHUT_RDWR)

    def until(self, *, subscribed: int = 0, pings: int = 0, connections: int = 0) -> bool:
        """Whether so many came in all, within patience."""
        with self._news:
            return self._news.wait_for(
                lambda: (
                    len(self.subscribed) >= subscribed
                    and self.pings >= pings
                    and self.connections >= connections
                ),
                PATIENCE_S,
            )

    def _serve(self, connection: ServerConnection) -> None:
        with self._news:
            self.connections += 1
            refused = self.refusals > 0
            self.refusals -= int(refused)
            self._listeners[connection] = set()
            self._news.notify_all()
        with contextlib.suppress(ConnectionClosed, TimeoutError, OSError):
            if self.greets:
                connection.send(GREETING)
            while True:
                said = msgspec.json.decode(connection.recv(timeout=self.silence_s))
                if said["method"] == "ping":
                    self._pong(connection)
                    continue
                self._subscribe(connection, said)
                if refused:
                    break
        with self._news:
            del self._listeners[connection]

    def _pong(self, connection: ServerConnection) -> None:
        if not self.mute:
            connection.send('{"channel":"pong"}')
        with self._news:
            self.pings += 1
            self._news.notify_all()

    def _subscribe(self, connection: ServerConnection, said: dict[str, Any]) -> None:
        coin = said["subscription"]["coin"]
        connection.send(msgspec.json.encode({"channel": "subscriptionResponse", "data": said}).decode())
        newest_first = self._recent[coin][: -SNAPSHOT - 1 : -1]
        if newest_first:
            connection.send(msgspec.json.encode({"channel": "trades", "data": newest_first}).decode())
        with self._news:
            self._listeners[connection].add(coin)
            self.subscribed.append(coin)
            self._news.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._server.shutdown()
        self._thread.join()
