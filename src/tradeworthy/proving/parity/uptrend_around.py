"""What the batch engine's decisions are made in: thresholds, phases, levers, bounds of a buy, the rest of the book."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tradeworthy.desks.uptrend.attention import Attention
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.holdings import Pending
from tradeworthy.desks.uptrend.levers import Levers, intents_of, levers
from tradeworthy.desks.uptrend.names import Row
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.regime import BARS, HORIZONS, Phase, lens, next_phase
from tradeworthy.desks.uptrend.sizing import Read, Room
from tradeworthy.desks.uptrend.thresholds import configured_thresholds
from tradeworthy.learning.events import Scope
from tradeworthy.learning.scopes import build_scope, mode_of
from tradeworthy.learning.skew import Exposed
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.proving.parity.uptrend_account import Account
from tradeworthy.proving.parity.uptrend_rows import Rows, Standing


@dataclass
class Around:
    """Reads rows, account and what is under way (`pending`, by row key); it changes the phases alone."""

    settings: UptrendSettings
    environment: Mapping[str, float]
    rows: Rows
    account: Account
    pending: dict[str, Pending]
    phases: dict[str, Phase] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the thresholds that the configuration gives."""
        entries = configured_thresholds(self.settings.thresholds)
        self._entries = {(one.key, one.timeframe, one.phase, one.a_level): one.value for one in entries}

    # Phases

    def see_bar(self, row: Row, now: int) -> None:
        """Judge the phases anew if the bar is of the regime's instrument."""
        regime = self.settings.regime
        if row != Row(regime.instrument, regime.timeframe) or not regime.instrument:
            return
        closes = self.rows.window(row, BARS).close
        for horizon in HORIZONS:
            if len(closes) >= horizon.bars:
                before = self.phases.get(horizon.name, Phase())
                self.phases[horizon.name] = next_phase(before, lens(closes, horizon), horizon, now)

    def phase(self, horizon: str) -> str:
        """The phase of a horizon ("": unknown)."""
        return self.phases.get(horizon, Phase()).label

    # Thresholds and levers

    def read(self, timeframe: str, a: float | None = None) -> Read:
        """The thresholds of a row of `timeframe`, at lever `a` if it matters; the exact entry, else the next."""
        phase, level = self.phase("meso"), "" if a is None else mode_of(a)

        def read(key: str, default: float) -> float:
            if key in self.environment:
                return self.environment[key]
            places = ((timeframe, phase, level), (timeframe, phase, ""), (timeframe, "", ""), ("", "", ""))
            for place in places:
                found = self._entries.get((key, *place))
                if found is not None:
                    return found
            return default

        return read

    def levers(self, one: Standing, payload: Payload) -> Levers:
        """A and E at the payload's bar."""
        manager = self.settings.manager
        if manager.levers == "fixed":
            return Levers(manager.fixed_a, manager.fixed_e)
        now = payload.bar_ts + TIMEFRAMES_NS[one.row.timeframe]
        token = self._token(one)
        return levers(
            meso=self.phase("meso"),
            macro=self.phase("macro"),
            cut_pressure=self.settings.regime.cut_pressure,
            active=sum(bool(other.holding.trade) for other in self.rows.standing.values()),
            intents=intents_of(token.mentions, now),
            age_h=token.age_h(now),
            market_cap=token.market_cap,
        )

    def scope(self, one: Standing, lever: Levers) -> Scope:
        """The circumstances in the words of lessons."""
        regime = {f"{name}_phase": phase.label for name, phase in self.phases.items() if phase.label}
        row = one.row
        return build_scope(row.entry_context, timeframe=row.timeframe, a=lever.a, e=lever.e, regime=regime)

    # The book

    def value(self, one: Standing) -> int:
        """Cash units that the open trade's lots are worth at the last close."""
        lots = one.holding.lots
        return self.account.value(one.row.instrument, lots) if lots > 0 else 0

    def room(self, one: Standing, cap: int, read: Read) -> Room:
        """What is left of the row's `cap` and of its token's, in cash units; no pool is known."""
        family = self.rows.of(one.row.instrument)
        deployed = 0
        for other in family:
            pending = self.pending.get(other.row.position)
            deployed += other.holding.net_spent + (pending.reserved if pending else 0)
        manager = self.settings.manager
        token = int(read("token_cap", manager.token_cap) * sum(other.row.cap for other in family))
        least = int(read("dust_usd", manager.dust_usd) * CASH_UNIT)
        return Room(cap - one.holding.net_spent, token - deployed, least=least)

    def exposed(self, equity: int) -> list[Exposed]:
        """What each row has at stake or is about to have, in percent of `equity`."""
        found: list[Exposed] = []
        for key, one in self.rows.standing.items():
            holding, pending = one.holding, self.pending.get(key)
            stake = max(self.value(one), pending.reserved if pending else 0)
            if stake <= 0 or equity <= 0:
                continue
            pattern, scope = holding.pattern_key, holding.scope
            if pending is not None and not holding.trade:
                pattern, scope = pending.action.pattern_key, pending.scope
            found.append(Exposed(key, pattern, scope, 100.0 * stake / equity))
        return found

    def _token(self, one: Standing) -> Attention:
        return self.rows.tokens.get(one.row.instrument) or Attention()
