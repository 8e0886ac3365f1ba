"""The instruments that can be traded, with the arithmetic of each."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.market.instruments import (
    Instrument,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentListed,
)
from tradeworthy.market.money import Scale


class ListingState(State):
    """Every instrument listed and not delisted, by id.

    `reticked` is the seq of the last change of its tick, if any, and `ticks_before` the tick until then.
    """

    instruments: dict[str, Instrument] = {}
    reticked: dict[str, int] = {}
    ticks_before: dict[str, Decimal] = {}


class Listing(Agent):
    """The part named `listing`: later parts ask it for an instrument's figures and its `Scale`."""

    state: ListingState

    def __init__(self) -> None:
        super().__init__("listing", ListingState())
        self._scales: dict[str, Scale] = {}

    @on(InstrumentListed, InstrumentChanged)
    def take(self, event: InstrumentListed | InstrumentChanged, context: Context) -> None:
        """Take the definition; UsageError if its money does not fit, or its lot or currency changed."""
        new = event.instrument
        old = self.state.instruments.get(new.id)
        if old is not None and (old.lot, old.quote) != (new.lot, new.quote):
            raise UsageError(
                f"instrument {new.id!r} is listed with lot {old.lot} in {old.quote}, and can't change"
                f" to {new.lot} in {new.quote}, because positions count lots: list it under another id"
            )
        self._scales[new.id] = Scale(new)
        self.state.instruments[new.id] = new
        if old is not None and old.tick != new.tick:
            self.state.reticked[new.id] = context.seq
            self.state.ticks_before[new.id] = old.tick

    @on(InstrumentDelisted)
    def forget(self, event: InstrumentDelisted, _: Context) -> None:
        """Drop the definition."""
        state = self.state
        for kept in (state.instruments, state.reticked, state.ticks_before, self._scales):
            kept.pop(event.instrument, None)

    def is_reticked(self, instrument: str, seq: int) -> bool:
        """Whether packet `seq` gave `instrument` another tick, so that all ticks from before count something else."""
        return self.state.reticked.get(instrument) == seq

    def instrument(self, instrument: str) -> Instrument:
        """The present definition; UsageError if that id was never listed."""
        found = self.state.instruments.get(instrument)
        if found is None:
            known = ", ".join(islice(self.state.instruments, 5)) or "none"
            raise UsageError(
                f"instrument {instrument!r} is not listed ({len(self.state.instruments)} are: {known} ...):"
                " name it in the configuration"
            )
        return found

    def scale(self, instrument: str) -> Scale:
        """The arithmetic of the present definition; UsageError if that id was never listed."""
        scale = self._scales.get(instrument)
        if scale is None or scale.instrument is not self.state.instruments.get(instrument):
            scale = self._scales[instrument] = Scale(self.instrument(instrument))
        return scale
