"""A whole core around divergence desks, fed with generated rows, whose every packet is kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.desks.divergence.rows import START, Floats, closes_of, names_of, settings_of
from tests.desks.divergence.stage import Kind
from tests.execution.trading import Tape
from tradeworthy.core.agents import Agent
from tradeworthy.core.events import Event
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.engine import DivergenceEngine
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.market.money import cash_of
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.risk.script import entries_of
from tradeworthy.runtime.assembly import CONFIGURED, assemble, first_inputs, instruments_of
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.desks import built_in_settings
from tradeworthy.runtime.event_union import codec

TIMEFRAME = "5m"
STEP = TIMEFRAMES_NS[TIMEFRAME]
SECOND = 1_000_000_000
COLUMNS = 6
NAMES = names_of(COLUMNS)
PLENTY = 1e6
"""Units that trade in a bar, unless a test says otherwise: more than any order."""

BUSY: dict[str, Any] = {
    "warmup_bars": 0,
    "tail_bars": 0,
    "vol_gate": False,
    "max_hold_bars": 6,
    "fixed_tp_pct": 0.004,
    "stop_pct": 0.004,
    "dc_threshold_bps": 1e6,
}
"""Settings of a desk that trades all the time."""

NO_LIMITS = {"leverage_max": "20", "position_max": "1", "portfolio_max": "1", "drawdown_max": "1"} | {
    "daily_loss_max": "1",
    "orders_per_minute_max": 1000,
    "stale_after_s": 3600,
}


def busy_settings(**changes: Any) -> DivergenceSettings:
    """Settings of a busy desk."""
    return settings_of(**(BUSY | changes))


def desk(name: str = "divergence", share: str = "1", **changes: Any) -> dict[str, Any]:
    """A `[[desks]]` section of a busy desk."""
    own = busy_settings(**changes).model_dump(mode="json")
    section = {"name": name, "kind": "divergence", "timeframe": TIMEFRAME, "instruments": list(NAMES)}
    return {**section, "share": share, "settings": own}


def values_of(*desks: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A whole configuration's values: six instruments, no limit that binds, no posture of our own."""
    instrument = {"quote": "USDT", "tick": "0.01", "lot": "0.001", "taker_fee": "0.0005"}
    values = {
        "name": "test",
        "seed": 42,
        "account": {"cash": "50000"},
        "venue": {"fills": "maker_draw"},
        "risk": NO_LIMITS,
        "posture": {"own_rules": False},
        "instruments": [{"id": name, "maker_fee": "0.0002", **instrument} for name in NAMES],
        "desks": list(desks) or [desk()],
    }
    return values | sections


def configured(*desks: dict[str, Any], **sections: Any) -> Configuration:
    """The configuration of `values_of`."""
    return from_values(values_of(*desks, **sections), "the test's configuration")


def rows_of(rows: int, *, seed: int = 1, scale: float = 2e-3) -> Floats:
    """Closes on whole ticks, correlated, of all instruments."""
    return np.round(closes_of(rows, COLUMNS, seed=seed, scale=scale), 2)


class DeskRig:
    """A core that was told its first inputs at START (`first`: others than the configuration's)."""

    def __init__(
        self,
        configuration: Configuration,
        first: Sequence[Event] | None = None,
        observers: Sequence[Agent] = (),
    ) -> None:
        self.configuration = configuration
        self.tape = Tape(codec())
        self.core = assemble(
            configuration, self.tape, self.tape, seed=configuration.seed, observers=observers
        )
        self.sequencer = self.core.sequencer
        told = first_inputs(configuration) if first is None else first
        for position, event in enumerate(told):
            self.sequencer.admit(CONFIGURED, position, START, event)
        self._position = 0

    def put(self, event: Event, ts: int = 0) -> list[Event]:
        """Admit `event` at `ts` (0: now); what was made of it, and by timers before it."""
        before = len(self.tape.packets)
        self._position += 1
        assert self.sequencer.admit("feed", self._position, ts or self.sequencer.now, event)
        return [packet.event for packet in self.tape.packets[before:]]

    def row(self, place: int, closes: Floats, volume: float | Floats = PLENTY) -> list[Event]:
        """The bars of row `place` at their close, where they have one; what was made of them."""
        made: list[Event] = []
        opened = START + place * STEP
        volumes = np.broadcast_to(np.asarray(volume, float), closes.shape)
        for name, close, units in zip(NAMES, closes.tolist(), volumes.tolist(), strict=True):
            if close == close:  # noqa: PLR0124 - NaN is no bar
                bar = BarClosed(name, TIMEFRAME, opened, close, close, close, close, units)
                made += self.put(bar, opened + STEP)
        return made

    def rows(self, closes: Floats, volume: Floats | float = PLENTY, first: int = 0) -> list[Event]:
        """Rows from `first` on."""
        volumes = np.broadcast_to(np.asarray(volume, float), closes.shape)
        return [
            made
            for place in range(first, len(closes))
            for made in self.row(place, closes[place], volumes[place])
        ]

    def events(self, kind: type[Kind]) -> list[Kind]:
        """All events of that kind so far."""
        return [packet.event for packet in self.tape.packets if isinstance(packet.event, kind)]

    def fingerprint(self) -> str:
        """Of all orders, fills and closes so far."""
        return self.core.fingerprint.hex()


def frame_of(closes: Floats, volume: Floats | float = PLENTY, grace_ns: int = SECOND) -> PanelFrame:
    """The rows as the batch engine takes them; those that lack a bar close after the grace."""
    ts = START + np.arange(len(closes), dtype=np.int64) * STEP
    holes = np.isnan(closes).any(axis=1)
    volumes = np.where(np.isnan(closes), np.nan, np.broadcast_to(np.asarray(volume, float), closes.shape))
    closed = ts + STEP + np.where(holes, grace_ns, 0)
    return PanelFrame(NAMES, TIMEFRAME, ts, closed, closes, closes, closes, closes, volumes)


def engine_of(configuration: Configuration, name: str = "divergence") -> DivergenceEngine:
    """The batch engine of one of the configuration's desks."""
    section = next(one for one in configuration.desks if one.name == name)
    return DivergenceEngine(
        built_in_settings(section),
        instruments_of(configuration),
        TIMEFRAME,
        configuration.venue,
        desk=name,
        seed=configuration.seed,
        capital=int(cash_of(configuration.account.cash) * section.share),
        stance=entries_of(configuration.script),
    )
