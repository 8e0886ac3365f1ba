"""Tradeworthy runs trading desks from backtest to paper to live on one deterministic core.

The names that a desk author needs are here; they load when first used, so that importing costs nothing.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradeworthy.core.agents import State, on
    from tradeworthy.core.candidates import Candidate
    from tradeworthy.core.events import Event, WokeUp
    from tradeworthy.execution.desk import Desk, DeskContext
    from tradeworthy.execution.intents import Intent, Leg, Policy, TimeInForce, TradeCandidate
    from tradeworthy.execution.orders import FillObserved
    from tradeworthy.market.bars import BarClosed, PriceObserved
    from tradeworthy.market.books import BookChanged
    from tradeworthy.market.instruments import Side

__version__ = "0.1.0"

_HOMES = {
    "BarClosed": "market.bars",
    "BookChanged": "market.books",
    "Candidate": "core.candidates",
    "Desk": "execution.desk",
    "DeskContext": "execution.desk",
    "Event": "core.events",
    "FillObserved": "execution.orders",
    "Intent": "execution.intents",
    "Leg": "execution.intents",
    "Policy": "execution.intents",
    "PriceObserved": "market.bars",
    "Side": "market.instruments",
    "State": "core.agents",
    "TimeInForce": "execution.intents",
    "TradeCandidate": "execution.intents",
    "WokeUp": "core.events",
    "on": "core.agents",
}

__all__ = [
    "BarClosed",
    "BookChanged",
    "Candidate",
    "Desk",
    "DeskContext",
    "Event",
    "FillObserved",
    "Intent",
    "Leg",
    "Policy",
    "PriceObserved",
    "Side",
    "State",
    "TimeInForce",
    "TradeCandidate",
    "WokeUp",
    "on",
]


KERNELS = (
    *(
        "core/draws.py",
        "market/arithmetic.py",
        "market/indicators*.py",
        "market/rollup.py",
        "execution/steps.py",
    ),
    *(
        f"desks/divergence/{name}.py"
        for name in ("records", "codes", "spectrum", "features", "steps", "trading")
    ),
    *("desks/divergence/forewarner.py", "research/features.py", "research/loops.py"),
    *("learning/apriori.py", "learning/significance.py"),
    *("desks/uptrend/technicals.py", "desks/uptrend/decay.py"),
)
"""The modules whose functions are compiled, and those that such functions are made of."""

_CACHE_VARIABLE = "NUMBA_CACHE_DIR"
_CACHES_KEPT = 4


def _compile_afresh_after_changes(package: Path) -> None:
    """Give compiled kernels a cache of their own for each state of KERNELS.

    The compiler's cache looks at the file of the kernel alone: after a change of a function in another file that the
    kernel calls it would go on running the old one.
    """
    if os.environ.get(_CACHE_VARIABLE):
        return
    stats = [(path, path.stat()) for pattern in KERNELS for path in sorted(package.glob(pattern))]
    state = repr([(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in stats])
    caches = package / "__pycache__" / "kernels"
    cache = caches / blake2b(state.encode(), digest_size=8).hexdigest()
    try:
        if not cache.is_dir():
            from shutil import rmtree

            cache.mkdir(parents=True)
            for old in sorted(caches.iterdir(), key=lambda one: one.stat().st_mtime)[:-_CACHES_KEPT]:
                rmtree(old, ignore_errors=True)
    except OSError:
        return  # An installation that can't be written to is not edited either.
    os.environ[_CACHE_VARIABLE] = str(cache)


_compile_afresh_after_changes(Path(__file__).parent)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"tradeworthy.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tradeworthy' has no attribute {name!r}")
