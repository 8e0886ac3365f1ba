"""What capital a new run's panel desks begin with: their ledger's, else the store's, else the configuration's.

The journal goes before all of them: a run that is gone on with, or taken over from, has its books from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import structlog

from tradeworthy.core.errors import UsageError
from tradeworthy.execution.accounting import Opened
from tradeworthy.gateways.capital_ledger import LedgerLine, ns_of, read_ledger, set_aside
from tradeworthy.market.money import cash_of, cash_text
from tradeworthy.risk.settings import PPM
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan
from tradeworthy.runtime.state_keeping import KeptDesk, kept_desks

log = structlog.get_logger()

Read = Callable[[str], Mapping[str, Any]]
"""What stands at a key of the state store, empty if nothing of ours does."""


class LedgerStood(msgspec.Struct, frozen=True):
    """Where the ledger stood when the store was written."""

    seq: int
    capital_close: Decimal


class Stored(msgspec.Struct, frozen=True):
    """What the store says of a desk; `ts` is session time."""

    configuration: str
    feed: str
    strategy: str
    ts: str
    capital: Decimal
    ledger: LedgerStood | None = None

    @property
    def seq(self) -> int:
        """Of the ledger's line that it knows (0: none)."""
        return self.ledger.seq if self.ledger else 0


class Capital(NamedTuple):
    """A desk's capital in cash units, and which source says so, as of which line of the ledger."""

    cash: int
    source: str
    seq: int


def taken_over(plan: Plan, home: Home, feed: str, read: Read, start_ts: int) -> Opened | None:
    """What a run of `plan` on the feed of that name begins with at `start_ts`, session time; None: what it configures.

    A `fresh` one sets the ledgers aside. UsageError if a ledger is damaged, two sources contradict each other, or
    nothing is left to trade with.
    """
    configuration = plan.configuration
    desks = kept_desks(configuration, home, feed)
    if plan.fresh:
        for desk in desks:
            if kept := set_aside(desk.ledger):
                log.info("ledger_set_aside", desk=desk.desk, ledger=str(kept))
        return None
    cash = cash_of(configuration.account.cash)
    total, capitals = cash, dict[str, int]()
    for desk in desks:
        stored = stored_of(read(desk.state_key), desk.state_key)
        whose = configuration.name, feed, desk.strategy
        if stored and (stored.configuration, stored.feed, stored.strategy) != whose:
            stored = None
        found = capital_of(desk, read_ledger(desk.ledger), stored, start_ts)
        if found is None:
            continue
        said = {"source": found.source, "seq": found.seq, "capital": cash_text(found.cash)}
        log.info("capital_resumed", desk=desk.desk, **said)
        capitals[desk.desk] = found.cash
        total += found.cash - cash * desk.share_ppm // PPM
    return Opened("ledger", total, (), capitals=capitals) if capitals else None


def stored_of(found: Mapping[str, Any], key: str) -> Stored | None:
    """What stands at `key`, None for nothing; UsageError if it is no state of a desk."""
    if not found:
        return None
    try:
        stored = msgspec.convert(found, Stored)
        ns_of(stored.ts)
    except (msgspec.ValidationError, ValueError) as error:
        raise UsageError(f"{key} of the state store is no state of a desk ({error}): delete it") from error
    return stored


def capital_of(
    desk: KeptDesk, lines: Sequence[LedgerLine], stored: Stored | None, start_ts: int
) -> Capital | None:
    """The capital of a desk whose run begins at `start_ts` (UTC ns), by its ledger, else by what the store has.

    A line counts if it was over by then: a run over recorded dates again begins as the first one did. None if neither
    says anything of the time before.
    """
    known = stored.ledger if stored else None
    for line in lines:
        if known and known.seq == line.seq and known.capital_close != line.capital_close:
            raise UsageError(
                f"ledger {desk.ledger} line {line.seq} closes with {line.capital_close}, and {desk.state_key} of the"
                f" state store says {known.capital_close} of it: find out which is right, and delete the other"
            )
    before = [line for line in lines if line.until_ts <= start_ts]
    if before:
        found = Capital(before[-1].capital, "ledger", before[-1].seq)
    elif lines or stored is None or ns_of(stored.ts) > start_ts:
        return None
    else:
        found = Capital(cash_of(stored.capital), "store", stored.seq)
    if found.cash <= 0:
        raise UsageError(
            f"desk {desk.desk} has {cash_text(found.cash)} left by its {found.source}: put its ledger"
            f" {desk.ledger} aside, or begin with --fresh"
        )
    return found
