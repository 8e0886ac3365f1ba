"""The one binary form of packets: what goes in comes out, old records are read, and nothing else is."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import CODEC, Ask, Note, Signal, Tick
from tradeworthy.core import candidates, events
from tradeworthy.core.candidates import Candidate, Decision, Outcome, Verdict
from tradeworthy.core.errors import Bug
from tradeworthy.core.events import (
    CountersClosed,
    Event,
    Quarantined,
    Resumed,
    SessionEnded,
    TimeAdvanced,
    WokeUp,
)
from tradeworthy.core.packets import HEAD, Codec, Input, Kind, Packet

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
COUNT = st.integers(0, (1 << 63) - 1)
WORD = st.text(max_size=12)
FIGURES = st.dictionaries(WORD, st.one_of(INT64, st.floats(allow_nan=False), WORD, st.booleans(), st.none()))

EVENTS = st.one_of(
    st.builds(TimeAdvanced),
    st.builds(WokeUp, WORD, WORD),
    st.builds(Resumed, INT64),
    st.builds(Quarantined, COUNT, WORD, WORD),
    st.builds(SessionEnded),
    st.builds(CountersClosed, WORD, INT64, INT64, st.dictionaries(WORD, COUNT)),
    st.builds(Candidate, WORD, WORD, FIGURES, WORD),
    st.builds(Decision, WORD, COUNT, WORD, st.booleans(), WORD, FIGURES, FIGURES),
    st.builds(Verdict, COUNT, WORD, st.sampled_from(Outcome), WORD, st.floats(0, 1), FIGURES, FIGURES),
    st.builds(Tick, INT64),
    st.builds(Note, INT64, INT64),
    st.builds(Ask, INT64),
    st.builds(Signal, WORD, WORD, FIGURES, strength=st.floats(allow_nan=False)),
)


class Grown(Event, frozen=True, tag="Tick"):
    """Tick, as a later version has it."""

    n: int
    venue: str = "unknown"
    figures: dict[str, float] = {}


def body_of(*payload: object) -> bytes:
    """A record body with this payload."""
    return HEAD.pack(Kind.INPUT, 5, 6) + msgspec.msgpack.encode(payload)


@given(
    kind=st.sampled_from(Kind),
    packet=st.builds(Packet, COUNT, COUNT, COUNT, INT64, WORD, EVENTS, COUNT),
)
def test_a_packet_comes_back_as_it_was(kind: Kind, packet: Packet) -> None:
    """Every event of the core, with any figures, survives the disk; encoding it again gives the same bytes."""
    body = CODEC.encode(kind, packet)
    assert CODEC.decode(body) == (kind, packet)
    assert CODEC.encode(kind, CODEC.decode(body)[1]) == body


def test_the_round_trip_knows_every_event() -> None:
    """An event that is new in the core has to join the strategies above."""
    core = {
        event.__name__
        for module in (candidates, events)
        for event in vars(module).values()
        if isinstance(event, type) and issubclass(event, Event) and event is not Event
    }
    assert set(CODEC.events) == core | {"Tick", "Note", "Ask", "Signal"}


def test_a_body_is_laid_out_as_the_journal_says() -> None:
    """Kind u8, seq u64 and ts i64 in little endian, then msgpack: other programs may rely on it."""
    packet = Packet(seq=2, trace=1, cause=1, ts=-3, agent="feed", event=Tick(4), position=9)
    head, payload = b"\x01" + b"\x02" + bytes(7) + b"\xfd" + b"\xff" * 7, [1, 1, "feed", 9, ["Tick", 4]]
    body = CODEC.encode(Kind.INPUT, packet)
    assert body[: HEAD.size] == head
    assert msgspec.msgpack.decode(body[HEAD.size :]) == payload


def test_a_record_without_newer_fields_is_read() -> None:
    """Schemas only grow: an old record takes the defaults of the fields it does not have."""
    codec = Codec((Grown, WokeUp))
    _, packet = codec.decode(body_of(1, 0, "feed", 3, ["Tick", 7]))
    assert packet.event == Grown(7, "unknown", {})


def test_a_record_with_newer_fields_is_read() -> None:
    """An older program reads a newer record, less what it does not know."""
    _, packet = CODEC.decode(body_of(1, 0, "feed", 3, ["Tick", 7, "binance", {"a": 1.0}]))
    assert packet.event == Tick(7)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        HEAD.pack(1, 1, 1)[:-1],
        HEAD.pack(1, 1, 1),
        body_of(1, 0, "feed", 3, ["Nothing", 7]),
        body_of(1, 0, "feed", 3, ["Tick"]),
        body_of(1, 0, "feed", 3, ["Tick", "seven"]),
        body_of(1, 0, "feed", 3),
        body_of(1, 0, "feed", 3, ["Tick", 7]) + b"\x00",
        body_of(1, 0, "feed", 3, ["Tick", 7])[:-1],
        HEAD.pack(1, 1, 1) + b"\xc1\xc1\xc1",
    ],
)
def test_what_is_no_record_is_a_decode_error(body: bytes) -> None:
    """Unknown tags, missing fields, wrong types, cut and padded bodies: one error, never half a packet."""
    with pytest.raises(msgspec.DecodeError):
        CODEC.decode(body)


def test_two_events_of_one_name_are_refused() -> None:
    """The name is the tag on disk: with two of them a record could mean either."""
    twin = type("Tick", (Event,), {"__annotations__": {"other": str}}, frozen=True)
    with pytest.raises(Bug, match="Tick"):
        Codec((Tick, twin))


def test_an_input_stands_for_itself_unless_it_answers() -> None:
    """Without a command behind it an input begins a trace of its own."""
    assert (Input("feed", 0, 5, Tick(1)).trace, Input("feed", 0, 5, Tick(1)).cause) == (0, 0)
