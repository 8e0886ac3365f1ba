"""What was learned, as rows: facts and windows, lessons and overrides, thresholds and curators.

Lessons, overrides and curators come as whole tables: a row that is not in the new one is archived, never deleted.
Of lessons and overrides only what changed is written, by its mark: thousands come each hour, and most stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from tradeworthy.core.events import Event
from tradeworthy.core.packets import Packet
from tradeworthy.desks.uptrend.events import CuratorsChanged, WindowClosed, WindowResolved
from tradeworthy.learning.events import (
    ActionsImported,
    EpisodeFact,
    Job,
    JobAnswered,
    Lesson,
    Override,
    OverrideRolledBack,
    OverridesChanged,
    ThresholdsChanged,
    TradeFact,
)
from tradeworthy.learning.scopes import subset_key
from tradeworthy.store.changes import Changes, Row
from tradeworthy.store.strand_rows import position_id, trade_id_of
from tradeworthy.store.values import Ids, at, decimal_near, json_of

Maker = Callable[["LearningRows", Packet, Any, Changes], None]

ACTIVE, ARCHIVED = "active", "archived"
LESSON_TYPES = {Job.LESSONS: "pm_strength", Job.TUNING: "tuning_rates"}
_encode = msgspec.msgpack.Encoder().encode

REMOVED = "removed"
"""The status of a curator who is not in the newest list."""


class KnownLearning(msgspec.Struct):
    """What these rows rest on besides their packets.

    `lessons` are the marks of those that are active, by lesson type and id; `overrides` the marks of all that have a
    row ("": it left the table); `curators` all that have a row, and whether they are listed.
    """

    lessons: dict[str, dict[UUID, str]] = {}
    overrides: dict[str, str] = {}
    curators: dict[str, bool] = {}


class LearningRows:
    """Makes the rows of what was learned; `known` is kept up."""

    def __init__(self, run: str, ids: Ids, known: KnownLearning) -> None:
        self._run, self._ids, self._known = run, ids, known

    def add(self, packet: Packet, changes: Changes) -> None:
        """Note one packet; most make no row here."""
        maker = self._MAKERS.get(type(packet.event))
        if maker is not None:
            maker(self, packet, packet.event, changes)

    def _head(self, packet: Packet, row: UUID) -> Row:
        return {"id": row, "run": self._run, "seq": packet.seq, "created_at": at(packet.ts)}

    def _answered(self, packet: Packet, event: JobAnswered, changes: Changes) -> None:
        if event.error:
            return
        for fact in event.facts:
            changes.change("pattern_trade_events", self._fact(packet, fact))
        if event.job in LESSON_TYPES:
            self._lessons(packet, LESSON_TYPES[event.job], event, changes)

    def _fact(self, packet: Packet, fact: TradeFact) -> Row:
        return {
            **self._head(packet, self._ids.named(f"fact/{fact.trade}/{fact.action}")),
            "pattern_key": fact.pattern_key,
            "action_category": fact.action_category,
            "scope": json_of(fact.scope),
            "rr": fact.rr,
            "pnl_usd": decimal_near(fact.pnl_usd),
            "trade_id": trade_id_of(self._ids, fact.trade),
            "trade": fact.trade,
            "action": fact.action,
            "ts": fact.ts,
            "timestamp": at(fact.ts),
        }

    def _lessons(self, packet: Packet, lesson_type: str, event: JobAnswered, changes: Changes) -> None:
        """The whole table of one type."""
        before = self._known.lessons.get(lesson_type, {})
        now: dict[UUID, str] = {}
        for lesson in event.lessons:
            key = subset_key(lesson.pattern_key, lesson.action_category, lesson.scope_subset)
            row, mark = self._ids.named(f"lesson/{lesson.module}/{key}"), mark_of(lesson)
            if before.get(row) != mark:
                changes.change("learning_lessons", self._lesson(packet, row, lesson, mark, event.as_of))
            if lesson.status == ACTIVE:
                now[row] = mark
        for gone in sorted(before.keys() - now.keys()):
            archived = {"status": ARCHIVED, "updated_at": at(packet.ts), "content_mark": ""}
            changes.change("learning_lessons", self._head(packet, gone) | archived)
        self._known.lessons[lesson_type] = now

    def _lesson(self, packet: Packet, row: UUID, lesson: Lesson, mark: str, as_of: int) -> Row:
        return {
            **self._head(packet, row),
            "module": lesson.module,
            "pattern_key": lesson.pattern_key,
            "action_category": lesson.action_category,
            "scope_subset": json_of(lesson.scope_subset),
            "n": lesson.n,
            "stats": json_of(lesson.stats),
            "lesson_type": lesson.lesson_type,
            "decay_halflife_hours": lesson.decay_halflife_hours,
            "status": lesson.status,
            "updated_at": at(packet.ts),
            "as_of": as_of,
            "content_mark": mark,
        }

    def _overrides(self, packet: Packet, event: OverridesChanged, changes: Changes) -> None:
        """The whole table from now on; one that it no longer has acts no more."""
        known = self._known.overrides
        head = {"run": self._run, "seq": packet.seq, "created_at": at(packet.ts)}
        head |= {"last_updated_at": at(packet.ts), "changed_by": event.by, "as_of": event.as_of}
        now = {override.id: mark_of(override) for override in event.overrides}
        for override in event.overrides:
            if known.get(override.id) != now[override.id]:
                made = {"content_mark": now[override.id], **_override(override, event.reason)}
                changes.change("pm_overrides", head | made)
        for gone in [one for one, mark in known.items() if mark and one not in now]:
            row = {"id": gone, "status": ARCHIVED, "reason": event.reason or None, "content_mark": ""}
            changes.change("pm_overrides", head | row)
            known[gone] = ""
        known |= now

    def _rolled_back(self, packet: Packet, event: OverrideRolledBack, changes: Changes) -> None:
        if event.override not in self._known.overrides:
            return
        row = {
            "run": self._run,
            "id": event.override,
            "seq": packet.seq,
            "created_at": at(packet.ts),
            "rolled_back": not event.undo,
            "rolled_back_by": event.by,
            "rollback_reason": event.reason,
        }
        changes.change("pm_overrides", row)

    def _thresholds(self, packet: Packet, event: ThresholdsChanged, changes: Changes) -> None:
        for entry in event.entries:
            row = {
                "run": self._run,
                "key": entry.key,
                "timeframe": entry.timeframe,
                "phase": entry.phase,
                "a_level": entry.a_level,
                "source": event.source,
                "value": json_of(entry.value),
                "updated_at": at(packet.ts),
                "updated_by": event.by or None,
                "seq": packet.seq,
            }
            changes.change("pm_thresholds", row)

    def _curators(self, packet: Packet, event: CuratorsChanged, changes: Changes) -> None:
        known = self._known.curators
        head = {
            "run": self._run,
            "updated_at": at(packet.ts),
            "updated_by": event.by or None,
            "seq": packet.seq,
        }
        now = {one.id for one in event.curators}
        for one in event.curators:
            row = {
                **head,
                "curator_id": one.id,
                "final_weight": one.final_weight,
                "base_weight": one.base_weight,
                "performance_weight": one.performance_weight,
                "win_rate": one.win_rate,
                "total_signals": one.total_signals,
                "status": one.status,
            }
            changes.change("curators", row)
        for gone in [one for one, listed in known.items() if listed and one not in now]:
            changes.change("curators", {**head, "curator_id": gone, "status": REMOVED})
            known[gone] = False
        known |= dict.fromkeys(sorted(now), True)

    def _window_id(self, desk: str, window: str) -> UUID:
        return self._ids.named(f"window/{desk}/{window}")

    def _window(self, packet: Packet, event: WindowClosed, changes: Changes) -> None:
        row = {
            **self._head(packet, self._window_id(event.desk, event.window)),
            "desk": event.desk,
            "position": event.position,
            "position_id": position_id(self._ids, event.desk, event.position),
            "window_id": event.window,
            "episode_id": event.episode,
            "episode_type": event.episode_type,
            "pattern_key": event.pattern_key,
            "decision": event.decision_taken,
            "factors": json_of(event.factors),
            "gates": json_of(event.gates),
            "passed": json_of(event.passed),
            "blocked_by": json_of(event.blocked_by),
            "samples": json_of(event.samples),
            "scope": json_of(event.scope),
            "bars": event.bars,
            "retest_index": event.retest_index,
            "trade": event.trade or None,
            "trade_id": trade_id_of(self._ids, event.trade),
            "opened_at": at(event.opened_ts),
            "closed_at": at(event.closed_ts),
            "ts": event.closed_ts,
            "timestamp": at(event.closed_ts),
            "updated_at": at(packet.ts),
        }
        changes.change("pattern_episode_events", row)

    def _resolved(self, packet: Packet, event: WindowResolved, changes: Changes) -> None:
        row = {
            **self._head(packet, self._window_id(event.desk, event.window)),
            "desk": event.desk,
            "window_id": event.window,
            "outcome": event.outcome,
            "reason": event.reason or None,
            "updated_at": at(packet.ts),
            "resolutions": 1,
        }
        changes.change("pattern_episode_events", row)

    def _imported(self, packet: Packet, event: ActionsImported, changes: Changes) -> None:
        for fact in event.episodes:
            changes.change("pattern_episode_events", self._episode(packet, fact))

    def _episode(self, packet: Packet, fact: EpisodeFact) -> Row:
        """A window from outside belongs to no desk; its outcome comes with it."""
        return {
            **self._head(packet, self._window_id("", fact.window)),
            "desk": "",
            "window_id": fact.window,
            "episode_id": fact.episode,
            "pattern_key": fact.pattern_key,
            "decision": fact.decision,
            "outcome": fact.outcome or None,
            "factors": json_of(fact.factors),
            "gates": json_of(fact.gates),
            "blocked_by": json_of(fact.blocked_by),
            "scope": json_of(fact.scope),
            "trade": fact.trade or None,
            "trade_id": trade_id_of(self._ids, fact.trade),
            "ts": fact.ts,
            "timestamp": at(fact.ts),
            "updated_at": at(packet.ts),
        }

    _MAKERS: ClassVar[Mapping[type[Event], Maker]] = {
        JobAnswered: _answered,
        OverridesChanged: _overrides,
        OverrideRolledBack: _rolled_back,
        ThresholdsChanged: _thresholds,
        CuratorsChanged: _curators,
        WindowClosed: _window,
        WindowResolved: _resolved,
        ActionsImported: _imported,
    }


def mark_of(row: Lesson | Override) -> str:
    """What tells a row's content from another's."""
    return blake2b(_encode(row), digest_size=8).hexdigest()


def _override(override: Override, reason: str) -> Row:
    return {
        "id": override.id,
        "pattern_key": override.pattern_key,
        "action_category": override.action_category,
        "scope_subset": json_of(override.scope_subset),
        "multiplier": override.multiplier,
        "confidence_score": override.confidence,
        "decay_state": override.decay_state,
        "previous_multiplier": override.previous,
        "lessons": json_of(override.lessons),
        "status": override.status,
        "reason": override.reason or reason or None,
    }
