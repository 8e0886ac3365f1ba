"""The mirror on Redis: what became durable goes out on channels, commands come in; nothing waits for it."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from tradeworthy.core.errors import Retryable, TradeworthyError, UsageError
from tradeworthy.core.packets import Packet
from tradeworthy.gateways.messages import (
    AGENTS,
    COMMANDS,
    MARKETS,
    SystemCommand,
    envelope,
    message_of,
    parse_command,
    plain,
    topic_of,
)
from tradeworthy.gateways.quotes import Quotes
from tradeworthy.market.books import BookChanged
from tradeworthy.market.instruments import Instrument

log = structlog.get_logger()

QUEUE_MAX = 10_000
"""Packets that may wait; beyond, the oldest are dropped."""

BATCH_MAX = 256
IO_S_MAX = 0.5
CONNECT_S_MAX = 2.0
POLL_S = 0.2
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts to connect; the last one repeats."""

CLOSE_S_MAX = 3.0
FAULTS = (redis.RedisError, OSError)


def connect(url: str) -> redis.Redis:
    """A client that answered; Retryable (exit 3), with host and port and no password, if there is none (A11).

    UsageError if `url` is no Redis address, or its password is refused.
    """
    try:
        client = redis.Redis.from_url(
            url, socket_timeout=IO_S_MAX, socket_connect_timeout=CONNECT_S_MAX, retry=Retry(NoBackoff(), 0)
        )
    except ValueError as error:
        raise UsageError("REDIS_URL is no Redis address; write redis://:password@host:port/0") from error
    try:
        client.ping()
    except redis.AuthenticationError as error:
        client.close()
        raise UsageError(f"Redis at {place_of(url)} refuses the password of REDIS_URL: {error}") from error
    except FAULTS as error:
        client.close()
        raise Retryable(
            f"Cannot connect to Redis ({place_of(url)}): {str(error).rstrip('.')};"
            " start it, correct REDIS_URL, or unset REDIS_URL to use the embedded server"
        ) from error
    return client


def place_of(url: str) -> str:
    """`host:port` of a Redis URL, for people: no password."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else f"{parts.hostname or 'localhost'}:{parts.port or 6379}"


class Bus:
    """Publishes packets with a thread of its own, and hands commands to `on_command` from another.

    `id_of` gives a packet's public id by its seq, `instrument_of` the instruments listed before the first packet that
    is offered. While Redis is away packets are dropped and counted, and both
    threads try again after longer and longer pauses. Before each attempt `address` says where Redis is by now; it may
    start it again, and raise TradeworthyError.
    """

    def __init__(
        self,
        url: str,
        id_of: Callable[[int], object],
        on_command: Callable[[SystemCommand], None],
        *,
        queue_max: int = QUEUE_MAX,
        instrument_of: Callable[[str], Instrument | None] = lambda _: None,
        address: Callable[[], str] | None = None,
    ) -> None:
        self.url = url
        self._address = address or (lambda: url)
        self.published = self.dropped = self.refused = 0
        self._id_of, self._on_command, self._queue_max = id_of, on_command, queue_max
        self._quotes = Quotes(instrument_of)
        self._queue: deque[Packet | tuple[str, bytes]] = deque()
        self._wake, self._stop = threading.Condition(), threading.Event()
        self._client: redis.Redis | None = None
        self._is_lost = False
        self._listening: redis.client.PubSub | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Connect and subscribe; commands published after this call are heard. Errors as of `connect`."""
        self._listening = self._subscribed()
        try:
            self._client = connect(self.url)
        except TradeworthyError:
            self._hang_up()
            raise
        for name, work in (("bus-out", self._publish), ("bus-in", self._listen)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def offer(self, packet: Packet) -> None:
        """Publish `packet` if its event is mirrored. Never waits: the oldest is dropped if too many do.

        A book is dropped itself where half as many wait: trades are not lost for the sake of quotes.
        """
        event = packet.event
        self._quotes.note(packet)
        if isinstance(event, BookChanged):
            if 2 * len(self._queue) >= self._queue_max:
                self.dropped += 1
            elif data := self._quotes.data(event):
                message = envelope(MARKETS, str(self._id_of(packet.seq)), packet.ts, packet.agent, data)
                self._enqueue((MARKETS, message))
        elif topic_of(type(event)):
            self._enqueue(packet)

    def announce(self, agent: str, state: str, ts: int, **figures: Any) -> None:
        """Say on agent.updates that `agent` is `state` (started, stopped, crashed ...) at `ts`, UTC ns."""
        data = plain({"event": "AgentUpdate", "agent": agent, "state": state, **figures})
        self._enqueue((AGENTS, envelope(AGENTS, str(uuid.uuid4()), ts, agent, data)))

    def close(self) -> None:
        """Send what waits, if Redis is there, and end both threads."""
        self._stop.set()
        with self._wake:
            self._wake.notify()
        for thread in self._threads:
            thread.join(CLOSE_S_MAX)
        self._threads.clear()
        if self._is_lost:
            log.warning("bus_messages_dropped", redis=place_of(self.url), dropped=self.dropped)

    @property
    def connected(self) -> bool:
        """Whether packets go out at present."""
        return self._client is not None

    def _enqueue(self, item: Packet | tuple[str, bytes]) -> None:
        with self._wake:
            if len(self._queue) >= self._queue_max:
                self._queue.popleft()
                self.dropped += 1
            self._queue.append(item)
            self._wake.notify()

    def _take(self) -> list[Packet | tuple[str, bytes]]:
        """What waits, up to a batch; waits itself for something, a while at most."""
        with self._wake:
            if not self._queue and not self._stop.is_set():
                self._wake.wait(POLL_S)
            return [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]

    def _publish(self) -> None:
        attempts, retry_at = 0, 0.0
        while (batch := self._take()) or not self._stop.is_set():
            if self._client is None and time.monotonic() >= retry_at and not self._stop.is_set():
                attempts += 1
                retry_at = time.monotonic() + BACK_OFF_S[min(attempts, len(BACK_OFF_S)) - 1]
                self._client = self._again()
            if self._client is None:
                self.dropped += len(batch)
            elif self._send(self._client, batch):
                attempts = 0
            else:
                self._client = None
        if self._client is not None:
            self._client.close()

    def _send(self, client: redis.Redis, batch: list[Packet | tuple[str, bytes]]) -> bool:
        """Publish a batch; False, with all of it dropped, if Redis went away."""
        messages = [item if isinstance(item, tuple) else message_of(item, self._id_of) for item in batch]
        pipeline = client.pipeline(transaction=False)
        for message in messages:
            if message:
                pipeline.publish(*message)
        count = len(pipeline)
        if not count:
            return True
        try:
            pipeline.execute()
        except FAULTS as error:
            self.dropped += count
            self._is_lost = True
            log.warning("bus_lost", redis=place_of(self.url), error=str(error))
            client.close()
            return False
        self.published += count
        return True

    def _again(self) -> redis.Redis | None:
        try:
            self.url = self._address()
            client = connect(self.url)
        except TradeworthyError:
            return None
        self._is_lost = False
        log.info("bus_back", redis=place_of(self.url), dropped=self.dropped)
        return client

    def _subscribed(self) -> redis.client.PubSub:
        """A subscription that the server has confirmed."""
        listening: redis.client.PubSub = connect(self.url).pubsub()  # type: ignore[no-untyped-call]
        try:
            listening.subscribe(COMMANDS)
            message = listening.get_message(timeout=CONNECT_S_MAX)
        except FAULTS as error:
            hang_up(listening)
            raise Retryable(f"Redis at {place_of(self.url)} went away: {error}; look at its log") from error
        if message is None:
            hang_up(listening)
            raise Retryable(
                f"Redis at {place_of(self.url)} has not confirmed the subscription to {COMMANDS}"
                f" in {CONNECT_S_MAX:.0f} s; look at its log"
            )
        return listening

    def _listen(self) -> None:
        attempts = 0
        while not self._stop.is_set():
            try:
                self._listening = self._listening or self._subscribed()
                message = self._listening.get_message(timeout=POLL_S)
                attempts = 0
            except (*FAULTS, Retryable, UsageError):
                self._hang_up()
                attempts += 1
                self._stop.wait(BACK_OFF_S[min(attempts, len(BACK_OFF_S)) - 1])
                continue
            if message and message["type"] == "message":
                self._command(message["data"])
        self._hang_up()

    def _command(self, data: bytes) -> None:
        try:
            command = parse_command(data)
        except UsageError as error:
            self.refused += 1
            log.warning("command_refused", channel=COMMANDS, error=str(error))
            return
        self._on_command(command)

    def _hang_up(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            hang_up(listening)


def hang_up(listening: redis.client.PubSub) -> None:
    """Close a subscription and the connections that it came from."""
    pool = listening.connection_pool
    listening.close()
    pool.disconnect()
