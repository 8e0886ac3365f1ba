"""What the tests of alerts may ask for."""

import warnings
from collections.abc import Iterator

import apprise
import pytest
import structlog
from structlog.testing import LogCapture


@pytest.fixture(scope="session", autouse=True)
def _services_loaded() -> None:
    """Apprise imports its services with the first address, and one of them imports what Python 3.13 will drop."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)
        apprise.Apprise.instantiate("json://localhost")


@pytest.fixture
def log() -> Iterator[LogCapture]:
    """What was logged, in `entries`."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture
    structlog.configure(**before)
