"""Which event makes which row: values in, values out, with no database in sight."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.market_story import MarketStory
from tests.store.story import BTC, CASH, Story
from tests.store.uptrend_story import UptrendStory
from tradeworthy.core.candidates import Candidate
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.market.instruments import InstrumentListed
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.store.changes import Changes, Row, merge
from tradeworthy.store.rows import Known, Rows, candidate_behind
from tradeworthy.store.schema import KEYS, MERGE, metadata
from tradeworthy.store.values import Ids, at, average, json_of


def tables_of(batches: list[list[tuple[Kind, Packet]]]) -> dict[str, list[Row]]:
    """What the batches leave in tables that merge as the database does."""
    rows, tables = Rows("run-1", Known(), bars=True), dict[str, dict[Any, Row]]()
    for batch in batches:
        for kind, packet in batch:
            rows.add(kind, packet)
        put(rows.take(), tables)
    return {name: list(found.values()) for name, found in tables.items()}


def put(changes: Changes, tables: dict[str, dict[Any, Row]]) -> None:
    """Apply one transaction."""
    for table, changed in changes.changed.items():
        for key, row in changed.items():
            there = tables.setdefault(table, {}).get(key)
            if there is None:
                tables[table][key] = dict(row)
            else:
                merge(table, there, row)
    for table, new in changes.new.items():
        names = KEYS.get(table, ("id",))
        for row in new:
            key = tuple(row[name] for name in names)
            assert key not in tables.setdefault(table, {}), f"{table} {key} stands there already"
            tables[table][key] = dict(row)


@pytest.fixture(scope="module")
def packets(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Kind, Packet]]:
    """A story with every kind of event."""
    with Story(tmp_path_factory.mktemp("runs") / "run-1") as story:
        story.open_account()
        story.round_trips(4)
        story.order_refused()
        story.order_cancelled()
        story.operations()
        story.enter()
        teller = MarketStory(story)
        teller.reverse(teller.day()["settled"])
        uptrend = UptrendStory(story)
        uptrend.golden()
        uptrend.bars()
        uptrend.learned()
        return story.packets


@given(cuts=st.lists(st.integers(0, 400), max_size=8))
def test_rows_do_not_depend_on_where_the_packets_are_divided(
    packets: list[tuple[Kind, Packet]], cuts: list[int]
) -> None:
    """Any division into transactions, in mid-turn as well, leaves the same tables."""
    edges = [0, *sorted(min(cut, len(packets)) for cut in cuts), len(packets)]
    batches = [packets[begin:end] for begin, end in pairwise(edges)]
    divided, whole = tables_of(batches), tables_of([packets])
    assert {name: sorted(map(str, map(shown, rows))) for name, rows in divided.items()} == {
        name: sorted(map(str, map(shown, rows))) for name, rows in whole.items()
    }


def shown(row: Row) -> list[tuple[str, Any]]:
    """A row in a fixed order, without what it does not say."""
    return sorted((name, str(value)) for name, value in row.items() if value is not None)


def test_every_row_fits_its_table(packets: list[tuple[Kind, Packet]]) -> None:
    """No maker names a column that the schema lacks, and every table of decisions is made at least once."""
    made = tables_of([packets])
    for name, rows in made.items():
        columns = {column.name for column in metadata.tables[name].columns}
        assert all(set(row) <= columns for row in rows), name
    assert set(made) == set(metadata.tables) - {"runs"}


def test_a_candidate_ends_as_one_row(packets: list[tuple[Kind, Packet]]) -> None:
    """Opened, judged and closed: one row with verdict, reason, figures and limits (P2)."""
    made = tables_of([packets])
    refused = [
        row for row in made["candidates"] if row["verdict"] == "REJECTED" and row["desk"] == "breakout"
    ]
    assert len(refused) == 1
    wanted = {
        "status": "rejected",
        "reason": "position_limit",
        "rule": "position_limit",
        "approved": False,
        "decided_by": "risk-guardian",
        "figures": '{"high":100.0,"bars":20}',
        "decision_figures": '{"share":0.4}',
        "limits": '{"share":0.2}',
        "quantity": Decimal("0.500"),
        "price": Decimal("100.0"),
        "edge": Decimal(3),
    }
    assert {name: refused[0][name] for name in wanted} == wanted
    assert sum(row["status"] == "open" for row in made["candidates"]) == 0


def test_only_decisions_are_packets_rows(packets: list[tuple[Kind, Packet]]) -> None:
    """Bars and timers are in the journal alone; decision-level inputs and all decisions are rows."""
    made = tables_of([packets])
    wanted = [packet.seq for _, packet in packets if packet.event.decision]
    assert [row["seq"] for row in made["packets"]] == wanted
    assert "BarClosed" not in {row["type"] for row in made["packets"]}


def test_whole_tables_in_events_are_counted_in_packets(packets: list[tuple[Kind, Packet]]) -> None:
    """Their rows stand in tables of their own: `packets` says how many came."""
    made = tables_of([packets])
    told = {row["type"]: row["event"] for row in made["packets"]}
    assert '"overrides":{"rows":0}' in told["OverridesChanged"]
    assert '"facts":{"rows":0}' in told["JobAnswered"]
    assert '"close":{"rows":2}' in told["BackfillAnswered"]


def test_money_and_prices_are_exact_decimals() -> None:
    """From integers, never through a float."""
    rows = Rows("run-1", Known())
    rows.add(Kind.INPUT, Packet(1, 1, 0, 5, "feed", InstrumentListed(BTC)))
    assert rows.known.scales["BTCUSDT"].price_of(1003) == Decimal("100.3")
    assert average(Decimal("1.00"), Decimal("0.03")) == Decimal("33.3333333333333333")
    assert average(Decimal(1), Decimal(0)) is None


def test_each_fall_of_a_gateway_is_counted(tmp_path: Path) -> None:
    """A10: it was started again as often; silence and its return count nothing."""
    with Story(tmp_path / "run-1") as story:
        for word, ok in (("gateway_crashed", False), ("gateway_back", True), ("agent_stale", False)) * 2:
            story.turn(HealthObserved("feed", ok, 0.0, word))
        (row,) = tables_of([story.packets])["agent_health"]
    assert (row["part"], row["crashes"], row["word"]) == ("feed", 2, "agent_stale")


def test_ids_depend_on_run_and_seq_alone() -> None:
    """UUIDv5: the same on every machine, different for other runs and seqs."""
    assert Ids("breakout-1").of(7) == UUID("6d543890-dc6f-596b-81fd-5263e7f6d027")
    assert len({Ids(run).of(seq) for run in ("a", "b") for seq in range(100)}) == 200
    assert Ids("a").of(1).version == 5


def test_times_keep_their_microseconds() -> None:
    """The ns are rounded down, and the year is no float's."""
    assert at(1_700_000_000_123_456_789).isoformat() == "2023-11-14T22:13:20.123456+00:00"


def test_json_has_names_and_no_nan() -> None:
    """Structs become objects by field names; what JSON can't hold is null, and NUL is replaced."""
    assert json_of(InstrumentListed(BTC)).startswith('{"instrument":{"id":"BTCUSDT","venue":"paper"')
    assert (
        json_of({"a": float("nan"), "b": "x\0y", "c": (1, CASH)})
        == '{"a":null,"b":"x\\ufffdy","c":[1,100000000]}'
    )


def test_the_candidate_behind_an_order_is_in_its_name(
    packets: list[tuple[Kind, Packet]], tmp_path: Path
) -> None:
    """Each packet from a candidate to its verdict names it."""
    named = {candidate_behind(packet) for _, packet in packets if packet.event.decision}
    candidates = {packet.seq for _, packet in packets if isinstance(packet.event, Candidate)}
    assert named - {None} == candidates


def test_merges_are_what_columns_say() -> None:
    """Later values replace, add up or grow; what says nothing changes nothing."""
    row: Row = {
        "run": "r",
        "day": 1,
        "trades": 2,
        "pnl": Decimal(1),
        "equity": Decimal(5),
        "peak": Decimal(9),
    }
    merge(
        "daily_performance", row, {"trades": 3, "pnl": Decimal(-2), "equity": Decimal(4), "peak": Decimal(7)}
    )
    assert row == {
        "run": "r",
        "day": 1,
        "trades": 5,
        "pnl": Decimal(-1),
        "equity": Decimal(4),
        "peak": Decimal(9),
    }
    assert {column.info[MERGE] for table in metadata.sorted_tables for column in table.columns if column.info} == {
        "keep", "sum", "greatest", "with trade_seq", "with engine_seq", "with multiplier",
    }  # fmt: skip
