"""Buys a close above the highest high of the bars before it, and leaves after a number of bars."""

from tradeworthy import BarClosed, Candidate, Desk, DeskContext, Event, Side, State, on


class Breakout(Desk):
    """One long position an instrument, each with an equal part of nine tenths of the capital."""

    class Settings(Desk.Settings):
        """`lookback`: bars that make the ceiling. `hold`: bars until the exit."""

        lookback: int = 60
        hold: int = 30

    class Memory(State):
        """Of each instrument: the last `lookback` highs, and the highest of them."""

        highs: dict[str, list[float]] = {}
        ceilings: dict[str, float] = {}

    @on(BarClosed)
    def decide(self, bar: BarClosed, context: DeskContext) -> Event | str:
        """A candidate, or the reason why there is none."""
        lookback, hold = self.settings.lookback, self.settings.hold
        highs = self.state.highs.setdefault(bar.instrument, [])
        ceiling = self.state.ceilings.get(bar.instrument, 0.0)
        highs.append(bar.high)
        left = highs.pop(0) if len(highs) > lookback else 0.0
        self.state.ceilings[bar.instrument] = max(highs) if left == ceiling else max(ceiling, bar.high)
        if not left:
            return "warming_up"
        holding = context.position(bar.instrument).lots > 0
        if not holding and bar.close <= ceiling:
            return "inside_range"
        if context.working(bar.instrument):
            return "order_working"
        figures = {"close": bar.close, "ceiling": ceiling}
        if holding and context.bars_held(bar.instrument) >= hold:
            return context.leave("held", bar.instrument, figures=figures)
        if bar.close <= ceiling:
            return "holding"
        if holding:
            return Candidate("breakout", bar.instrument, figures, skip="already_long")
        notional = 0.9 * context.capital() / len(self.instruments)
        return context.enter(
            "breakout", bar.instrument, Side.BUY, notional=notional, price=bar.close, figures=figures
        )
