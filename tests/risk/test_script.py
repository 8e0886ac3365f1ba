"""Stance by the clock: what entries come to, and when a session hears them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tests.execution.trading import Tape
from tests.risk.rig import MINUTE, SECOND, START
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event, Resumed, TimeAdvanced, WokeUp
from tradeworthy.core.packets import Codec
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution.accounting import CashMoved
from tradeworthy.market.panels import PanelClosed
from tradeworthy.risk.script import Script, ScriptEntry, entries_of
from tradeworthy.risk.stance import BoostChanged, ForewarnerReported, McStatus, Posture, PostureReported

CODEC = Codec(
    (
        *(Resumed, TimeAdvanced, WokeUp, CashMoved, PanelClosed),
        *(BoostChanged, ForewarnerReported, PostureReported),
    )
)
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
"""START, as people write it."""


def entry(at_s: float = 0.0, **said: Any) -> ScriptEntry:
    """An entry so many seconds after START."""
    return ScriptEntry(at=NOON + timedelta(seconds=at_s), **said)


class Listener(Agent):
    """It keeps what it hears, with session time."""

    def __init__(self) -> None:
        super().__init__("listener", State())
        self.heard: list[tuple[int, Event]] = []

    @on(PostureReported, BoostChanged, ForewarnerReported, PanelClosed)
    def hear(self, event: Event, context: Context) -> None:
        """One more."""
        self.heard.append((context.now, event))


class Stage:
    """A script and a listener, in a session that begins at START."""

    def __init__(self, *script: ScriptEntry) -> None:
        self.listener, self.script = Listener(), Script(script)
        tape = Tape(CODEC)
        self.sequencer = Sequencer([self.script, self.listener], CODEC, tape, tape, seed=1)
        self.position = 0
        self.put(CashMoved(1, "deposit"), START)

    def put(self, event: Event, ts: int) -> None:
        """Admit `event` at `ts`."""
        self.position += 1
        assert self.sequencer.admit("test", self.position, ts, event)


def test_entries_become_events_in_order_of_time() -> None:
    """P6: what the batch engine hears; at one time in the order of the script."""
    made = entries_of(
        [
            entry(60, posture="TURTLE", every_s=60, until=NOON + timedelta(seconds=180)),
            entry(60, boost=1.5, beta=0.3, desk="short"),
            entry(0.5, mc="ORANGE"),
        ]
    )
    minute = START + MINUTE
    assert made == [
        (START + SECOND // 2, ForewarnerReported(McStatus.ORANGE, 0.5, START + SECOND // 2)),
        (minute, PostureReported(Posture.TURTLE, minute, 2, writer="script")),
        (minute, BoostChanged(1.5, 0.3, minute, "short", "script")),
        (minute + MINUTE, PostureReported(Posture.TURTLE, minute + MINUTE, 4, writer="script")),
    ]


def test_an_entry_is_heard_before_the_bar_that_closes_at_its_time() -> None:
    """D12: timers due at an input's time fire before it."""
    stage = Stage(entry(60, posture="HIBERNATE"))
    row = PanelClosed("all", "1m", START, (True,), *[(1.0,)] * 5)
    stage.put(row, START + MINUTE)
    heard = [(ts, type(event)) for ts, event in stage.listener.heard]
    assert heard == [(START + MINUTE, PostureReported), (START + MINUTE, PanelClosed)]


def test_a_session_hears_what_the_batch_engine_is_handed() -> None:
    """P6: the same events at the same times, over gaps in the input."""
    script = [
        entry(30, posture="STALKER", every_s=7, until=NOON + timedelta(seconds=200)),
        entry(45, boost=0.5, beta=0.0),
        entry(45, mc="RED", posture="APEX"),
    ]
    stage = Stage(*script)
    for ts in (START + 10 * SECOND, START + MINUTE, START + 10 * MINUTE):
        stage.put(TimeAdvanced(), ts)
    assert stage.listener.heard == entries_of(script)


def test_of_what_was_due_before_the_run_the_last_word_is_said_at_its_start() -> None:
    """One of each kind and desk, however often it was repeated; a second deposit says nothing again."""
    stage = Stage(
        entry(-1000, posture="TURTLE", every_s=1, until=NOON),
        entry(-500, boost=2.0, beta=0.1),
        entry(-400, boost=0.5, beta=0.1, desk="long"),
        entry(-300, boost=3.0, beta=0.1),
        entry(0, mc="OK"),
    )
    stage.put(CashMoved(1, "deposit"), START + SECOND)
    assert [ts for ts, _ in stage.listener.heard] == [START] * 4
    said = [event for _, event in stage.listener.heard]
    assert [getattr(event, "boost", None) for event in said] == [None, 3.0, 0.5, None]
    assert isinstance(said[0], PostureReported)
    assert said[0].ts_event == START - SECOND


def test_what_was_missed_in_a_gap_is_said_after_it() -> None:
    """Its timer runs late, before the next input: the stance that holds now is known."""
    stage = Stage(entry(60, posture="STALKER"))
    stage.put(Resumed(MINUTE), START + 5 * MINUTE)
    stage.put(TimeAdvanced(), START + 5 * MINUTE)
    assert [type(event) for _, event in stage.listener.heard] == [PostureReported]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({}, "says nothing"),
        ({"boost": 1.5}, "belong together"),
        ({"beta": 0.3, "posture": "APEX"}, "belong together"),
        ({"boost": 4.5, "beta": 0.3}, "boost 4.5 is not"),
        ({"boost": 1.0, "beta": 2.5}, "beta 2.5 is not"),
        ({"boost": float("nan"), "beta": 0.3}, "finite"),
        ({"posture": "CALM"}, "APEX"),
        ({"posture": "APEX", "every_s": 60}, "belong together"),
        ({"posture": "APEX", "every_s": 0, "until": NOON}, "greater than"),
        ({"posture": "APEX", "every_s": 60, "until": NOON}, "is not after"),
        ({"posture": "APEX", "at": "2024-01-01T12:00:00"}, "timezone"),
        ({"postures": "APEX"}, "not permitted"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(said: dict[str, Any], fault: str) -> None:
    """One line on what is wrong; configuration makes a UsageError of it."""
    with pytest.raises(ValidationError, match=fault):
        ScriptEntry.model_validate({"at": NOON} | said)


def test_too_many_repeats_are_refused() -> None:
    """A million words are the most."""
    with pytest.raises(UsageError, match="make every_s larger"):
        entries_of([entry(0, posture="APEX", every_s=1, until=NOON + timedelta(days=12))])
