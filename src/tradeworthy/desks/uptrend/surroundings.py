"""What a decision on a row is made in: the levers, the thresholds, what bounds a buy, and the rest of the book."""

from __future__ import annotations

from tradeworthy.core.agents import State
from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.attention import Attention
from tradeworthy.desks.uptrend.config import ManagerSettings
from tradeworthy.desks.uptrend.holdings import Holding, Pending
from tradeworthy.desks.uptrend.levers import Levers, intents_of, levers
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Row
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.regime import Regime
from tradeworthy.desks.uptrend.sizing import ILLIQUID, Read, Room
from tradeworthy.desks.uptrend.thresholds import Thresholds
from tradeworthy.desks.uptrend.trader import RowState, Trader
from tradeworthy.execution.accounting import PPM
from tradeworthy.execution.desk import DeskParts
from tradeworthy.learning.events import Scope
from tradeworthy.learning.scopes import build_scope, mode_of
from tradeworthy.learning.skew import Exposed
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.money import Scale

BPS = 10_000.0


class ManagerState(State):
    """Books and actions under way by row key, the latter's row by candidate, and what is known of each instrument."""

    holdings: dict[str, Holding] = {}
    pending: dict[str, Pending] = {}
    candidates: dict[int, str] = {}
    tokens: dict[str, Attention] = {}


class Surroundings:
    """What the position manager of `desk` reads of the other parts; it changes none of it."""

    def __init__(
        self,
        desk: str,
        settings: ManagerSettings,
        parts: DeskParts,
        trader: Trader,
        thresholds: Thresholds,
        regime: Regime,
    ) -> None:
        self._desk, self._settings, self._parts = desk, settings, parts
        self._trader, self._thresholds, self._regime = trader, thresholds, regime

    def ticks_of_buy(self, scale: Scale, price: float) -> int:
        """What a buy pays when the mark is `price`: with the slippage that the venue assumes, rounded against us."""
        venue = self._parts.venue
        beyond = float(venue.slippage_bps) / BPS if venue.fills == "maker_draw" else 0.0
        return scale.ticks_of(price * (1.0 + beyond), Side.BUY)

    def levers(self, row: RowState, payload: Payload, state: ManagerState) -> Levers:
        """A and E for the payload's bar; what was forced goes before what is set, and that before the regime."""
        settings = self._settings
        if settings.levers == "fixed":
            found = Levers(settings.fixed_a, settings.fixed_e)
        else:
            now = payload.bar_ts + TIMEFRAMES_NS[row.timeframe]
            regime, token = self._regime.read(), state.tokens.get(row.instrument) or Attention()
            found = levers(
                meso=regime.meso,
                macro=regime.macro,
                cut_pressure=regime.cut_pressure,
                active=sum(1 for one in state.holdings.values() if one.trade),
                intents=intents_of(token.mentions, now),
                age_h=token.age_h(now),
                market_cap=token.market_cap,
            )
        a, e = payload.forced_a, payload.forced_e
        return Levers(found.a if a is None else a, found.e if e is None else e)

    def scope(self, row: RowState, lever: Levers) -> Scope:
        """The scope of a decision on `row`."""
        regime = self._regime.read().scope
        return build_scope(row.entry_context, timeframe=row.timeframe, a=lever.a, e=lever.e, regime=regime)

    def read(self, row: RowState, now: int, a: float | None = None) -> Read:
        """The thresholds that hold for `row` at session time `now`, and at lever `a` if it matters."""
        phase, level = self._regime.read().meso, "" if a is None else mode_of(a)

        def read(key: str, default: float) -> float:
            return self._thresholds.read(key, default, now, timeframe=row.timeframe, phase=phase, level=level)

        return read

    def equity(self) -> int:
        """The desk's share of the account at the marks, in cash units."""
        parts = self._parts
        return parts.ledger.equity(parts.marks) * parts.share_ppm(self._desk) // PPM

    def value(self, holding: Holding) -> int:
        """Cash units that the open trade's lots are worth at the mark; what they cost where there is none."""
        if holding.lots <= 0:
            return 0
        value = self._parts.marks.value(holding.instrument, holding.lots)
        return holding.net_spent if value is None else value

    def room(self, row: RowState, cap: int, state: ManagerState, read: Read) -> Room:
        """What is left of `cap`, the row's own, of the token's over its rows, and of the pool's share."""
        settings, caps, deployed = self._settings, 0, 0
        for timeframe in TIMEFRAMES:
            key = Row(row.instrument, timeframe).key
            other, held, coming = self._trader.row(key), state.holdings.get(key), state.pending.get(key)
            caps += other.cap if other else 0
            deployed += (held.net_spent if held else 0) + (coming.reserved if coming else 0)
        own = state.holdings.get(row.position)
        left = cap - (own.net_spent if own else 0)
        least = int(read("dust_usd", settings.dust_usd) * CASH_UNIT)
        token = int(read("token_cap", settings.token_cap) * caps) - deployed
        liquidity = (state.tokens.get(row.instrument) or Attention()).liquidity_usd
        if liquidity is None:
            return Room(left, token, least=least)
        barred = ILLIQUID if liquidity < read("liquidity_min_usd", settings.liquidity_min_usd) else ""
        share = read("liquidity_share_max", settings.liquidity_share_max)
        return Room(left, token, int(share * liquidity * CASH_UNIT), barred, least)

    def exposed(self, equity: int, state: ManagerState) -> list[Exposed]:
        """What each row has at stake or is about to have, in percent of `equity`."""
        found: list[Exposed] = []
        for key, holding in state.holdings.items():
            pending = state.pending.get(key)
            stake = max(self.value(holding), pending.reserved if pending else 0)
            if stake <= 0 or equity <= 0:
                continue
            pattern, scope = holding.pattern_key, holding.scope
            if pending is not None and not holding.trade:
                pattern, scope = pending.action.pattern_key, pending.scope
            found.append(Exposed(key, pattern, scope, 100.0 * stake / equity))
        return found


def figures_of(pending: Pending, more: dict[str, Figure]) -> dict[str, Figure]:
    """All that a candidate rests on; money in cash units."""
    multipliers: dict[str, Figure] = {
        "pm_strength": pending.strength,
        "exposure_skew": pending.skew,
        "pm_final_multiplier": pending.strength * pending.skew,
        "size_frac": pending.size_frac,
        "size_frac_base": pending.action.size_frac,
    }
    return {**pending.signals, **pending.action.reasons, **multipliers, **more}
