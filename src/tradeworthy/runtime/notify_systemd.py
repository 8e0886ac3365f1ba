"""Tells systemd how the session stands, so that one that hangs is started again."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger()


class ServiceManager:
    """Speaks to the socket that `environment` names as NOTIFY_SOCKET, if it names one (sd_notify(3)).

    `alive` may be called with each turn: it is said four times in WATCHDOG_USEC, the silence after which the session
    is killed and started again. A manager that can't be reached is logged once.
    """

    def __init__(
        self, environment: Mapping[str, str], *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        place = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{place[1:]}" if place.startswith("@") else place
        self._every_s = int(environment.get("WATCHDOG_USEC") or 0) / 4e6
        self._seconds, self._said_s, self._is_lost = seconds, float("-inf"), False

    def ready(self) -> None:
        """The session has recovered and begins to take inputs."""
        self._say("READY=1")

    def alive(self) -> None:
        """Packets or timers were handled just now."""
        if self._address and self._every_s and self._seconds() - self._said_s >= self._every_s:
            self._said_s = self._seconds()
            self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """The session ends in good order."""
        self._say("STOPPING=1")

    def _say(self, word: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
                speaker.sendto(word.encode(), self._address)
        except OSError as error:
            if not self._is_lost:
                log.warning("service_manager_unreachable", error=str(error))
            self._is_lost = True
