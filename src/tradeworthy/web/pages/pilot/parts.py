"""HTML of the Pilot Monitor's parts, from rows and from what a session says of itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from tradeworthy.runtime.pulse import LIVE, Pulse
from tradeworthy.web.dashboard.figure_words import method_words
from tradeworthy.web.dashboard.frame import tile
from tradeworthy.web.dashboard.markup import (
    Column,
    Html,
    count,
    gain,
    html,
    joined,
    link,
    moment,
    money,
    number_of,
    percent,
    pill,
    price,
    quantity,
    span,
    table,
    tag,
)
from tradeworthy.web.pages.pilot.charts import SPARK_HEIGHT, SPARK_WIDTH, spark_points

Row = dict[str, Any]

RATE_SAMPLES: Final = 6
HOUR_S: Final = 3_600
ORACLE_MS_MAX: Final = 2_000
"""An oracle's price that is older than this is shown as old; it is the pilot's own limit by default."""


class Rate:
    """Packets a second over the last few answers of a session; None until there are two of one run."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque(maxlen=RATE_SAMPLES)
        self._run = ""

    def add(self, run: str, packets: int, at_s: float) -> None:
        """A session's count of `packets`, as heard at `at_s` (monotonic, s)."""
        if run != self._run or (self._seen and packets < self._seen[-1][1]):
            self._seen.clear()
            self._run = run
        if not self._seen or at_s > self._seen[-1][0]:
            self._seen.append((at_s, packets))

    def a_second(self) -> float | None:
        """How fast they came."""
        if len(self._seen) < 2:
            return None
        (begin, first), (end, last) = self._seen[0], self._seen[-1]
        return (last - first) / (end - begin)


class Spark(NamedTuple):
    """The closes of an oracle's minutes; from the first to the newest are `span_s` seconds, an hour at most."""

    name: str
    closes: list[float]
    span_s: float = 0.0


def spark_of(name: str, minutes: Sequence[tuple[float, float]]) -> Spark:
    """The last hour of `minutes`: when each opened (UTC s) and its close, the oldest first."""
    newest = minutes[-1][0] if minutes else 0.0
    last = [(at, close) for at, close in minutes if newest - at <= HOUR_S]
    return Spark(name, [close for _, close in last], newest - last[0][0] if last else 0.0)


def tiles(found: Mapping[str, Any]) -> Html:
    """The totals, as `report` has them (Queries.summary), and today's trades."""
    decided, today = found["wins"] + found["losses"], found["today"]
    win_rate = percent(found["win_rate"], places=0) if decided else html(None)
    day = f"on {today['day']}, UTC" if today["day"] else "no session time yet"
    pnl = found["realized_pnl"]
    return joined(
        [
            tile(
                "Cumulative P&L",
                gain(pnl),
                joined([found["currency"], ", of closed trades"]),
                mark="realised-pnl",
                plain=pnl,
            ),
            tile("Trades today", count(today["trades"]), day, mark="trades-today", plain=today["trades"]),
            tile(
                "Win rate",
                win_rate,
                f"{found['wins']:,} of {decided:,} decided",
                mark="win-rate",
                plain=found["win_rate"],
            ),
            tile(
                "Open positions",
                count(found["open_trades"]),
                joined(["unrealised ", gain(found["unrealized_pnl"])]),
                mark="open-positions",
                plain=found["open_trades"],
            ),
            tile(
                "Total trades",
                count(found["total_trades"]),
                f"{found['closed_trades']:,} closed",
                mark="total-trades",
                plain=found["total_trades"],
            ),
            tile(
                "Candidates",
                count(found["candidates"]),
                number_of(found["fills"], "fill"),
                mark="candidates",
                plain=found["candidates"],
            ),
        ]
    )


def pulse_words(pulse: Pulse) -> str:
    """The state beside the large dot."""
    if pulse.state == LIVE:
        return "Live"
    return "Quiet" if pulse.state == "quiet" else "Stopped"


def flow(pulse: Pulse, rate: float | None, status: Mapping[str, Any]) -> Html:
    """What flows: packets a second, the age of the last one, and the session's own time."""
    parts = [
        ("packets a second", "packets-a-second", "-" if rate is None else f"{rate:,.1f}"),
        ("since the last packet", "last-packet", span(pulse.age_s)),
    ]
    if status.get("answers"):
        parts += [
            ("packets in all", "packets", f"{status['packets']:,}"),
            ("session time, UTC", "session-time", str(status["session_time"]).replace("T", " ").rstrip("Z")),
        ]
    return joined(
        tag("div", joined([tag("b", value), tag("span", name)]), data_figure=mark)
        for name, mark, value in parts
    )


def oracles(sparks: Sequence[Spark], prices: Mapping[str, Any], run: str) -> Html:
    """Each oracle's price, how it went in the last hour, its volatility and age; `prices` are the session's own."""
    tiles = []
    for name in sorted({spark.name for spark in sparks} | set(prices)):
        spark = next((spark for spark in sparks if spark.name == name), Spark(name, []))
        closes = spark.closes
        said = prices.get(name)
        last = said["price"] if said else (closes[-1] if closes else None)
        change = 100 * (last / closes[0] - 1) if last and spark.span_s and closes[0] else None
        value = tag("span", price(last), data_oracle=name)
        more = joined(
            [
                tag("div", joined([gain(change), "% in ", span(spark.span_s)]) if change is not None else ""),
                tag("div", joined([_volatility(said), _age(said)], " ")),
            ]
        )
        parts = [
            tag("div", link("/trades", name, instrument=name, run=run), class_="name"),
            tag("div", joined([value, _spark(closes)]), class_="value"),
            tag("div", more, class_="more"),
        ]
        tiles.append(tag("div", joined(parts), class_="tw-tile oracle"))
    return joined(tiles)


def _spark(closes: Sequence[float]) -> Html:
    points = spark_points(closes)
    if not points:
        return Html()
    line = tag("polyline", points=points)
    return tag("svg", line, class_="spark", viewBox=f"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}", aria_hidden="true")


def _volatility(said: Mapping[str, Any] | None) -> Html:
    return html(f"volatility {said['volatility']:.0%} a year" if said and said["volatility"] else "")


def _age(said: Mapping[str, Any] | None) -> Html:
    if said is None or said["age_ms"] is None:
        return html("as last heard")
    age_ms = said["age_ms"]
    words = f"{age_ms} ms old" if age_ms < 10_000 else joined([span(age_ms / 1000), " old"])
    return pill(words, "ok" if age_ms <= ORACLE_MS_MAX else "warn")


def gaps(found: Mapping[str, Any]) -> Html:
    """How long gaps lasted, by method."""
    columns = (
        Column("Method"),
        Column("Gaps that ended", is_figure=True),
        Column("Outlived the wait", is_figure=True, is_extra=True),
        Column("Candidates", is_figure=True, is_extra=True),
        Column("p50", is_figure=True),
        Column("p90", is_figure=True),
    )
    return table(
        columns,
        [
            (
                method_words(row["method"]),
                count(row["survived"] + row["vanished"]),
                count(row["survived"]),
                count(row["detected"]),
                _lasted(row["p50_ms"]),
                _lasted(row["p90_ms"]),
            )
            for row in found["opportunities"]["by_method"]
        ],
        caption="Lifetimes of gaps by method, in session time",
        empty="No gap was found yet: every book agreed with its oracle, and with its siblings.",
    )


def _lasted(ms: float | None) -> Html:
    if ms is None:
        return html(None)
    return html(f"{ms:,.0f} ms") if ms < 1000 else span(ms / 1000)


def markets(rows: Sequence[Row]) -> Html:
    """How many markets are at which stage of their life, by what they are about."""
    statuses = sorted({row["status"] for row in rows})
    cells = {(row["about"], row["status"]): row["count"] for row in rows}
    return table(
        (Column("About"), *(Column(status, is_figure=True) for status in statuses)),
        [
            (about, *(count(cells.get((about, status), 0)) for status in statuses))
            for about in sorted({row["about"] for row in rows})
        ],
        caption="Markets by state",
        empty="No market was fetched yet: they come with the venue's first answer.",
    )


def token_rows(rows: Sequence[Row]) -> Html:
    """The uptrend desk's rows by status and timeframe, with the stages that they are in."""
    timeframes = sorted({row["timeframe"] for row in rows}, key=_length)
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["status"], row["timeframe"]), []).append(row)
    return table(
        (Column("Status"), *(Column(timeframe) for timeframe in timeframes)),
        [
            (
                pill(status, "ok" if status == "active" else ""),
                *(_stages(found.get((status, one), ())) for one in timeframes),
            )
            for status in sorted({row["status"] for row in rows})
        ],
        caption="Rows by status and timeframe: how many, and in which stage",
        empty="No token was allocated yet: rows begin with a signal that the desk takes.",
    )


def _stages(rows: Sequence[Row]) -> Html | None:
    if not rows:
        return None
    return joined(
        [pill(f"{row['stage'] or 'no stage'} \N{MULTIPLICATION SIGN} {row['count']}") for row in rows], " "
    )


def _length(timeframe: str) -> tuple[int, str]:
    return {"m": 1, "h": 60, "d": 1440}.get(timeframe[-1:], 0) * int(timeframe[:-1] or 0), timeframe


def positions(rows: Sequence[Row]) -> Html:
    """What is held, each a link to its path."""
    columns = (
        Column("Position"),
        Column("Quantity", is_figure=True, is_extra=True),
        Column("Entry", is_figure=True),
        Column("Cost", is_figure=True),
    )
    return table(
        columns,
        [
            (
                joined(
                    [
                        link("/trace", row["title"] or row["instrument"], packet=row["seq"], run=row["run"]),
                        tag("div", joined([*_whose(row), moment(row["opened_at"])], " · "), class_="under"),
                    ]
                ),
                quantity(row["quantity"]),
                price(row["entry_price"]),
                money(row["cost"]),
            )
            for row in rows
        ],
        caption="Open positions",
        empty="Nothing is held now.",
    )


def _whose(row: Row) -> list[str]:
    return [str(one) for one in (row["strategy"] or row["desk"], row["outcome"]) if one]


def absent(kinds: Sequence[str]) -> Html:
    """What is not on the page for a run whose desks are of these kinds, and why."""
    if "arbitrage" in kinds:
        return Html()
    whose = f"of the kind {', '.join(kinds)}" if kinds else "rules of people's own"
    return tag(
        "p",
        "Oracles, gaps between books and prediction markets are not shown: only the arbitrage desk has them, and this"
        f" run's desks are {whose}.",
        class_="note",
    )
