"""The listing: which instruments there are, and their arithmetic."""

from decimal import Decimal

import msgspec
import pytest

from tests.market.session import Session, reborn
from tradeworthy.core.errors import UsageError
from tradeworthy.market.instruments import Instrument, InstrumentChanged, InstrumentDelisted, InstrumentListed
from tradeworthy.market.listing import Listing

BTC = Instrument(
    "BTC", "venue", "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.0005"), Decimal("0.0002")
)


@pytest.fixture
def listing() -> Listing:
    """A listing with BTC."""
    listing = Listing()
    Session(listing).admit(InstrumentListed(BTC))
    return listing


def test_a_scale_is_made_once_and_again_after_a_change_or_a_snapshot(listing: Listing) -> None:
    """The cache follows the state, never the other way round."""
    scale = listing.scale("BTC")
    assert listing.scale("BTC") is scale
    dearer = msgspec.structs.replace(BTC, taker_fee=Decimal("0.001"), tick=Decimal("0.5"))
    Session(listing).admit(InstrumentChanged(dearer))
    assert listing.scale("BTC").tick_value == 5 * scale.tick_value
    listing.state = reborn(listing.state)
    assert listing.scale("BTC").instrument is listing.instrument("BTC")
    assert listing.instrument("BTC") == dearer


def test_the_lot_of_a_listed_instrument_can_not_change(listing: Listing) -> None:
    """Positions count lots, so another lot would be another amount of money."""
    other = msgspec.structs.replace(BTC, lot=Decimal("0.01"), lots_max=0)
    with pytest.raises(UsageError, match=r"listed with lot 0.001 in USDT, and can't change to 0.01 in USDT"):
        Session(listing).admit(InstrumentChanged(other))
    assert listing.instrument("BTC") == BTC


def test_what_can_not_be_held_is_not_listed(listing: Listing) -> None:
    """A refused instrument leaves the listing as it was."""
    fine = msgspec.structs.replace(BTC, id="FINE", tick=Decimal("1e-9"))
    with pytest.raises(UsageError, match="instrument 'FINE' can't be listed"):
        Session(listing).admit(InstrumentListed(fine))
    assert list(listing.state.instruments) == ["BTC"]


def test_an_unknown_name_is_refused_with_what_is_listed(listing: Listing) -> None:
    """The error helps with a slip of the pen."""
    for ask in (listing.scale, listing.instrument):
        with pytest.raises(UsageError, match=r"'BTCUSD' is not listed \(1 are: BTC"):
            ask("BTCUSD")


def test_what_is_delisted_is_forgotten(listing: Listing) -> None:
    """With its arithmetic; a second word, or one on what was never listed, changes nothing."""
    listing.scale("BTC")
    for name in ("BTC", "BTC", "ETH"):
        Session(listing).admit(InstrumentDelisted(name))
    assert listing.state == type(listing.state)()
    for ask in (listing.scale, listing.instrument):
        with pytest.raises(UsageError, match=r"'BTC' is not listed \(0 are: none"):
            ask("BTC")


def test_a_tick_is_new_in_the_packet_that_changed_it_alone(listing: Listing) -> None:
    """Later parts ask with that packet's seq; a change of fees is none of the tick."""
    session = Session(listing)
    session.admit(InstrumentChanged(msgspec.structs.replace(BTC, taker_fee=Decimal("0.001"))))
    assert not listing.is_reticked("BTC", session.sequencer.seq)
    session.admit(InstrumentChanged(msgspec.structs.replace(BTC, tick=Decimal("0.5"))))
    assert listing.is_reticked("BTC", session.sequencer.seq)
    assert not listing.is_reticked("BTC", session.sequencer.seq + 1)
    assert not listing.is_reticked("ETH", session.sequencer.seq)
