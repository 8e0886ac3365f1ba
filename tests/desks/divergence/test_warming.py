"""Warming: what one process compiled, the next only loads."""

import subprocess
import sys

WARM = (
    "from tradeworthy.desks.divergence.warming import warm;"
    "print(sum(sum(step.stats.cache_misses.values()) for step in warm()))"
)


def missed() -> int:
    """Steps that a process had to compile."""
    done = subprocess.run([sys.executable, "-c", WARM], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_second_process_compiles_nothing() -> None:
    """No bar of a session waits for the compiler: every step comes from the cache."""
    missed()
    assert missed() == 0
