"""GeckoTerminal: pools of tokens on public chains, their prices, and bars of the past. No key is needed.

    GET /networks/{network}/tokens/{contract}/pools           a token's pools
    GET /networks/{network}/pools/multi/{pool},{pool}         up to POOLS_A_CALL pools with their newest figures
    GET /networks/{network}/pools/{pool}/ohlcv/{minute|hour|day}?aggregate&before_timestamp&limit&currency&token

Rows of bars are [open time in s, open, high, low, close, volume in the currency], newest first; minutes without a trade
are left out, and the bar that is still open is there, perhaps twice. Source: specs/venues.md 5.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec
import numpy as np

from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.gateways.history import BarColumns, answer_of, closed_by
from tradeworthy.gateways.token_pools import Pool, best_pool, network_of, number, spelt
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.market.bars import TIMEFRAMES_NS

Kind = TypeVar("Kind")

URL = "https://api.geckoterminal.com/api/v2"
ACCEPT = "application/json;version=20230302"

SPACING_S = 2.1
"""Between two calls: 30 a minute are let in."""

TIMEOUT_S = 10.0
WAITS_S = (1.0, 2.0, 4.0)
"""What is waited before each further try; twice as long after HTTP 429."""

WAIT_S_MAX = 60.0
"""However long the server asks to wait."""

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
TOO_MANY, TOO_OLD, ABSENT = 429, 401, 404
"""What is told apart: come later, older than 180 days, not known."""

BYTES_MAX = 8 << 20
ROWS_A_CALL = 1_000
POOLS_A_CALL = 30
BUFFER_BARS = 10
"""Asked for beyond what is wanted: the open bar, and rows that are no bars."""

CALLS_MAX = 12
"""Calls for one history: a pool with long holes sends few rows a call."""

INTERVALS = {
    "1m": ("minute", 1),
    "5m": ("minute", 5),
    "15m": ("minute", 15),
    "1h": ("hour", 1),
    "4h": ("hour", 4),
    "1d": ("day", 1),
}

COLUMNS = 6


class _Pools(msgspec.Struct):
    data: list[Pool]


class _Rows(msgspec.Struct):
    ohlcv_list: list[list[Any]]


class _Bars(msgspec.Struct):
    attributes: _Rows


class _BarsAnswer(msgspec.Struct):
    data: _Bars


class _Fault(msgspec.Struct):
    title: str = ""


class _Faults(msgspec.Struct):
    errors: list[_Fault] = []


class NotServed(Retryable):
    """The provider did not give what was asked for; `status` is that of HTTP, or 0."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class GeckoTerminal:
    """The provider at `url`. Every call waits for its turn, `spacing_s` after the one before, from whatever thread.

    `sleep` waits so many seconds; `seconds` is a clock that never goes back. Calls raise NotServed.
    """

    def __init__(
        self,
        url: str = URL,
        *,
        spacing_s: float = SPACING_S,
        sleep: Callable[[float], object] | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            is_web = httpx.URL(url).scheme in {"http", "https"}
        except httpx.InvalidURL:
            is_web = False
        if not is_web:
            raise UsageError(f"GECKOTERMINAL_URL is {url!r}; it must be an address like {URL}")
        self.url = url.rstrip("/")
        self._spacing_s, self._seconds = spacing_s, seconds
        self._closing = threading.Event()
        self._sleep = sleep or self._closing.wait
        self._turns, self._choosing = threading.Lock(), threading.Lock()
        self._free_at = seconds()
        self._chosen: dict[tuple[str, str], str] = {}
        self._trust = ssl.create_default_context()

    def close(self) -> None:
        """Begin no call any more, and let those go that wait for their turn."""
        self._closing.set()

    def answer(self, request: RequestBackfill, now: int) -> BackfillAnswered:
        """The newest bars closed by `now` (UTC ns), or what there is of them; its error says what went wrong.

        It never raises for what the provider does. Volume is in base units: what was traded over the close.
        """
        pool, found, dropped, fault = request.pool, BarColumns.none(), 0, ""
        try:
            pool = pool or self.choose(request.chain, request.contract)
            found, dropped, fault = self._history(request, pool, now)
        except NotServed as error:
            fault = str(error)
        return answer_of(request, found, now, pool=pool, fault=fault, dropped=dropped)

    def choose(self, chain: str, contract: str) -> str:
        """The address of the pool that prices the token, the same one until it is forgotten."""
        if not contract:
            raise NotServed(
                "the token has no contract and no pool; give one of them in the desk's tokens", ABSENT
            )
        key = (chain, spelt(contract))
        with self._choosing:
            if key not in self._chosen:
                path = f"/networks/{_plain(network_of(chain))}/tokens/{_plain(contract)}/pools"
                best = best_pool(_decoded(self._get(path), _Pools).data, chain, contract)
                if best is None:
                    raise NotServed(
                        f"GeckoTerminal lists no pool of {contract} on {chain}; name one in the desk's tokens",
                        ABSENT,
                    )
                self._chosen[key] = best.attributes.address
            return self._chosen[key]

    def forget(self, chain: str, contract: str) -> None:
        """Choose the token's pool anew when it is next asked for."""
        with self._choosing:
            self._chosen.pop((chain, spelt(contract)), None)

    def pools(self, chain: str, addresses: Sequence[str]) -> dict[str, Pool]:
        """The newest figures of up to POOLS_A_CALL pools, by address as `spelt` makes it; unknown ones are left out."""
        path = f"/networks/{_plain(network_of(chain))}/pools/multi/{','.join(map(_plain, addresses))}"
        found = _decoded(self._get(path), _Pools).data
        return {spelt(pool.attributes.address): pool for pool in found}

    def _history(self, request: RequestBackfill, pool: str, now: int) -> tuple[BarColumns, int, str]:
        """Bars closed by `now`, oldest first, how many rows were none, and why there may be fewer than wanted."""
        interval, aggregate = INTERVALS[request.timeframe]
        path = f"/networks/{_plain(network_of(request.chain))}/pools/{_plain(pool)}/ohlcv/{interval}"
        wanted = request.bars + BUFFER_BARS
        asked: dict[str, str | int] = {
            "aggregate": aggregate,
            "limit": min(wanted, ROWS_A_CALL),
            "currency": "usd",
            "token": request.contract or "base",
        }
        parts: list[BarColumns] = []
        count = dropped = 0
        before_s, fault = -(-now // 1_000_000_000), ""
        for _ in range(CALLS_MAX):
            try:
                content = self._get(path, {**asked, "before_timestamp": before_s})
                rows = _decoded(content, _BarsAnswer).data.attributes.ohlcv_list
            except NotServed as error:
                # The public interface ends 180 days back: what came until there is all there is.
                fault = "" if parts and error.status == TOO_OLD else str(error)
                break
            page, refused = columns_of(rows, request.timeframe, before_s)
            dropped += refused
            if not len(page.opened):
                break
            parts.insert(0, page)
            before_s = int(page.opened[0]) // 1_000_000_000
            count += len(page.opened)
            if count >= wanted:
                break
        if not parts:
            return BarColumns.none(), dropped, fault
        found = BarColumns(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        return closed_by(found, request.timeframe, now, count), dropped, fault

    def _get(self, path: str, params: Mapping[str, str | int] | None = None) -> bytes:
        """What is at `path`."""
        status, content = 0, b""
        for wait_s in (*WAITS_S, None):
            self._take_turn()
            status, content, asked_s = self._ask(self.url + path, params or {})
            if status == httpx.codes.OK:
                return content
            if wait_s is None or status not in AGAIN | {0}:
                break
            doubled_s = wait_s * (2.0 if status == TOO_MANY else 1.0)
            self._hold(max(doubled_s, asked_s))
        said = f"HTTP {status}" if status else "no answer"
        reason = _reason(content) if status else content.decode()
        raise NotServed(
            f"GeckoTerminal said {said} to {path}{f' ({reason})' if reason else ''}: " + _next_step(status),
            status,
        )

    def _ask(self, url: str, params: Mapping[str, str | int]) -> tuple[int, bytes, float]:
        """Status, content, and how long the server asks to wait; status 0 and a reason if nothing came."""
        try:
            with httpx.stream(
                "GET",
                url,
                params=dict(params),
                headers={"Accept": ACCEPT},
                timeout=TIMEOUT_S,
                verify=self._trust,
            ) as answer:
                content = bytearray()
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > BYTES_MAX:
                        return 0, f"it sends more than {BYTES_MAX:,} bytes".encode(), 0.0
                asked_s = number(answer.headers.get("Retry-After")) or 0.0
                return answer.status_code, bytes(content), min(max(asked_s, 0.0), WAIT_S_MAX)
        except httpx.HTTPError as error:
            return 0, _line(str(error) or type(error).__name__).encode(), 0.0

    def _take_turn(self) -> None:
        while not self._closing.is_set():
            with self._turns:
                wait_s = self._free_at - self._seconds()
                if wait_s <= 0:
                    self._free_at = self._seconds() + self._spacing_s
                    return
            self._sleep(wait_s)
        raise NotServed("the session ends; the next one asks again")

    def _hold(self, wait_s: float) -> None:
        """Nobody's turn comes before `wait_s` are over."""
        with self._turns:
            self._free_at = max(self._free_at, self._seconds() + wait_s)


def columns_of(rows: Sequence[Sequence[Any]], timeframe: str, before_s: int) -> tuple[BarColumns, int]:
    """Rows opened before `before_s` as columns, oldest first, and how many were no rows of the timeframe.

    Of two rows of one open time the first counts. Volume comes in dollars and is made base units at the close.
    """
    length_s = TIMEFRAMES_NS[timeframe] // 1_000_000_000
    kept: dict[int, list[float]] = {}
    dropped = 0
    for row in rows:
        figures = [one for one in map(number, row) if one is not None]
        if len(figures) != COLUMNS or len(row) != COLUMNS or figures[0] <= 0 or figures[0] % length_s:
            dropped += 1
        elif figures[0] < before_s:
            kept.setdefault(int(figures[0]), figures)
    if not kept:
        return BarColumns.none(), dropped
    table = np.array([kept[ts] for ts in sorted(kept)], np.float64)
    _, opened, high, low, closed, turnover = table.T
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        volume = turnover / closed
    return BarColumns(
        np.array(sorted(kept), np.int64) * 1_000_000_000, opened, high, low, closed, volume
    ), dropped


def _decoded(content: bytes, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise NotServed(
            f"GeckoTerminal sent what can't be read ({_line(str(error))}); it is asked again"
        ) from error


def _reason(content: bytes) -> str:
    """What an answer that is none gives as its reason."""
    try:
        faults = msgspec.json.decode(content, type=_Faults).errors
    except msgspec.DecodeError:
        return ""
    return _line(faults[0].title) if faults else ""


def _next_step(status: int) -> str:
    if status == ABSENT:
        return "correct the token's contract or pool"
    if status in AGAIN | {0}:
        return f"{len(WAITS_S) + 1} tries were in vain; it is asked again"
    return "check GECKOTERMINAL_URL and what was asked for"


def _line(text: str) -> str:
    return " ".join(text.split())[:160]


def _plain(part: str) -> str:
    """A part of a path, whatever a signal gave as an address."""
    return quote(part, safe="")
