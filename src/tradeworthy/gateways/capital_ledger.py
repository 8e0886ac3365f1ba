"""The capital ledger of a strategy: one hash-chained line a UTC day, durable before anybody is told of it."""

from __future__ import annotations

import errno
import hashlib
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.journal.segments import sync_folder
from tradeworthy.market.money import cash_of, cash_text

LEDGER = "ledger.jsonl"
NO_SHA = ""
"""What the first line says of the line before it."""


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One day of one strategy, money in whole currency: capital_close = capital_open + pnl + cash_moved.

    `ts` is the session time up to which it counts, `run` the run that made it, `engine` that run's decision hash and
    `config` the hash of its configuration. `sha` is the SHA-256 of the line itself with an empty `sha`.
    """

    seq: int
    strategy: str
    date: str
    capital_open: Decimal
    pnl: Decimal
    capital_close: Decimal
    trades: int
    engine: str
    config: str
    ts: str
    run: str
    cash_moved: Decimal = Decimal("0.00")
    prev_sha: str = NO_SHA
    sha: str = NO_SHA

    @property
    def capital(self) -> int:
        """The capital at its end, in cash units."""
        return cash_of(self.capital_close)

    @property
    def until_ts(self) -> int:
        """`ts` in UTC ns."""
        return ns_of(self.ts)

    def says_as(self, other: LedgerLine) -> bool:
        """Whether both say the same of a day, whatever their places in their chains."""
        place = {"seq": 0, "prev_sha": NO_SHA, "sha": NO_SHA}
        return msgspec.structs.replace(self, **place) == msgspec.structs.replace(other, **place)


_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(LedgerLine).decode


def ns_of(text: str) -> int:
    """UTC ns of a time as `utc_text` writes it; ValueError if it is none."""
    seconds, _, rest = text.removesuffix("Z").partition(".")
    whole = int(datetime.fromisoformat(f"{seconds}+00:00").timestamp())
    return whole * 1_000_000_000 + int(rest.ljust(9, "0"))


def amount_of(cash: int) -> Decimal:
    """`cash` units as a line has them: exact, with two places or as many as it takes."""
    return Decimal(cash_text(cash))


def chained(line: LedgerLine, before: LedgerLine | None) -> LedgerLine:
    """`line` as the one that follows `before` (None: as the first), with its seq and hashes."""
    seq, prev_sha = (before.seq + 1, before.sha) if before else (1, NO_SHA)
    placed = msgspec.structs.replace(line, seq=seq, prev_sha=prev_sha, sha=NO_SHA)
    return msgspec.structs.replace(placed, sha=hashlib.sha256(_encode(placed)).hexdigest())


def bytes_of(line: LedgerLine) -> bytes:
    """The line as it stands in the file, its end included."""
    return _encode(line) + b"\n"


def verify(data: bytes, name: str) -> list[LedgerLine]:
    """The lines in `data`, checked; a torn last one is left out. UsageError names the first that is wrong.

    Checked are each line's form and hash, the chain, its sum, the order of time, and that a run's next line opens
    with the capital that its last one closed with.
    """
    lines: list[LedgerLine] = []
    *whole, torn = data.split(b"\n")
    for number, raw in enumerate(whole, start=1):
        try:
            line = _decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            if number == len(whole) and not torn:
                break
            raise _damaged(name, number, f"it is no line of a ledger ({error})") from error
        if fault := _fault(line, raw, lines[-1] if lines else None):
            raise _damaged(name, number, fault)
        lines.append(line)
    return lines


def _fault(line: LedgerLine, raw: bytes, before: LedgerLine | None) -> str:
    """What is wrong with a line that follows `before`; "" if nothing."""
    if chained(line, before) != line or _encode(line) != raw:
        return "its seq, prev_sha or sha does not follow from what stands there"
    if line.capital_open + line.pnl + line.cash_moved != line.capital_close:
        return f"it closes with {line.capital_close}, which its figures don't sum to"
    try:
        line.until_ts  # noqa: B018 - it raises for what is no time
    except ValueError:
        return f"its ts {line.ts!r} is no time"
    if before is None:
        return ""
    if line.date < before.date or line.until_ts < before.until_ts:
        return f"it is of {line.date} {line.ts}, before the line above it"
    if line.run == before.run and line.capital_open != before.capital_close:
        return f"it opens with {line.capital_open}, and its run closed with {before.capital_close}"
    return ""


def _damaged(name: str, number: int, what: str) -> UsageError:
    return UsageError(
        f"ledger {name} line {number}: {what}; restore the file from a copy, or move it away to begin a new one"
    )


def read_ledger(path: Path) -> list[LedgerLine]:
    """The lines of the file, none if there is no file; UsageError as of `verify`, or if it can't be read."""
    try:
        return verify(path.read_bytes(), str(path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"ledger {path} can't be read: {error.strerror}; correct that") from error


class CapitalLedger:
    """The file, open for more lines; UsageError if what stands in it is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = read_ledger(path)

    @property
    def last(self) -> LedgerLine | None:
        """The newest line."""
        return self.lines[-1] if self.lines else None

    def append(self, line: LedgerLine) -> LedgerLine:
        """Write `line` at the chain's end and return it as it stands there, durable; OSError if it can't be."""
        made = chained(line, self.last)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # What is torn behind the last whole line goes: after it nothing could be read any more.
            size = sum(len(bytes_of(one)) for one in self.lines)
            os.ftruncate(handle, size)
            data = bytes_of(made)
            if os.pwrite(handle, data, size) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(handle)
        finally:
            os.close(handle)
        if not self.lines:
            sync_folder(self.path.parent)
        self.lines.append(made)
        return made


def set_aside(path: Path) -> Path | None:
    """Move the ledger to a name that its content gives, so that a new one begins; where it is now, if there was one.

    UsageError if it can't be moved.
    """
    try:
        kept = path.with_name(f"ledger-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.jsonl")
        path.replace(kept)
        sync_folder(kept.parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"ledger {path} can't be set aside: {error.strerror}; move it yourself") from error
    return kept
