"""Pages and series of rows: what a real session left is found whole, in order, and quickly."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg.sql import SQL, Identifier

from tests.flows.sessions import run
from tests.store.conftest import make_database
from tests.store.story import BEGIN, BTC, CASH, DAY, Story, project
from tradeworthy.core.candidates import Decision
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.core.events import Figure
from tradeworthy.market.instruments import InstrumentListed, Side
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.stance import Posture, PostureChanged
from tradeworthy.store.addresses import connect
from tradeworthy.store.embedded import EmbeddedPostgres
from tradeworthy.store.listings import Listings, Spot
from tradeworthy.store.queries import Connection, Queries

CONFIGS = Path(__file__).parents[2] / "configs"
TIGHT = {"TRADEWORTHY_RISK__POSITION_MAX": "0.01"}


@pytest.fixture(scope="module")
def ran(server: EmbeddedPostgres, places: Path) -> Iterator[Connection]:
    """A database with a day of the example desk, an hour that risk refused, and ten minutes of the pilot."""
    url = make_database(server, "tradeworthy")
    home, environment = places / "listed", {"DATABASE_URL": url}
    for words, more in (
        (("run", str(CONFIGS / "breakout.toml"), "--duration", "86400"), {}),
        (("run", str(CONFIGS / "breakout.toml"), "--duration", "20000"), TIGHT),
        (("pilot", "--duration", "600"), {}),
    ):
        ended = run(home, *words, environment={**environment, **more})
        assert ended.code == 0, ended.text
    with connect(url, autocommit=True) as connection:
        yield connection


def listings(connection: Connection, like: str) -> Listings:
    """The newest run whose name begins so."""
    return Listings(connection, Queries(connection, names(connection, like)[0]).runs)


def names(connection: Connection, like: str) -> list[str]:
    """Runs whose name begins so, the newest first."""
    found = connection.execute(
        "SELECT run FROM runs WHERE run LIKE %s ORDER BY registered_at DESC", [f"{like}%"]
    )
    return [str(name) for (name,) in found]


@pytest.fixture
def day(ran: Connection) -> Listings:
    """The day of the example desk, which is the older of its two runs."""
    return Listings(ran, Queries(ran, names(ran, "breakout")[-1]).runs)


@pytest.fixture
def strict(ran: Connection) -> Listings:
    """The run whose entries were refused."""
    return listings(ran, "breakout")


@pytest.fixture
def pilot(ran: Connection) -> Listings:
    """The pilot's run."""
    return listings(ran, "pilot")


def whole(ask: Callable[..., list[dict[str, Any]]], limit: int) -> list[dict[str, Any]]:
    """All rows, page by page."""
    found: list[dict[str, Any]] = []
    before: Spot | None = None
    while page := ask(limit, before):
        found += page
        before = Spot(page[-1]["run"], page[-1]["seq"])
    return found


@pytest.mark.parametrize(
    ("table", "method"),
    [("orders", "orders"), ("trades", "trades"), ("candidates", "candidates"), ("decisions", "decisions")],
)
def test_pages_give_every_row_once_the_newest_first(
    ran: Connection, day: Listings, table: str, method: str
) -> None:
    """A7: what SQL counts is what the pages hold, in one piece or in many."""
    ask = getattr(day, method)
    rows = whole(ask, 7)
    assert rows == ask(500)
    seqs = [row["seq"] for row in rows]
    assert seqs == sorted(set(seqs), reverse=True)
    counted = ran.execute(
        SQL("SELECT count(*) FROM {} WHERE run = %s").format(Identifier(table)), [day.runs[0]]
    ).fetchone()
    assert counted == (len(rows),)
    assert len(rows) > 20
    assert all({"id", "run", "seq", "created_at"} <= row.keys() for row in rows)


def test_trades_have_the_figures_of_the_view_and_sum_to_the_report(ran: Connection, day: Listings) -> None:
    """A5, A6: column by column what paper_trades says; P&L to the last unit."""
    rows = {row["id"]: row for row in day.trades(500)}
    cursor = ran.execute("SELECT * FROM paper_trades WHERE run = %s AND risk_approved", [day.runs[0]])
    assert cursor.description is not None
    heads = [column.name for column in cursor.description]
    shown = [dict(zip(heads, row, strict=True)) for row in cursor]
    assert {row["id"] for row in shown} == rows.keys()
    for row in shown:
        assert {name: rows[row["id"]][name] for name in heads} == row
    summary = Queries(ran, day.runs[0]).summary()
    assert len(rows) == summary["total_trades"] > 0
    assert sum(row["pnl"] for row in rows.values() if row["pnl"] is not None) == summary["realized_pnl"]


def test_what_risk_refused_is_listed_apart(ran: Connection, strict: Listings) -> None:
    """A6: refusals are no trades, but can be looked at; the counts by rule are the report's."""
    refused = whole(lambda limit, before: strict.trades(limit, before, status="rejected"), 5)
    report = Queries(ran, strict.runs[0]).summary()
    assert {row["rule"]: row["count"] for row in strict.rejections()} == {
        row["reason"]: row["count"] for row in report["risk_rejections"]
    }
    assert len(refused) == report["rejections"] > 0
    assert {row["status"] for row in refused} == {"rejected"}
    assert all(row["risk_rejection_reason"] and row["pnl"] is None for row in refused)
    assert not {row["id"] for row in refused} & {row["id"] for row in strict.trades(500)}
    (rule,) = {row["risk_rejection_reason"] for row in refused}
    assert len(strict.candidates(500, verdict="REJECTED", reason=rule)) == len(refused)
    assert strict.rejections(since=refused[0]["created_at"] + timedelta(days=1)) == []


def test_filters_narrow_and_an_unknown_word_finds_nothing(day: Listings) -> None:
    """Each filter keeps exactly the rows that say so."""
    for method, column, name in (
        ("orders", "instrument", "instrument"),
        ("orders", "status", "status"),
        ("orders", "desk", "desk"),
        ("candidates", "verdict", "verdict"),
        ("candidates", "kind", "kind"),
        ("decisions", "approved", "approved"),
        ("trades", "opportunity_type", "kind"),
        ("trades", "strategy_id", "strategy"),
    ):
        ask = getattr(day, method)
        every = ask(500)
        for value in {row[column] for row in every}:
            assert ask(500, **{name: value}) == [row for row in every if row[column] == value]
    assert day.orders(status="nix") == day.trades(kind="nix") == day.candidates(reason="nix") == []


def test_trades_can_be_asked_by_when_they_began(day: Listings) -> None:
    """Both ends are included."""
    every = day.trades(500)
    first, last = every[-3]["created_at"], every[3]["created_at"]
    assert day.trades(500, since=first, until=last) == every[3:-2]


def test_a_page_says_what_is_wrong_with_what_it_was_asked(day: Listings) -> None:
    """A11: the value, the limits, the next step."""
    with pytest.raises(UsageError, match="limit 0 is not 1 to 500"):
        day.orders(0)
    with pytest.raises(UsageError, match="limit 501"):
        day.trades(501)
    with pytest.raises(UsageError, match="points 2001 is not 1 to 2000"):
        day.equity(2001)
    with pytest.raises(NotAvailable, match="before other:5 is of no run here"):
        day.orders(5, Spot("other", 5))
    with pytest.raises(NotAvailable, match="no run 'other'"):
        day.about("other")


def test_the_equity_curve_is_whole_or_thinned_to_each_parts_last(ran: Connection, day: Listings) -> None:
    """A7: as many points as fit; thinned, the end and the figures of the rows are still true."""
    marks = Queries(ran, day.runs[0]).equity()
    curve = day.equity()
    assert [(row["created_at"], row["equity"]) for row in curve] == [
        (row["created_at"], row["equity"]) for row in marks
    ]
    assert max(row["drawdown"] for row in curve) > 0
    for row in curve:
        assert row["drawdown"] == pytest.approx(float(1 - row["equity"] / row["peak"]))
    for points in (1, 2, 10, len(curve) - 1):
        thin = day.equity(points)
        assert len(thin) <= points
        assert all(row in curve for row in thin)
        assert thin[-1] == curve[-1]
    since, until = curve[3]["created_at"], curve[9]["created_at"]
    assert day.equity(since=since, until=until) == curve[3:10]
    assert day.equity(3, since=since, until=until)[-1] == curve[9]


def test_the_guard_shows_each_rule_with_its_newest_figure(day: Listings, strict: Listings) -> None:
    """A7: figures beside limits, money as money, and what refused."""
    guard = strict.guard()
    assert guard["decision"]["seq"] == strict.decisions(1)[0]["seq"]
    figures = {row["figure"]: row for row in guard["figures"]}
    assert isinstance(guard["equity"], Decimal)
    assert isinstance(figures["position"]["value"], Decimal)
    assert figures["position"]["used"] == pytest.approx(
        float(figures["position"]["value"] / figures["position"]["limit"])
    )
    assert figures["position"]["used"] > 1
    assert [row["rule"] for row in guard["figures"] if row["failed"]] == ["position_limit"]
    assert not any(row["failed"] for row in day.guard()["figures"])
    decision = strict.decisions(1, approved=False)[0]
    assert decision["limits"]["position"] == figures["position"]["limit"]


def test_the_guard_shows_what_bound(story: Story, url: str, connection: Connection) -> None:
    """A7: an exit passes whatever its figures are, and a rule with nothing to go by says nothing."""
    story.open_account()
    entry: dict[str, Figure] = {"equity": 90 * CASH, "expected_profit": 3 * CASH, "book_age_ms": 40}
    limits: dict[str, Figure] = {"expected_profit": CASH, "book_age_ms": 3_000}
    story.turn(story.bar(), Decision("risk-guardian", 1, "breakout", True, "", entry, limits))
    other: dict[str, Figure] = {**entry, "expected_profit": 2 * CASH, "book_age_ms": None}
    story.turn(story.bar(), Decision("risk-guardian", 2, "breakout", True, "", other, limits))
    leaving: dict[str, Figure] = {**entry, "equity": 80 * CASH, "expected_profit": -CASH}
    story.turn(story.bar(), Decision("risk-guardian", 3, "breakout", True, "reduce_only", leaving, limits))
    project(story, url)
    guard = Listings(connection, [story.run]).guard()
    assert guard["decision"]["candidate"] == 3
    assert guard["equity"] == Decimal(80)
    figures = {row["figure"]: (row["candidate"], row["value"]) for row in guard["figures"]}
    assert figures == {"expected_profit": (2, Decimal(2)), "book_age_ms": (1, 40)}


def test_a_missing_price_is_a_figure_that_failed(story: Story, url: str, connection: Connection) -> None:
    """A7: the age of none is newer than the last healthy one, and is no silence."""
    story.open_account()
    limits: dict[str, Figure] = {"price_age_ms": 10_000}
    story.turn(story.bar(), Decision("risk-guardian", 1, "breakout", True, "", {"price_age_ms": 400}, limits))
    missing: dict[str, Figure] = {"price_age_ms": None}
    story.turn(story.bar(), Decision("risk-guardian", 2, "breakout", False, "stale_data", missing, limits))
    unasked: dict[str, Figure] = {"price_age_ms": None}
    story.turn(story.bar(), Decision("risk-guardian", 3, "breakout", False, "halted", unasked, unasked))
    project(story, url)
    (row,) = Listings(connection, [story.run]).guard()["figures"]
    assert (row["candidate"], row["value"], row["limit"], row["failed"]) == (2, None, 10_000, True)


def test_opportunities_and_positions_name_their_market(ran: Connection, pilot: Listings) -> None:
    """A3: what the scanner found, with its question, its gap and what became of it."""
    found = whole(pilot.opportunities, 3)
    counted = ran.execute(
        "SELECT count(*) FROM opportunities WHERE run = %s AND detected", [pilot.runs[0]]
    ).fetchone()
    assert counted == (len(found),)
    assert all(row["title"] and row["verdict"] for row in found)
    assert all(isinstance(leg["fee"], Decimal) for row in found for leg in row["legs"])
    traded = pilot.trades()[0]
    assert (traded["opportunity_type"], traded["status"]) == ("oracle_lag", "resolved")
    assert traded["title"]
    assert {row["method"] for row in pilot.opportunities(kind=found[0]["kind"])}
    assert all(not row["detected"] for row in pilot.opportunities(detected=False))


def test_runs_are_told_with_the_sums_of_their_days(ran: Connection, day: Listings) -> None:
    """A6: the list of runs says what the report of each says."""
    rows = {row["run"]: row for row in day.all_runs()}
    assert rows.keys() == set(names(ran, ""))
    for run_name, row in rows.items():
        report = Queries(ran, run_name).summary()
        assert (row["trades_closed"], row["realized_pnl"], row["candidates"]) == (
            report["closed_trades"],
            report["realized_pnl"],
            report["candidates"],
        )
    assert day.about() == rows[day.runs[0]]
    assert day.about()["desks"][0]["name"] == "breakout"
    assert len(day.all_runs(1)) == 1


def test_packets_follow_in_order_and_their_types_are_known(ran: Connection, day: Listings) -> None:
    """What a reader of events is sent: everything after his place, once."""
    found: list[dict[str, Any]] = []
    while page := day.packets(found[-1]["seq"] if found else 0, 100):
        found += page
    counted = ran.execute("SELECT count(*) FROM packets WHERE run = %s", [day.runs[0]]).fetchone()
    assert counted == (len(found),)
    half = found[len(found) // 2]["seq"]
    assert day.types_since(half) == {row["type"] for row in found if row["seq"] > half}
    assert day.types_since(found[-1]["seq"]) == set()


def test_counters_are_listed_by_hour(ran: Connection, day: Listings) -> None:
    """P2: turns without a candidate; the sums are those of SQL."""
    rows = day.counters("breakout")
    total = ran.execute("SELECT sum(turns) FROM counters WHERE run = %s", [day.runs[0]]).fetchone()
    assert total == (sum(row["turns"] for row in rows),)
    hours = [row["from_at"] for row in rows]
    assert hours == sorted(hours, reverse=True)
    assert day.counters("nix") == []
    assert {row["from_at"] for row in day.counters(since=hours[-1], until=hours[-1])} == {hours[-1]}


def test_pages_go_on_into_the_parents(tmp_path: Path, url: str, connection: Connection) -> None:
    """A9: a run that took over shows what was before it, after its own rows."""
    with Story(tmp_path / "runs" / "breakout-1") as parent:
        parent.open_account()
        parent.round_trips(3)
        project(parent, url)
    with Story(tmp_path / "runs" / "breakout-2", parent="breakout-1", begin=BEGIN + DAY) as child:
        child.turn(InstrumentListed(BTC))
        child.round_trips(2)
        project(child, url)
    both = Listings(connection, Queries(connection).runs)
    rows = whole(both.trades, 2)
    assert [row["run"] for row in rows] == ["breakout-2"] * 2 + ["breakout-1"] * 3
    assert both.trades(3, rows[1]["seq"])[0] == rows[2]
    assert [row["run"] for row in whole(both.candidates, 4)] == ["breakout-2"] * 4 + ["breakout-1"] * 6
    curve = both.equity()
    assert [row["run"] for row in curve] == ["breakout-1"] * 3 + ["breakout-2"] * 2
    assert both.equity(2)[-1] == curve[-1]
    assert {row["run"] for row in Listings(connection, ["breakout-1"]).trades()} == {"breakout-1"}


def test_what_is_held_and_what_it_costs(story: Story, url: str, connection: Connection) -> None:
    """A7: positions with their trade, and exposure by market and venue, equal to what is open."""
    story.open_account()
    story.round_trips(1)
    entry = story.enter()
    story.order(Side.BUY, 10, 900, "breakout")
    project(story, url)
    one = Listings(connection, [story.run])
    (held,) = one.positions()
    assert (held["candidate"], held["lots"], held["cost"]) == (entry, 10, Decimal("1.00000000"))
    assert held["id"] == one.trades(status="open")[0]["id"]
    exposures = one.exposures()
    assert [(row["market"], row["cost"], row["positions"]) for row in exposures["by_market"]] == [
        ("BTCUSDT", Decimal(1), 1)
    ]
    assert [(row["venue"], row["cost"]) for row in exposures["by_venue"]] == [("paper", Decimal(1))]
    waiting, filled, *_ = one.orders()
    assert (waiting["status"], waiting["filled_lots"], waiting["filled_price"]) == ("SENT", 0, None)
    assert (filled["status"], filled["filled_quantity"], filled["filled_price"]) == (
        "FILLED", Decimal("0.010"), Decimal("100.0"),
    )  # fmt: skip
    assert one.candidates(verdict="OPEN")[0]["verdict"] == "OPEN"


def test_the_posture_and_the_parts_are_told(story: Story, url: str, connection: Connection) -> None:
    """A7: each change with its five categories; what the parts say, and how often they crashed."""
    story.open_account()
    cats = (0.1, 0.2, 0.3, 0.0, 0.9)
    story.turn(story.bar(), PostureChanged(Posture.TURTLE, Posture.APEX, 0.4, cats, "capital"))
    story.turn(story.bar(), PostureChanged(Posture.STALKER, Posture.TURTLE, 0.7, cats, "steady"))
    story.turn(HealthObserved("feed", ok=False, figure=2.5, word="stale"))
    story.operations()
    project(story, url)
    one = Listings(connection, [story.run])
    newest, older = one.posture()
    assert (newest["posture"], newest["before"], older["rm"]) == ("STALKER", "TURTLE", 0.4)
    assert older["categories"] == {
        "hard": 0.1, "structure": 0.2, "scan": 0.3, "outside": 0.0, "capital": 0.9,
    }  # fmt: skip
    assert {row["part"]: row["crashes"] for row in one.health()} == {"breakout": 2, "feed": 0}


def test_bars_are_there_if_the_desk_keeps_them(tmp_path: Path, url: str, connection: Connection) -> None:
    """The newest first, and on from any time."""
    with Story(tmp_path / "runs" / "breakout-1", bars=True) as story:
        story.open_account()
        story.quiet(10)
        project(story, url)
    one = Listings(connection, [story.run])
    bars = one.bars("BTCUSDT", "1m")
    assert len(bars) == 10
    assert [bar["open_at"] for bar in bars] == sorted((bar["open_at"] for bar in bars), reverse=True)
    assert one.bars("BTCUSDT", "1m", 3, bars[4]["open_at"]) == bars[5:8]
    assert one.bars("BTCUSDT", "5m") == []


def test_alerts_are_listed(story: Story, url: str, connection: Connection) -> None:
    """A halt is told of."""
    story.open_account()
    story.operations()
    project(story, url)
    found = Listings(connection, [story.run]).alerts()
    assert found
    assert {"severity", "key", "title", "text", "seq", "run", "created_at", "id"} <= found[0].keys()
