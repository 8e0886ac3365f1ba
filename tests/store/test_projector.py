"""The projector: each durable record once in the tables, whatever happens to it, the server or the process."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.store.story import CODEC, Story, project, rows_of
from tradeworthy.core.errors import AllHalted
from tradeworthy.journal.reader import read
from tradeworthy.journal.segments import Place, segment_path
from tradeworthy.store import projection as projection_module
from tradeworthy.store.addresses import connect
from tradeworthy.store.embedded import EmbeddedPostgres
from tradeworthy.store.migrating import migrate
from tradeworthy.store.projection import Projection
from tradeworthy.store.projector import Projector

NewDatabase = Callable[[], str]

PROJECTING = """
import sys
from pathlib import Path
from tests.store.story import CODEC
from tradeworthy.journal.reader import read_header
from tradeworthy.store import projection
from tradeworthy.store.tables import RunTables
projection.RECORDS_MAX = 40
folder, url, kills = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
write = RunTables.write
def write_until_killed(self, *arguments):
    global kills
    kills -= 1
    if not kills:
        import os, signal, threading
        threading.Timer(float(sys.argv[4]), os.kill, (os.getpid(), signal.SIGKILL)).start()
    write(self, *arguments)
RunTables.write = write_until_killed
one = projection.Projection(folder, read_header(folder), CODEC)
one.attach(url)
one.advance(None, final=True)
"""


@pytest.fixture(autouse=True)
def small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many transactions even in a short story."""
    monkeypatch.setattr(projection_module, "RECORDS_MAX", 40)


@pytest.fixture
def told(story: Story) -> Story:
    """A story of some days with every kind of row."""
    story.open_account()
    story.round_trips(12)
    story.order_refused()
    story.order_cancelled()
    story.operations()
    story.enter()
    story.durable()
    return story


def projected(story: Story, url: str) -> dict[str, list[object]]:
    """The rows of the story so far, in one go, by a projection of its own."""
    project(story, url)
    return rows_of(url)


@pytest.fixture
def expected(told: Story, new_database: NewDatabase) -> dict[str, list[object]]:
    """The rows of `told`, projected without trouble."""
    return projected(told, new_database())


def follower(story: Story, url: str | Callable[[], str]) -> Projector:
    """A projector of a session that writes the story."""
    return Projector(story.folder, url, CODEC, lambda: story.writer.durable_bytes)


def test_rows_follow_a_session_while_it_runs(story: Story, url: str, new_database: NewDatabase) -> None:
    """What a session writes turn by turn ends as the rows that its whole journal gives (A5)."""
    story.open_account()
    projector = follower(story, url)
    projector.start()
    for _ in range(15):
        story.round_trips(1)
        story.durable()
    assert projector.drain(10)
    lag = projector.lag()
    assert (lag.seq, lag.ts, lag.segments, lag.bytes, lag.error) == (story.seq, story.ts, 0, 0, "")
    assert projector.stop()
    assert rows_of(url) == projected(story, new_database())


@pytest.mark.parametrize("seed", range(3))
def test_any_division_into_transactions_gives_the_same_rows(
    told: Story, url: str, expected: dict[str, list[object]], seed: int
) -> None:
    """Projected up to random records, by a new projection each time, as after so many kills."""
    places = [record.place for record in read(told.folder)]
    for place in sorted(random.Random(seed).sample(places, 8)):
        one = Projection(told.folder, told.header, CODEC)
        one.attach(url)
        one.advance(place, final=True)
        one.detach()
    assert projected(told, url) == expected


def test_a_turn_is_whole_or_absent(told: Story, url: str) -> None:
    """An input whose decisions may be missing waits; with them, the turn is one transaction."""
    places = [record.place for record in read(told.folder)]
    seen = set()
    one = Projection(told.folder, told.header, CODEC)
    one.attach(url)
    with connect(url, autocommit=True) as connection:
        for place in places[:60]:
            one.advance(place, final=False)
            seen.add(one.seq)
            found = connection.execute("SELECT last_seq FROM runs").fetchone()
            assert found is not None
            assert found[0] == one.seq
    one.detach()
    inputs = {record.seq for record in read(told.folder) if record.kind == 1}
    assert not one.held_back or places[59]
    followed = {seq for seq in seen if seq in inputs and seq + 1 not in inputs}
    assert followed == set()


@pytest.mark.parametrize(("at", "after_s"), [(1, 0.0), (2, 0.002), (4, 0.0), (6, 0.008)])
def test_a_killed_process_leaves_whole_turns(
    told: Story, url: str, expected: dict[str, list[object]], at: int, after_s: float
) -> None:
    """Killed with -9 at its nth transaction; the next one completes the same rows, none doubled (A9)."""
    process = subprocess.run(
        [sys.executable, "-c", PROJECTING, str(told.folder), url, str(at), str(after_s)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
        timeout=60,
    )
    assert process.returncode in {-9, 0}
    assert projected(told, url) == expected


@pytest.fixture
def own_server(used_home: Path) -> Iterator[EmbeddedPostgres]:
    """A server that the test may stop."""
    with EmbeddedPostgres(used_home) as server:
        migrate(server.url())
        yield server


def test_an_outage_in_mid_run_only_delays(
    told: Story, own_server: EmbeddedPostgres, new_database: NewDatabase
) -> None:
    """The server goes away while rows come, turns go on, it returns: all rows are there, each once (A10)."""
    url = own_server.url()
    projector = follower(told, url)
    projector.start()
    told.round_trips(10)
    told.durable()
    own_server.stop()
    told.round_trips(10)
    told.durable()
    assert not projector.drain(0.3)
    lag = projector.lag()
    assert lag.bytes > 0
    assert "Cannot connect to database" in lag.error
    assert lag.attempts > 0
    own_server.url()
    told.round_trips(5)
    told.durable()
    assert projector.stop(20)
    assert projector.lag().error == ""
    assert rows_of(url) == projected(told, new_database())


def test_restarts_under_load_lose_nothing(
    told: Story, own_server: EmbeddedPostgres, expected: dict[str, list[object]]
) -> None:
    """The server is stopped and started between and within transactions."""
    url = own_server.url()
    for _ in range(4):
        projector = follower(told, url)
        projector.start()
        own_server.stop()
        own_server.url()
        projector.stop(10)
    assert projected(told, url) == expected


def test_what_was_drained_survives_a_crash_of_the_server(
    told: Story, own_server: EmbeddedPostgres, expected: dict[str, list[object]]
) -> None:
    """Commits need not wait for the server's disk, but the end of a run does."""
    url = own_server.url()
    projector = follower(told, url)
    projector.start()
    assert projector.stop()
    os.kill(int((own_server.folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    own_server.stop()
    own_server.url()
    assert rows_of(url) == expected


def test_a_projector_with_an_embedded_server_brings_it_back(
    told: Story, own_server: EmbeddedPostgres, expected: dict[str, list[object]]
) -> None:
    """Nobody else starts it: the projector asks for the URL again, and that starts it."""
    projector = follower(told, own_server.url)
    own_server.stop()
    projector.start()
    assert projector.stop(20)
    assert rows_of(own_server.url()) == expected


def test_two_projectors_of_one_run_do_not_double_rows(
    told: Story, url: str, expected: dict[str, list[object]]
) -> None:
    """A session and a `report` that caught it up: who finds the tables moved on, reads again from there."""
    first, second = (Projection(told.folder, told.header, CODEC) for _ in range(2))
    places = [record.place for record in read(told.folder)]
    first.attach(url)
    second.attach(url)
    for place in places[10::35]:
        first.advance(place, final=True)
        second.advance(place, final=True)
    second.advance(None, final=True)
    first.advance(None, final=True)
    first.detach()
    second.detach()
    assert rows_of(url) == expected


def test_a_resumed_run_goes_on_in_the_same_rows(story: Story, url: str, new_database: NewDatabase) -> None:
    """A second life of the process writes a new segment; the run stays one run (A9)."""
    story.open_account()
    story.round_trips(3)
    story.enter()
    projector = follower(story, url)
    projector.start()
    assert projector.stop()
    story.resume()
    story.round_trips(3)
    story.durable()
    projector = follower(story, url)
    projector.start()
    assert projector.stop()
    assert rows_of(url) == projected(story, new_database())


def test_rows_ahead_of_a_replaced_journal_are_made_anew(told: Story, url: str, tmp_path: Path) -> None:
    """If the journal lost its end (a copy was restored), the tables follow it, not the other way round."""
    before = projected(told, url)
    one = Projection(told.folder, told.header, CODEC)
    one.attach(url)
    third = [record.place for record in read(told.folder)][len(before["packets"]) // 3]
    one.advance(third, final=True)
    one.detach()
    with connect(url) as connection:
        assert connection.execute("SELECT segment, place, chain FROM runs").fetchone() == third
        found = connection.execute("SELECT max(seq), count(*) FROM packets").fetchone()
    assert found is not None
    assert found[0] <= one.seq
    assert projected(told, url) == before


def test_a_damaged_journal_ends_the_projector_and_says_so(told: Story, url: str) -> None:
    """Rows up to the damage stand; whoever waits for more is told (A11)."""
    path = segment_path(told.folder, 1)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    projector = follower(told, url)
    projector.start()
    with pytest.raises(AllHalted, match="is damaged at byte"):
        projector.drain(10)
    with pytest.raises(AllHalted):
        projector.stop(1)
    assert "damaged" in projector.lag().error


def test_text_that_the_database_can_not_hold_does_not_block_the_rest(story: Story, url: str) -> None:
    """A venue's text with the character NUL is projected with a replacement."""
    story.open_account()
    story.refuse("no\0 luck")
    story.durable()
    projected(story, url)
    with connect(url) as connection:
        assert connection.execute("SELECT reason FROM candidates").fetchone() == ("no\ufffd luck",)


def test_bars_are_rows_if_the_configuration_asks_for_them(tmp_path: Path, url: str) -> None:
    """`store.bars = true` keeps each closed bar, once."""
    with Story(tmp_path / "runs" / "bars-1", bars=True) as story:
        story.open_account()
        story.quiet(100)
        story.durable()
        rows = projected(story, url)
    assert len(rows["bars"]) == 100
    assert len(rows["packets"]) == 2


def test_nothing_is_read_beyond_what_is_durable(told: Story, url: str) -> None:
    """Rows never know more than a crash of the machine would leave."""
    places = [record.place for record in read(told.folder)]
    until = places[50]
    projector = Projector(told.folder, url, CODEC, lambda: until)
    projector.start()
    assert projector.stop()
    with connect(url) as connection:
        assert connection.execute("SELECT segment, place, chain FROM runs").fetchone() == Place(*until)


def test_the_work_of_counting_fills_grows_with_their_number(
    story: Story, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of some days is in its tables when it ends: no fill is read once for each order."""
    trips = 150
    story.open_account()
    story.round_trips(trips)
    story.durable()
    url = new_database()
    with connect(url, autocommit=True) as connection:
        monkeypatch.setattr(projection_module, "connect", lambda *_, **__: connection)
        one = Projection(story.folder, story.header, CODEC)
        one.attach(url)
        one.advance(None, final=True)
        connection.execute("SELECT pg_stat_force_next_flush()")
        counted = connection.execute(
            "SELECT sum(COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
            " WHERE relname IN ('fills', 'orders')"
        ).fetchone()
    assert counted is not None
    assert counted[0] < 1_000 * 2 * trips
