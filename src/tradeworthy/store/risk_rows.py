"""Refusals, halts, operators and health as rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tradeworthy.core.candidates import Decision
from tradeworthy.core.events import Quarantined
from tradeworthy.core.packets import Packet
from tradeworthy.risk.operators import HaltChanged, HealthObserved, Operator
from tradeworthy.store.changes import Changes, Row
from tradeworthy.store.values import Ids, at, json_of

CRASHED = "crashed"
"""How the word of a gateway ends that fell, and is started again."""


class RiskRows:
    """Makes the rows of `risk_events`, `halts` and `agent_health`; `halts` are those in force by desk, kept up."""

    def __init__(self, run: str, ids: Ids, halts: dict[str, list[UUID]]) -> None:
        self._run, self._ids, self._halts = run, ids, halts

    def add(self, packet: Packet, changes: Changes) -> None:
        """Note one packet; most make no row here."""
        event = packet.event
        if isinstance(event, Decision):
            if not event.approved:
                changes.add("risk_events", self._refusal(packet, event))
        elif isinstance(event, HaltChanged):
            self._halt(packet, event, changes)
        elif isinstance(event, Operator):
            row = self._row(packet, "operator", event.desk, event.command_name.value, event.by)
            changes.add("risk_events", row | {"reason": event.reason})
        elif isinstance(event, Quarantined):
            row = self._row(packet, "quarantined", event.desk, "handler_raised", "")
            changes.add("risk_events", row | {"reason": event.error})
            self._health(packet, changes, event.desk or "all", crashes=1, ok=False, word=event.error)
        elif isinstance(event, HealthObserved):
            told: dict[str, Any] = {"ok": event.ok, "word": event.word, "figure": event.figure}
            fell = event.word.endswith(CRASHED)
            self._health(packet, changes, event.part, crashes=int(fell), **told)

    def _row(self, packet: Packet, kind: str, desk: str, rule: str, by: str) -> Row:
        head = {
            "id": self._ids.of(packet.seq),
            "run": self._run,
            "seq": packet.seq,
            "created_at": at(packet.ts),
        }
        return {**head, "kind": kind, "desk": desk, "rule": rule, "by": by}

    def _refusal(self, packet: Packet, event: Decision) -> Row:
        return {
            **self._row(packet, "rejected", event.desk, event.reason, event.by),
            "reason": "",
            "candidate": event.candidate,
            "figures": json_of(event.figures),
            "limits": json_of(event.limits),
        }

    def _halt(self, packet: Packet, event: HaltChanged, changes: Changes) -> None:
        kind = "halted" if event.halted else "released"
        told = self._row(packet, kind, event.desk, event.rule, event.by) | {"reason": event.reason}
        changes.add("risk_events", told)
        if event.halted:
            row = {name: value for name, value in told.items() if name != "kind"}
            self._halts.setdefault(event.desk, []).append(row["id"])
            changes.add("halts", row)
            return
        for halt in self._halts.pop(event.desk, ()):
            row = {
                "id": halt,
                "released_at": at(packet.ts),
                "released_by": event.by,
                "release_reason": event.reason,
            }
            changes.change("halts", row)

    def _health(self, packet: Packet, changes: Changes, part: str, **values: Any) -> None:
        row = {"run": self._run, "part": part, "updated_at": at(packet.ts)}
        changes.change("agent_health", row | values)
