"""Tries the addresses of alerts: one message of each severity, each sent once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from tradeworthy.core.errors import NotAvailable
from tradeworthy.gateways.alerts.grouping import Message
from tradeworthy.gateways.alerts.sender import targets_of
from tradeworthy.gateways.alerts.settings import FILE_NAME, alert_settings
from tradeworthy.runtime.home import Home
from tradeworthy.store.alerts import SEVERITIES


class Answered(NamedTuple):
    """What an address (as it may be shown) said to a message; `taken` is None where a severity goes to none."""

    severity: str
    address: str
    taken: bool | None
    ms: float


def try_alerts(home: Home, *, seconds: Callable[[], float] = time.monotonic) -> list[Answered]:
    """Send them, the least severe first; NotAvailable without an address, UsageError if the settings are wrong."""
    targets = targets_of(alert_settings(home.path))
    if not targets:
        raise NotAvailable(
            f"no alert goes anywhere but to the log: write `urls` into [alerts] of {home.path / FILE_NAME} (mode 600)"
        )
    found: list[Answered] = []
    for severity in SEVERITIES:
        message = Message(
            severity,
            f"Test: {severity}",
            f"Tradeworthy can reach you with what is {severity}. Nothing happened, and nothing is to be done.",
        )
        addressed = [target for target in targets if severity in target.severities]
        for target in addressed:
            began = seconds()
            taken = target.send(message)
            found.append(Answered(severity.value, target.name, taken, (seconds() - began) * 1e3))
        if not addressed:
            found.append(Answered(severity.value, "", None, 0.0))
    return found
