"""How a session stands, in plain values: for screens, `status` and closing lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tradeworthy.market.money import cash_text
from tradeworthy.runtime.life import Life


def overview(life: Life) -> dict[str, Any]:
    """Run, session time, inputs, equity, positions, and what became of the candidates; JSON values."""
    core = life.core
    sequencer, tally = core.sequencer, core.tally.state
    return {
        "run": life.header.run,
        "mode": life.header.session.get("mode", ""),
        "session_time": time_text(sequencer.now),
        "inputs": sequencer.inputs,
        "packets": sequencer.seq,
        "equity": cash_text(core.ledger.equity(core.marks)),
        "cash": cash_text(core.ledger.state.cash),
        "open_positions": [
            {
                "desk": held.desk,
                "position": held.position,
                "lots": held.lots,
                "cost": cash_text(held.cost),
                "value": cash_text(core.ledger.value(held, core.marks)),
            }
            for held in core.positions()
        ],
        "candidates": tally.candidates,
        "open_candidates": len(sequencer.candidates.open),
        "verdicts": {outcome: dict(reasons) for outcome, reasons in tally.verdicts.items()},
        "orders": tally.orders,
        "fills": tally.fills,
        "trades_closed": tally.closed,
        "trades_won": tally.won,
        "realised_pnl": cash_text(tally.pnl),
        "halted": core.guardian.halted(),
        "faults": len(life.faults.quarantines),
    }


def time_text(ts: int) -> str:
    """Session time as ISO-8601 UTC with seconds; "" before the first input."""
    if not ts:
        return ""
    return datetime.fromtimestamp(ts / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
