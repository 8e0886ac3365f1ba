"""Once for each key in a while: what is left out is counted and said; halts are said again until they end."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.gateways.alerts.grouping import Grouping, GroupingState, Happened
from tradeworthy.gateways.alerts.settings import AlertSettings
from tradeworthy.store.alerts import Alert, Severity

NOW = 1_800_000_000.0
TS = 1_700_000_000_000_000_000


@pytest.fixture
def grouping() -> Grouping:
    """One that has told nothing yet: once a minute, halts once a minute for an hour."""
    return Grouping(GroupingState(), AlertSettings())


def trade(number: int = 1, key: str = "entry:breakout") -> Happened:
    """A trade of that number."""
    return Happened(Alert(Severity.NORMAL, key, f"Trade {number}", f"bought {number}."), "run-1", TS)


HALT = Happened(
    Alert(Severity.CRITICAL, "halt:all:operator", "TRADING HALTED", "by ann.", lasting=True), "run-1", TS
)
RELEASE = Happened(
    Alert(Severity.NORMAL, "resume:all", "Trading resumed", "by ann.", ends="halt:all:operator"), "run-1", TS
)


def test_a_key_is_told_at_once_and_then_once_a_minute(grouping: Grouping) -> None:
    """H10: what came meanwhile is counted and named when its turn comes, the newest in full."""
    first = grouping.offer(trade(1), NOW)
    assert first is not None
    assert (first.title, first.text) == ("Trade 1", "bought 1.\nRun run-1 at 2023-11-14T22:13:20Z.")
    assert [grouping.offer(trade(number), NOW + number) for number in (2, 3, 4)] == [None] * 3
    assert list(grouping.due(NOW + 59)) == []
    (held,) = grouping.due(NOW + 60)
    assert held.title == "Trade 4"
    assert "Before it, and not sent: Trade 2; Trade 3 (2 in all)." in held.text
    assert list(grouping.due(NOW + 61)) == []


def test_the_next_of_its_key_brings_what_waited_along(grouping: Grouping) -> None:
    """Where nobody looked for what is due in between."""
    grouping.offer(trade(1), NOW)
    grouping.offer(trade(2), NOW + 1)
    message = grouping.offer(trade(3), NOW + 90)
    assert message is not None
    assert "Before it, and not sent: Trade 2 (1 in all)." in message.text


def test_a_flood_names_five_and_counts_the_others(grouping: Grouping) -> None:
    """Runs that are not paced make thousands."""
    for number in range(1, 1_001):
        grouping.offer(trade(number), NOW)
    (held,) = grouping.due(NOW + 60)
    assert "Trade 2; Trade 3; Trade 4; Trade 5; Trade 6; and 993 more (998 in all)" in held.text


def test_other_keys_do_not_wait_for_each_other(grouping: Grouping) -> None:
    """A halt is told at once, whatever was told before it."""
    grouping.offer(trade(), NOW)
    assert grouping.offer(HALT, NOW) is not None
    assert grouping.offer(trade(key="entry:uptrend"), NOW) is not None


def test_a_halt_is_said_again_until_it_is_released(grouping: Grouping) -> None:
    """Section 25: every 60 s, for 3600 s at most."""
    grouping.offer(HALT, NOW)
    assert list(grouping.due(NOW + 59)) == []
    again = [message for second in range(60, 600, 20) for message in grouping.due(NOW + second)]
    assert [message.title for message in again] == ["TRADING HALTED"] * 9
    assert "This holds for 9 min by now." in again[-1].text
    grouping.offer(RELEASE, NOW + 600)
    assert list(grouping.due(NOW + 700)) == []


def test_a_halt_that_nobody_released_is_given_up_after_an_hour(grouping: Grouping) -> None:
    """Section 25: 59 times more, and no end of it would be no help."""
    grouping.offer(HALT, NOW)
    again = [message for second in range(10, 10_000, 10) for message in grouping.due(NOW + second)]
    assert len(again) == 59


def test_a_halt_right_after_a_release_is_told_at_once(grouping: Grouping) -> None:
    """It is no repetition of the one before: whoever reads must not believe that trading goes on."""
    assert [grouping.offer(one, NOW + at) for at, one in enumerate((HALT, RELEASE, HALT))].count(None) == 0


def test_what_held_in_another_run_is_not_said_again(grouping: Grouping) -> None:
    """The next session has a run of its own, with latches of its own."""
    grouping.offer(HALT, NOW)
    grouping.forget_others("run-2")
    assert list(grouping.due(NOW + 60)) == []


def test_the_last_words_do_not_wait(grouping: Grouping) -> None:
    """A session that ends sends what is counted and not yet said."""
    grouping.offer(trade(1), NOW)
    grouping.offer(trade(2), NOW + 1)
    assert [message.title for message in grouping.due(NOW + 2, last=True)] == ["Trade 2"]


def test_a_clock_that_is_set_back_silences_nothing(grouping: Grouping) -> None:
    """What was told in the future is no reason to wait."""
    grouping.offer(trade(1), NOW)
    assert grouping.offer(trade(2), NOW - 3_600) is not None


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 90)), max_size=60))
def test_no_alert_is_forgotten_and_no_key_is_said_twice_a_minute(steps: list[tuple[int, float]]) -> None:
    """H10: each is sent, or counted in one that is; also by one that goes on from what is on disk."""
    grouping, now, sent, counted = Grouping(GroupingState(), AlertSettings()), NOW, [], 0
    told_at: dict[str, float] = {}
    for number, (key, later_s) in enumerate(steps):
        now += later_s
        made = list(grouping.due(now))
        message = grouping.offer(trade(number, f"key-{key}"), now)
        sent += made + ([message] if message else [])
        if message:
            assert now - told_at.get(f"key-{key}", 0.0) >= 60
            told_at[f"key-{key}"] = now
        for key_, told in grouping.state.told.items():
            told_at[key_] = max(told_at.get(key_, 0.0), told.at)
        state = msgspec.json.decode(msgspec.json.encode(grouping.state), type=GroupingState)
        grouping = Grouping(state, AlertSettings())
    sent += list(grouping.due(now, last=True))
    counted = sum(
        int(one.text.partition(" in all)")[0].rpartition("(")[2]) for one in sent if "in all" in one.text
    )
    assert len(sent) + counted == len(steps)
