"""Bars of what venues and providers bring: trades of a major, and points of a token with no bars at all."""

from __future__ import annotations

from collections.abc import Iterator

from tradeworthy.core.events import Event
from tradeworthy.market.ticks import PricePoint, TradeTick
from tradeworthy.proving.flows.playing import Scenario
from tradeworthy.proving.flows.queries import (
    ENGINE,
    MAJORS,
    ROLLED,
    backfilled,
    decided,
    four_positions,
    ingested,
    look,
    moved,
)
from tradeworthy.proving.flows.scripts import HOUR, MINUTE, SIGNAL_TS, START, Script, signal
from tradeworthy.proving.flows.stages import FlowStage, Found, Packet, each, last
from tradeworthy.proving.flows.worlds import BONK, BTC, configuration_text

ALL = ("15m", "1h", "1m", "4h")
TICKS = (10.0, 12.0, 9.0, 11.0)
SECOND = 1_000_000_000


def majors() -> Scenario:
    """Four trades of a minute and one of them again; the next hour, a trade a minute."""
    said: list[tuple[int, Event]] = []
    for number, price in enumerate(TICKS):
        ts = START + (number + 1) * SECOND
        said.append((ts, TradeTick(BTC.name, price, ts, 1.0, f"t{number}")))
    again = START + 5 * SECOND
    said.append((again, TradeTick(BTC.name, TICKS[-1], START + 4 * SECOND, 1.0, "t3")))
    for number in range(1, 61):
        ts = START + number * MINUTE + SECOND
        said.append((ts, TradeTick(BTC.name, 11.0 + number / 100, ts, 1.0, f"m{number}")))
    minute = last(open_usd=10.0, high_usd=12.0, low_usd=9.0, close_usd=11.0, volume=sum(TICKS))
    one = look(
        FlowStage.ROLLUP,
        "majors_price_data_ohlc 1m",
        MAJORS,
        lambda rows: minute(rows[:1]),
        contract=BTC.contract,
        timeframe="1m",
    )
    hour = look(
        FlowStage.ROLLUP,
        "majors_price_data_ohlc 1h",
        MAJORS,
        last(open_usd=10.0, high_usd=12.0, low_usd=9.0),
        contract=BTC.contract,
        timeframe="1h",
    )
    return Scenario(
        "majors",
        "trades of a major: one bar a minute, a trade that comes twice counts once, and an hour of them",
        configuration_text([BONK, BTC], "1m"),
        Script("1m", START + HOUR + 2 * MINUTE, said=tuple(said)),
        (Packet("t0", (one, hour)),),
    )


def empty() -> Scenario:
    """No bar anywhere: a signal has history fetched for all rows, and points become bars of every timeframe."""
    rolled = each(
        "rolled bars of 15m, 1h and 4h with 80 % of their minutes", lambda row: row["coverage"] >= 0.8, 3
    )
    judged = each("judged by the engine, and not dormant", _is_judged, len(ALL))
    steps = (
        ingested(),
        decided(),
        four_positions(BONK.contract),
        backfilled(BONK.contract, ALL),
        look(
            FlowStage.ROLLUP,
            "lowcap_price_data_ohlc",
            ROLLED,
            lambda rows: rolled(_made(rows)),
            contract=BONK.contract,
        ),
        look(
            FlowStage.ENGINE,
            "lowcap_positions features",
            ENGINE,
            judged,
            contract=BONK.contract,
            timeframes=list(ALL),
        ),
        moved(f"4h@{BONK.name}", "S0"),
    )
    said = (*_points(START + 4 * HOUR), (SIGNAL_TS, signal(f"call-{BONK.name}", BONK.name)))
    return Scenario(
        "empty",
        "from no bar at all: history of four timeframes and rolled bars without a hand, and the engine's first words",
        configuration_text([BONK], "1m"),
        Script("1m", START + 4 * HOUR + 2 * MINUTE, said=said, history=(BONK.name,)),
        (Packet(f"call-{BONK.name}", steps),),
    )


def _points(end_ts: int) -> Iterator[tuple[int, Event]]:
    """A token's price twice a minute, falling on."""
    for ts in range(START + SECOND, end_ts, MINUTE // 2):
        price = 1.0 - 0.05 * (ts - START) / (4 * HOUR)
        yield ts, PricePoint(BONK.name, price, ts, volume_1m=1_000.0, liquidity_usd=500_000.0)


def _made(rows: list[Found]) -> list[Found]:
    return [row for row in rows if row["source"] == "rollup"]


def _is_judged(row: dict[str, object]) -> bool:
    return bool(row["judged"]) and row["status"] == "watchlist"
