"""A dead man's switch: an address is fetched while the session is well, and somebody else minds its silence."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from tradeworthy.gateways.alerts.settings import shown

log = structlog.get_logger()

TIMEOUT_S = 10.0


class Heartbeat:
    """Fetches `url` every `every_s` seconds from a thread of its own while `alive` says so."""

    def __init__(self, url: str, every_s: float, alive: Callable[[], bool]) -> None:
        self.missed = 0
        self._url, self._every_s, self._alive = url, every_s, alive
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_beating, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Fetch it now, and from now on."""
        self._thread.start()

    def hurry(self) -> None:
        """Fetch it no more; does not wait for an answer that is under way."""
        self._stop.set()

    def beat(self) -> bool:
        """Fetch it once if the session is well; whether it was taken.

        The first failure of several is logged, and none after `hurry`.
        """
        import httpx

        if not self._alive():
            if not self._stop.is_set():
                log.warning("heartbeat_held_back", reason="the session does not answer")
            return False
        try:
            httpx.get(self._url, timeout=TIMEOUT_S, follow_redirects=True).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if not self.missed and not self._stop.is_set():
                log.warning("heartbeat_missed", to=shown(self._url), error=type(error).__name__)
            self.missed += 1
            return False
        if self.missed:
            log.info("heartbeat_back", to=shown(self._url), missed=self.missed)
        self.missed = 0
        return True

    def _keep_beating(self) -> None:
        while not self._stop.is_set():
            self.beat()
            self._stop.wait(self._every_s)
