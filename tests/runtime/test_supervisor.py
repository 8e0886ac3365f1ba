"""The one place that may catch anything: faults are mended, gateways restarted with back-off."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import LogCapture

from tradeworthy.core.errors import AllHalted, Bug, NotAvailable
from tradeworthy.runtime.supervisor import kept_running, supervised


def test_an_action_is_run_again_after_each_fault_that_was_mended() -> None:
    """Whatever it was; what it gives in the end is given."""
    faults: list[Exception | SystemExit] = [
        ValueError("one"),
        Bug("two"),
        RecursionError("three"),
        SystemExit(4),
    ]
    met: list[BaseException] = []

    def action() -> str:
        if len(met) < len(faults):
            raise faults[len(met)]
        return "done"

    assert supervised(action, met.append) == "done"
    assert met == faults


def test_what_halts_all_is_not_mended() -> None:
    """Nor is a fault that mending can't mend."""

    def halt() -> None:
        raise AllHalted("the disk is full")

    def fail() -> None:
        raise ValueError("odd")

    def give_up(error: BaseException) -> None:
        raise AllHalted("a part under the desks raised") from error

    with pytest.raises(AllHalted, match="disk is full"):
        supervised(halt, lambda _: None)
    with pytest.raises(AllHalted, match="under the desks"):
        supervised(fail, give_up)


class Flaky:
    """A gateway that raises `faults` one after the other, then ends; and the clock that it runs on."""

    def __init__(self, *faults: Exception, lives_s: float = 0.0) -> None:
        self.faults = list(faults)
        self.lives_s = lives_s
        self.seconds = 0.0
        self.slept: list[float] = []
        self.told = 0

    async def run(self) -> None:
        """Live for a while, then crash."""
        self.seconds += self.lives_s
        if self.faults:
            raise self.faults.pop(0)

    async def sleep(self, seconds: float) -> None:
        """Note the back-off."""
        self.slept.append(seconds)

    def crashed(self) -> None:
        """Count."""
        assert self.told == len(self.slept)
        self.told += 1

    def keep(self) -> None:
        """Run it until it ends."""
        clock: Callable[[], float] = lambda: self.seconds  # noqa: E731 - a clock in one line
        asyncio.run(kept_running("prices", self.run, sleep=self.sleep, crashed=self.crashed, seconds=clock))


def test_a_crashed_gateway_is_restarted_after_1_2_4_up_to_60_seconds(log: LogCapture) -> None:
    """Each crash is a line that can be grepped (A10); `crashed` is told before each wait."""
    gateway = Flaky(*[ConnectionResetError(f"number {number}") for number in range(9)])
    gateway.keep()
    assert gateway.slept == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert gateway.told == 9
    crashes = [entry for entry in log.entries if entry["event"] == "gateway_crashed"]
    assert [entry["failures"] for entry in crashes] == [*range(1, 10)]
    assert crashes[0]["gateway"] == "prices"
    assert crashes[0]["error"] == "ConnectionResetError('number 0')"
    assert crashes[-1]["backoff_s"] == 60
    assert log.entries[-1]["event"] == "gateway_ended"


def test_a_gateway_that_ran_well_for_long_begins_at_one_second_again() -> None:
    """A crash a day is not a row of crashes."""
    gateway = Flaky(*[ConnectionResetError()] * 4, lives_s=61.0)
    gateway.keep()
    assert gateway.slept == [1, 1, 1, 1]


@pytest.mark.parametrize("error", [AllHalted("disk"), NotAvailable("no such venue")])
def test_what_no_restart_would_help_ends_the_session(error: Exception) -> None:
    """It passes through."""
    gateway = Flaky(error)
    with pytest.raises(type(error)):
        gateway.keep()
    assert gateway.slept == []


def test_a_cancelled_gateway_is_not_restarted() -> None:
    """The session ends: so does the gateway, even in its back-off."""
    slept: list[float] = []

    async def crash() -> None:
        raise ConnectionResetError

    async def go() -> None:
        asleep = asyncio.Event()

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            asleep.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(kept_running("prices", crash, sleep=sleep))
        await asleep.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

    asyncio.run(go())
    assert slept == [1]
