"""The notifier: every alert of the durable journal reaches its address, in order, whatever happens in between."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr
from structlog.testing import LogCapture

from tests.gateways.alerts.web_hook import WebHook
from tests.gateways.redis_server import eventually
from tests.store.story import CODEC, Story
from tradeworthy.core.events import Quarantined
from tradeworthy.core.packets import Kind
from tradeworthy.gateways.alerts import notifier as notifier_module
from tradeworthy.gateways.alerts.cursor import Cursor, forget_others
from tradeworthy.gateways.alerts.notifier import BACK_OFF_S, Notifier, event_name
from tradeworthy.gateways.alerts.sender import targets_of
from tradeworthy.gateways.alerts.settings import AlertSettings
from tradeworthy.journal.reader import read
from tradeworthy.journal.segments import segment_path
from tradeworthy.risk.operators import HaltChanged
from tradeworthy.store.alert_rules import AlertRules
from tradeworthy.store.alerts import Alert, AlertState, Severity

NOW = 1_800_000_000.0


class Wall:
    """A wall clock that the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        """UTC seconds."""
        return self.now


class Stage(NamedTuple):
    """A home folder, the service that is told, and the time."""

    home: Path
    hook: WebHook
    wall: Wall

    def notifier(self, **changes: object) -> Notifier:
        """What a session would start: without grouping, unless `changes` of the settings say otherwise."""
        given = {"urls": [SecretStr(self.hook.url)], "repeat_s": 0.0, "timeout_s": 2.0, **changes}
        settings = AlertSettings.model_validate(given)
        (target,) = targets_of(settings)
        cursor = Cursor(self.home, target.key, self.home / "runs")
        return Notifier(target, cursor, settings, CODEC, now=self.wall)

    def begun(self, story: Story, *, resumed: bool = False, **changes: object) -> Notifier:
        """The same, with the story's run for its living one."""
        notifier = self.notifier(**changes)
        begin(notifier, story, resumed=resumed)
        return notifier


def begin(notifier: Notifier, story: Story, *, resumed: bool = False) -> None:
    """Let it follow the story's run."""
    story.durable()
    notifier.begin(
        story.folder, lambda: story.writer.durable_bytes, resumed=resumed, state=AlertState(started=True)
    )


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A service that answers."""
    with WebHook() as hook:
        yield Stage(tmp_path / "home", hook, Wall())


@pytest.fixture
def story(stage: Stage) -> Iterator[Story]:
    """A run's journal that the test writes turn by turn."""
    with Story(stage.home / "runs" / "breakout-1") as story:
        story.open_account()
        yield story


def expected(story: Story) -> list[str]:
    """The titles that the rules make of the whole journal."""
    story.durable()
    rules = AlertRules(AlertState())
    return [
        alert.title
        for record in read(story.folder)
        if record.kind in {Kind.INPUT, Kind.DECISION}
        for alert in rules.take(CODEC.decode(record.body)[1])
    ]


def test_every_alert_of_the_journal_is_told_in_order(stage: Stage, story: Story) -> None:
    """H10: with its severity as apprise calls it; a second look tells nothing twice."""
    notifier = stage.begun(story)
    story.round_trips(2)
    story.operations()
    story.durable()
    assert notifier.work()
    assert notifier.work()
    assert stage.hook.titles == expected(story)
    kinds = {one["title"]: one["type"] for one in stage.hook.heard}
    assert (kinds["Started"], kinds["Feed stale: feed"], kinds["TRADING HALTED"]) == (
        "info",
        "warning",
        "failure",
    )
    assert "Run breakout-1 at 2023-11-14T00:20:00Z" in stage.hook.heard[-1]["message"]


def test_what_is_not_durable_is_not_told(stage: Stage, story: Story) -> None:
    """Whatever goes out is on disk already."""
    notifier = stage.begun(story)
    place = story.writer.durable_bytes
    notifier.begin(story.folder, lambda: place, resumed=False, state=AlertState())
    story.operations()
    story.durable()
    assert notifier.work()
    assert stage.hook.titles == ["Started"]


def test_an_address_that_is_away_loses_nothing(stage: Stage, story: Story, log: LogCapture) -> None:
    """H10: it is tried again after longer and longer pauses; the journal waits, and the log says so once."""
    notifier = stage.begun(story)
    stage.hook.down()
    for attempt in range(1, 4):
        story.enter()
        story.durable()
        assert not notifier.work()
        assert notifier.attempts == attempt
    story.operations()
    story.durable()
    stage.hook.up()
    stage.wall.now += 90
    assert notifier.work()
    assert stage.hook.titles == expected(story)
    told = [entry for entry in log.entries if entry["event"].startswith("alerts_")]
    assert [entry["event"] for entry in told] == ["alerts_delayed", "alerts_go_on"]
    assert (told[0]["to"], told[1]["outage_s"]) == ("json://127.0.0.1", 90.0)
    assert (BACK_OFF_S[0], BACK_OFF_S[-1]) == (1.0, 60.0)


def test_a_service_that_refuses_is_asked_again(stage: Stage, story: Story) -> None:
    """An answer of 503 takes nothing."""
    notifier = stage.begun(story)
    stage.hook.refuses = True
    assert not notifier.work()
    stage.hook.refuses = False
    assert notifier.work()
    assert stage.hook.titles == ["Started"]


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_killed_notifier_goes_on_where_it_stood(stage: Stage, story: Story, taken: int) -> None:
    """A9: at least once, in order, with the rules' memory of an entry that is half filled (H10)."""
    story.round_trips(1)
    story.order_cancelled()
    story.durable()
    first = stage.begun(story)
    send, left = first.target.send, iter([True] * taken)

    def until_killed(message: object) -> bool:
        return next(left, False) and send(message)  # type: ignore[arg-type]

    first.target.send = until_killed  # type: ignore[method-assign]
    assert not first.work()
    story.enter()
    second = stage.begun(story, resumed=True)
    assert second.work()
    assert stage.hook.titles == expected(story)


def test_a_run_that_was_killed_is_told_by_the_next_run_s_session(stage: Stage, story: Story) -> None:
    """H10: first what the earlier run had left, then what comes; and when that run is resumed, nothing again."""
    stage.hook.down()
    story.operations()
    assert not stage.begun(story).work()
    stage.hook.up()
    with Story(stage.home / "runs" / "breakout-2") as other:
        other.open_account()
        other.enter()
        notifier = stage.begun(other)
        assert notifier.work()
        told = expected(story) + expected(other)
        assert stage.hook.titles == told
    story.enter()
    notifier = stage.begun(story, resumed=True)
    assert notifier.work()
    assert stage.hook.titles == [*told, "Trade: breakout bought BTCUSDT"]


def test_a_run_that_is_older_than_the_address_is_told_from_now_on(stage: Stage, story: Story) -> None:
    """Whoever adds an address to a session of a month does not hear of that month."""
    story.round_trips(1)
    notifier = stage.begun(story, resumed=True)
    story.enter()
    story.durable()
    assert notifier.work()
    assert stage.hook.titles == ["Trade: breakout bought BTCUSDT"]


def test_a_run_that_died_before_it_was_noted_is_told_whole(stage: Stage, story: Story) -> None:
    """The address was there before the run was; the process died between the two."""
    with Story(stage.home / "runs" / "breakout-2") as other:
        stage.notifier()
        other.open_account()
    with Story(stage.home / "runs" / "breakout-3") as third:
        third.open_account()
        notifier = stage.begun(third, resumed=True)
        assert notifier.work()
    assert stage.hook.titles == ["Started"]


def test_a_damaged_journal_of_an_earlier_run_stops_nobody(
    stage: Stage, story: Story, log: LogCapture
) -> None:
    """Its alerts are lost, which the log says; those of this run are told."""
    stage.hook.down()
    assert not stage.begun(story).work()
    story.writer.close()
    path = segment_path(story.folder, 1)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    stage.hook.up()
    with Story(stage.home / "runs" / "breakout-2") as other:
        other.open_account()
        assert stage.begun(other).work()
    assert stage.hook.titles == ["Started"]
    assert [entry["run"] for entry in log.entries if entry["event"] == "alerts_lost"] == ["breakout-1"]


def test_a_run_whose_journal_was_removed_is_forgotten(stage: Stage, story: Story) -> None:
    """Journals are kept for a while only, and nothing can be told of one that is gone."""
    stage.hook.down()
    assert not stage.begun(story).work()
    shutil.rmtree(story.folder)
    stage.hook.up()
    with Story(stage.home / "runs" / "breakout-2") as other:
        other.open_account()
        assert stage.begun(other).work()
    assert stage.hook.titles == ["Started"]
    (path,) = (stage.home / "alerts").glob("*.json")
    assert list(json.loads(path.read_text())["runs"]) == ["breakout-2"]


def test_repeats_are_grouped_by_wall_time(stage: Stage, story: Story) -> None:
    """H10: a run that is not paced makes a flood, of which a minute lets one of each key through."""
    notifier = stage.begun(story, repeat_s=60.0)
    story.round_trips(8)
    story.durable()
    assert notifier.work()
    assert stage.hook.titles == expected(story)[:3]
    stage.wall.now += 60
    assert notifier.work()
    assert stage.hook.titles[3:] == expected(story)[-2:]
    assert "(6 in all)" in stage.hook.heard[-1]["message"]


def test_what_is_counted_survives_a_kill(stage: Stage, story: Story) -> None:
    """H10: the next session says it, one that was stopped has said it."""
    notifier = stage.begun(story, repeat_s=60.0)
    story.round_trips(4)
    story.durable()
    assert notifier.work()
    stage.wall.now += 2
    assert notifier.work()
    second = stage.begun(story, resumed=True, repeat_s=60.0)
    assert second.work(last=True)
    assert stage.hook.titles[3:] == expected(story)[-2:]


def test_a_halt_is_told_every_minute_until_it_is_released(stage: Stage, story: Story) -> None:
    """Section 25: critical, retry 60 s, expire 3600 s; also by a session that was started again."""
    notifier = stage.begun(story)
    story.turn(story.bar(), HaltChanged("", True, "drawdown", "risk-guardian", "20 % lost"))
    story.durable()
    for _ in range(3):
        assert notifier.work()
        stage.wall.now += 60
    notifier = stage.begun(story, resumed=True)
    assert notifier.work()
    assert stage.hook.titles == ["Started", *["TRADING HALTED"] * 4]
    story.turn(story.bar(), HaltChanged("", False, "drawdown", "ann", "looked at it"))
    story.durable()
    assert notifier.work()
    stage.wall.now += 60
    assert notifier.work()
    assert stage.hook.titles[5:] == ["Trading resumed"]


def test_an_address_hears_only_what_is_meant_for_it(stage: Stage, story: Story) -> None:
    """H10: by severity; and a day's summary only if it is wanted."""
    notifier = stage.begun(story, severity_min="critical")
    story.round_trips(2)
    story.turn(story.bar(), Quarantined(story.seq, "breakout", "ZeroDivisionError: division by zero"))
    story.durable()
    assert notifier.work()
    assert stage.hook.titles == ["CRASH: breakout"]


def test_what_ends_a_session_is_told_though_no_journal_holds_it(stage: Stage, story: Story) -> None:
    """A full disk halts all, and can't be recorded on it."""
    notifier = stage.begun(story)
    notifier.say(Alert(Severity.CRITICAL, "session", "TRADING HALTED: the session ended", "no space left"))
    assert notifier.work(last=True)
    assert stage.hook.titles == ["Started", "TRADING HALTED: the session ended"]


def test_its_thread_tells_by_itself_and_ends_when_it_is_asked(stage: Stage, story: Story) -> None:
    """All that is durable by then is told before it ends."""
    notifier = stage.begun(story)
    notifier.start()
    assert eventually(lambda: stage.hook.titles == ["Started"])
    story.operations()
    story.durable()
    notifier.hurry()
    assert notifier.join(10.0)
    assert stage.hook.titles == expected(story)


def test_a_journal_that_can_not_be_read_just_now_is_read_later(
    stage: Stage, story: Story, monkeypatch: pytest.MonkeyPatch, log: LogCapture
) -> None:
    """H10: as when no more files can be opened for a while; the session's alerts do not end with it."""
    tried: list[int] = []

    def full(*words: Any) -> Any:
        tried.append(len(tried))
        if len(tried) < 3:
            raise OSError(24, "Too many open files")
        return read(*words)

    monkeypatch.setattr(notifier_module, "read", full)
    monkeypatch.setattr(notifier_module, "BACK_OFF_S", (0.01,))
    notifier = stage.begun(story)
    story.operations()
    story.durable()
    notifier.start()
    assert eventually(lambda: stage.hook.titles == expected(story))
    notifier.hurry()
    assert notifier.join(10.0)
    told = [entry["event"] for entry in log.entries if entry["event"].startswith("alerts_")]
    assert told == ["alerts_delayed", "alerts_go_on"]


def test_a_stop_waits_for_no_address(stage: Stage, story: Story) -> None:
    """What is left is told by the next session: the first one ends at once."""
    stage.hook.down()
    notifier = stage.begun(story)
    notifier.start()
    assert eventually(lambda: notifier.attempts > 0)
    notifier.hurry()
    assert not notifier.join(10.0)
    stage.hook.up()
    assert stage.begun(story, resumed=True).work()
    assert stage.hook.titles == ["Started"]


def test_an_address_that_was_taken_out_begins_anew(stage: Stage, story: Story) -> None:
    """Its cursor goes with it: months later nobody is told of months."""
    stage.begun(story)
    (path,) = (stage.home / "alerts").glob("*.json")
    forget_others(stage.home, {path.stem})
    assert path.exists()
    forget_others(stage.home, set())
    assert not path.exists()


def test_a_cursor_that_cannot_be_read_begins_anew(stage: Stage, story: Story, log: LogCapture) -> None:
    """Somebody edited it; the session goes on."""
    stage.begun(story)
    (path,) = (stage.home / "alerts").glob("*.json")
    path.write_text("{")
    assert stage.begun(story).work()
    assert [entry["log_level"] for entry in log.entries] == ["warning"]


def test_an_event_is_named_without_decoding_it(story: Story) -> None:
    """For every record of a story, those of many fields too."""
    story.round_trips(1)
    story.operations()
    story.durable()
    records = [record for record in read(story.folder) if record.kind in {Kind.INPUT, Kind.DECISION}]
    names = [type(CODEC.decode(record.body)[1].event).__name__ for record in records]
    assert [event_name(record.body) for record in records] == names
    assert {"PlaceOrder", "TradeClosed", "TimeAdvanced"} <= set(names)
