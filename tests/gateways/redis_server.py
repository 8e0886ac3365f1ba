"""Help for tests against the real embedded Redis."""

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import redis

PATIENCE_S = 15.0


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether `holds` comes true before patience ends; looks every 10 ms."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / 0.01)):
        if holds():
            return True
        pause.wait(0.01)
    return False


class Listener:
    """Hears channels, as another program would."""

    def __init__(self, url: str, *channels: str) -> None:
        self._client = redis.Redis.from_url(url)
        self._heard = self._client.pubsub(ignore_subscribe_messages=False)  # type: ignore[no-untyped-call]
        self._heard.subscribe(*channels)
        for _ in channels:
            self._heard.get_message(timeout=PATIENCE_S)

    def next(self) -> tuple[str, dict[str, Any]]:
        """Channel and object of the next message."""
        message = self._heard.get_message(timeout=PATIENCE_S)
        assert message is not None
        return message["channel"].decode(), msgspec.json.decode(message["data"])

    def close(self) -> None:
        """Hang up."""
        self._heard.close()
        self._client.close()
