"""What the oracles say of the underlyings: last price, its age, volatility, and where a window began."""

from __future__ import annotations

import math

import msgspec
from pydantic import Field

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.settings import Settings
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.instruments import InstrumentDelisted
from tradeworthy.market.volatility import MinuteReturns

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS

RECENT_S = 20 * 60
"""For so long the first price of each second is kept."""

START_S = 5 * 60
STARTS_KEPT_S = 24 * 60 * 60
"""After that, the first price of every five minutes is kept for a day: windows start there."""


class OracleSettings(Settings):
    """How prices of an underlying are judged, and what volatility is believed while there is little data."""

    volatility_prior: float = Field(
        0.6, gt=0, le=5, description="Annualised; what little data is drawn towards."
    )
    prior_minutes: float = Field(30.0, ge=0, description="How many minutes of data the prior weighs.")
    jump_max: float = Field(
        0.05, gt=0, lt=1, description="A larger jump is believed once a second price confirms it."
    )


class Point(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A price, and when the source saw it (UTC ns)."""

    ts: int
    price: float


class Quoted(msgspec.Struct):
    """What is known of one symbol; `held` is a jump that waits for its confirmation (0.0: none).

    `seconds` holds the first price of each of the last seconds, `starts` of each past five minutes; keys count them.
    """

    price: float
    ts_event: int
    arrived_ts: int
    held: float = 0.0
    returns: MinuteReturns = msgspec.field(default_factory=MinuteReturns)
    seconds: dict[int, Point] = {}
    starts: dict[int, Point] = {}


class OraclesState(State):
    """By symbol. `rejected` counts what was no price, or a jump that nothing confirmed."""

    symbols: dict[str, Quoted] = {}
    rejected: dict[str, int] = {}


class Oracles(Agent):
    """The part named `oracles`, fed by every PriceObserved; a symbol is bare (BTC), not an instrument's id.

    No price are 0.0 or less, NaN and infinity (0.0 is how records write "missing"), and what is older than the
    last. A jump beyond `jump_max` is held back until the next price lies within `jump_max` of it; if that
    instead lies near the price before, the jump was an error.
    """

    state: OraclesState

    def __init__(self, settings: OracleSettings) -> None:
        super().__init__("oracles", OraclesState())
        self._settings = settings

    # What others read

    def price(self, symbol: str) -> float | None:
        """The last price that was believed, or None."""
        quoted = self.state.symbols.get(symbol)
        return quoted.price if quoted else None

    def arrived_ts(self, symbol: str) -> int:
        """Session time at which the last believed price arrived, ns; 0 if none has."""
        quoted = self.state.symbols.get(symbol)
        return quoted.arrived_ts if quoted else 0

    def ts_event(self, symbol: str) -> int:
        """The source's time of the last believed price, UTC ns, never later than its arrival; 0 if none."""
        quoted = self.state.symbols.get(symbol)
        return quoted.ts_event if quoted else 0

    def volatility(self, symbol: str) -> float:
        """Annualised volatility of the log returns; the prior for a symbol without a price."""
        quoted = self.state.symbols.get(symbol)
        returns = quoted.returns if quoted else MinuteReturns()
        return returns.annualised(self._settings.volatility_prior, self._settings.prior_minutes)

    def volatility_doubt(self, symbol: str) -> float:
        """The relative standard error of `volatility` from what it rests on: n returns leave 1 / sqrt(2 n)."""
        quoted = self.state.symbols.get(symbol)
        minutes = self._settings.prior_minutes + (quoted.returns.known if quoted else 0)
        return 1.0 / math.sqrt(2.0 * max(1.0, minutes))

    def price_at_start(self, symbol: str, ts: int, tolerance_ns: int) -> float | None:
        """The first price at or after `ts` by the source's clock, at most `tolerance_ns` later; else None.

        Exact for a `ts` on a whole second of the last twenty minutes, and on five whole minutes of the last
        day. For another `ts` it is the first of the prices kept (one each second, its first) that is not
        before it. A price that is still to come is None.
        """
        quoted = self.state.symbols.get(symbol)
        if quoted is None or tolerance_ns < 0:
            return None
        start = quoted.starts.get(ts // (START_S * SECOND_NS))
        if start is not None and ts <= start.ts <= ts + tolerance_ns and ts % (START_S * SECOND_NS) == 0:
            return start.price
        last = min(ts + tolerance_ns, quoted.ts_event)
        for second in range(ts // SECOND_NS, last // SECOND_NS + 1):
            point = quoted.seconds.get(second)
            if point is not None and ts <= point.ts <= last:
                return point.price
        return None

    # What moves it

    @on(PriceObserved)
    def hear(self, event: PriceObserved, context: Context) -> None:
        """Believe the price, hold it back, or count it as none."""
        price, symbol, now = event.price, event.instrument, context.now
        ts = min(event.ts_event, now)
        quoted = self.state.symbols.get(symbol)
        if not (price > 0.0 and math.isfinite(price)) or (quoted is not None and ts < quoted.ts_event):
            self._reject(symbol)
            return
        if quoted is None:
            quoted = self.state.symbols[symbol] = Quoted(price, ts, now)
        elif self._jumps(quoted.price, price):
            if not quoted.held or self._jumps(quoted.held, price):
                if quoted.held:
                    self._reject(symbol)
                quoted.held = price
                return
        elif quoted.held:
            self._reject(symbol)
        quoted.price, quoted.ts_event, quoted.arrived_ts, quoted.held = price, ts, now, 0.0
        quoted.returns.feed(ts, price)
        _keep(quoted, ts, price)

    @on(InstrumentDelisted)
    def forget(self, event: InstrumentDelisted, _: Context) -> None:
        """Drop an instrument whose prices were heard as well."""
        self.state.symbols.pop(event.instrument, None)
        self.state.rejected.pop(event.instrument, None)

    def _jumps(self, old: float, new: float) -> bool:
        return abs(new - old) > self._settings.jump_max * old

    def _reject(self, symbol: str) -> None:
        self.state.rejected[symbol] = self.state.rejected.get(symbol, 0) + 1


def _keep(quoted: Quoted, ts: int, price: float) -> None:
    """Keep the first price of a second, and of what grows old the first of each five minutes."""
    second = ts // SECOND_NS
    if second in quoted.seconds:
        return
    seconds, starts = quoted.seconds, quoted.starts
    point = seconds[second] = Point(ts, price)
    starts.setdefault(second // START_S, point)
    _drop_before(seconds, second - RECENT_S)
    _drop_before(starts, (second - STARTS_KEPT_S) // START_S)


def _drop_before(points: dict[int, Point], oldest: int) -> None:
    """Drop the points of keys below `oldest`; keys were added in rising order."""
    while (first := next(iter(points))) < oldest:
        del points[first]
