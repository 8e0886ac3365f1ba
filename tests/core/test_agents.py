"""Agents: which method handles what, and what a handler is told."""

import pytest

from tests.core.world import SECOND, Note, Signal, Tick, Told, World
from tradeworthy.core.agents import Agent, Answer, Context, State, on
from tradeworthy.core.candidates import Candidate
from tradeworthy.core.draws import draw
from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event, SessionEnded, TimeAdvanced, WokeUp


class Base(Agent):
    """Two handlers, one of them of two events."""

    def __init__(self, name: str = "base") -> None:
        super().__init__(name, State())
        self.calls: list[str] = []

    @on(Tick)
    def tick(self, _: Tick, __: Context) -> None:
        """Keep who was called."""
        self.calls.append("Base.tick")

    @on(Note, SessionEnded)
    def other(self, _: Event, __: Context) -> None:
        """Keep who was called."""
        self.calls.append("Base.other")


class Overriding(Base):
    """A method of the same name takes over, marked or not."""

    def tick(self, _: Tick, __: Context) -> None:
        """Keep who was called."""
        self.calls.append("Overriding.tick")


class Replacing(Base):
    """Another method for the same event takes over."""

    @on(Tick)
    def replaced(self, _: Tick, __: Context) -> None:
        """Keep who was called."""
        self.calls.append("Replacing.replaced")


class Plain(Base):
    """Adds nothing."""


class Both(Plain, Replacing):
    """Stands before Base in both lines: Replacing is nearer than Base."""


class Mixin:
    """Handlers may come from a class that is no agent."""

    @on(WokeUp)
    def wake(self, _: WokeUp, __: Context) -> None:
        """Nothing to do."""


class Mixed(Mixin, Base):
    """Has the handlers of both."""


@pytest.mark.parametrize(
    ("agent", "called"),
    [
        (Base, "Base.tick"),
        (Plain, "Base.tick"),
        (Overriding, "Overriding.tick"),
        (Replacing, "Replacing.replaced"),
        (Both, "Replacing.replaced"),
        (Mixed, "Base.tick"),
    ],
)
def test_handlers_are_inherited_as_methods_are(agent: type[Base], called: str) -> None:
    """The nearest class in Python's own order decides, by event and by name."""
    world = World(made := agent())
    world.tick(SECOND)
    world.admit(SECOND, SessionEnded())
    assert made.calls == [called, "Base.other"]


def test_a_mixin_brings_its_handlers() -> None:
    """Also one that is no agent itself."""
    assert Mixed().handler_of(WokeUp) == "wake"
    assert Base().handler_of(WokeUp) == ""


def test_two_handlers_of_one_event_are_refused() -> None:
    """One of them would be lost in silence."""
    with pytest.raises(Bug, match=r"Torn has two handlers of one event among \['first', 'second'\]"):

        class Torn(Agent):
            """Has two minds."""

            @on(Tick)
            def first(self, _: Tick, __: Context) -> None:
                """Nothing."""

            @on(Tick)
            def second(self, _: Tick, __: Context) -> None:
                """Nothing."""


def test_a_handler_of_a_base_event_hears_its_subclasses() -> None:
    """The event's own type comes first, then its bases."""

    class Wide(Agent):
        """Of a Candidate, and of all others."""

        @on(Candidate)
        def candidate(self, _: Candidate, __: Context) -> None:
            """Nothing."""

        @on(Event)
        def rest(self, _: Event, __: Context) -> None:
            """Nothing."""

    wide = Wide("wide", State())
    assert [wide.handler_of(kind) for kind in (Signal, Candidate, Tick, WokeUp)] == [
        "candidate",
        "candidate",
        "rest",
        "rest",
    ]


def test_a_handler_knows_where_it_is() -> None:
    """Session time, the packet's seq, and draws under the agent's own name."""
    seen: list[tuple[int, int, float]] = []

    def look(event: Event, context: Context) -> Answer:
        seen.append((context.now, context.seq, context.draw("latency", 5)))
        return Note(0) if isinstance(event, Tick) else None

    world = World(Told("fills", look), seed=11)
    world.tick(3 * SECOND)
    expected = draw(11, "fills/latency", 5)
    assert seen == [(3 * SECOND, 1, expected), (3 * SECOND, 2, expected)]


def test_a_handler_knows_whose_candidate_it_is_given() -> None:
    """Empty for other packets, and for a candidate that its desk itself skipped: everyone ignores those."""
    seen: list[tuple[str, str]] = []

    def look(event: Event, context: Context) -> None:
        seen.append((type(event).__name__, context.candidate_desk))

    def open_two(event: Event, _: Context) -> Answer:
        if isinstance(event, Tick):
            return Candidate("go", "BTC", {}), Candidate("no", "BTC", {}, skip="late")
        return "idle"

    World(Told("risk", look), Told("scan", open_two, "alpha")).tick(SECOND)
    assert seen == [("Tick", ""), ("Candidate", "alpha"), ("Candidate", ""), ("Verdict", "")]


@pytest.mark.parametrize("ts", [1.5 * SECOND, 1 << 63, "soon"])
def test_a_timer_at_no_session_time_is_the_setters_bug(ts: object) -> None:
    """A float would reach the journal only when the timer fires, long after the one who set it."""
    world = World(Told("late", lambda _, context: context.wake_at(ts, "key"), "d"))  # type: ignore[arg-type]
    with pytest.raises(Bug, match=r"late sets timer 'key' at .*: give it session time, an int of ns"):
        world.tick(SECOND)
    assert world.sequencer.route is not None
    assert world.sequencer.route.agent.name == "late"


def test_a_timer_of_an_agent_that_can_not_wake_is_its_bug() -> None:
    """Said when it is set, in the setter's own turn."""

    class Deaf(Agent):
        """Handles Tick alone."""

        @on(Tick)
        def tick(self, _: Tick, context: Context) -> None:
            """Set a timer."""
            context.wake_at(2 * SECOND, "never heard")

    with pytest.raises(Bug, match="a handler of WokeUp"):
        World(Deaf("deaf", State())).tick(SECOND)


def test_a_wake_up_is_told_to_its_agent_alone() -> None:
    """TimeAdvanced is told to all who ask, WokeUp to the one."""

    def set_timer(event: Event, context: Context) -> None:
        if isinstance(event, Tick):
            context.wake_at(2 * SECOND, "key")

    setter, other = Told("setter", set_timer), Told("other", lambda *_: None)
    world = World(setter, other)
    world.tick(SECOND)
    world.sequencer.advance(2 * SECOND)
    assert [event for _, event in setter.heard] == [Tick(0), TimeAdvanced(), WokeUp("setter", "key")]
    assert [event for _, event in other.heard] == [Tick(0), TimeAdvanced()]
