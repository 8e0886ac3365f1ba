"""How a session stands, in plain values: for screens, `status` and closing lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tradeworthy.core.counters import CountersState
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.market.markets import Markets
from tradeworthy.market.money import cash_text
from tradeworthy.market.oracles import Oracles
from tradeworthy.runtime.faces import ORACLE, SESSION, Face
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.narration import Admitted, time_text


def overview(
    life: Life,
    end_ts: int | None = None,
    *,
    face: Face = SESSION,
    admitted: Admitted | None = None,
) -> dict[str, Any]:
    """Run, session time, inputs, equity, positions, and what became of the candidates; JSON values.

    `progress` is how much of the way to `end_ts` (session time, ns) is done, 0 to 1, None without an end. `parts` are
    those that `face` shows; `admitted` is what the feed's two faces have to say.
    """
    core = life.core
    sequencer, tally = core.sequencer, core.tally.state
    equity = core.ledger.equity(core.marks)
    peak = max(equity, core.guardian.state.peak)
    return {
        "run": life.header.run,
        "face": face.name,
        "mode": life.header.session.get("mode", ""),
        "currency": life.header.configuration["account"]["currency"],
        "progress": _progress(life, end_ts),
        "session_time": time_text(sequencer.now),
        "inputs": sequencer.inputs,
        "packets": sequencer.seq,
        "equity": cash_text(equity),
        "peak": cash_text(peak),
        "drawdown": 1 - equity / peak if peak > 0 else 0.0,
        "cash": cash_text(core.ledger.state.cash),
        "open_positions": [
            {
                "desk": held.desk,
                "position": held.position,
                "instrument": held.instrument,
                "lots": held.lots,
                "quantity": f"{core.listing.scale(held.instrument).quantity_of(held.lots):f}",
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
        "prices": _prices(core.oracles, sequencer.now),
        "markets": _markets(core.markets),
        "parts": list(_parts(life, face, admitted)),
        "counting": counting(sequencer),
    }


def _progress(life: Life, end_ts: int | None) -> float | None:
    start_ts: int | None = life.header.session.get("start_ts")
    if end_ts is None or start_ts is None or end_ts <= start_ts:
        return None
    return min(1.0, max(0.0, (life.core.sequencer.now - start_ts) / (end_ts - start_ts)))


def _parts(life: Life, face: Face, admitted: Admitted | None) -> Iterator[dict[str, Any]]:
    """Each part's name, desk and state, what stops its entries ("" if nothing), and the packets withheld from its desk.

    The feed's faces say what was admitted of theirs since this process began.
    """
    agents, withheld = life.core.sequencer.agents, life.faults.counts
    for name in face.parts(agents):
        desk = agents[name].desk if name in agents else ""
        halted = life.core.guardian.halted(desk) if desk else ""
        faults = withheld.get(desk, 0) + withheld.get("", 0) if desk else 0
        part = {"agent": name, "desk": desk, "halted": halted, "faults": faults}
        part["state"] = "halted" if halted else "running"
        if name in face.gateways:
            part.update(_delivered(name, admitted or Admitted()))
        yield part


def _delivered(gateway: str, admitted: Admitted) -> dict[str, Any]:
    count, ts = (
        (admitted.prices, admitted.price_ts) if gateway == ORACLE else (admitted.books, admitted.book_ts)
    )
    return {"state": "running" if count else "waiting", "admitted": count, "last_data": time_text(ts)}


def _prices(oracles: Oracles, now: int) -> dict[str, dict[str, Any]]:
    """By symbol: the last price that was believed, its age since arrival, and the annualised volatility."""
    return {
        symbol: {
            "price": oracles.price(symbol),
            "age_ms": (now - oracles.arrived_ts(symbol)) // 1_000_000,
            "volatility": oracles.volatility(symbol),
        }
        for symbol in sorted(oracles.state.symbols)
    }


def _markets(markets: Markets) -> dict[str, int]:
    """How many of the known markets are at which stage of their life."""
    counts = Counter(life.status.value for life in markets.state.markets.values())
    return dict(sorted(counts.items()))


def counting(sequencer: Sequencer) -> dict[str, Any]:
    """The hour that is not counted yet: from_ts and to_ts (UTC ns), and turns by desk and reason."""
    state: CountersState = sequencer.agents["counters"].state
    return {"from_ts": state.from_ts, "to_ts": sequencer.now, "turns": state.counts}
