"""What must hold after every bar of an engine: a position is open or closed, and never half of either."""

from __future__ import annotations

from typing import Any

import msgspec

from tradeworthy.desks.divergence.engine import DivergenceEngine
from tradeworthy.desks.divergence.records import from_bytes
from tradeworthy.desks.divergence.results import BarLog
from tradeworthy.desks.divergence.trading import lots_on_offer
from tradeworthy.execution.fingerprint import Economic
from tradeworthy.execution.steps import POSITION, terms_of
from tradeworthy.market.bars import utc_text
from tradeworthy.market.money import Scale
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.preflight.stage import Stage, signed_lots


class Books:
    """Follows an engine's orders, fills and closes; it begins flat. `faults` says what did not hold, and at which bar.

    An order closes all that is held; what the bar does not fill of it must have been more than the bar's volume. The
    capital moves at a close, by what the trade made, and at no other time.
    """

    def __init__(self, stage: Stage, engine: DivergenceEngine) -> None:
        venue, desk = stage.configuration.venue, stage.subject.desks[stage.desk]
        self._engine, self._participation = engine, venue.participation
        self._columns = {one.id: column for column, one in enumerate(desk.instruments)}
        self._terms = [terms_of(Scale(one), venue) for one in desk.instruments]
        self._direction = desk.settings.direction
        self._rows, self._trades, self._capital = len(engine.rows), len(engine.trades), engine.capital
        self.lots = 0
        self.faults: list[str] = []

    def take(self, frame: PanelFrame, i: int, judged: BarLog) -> None:
        """Row `i` of `frame` was stepped and gave `judged`."""
        rows, self._rows = self._engine.rows[self._rows :], len(self._engine.rows)
        before = self.lots
        self.lots += sum(signed_lots(row) for row in rows)
        by_kind = {kind: [row for row in rows if row[0] == kind] for kind in ("order", "fill", "close")}
        orders, fills, closes = by_kind.values()
        word = judged.action.partition(":")[0]
        asked = word in ("ENTER", "EXIT")
        holds = {
            "the bar log says what is held": judged.position_open is (before != 0),
            "one order if the desk acts, else none": len(orders) == int(asked),
            "at most one fill and one close": len(fills) <= len(orders) and len(closes) <= len(fills),
            "an entry only when flat": word != "ENTER" or before == 0,
            "an exit only of what is held": word != "EXIT" or before != 0,
            "a trade closes when nothing is left": bool(closes) is (before != 0 and self.lots == 0),
            "the capital moves by a trade's pnl": self._booked(closes),
        }
        if orders and asked:
            holds["an order is the whole position"] = self._whole(orders[0], before)
            holds["only the volume cuts a fill"] = self._filled(frame, i, orders[0], fills, judged)
        if fills:
            holds["the engine holds what its fills made"] = position_of(self._engine.snapshot()) == self.lots
        self.faults += [
            f"{text} does not hold at {utc_text(judged.ts)}, bar {judged.bar_idx}, {judged.action}"
            for text, held in holds.items()
            if not held
        ]

    def _booked(self, closes: list[Economic]) -> bool:
        trades = self._engine.trades[self._trades :]
        made = sum(row[4] or 0 for row in closes)
        right = (
            self._engine.capital == self._capital + made and sum(one.pnl_absolute for one in trades) == made
        )
        self._capital, self._trades = self._engine.capital, len(self._engine.trades)
        return right and len(trades) == len(closes)

    def _whole(self, order: Economic, before: int) -> bool:
        """An entry is on the desk's side, an exit against it and of all lots."""
        signed = signed_lots(("fill", *order[1:]))
        return signed == -before if before else signed * self._direction > 0

    def _filled(
        self, frame: PanelFrame, i: int, order: Economic, fills: list[Economic], judged: BarLog
    ) -> bool:
        column, asked = self._columns[order[2]], order[5]
        offered = lots_on_offer(self._terms[column], frame.volume[i, column], self._participation)
        filled = sum(row[5] for row in fills)
        missed = not filled and judged.posture == "TURTLE" and judged.action == "ENTER"
        return missed or filled == min(asked, offered)


def position_of(snapshot: bytes) -> int | None:
    """The signed lots in an engine's snapshot; None for a position that is neither open nor whole and closed."""
    records: list[bytes] = msgspec.msgpack.decode(snapshot)["records"]
    position: Any = from_bytes(records[-1], POSITION)
    lots = int(position.lots)
    left = [int(position[name]) for name in ("cost", "entry_notional", "exit_notional", "lots_entered")]
    return None if lots == 0 and any(left) else lots
