"""What an audit and a parity run say of the sign-off list's lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tradeworthy.proving.audit import Audit
from tradeworthy.proving.parity.outside_pairs import TWIN
from tradeworthy.proving.parity.pairs import Pair
from tradeworthy.proving.parity.proof import ENGINE, LISTENER, REPLAY, STACK, Parity
from tradeworthy.proving.reference import REFERENCE
from tradeworthy.proving.signing.sign_off import TWIN_PART, Evidence, Status

TRADES_MIN = 1_000
"""So many trades in all are the least that pass a line, whatever a run was asked for."""


def evidence_of_audit(audit: Audit, command: str) -> dict[str, Evidence]:
    """What an audit says of D1."""
    wrong = [one.key for one in audit.differing if not one.allowed]
    wrong += [one.question for one in audit.findings if not one.right]
    result = (
        f"wrong: {', '.join(wrong)}" if wrong else f"{len(audit.differing)} keys differ, all of them allowed"
    )
    figures = {"keys": str(audit.keys), **{one.question: one.figures for one in audit.findings}}
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    status: Status = "passed" if audit.passed else "failed"
    return {"D1": Evidence(f"audit {audit.a} {audit.b}", made_at, command, status, result, figures)}


def evidence_of_parity(parity: Parity, command: str) -> dict[str, Evidence]:
    """What a parity run says of D3 to D7 and, of D13, the twin."""
    pairs = {pair.name: pair for pair in parity.pairs}
    wanted: dict[str, list[str]] = {
        "D3": [REFERENCE],
        "D4": [ENGINE, STACK],
        "D5": [LISTENER],
        "D6": [STACK, REPLAY],
        "D7": [ENGINE, STACK],
        "D13": [name for name in pairs if name.startswith(TWIN)],
    }
    found: dict[str, Evidence] = {}
    for line, names in wanted.items():
        ran = [pairs[name] for name in names if name in pairs and not pairs[name].absent]
        if ran:
            found[line] = _evidence(line, parity, ran, command, whole=len(ran) == len(names))
    return found


def _evidence(line: str, parity: Parity, pairs: Sequence[Pair], command: str, *, whole: bool) -> Evidence:
    failed = parity.too_few or any(pair.verdict != "EQUAL" for pair in pairs)
    partly = not whole or parity.trades < TRADES_MIN
    status: Status = "failed" if failed else "in part" if partly else "passed"
    said = [f"{pair.name}: {pair.verdict}" for pair in pairs]
    said += [_first(pair) for pair in pairs if pair.first]
    if parity.too_few:
        said.append(f"{parity.trades} trades, and {parity.trades_min} are the least")
    elif parity.trades < TRADES_MIN:
        said.append(f"{parity.trades} trades, and {TRADES_MIN} are the least that pass a line")
    figures = {
        "trades": str(parity.trades),
        "differences": str(sum(pair.differences for pair in pairs)),
        "rows": str(sum(one.rows for pair in pairs for one in pair.compared if _is_of(line, one.what))),
        "days": f"{parity.first_day} to {parity.last_day}",
    }
    key = f"parity {parity.configuration} {parity.feed.get('feed', '')} {parity.first_day} {parity.last_day}"
    hashes = {"fingerprint": parity.fingerprint}
    part = TWIN_PART if line == "D13" else ""
    return Evidence(key, parity.made_at, command, status, "; ".join(said), figures, hashes, part)


def _is_of(line: str, what: str) -> bool:
    """D7 counts the rows of bar logs alone."""
    return line != "D7" or what.startswith("bar log")


def _first(pair: Pair) -> str:
    first = pair.first
    assert first is not None
    return f"first on {first.date}, bar {first.bar}: {first.what}, {first.field} {first.left} against {first.right}"
