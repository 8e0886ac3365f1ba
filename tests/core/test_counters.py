"""P2: turns in which a desk opened no candidate are counted by desk and reason, and written hourly."""

from collections.abc import Iterable
from enum import StrEnum

import pytest

from tests.core.world import HOUR, SECOND, Note, Tick, Told, World, silent
from tradeworthy.core.agents import Agent, Answer, Context, State, on
from tradeworthy.core.candidates import Candidate
from tradeworthy.core.events import CountersClosed, Event, Resumed, SessionEnded


class Reason(StrEnum):
    """Reasons may be the members of an enumeration."""

    QUIET = "quiet"


class Quiet(Agent):
    """Is told of Tick alone."""

    @on(Tick)
    def tick(self, _: Tick, __: Context) -> str:
        """The reason why not."""
        return "quiet"


def on_tick(answer: Answer, otherwise: Answer = None) -> Told:
    """An agent of desk alpha that gives `answer` to each Tick."""
    return Told("scan", lambda event, _: answer if isinstance(event, Tick) else otherwise, "alpha")


def counted(*agents: Told) -> dict[str, dict[str, int]]:
    """What one Tick makes the counters count."""
    world = World(*agents)
    world.tick(SECOND)
    return dict(world.sequencer.agents["counters"].state.counts)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("quiet", "quiet"),
        (Reason.QUIET, "quiet"),
        (["quiet"], "quiet"),
        ([Reason.QUIET], "quiet"),
        ([Note(1), "quiet"], "quiet"),
        (None, "unstated"),
        ([], "unstated"),
        (Note(1), "unstated"),
    ],
)
def test_a_turn_without_a_candidate_is_counted_once(answer: Answer, reason: str) -> None:
    """By the reason given, however it is given; events alone are no candidate."""
    counts = counted(on_tick(answer))
    assert counts == {"alpha": {reason: 1}}
    assert {type(key) for key in counts["alpha"]} == {str}


def test_a_reason_beats_silence_and_the_last_reason_wins() -> None:
    """A desk's agents speak for it together, over all packets of the turn."""
    assert counted(on_tick("quiet"), Told("other", silent, "alpha")) == {"alpha": {"quiet": 1}}
    assert counted(Told("other", silent, "alpha"), on_tick("quiet")) == {"alpha": {"quiet": 1}}
    assert counted(on_tick([Note(1), "quiet"], "later")) == {"alpha": {"later": 1}}


@pytest.mark.parametrize("skip", ["", "late"])
def test_a_turn_with_a_candidate_is_not_counted(skip: str) -> None:
    """Also if the desk itself skips it, or says more in the same turn; the other desk is counted."""
    opening = on_tick([Candidate("go", "BTC", {}, skip=skip), "but"], "idle")
    assert counted(opening, Told("other", silent, "beta")) == {"beta": {"unstated": 1}}


def test_the_parts_under_the_desks_are_not_counted() -> None:
    """Neither a desk that was told nothing, nor an agent without a desk."""
    assert counted(Told("ledger", silent), Told("venue", lambda *_: "chatty")) == {}


def ticks(world: World, times: Iterable[float]) -> None:
    """Admit a Tick at each of these hours."""
    for hours in times:
        world.tick(int(hours * HOUR))


def test_an_hour_is_written_at_the_full_hour() -> None:
    """Before the input that stands at it; an hour without a turn is not written at all."""
    world = World(Quiet("quiet", State(), "alpha"))
    ticks(world, [1.25, 1.5, 2.0, 2.5])
    ticks(world, [5.5, 6.0])
    closed = world.tape.of(CountersClosed)
    assert [(row.from_ts / HOUR, row.to_ts / HOUR, row.counts) for row in closed] == [
        (1.25, 2, {"quiet": 2}),
        (2, 3, {"quiet": 2}),
        (5.5, 6, {"quiet": 1}),
    ]


def test_each_desk_has_its_row_with_sorted_reasons() -> None:
    """The reasons of a row are sorted, so that equal hours are equal bytes."""
    answers: dict[int, Answer] = {0: "zero", 1: "one", 2: "zero"}

    def reply(event: Event, _: Context) -> Answer:
        return answers[event.n] if isinstance(event, Tick) else None

    world = World(Told("a", reply, "alpha"), Told("b", silent, "beta"))
    for n in range(3):
        world.tick(SECOND * (n + 1), n)
    world.admit(4 * SECOND, SessionEnded())
    rows = {row.desk: row.counts for row in world.tape.of(CountersClosed)}
    assert {desk: [*counts.items()] for desk, counts in rows.items()} == {
        "alpha": [("one", 1), ("zero", 2)],
        "beta": [("unstated", 3)],
    }


def test_what_is_counted_is_written_when_the_session_ends() -> None:
    """Nothing that was counted before the end is lost."""
    world = World(on_tick("quiet", "over"))
    ticks(world, [1.25, 1.5])
    world.admit(int(1.6 * HOUR), SessionEnded())
    [row] = world.tape.of(CountersClosed)
    assert (row.from_ts / HOUR, row.to_ts / HOUR, row.counts) == (1.25, 1.6, {"quiet": 2})


def test_an_hour_that_ended_in_a_gap_is_written_after_it() -> None:
    """The counters' timer is `late_ok`: what was counted before a gap on the wall clock is not lost."""
    world = World(on_tick("quiet"))
    ticks(world, [1.5])
    world.admit(4 * HOUR, Resumed(2 * HOUR), source="session")
    ticks(world, [4.5])
    [row] = world.tape.of(CountersClosed)
    assert (row.from_ts / HOUR, row.to_ts / HOUR) == (1.5, 4)
    assert row.counts == {"quiet": 1, "unstated": 1}
