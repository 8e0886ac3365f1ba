"""`python -m benchmarks [NAME] [--quick] [--rounds N]`: all of them write RESULTS.md, one prints."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    backtest,
    books,
    eigen,
    latency,
    lessons,
    machine,
    memory,
    recovery,
    replay,
    rollup,
    sweep,
)
from benchmarks.results import Section, document, section_lines, summary_lines
from benchmarks.size import Size
from tradeworthy.core.errors import TradeworthyError

BENCHMARKS = {
    "backtest": backtest.measure,
    "replay": replay.measure,
    "recovery": recovery.measure,
    "latency": latency.measure,
    "books": books.measure,
    "memory": memory.measure,
    "rollup": rollup.measure,
    "eigen": eigen.measure,
    "sweep": sweep.measure,
    "lessons": lessons.measure,
}
RESULTS = Path(__file__).parent / "RESULTS.md"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, judged."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description="Measure the speed beside its peers."
    )
    parser.add_argument("name", nargs="?", choices=list(BENCHMARKS), help="one benchmark (default: all)")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the work; prints, and writes nothing"
    )
    parser.add_argument("--rounds", type=int, default=None, help="runs of each side (default: 3, quick 1)")
    asked = parser.parse_args(words)
    if asked.rounds is not None and asked.rounds < 1:
        parser.error(f"--rounds is {asked.rounds}; give 1 or more")
    return asked


def main(words: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 if something promised is missed, 2 or 3 as the product's errors say."""
    asked = arguments(words)
    size = Size(quick=asked.quick, rounds=asked.rounds or (1 if asked.quick else 3))
    names = [asked.name] if asked.name else list(BENCHMARKS)
    about = machine.described()
    sections: list[Section] = []
    try:
        for name in names:
            began = time.monotonic()
            print(f"{name} ...", file=sys.stderr, flush=True)
            sections.append(BENCHMARKS[name](size))
            said = "; ".join(f"{goal.what}: {goal.measured}" for goal in sections[-1].goals)
            print(f"{name} took {time.monotonic() - began:.0f} s: {said}", file=sys.stderr, flush=True)
    except TradeworthyError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    if asked.name or asked.quick:
        print("\n".join([*about, "", *summary_lines(sections)]))
        print("\n".join(line for section in sections for line in section_lines(section)))
    else:
        RESULTS.write_text(document(sections, about, "make bench"), encoding="utf-8")
        print("\n".join(summary_lines(sections)))
        print(
            f"written: {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}"
        )
    return int(any(goal.met is False for section in sections for goal in section.goals))


if __name__ == "__main__":
    sys.exit(main())
