"""The position manager's whole loop, and the six ends that its rows may come to."""

from __future__ import annotations

from tradeworthy.desks.uptrend.names import Status
from tradeworthy.proving.flows.moves import (
    REST,
    S1_BOTTOM,
    S1_BUY,
    S1_FAR,
    S2_CALM,
    S2_TRIM,
    S3_BOTTOM,
    S3_CALM,
    S3_DIP_BUY,
    S3_EMERGENCY,
    S3_RECLAIM,
)
from tradeworthy.proving.flows.playing import Scenario
from tradeworthy.proving.flows.queries import (
    acted,
    backfilled,
    booked,
    closed,
    decided,
    facts,
    four_positions,
    ingested,
    moved,
    opened_windows,
    resolved,
    stands,
    summarised,
)
from tradeworthy.proving.flows.scripts import HOUR, Course, Move, Script, signals_of
from tradeworthy.proving.flows.stages import Packet, Step
from tradeworthy.proving.flows.worlds import BONK, Token, configuration_text


def arrival(token: Token, timeframe: str) -> tuple[Step, ...]:
    """The way of a signal up to a row of `timeframe` that may be traded."""
    return (
        ingested(),
        decided(),
        four_positions(token.contract),
        backfilled(token.contract, (timeframe,)),
    )


def actions() -> Scenario:
    """Entry, trim, emergency exit, reclaim, exit at S0; the trade is closed and learned from."""
    moves = (REST, S1_BUY, S1_FAR, S2_TRIM, S3_EMERGENCY, S3_RECLAIM, S3_CALM, S3_BOTTOM, REST)
    course = Course(BONK.name, "1h", moves)
    row = course.position
    steps = (
        *arrival(BONK, "1h"),
        moved(row, "S0", "S1", "S2", "S3", "S0"),
        opened_windows(row, "s1_entry"),
        acted(row, "buy_signal", "trim_flag", "emergency_exit", "reclaimed_ema333", "exit_position"),
        resolved(row, ("acted", "success")),
        summarised(row, "success", "failure"),
        booked(row, "++-+--"),
        stands(row, status=Status.WATCHLIST.value, in_trade=False),
        closed(row),
        facts(row, "entry", "trim", "exit", "add", "exit"),
    )
    return Scenario(
        "actions",
        "S1 entry, S2 trim, S3 emergency exit, reclaim, exit at S0, with windows, books, closure and facts",
        configuration_text([BONK]),
        Script("15m", course.end_ts + HOUR, (course,), tuple(signals_of([course])), (BONK.name,)),
        (Packet(f"call-{BONK.name}", steps),),
    )


_ENTERED = (REST, S1_BUY, S1_FAR)
_RUNS: tuple[tuple[str, tuple[Move, ...], tuple[str, ...], str, Status], ...] = (
    ("ENTRYX", _ENTERED, ("buy_signal",), "+", Status.ACTIVE),
    (
        "RETESTX",
        (REST, S1_FAR, S2_CALM, S3_DIP_BUY, S3_CALM),
        ("buy_flag",),
        "+",
        Status.ACTIVE,
    ),
    (
        "EMERGX",
        (*_ENTERED, S2_CALM, S3_EMERGENCY, S3_CALM),
        ("buy_signal", "emergency_exit"),
        "+-",
        Status.ACTIVE,
    ),
    (
        "FALLX",
        (*_ENTERED, S2_CALM, S3_CALM, S3_BOTTOM, REST),
        ("buy_signal", "exit_position"),
        "+--",
        Status.WATCHLIST,
    ),
    (
        "BOTTOMX",
        (*_ENTERED, S1_BOTTOM, REST),
        ("buy_signal", "exit_position"),
        "+--",
        Status.WATCHLIST,
    ),
    ("IDLEX", (REST, S1_FAR, S1_BOTTOM, REST), (), "", Status.WATCHLIST),
)
"""Token, moves, signals acted on, whether something is held after each booking, and the status at the end."""


def harness() -> Scenario:
    """Six rows side by side, each with the status that it must end in."""
    tokens = [Token(name) for name, *_ in _RUNS]
    courses = [Course(name, "15m", moves) for name, moves, *_ in _RUNS]
    packets = []
    for token, course, (_, _, signals, held, status) in zip(tokens, courses, _RUNS, strict=True):
        row, over = course.position, status is Status.WATCHLIST
        trades = int(over and bool(signals))
        bought = "buy_signal" in signals and not over
        ends = (
            closed(row, trades),
            stands(row, status=status.value, in_trade=not over, last_s1_buy=bought),
        )
        steps = (
            *arrival(token, "15m"),
            acted(row, *signals),
            booked(row, held),
            *(reversed(ends) if trades else ends),
        )
        packets.append(Packet(f"call-{token.name}", steps))
    end_ts = max(course.end_ts for course in courses) + HOUR // 4
    said = tuple(signals_of(courses))
    names = tuple(token.name for token in tokens)
    return Scenario(
        "harness",
        "six rows: entry and retest end active, an emergency exit active with nothing held, S0 on the watchlist",
        configuration_text(tokens),
        Script("15m", end_ts, tuple(courses), said, names),
        tuple(packets),
    )
