"""Paths of real runs: from the tables, from the journal, and refused in a sentence."""

from collections.abc import Iterator
from pathlib import Path as Folder

import pytest

from tradeworthy.runtime.home import Home
from tradeworthy.store.addresses import connect, database_url, leave
from tradeworthy.web.pages.trace.headline import about, died_at, headline
from tradeworthy.web.pages.trace.panels import nodes_of
from tradeworthy.web.pages.trace.picture import drawn
from tradeworthy.web.pages.trace.reading import (
    NoPath,
    Path,
    from_journal,
    from_tables,
    root_packet,
    with_root,
)
from tradeworthy.web.pages.trace.steps import QUIET, ROOT, UNSEEN, Lane
from tradeworthy.web.records import Reading


@pytest.fixture(scope="module")
def home(archive: Folder) -> Home:
    """The home with a day of the example desk, an hour that risk refused, and ten minutes of the pilot."""
    return Home(archive)


@pytest.fixture(scope="module")
def pilot(home: Home) -> Iterator[Reading]:
    """Questions about the pilot's run."""
    name = next(folder.name for folder in home.runs.glob("pilot-*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        with connect(database_url(home.path), autocommit=True) as connection:
            yield Reading(connection, name)
        leave(home.path)


def path_of(found: Path | NoPath) -> Path:
    """The path that was found."""
    assert isinstance(found, Path), found
    return found


def test_every_candidate_has_a_path_with_its_root_and_its_verdict(home: Home, pilot: Reading) -> None:
    """P2: from the input that began it to how it ended, each step with its cause in the picture."""
    rows = pilot.listings.candidates(200)
    assert rows
    for row in rows:
        path = path_of(from_tables(pilot, str(row["seq"])))
        known = {step.seq for step in path.steps}
        assert path.steps[0].type == ROOT
        assert all(step.cause in known for step in path.steps if step.cause)
        assert (died_at(path) is None) is (row["verdict"] == "FILLED")
        assert drawn([node for node, _ in nodes_of(path)], "t", "d")


def test_an_id_names_the_same_path_as_its_seq(pilot: Reading) -> None:
    """Reports print ids."""
    row = pilot.listings.candidates(1)[0]
    assert (
        path_of(from_tables(pilot, str(row["id"]))).steps
        == path_of(from_tables(pilot, str(row["seq"]))).steps
    )


def test_the_first_input_is_read_from_the_journal(home: Home, pilot: Reading) -> None:
    """The tables know its number, the journal what it was."""
    path = path_of(from_tables(pilot, str(pilot.listings.candidates(1)[0]["seq"])))
    root = root_packet(home, path.run, path.root, bytes_max=1 << 30)
    assert root is not None
    whole = with_root(path, root)
    assert whole.steps[0] == root
    assert root.lane is Lane.FEED
    assert root.type not in UNSEEN
    assert root_packet(home, path.run, path.root, bytes_max=1) is None, "a long journal is not read unasked"


def test_the_journal_and_the_tables_tell_of_one_path(home: Home, pilot: Reading) -> None:
    """P2: what both have is equal, whatever else either has."""
    row = next(row for row in pilot.listings.candidates(200) if row["kind"] == "oracle_lag")
    told = {step.seq: step for step in path_of(from_tables(pilot, str(row["seq"]))).steps}
    read = {step.seq: step for step in path_of(from_journal(home, pilot.run, str(row["seq"]))).steps}
    both = [
        seq
        for seq in told.keys() & read.keys()
        if told[seq].type not in UNSEEN and read[seq].type not in UNSEEN
    ]
    assert row["seq"] in both
    assert [(told[seq].type, told[seq].cause, told[seq].lane) for seq in both] == [
        (read[seq].type, read[seq].cause, read[seq].lane) for seq in both
    ]


def test_a_quiet_turn_shows_each_desks_reason(home: Home, pilot: Reading) -> None:
    """P2: the tables have nothing of it; the journal says why no candidate was opened."""
    root = path_of(from_tables(pilot, str(pilot.listings.candidates(1)[0]["seq"]))).root
    quiet = next(seq for seq in range(root - 1, 0, -1) if isinstance(from_tables(pilot, str(seq)), NoPath))
    missed = from_tables(pilot, str(quiet))
    assert isinstance(missed, NoPath)
    assert missed.in_journal
    path = path_of(from_journal(home, pilot.run, str(quiet)))
    assert set(path.reasons) == {"arbitrage"}
    assert [step.type for step in path.steps][-1] == QUIET


def test_a_trades_own_packet_shows_its_entrys_path_and_what_the_trade_brought(pilot: Reading) -> None:
    """P2: pages link trades by the packet that opened the position; two trades of one input are two paths."""
    rows = pilot.listings.trades(50)
    assert rows
    for row in rows:
        path = path_of(from_tables(pilot, str(row["seq"])))
        assert path.candidate is not None
        assert path.candidate["seq"] == row["candidate"]
        assert str(about(path)[0]).startswith(row["side"].capitalize())
        assert row["seq"] in {trade["seq"] for trade in path.trades}
        if row["pnl"] is not None:
            assert sum(trade["pnl"] or 0 for trade in path.trades) == row["pnl"]
        assert row["title"] in headline(path)


def test_other_candidates_of_the_same_input_are_named(pilot: Reading) -> None:
    """One price may lead to several; each has its own path."""
    rows = pilot.listings.candidates(200)
    for row in rows[:20]:
        path = path_of(from_tables(pilot, str(row["seq"])))
        assert set(path.others) == {one["seq"] for one in rows if one["trace"] == row["trace"]} - {row["seq"]}


def test_a_number_that_no_packet_has_yet_is_refused_at_once(pilot: Reading) -> None:
    """A11: the journal, which takes long to read, would not have it either."""
    far = from_tables(pilot, "999999999")
    assert isinstance(far, NoPath)
    assert not far.in_journal
    assert "end at packet" in far.sentence


def test_what_is_no_packet_is_refused_in_a_sentence(home: Home, pilot: Reading) -> None:
    """A11: no traceback, and what to give instead."""
    wrong = from_tables(pilot, "<script>")
    assert isinstance(wrong, NoPath)
    assert not wrong.in_journal
    assert "seq" in wrong.sentence
    far = from_journal(home, pilot.run, "999999999")
    assert isinstance(far, NoPath)
    assert "not on record" in far.sentence
    row = from_journal(home, pilot.run, "1h@BONK")
    assert isinstance(row, NoPath)
    assert "1h@BONK" in row.sentence
