"""The paper venue on closed bars whose market orders post first, by a draw.

What it adds to bar_venue.py, for orders without a limit (others trade as in taker_close):

    chance     an order with a maker_chance posts at the close, rounded against us. One draw says whether it is
               filled there, as maker; the draw is that of the order's desk at that session time.
    miss       what is not filled takes at once: at the close and slippage_bps beyond it, rounded against us. An
               order without a chance does so without a draw.
    maker_only one that may not take ends as CANCELLED maker_missed, whatever its time in force.
    time       fills are stamped with session time, also those of a GTC order's rest at later closes, each of
               which is an attempt of its own.
"""

from __future__ import annotations

from typing import Any

from tradeworthy.core.agents import Context, on
from tradeworthy.execution.bar_matcher import Touch
from tradeworthy.execution.bar_venue import BarVenue
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import PlaceOrder
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.execution.steps import FILL, MAKER_MISSED, fill_step, record, terms_of
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import InstrumentListed
from tradeworthy.market.listing import Listing
from tradeworthy.market.money import Scale

STREAM = "maker"
"""The stream of an attempt's draw is this and the desk, `maker/<desk>`; its key is session time."""


class DrawnVenue(BarVenue):
    """The part named `paper-executor`, filling from closed bars by draws."""

    def __init__(self, settings: PaperVenueSettings, listing: Listing, ledger: Ledger) -> None:
        super().__init__(settings, listing, ledger)
        self._terms: dict[str, tuple[Scale, Any]] = {}
        self._drawn = record(FILL)

    @on(InstrumentListed)
    def check_listed(self, event: InstrumentListed, _: Context) -> None:
        """UsageError for an instrument whose fills can't be stepped, before any order for it."""
        self._terms_of(event.instrument.id)

    def _terms_of(self, instrument: str) -> Any:
        scale = self._listing.scale(instrument)
        known = self._terms.get(instrument)
        if known is None or known[0] is not scale:
            known = self._terms[instrument] = (scale, terms_of(scale, self._settings))
        return known[1]

    def _touch_close(self, place: PlaceOrder, bar: BarClosed, context: Context) -> Touch | None:
        if place.limit_ticks is not None:
            return super()._touch_close(place, bar, context)
        chance, fill, now = place.maker_chance, self._drawn, context.now
        uniform = context.draw(f"{STREAM}/{place.desk}", now) if chance > 0.0 else 0.0
        terms = self._terms_of(place.instrument)
        branch = fill_step(
            terms, fill, place.side.sign, place.lots, bar.close, chance, place.maker_only, uniform
        )
        if branch == MAKER_MISSED:
            return None
        return Touch(int(fill.ticks), inside=False, maker=bool(fill.maker), ts=now)

    def _forget(self, instrument: str) -> None:
        super()._forget(instrument)
        self._terms.pop(instrument, None)
