"""What a paper day says of the sign-off list's lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tradeworthy.proving.signing.sign_off import FLOW_PART, Evidence, Status


def evidence_of_day(summary: dict[str, Any], command: str, *, scheduled: bool) -> dict[str, Evidence]:
    """What the summary of a paper day says of D14 and, if it was `scheduled`, of the flow in D13.

    D14 is passed by a whole day with a trade of each desk beside a history of it. That a figure is unlike the history's
    is no failure: a day may be.
    """
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    key = f"day {summary['configuration']} {summary['feed']} {summary['date']}"
    figures = {"bars": f"{summary['bars']} a desk", "from": summary["first_day"]}
    for desk, found in summary["desks"].items():
        figures[f"{desk} bars"] = str(found["bars"])
        figures[f"{desk} trades"] = f"{found['Trades']}, in the history {found['trades_before']}"
        for one in found["likeness"]:
            figures[f"{desk} {one['what']}"] = (
                f"{one['today']:.4g}, before {one['before']:.4g} (p {one['p']:.4f})"
            )
    hashes = {"digest": summary["digest"], "fingerprint": summary["fingerprint"]}
    left = list(_left(summary))
    said = left or ["bars, trades and summary of each desk, beside its history"]
    said += [f"warning: {words}" for words in summary["warnings"]]
    status: Status = "in part" if left else "passed"
    made = {"D14": Evidence(key, made_at, command, status, "; ".join(said), figures, hashes)}
    if scheduled:
        status = "passed" if summary["finished"] else "in part"
        result = f"the flow traded {summary['date']}" if summary["finished"] else "it was stopped"
        made["D13"] = Evidence(key, made_at, command, status, result, {}, hashes, FLOW_PART)
    return made


def _left(summary: dict[str, Any]) -> Iterator[str]:
    """What the day lacks of a whole one."""
    if not summary["finished"]:
        yield "the session was stopped before the day was over"
    for desk, found in summary["desks"].items():
        if found["bars"] < summary["bars"]:
            yield f"{desk} has {found['bars']} of {summary['bars']} bars"
        if not found["Trades"]:
            yield f"{desk} closed no trade"
        if not found["trades_before"]:
            yield f"{desk} has no history to be compared with: give --history"
