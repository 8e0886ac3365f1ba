"""Figures for Prometheus: read when they are asked for, from the session's own words and the tables.

No label names a trade, a market or a path: their number is that of desks, stages and routes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tradeworthy import __version__
from tradeworthy.runtime.pulse import LIVE, STOPPED
from tradeworthy.web.hub import Hub
from tradeworthy.web.records import Reading

PREFIX: Final = "tradeworthy_"
ENDINGS: Final = ("filled", "skipped", "rejected", "unfilled")
LIBRARY: Final = ("/_nicegui", "/static")
"""Paths of files by name, counted as one."""

Requests = Counter[tuple[str, str]]
"""How many were answered, by route and class of status (2xx); of one server."""

UNROUTED: Final = "none"
"""The route of a request that was refused before it had one."""


class Totals(NamedTuple):
    """What the tables say of the run that is shown and its parents; money as a plain number."""

    seq: int
    endings: dict[str, int]
    trades_closed: int
    trades_won: int
    realised_pnl: float
    equity: float | None
    cash: float | None
    drawdown: float | None
    open_positions: int
    faults: dict[str, int]
    halted: bool


TOPICS: Final = frozenset({"trades", "candidates", "equity", "halts", "health"})
"""What moves the totals."""


def totals(reading: Reading) -> Totals:
    """The totals of a run."""
    listings, days = reading.listings, reading.queries.daily()
    marks = listings.equity(1)
    last = marks[-1] if marks else None
    return Totals(
        seq=int(listings.about()["last_seq"]),
        endings={name: _sum(days, name) for name in ENDINGS},
        trades_closed=_sum(days, "trades"),
        trades_won=_sum(days, "wins"),
        realised_pnl=float(sum(day["pnl"] or 0 for day in days)),
        equity=float(last["equity"]) if last else None,
        cash=float(last["cash"]) if last else None,
        drawdown=last["drawdown"] if last else None,
        open_positions=len(listings.positions()),
        faults={row["part"]: row["crashes"] for row in listings.health() if row["crashes"]},
        halted=any(not row["desk"] for row in reading.queries.halts()),
    )


def exposition(hub: Hub, found: Totals | None, requests: Requests) -> bytes:
    """All figures in Prometheus' text format; `found` is None while the tables can't be read, or hold no run."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(hub, found, requests))
    return generate_latest(registry)


class CountRequests:
    """Counts every answer in `requests`, by its route's template."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app, self._requests = app, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._requests[route_of(scope), f"{message['status'] // 100}xx"] += 1
            await send(message)

        await self._app(scope, receive, counted)


def route_of(scope: Scope) -> str:
    """The template of the route that a request went to."""
    library = next((one for one in LIBRARY if scope["path"].startswith(one)), None)
    if library:
        return library
    return str(getattr(scope.get("route"), "path", "") or UNROUTED)


class _Figures(Collector):
    """The families of one scrape."""

    def __init__(self, hub: Hub, found: Totals | None, requests: Requests) -> None:
        self._hub, self._found, self._requests = hub, found, requests

    def collect(self) -> Iterable[Metric]:
        """Every family that there is a figure for."""
        yield _gauge("up", "1 while the server answers.", 1)
        yield _labelled("info", "The version.", "version", {__version__: 1})
        yield from self._of_session(self._hub.status)
        if self._found is not None:
            yield from self._of_tables(self._found)
        yield _gauge("database_up", "1 if the tables can be read.", not self._hub.trouble)
        family = CounterMetricFamily(
            f"{PREFIX}http_requests", "Requests answered.", labels=("route", "status")
        )
        for labels, count in sorted(self._requests.items()):
            family.add_metric(labels, count)
        yield family

    def _of_session(self, said: Mapping[str, Any]) -> Iterator[Metric]:
        pulse = self._hub.pulse
        yield _gauge("session_running", "1 while a session runs.", pulse.state != STOPPED)
        yield _gauge("session_answers", "1 if it says how it stands.", bool(said.get("answers")))
        yield _gauge("pulse_live", "1 if packets came within 15 s.", pulse.state == LIVE)
        if pulse.age_s is not None:
            yield _gauge("pulse_age_seconds", "Since the journal last grew.", pulse.age_s)
        if not said.get("answers"):
            return
        yield _counter("journal_inputs", "Inputs that this session's run has taken.", said["inputs"])
        yield _counter("packets", "Packets of this session's run.", said["packets"])
        lag = max(0, said["packets"] - self._hub.seq)
        yield _gauge("rows_lag_packets", "How far the tables are behind the session.", lag)
        stages = said.get("latencies") or []
        if stages:
            yield _latencies(stages)
            samples = {stage["stage"]: stage["count"] for stage in stages}
            yield _labelled("latency_samples", "What the latencies rest on.", "stage", samples)

    def _of_tables(self, found: Totals) -> Iterator[Metric]:
        said = self._hub.status if self._hub.status.get("answers") else {}
        equity = float(said["equity"]) if "equity" in said else found.equity
        cash = float(said["cash"]) if "cash" in said else found.cash
        for name, about, figure in (
            ("equity", "The account at the marks, in its currency.", equity),
            ("cash", "Cash in the account's currency.", cash),
            ("drawdown_ratio", "1 - equity / peak, as last marked.", found.drawdown),
        ):
            if figure is not None:
                yield _gauge(name, about, figure)
        yield _gauge("open_positions", "Positions held.", found.open_positions)
        yield _gauge("trades_closed", "Trades closed, of the run and its parents.", found.trades_closed)
        yield _gauge("trades_won", "Of these, those with a profit.", found.trades_won)
        yield _gauge(
            "realised_pnl", "Their profit after fees, in the account's currency.", found.realised_pnl
        )
        yield _labelled("verdicts", "Candidates that ended, by how.", "outcome", found.endings, counts=True)
        halted = bool(said.get("halted") or said.get("latch") or found.halted)
        yield _gauge("halted", "1 while all entries are halted.", halted)
        yield _labelled("faults", "Crashes of the run, by desk.", "desk", found.faults, counts=True)


def _sum(days: Iterable[Mapping[str, Any]], name: str) -> int:
    return int(sum(day[name] or 0 for day in days))


def _gauge(name: str, about: str, figure: float) -> Metric:
    return GaugeMetricFamily(PREFIX + name, about, value=float(figure))


def _counter(name: str, about: str, figure: float) -> Metric:
    return CounterMetricFamily(PREFIX + name, about, value=float(figure))


def _labelled(
    name: str, about: str, label: str, figures: Mapping[str, float], *, counts: bool = False
) -> Metric:
    kind = CounterMetricFamily if counts else GaugeMetricFamily
    family = kind(PREFIX + name, about, labels=(label,))
    for word, figure in figures.items():
        family.add_metric((word,), float(figure))
    return family


def _latencies(stages: Iterable[Mapping[str, Any]]) -> Metric:
    family = GaugeMetricFamily(
        f"{PREFIX}latency_seconds",
        "What the share stays under, of about a minute.",
        labels=("stage", "quantile"),
    )
    for stage in stages:
        for quantile, name in (("0.5", "p50_ms"), ("0.99", "p99_ms")):
            family.add_metric((stage["stage"], quantile), stage[name] / 1000)
    return family
