"""GeckoTerminal on loopback: the documented paths, parameters, limits and faults over real HTTP."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

Reply = tuple[int, bytes, dict[str, str]]
Row = list[Any]

ALLOWED = {"minute": {"1", "5", "15"}, "hour": {"1", "4", "12"}, "day": {"1"}}
LIMIT, LIMIT_MAX = 100, 1_000


class Asked(NamedTuple):
    """One request: path, query and the header Accept."""

    path: str
    query: dict[str, str]
    accept: str


def pool(
    network: str, address: str, base: str, quote: str, price: str | None = "2.5", **said: Any
) -> dict[str, Any]:
    """A pool as the provider says it; `said` overrides attributes."""
    attributes = {
        "address": address,
        "name": "ONE / TWO",
        "base_token_price_usd": price,
        "quote_token_price_usd": "150.0",
        "reserve_in_usd": "120000.5",
        "market_cap_usd": None,
        "fdv_usd": "900000",
        "volume_usd": {"m5": "500.0", "h1": "6000.0", "h24": "90000.0"},
        **said,
    }
    sides = {
        name: {"data": {"id": f"{network}_{token}", "type": "token"}}
        for name, token in (("base_token", base), ("quote_token", quote))
    }
    return {"id": f"{network}_{address}", "type": "pool", "attributes": attributes, "relationships": sides}


class FakeGeckoTerminal:
    """Serves pools and bars that were put there; `asked` are the requests in order.

    `faults` of a path (by its end) come before its answer: a status, one with the seconds of Retry-After, or a body.
    Bars older than `oldest_s` are refused as too old. `page_max` rows come at most, whatever limit says.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.faults: dict[str, list[int | tuple[int, int] | bytes]] = {}
        self.oldest_s, self.page_max = 0, LIMIT_MAX
        self._pools: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._bars: dict[tuple[str, str], list[Row]] = {}
        handler = type("Handler", (_Handler,), {"venue": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/v2"

    def put(self, network: str, *pools: dict[str, Any]) -> None:
        """Let the network have these pools, in place of those of the same address."""
        there = [one["id"] for one in pools]
        self._pools[network] = [one for one in self._pools[network] if one["id"] not in there] + list(pools)

    def put_bars(self, address: str, timeframe: str, rows: Sequence[Row]) -> None:
        """Let the pool have these rows of `hour/4` and the like, in any order; they go out newest first."""
        self._bars[address, timeframe] = sorted(rows, key=lambda row: -row[0])

    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [one.path for one in self.asked]

    def answer(self, asked: Asked) -> Reply:
        """Status, body and headers."""
        self.asked.append(asked)
        for end, faults in self.faults.items():
            if asked.path.endswith(end) and faults:
                fault = faults.pop(0)
                if isinstance(fault, bytes):
                    return 200, fault, {}
                if isinstance(fault, tuple):
                    return fault[0], b"", {"Retry-After": str(fault[1])}
                return fault, b"", {}
        match [unquote(part) for part in asked.path.split("/")[1:]]:
            case ["networks", network, "tokens", token, "pools"]:
                return self._pools_of(network, token)
            case ["networks", network, "pools", "multi", addresses]:
                wanted = addresses.split(",")
                there = [one for one in self._pools[network] if one["attributes"]["address"] in wanted]
                return (200, msgspec.json.encode({"data": there}), {}) if len(wanted) <= 30 else _fault(422)
            case ["networks", network, "pools", address, "ohlcv", interval]:
                if not any(one["attributes"]["address"] == address for one in self._pools[network]):
                    return _fault(404)
                return self._ohlcv(address, interval, asked.query)
        return _fault(404)

    def _pools_of(self, network: str, token: str) -> Reply:
        name = f"{network}_{token}".lower()
        there = [
            one
            for one in self._pools[network]
            if any(side["data"]["id"].lower() == name for side in one["relationships"].values())
        ]
        return (200, msgspec.json.encode({"data": there}), {}) if there else _fault(404)

    def _ohlcv(self, address: str, interval: str, query: dict[str, str]) -> Reply:
        aggregate = query.get("aggregate", "1")
        limit = int(query.get("limit", LIMIT))
        if aggregate not in ALLOWED[interval]:
            return _fault(400, f"Invalid aggregate. Allowed values: {', '.join(sorted(ALLOWED[interval]))}")
        if limit > LIMIT_MAX:
            return _fault(400, "Invalid limit")
        before = int(query.get("before_timestamp", 1 << 40))
        if before <= self.oldest_s:
            return _fault(401, "You can only access data from the past 180 days with Public API")
        rows = [row for row in self._bars.get((address, f"{interval}/{aggregate}"), []) if row[0] < before]
        answer = {
            "data": {
                "id": "1",
                "type": "ohlcv_request_response",
                "attributes": {"ohlcv_list": rows[: min(limit, self.page_max)]},
            },
            "meta": {"base": {"address": "one"}, "quote": {"address": "two"}},
        }
        return 200, msgspec.json.encode(answer), {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _fault(status: int, title: str = "Not Found") -> Reply:
    return status, msgspec.json.encode({"errors": [{"status": str(status), "title": title}]}), {}


class _Handler(BaseHTTPRequestHandler):
    venue: ClassVar[FakeGeckoTerminal]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/api/v2")
        asked = Asked(path, dict(parse_qsl(parts.query)), self.headers.get("Accept", ""))
        status, body, headers = self.venue.answer(asked)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it)
        """Say nothing."""
