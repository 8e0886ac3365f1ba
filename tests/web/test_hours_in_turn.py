"""Why a desk did not trade is asked of a journal at times: that must not take all of the pages' workers."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.web.served import V1, Served
from tradeworthy.core.errors import UsageError
from tradeworthy.web.api import traces


def test_hours_are_told_one_at_a_time(finished: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks meanwhile waits, and pages find a worker."""
    two = threading.Barrier(2)
    met: list[bool] = []

    def told(*_: Any) -> dict[str, Any]:
        try:
            two.wait(0.1)
        except threading.BrokenBarrierError:
            two.reset()
        else:
            met.append(True)
        raise UsageError("no such desk")

    monkeypatch.setattr(traces, "hour_of", told)
    with ThreadPoolExecutor(3) as people:
        answers = list(people.map(lambda _: finished.client.get(f"{V1}/why/x"), range(3)))
    assert [answer.status_code for answer in answers] == [404] * 3
    assert not met
