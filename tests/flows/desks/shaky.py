"""A desk that trades by the clock and, at chosen minutes, does what no desk should."""

import os
import signal

from tradeworthy import BarClosed, Candidate, Desk, DeskContext, Event, FillObserved, Side, State, on
from tradeworthy.core.agents import Answer
from tradeworthy.core.candidates import Verdict
from tradeworthy.core.events import Quarantined

MINUTE = 60_000_000_000
ENTER_EVERY = 11
HOLD = 4


class Shaky(Desk):
    """Enters each instrument in turn every eleventh minute, and leaves four bars later."""

    class Settings(Desk.Settings):
        """`fault` happens on the first instrument's bars of the `minutes`, counted within a day."""

        fault: str = "none"
        minutes: tuple[int, ...] = ()

    class Memory(State):
        """`told` counts what it was told, `half` what a raise must undo."""

        told: int = 0
        half: int = 0
        looping: bool = False

    @on(BarClosed)
    def decide(self, bar: BarClosed, context: DeskContext) -> Answer:
        """Trade, or misbehave."""
        minute = bar.ts_event // MINUTE % 1440
        if minute in self.settings.minutes and bar.instrument == self.instruments[0]:
            return self._misbehave(bar)
        self.state.looping = False
        self.state.told += 1
        if context.position(bar.instrument).lots:
            if context.bars_held(bar.instrument) < HOLD or context.working(bar.instrument):
                return "holding"
            return context.leave("held", bar.instrument, figures={"minute": minute, "told": self.state.told})
        if minute % ENTER_EVERY:
            return "not_yet"
        return context.enter(
            "clock",
            bar.instrument,
            Side.BUY if minute % 2 else Side.SELL,
            notional=0.2 * context.capital(),
            price=bar.close,
            figures={"minute": minute, "told": self.state.told},
        )

    @on(Verdict)
    def go_on(self, verdict: Verdict, context: DeskContext) -> Answer:
        """Answer its own skipped candidates with another, once it loops."""
        return self._skip() if self.state.looping and verdict.desk == self.name else "no_loop"

    @on(Quarantined)
    def hear(self, notice: Quarantined, context: DeskContext) -> str:
        """Take the bad news, or not."""
        if self.settings.fault == "deaf" and notice.desk == self.name:
            raise RuntimeError("can't hear this")
        return "heard"

    def _misbehave(self, bar: BarClosed) -> Answer:
        match self.settings.fault:
            case "raise" | "deaf":
                self.state.half += 1
                raise ValueError(f"no good bar: {bar.instrument}")
            case "late":
                return self._half()
            case "exit":
                raise SystemExit(4)
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
                return "dead"
            case "hang":
                while True:
                    self.state.half += 1
            case "forge":
                return FillObserved(
                    "nowhere", "1", "7.1", self.name, "", "NOTHING", Side.BUY, 1, 1, 0, False, 0
                )
            case "flood":
                return [self._skip() for _ in range(10_001)]
            case "loop":
                self.state.looping = True
                return self._skip()
            case _:
                return "ignored"

    def _half(self) -> Answer:
        self.state.half += 1
        yield self._skip()
        raise ValueError("half way")

    def _skip(self) -> Event:
        return Candidate("again", self.instruments[0], {}, skip="looping")
