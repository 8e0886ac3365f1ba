"""The way of a packet that only a journal knows: asked of a process of its own, which may take long and can be ended.

A journal is read whole, and a quiet turn is decided again: in this process pages would wait for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from tradeworthy.core.errors import NotAvailable, Retryable
from tradeworthy.runtime.home import Home

SECONDS_MAX = 120.0
WAITING_MAX = 10
WRONG, ABSENT = 2, 3
"""Exit codes: no such packet or run, no such journal."""


class JournalTraces:
    """Asks for one trace at a time; who comes meanwhile waits, WAITING_MAX of them."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    async def find(self, home: Home, run: str, packet: str) -> dict[str, Any]:
        """What `tradeworthy trace` says, in the shape of the API.

        NotAvailable if the packet is not on record, Retryable if too many ask or it takes too long.
        """
        if self._waiting >= WAITING_MAX:
            raise Retryable(f"{WAITING_MAX} others wait for what only a journal knows: try again in a minute")
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                return _shown(packet, await _asked(home, run, packet))
        finally:
            self._waiting -= 1


async def _asked(home: Home, run: str, packet: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradeworthy.cli", "trace", packet, "--run", run, "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TRADEWORTHY_HOME": str(home.path)},
    )
    try:
        async with asyncio.timeout(SECONDS_MAX):
            out, err = await process.communicate()
    except TimeoutError:
        raise Retryable(
            f"the journal did not tell of packet {packet} within {SECONDS_MAX:g} s: ask"
            f" `tradeworthy trace {packet} --run {run}`, which may take its time"
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        found: dict[str, Any] = json.loads(out)
        return found
    said = " ".join(err.decode(errors="replace").split()).removeprefix("error: ")
    if process.returncode in {WRONG, ABSENT}:
        raise NotAvailable(said)
    raise Retryable(f"the journal can't be read: {said[-500:]}")


def _shown(packet: str, found: dict[str, Any]) -> dict[str, Any]:
    candidates = found["candidates"]
    last = found["packets"][-1]["type"] if found["packets"] else "nothing"
    fates = [
        f"{one['outcome']} {one['reason']}".strip() if one["outcome"] != "OPEN" else f"open at {last}"
        for one in candidates
    ]
    return {
        "run": found["run"],
        "packet": packet,
        "source": "journal",
        "candidate": candidates[0]["seq"] if candidates else None,
        "ended": "; ".join(fates) or f"no candidate at {last}",
        "path": [{**one, "created_at": one["time"]} for one in found["packets"]],
        "reasons": found["reasons"],
        "doubt": found["doubt"],
    }
