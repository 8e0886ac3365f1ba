"""Does what the quantity of a price says: a desk whose every step the test decides."""

from tradeworthy import (
    Candidate,
    Desk,
    DeskContext,
    Event,
    Intent,
    Leg,
    PriceObserved,
    Side,
    State,
    TimeInForce,
    TradeCandidate,
    WokeUp,
    on,
)

WATCH, BUY, LEAVE, SKIP, WAKE, WAKE_LATE, LOOP, REST = range(8)
SECOND = 1_000_000_000


class Told(Desk):
    """Raises at the price that it hates, whatever it is told."""

    class Settings(Desk.Settings):
        """`hates`: the price it raises at. `notional`: the size of an entry. `wait_s`: how long a timer waits."""

        hates: float = 0.0
        notional: float = 1_000.0
        wait_s: int = 5

    class Memory(State):
        """The prices heard, and when it woke up."""

        heard: list[float] = []
        woken: list[int] = []

    @on(PriceObserved)
    def obey(self, price: PriceObserved, context: DeskContext) -> list[Event] | Event | str:
        """What it was told to do."""
        name, told = price.instrument, int(price.quantity)
        self.state.heard.append(price.price)
        if price.price == self.settings.hates:
            message = f"{price.price} is a price I hate"
            raise ValueError(message)
        if told == BUY:
            return context.enter(
                "signal", name, Side.BUY, notional=self.settings.notional, price=price.price, figures={}
            )
        if told == LEAVE:
            return context.leave("exit", name, figures={})
        if told == SKIP:
            return Candidate("signal", name, {"price": price.price}, skip="not_today")
        if told == REST:
            leg = Leg(name, Side.BUY, 10, limit_ticks=900, time_in_force=TimeInForce.GTC)
            return TradeCandidate("bid", name, {}, intent=Intent((leg,)))
        if told in {WAKE, WAKE_LATE}:
            context.wake_at(context.now + self.settings.wait_s * SECOND, "told", late_ok=told == WAKE_LATE)
        if told == LOOP:
            context.wake_at(context.now, "loop")
        return "watching"

    @on(WokeUp)
    def wake(self, event: WokeUp, context: DeskContext) -> str:
        """Note the time; a loop wakes itself again at once."""
        if event.key == "loop":
            context.wake_at(context.now, "loop")
        self.state.woken.append(context.now)
        return "woken"
