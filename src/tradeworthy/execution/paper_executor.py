"""Which paper venue a configuration names."""

from __future__ import annotations

from tradeworthy.execution.bar_venue import BarVenue
from tradeworthy.execution.book_venue import BookVenue
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.paper_venue import PaperVenue
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.listing import Listing


def paper_executor(settings: PaperVenueSettings, listing: Listing, ledger: Ledger) -> PaperVenue:
    """The part named `paper-executor` with the matcher that `settings` name."""
    if settings.matcher == "book":
        return BookVenue(settings, listing, ledger)
    if settings.fills == "maker_draw":
        from tradeworthy.execution.drawn_venue import DrawnVenue  # only what draws pays for compiled steps

        return DrawnVenue(settings, listing, ledger)
    return BarVenue(settings, listing, ledger)
