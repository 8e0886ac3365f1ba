"""Assembles the core of a session from its configuration: the same parts in every mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tradeworthy.core.agents import Agent
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.core.ports import Outbox, Recorder
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution.accounting import CashMoved, Opened
from tradeworthy.execution.desk import DeskParts
from tradeworthy.execution.fingerprint import Fingerprint
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.order_desk import OrderDesk
from tradeworthy.execution.paper_executor import paper_executor
from tradeworthy.execution.positions import Position
from tradeworthy.execution.settlement import Settlement
from tradeworthy.execution.tally import Tally
from tradeworthy.learning.schedule import LearningSchedule
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.freshness import Freshness
from tradeworthy.market.instruments import Instrument, InstrumentListed
from tradeworthy.market.listing import Listing
from tradeworthy.market.markets import Markets
from tradeworthy.market.marks import Marks
from tradeworthy.market.money import Scale, cash_of
from tradeworthy.market.oracles import Oracles
from tradeworthy.market.panels import Panel, Universe
from tradeworthy.risk.flattener import Flattener
from tradeworthy.risk.guardian import Guardian
from tradeworthy.risk.posture import SurvivalStack
from tradeworthy.risk.script import Script
from tradeworthy.risk.settings import PPM, DeskRisk, ppm_of
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import desk_agents, universes_of
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.sections import InstrumentSettings

CONFIGURED = "configuration"
"""Source of a run's first inputs: what is listed, and the cash it begins with."""


class Account:
    """What desks see of the books: their own positions, orders and capital."""

    def __init__(self, ledger: Ledger, orders: OrderDesk, listing: Listing, shares: dict[str, int]) -> None:
        self._ledger, self._orders, self._listing, self._shares = ledger, orders, listing, shares
        self.position = ledger.position
        self.working = orders.working
        self.scale = listing.scale

    def capital(self, desk: str) -> int:
        """The desk's share of the account at cost, in cash units."""
        return self._ledger.equity_at_cost() * self._shares[desk] // PPM

    def share_ppm(self, desk: str) -> int:
        """The desk's share of the account in millionths."""
        return self._shares[desk]


@dataclass(frozen=True)
class Core:
    """A session's core: the sequencer, and the parts that screens and closing lines read."""

    sequencer: Sequencer
    listing: Listing
    marks: Marks
    markets: Markets
    oracles: Oracles
    freshness: Freshness
    ledger: Ledger
    orders: OrderDesk
    guardian: Guardian
    fingerprint: Fingerprint
    tally: Tally

    def positions(self) -> list[Position]:
        """The open positions."""
        return self.ledger.positions()


def assemble(
    configuration: Configuration,
    recorder: Recorder,
    outbox: Outbox,
    *,
    seed: int,
    record_inputs: bool = True,
    observers: Sequence[Agent] = (),
) -> Core:
    """A core without inputs yet, `observers` first; UsageError if a desk can't be made of its section."""
    listing = Listing()
    marks, markets, oracles = Marks(listing), Markets(), Oracles(configuration.oracles)
    freshness = Freshness(markets, oracles, configuration.freshness)
    ledger, orders = Ledger(listing), OrderDesk(listing)
    venue = paper_executor(configuration.venue, listing, ledger)
    risks = {desk.name: DeskRisk(share=desk.share, on_fault=desk.on_fault) for desk in configuration.desks}
    guardian = Guardian(
        configuration.risk,
        risks,
        ledger=ledger,
        listing=listing,
        marks=marks,
        markets=markets,
        oracles=oracles,
        freshness=freshness,
    )
    fingerprint, tally = Fingerprint(ledger), Tally()
    account = Account(ledger, orders, listing, {name: ppm_of(risk.share) for name, risk in risks.items()})
    universes = universes_of(configuration)
    posture = SurvivalStack(configuration.posture, _bar_ns(configuration), ledger, marks)
    readable = DeskParts(
        *(listing, marks, markets, oracles, freshness, ledger, orders),
        *(account.capital, account.share_ppm, posture.current, configuration.venue),
    )
    agents: list[Agent] = [*observers, listing, marks, markets, oracles, freshness]
    agents += [ledger, orders, Settlement(ledger, markets), venue, guardian, fingerprint, tally]
    agents += _panel_agents(configuration, universes, posture)
    learned = LearningSchedule(configuration.learning) if configuration.on_tokens else None
    agents += _bar_makers(configuration)
    for settings in configuration.desks:
        agents += desk_agents(settings, account, readable, universes, learned)
        agents.append(
            Flattener(settings.name, settings.on_fault, ledger=ledger, orders=orders, listing=listing)
        )
    agents += [learned] if learned else []
    sequencer = Sequencer(agents, codec(), recorder, outbox, seed=seed, record_inputs=record_inputs)
    return Core(
        *(sequencer, listing, marks, markets, oracles, freshness),
        *(ledger, orders, guardian, fingerprint, tally),
    )


def _panel_agents(
    configuration: Configuration, universes: Mapping[str, Universe], posture: SurvivalStack
) -> list[Agent]:
    """What only desks on a panel ask for: the panels, the posture, and the script that the configuration may have."""
    if not universes:
        return []
    script = [Script(configuration.script)] if configuration.script else []
    return [*(Panel(universe) for universe in dict.fromkeys(universes.values())), *script, posture]


def _bar_makers(configuration: Configuration) -> list[Agent]:
    """What makes bars in the session, for desks on tokens."""
    if not configuration.on_tokens:
        return []
    from tradeworthy.runtime.token_parts import bar_makers  # a session loads only the desks that it has

    return bar_makers(configuration)


def _bar_ns(configuration: Configuration) -> int:
    """The shortest of the bars that desks trade, in ns (0: they trade none)."""
    return min((TIMEFRAMES_NS[desk.timeframe] for desk in configuration.desks if desk.on_bars), default=0)


def instruments_of(configuration: Configuration) -> list[Instrument]:
    """The instruments that some desk trades, in order; UsageError for one that can't be listed."""
    traded = {name for desk in configuration.desks for name in desk.instruments}
    return [_instrument(item) for item in configuration.instruments if item.id in traded]


def _instrument(settings: InstrumentSettings) -> Instrument:
    return Scale(Instrument(**settings.model_dump(exclude_none=True))).instrument


def timeframe_of(configuration: Configuration) -> str:
    """The one timeframe that all desks trade ("": they trade no bars); UsageError if there are several."""
    timeframes = sorted({desk.timeframe for desk in configuration.desks})
    if len(timeframes) > 1:
        raise UsageError(
            f"the desks want bars of {' and '.join(timeframes)}; give a session's desks one timeframe"
        )
    return timeframes[0]


def listed_instruments(configuration: Configuration) -> list[Event]:
    """An InstrumentListed for each instrument that some desk trades."""
    return [InstrumentListed(item) for item in instruments_of(configuration)]


def first_inputs(configuration: Configuration, taken_over: Opened | None = None) -> list[Event]:
    """What a new run is told before its feed begins: cash from the configuration, unless it takes over some."""
    initial = taken_over or CashMoved(cash_of(configuration.account.cash), "initial cash")
    return [*listed_instruments(configuration), *_first_of_tokens(configuration), initial]


def _first_of_tokens(configuration: Configuration) -> list[Event]:
    if not configuration.on_tokens:
        return []
    from tradeworthy.runtime.token_parts import first_of_tokens

    return first_of_tokens(configuration)
