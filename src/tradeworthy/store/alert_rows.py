"""Alerts as rows, by the rules of the risk room, and what those remember of a run that is gone on with."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg

from tradeworthy.core.packets import Packet
from tradeworthy.market.money import cash_of
from tradeworthy.store.alert_rules import AlertRules
from tradeworthy.store.alerts import TITLES_MAX, AlertState, Held
from tradeworthy.store.changes import Changes
from tradeworthy.store.values import Ids, at

Connection = psycopg.Connection[Any]


class AlertRows:
    """Makes the rows of `alerts`; `state` is kept up."""

    def __init__(self, run: str, ids: Ids, state: AlertState) -> None:
        self._run, self._ids, self._rules = run, ids, AlertRules(state)

    def add(self, packet: Packet, changes: Changes) -> None:
        """Note one packet; most make no row here."""
        for number, alert in enumerate(self._rules.take(packet)):
            row = {
                "id": self._ids.named(f"alert/{packet.seq}/{number}"),
                "run": self._run,
                "seq": packet.seq,
                "created_at": at(packet.ts),
                "severity": alert.severity.value,
                "key": alert.key,
                "title": alert.title,
                "text": alert.text,
            }
            changes.add("alerts", row)


def known_alerts(connection: Connection, run: str, *, begun: bool) -> AlertState:
    """What the rules remember of `run`; of one that was `begun` before there were alerts, what it holds."""
    found = connection.execute("SELECT alert_state FROM runs WHERE run = %s", [run]).fetchone()
    if found is not None and found[0] is not None:
        return msgspec.convert(found[0], AlertState)
    if not begun:
        return AlertState()
    held = connection.execute(
        "SELECT desk, position, instrument, lots, cost FROM positions WHERE run = %s AND lots <> 0", [run]
    )
    kept = {
        f"{desk}/{position}": Held(instrument, lots, cash_of(cost))
        for desk, position, instrument, lots, cost in held
    }
    opened = connection.execute(
        "SELECT market, title FROM markets WHERE run = %s AND status <> 'resolved' AND title IS NOT NULL"
        " ORDER BY opened_at LIMIT %s",
        [run, TITLES_MAX],
    )
    return AlertState(started=True, held=kept, titles=dict(opened.fetchall()))
