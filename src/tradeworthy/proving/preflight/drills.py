"""The fault drills of the divergence specification (section 16, PREFLIGHT-1 to 8), on any of its desks.

    1 boosts      50 threads change the boost while a day is traded
    2 restarts    what a desk hangs on is killed in mid-day and comes back
    3 bounds      years of days, and nothing grows without end
    4 ledger      the state store refuses on day 5; day 6 begins with the right capital
    5 postures    a posture that flips a hundred times a second
    6 survival    the survival stack at its corners and thresholds
    7 memory      a day over and over in flat memory
    8 resets      reset and restore are as good as new

Few rounds by default, for seconds; `full` has the specification's numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import msgspec

from tradeworthy.core.errors import NotAvailable, TradeworthyError, UsageError
from tradeworthy.market.bars import utc_text
from tradeworthy.proving.preflight.boosts import drill_boosts
from tradeworthy.proving.preflight.bounds import drill_bounds
from tradeworthy.proving.preflight.ledger import drill_ledger
from tradeworthy.proving.preflight.memory import drill_memory
from tradeworthy.proving.preflight.postures import drill_postures
from tradeworthy.proving.preflight.resets import drill_resets
from tradeworthy.proving.preflight.restarts import drill_restarts
from tradeworthy.proving.preflight.results import Drilled
from tradeworthy.proving.preflight.stage import DAY_NS, Stage, set_stage
from tradeworthy.proving.preflight.survival import drill_survival
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.home import Home


@dataclass(frozen=True)
class Preflight:
    """What is drilled: a desk of a configuration ("": its first) on a feed ("": recorded data, else the simulator)."""

    configuration: Configuration
    home: Home
    desk: str = ""
    feed: str = ""
    full: bool = False

    @cached_property
    def stage(self) -> Stage:
        """Set up by the first drill that needs it."""
        return set_stage(self.configuration, self.home, self.desk, self.feed)

    @property
    def where(self) -> str:
        """The desk, the feed and the day, if a drill needed them; else nothing."""
        if "stage" not in vars(self):
            return ""
        stage, day = self.stage, self.stage.day
        date, trades = utc_text(day.date * DAY_NS)[:10], len(day.trades)
        strategy = stage.subject.desks[stage.desk].settings.strategy_name
        return f"desk {stage.desk} ({strategy}), {stage.feed} feed, {date}, a day of {trades} trades"

    def rounds(self, quick: int, full: int) -> int:
        """How often."""
        return full if self.full else quick


DRILLS: dict[int, tuple[str, Callable[[Preflight], Drilled]]] = {
    1: ("boosts from threads", lambda one: drill_boosts(one.stage, one.rounds(10, 1_000))),
    2: ("kills and restarts", lambda one: drill_restarts(one.stage)),
    3: ("bounded sets", lambda one: drill_bounds(one.stage, one.rounds(60, 795), one.rounds(12, 795))),
    4: ("failed writes of the store", lambda one: drill_ledger(one.stage)),
    5: ("postures that flip", lambda one: drill_postures(one.stage, one.rounds(20, 300), one.rounds(2, 30))),
    6: ("survival stack", lambda _: drill_survival()),
    7: ("memory over day replays", lambda one: drill_memory(one.stage, one.rounds(50, 1_000))),
    8: ("reset and restore", lambda one: drill_resets(one.stage, one.rounds(10, 30), one.rounds(12, 1_440))),
}
"""Name and drill by number."""


def drills_of(only: Collection[int] = ()) -> dict[int, str]:
    """The names of the drills by number, `only` those if any are given; UsageError for a number that is no drill's."""
    for number in only:
        if number not in DRILLS:
            known = ", ".join(map(str, DRILLS))
            raise UsageError(f"--only {number}: there is no such drill; give one of {known}")
    return {number: name for number, (name, _) in DRILLS.items() if not only or number in only}


def fly(preflight: Preflight, number: int) -> Drilled:
    """One drill's result. What it can't do without and does not find makes it absent.

    UsageError for a configuration that can't be drilled.
    """
    name, drill = DRILLS[number]
    began = time.perf_counter()
    try:
        drilled = drill(preflight)
    except NotAvailable as error:
        drilled = Drilled(number, name, absent=str(error))
    except UsageError:
        raise
    except TradeworthyError as error:
        drilled = Drilled(number, name, fault=str(error))
    return msgspec.structs.replace(drilled, seconds=round(time.perf_counter() - began, 3))
