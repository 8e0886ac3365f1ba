"""Can't bear to hear of its own faults."""

from tradeworthy import Desk, DeskContext, PriceObserved, on
from tradeworthy.core.events import Quarantined

EXIT = 3.0


class Touchy(Desk):
    """Raises at 2.0, leaves the process at 3.0, and raises when it is told of it."""

    @on(PriceObserved)
    def hear(self, price: PriceObserved, context: DeskContext) -> str:
        """Raise at some prices."""
        if price.price == EXIT:
            raise SystemExit(4)
        if price.price == EXIT - 1:
            raise LookupError(price.instrument)
        return "watching"

    @on(Quarantined)
    def be_told(self, fault: Quarantined, context: DeskContext) -> str:
        """Raise again."""
        raise LookupError(fault.error)
