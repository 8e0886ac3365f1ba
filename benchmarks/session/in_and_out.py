"""Buys on one book and sells on the next: one order a book, for measuring latency."""

from tradeworthy import BookChanged, Desk, DeskContext, Event, Side, on
from tradeworthy.core.events import Figure

TICK = 0.1


class InAndOut(Desk):
    """One position, never longer than from one book to the next."""

    @on(BookChanged)
    def decide(self, book: BookChanged, context: DeskContext) -> Event | str:
        """Enter if flat, else leave."""
        figures: dict[str, Figure] = {"bid": book.bids[0].ticks, "ask": book.asks[0].ticks}
        if context.working(book.instrument):
            return "order_working"
        if context.position(book.instrument).lots:
            return context.leave("out", book.instrument, figures=figures)
        price = book.asks[0].ticks * TICK
        return context.enter("in", book.instrument, Side.BUY, notional=1_000.0, price=price, figures=figures)
