"""The union of all events: nothing that a room defines is left out."""

import importlib
import pkgutil

import tradeworthy
from tradeworthy.core.events import Event
from tradeworthy.runtime.event_union import EVENTS, codec


def subclasses(kind: type[Event]) -> set[type[Event]]:
    """All that derives from `kind`, at any depth."""
    direct = set(kind.__subclasses__())
    return direct.union(*(subclasses(one) for one in direct))


def test_every_event_of_the_product_is_in_it() -> None:
    """One left out could be made, and not be recorded."""
    for room in ("core", "market", "execution", "risk"):
        for module in pkgutil.walk_packages([f"{tradeworthy.__path__[0]}/{room}"], f"tradeworthy.{room}."):
            importlib.import_module(module.name)
    ours = {one for one in subclasses(Event) if one.__module__.startswith("tradeworthy.")}
    assert ours == set(EVENTS)


def test_its_order_is_that_of_the_rooms() -> None:
    """So it is the same in each process; names are unique, or the codec would refuse."""
    assert [event.__name__ for event in EVENTS[:3]] == ["TimeAdvanced", "WokeUp", "Resumed"]
    assert list(codec().events.values()) == list(EVENTS)
    assert codec() is codec()
