"""How a session stands, in plain values: for screens, `status` and closing lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tradeworthy.core.counters import CountersState
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.market.money import cash_text
from tradeworthy.runtime.life import Life


def overview(life: Life, end_ts: int | None = None) -> dict[str, Any]:
    """Run, session time, inputs, equity, positions, and what became of the candidates; JSON values.

    `progress` is how much of the way to `end_ts` (session time, ns) is done, 0 to 1, None without an end.
    """
    core = life.core
    sequencer, tally = core.sequencer, core.tally.state
    return {
        "run": life.header.run,
        "mode": life.header.session.get("mode", ""),
        "currency": life.header.configuration["account"]["currency"],
        "progress": _progress(life, end_ts),
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
        "faults": life.faults.total(),
        "parts": list(_parts(life)),
        "counting": counting(sequencer),
    }


def _progress(life: Life, end_ts: int | None) -> float | None:
    start_ts: int | None = life.header.session.get("start_ts")
    if end_ts is None or start_ts is None or end_ts <= start_ts:
        return None
    return min(1.0, max(0.0, (life.core.sequencer.now - start_ts) / (end_ts - start_ts)))


def _parts(life: Life) -> Iterator[dict[str, Any]]:
    """Each part's name and desk, what stops its entries ("" if nothing), and the packets withheld from its desk."""
    withheld = life.faults.counts
    for agent in life.core.sequencer.agents.values():
        yield {
            "agent": agent.name,
            "desk": agent.desk,
            "halted": life.core.guardian.halted(agent.desk) if agent.desk else "",
            "faults": withheld.get(agent.desk, 0) + withheld.get("", 0) if agent.desk else 0,
        }


def counting(sequencer: Sequencer) -> dict[str, Any]:
    """The hour that is not counted yet: from_ts and to_ts (UTC ns), and turns by desk and reason."""
    state: CountersState = sequencer.agents["counters"].state
    return {"from_ts": state.from_ts, "to_ts": sequencer.now, "turns": state.counts}


def time_text(ts: int) -> str:
    """Session time as ISO-8601 UTC with seconds; "" before the first input."""
    if not ts:
        return ""
    return datetime.fromtimestamp(ts / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
