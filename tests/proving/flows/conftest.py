"""One pair of servers for all flows; each gets a home and a database of its own on them."""

from collections.abc import Iterator

import pytest

from tradeworthy.proving.flows.playing import Stand, stand


@pytest.fixture(scope="session")
def where() -> Iterator[Stand]:
    """Running servers."""
    with stand() as servers:
        yield servers
