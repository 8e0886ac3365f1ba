"""Runs on tokens that follow another: what is held has its rows again, and what was learned goes on."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.flows.golden_packet import BARS, HOUR, PACKET, ROW, START, TEXT, TOKEN
from tests.runtime.rig import events_of
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EngineReported,
    PositionBooked,
    PositionClosed,
    PositionsAllocated,
    PositionStatusChanged,
    SocialSignal,
    StateForced,
)
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.gateways.jobs import LearningJobs
from tradeworthy.learning.events import (
    ActionsImported,
    EpisodeFact,
    ImportedAction,
    ImportedTrade,
    Job,
    JobAnswered,
    JobAsked,
    Override,
    OverrideRolledBack,
    OverridesChanged,
    RunJob,
)
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.runtime import opening, wall_opening
from tradeworthy.runtime.configuration import Configuration, load
from tradeworthy.runtime.errands import Errands
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.handed_on import PARENT
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import FEED, Life
from tradeworthy.runtime.opening import OpenRun
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.wall_opening import open_wall_run
from tradeworthy.store.catch_up import project_all
from tradeworthy.store.embedded import EmbeddedPostgres
from tradeworthy.store.migrating import migrate

SCRIPT = {"feed": "script"}
MARKET = f"{BARS['1h']}\nbars_threshold = 20\nbackfill_bars = 30"
OTHER = MARKET.replace("= 30", "= 31")
"""The same market but for one setting: another configuration, so another run."""

ENTRY = "pm.uptrend.S1.entry"


def configured(folder: Path, market: str = MARKET, more: str = "", **changes: str) -> Configuration:
    """The golden packet's desk on bars of an hour; `changes` are texts that take the place of others."""
    text = TEXT.format(base="1h", bars=market) + more
    for old, new in changes.items():
        text = text.replace(old, new)
    path = folder / "golden.toml"
    path.write_text(text)
    return load(path)


@dataclasses.dataclass
class Desk:
    """A home on the wall clock whose runs are told hours, and answered at once."""

    folder: Path
    home: Home

    @contextmanager
    def open(self, hour: int, configuration: Configuration, *, away: bool = False) -> Iterator[OpenRun]:
        """The configuration's run at `hour` after START, closed as a killed process leaves it.

        Nobody has history while the provider is `away`.
        """
        plan = Plan(configuration, Mode.PAPER)
        run = open_wall_run(plan, self.home, SCRIPT, START + hour * HOUR)
        life, learning = run.life, configuration.learning
        jobs = LearningJobs(
            life.folder, codec(), learning, life.writer.wait_durable, lambda: life.writer.durable_bytes
        )
        provider = nothing if away else history
        life.answer = Errands({RequestBackfill: provider, RunJob: jobs.answer}).answer
        try:
            yield run
        finally:
            life.close()


@pytest.fixture
def wall(tmp_path: Path) -> Desk:
    """A place for runs that follow each other."""
    return Desk(tmp_path, Home(tmp_path / "home").make())


def history(packet: Packet) -> Event:
    """As many bars as are asked for, at 1."""
    asked = packet.event
    assert isinstance(asked, RequestBackfill)
    step = TIMEFRAMES_NS[asked.timeframe]
    end = packet.ts // step * step
    ts = tuple(end - back * step for back in range(asked.bars, 0, -1))
    ones = (1.0,) * asked.bars
    return BackfillAnswered(asked.key, asked.instrument, asked.timeframe, ts, ones, ones, ones, ones, ones)


def nothing(packet: Packet) -> Event:
    """The provider is away."""
    asked = packet.event
    assert isinstance(asked, RequestBackfill)
    return BackfillAnswered(asked.key, asked.instrument, asked.timeframe, error="away")


def say(life: Life, *events: Event) -> None:
    """Admit `events` now."""
    for event in events:
        life.admit(FEED, life.core.sequencer.now, event)


def hour(life: Life, number: int, forced: StateForced | None = None, close: float = 1.0) -> None:
    """The bar of hour `number`, at its close, with what is `forced` on the row."""
    if forced is not None:
        say(life, forced)
    bar = BarClosed(TOKEN, "1h", START + number * HOUR, close, close, close, close, 100_000.0)
    life.advance(START + (number + 1) * HOUR)
    life.admit(FEED, START + (number + 1) * HOUR, bar)


def forced(number: int) -> StateForced:
    """What hour `number` of the golden packet forces."""
    one = PACKET[number]
    return StateForced(TOKEN, "1h", one.state, one.payload, one.check)


def buy(life: Life) -> None:
    """Signal, four rows, history, and the first buy at the close of hour 1."""
    say(life, SocialSignal("tweet-1", "ann", "$BONK", START))
    hour(life, 0, forced(0))
    hour(life, 1, forced(1))
    assert [held.position for held in life.core.positions()] == [ROW]


def status_of(run: Path, position: str = ROW) -> list[tuple[str, str, str]]:
    """Before, after and reason of each change of the row's status."""
    return [
        (str(one.before), str(one.status), one.reason)
        for one in events_of(run, PositionStatusChanged)
        if one.position == position
    ]


def test_a_held_row_is_judged_trimmed_and_left_by_the_heir(wall: Desk) -> None:
    """A9: the row stands again with its context and history, sells what it holds, and buys nothing."""
    with wall.open(0, configured(wall.folder)) as first:
        buy(first.life)
        (held,) = first.life.core.positions()
    with wall.open(2, configured(wall.folder, OTHER)) as heir:
        life, folder = heir.life, heir.life.folder
        assert life.header.parent == first.life.header.run
        hour(life, 2, StateForced(TOKEN, "1h", Stage.S1, PACKET[1].payload))
        hour(life, 3, forced(3), close=1.2)
        hour(life, 4, forced(7))
        assert life.core.positions() == []
        assert life.faults.total() == 0
    (made,) = events_of(folder, PositionsAllocated)
    (before,) = events_of(first.life.folder, PositionsAllocated)
    assert [(one.position, one.cap) for one in made.rows] == [(ROW, 0)]
    assert made.entry_context == before.entry_context
    assert made.curator_sources == ("ann",)
    assert [(one.timeframe, one.bars) for one in events_of(folder, RequestBackfill)] == [("1h", 31)]
    assert status_of(folder) == [
        ("dormant", "active", "taken_over"),
        ("active", "watchlist", "trade_closed"),
    ]
    told = events_of(folder, PositionBooked)[0]
    assert (told.trade, told.lots, told.spent, told.remaining) == (f"{ROW}#1", held.lots, held.cost, 0)
    assert [(str(one.decision_type), one.status) for one in events_of(folder, ActionTaken)] == [
        ("trim", "executed"),
        ("emergency_exit", "executed"),
    ]
    (closed,) = events_of(folder, PositionClosed)
    assert closed.entry_context == before.entry_context
    assert closed.opened_ts == held.opened_ts


def test_a_token_that_was_left_may_be_decided_on_again(wall: Desk) -> None:
    """L2: the next signal makes the other rows, and gives the one that was taken over a cap of its own."""
    with wall.open(0, configured(wall.folder)) as first:
        buy(first.life)
    with wall.open(2, configured(wall.folder, OTHER)) as heir:
        life = heir.life
        say(life, SocialSignal("tweet-2", "ann", "$BONK", START))
        hour(life, 2, forced(7))
        say(life, SocialSignal("tweet-3", "ann", "$BONK", START))
        hour(life, 3, forced(1))
        assert [held.position for held in life.core.positions()] == [ROW]
    decided = events_of(life.folder, PositionsAllocated)
    assert [len(one.rows) for one in decided] == [1, 4]
    assert decided[1].reused
    assert all(one.cap for one in decided[1].rows)


def test_what_was_taken_over_waits_for_its_bars_before_it_is_judged(wall: Desk) -> None:
    """L13: averages of a few bars would say anything; the history is asked for again until it comes."""
    with wall.open(0, configured(wall.folder)) as first:
        buy(first.life)
    with wall.open(2, configured(wall.folder, OTHER), away=True) as heir:
        life = heir.life
        for number in range(2, 21):
            hour(life, number, close=0.5)
        assert [held.position for held in life.core.positions()] == [ROW]
        assert len(events_of(life.folder, RequestBackfill)) > 10
        assert events_of(life.folder, EngineReported) == []
        hour(life, 21, close=0.5)
        asked = len(events_of(life.folder, RequestBackfill))
        hour(life, 22, close=0.5)
        assert len(events_of(life.folder, RequestBackfill)) == asked
    assert {one.position for one in events_of(life.folder, EngineReported)} == {ROW}


def test_the_database_shows_what_the_heir_holds(wall: Desk) -> None:
    """A9, L3: an active row with its trade and quantity, beside the parent's own."""
    with wall.open(0, configured(wall.folder)) as first:
        buy(first.life)
        (held,) = first.life.core.positions()
    with wall.open(2, configured(wall.folder, OTHER)) as heir:
        pass
    with tempfile.TemporaryDirectory(prefix="tw-") as folder, EmbeddedPostgres(Path(folder) / "db") as server:
        migrate(server.url())
        project_all(wall.home.path, server.url(), codec())
        with psycopg.connect(server.url()) as connection:
            rows = connection.execute(
                "SELECT status, current_trade_id IS NOT NULL, total_quantity, total_allocation_usd, alloc_cap_usd,"
                " entry_context->>'curator' FROM uptrend_positions WHERE run = %s",
                [heir.life.header.run],
            ).fetchall()
    quantity, cost = held.lots / 100, held.cost / 1e8
    assert [(*row[:2], *map(float, row[2:5]), row[5]) for row in rows] == [
        ("active", True, quantity, cost, 0.0, "ann")
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({'ticker = "BONK"': 'ticker = "BONK"\nmajor = true'}, "its settings have no such token to trade"),
        ({}, "holds BONK for desk uptrend on 1h, and market.bars makes none of 1h, but 4h;"),
    ],
)
def test_a_row_that_no_bar_would_speak_of_is_not_taken_over(
    wall: Desk, changes: dict[str, str], said: str
) -> None:
    """A9: it would never be left; one line, and nothing is begun."""
    with wall.open(0, configured(wall.folder)) as first:
        buy(first.life)
    market = OTHER if changes else OTHER.replace('"1h" = "1h", ', "")
    with pytest.raises(UsageError) as refused, wall.open(2, configured(wall.folder, market, **changes)):
        pass
    assert said in str(refused.value)
    assert "--fresh" in str(refused.value)
    assert [folder.name for folder in wall.home.runs.iterdir()] == [first.life.header.run]


# Learning

STANDS = Override("a1", ENTRY, "entry", {"chain": "solana"}, 2.0, 0.5, ("l",))
TAKEN_BACK = Override("b2", ENTRY, "entry", {"curator": "ann"}, 1.5, 0.5, ("l",))


def closed(number: int, rr: float) -> ImportedTrade:
    """A trade that somebody else made."""
    scope = {"chain": "solana" if number % 2 else "base"}
    return ImportedTrade(
        f"t{number}", rr, 1.0, START, (ImportedAction(ENTRY, "entry", scope, START - (240 - number) * HOUR),)
    )


def learn(life: Life) -> None:
    """Trades of which those on solana were better, and the jobs' word on them; one more override is taken back."""
    trades = tuple(closed(one, (1.0 if one % 2 else 0.2) + 0.1 * (one * 7 % 11 - 5)) for one in range(240))
    window = EpisodeFact("w1", "e1", ENTRY, {}, "skipped", {}, {}, (), START, outcome="failure")
    say(life, ActionsImported(trades, (window,), by="ann"))
    judge(life)
    say(life, OverridesChanged((*table(life), TAKEN_BACK), "ann", "a try"))
    say(life, OverrideRolledBack("b2", "ann", "no good"))


def judge(life: Life) -> None:
    """Have all jobs done."""
    say(life, *(JobAsked(job, "ann") for job in Job))


def table(life: Life) -> tuple[Override, ...]:
    """The overrides of the run, archived ones too."""
    found: tuple[Override, ...] = life.core.sequencer.agents["learning-schedule"].state.table
    return found


def test_the_heir_begins_with_what_was_learned_and_keeps_it(wall: Desk) -> None:
    """L11: the table holds at once, and its lessons are found again by the heir's own jobs."""
    with wall.open(0, configured(wall.folder)) as first:
        learn(first.life)
        before = table(first.life)
    assert [one.id for one in before if one.status == "archived"] == ["b2"]
    assert {"chain": "solana"} in [one.scope_subset for one in before]
    with wall.open(2, configured(wall.folder, OTHER)) as heir:
        life = heir.life
        assert table(life) == before
        judge(life)
        after = table(life)
        schedule = life.core.sequencer.agents["learning-schedule"].state
        assert schedule.blocked == ["b2"]
    assert [(one.id, one.multiplier) for one in after if one.status == "active"] == [
        (one.id, one.multiplier) for one in before if one.status == "active"
    ]
    (told, *_) = events_of(life.folder, OverridesChanged)
    assert (told.by, told.reason) == (PARENT, f"learned by run {first.life.header.run}")
    facts = next(one for one in events_of(life.folder, JobAnswered) if one.job is Job.FACTS).facts
    assert len(facts) == 240
    assert {one.trade for one in facts} == {f"t{number}" for number in range(240)}
    assert [one.episodes[0].window for one in events_of(life.folder, ActionsImported) if one.episodes] == [
        "w1"
    ]


def test_a_chain_of_runs_learns_from_all_of_them_once(wall: Desk) -> None:
    """B1: a row's first trade of each run is another trade, and none is learned from twice."""
    folder = wall.folder
    for number in range(3):
        market = MARKET.replace("= 30", f"= {30 + number}")
        with wall.open(4 * number, configured(wall.folder, market)) as run:
            life = run.life
            say(life, SocialSignal(f"tweet-{number}", "ann", "$BONK", START))
            for place, told in enumerate((forced(0), forced(1), forced(7)), start=4 * number):
                hour(life, place, told)
            judge(life)
            folder = life.folder
    facts = [fact for one in events_of(folder, JobAnswered) for fact in one.facts]
    trades = [fact.trade.rpartition("/")[2] for fact in facts]
    assert len({fact.trade for fact in facts}) == 3
    assert trades == [f"{ROW}#1"] * len(facts)
    assert len(facts) == 6


def test_a_table_of_its_own_goes_before_the_parents(wall: Desk) -> None:
    """L17: who names learning.overrides_file has said what to begin with."""
    with wall.open(0, configured(wall.folder)) as first:
        learn(first.life)
    (wall.folder / "mine.json").write_text('{"overrides": []}')
    more = f'\n[learning]\noverrides_file = "{wall.folder / "mine.json"}"\n'
    with wall.open(2, configured(wall.folder, OTHER, more)) as heir:
        assert table(heir.life) == ()
    assert events_of(heir.life.folder, ActionsImported) == []


def test_a_kill_before_all_is_told_loses_nothing_of_it(wall: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A9: what has not heard everything is nobody's parent; the run before it is, and its heir hears it all."""
    with wall.open(0, configured(wall.folder)) as first:
        buy(first.life)
        learn(first.life)
        before = table(first.life)
    real = opening.begin

    def dies(life: Life, ts: int, events: list[Event]) -> None:
        real(life, ts, events[:2])
        life.writer.wait_durable()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(wall_opening, "begin", dies)
        with pytest.raises(KeyboardInterrupt), wall.open(2, configured(wall.folder, OTHER)):
            pass
    for market in (MARKET.replace("= 30", "= 32"), OTHER):
        with wall.open(2, configured(wall.folder, market)) as heir:
            assert table(heir.life) == before
            agents: dict[str, Any] = heir.life.core.sequencer.agents
            assert [row.position for row in agents["trader"].rows()] == [ROW]
