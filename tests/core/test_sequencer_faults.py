"""The sequencer where something fails: raises, loops, answers that are none, and packets withheld after them."""

import pytest

from tests.core.world import SECOND, Ask, Note, Reply, Tick, Told, World, on_tick, silent
from tradeworthy.core.agents import Answer, Context
from tradeworthy.core.candidates import Candidate
from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event, TimeAdvanced
from tradeworthy.core.sequencer import CLOCK, TURN_LIMIT, TurnTooLong

# Faults


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (5, "'int' object is not iterable"),
        ([Note(1), None], "NoneType"),
        (type("Unknown", (Event,), {}, frozen=True)(), "Unknown is none of the run's events"),
    ],
)
def test_an_answer_that_can_not_be_recorded_is_its_agents_bug(answer: object, error: str) -> None:
    """It is refused where it is given, not where it would have been read."""
    answering: Reply = lambda event, _: answer if isinstance(event, Tick) else None  # type: ignore[assignment, return-value]  # noqa: E731
    world = World(Told("a", answering, "alpha"), Told("b", silent))
    with pytest.raises((Bug, TypeError), match=error):
        world.tick(SECOND)
    assert world.sequencer.route is not None
    assert world.sequencer.route.agent.name == "a"


def test_an_input_that_is_no_event_of_the_run_is_refused_whole() -> None:
    """Before anything is recorded or any time has passed."""
    world = World(Told("a", silent))
    unknown = type("Unknown", (Event,), {}, frozen=True)
    with pytest.raises(Bug, match="Unknown is none of the run's events"):
        world.admit(SECOND, unknown())
    assert (world.tape.bodies, world.sequencer.seq, world.sequencer.positions) == ([], 0, {})


def test_agents_have_names_of_their_own() -> None:
    """Also apart from the clock's and the counters'."""
    for names in (("a", "a"), (CLOCK,), ("counters",)):
        with pytest.raises(Bug, match=f"named '{names[-1]}'"):
            World(*(Told(name, silent) for name in names))


def test_a_raise_leaves_agent_and_packet_to_be_read() -> None:
    """What handles a fault reads who was given what; after a load it is gone."""

    def fail(event: Event, _: Context) -> None:
        if isinstance(event, Note):
            raise ZeroDivisionError

    world = World(
        Told("a", on_tick([Note(1), Candidate("go", "BTC", {}), Ask(1)]), "alpha"), Told("b", fail, "beta")
    )
    before = world.dump()
    with pytest.raises(ZeroDivisionError):
        world.tick(SECOND)
    assert world.sequencer.route is not None
    assert (world.sequencer.route.agent.name, world.sequencer.handling) == ("b", 2)
    world.load(before)
    assert world.dump() == before
    assert world.sequencer.route is None
    world.admit(SECOND, TimeAdvanced(), "session")
    assert world.sequencer.route is None
    assert world.sequencer.seq == 1
    assert world.sent.turns == []


def flood(count: int) -> Reply:
    """A reply of `count` notes to Tick."""
    return on_tick([Note(n) for n in range(count)])


def test_a_turn_may_hold_10_000_packets() -> None:
    """The input is one of them."""
    world = World(Told("a", flood(TURN_LIMIT - 1)))
    world.tick(SECOND)
    world.tick(SECOND)
    assert world.sequencer.seq == 2 * TURN_LIMIT


@pytest.mark.parametrize(("first", "guilty"), [(TURN_LIMIT, "a"), (TURN_LIMIT - 1, "b")])
def test_the_10_001st_packet_names_who_made_it(first: int, guilty: str) -> None:
    """It is the desk whose packet was one too many, not the one who made most of them."""
    world = World(Told("a", flood(first), "alpha"), Told("b", flood(1), "beta"))
    with pytest.raises(TurnTooLong, match=f"{guilty} made packet 10001: over 10000 in the turn of 1"):
        world.tick(SECOND)
    assert world.sequencer.route is not None
    assert (world.sequencer.route.agent.name, world.sequencer.handling) == (guilty, 1)


def test_a_skip_that_is_one_too_many_is_its_desks() -> None:
    """The verdict that goes with it counts too."""
    opening = on_tick(Candidate("go", "BTC", {}, skip="no"))
    world = World(Told("a", flood(TURN_LIMIT - 2)), Told("b", opening, "beta"))
    with pytest.raises(TurnTooLong, match="b made packet 10001"):
        world.tick(SECOND)


def test_a_loop_ends_where_its_packet_is_withheld() -> None:
    """The quarantine that follows from route and handling lets the rest of the turn come to its end."""

    def echo(event: Event, _: Context) -> Answer:
        return Note(event.n + 1) if isinstance(event, Tick | Note) else None

    world = World(Told("a", echo, "alpha"), listening := Told("b", silent, "beta"))
    before = world.dump()
    with pytest.raises(TurnTooLong):
        world.tick(SECOND)
    assert world.sequencer.route is not None
    world.sequencer.withheld = {world.sequencer.handling: frozenset([world.sequencer.route.agent.desk])}
    world.load(before)
    listening.heard.clear()
    world.tick(SECOND)
    assert len(listening.heard) == TURN_LIMIT


# Withheld packets


def test_a_packet_is_withheld_from_one_desk_or_from_all() -> None:
    """The others hear it; withheld from all, it causes nothing."""

    def heard(*desks: str) -> list[list[int]]:
        agents = [Told("core", on_tick(Note(1))), Told("a", silent, "alpha"), Told("b", silent, "beta")]
        world = World(*agents)
        world.sequencer.withheld = {1: frozenset(desks)}
        world.tick(SECOND)
        return [[seq for seq, _ in agent.heard] for agent in agents]

    assert heard("alpha") == [[1, 2], [2], [1, 2]]
    assert heard("alpha", "beta") == [[1, 2], [2], [2]]
    assert heard("") == [[], [], []]


def test_a_desk_is_not_counted_in_a_turn_that_was_kept_from_it() -> None:
    """P2 counts what a desk did not do, not what it was not given; nor what it said before it raised."""

    def late(event: Event, _: Context) -> Answer:
        yield "said"
        raise ZeroDivisionError

    world = World(Told("a", late, "alpha"), Told("b", silent, "beta"))
    before = world.dump()
    with pytest.raises(ZeroDivisionError):
        world.tick(SECOND)
    world.load(before)
    world.sequencer.withheld = {1: frozenset(["alpha"])}
    world.tick(SECOND)
    assert world.sequencer.agents["counters"].state.counts == {"beta": {"unstated": 1}}


def test_a_deadly_wake_up_is_gone_with_its_input() -> None:
    """An input withheld from all because two processes died in its turn takes its timers with it."""
    world = World(agent := Told("a", on_tick(lambda context: context.wake_at(2 * SECOND, "deadly"))))
    world.tick(SECOND)
    world.sequencer.withheld = {2: frozenset([""])}
    world.sequencer.advance(3 * SECOND)
    world.admit(4 * SECOND, Note(0))
    assert [event for _, event in agent.heard] == [Tick(0), Note(0)]
    assert [packet.event for packet in world.tape.packets] == [Tick(0), TimeAdvanced(), Note(0)]
