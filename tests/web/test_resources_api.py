"""What the API shows is what the tables hold and the report says, page by page, in values that lose nothing."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import LEARNED
from tests.web.served import V1, Served, served
from tradeworthy.runtime.hours import hour_of
from tradeworthy.runtime.tracing import trace_in
from tradeworthy.store.addresses import connect, database_url
from tradeworthy.store.listings import Listings
from tradeworthy.store.queries import Connection, Queries
from tradeworthy.store.values import Ids
from tradeworthy.web.api.values import told

LISTS = (
    *("positions", "orders", "trades", "candidates", "decisions", "opportunities", "alerts", "posture"),
    *("counters", "equity", "runs", "daily", "allocations", "lessons", "overrides", "thresholds"),
)
OTHERS = ("status", "risk", "traces/1", "why/breakout", "bars?instrument=BTCUSDT&timeframe=1m")
MONEY = frozenset(
    {
        *(
            "equity",
            "cash",
            "cost",
            "fees",
            "fee",
            "pnl",
            "realised",
            "realized_pnl",
            "peak",
            "price",
            "quantity",
        ),
        *(
            "entry_price",
            "exit_price",
            "notional",
            "limit_price",
            "filled_price",
            "profit",
            "capital",
            "edge",
        ),
    }
)
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z")
NUL, HUGE = "a\0b", "9" * 400


@pytest.fixture
def tables(finished: Served) -> Iterator[Connection]:
    """The database behind the app."""
    with connect(database_url(finished.home.path), autocommit=True) as connection:
        yield connection


@pytest.fixture
def day(finished: Served) -> str:
    """The name of the day's run: the older one of the desk."""
    names = [row["run"] for row in finished.said("runs")["rows"]]
    return str([name for name in names if name.startswith("breakout")][-1])


def values_in(found: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in JSON with the name that it stands under."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield from values_in(value, key)
    elif isinstance(found, list):
        for value in found:
            yield from values_in(value, name)
    else:
        yield name, found


@pytest.mark.parametrize("name", LISTS)
def test_nothing_is_shown_without_a_token(finished: Served, name: str) -> None:
    """A7: 401, and one line that says how to get one."""
    answer = finished.stranger.get(f"{V1}/{name}")
    assert answer.status_code == 401
    assert "token" in answer.json()["error"]


def test_the_counts_are_those_of_the_report(finished: Served, tables: Connection, day: str) -> None:
    """A6, A7: trades, P&L, candidates and refusals equal `report`, which is in the run's own resource."""
    report = Queries(tables, day).summary()
    shown = finished.said(f"runs/{day}")
    assert shown["report"] == told(report)
    assert shown["runs"] == [day]
    trades = finished.whole("trades", run=day, limit=9)
    assert len(trades) == report["total_trades"] > 0
    assert sum(Decimal(row["realized_pnl"] or 0) for row in trades) == report["realized_pnl"]
    assert len(finished.whole("trades", run=day, status="closed")) == report["closed_trades"]
    assert len(finished.whole("candidates", run=day, limit=500)) == report["candidates"]
    strict = finished.newest("breakout")
    refused = finished.whole("trades", run=strict, status="rejected", limit=3)
    assert len(refused) == Queries(tables, strict).summary()["rejections"] > 0
    (rule,) = finished.said("risk", run=strict)["rejections"]
    assert (rule["rule"], rule["count"]) == ("position_limit", len(refused))


@pytest.mark.parametrize("name", ["orders", "trades", "candidates", "decisions"])
def test_pages_hold_every_row_once(finished: Served, tables: Connection, day: str, name: str) -> None:
    """`next` leads from page to page, and is null at the end."""
    rows = finished.whole(name, run=day, limit=7)
    assert len({row["id"] for row in rows}) == len(rows) > 20
    assert [row["seq"] for row in rows] == sorted((row["seq"] for row in rows), reverse=True)
    assert rows == finished.said(name, run=day, limit=500)["rows"]
    assert finished.said(name, run=day, limit=500)["next"] is None
    listed = getattr(Listings(tables, [day]), name)(500)
    assert [row["id"] for row in rows] == [str(row["id"]) for row in listed]
    assert finished.said(name, run=day, limit=2, before=rows[4]["seq"])["rows"] == rows[5:7]


@pytest.mark.parametrize("like", ["breakout", "pilot", "uptrend"])
@pytest.mark.parametrize("name", [*LISTS, *OTHERS])
def test_money_is_text_and_times_are_utc(finished: Served, like: str, name: str) -> None:
    """What a program reads is exact: no float of money, no time without its zone."""
    name = name.replace("why/breakout", f"why/{ {'pilot': 'arbitrage'}.get(like, like) }")
    if (like, name) == ("uptrend", "traces/1"):
        return  # That run has no journal here, and its first packet led to no decision.
    joint = "&" if "?" in name else "?"
    answer = finished.client.get(
        f"{V1}/{name}{joint}run={finished.newest(like)}" if name not in {"status", "runs"} else f"{V1}/{name}"
    )
    assert answer.status_code == 200, answer.text
    for key, value in values_in(answer.json()):
        if key in MONEY and not name.startswith("traces"):
            assert value is None or Decimal(value).is_finite(), (key, value)
            assert not isinstance(value, float), (key, value)
        if key.endswith("_at") and value is not None:
            assert TIME.fullmatch(value), (key, value)


def test_nan_never_leaves(finished: Served, tables: Connection, day: str) -> None:
    """A figure that is no number is null: JSON has no other word for it."""
    tables.execute(
        "INSERT INTO bars (run, instrument, timeframe, open_at, open, high, close)"
        " VALUES (%s, 'NAN', '1m', '2024-01-01Z', 'NaN', 'Infinity', 1.5)",
        [day],
    )
    try:
        answer = finished.client.get(f"{V1}/bars?instrument=NAN&timeframe=1m&run={day}")
    finally:
        tables.execute("DELETE FROM bars WHERE instrument = 'NAN'")
    (bar,) = answer.json()["rows"]
    assert (bar["open"], bar["high"], bar["low"], bar["close"]) == (None, None, None, 1.5)
    assert "NaN" not in answer.text.replace('"NAN"', "")
    assert told({"a": float("nan"), "b": [float("-inf"), Decimal("NaN")]}) == {"a": None, "b": [None, None]}


def test_the_equity_curve_is_the_tables(finished: Served, tables: Connection, day: str) -> None:
    """A7: every mark, or as many points as are asked for; the last one is always there."""
    marks = Queries(tables, day).equity()
    curve = finished.said("equity", run=day)["rows"]
    assert [Decimal(point["equity"]) for point in curve] == [row["equity"] for row in marks]
    thin = finished.said("equity", run=day, points=5)["rows"]
    assert 1 < len(thin) <= 5
    assert thin[-1] == curve[-1]
    part = finished.said("equity", run=day, since=curve[2]["created_at"], until=curve[4]["created_at"])[
        "rows"
    ]
    assert part == curve[2:5]


def test_a_trace_is_the_databases_path_of_a_candidate(finished: Served, tables: Connection, day: str) -> None:
    """P2: the path and where it ended, by seq and by id."""
    candidate = finished.said("candidates", run=day, verdict="FILLED", limit=1)["rows"][0]
    found = finished.said(f"traces/{candidate['seq']}", run=day)
    path = Queries(tables, day).trace(str(candidate["seq"]))
    assert (found["source"], found["ended"], found["candidate"]) == (
        "database",
        path["ended"],
        candidate["seq"],
    )
    assert [(row["id"], row["type"], row["event"]) for row in found["path"]] == [
        (str(row["id"]), row["type"], told(row["event"])) for row in path["path"]
    ]
    by_id = finished.said(f"traces/{candidate['id']}")
    assert by_id == found | {"packet": candidate["id"]}


def test_a_quiet_turn_is_told_by_the_journal_with_each_desks_reason(finished: Served, day: str) -> None:
    """P2: the tables know nothing of it; the run's own code says why nobody opened a candidate."""
    known = {row["seq"] for row in finished.said("candidates", run=day, limit=500)["rows"]}
    quiet = next(seq for seq in range(40, 400) if not known & set(range(seq - 5, seq + 6)))
    found = finished.said(f"traces/{quiet}", run=day)
    traced = trace_in(finished.home, day, str(quiet))
    assert (found["source"], found["reasons"], found["candidate"]) == ("journal", traced.reasons, None)
    assert found["reasons"].keys() == {"breakout"}
    assert [row["id"] for row in found["path"]] == [str(Ids(day).of(one.seq)) for one in traced.packets]


def test_why_counts_an_hour(finished: Served, tables: Connection, day: str) -> None:
    """P2: turns by reason, candidates by verdict, as `why` says."""
    at = Queries(tables, day).summary()["period"]["from"] + timedelta(hours=5, minutes=20)
    found = finished.said("why/breakout", run=day, at=at.isoformat())
    wanted = hour_of(finished.home, Queries(tables, day), "breakout", at)
    assert found["turns"] == wanted["turns"]
    assert found["total_turns"] == wanted["total_turns"] > 0
    assert (found["verdicts"], found["candidates"]) == (wanted["verdicts"], wanted["candidates"])
    assert found["begin"] == told(wanted["from"])


def test_what_was_learned_is_shown(finished: Served, tables: Connection) -> None:
    """L8-L13: lessons by scope, overrides with their multipliers, thresholds with who set them."""
    learning = Queries(tables, LEARNED).learning()
    lessons = finished.said("lessons", run=LEARNED)["rows"]
    assert len(lessons) == len(learning.lessons()) > 0
    assert {"chain": "solana"} in [row["scope_subset"] for row in lessons]
    assert len(finished.said("lessons", run=LEARNED, archived="true")["rows"]) > len(lessons)
    overrides = finished.said("overrides", run=LEARNED, archived="true")["rows"]
    assert [(row["id"], row["multiplier"], row["status"], row["rolled_back"]) for row in overrides] == [
        (one.id, one.multiplier, one.status, learning.rolled_back().get(one.id))
        for one in learning.overrides(archived=True)
    ]
    thresholds = finished.said("thresholds", run=LEARNED)["rows"]
    assert [(row["key"], row["value"], row["source"]) for row in thresholds] == [
        (one.entry.key, one.entry.value, one.source) for one in learning.thresholds()
    ]
    assert overrides
    assert thresholds


def test_risk_shows_figures_against_limits(finished: Served) -> None:
    """A7: each rule in its order, the one that refused among them."""
    found = finished.said("risk", run=finished.newest("breakout"))
    figures = {row["figure"]: row for row in found["figures"]}
    assert figures["position"]["failed"]
    assert Decimal(figures["position"]["value"]) > Decimal(figures["position"]["limit"])
    assert found["decision"]["approved"] is False
    assert found["halts"] == []


def test_the_newest_run_is_meant_if_none_is_named(finished: Served) -> None:
    """The run that pages show, too."""
    shown = finished.said("status")["run"]
    assert shown.startswith("pilot")
    assert {row["run"] for row in finished.said("candidates")["rows"]} == {shown}
    assert not finished.said("status")["running"]
    assert finished.said("status")["pulse"]["state"] == "stopped"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("orders?run=breakot", "There is no run 'breakot'"),
        ("runs/nix", "There is no run 'nix'"),
        ("equity?run=nix", "There is no run 'nix'"),
        ("traces/1?run=nix", "There is no run 'nix'"),
        ("orders?before=nix:5", "before nix:5 is of no run here"),
        ("why/nix", "has no record of desk 'nix'"),
        ("traces/999999999", "packet 999999999 is not on record"),
        ("traces/0", "packet 0 is not on record"),
        ("traces/00000000-0000-0000-0000-000000000000", "is not in run"),
        ("nix", "there is no GET"),
    ],
)
def test_what_there_is_not_is_a_404(finished: Served, path: str, says: str) -> None:
    """A11: one line, with the next step."""
    assert says in finished.error(path, 404)


@pytest.mark.parametrize(
    "query",
    [
        *({"limit": value} for value in ("0", "-1", "501", HUGE, "many", "1.5", "")),
        *({"before": value} for value in ("soon", "-1", HUGE, f"{NUL}:1", "a:b:1", "1e5")),
        *({"run": value} for value in (NUL, "x" * 201, "\n")),
        *(
            {"since": value}
            for value in ("1900-01-01", "9999-12-31T23:59:59-14:00", "now", "5", "2024-13-01", HUGE)
        ),
        *({"until": value} for value in ("2200-01-01", "-1")),
        {"kind": NUL},
        {"strategy": "x" * 201},
        {"unknown": "1"},
    ],
    ids=lambda query: "{}={!r:.20}".format(*next(iter(query.items()))),
)
def test_a_wrong_value_is_a_422(finished: Served, query: dict[str, str]) -> None:
    """A11: nothing that the database could choke on comes to it; the line names the field."""
    (name,) = query
    assert f"query.{name}" in finished.error("trades", 422, **query)


def test_a_wrong_path_is_refused(finished: Served) -> None:
    """Neither a seq nor an id, a NUL in a name."""
    assert "path.packet" in finished.error("traces/soon", 422)
    assert "path.desk" in finished.error("why/a%00b", 422)
    assert "path.run" in finished.error("runs/a%00b", 422)


def test_hostile_words_find_nothing(finished: Served) -> None:
    """They are values, and never become a part of a question."""
    for word in ("' OR 1=1 --", "%", "%(run)s", "{page}", "\\", "💥", "\u202e"):
        assert finished.said("orders", instrument=word)["rows"] == []
        assert "There is no run" in finished.error("orders", 404, run=word)


def test_without_a_database_it_says_so_and_the_rest_answers(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A11: 503 in one line for what needs the tables; the session's standing needs none."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    with served(archive) as away:
        for name in ("trades", "runs", "risk", "traces/1", "why/breakout", "equity"):
            line = away.error(name, 503)
            assert line.startswith("Cannot connect to database (127.0.0.1:1)")
            assert "secret" not in line
        assert "Cannot connect" in away.said("status")["tables"]


def test_an_empty_home_shows_empty_lists(short_places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A11: nothing has run yet, and the line says what to do."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    with served(short_places / "empty") as found:
        assert found.said("runs") == {"rows": []}
        assert found.said("status")["run"] is None
        assert "tradeworthy demo" in found.error("trades", 404)


def test_a_living_sessions_rows_come_to_the_api(living: Any) -> None:
    """A7: what the session says of itself, and the rows that it makes, are those of the same run."""
    said = living.client.get(f"{V1}/status").json()
    assert (said["running"], said["face"], said["pulse"]["state"]) == (True, "pilot", "live")
    assert Decimal(said["equity"]) > 0
    assert {part["agent"] for part in said["parts"]} >= {"risk-guardian", "paper-executor"}
    assert not {"database_url", "redis_url", "home", "pid"} & said.keys()
    shown = living.client.get(f"{V1}/runs/{said['run']}").json()
    assert shown["last_seq"] > 0
    assert living.client.get(f"{V1}/why/arbitrage").json()["total_turns"] > 0
