"""What a run that goes on found again, part by part, for the lines `state_recovered`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tradeworthy.desks.arbitrage.events import ALLOCATOR, SCANNER
from tradeworthy.market.money import cash_text
from tradeworthy.risk.guardian import GUARDIAN
from tradeworthy.runtime.assembly import Core
from tradeworthy.runtime.faces import EXECUTOR, PILOT, Face
from tradeworthy.runtime.life import Life

Figures = dict[str, Any]


def recovered(life: Life, face: Face) -> Iterator[tuple[str, Figures]]:
    """Each part that had something to recover, with its figures; the books first, then what rests on them.

    `open_trades` counts the open positions, `packets` those on record, `inputs_replayed` those past the snapshot.
    """
    core = life.core
    run = {"packets": core.sequencer.seq, "inputs_replayed": life.recovery.replayed}
    if face is not PILOT:
        yield "ledger", run
        return
    figures = {EXECUTOR: _executor(core) | run, GUARDIAN: _guardian(core)}
    agents = core.sequencer.agents
    for name, read in ((ALLOCATOR, _allocator), (SCANNER, _scanner)):
        if name in agents:
            figures[name] = read(agents[name].state)
    yield from figures.items()


def _executor(core: Core) -> Figures:
    return {"orders": core.tally.state.orders, "fills": core.tally.state.fills}


def _guardian(core: Core) -> Figures:
    guardian = core.guardian
    return {
        "equity": cash_text(core.ledger.equity(core.marks)),
        "peak": cash_text(guardian.state.peak),
        "reserved": cash_text(guardian.reserved()),
        "halted": guardian.halted() or "no",
    }


def _allocator(state: Any) -> Figures:
    shares = ",".join(f"{strategy}:{share:.3f}" for strategy, share in state.shares.items())
    return {"shares": shares or "none", "results": sum(map(len, state.results.values()))}


def _scanner(state: Any) -> Figures:
    gaps = state.gaps
    return {"gaps_open": len(gaps.open), "cooling_down": len(gaps.told)}
