"""Halts and resumes: through the running session if there is one, else by the latch file alone."""

from __future__ import annotations

import contextlib
import threading

from tradeworthy.core.errors import AllHalted, NotAvailable, Retryable, UsageError
from tradeworthy.gateways.control import Halt, Resume, ask
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.runtime.clocks import wall_now
from tradeworthy.runtime.home import Home, read_holder

LATCH_S_MAX = 0.5
"""The latch is set within this time, whether or not a session has answered by then."""


def halt(home: Home, by: str, reason: str, desk: str = "") -> str:
    """Stop entries of `desk` ("": all), and say what came of it.

    NotAvailable for one desk without a session: the latch file is for all. AllHalted if the latch can't be written.
    """
    if not reason.strip():
        raise UsageError("halt needs a reason: give --reason TEXT")
    if desk:
        ask(home.path, Halt(by, reason, desk))
        return f"desk {desk} is halted; `tradeworthy resume --desk {desk}` releases it"
    latch = LatchFile(home.path)
    held = latch.read()
    if held and held.at and (held.by, held.reason) != (by, reason):
        return f"all entries are halted already, by {held.by}: {held.reason}"
    at = wall_now()
    slow = threading.Timer(LATCH_S_MAX, _set_quietly, (latch, by, reason, at))
    slow.start()
    try:
        # First, so that a session hears it as a person's word, not as that of a file it finds.
        ask(home.path, Halt(by, reason))
    except NotAvailable:
        if read_holder(home.lock) is None:
            return "all entries are halted: no session runs, and the next one begins halted"
        return "all entries are halted: the session is starting, and obeys the latch"
    except Retryable as error:
        raise Retryable(
            f"the latch is set, but {error}; to be sure, end it: tradeworthy stop --force"
        ) from error
    finally:
        slow.cancel()
        slow.join()
        latch.set(by, reason, at)
    return "all entries are halted; `tradeworthy resume --by NAME --reason TEXT` releases it"


def _set_quietly(latch: LatchFile, by: str, reason: str, at: int) -> None:
    """Set it before a slow session has answered; what goes wrong is said by the second try, after the answer."""
    with contextlib.suppress(AllHalted):
        latch.set(by, reason, at)


def resume(home: Home, by: str, reason: str, desk: str = "") -> str:
    """Release what halts `desk` ("": all), and say what it was; UsageError without a name or a reason."""
    request, latch = Resume(by, reason, desk), LatchFile(home.path)
    held = latch.read()
    try:
        ask(home.path, request)
    except NotAvailable:
        if desk or read_holder(home.lock) is not None:
            raise
        latch.release(by, reason)
        if held is None:
            return "nothing was halted by the latch, and no session runs"
        later = "a run that had heard of it stays halted until it is resumed while it runs"
        return f"released what {held.by} had halted ({held.reason}); no session runs: {later}"
    what = f"desk {desk}" if desk else "the session"
    return f"{what} is resumed" + (f"; {held.by} had halted it: {held.reason}" if held and not desk else "")
