"""Small sessions on real parts: a configuration, a home folder, and desks that do as they are told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.journal.reader import read
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.runtime.assembly import CONFIGURED, first_inputs
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.identity import decision_hash
from tradeworthy.runtime.life import FEED, Life
from tradeworthy.runtime.opening import make_life
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.runs import RunName, header_of

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
TOLD = Path(__file__).parent / "desks" / "told.py"
WATCH, BUY, LEAVE, SKIP, WAKE, WAKE_LATE, LOOP, REST = range(8)
"""What desks/told.py is told by a price's quantity."""

BTC, ETH = "BTC", "ETH"

Kin = TypeVar("Kin", bound=Event)


def values(*desks: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A whole configuration as TOML would give it: two instruments, the book matcher, and `desks` (one, if none)."""
    instrument = {"venue": "test", "quote": "USDT", "tick": "0.1", "lot": "0.001", "taker_fee": "0.001"}
    return {
        "name": "test",
        "seed": 7,
        "venue": {"matcher": "book"},
        "instruments": [{"id": name, **instrument} for name in (BTC, ETH)],
        "desks": list(desks) or [desk()],
        "risk": {"position_max": "1", "portfolio_max": "1", "daily_loss_max": "1", "drawdown_max": "1"},
        **sections,
    }


def desk(name: str = "told", share: str = "1", **options: Any) -> dict[str, Any]:
    """A `[[desks]]` section for desks/told.py; `options` without a place of their own are its settings."""
    own: dict[str, Any] = {
        key: options.pop(key) for key in ("file", "on_fault", "timeframe", "instruments") if key in options
    }
    return {
        "name": name,
        "file": str(TOLD),
        "timeframe": "1m",
        "instruments": [BTC, ETH],
        "share": share,
        "settings": options,
        **own,
    }


def configured(*desks: dict[str, Any], **sections: Any) -> Configuration:
    """`values` as a Configuration."""
    return from_values(values(*desks, **sections), "the test's configuration")


def price(told: int = WATCH, at: float = 100.0, instrument: str = BTC, ts: int = START) -> PriceObserved:
    """A price that tells the desks what to do."""
    return PriceObserved(instrument, at, ts, float(told))


def book(bid: int = 1_000, instrument: str = BTC, ts: int = START, lots: int = 1_000_000) -> BookChanged:
    """A book of one level a side, a tick apart."""
    return BookChanged(instrument, ts, (Level(bid, lots),), (Level(bid + 1, lots),))


@dataclass(frozen=True)
class Place:
    """A home folder and the plan that runs in it: one run named test-0-1, opened as often as is liked."""

    home: Home
    plan: Plan

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.home.runs / "test-0-1"

    def open(self) -> Life:
        """The run, recovered; told its first inputs if it is new."""
        decisions = decision_hash(self.plan.configuration.desk_files)
        name = RunName("test-0", 1)
        header = header_of(self.plan, name, {"feed": "test"}, decisions, start_ts=START, end_ts=None)
        life = make_life(self.plan.configuration, self.home, header)
        for position, event in enumerate(first_inputs(self.plan.configuration)):
            life.admit(CONFIGURED, START, event, position=position)
        return life

    @contextmanager
    def opened(self) -> Iterator[Life]:
        """The run, closed in the end."""
        life = self.open()
        try:
            yield life
        finally:
            life.close()

    def copy(self, folder: Path) -> Place:
        """The same in another home, as its files are now: what a kill would leave."""
        shutil.copytree(self.home.path, folder)
        return Place(Home(folder), self.plan)


def place(folder: Path, *desks: dict[str, Any], **sections: Any) -> Place:
    """A place in `folder` for a session of `desks`."""
    return Place(Home(folder / "home").make(), Plan(configured(*desks, **sections), Mode.PAPER))


def feed(life: Life, *events: Event, every: int = SECOND) -> None:
    """Admit `events` of the feed, one each `every` ns."""
    for event in events:
        life.admit(FEED, life.core.sequencer.now + every, event)


def trade(life: Life) -> None:
    """A round trip: in at the ask, out at the bid."""
    feed(life, book(), price(BUY, ts=life.core.sequencer.now), price(LEAVE))


def packets_of(folder: Path) -> list[Packet]:
    """All packets on record."""
    return [codec().decode(record.body)[1] for record in read(folder) if record.kind != Kind.MARK]


def events_of(folder: Path, kind: type[Kin]) -> list[Kin]:
    """The events of that class on record."""
    return [packet.event for packet in packets_of(folder) if isinstance(packet.event, kind)]


def marks_of(folder: Path, name: str) -> list[Any]:
    """The data of the marks of that name."""
    return [record.mark[1] for record in read(folder) if record.kind == Kind.MARK and record.mark[0] == name]
