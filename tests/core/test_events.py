"""The core's events: values that say whether they are decisions or commands, and that only grow."""

import msgspec
import pytest

from tests.core.world import CODEC, CORE_EVENTS, Ask, Signal, Tick
from tradeworthy.core.candidates import Candidate, Decision, Verdict
from tradeworthy.core.events import CountersClosed, Event, Quarantined

DECISIONS = {Candidate, Decision, Verdict, Signal, Quarantined, CountersClosed, Ask}


@pytest.mark.parametrize("kind", CODEC.events.values(), ids=lambda kind: kind.__name__)
def test_an_event_says_what_it_is(kind: type[Event]) -> None:
    """Decisions are journalled and compared, commands are sent; subclasses inherit which."""
    assert kind.decision is (kind in DECISIONS)
    assert kind.command is (kind is Ask)


def test_an_event_is_a_value() -> None:
    """Events of equal fields are equal, and can't be changed."""
    tick = Tick(1)
    assert tick == Tick(1)
    with pytest.raises(AttributeError):
        tick.n = 2  # type: ignore[misc]


@pytest.mark.parametrize("kind", CORE_EVENTS, ids=lambda kind: kind.__name__)
def test_an_event_is_an_array_led_by_its_name(kind: type[Event]) -> None:
    """The form on disk has no field names, so that fields may be renamed and appended, never reordered."""
    config = kind.__struct_config__
    assert config.array_like
    assert config.frozen
    assert config.tag == kind.__name__
    fields = [msgspec.json.decode(b"{}") if name == "counts" else 0 for name in kind.__struct_fields__]
    assert msgspec.to_builtins(kind(*fields)) == [kind.__name__, *fields]
