"""What the runtime's tests may ask for."""

import asyncio
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import LogCapture


@pytest.fixture
def log() -> Iterator[LogCapture]:
    """What was logged, in `entries`."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine's reaches a test."""
    import os

    for name in [name for name in os.environ if name.startswith("TRADEWORTHY_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def stop() -> asyncio.Event:
    """What tells a driver to stop."""
    return asyncio.Event()
