"""What a person asked for: a configuration, a mode, a feed, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.runtime.configuration import Configuration


class Mode(StrEnum):
    """A mode changes the gateways, the clock and the venue, and nothing else."""

    BACKTEST = "backtest"
    SIMULATE = "simulate"
    PAPER = "paper"
    LIVE = "live"


DURATION_S_MAX = 1e9
"""Thirty years: session time is nanoseconds in 64 bits."""


@dataclass(frozen=True)
class Plan:
    """One session to run. `duration_s` is session seconds; `speed` session seconds a wall second.

    `first_day` and `last_day` bound a recorded feed, both inclusive, UTC.
    """

    configuration: Configuration
    mode: Mode = Mode.PAPER
    feed: str = "simulator"
    duration_s: float | None = None
    speed: float | None = None
    seed: int | None = None
    fresh: bool = False
    first_day: date | None = None
    last_day: date | None = None
    out: Path | None = None

    def __post_init__(self) -> None:
        if self.mode in {Mode.SIMULATE, Mode.LIVE}:
            raise NotAvailable(f"mode {self.mode} is not available yet; use --mode paper or backtest")
        if self.feed == "live" and not (self.configuration.on_tokens and self.mode is Mode.PAPER):
            raise NotAvailable(
                "a live feed is there only for desks of kind uptrend in --mode paper;"
                " use --feed simulator or recorded:DIR"
            )
        for name, value in (("--duration", self.duration_s), ("--speed", self.speed)):
            if value is not None and not 0 < value < float("inf"):
                raise UsageError(f"{name} is {value}; give a number of session seconds above 0")
        if self.duration_s is not None and self.duration_s > DURATION_S_MAX:
            raise UsageError(
                f"--duration is {self.duration_s:g}; give at most {DURATION_S_MAX:g} session seconds"
            )
        if self.seed is not None and not 0 <= self.seed < 1 << 63:
            raise UsageError(f"--seed is {self.seed}; give a whole number from 0 to 2^63 - 1")
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise UsageError(f"--from {self.first_day} is after --to {self.last_day}; swap them")

    @property
    def the_seed(self) -> int:
        """The seed of the command line, else the configuration's."""
        return self.configuration.seed if self.seed is None else self.seed

    def pace(self, *, endless: bool) -> float | None:
        """Session seconds a wall second, or None: as fast as it can. `endless` says of the feed that it is.

        Without `--speed`, only what would never end is held to the pace of the clock.
        """
        if self.speed is None and endless and self.duration_s is None:
            return 1.0
        return self.speed
