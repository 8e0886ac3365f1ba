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
    kind = BarVenue if settings.matcher == "bar" else BookVenue
    return kind(settings, listing, ledger)
