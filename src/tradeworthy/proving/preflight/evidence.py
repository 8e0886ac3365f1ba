"""What the drills say of the sign-off list's lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tradeworthy.proving.preflight.results import Drilled
from tradeworthy.proving.signing.sign_off import Evidence, Status

LINES: Mapping[str, tuple[int, ...]] = {"D8": (1,), "D9": (2,), "D10": (3, 7, 8), "D11": (4,), "D12": (5, 6)}
"""Which drills each line rests on."""


def evidence_of_drills(
    drills: Sequence[Drilled], what: str, command: str, *, full: bool
) -> dict[str, Evidence]:
    """The evidence by line; `what` says which desk was drilled. A line is passed by the full numbers alone."""
    found: dict[str, Evidence] = {}
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    for line, numbers in LINES.items():
        ran = [one for one in drills if one.number in numbers and not one.absent]
        if not ran:
            continue
        whole = full and len(ran) == len(numbers)
        failed = any(one.verdict == "FAIL" for one in ran)
        status: Status = "failed" if failed else "passed" if whole else "in part"
        result = "; ".join(f"drill {one.number} {one.verdict}: {one.fault or one.did}" for one in ran)
        figures = {
            f"{one.number} {measure.what}": f"{measure.figure:,.6g} ({measure.limit})"
            for one in ran
            for measure in one.measures
        }
        rounds = "full" if full else "quick"
        key = f"preflight {what} {rounds} {' '.join(str(one.number) for one in ran)}"
        found[line] = Evidence(key, made_at, command, status, result, figures)
    return found
