"""What other processes say at their keys: checked, once, and nothing stale."""

from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tradeworthy.core.events import Event
from tradeworthy.gateways.state_reports import ACB, EXF, NEXT, SAFETY, StateReports
from tradeworthy.market.bars import utc_text
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.stance import BoostChanged, Posture, PostureReported

NOW = 1_772_841_605_000_000_000
SECOND = 1_000_000_000
TEXT = utc_text(NOW)


def said(seq: int = 1, **fields: Any) -> bytes:
    """A value of a watchdog's."""
    return msgspec.json.encode({"seq": seq, "ts": TEXT, "writer": "watchdog", **fields})


POSTURE = (
    b'{"posture":"APEX","Rm":1.0,"cats":{"c1":0,"c2":0,"c3":0,"c4":0,"c5":0},"seq":1042,'
    b'"ts":"2026-03-07T00:00:05.000Z","prev":"APEX","since":"2026-03-06T21:14:00Z","writer":"system_watchdog",'
    b'"reasons":["a"]}'
)


class Ear:
    """Hears, at a wall time that a test sets."""

    def __init__(self, *, expects: bool = False) -> None:
        self.heard: list[tuple[str, int, Event]] = []
        self.now = NOW
        self.reports = StateReports(
            lambda *one: self.heard.append(one),
            age_ns_max=60 * SECOND,
            now=lambda: self.now,
            expects_posture=expects,
        )

    def look(self, key: str, *values: bytes | None) -> list[Event]:
        """The events that these values, one after the other, make."""
        before = len(self.heard)
        for value in values:
            self.reports.look({key: value})
        return [event for _, _, event in self.heard[before:]]


def test_a_posture_is_an_input_at_its_writers_seq() -> None:
    """D12: the value of the specification; a repeat is none, whatever the process that reads it."""
    ear = Ear()
    events = ear.look(SAFETY, POSTURE, POSTURE, POSTURE.replace(b"[", b"[ "))
    report = PostureReported(Posture.APEX, NOW, 1042, 1.0, "system_watchdog", ("a",))
    assert events == [report]
    assert ear.heard[0][:2] == ("safety:latest/system_watchdog", 1042)


def test_boosts_and_factors_of_others_are_inputs() -> None:
    """D5: an absent figure is none, and a reading that is not ok has none at all."""
    ear = Ear()
    assert ear.look(ACB, said(boost=1.35, beta=0.8, desk="blue", more="?")) == [
        BoostChanged(1.35, 0.8, NOW, "blue", "watchdog")
    ]
    values = said(1, dvol_btc=52.3, fng=41, stale=["fng"]), said(2, dvol_btc=52.3, ok=False)
    assert ear.look(EXF, *values) == [
        FactorsObserved(NOW, dvol_btc=52.3, fng=41.0, stale=("fng",)),
        FactorsObserved(NOW),
    ]


@pytest.mark.parametrize(
    "value",
    [
        said(boost=9.0, beta=0.2),
        said(boost=1.0),
        b'{"seq":1,"ts":"2026-03-07T00:00:05Z","writer":"w","boost":NaN,"beta":0.2}',
        b'{"seq":1,"ts":"2026-03-07T00:00:05","writer":"w","boost":1.0,"beta":0.2}',
        b'{"ts":"2026-03-07T00:00:05Z","writer":"w","boost":1.0,"beta":0.2}',
        b"\xff",
        b"[1]",
        b" " * 70_000,
    ],
)
def test_what_is_no_boost_is_a_line_in_the_log(value: bytes) -> None:
    """D8: and no event; said once for a value."""
    ear = Ear()
    with capture_logs() as log:
        assert ear.look(ACB, value, value) == []
    assert [(one["event"], one["key"]) for one in log] == [("state_unreadable", ACB)]


def test_a_posture_that_cannot_be_read_is_reported_as_such() -> None:
    """D12: until one can be, even if it is the one from before."""
    ear = Ear()
    good, unknown, broken = said(1, posture="APEX"), said(2, posture="CALM"), b"{"
    with capture_logs():
        events = ear.look(SAFETY, good, unknown, broken, good)
    assert events[1:] == [
        HealthObserved("posture", ok=False, word="unreadable"),
        HealthObserved("posture", ok=True, word="readable"),
    ]
    assert ear.heard[1][:2] == ("state-store", NEXT)


def test_what_is_stale_is_not_taken() -> None:
    """What was left lying at a start is nobody's word any more."""
    ear = Ear()
    ear.now = NOW + 61 * SECOND
    with capture_logs() as log:
        assert ear.look(SAFETY, said(posture="TURTLE")) == []
    assert [one["event"] for one in log] == ["state_stale"]
    ear.now = NOW + 60 * SECOND
    assert len(ear.look(SAFETY, said(2, posture="TURTLE"))) == 1
    with capture_logs() as log:
        assert ear.look(SAFETY, said(3, posture="APEX").replace(b"2026-", b"9999-")) == []
    assert [one["event"] for one in log] == ["state_stale"]


def test_a_seq_that_falls_is_told_and_not_taken() -> None:
    """A writer that begins anew takes another name, or goes on counting."""
    ear = Ear()
    with capture_logs() as log:
        events = ear.look(SAFETY, said(7, posture="APEX"), said(3, posture="TURTLE"))
    assert len(events) == 1
    assert [one["event"] for one in log] == ["state_seq_fell"]


def test_our_own_values_are_not_heard() -> None:
    """And a key that another keeps up to date is left to it."""
    ear = Ear()
    ours = msgspec.json.encode({"seq": 1, "ts": TEXT, "writer": "tradeworthy", "boost": 1.0, "beta": 0.2})
    assert ear.look(ACB, ours) == []
    assert not ear.reports.is_others(ACB)
    ear.look(ACB, said(boost=1.0, beta=0.2))
    assert ear.reports.is_others(ACB)
    ear.now += 61 * SECOND
    assert not ear.reports.is_others(ACB)


def test_a_store_that_is_away_counts_only_where_a_posture_is_expected() -> None:
    """D9: once, and over when the posture can be read again."""
    calm, waiting = Ear(), Ear(expects=True)
    value = said(posture="APEX")
    for ear in (calm, waiting):
        ear.look(SAFETY, value)
        ear.reports.note_lost()
        ear.reports.note_lost()
        ear.look(SAFETY, None, value)
    assert len(calm.heard) == 1
    assert [event.word for _, _, event in waiting.heard[1:] if isinstance(event, HealthObserved)] == [
        "state_store_offline",
        "readable",
    ]
