"""Steps and paths for tests of the page Trace."""

from typing import Any

from tradeworthy.web.pages.trace.reading import Path
from tradeworthy.web.pages.trace.steps import Lane, Step


def step(seq: int, kind: str, /, **event: Any) -> Step:
    """A step that is caused by the one before it."""
    return Step(seq, seq - 1 if seq > 1 else 0, 1, seq * 1_000, "agent", kind, event, Lane.DESK)


def path_of(*steps: Step, **fields: Any) -> Path:
    """A path of one candidate."""
    return Path("run-1", list(steps), {}, **fields)
