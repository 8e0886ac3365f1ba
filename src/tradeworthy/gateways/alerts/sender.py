"""Sends messages through apprise, behind one small protocol."""

from __future__ import annotations

import logging
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.alerts.grouping import Message
from tradeworthy.gateways.alerts.settings import AlertSettings, shown
from tradeworthy.store.alerts import Severity

if TYPE_CHECKING:
    import apprise

KINDS = {
    Severity.LOW: "info",
    Severity.NORMAL: "info",
    Severity.HIGH: "warning",
    Severity.CRITICAL: "failure",
}
"""What apprise calls them; services colour messages by it."""


class Target(Protocol):
    """One address: `name` may be said aloud, `key` tells it from others, `severities` go to it."""

    name: str
    key: str
    severities: frozenset[Severity]

    def send(self, message: Message) -> bool:
        """Whether the address took the message; it waits no longer than its time-out."""


class AppriseTarget:
    """An address of apprise's; UsageError, without the address, if apprise can't read it."""

    def __init__(self, url: str, severities: frozenset[Severity], timeout_s: float) -> None:
        import apprise

        # It warns on standard error of what it could not send, addresses and all.
        logger = logging.getLogger("apprise")
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
        self.name, self.severities = shown(url), severities
        self.key = sha256(url.encode()).hexdigest()[:16]
        self._sender = apprise.Apprise()
        service = apprise.Apprise.instantiate(url)
        if not isinstance(service, apprise.NotifyBase):
            raise UsageError(
                f"the alert address {self.name} is none that apprise can read; see https://github.com/caronc/apprise"
                " for how its services are written"
            )
        service.socket_connect_timeout = service.socket_read_timeout = timeout_s
        self._sender.add(service)

    def send(self, message: Message) -> bool:
        """Whether the service took it."""
        kind: apprise.NotifyType = _kind(message.severity)
        return bool(self._sender.notify(body=message.text, title=message.title, notify_type=kind))


def _kind(severity: Severity) -> apprise.NotifyType:
    import apprise

    return apprise.NotifyType(KINDS[severity])


def targets_of(settings: AlertSettings) -> list[Target]:
    """Every address that anything goes to; UsageError for the first that can't be read."""
    return [
        AppriseTarget(url, severities, settings.timeout_s)
        for url, severities in settings.severities_of().items()
    ]
