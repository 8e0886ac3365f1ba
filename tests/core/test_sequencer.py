"""The sequencer, rule by rule: order, records, timers, candidates."""

from collections.abc import Sequence

import pytest

from tests.core.world import SECOND, Ask, Note, Reply, Tick, Told, World, on_tick, silent
from tradeworthy.core.agents import Agent, Answer, Context
from tradeworthy.core.candidates import Candidate, Outcome, Verdict
from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event, Resumed, TimeAdvanced, WokeUp
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.core.sequencer import TurnTooLong

# Order


def test_packets_are_handled_first_in_first_out() -> None:
    """Agents hear a packet in the order in which they were given, and all hear it before its effects."""
    order: list[tuple[str, Event]] = []

    def telling(name: str) -> Reply:
        def reply(event: Event, _: Context) -> Answer:
            order.append((name, event))
            return Note(ord(name)) if isinstance(event, Tick) else None

        return reply

    World(Told("a", telling("a")), Told("b", telling("b"))).tick(SECOND)
    events = [Tick(0), Note(ord("a")), Note(ord("b"))]
    assert order == [(name, event) for event in events for name in "ab"]


def test_seq_trace_and_cause_tell_the_path() -> None:
    """An input is its own root; what it causes carries its seq as trace, and its maker's packet as cause."""

    def chain(event: Event, _: Context) -> Answer:
        return Note(event.n + 1) if isinstance(event, Tick | Note) and event.n < 3 else None

    world = World(Told("a", chain))
    world.tick(SECOND)
    world.tick(2 * SECOND, 2)
    paths = [(packet.seq, packet.trace, packet.cause, packet.agent) for packet in world.tape.packets]
    assert paths == [
        (1, 1, 0, "feed"),
        (2, 1, 1, "a"),
        (3, 1, 2, "a"),
        (4, 1, 3, "a"),
        (5, 5, 0, "feed"),
        (6, 5, 5, "a"),
    ]


def test_an_answer_to_a_command_joins_its_trace() -> None:
    """`trace` shows order and fill as one path."""
    world = World(Told("a", silent))
    world.tick(SECOND)
    world.sequencer.admit("venue", 0, SECOND, Note(1), trace=1, cause=1)
    assert [(packet.trace, packet.cause) for packet in world.tape.packets] == [(1, 0), (1, 1)]


def test_session_time_never_falls() -> None:
    """An input that comes late is stamped with the time that was reached."""
    world = World(Told("a", on_tick(lambda context: Note(context.now))))
    for ts in (5, 3, 6):
        world.tick(ts * SECOND)
    assert [packet.ts // SECOND for packet in world.tape.packets] == [5, 5, 5, 5, 6, 6]
    assert [note.n // SECOND for note in world.tape.of(Note)] == [5, 5, 6]


def test_a_repeat_is_dropped() -> None:
    """By source: each goes on from where it stood, whatever the others do; a drop leaves no mark at all."""
    world = World(Told("a", on_tick(Note(1))))
    sequencer = world.sequencer
    admitted = [
        sequencer.admit(source, position, SECOND, Tick(position))
        for source, position in [("x", 0), ("x", 0), ("y", 5), ("y", 4), ("x", 2), ("x", 1), ("y", 6)]
    ]
    assert admitted == [True, False, True, False, True, False, True]
    assert sequencer.positions == {"x": 2, "y": 6}
    assert sequencer.inputs == 4
    assert len(world.tape.urgent) == 4


def test_a_repeat_lets_no_timer_fire() -> None:
    """What was dropped moved no time."""
    world = World(Told("a", on_tick(lambda context: context.wake_at(2 * SECOND, "x"))))
    world.tick(SECOND)
    assert not world.sequencer.admit("feed", 0, 9 * SECOND, Tick(0))
    assert world.sequencer.now == SECOND
    assert world.tape.of(TimeAdvanced) == []


# Records and commands


def test_an_input_is_on_record_before_it_is_handled() -> None:
    """So that the input that kills a process is known to the next one."""
    world = World(Told("a", on_tick(lambda _: Note(len(world.tape.bodies)))))
    world.tick(SECOND)
    assert world.tape.of(Note) == [Note(1)]
    assert [kind for kind, _ in world.tape.records] == [Kind.INPUT, Kind.INTERNAL]


def test_commands_leave_once_their_turn_is_recorded() -> None:
    """A turn with a command is urgent; the outbox is given the turn's commands together, afterwards."""
    world = World(Told("a", on_tick([Ask(1), Note(0), Ask(2)])), Told("b", silent))
    ended_before: list[list[bool]] = []

    class Door:
        def dispatch(self, commands: Sequence[Packet]) -> None:
            ended_before.append([*world.tape.urgent])
            world.sent.dispatch(commands)

    world.sequencer.outbox = Door()
    world.tick(SECOND)
    world.admit(SECOND, Note(0))
    assert ended_before == [[True]]
    assert world.tape.urgent == [True, False]
    [sent] = world.sent.turns
    assert sent == [packet for packet in world.tape.packets if isinstance(packet.event, Ask)]
    assert [packet.event for packet in sent] == [Ask(1), Ask(2)]


def test_inputs_stay_off_the_record_if_told_so() -> None:
    """A backtest records what was decided; a turn that recorded nothing does not end a record either."""
    answers = Told("a", lambda event, _: Note(1) if event == Tick(1) else None)
    world = World(answers, record_inputs=False)
    world.tick(SECOND, 0)
    world.tick(SECOND, 1)
    assert [(packet.seq, packet.cause, packet.event) for packet in world.tape.packets] == [(3, 2, Note(1))]
    assert world.tape.urgent == [False]


def test_a_replayed_record_is_kept_as_it_was_written() -> None:
    """P1: the digest is over the bytes on disk, also where this version would write a longer record."""
    world, again = World(Told("a", silent)), World(Told("a", silent))
    world.tick(SECOND)
    body = world.tape.bodies[0] + b"as an older version wrote it"
    again.sequencer.admit("feed", 0, SECOND, Tick(0), body=body)
    assert again.tape.bodies == [body]


# Timers


def woken(world: World) -> list[tuple[float, str]]:
    """Session seconds and key of each wake-up."""
    return [
        (packet.ts / SECOND, packet.event.key)
        for packet in world.tape.packets
        if isinstance(packet.event, WokeUp)
    ]


def test_timers_fire_before_an_input_of_their_time_each_at_its_own() -> None:
    """Earliest first, ties in the order they were set, one TimeAdvanced for each time."""

    def three(context: Context) -> None:
        for second, key in [(4, "late"), (2, "tie"), (3, "three"), (2, "tied")]:
            context.wake_at(second * SECOND, key)

    world = World(Told("a", on_tick(three)))
    world.tick(SECOND)
    world.admit(3 * SECOND, Note(0))
    assert woken(world) == [(2, "tie"), (2, "tied"), (3, "three")]
    inputs = [
        (packet.ts // SECOND, packet.event) for kind, packet in world.tape.records if kind == Kind.INPUT
    ]
    assert inputs == [(1, Tick(0)), (2, TimeAdvanced()), (3, TimeAdvanced()), (3, Note(0))]


def test_a_wake_up_keeps_its_trace() -> None:
    """Its cause is the packet in which it was set, so that `trace` runs through the wait."""

    def wait(event: Event, context: Context) -> Answer:
        if isinstance(event, Tick):
            return Note(0)
        if isinstance(event, Note):
            context.wake_at(5 * SECOND, "x")
        return Ask(1) if isinstance(event, WokeUp) else None

    world = World(Told("a", wait))
    world.tick(SECOND)
    world.sequencer.advance(5 * SECOND)
    by_event = {type(packet.event): packet for packet in world.tape.packets}
    assert (by_event[TimeAdvanced].trace, by_event[TimeAdvanced].cause) == (3, 0)
    assert (by_event[WokeUp].trace, by_event[WokeUp].cause) == (1, by_event[Note].seq)
    assert (by_event[Ask].trace, by_event[Ask].cause) == (1, by_event[WokeUp].seq)


def test_a_timer_is_replaced_by_key() -> None:
    """The later call holds, be it sooner or later; other keys and other agents keep theirs."""

    def again(event: Event, context: Context) -> None:
        if isinstance(event, Tick):
            context.wake_at(event.n * SECOND, "x")
            context.wake_at(50 * SECOND, "y")

    world = World(Told("a", again))
    for n in (20, 10, 30):
        world.tick(SECOND, n)
    world.sequencer.advance(99 * SECOND)
    assert woken(world) == [(30, "x"), (50, "y")]


def test_a_timer_that_is_not_ahead_fires_in_the_same_turn() -> None:
    """At once, and caused by the packet that set it: time can't stand still behind an agent's back."""
    world = World(Told("a", on_tick(lambda context: context.wake_at(context.now - 5, "x"))))
    world.tick(SECOND)
    assert woken(world) == [(1, "x")]
    assert [(packet.trace, packet.cause) for packet in world.tape.packets] == [(1, 0), (1, 1)]
    assert len(world.tape.urgent) == 1


def test_an_agent_that_wakes_itself_without_end_is_stopped() -> None:
    """It is a loop like any other: 10,000 packets, and the agent is named."""

    def restless(event: Event, context: Context) -> None:
        context.wake_at(context.now, "again")

    world = World(Told("a", silent), Told("b", restless, "beta"))
    with pytest.raises(TurnTooLong):
        world.tick(SECOND)
    assert world.sequencer.route is not None
    assert world.sequencer.route.agent.name == "b"


def test_a_wake_up_that_no_timer_made_wakes_nobody() -> None:
    """Neither an agent nor an input can wake another's agent."""
    agent = Told("a", on_tick(WokeUp("a", "x")))
    world = World(agent)
    world.tick(SECOND)
    world.admit(SECOND, WokeUp("a", "y"))
    assert [event for _, event in agent.heard] == [Tick(0)]


def test_a_gap_drops_the_timers_that_can_not_be_late() -> None:
    """Resumed comes first; the others then fire at the time that was reached, before the next input."""

    def both(context: Context) -> None:
        context.wake_at(2 * SECOND, "missed")
        context.wake_at(3 * SECOND, "late", late_ok=True)
        context.wake_at(9 * SECOND, "ahead")

    agent = Told("a", on_tick(both))
    world = World(agent)
    world.tick(SECOND)
    world.admit(5 * SECOND, Resumed(4 * SECOND), "session")
    world.admit(6 * SECOND, Note(0))
    world.sequencer.advance(9 * SECOND)
    assert woken(world) == [(5, "late"), (9, "ahead")]
    heard = [type(event) for _, event in agent.heard]
    assert heard == [Tick, Resumed, TimeAdvanced, WokeUp, Note, TimeAdvanced, WokeUp]


def replayed(world: World, *agents: Agent) -> World:
    """A world into which the recorded inputs of `world` were admitted."""
    again = World(*agents)
    for kind, packet in world.tape.records:
        if kind == Kind.INPUT:
            at, rest = (packet.agent, packet.position, packet.ts, packet.event), (packet.trace, packet.cause)
            again.sequencer.admit(*at, trace=rest[0], cause=rest[1])
    return again


def test_a_gap_replays_as_it_was() -> None:
    """P1: the journal's inputs make the same packets again, with a timer dropped before one that fired late."""

    def both(context: Context) -> None:
        context.wake_at(2 * SECOND, "missed")
        context.wake_at(3 * SECOND, "late", late_ok=True)

    world = World(Told("a", on_tick(both)))
    world.tick(SECOND)
    world.admit(5 * SECOND, Resumed(4 * SECOND), "session")
    world.admit(6 * SECOND, Note(0))
    assert replayed(world, Told("a", on_tick(both))).tape.bodies == world.tape.bodies


# Candidates


def test_a_candidate_has_exactly_one_verdict() -> None:
    """P2: the second is a Bug of the agent that gave it."""

    def twice(event: Event, context: Context) -> Answer:
        if isinstance(event, Candidate):
            return [Verdict(context.seq, "alpha", Outcome.REJECTED, reason) for reason in ("cash", "rate")]
        return None

    world = World(Told("scan", on_tick(Candidate("go", "BTC", {})), "alpha"), Told("risk", twice))
    with pytest.raises(Bug, match="REJECTED rate"):
        world.tick(SECOND)
    assert world.sequencer.route is not None
    assert world.sequencer.route.agent.name == "risk"


def test_a_skipped_candidate_gets_its_verdict_at_once() -> None:
    """P2: with the desk's own reason and the figures that it saw; candidate first, verdict next."""
    candidate = Candidate("go", "BTC", {"spread": 3}, skip="too_wide")
    hearing = Told("risk", silent)
    world = World(Told("scan", on_tick([candidate, Note(1)]), "alpha"), hearing)
    world.tick(SECOND)
    verdict = Verdict(2, "alpha", Outcome.SKIPPED, "too_wide", figures={"spread": 3})
    assert hearing.heard == [(1, Tick(0)), (2, candidate), (3, verdict), (4, Note(1))]
    packet = world.tape.packets[2]
    assert (packet.agent, packet.trace, packet.cause, packet.event) == ("scan", 1, 2, verdict)
    assert world.sequencer.candidates.open == {}


def test_a_verdict_on_a_skipped_candidate_is_a_bug() -> None:
    """Everyone else has to leave it alone."""
    world = World(
        Told("scan", on_tick(Candidate("go", "BTC", {}, skip="no")), "alpha"),
        Told(
            "orders",
            lambda event, c: (
                Verdict(c.seq, "alpha", Outcome.FILLED, "x") if isinstance(event, Candidate) else None
            ),
        ),
    )
    with pytest.raises(Bug, match="candidate 2"):
        world.tick(SECOND)


def test_only_a_desk_opens_candidates() -> None:
    """A candidate without a desk could never be counted, sized or judged."""
    with pytest.raises(Bug, match="risk is no desk's agent and opened candidate 'go'"):
        World(Told("risk", on_tick(Candidate("go", "BTC", {})))).tick(SECOND)
