"""The golden packet (specs/uptrend.md 26): its configuration, the bars that it is played on, and who says what when.

All of it is data: files of bars as they are recorded anywhere, and a script of one signal and forced engine states.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from tradeworthy.core.events import Event, Figure
from tradeworthy.desks.uptrend.events import SocialSignal, StateForced
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Stage
from tradeworthy.gateways.feeds.timeframes import TimeframesFeed
from tradeworthy.gateways.feeds.tokens import TokensFeed
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.configuration import Configuration

TOKEN, ROW = "BONK", "1h@BONK"
START = 1_767_225_600_000_000_000
"""2026-01-01 00:00 UTC, ns."""

HOUR = TIMEFRAMES_NS["1h"]
MINUTE = TIMEFRAMES_NS["1m"]
HISTORY_BARS = 700
LEVEL = 1.2

TEXT = """\
name = "golden"
seed = 7

[account]
currency = "USDC"
cash = "10000"

[venue]
matcher = "bar"
fills = "taker_close"
latency_ms = 0
slippage_bps = 0
participation = 1

[risk]
position_max = "0.5"
portfolio_max = "0.9"
daily_loss_max = "0.9"
drawdown_max = "0.9"

[store]
bars = true

[signals]
source = "none"

[[instruments]]
id = "BONK"
venue = "paper"
quote = "USDC"
tick = "0.01"
lot = "0.01"
taker_fee = "0"

[[desks]]
name = "uptrend"
kind = "uptrend"
timeframe = "{base}"
instruments = ["BONK"]
share = "1"

[desks.settings.market]
bars = {bars}

[desks.settings.manager]
levers = "fixed"
fixed_a = 0.5
fixed_e = 0.5

[[desks.settings.tokens]]
instrument = "BONK"
ticker = "BONK"
chain = "solana"
contract = "bonk-contract"
market_cap = 900_000

[[desks.settings.curators]]
id = "ann"
weight = 0.8
"""

BARS = {
    "1m": '{ "1m" = "1m", "15m" = "1m", "1h" = "1m", "4h" = "1m" }',
    "1h": '{ "1h" = "1h", "4h" = "1h" }',
}
"""What longer bars are made of, by the feed's own timeframe."""


class Hour(NamedTuple):
    """One hour of the packet: its close, its low, and what is forced on the row at its end."""

    close: float
    low: float
    state: Stage
    payload: dict[str, Figure]
    check: dict[str, Figure] = {}


_BUY: dict[str, Figure] = {"buy_signal": True, "atr": 0.02, "ts_score": 0.7, "ts_with_boost": 0.7}
_TRIM: dict[str, Figure] = {"trim_flag": True, "sr_level": LEVEL, "ox": 0.8}
PACKET = (
    Hour(1.00, 1.00, Stage.S0, {}),
    Hour(1.00, 1.00, Stage.S1, _BUY, {"entry_zone_ok": True}),
    Hour(1.02, 1.00, Stage.S1, _BUY, {"entry_zone_ok": True}),
    Hour(1.20, 1.02, Stage.S2, _TRIM),
    Hour(1.20, 1.20, Stage.S2, {}),
    Hour(1.20, 1.20, Stage.S2, _TRIM),
    Hour(0.90, 0.88, Stage.S3, {"emergency_exit": True}, {"price_in_discount_zone": True}),
    Hour(1.00, 0.90, Stage.S0, {}),
)
"""Steps 2 to 7: buy, no second buy, trim, a bar without a flag, a trim within the cooldown, exit, closure."""

AFTER_S = 2 * 3_600
"""Session seconds after the last hour, in which the learning jobs run."""


class Script(NamedTuple):
    """The packet, `cycles` times in a row, on bars of timeframe `base`."""

    cycles: int = 1
    base: str = "1m"

    @property
    def duration_s(self) -> int:
        """Session seconds from START to the end."""
        return self.cycles * len(PACKET) * 3_600 + AFTER_S

    def hours(self) -> list[Hour]:
        """All hours, the quiet ones at the end too."""
        return [*PACKET * self.cycles, *[PACKET[0]] * (AFTER_S // 3_600)]

    def events(self) -> Iterator[tuple[int, Event]]:
        """The signal, what is forced on the other rows for good, and on the hour's row before each hour ends."""
        yield START + 10 * MINUTE, SocialSignal("tweet-1", "ann", "$BONK", START + 10 * MINUTE)
        for timeframe in TIMEFRAMES:
            if timeframe != "1h":
                yield START + 11 * MINUTE, StateForced(TOKEN, timeframe, Stage.S0, bars=0)
        for number, hour in enumerate(self.hours()):
            forced = StateForced(TOKEN, "1h", hour.state, hour.payload, hour.check)
            yield START + number * HOUR + 30 * MINUTE, forced

    def said(self, from_ts: int, to_ts: int) -> Iterator[tuple[int, Event]]:
        """The events of a stretch, as a feed asks for them."""
        return ((ts, event) for ts, event in self.events() if from_ts <= ts < to_ts)

    def write(self, folder: Path) -> Path:
        """The configuration in `folder`, with the bars that it is played on in `bars` beside it; its path."""
        bars = folder / "bars"
        bars.mkdir(parents=True, exist_ok=True)
        for timeframe in TIMEFRAMES:
            length = TIMEFRAMES_NS[timeframe]
            rows = list(_falling(length))
            rows += self._played(length) if timeframe == self.base else []
            names = ["symbol", "ts", "open", "high", "low", "close", "volume"]
            frame = pl.DataFrame(rows, schema=names, orient="row")
            stamp = pl.from_epoch("ts", time_unit="ns").dt.replace_time_zone("UTC").dt.cast_time_unit("ms")
            frame.with_columns(stamp).write_parquet(bars / f"klines_{timeframe}.parquet")
        path = folder / "golden.toml"
        path.write_text(TEXT.format(base=self.base, bars=BARS[self.base]))
        return path

    def feed(self, configuration: Configuration, bars: Path) -> TokensFeed:
        """The bars of folder `bars` from START on, with the script between them."""
        played = TimeframesFeed(bars, instruments_of(configuration), {self.base}, from_ts=START)
        return TokensFeed(played, self.said, {"script": "golden", "cycles": self.cycles})

    def _played(self, length: int) -> Iterator[tuple[object, ...]]:
        """Bars of `length` of all hours: each hour goes to its close at once, and halfway to its low."""
        before, parts = 1.0, HOUR // length
        for number, hour in enumerate(self.hours()):
            for part in range(parts):
                low = min(before, hour.close, hour.low if part == parts // 2 else hour.close)
                stamp = START + number * HOUR + part * length
                yield TOKEN, stamp, before, max(before, hour.close), low, hour.close, 100_000.0
                before = hour.close


def _falling(length: int) -> Iterator[tuple[object, ...]]:
    """HISTORY_BARS that fall to 1.0 until START: a row that is found so stands in S0."""
    for back in range(HISTORY_BARS, 0, -1):
        opened, closed = 1.0 + back / 1_000, 1.0 + (back - 1) / 1_000
        yield TOKEN, START - back * length, opened, opened, closed, closed, 100_000.0
