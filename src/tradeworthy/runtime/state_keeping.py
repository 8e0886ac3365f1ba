"""Keeps the capital ledger and the state store of a session's panel desks in step with its durable journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradeworthy.core.packets import Packet
from tradeworthy.gateways.capital_ledger import LEDGER, CapitalLedger, LedgerLine, amount_of
from tradeworthy.gateways.ledger_export import Account, LedgerExport
from tradeworthy.gateways.state_values import (
    SCAN,
    DeskStanding,
    FeatureValues,
    InstrumentOf,
    ledger_fields,
    line_fields,
)
from tradeworthy.journal.segments import Header
from tradeworthy.market.bars import TIMEFRAMES_NS, utc_text
from tradeworthy.risk.settings import ppm_of
from tradeworthy.runtime.assembly import Core
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.desks import SECOND_NS, built_in_settings
from tradeworthy.runtime.home import Home
from tradeworthy.store.values import Ids

NO_LEDGERS = frozenset({"runs", "catalog", "postgres", "redis"})
"""The home folder's own folders, which may be large."""


@dataclass(frozen=True)
class KeptDesk:
    """A desk whose capital is kept: its share in millionths, its keys in the store, and its ledger's file."""

    desk: str
    strategy: str
    share_ppm: int
    grace_ns: int
    state_key: str
    pnl_key: str
    ledger: Path


def kept_desks(configuration: Configuration, home: Home, feed: str) -> list[KeptDesk]:
    """The desks on panels.

    The ledger is `<log_dir>/<configuration>-<feed>/ledger.jsonl` in the home folder: what one strategy made on the
    simulator is no capital on recorded data.
    """
    kept: list[KeptDesk] = []
    for desk in configuration.desks:
        if not desk.on_panel:
            continue
        own = built_in_settings(desk)
        path = home.path / own.log_dir / f"{configuration.name}-{feed}" / LEDGER
        shares = ppm_of(desk.share), round(own.grace_s * SECOND_NS)
        kept.append(KeptDesk(desk.name, own.strategy_name, *shares, own.state_key, own.pnl_key, path))
    return kept


def ledgers_in(home: Home) -> list[Path]:
    """The ledgers under the home folder, those that were set aside among them."""
    folders = (one for one in home.path.iterdir() if one.is_dir() and one.name not in NO_LEDGERS)
    return sorted(path for folder in folders for path in folder.glob("**/ledger*.jsonl"))


def report_age_ns(configuration: Configuration) -> int:
    """How old what another process says may be: `posture.report_max_bars` of the shortest bars on a panel."""
    bars = [TIMEFRAMES_NS[desk.timeframe] for desk in configuration.desks if desk.on_panel]
    return configuration.posture.report_max_bars * min(bars, default=0)


Put = Callable[..., None]
"""StateStore.put."""


class StateKeeping:
    """A listener of the journal: a day goes to the ledger first, and to the store once it is durable there.

    `feed` is the feed's name. UsageError if a ledger is damaged.
    """

    def __init__(
        self,
        configuration: Configuration,
        desks: list[KeptDesk],
        feed: str,
        header: Header,
        instrument_of: InstrumentOf,
        put: Put,
    ) -> None:
        self._put, self._shown = put, 0
        self._desks = [_Desk(one, _account(one, header), configuration.name, feed) for one in desks]
        traded = {name for desk in configuration.desks if desk.on_panel for name in desk.instruments}
        self._features = FeatureValues(frozenset(traded), instrument_of)

    def take(self, packet: Packet) -> None:
        """Follow one packet on record."""
        for desk in self._desks:
            desk.take(packet, self._put)
        for key, fields in self._features.take(packet):
            self._put(key, packet.ts, fields)

    def catch_up(self, packets: Iterable[Packet]) -> None:
        """Follow what earlier lives of the run have on record; UsageError if a ledger contradicts it."""
        for desk in self._desks:
            desk.export.checks = True
        for packet in packets:
            self.take(packet)
        for desk in self._desks:
            desk.export.checks = False

    def show(self, core: Core) -> None:
        """Tell the store what the desks' last bars came to: between two turns, in the session's thread."""
        if core.sequencer.now > self._shown:
            self._shown = core.sequencer.now
            self._put(SCAN, self._shown, scan_fields(core, [desk.kept.desk for desk in self._desks]))

    def close(self) -> None:
        """Write the days that the disk has refused so far, if it takes them now."""
        for desk in self._desks:
            desk.flush(self._put)


def scan_fields(core: Core, desks: Sequence[str]) -> dict[str, Any]:
    """What the steps answered to each desk's last bar; a desk without one is left out."""
    found: dict[str, dict[str, Any]] = {}
    for desk in desks:
        agent: Any = core.sequencer.agents[desk]
        features, memory = agent.answered
        if features.ts:
            found[desk] = {
                "bar": utc_text(int(features.ts)),
                "bar_idx": int(features.bar),
                "assets": int(features.assets),
                "velocities": [float(one) for one in features.velocity],
                "vel_div": float(features.vel_div),
                "instability": float(features.instability),
                "volatility": float(features.volatility),
                "vol_p60": float(features.vol_p60),
                "beta": float(features.beta),
                "regime_size_mult": float(memory.regime),
            }
    return {"desks": found}


class _Desk:
    """One desk's ledger and standing."""

    def __init__(self, kept: KeptDesk, account: Account, configuration: str, feed: str) -> None:
        self.kept = kept
        self.export = LedgerExport(account, CapitalLedger(kept.ledger))
        self._standing = DeskStanding(kept.desk, Ids(account.run).of)
        self._whose = {
            "configuration": configuration,
            "feed": feed,
            "run": account.run,
            "strategy": kept.strategy,
            "desk": kept.desk,
        }
        self._told = 0
        self._ts = 0

    def take(self, packet: Packet, put: Put) -> None:
        """Follow one packet."""
        self._ts = packet.ts
        lines = self.export.take(packet)
        changed = self._standing.take(packet)
        self._tell(lines, put)
        capital = self.export.book.capital
        if lines or changed or capital != self._told:
            self._told = capital
            put(self.kept.state_key, packet.ts, self._state())

    def flush(self, put: Put) -> None:
        """Write the lines that wait."""
        lines = self.export.flush()
        self._tell(lines, put)
        if lines:
            put(self.kept.state_key, self._ts, self._state())

    def _tell(self, lines: list[LedgerLine], put: Put) -> None:
        for line in lines:
            put(f"{self.kept.pnl_key}:{line.date}", line.until_ts, line_fields(line), once=True)

    def _state(self) -> Mapping[str, Any]:
        export, standing = self.export, self._standing
        return {
            **self._whose,
            "capital": amount_of(export.book.capital),
            "position": standing.position,
            "trade": standing.trade,
            "ledger": ledger_fields(export.ledger.last),
        }


def _account(kept: KeptDesk, header: Header) -> Account:
    config = hashlib.sha256(json.dumps(header.configuration, sort_keys=True).encode()).hexdigest()
    return Account(
        kept.desk, kept.share_ppm, kept.strategy, kept.grace_ns, header.run, header.decision_hash, config
    )
