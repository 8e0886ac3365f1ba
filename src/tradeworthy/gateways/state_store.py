"""The state store on Redis: how things stand, a JSON string a key; and what other processes say at keys of theirs.

Nothing waits for it. Of each key the newest value is kept and written by a thread of its own, within a budget; while
Redis is away the session goes on, and everything is written anew once it is back.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol

import msgspec
import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from tradeworthy.core.errors import Retryable, TradeworthyError
from tradeworthy.gateways.bus import BACK_OFF_S, CLOSE_S_MAX, FAULTS, connect, place_of
from tradeworthy.market.bars import utc_text

log = structlog.get_logger()

WRITER = "tradeworthy"
"""What our values say of who wrote them."""

BUDGET_S = 0.25
"""What a read or a write may take; it is tried once more."""

POLL_S = 0.1
"""Between two looks at the keys of other processes, and two writes."""

BATCH_MAX = 64
ONCE_MAX = 1_000
"""Values written once that may wait; beyond, the oldest are dropped."""

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode


class Reports(Protocol):
    """What takes the values of other processes."""

    @property
    def keys(self) -> Sequence[str]:
        """Theirs."""

    def look(self, found: Mapping[str, bytes | None]) -> None:
        """Take what stands at `keys`."""

    def is_others(self, key: str) -> bool:
        """Whether another process keeps `key` up to date, so that we leave it alone."""

    def note_lost(self) -> None:
        """The store is offline."""


class Nobody:
    """No other process is heard."""

    keys: Sequence[str] = ()

    def look(self, found: Mapping[str, bytes | None]) -> None:
        """There is nothing to take."""

    def is_others(self, key: str) -> bool:
        """All keys are ours."""
        return False

    def note_lost(self) -> None:
        """Nobody waits for it."""


def client_of(url: str) -> redis.Redis:
    """A client that answers within the budget or not at all; it has not connected yet."""
    return redis.Redis.from_url(
        url, socket_timeout=BUDGET_S, socket_connect_timeout=BUDGET_S, retry=Retry(NoBackoff(), 0)
    )


def read_value(url: str, key: str) -> dict[str, Any]:
    """The object at `key`, empty if none of ours stands there; Retryable if the store can't be read.

    Numbers with a fraction are Decimals: what was money stays exact.
    """
    try:
        with contextlib.closing(connect(url)) as client:
            raw = client.get(key)
    except FAULTS as error:
        raise Retryable(
            f"can't read {key} from Redis at {place_of(url)}: {error}; look at its log"
        ) from error
    try:
        found = _decode(raw) if isinstance(raw, bytes) else {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return found if found.get("writer") == WRITER else {}


class Value(NamedTuple):
    """What a key is to have: a value as of session time `ts`, UTC ns."""

    ts: int
    fields: Mapping[str, Any]


class StateStore:
    """Keeps the values that are put to it in Redis, and shows `reports` what others keep there.

    `seq` of our values grows with each that is written, also over restarts: it begins at the wall clock's milliseconds.
    Before each attempt to come back `address` says where Redis is by now; it may start it again, and raise
    TradeworthyError.
    """

    def __init__(
        self, url: str, reports: Reports | None = None, *, address: Callable[[], str] | None = None
    ) -> None:
        self.url = url
        self.written = self.dropped = 0
        self._reports = reports or Nobody()
        self._address = address or (lambda: url)
        self._seq = time.time_ns() // 1_000_000
        self._values: dict[str, Value] = {}
        self._waiting: dict[str, Value] = {}
        self._once: dict[str, Value] = {}
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._client: redis.Redis | None = client_of(url)
        self._attempts, self._retry_at = 0, 0.0
        self._thread = threading.Thread(target=self._run, name="state-store", daemon=True)

    def start(self) -> None:
        """Begin to write and to look."""
        self._thread.start()

    @property
    def online(self) -> bool:
        """Whether the last exchange with Redis went well."""
        return self._client is not None

    def put(self, key: str, ts: int, fields: Mapping[str, Any], *, once: bool = False) -> None:
        """Let `key` have `fields` as of session time `ts` (UTC ns). Never waits.

        What is put `once` is not written again for a store that comes back empty.
        """
        with self._lock:
            if not once:
                self._values[key] = self._waiting[key] = Value(ts, fields)
                return
            self._once[key] = Value(ts, fields)
            if len(self._once) > ONCE_MAX:
                del self._once[next(iter(self._once))]
                self.dropped += 1

    def close(self) -> None:
        """Write what waits, if Redis is there, and end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S_MAX)

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            self._turn()
        while self._client is not None and (self._waiting or self._once):
            self._turn()
        if self._client is not None:
            self._client.close()

    def _turn(self) -> None:
        """Read and write once, each with one retry, or come back if it is time to try that."""
        client = self._client
        if client is None:
            self._come_back()
            return
        for tries_left in (1, 0):
            try:
                self._exchange(client)
            except FAULTS as error:
                client.close()
                if not tries_left:
                    self._client = None
                    log.warning("state_store_offline", redis=place_of(self.url), error=str(error))
                    self._reports.note_lost()
            else:
                return

    def _come_back(self) -> None:
        if time.monotonic() < self._retry_at:
            return
        self._attempts += 1
        self._retry_at = time.monotonic() + BACK_OFF_S[min(self._attempts, len(BACK_OFF_S)) - 1]
        try:
            self.url = self._address()
        except TradeworthyError:
            return
        client = client_of(self.url)
        with self._lock:
            self._waiting = dict(self._values)  # it may have come back empty
        try:
            self._exchange(client)
        except FAULTS:
            client.close()
            return
        log.info("state_store_online", redis=place_of(self.url))
        self._client, self._attempts, self._retry_at = client, 0, 0.0

    def _exchange(self, client: redis.Redis) -> None:
        """Show the reports what others say, then write a batch of what waits."""
        keys = self._reports.keys
        if keys:
            found: Any = client.mget(keys)
            self._reports.look(dict(zip(keys, found, strict=True)))
        with self._lock:
            for key in [key for key in self._waiting if self._reports.is_others(key)]:
                del self._waiting[key]
            batch = list(islice(chain(self._once.items(), self._waiting.items()), BATCH_MAX))
        if not batch:
            return
        pipeline = client.pipeline(transaction=False)
        for key, value in batch:
            self._seq += 1
            head = {"seq": self._seq, "ts": utc_text(value.ts), "writer": WRITER}
            pipeline.set(key, _encode(head | dict(value.fields)))
        pipeline.execute()
        self.written += len(batch)
        with self._lock:
            for key, value in batch:
                for waiting in (self._once, self._waiting):
                    if waiting.get(key) is value:
                        del waiting[key]
