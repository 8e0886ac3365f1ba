"""Three tokens of three sizes on three timeframes, each through every end that S1 and S3 can have."""

from __future__ import annotations

from tradeworthy.proving.flows.action_flows import arrival
from tradeworthy.proving.flows.moves import (
    REST,
    S1_BOTTOM,
    S1_BUY,
    S1_FAR,
    S1_NEAR,
    S2_CALM,
    S3_BOTTOM,
    S3_CALM,
    S3_DIP,
    S3_DIP_BUY,
    S3_TRIM,
)
from tradeworthy.proving.flows.playing import Scenario
from tradeworthy.proving.flows.queries import (
    ACTIONS,
    acted,
    booked,
    closed,
    look,
    moved,
    opened_windows,
    resolved,
    stands,
    summarised,
)
from tradeworthy.proving.flows.scripts import HOUR, Course, Move, Script, signals_of
from tradeworthy.proving.flows.stages import FlowStage, Packet, each
from tradeworthy.proving.flows.worlds import BONK, GIANT, MIDAS, configuration_text

_LIVES: tuple[tuple[Move, ...], ...] = (
    (REST, S1_BUY, S1_FAR, S2_CALM, S3_CALM, S3_DIP_BUY, S3_CALM, S3_TRIM, S3_BOTTOM),
    (REST, S1_BUY, S1_FAR, S1_BOTTOM),
    (REST, S1_NEAR, S1_FAR, S2_CALM, S3_CALM, S3_DIP, S3_CALM, S3_BOTTOM),
    (REST, S1_FAR, S2_CALM, S3_CALM, S3_DIP_BUY, S3_CALM, S3_BOTTOM, REST),
)
"""S1 success with an S3 retest that succeeds; S1 failure; S1 missed and S3 dip rightly skipped; S3 retest failure."""


def buckets() -> Scenario:
    """Micro on 1h, mid on 15m, large on 4h: windows, episodes, trades and what the actions were multiplied by."""
    tokens, frames = (BONK, MIDAS, GIANT), ("1h", "15m", "4h")
    moves = tuple(move for life in _LIVES for move in life)
    courses = [Course(token.name, frame, moves) for token, frame in zip(tokens, frames, strict=True)]
    multiplied = each(
        "strength and skew on the row",
        lambda row: row["pm_strength_applied"] > 0 and row["exposure_skew_applied"] > 0,
    )
    packets = []
    for token, course in zip(tokens, courses, strict=True):
        row = course.position
        steps = (
            *arrival(token, course.timeframe),
            moved(row, "S0", "S1", "S2", "S3", "S0", "S1", "S0", *("S1", "S2", "S3", "S0") * 2),
            opened_windows(row, "s1_entry", "s3_retest", "s1_entry", "s1_entry", "s3_retest", "s3_retest"),
            acted(
                row,
                *("buy_signal", "buy_flag", "trim_flag", "exit_position"),
                *("buy_signal", "exit_position", "buy_flag", "exit_position"),
            ),
            resolved(
                row,
                *(("acted", "success"), ("acted", "success"), ("acted", "failure")),
                *(("skipped", "success"), ("skipped", "failure"), ("acted", "failure")),
            ),
            summarised(
                row, *("success", "success", "failure", "missed", "correct_skip", "missed", "failure")
            ),
            booked(row, "+++--+--+--"),
            stands(row, status="watchlist", in_trade=False),
            closed(row, 3),
            look(FlowStage.ACTION, "ad_strands pm_action", ACTIONS, multiplied, position=row),
        )
        packets.append(Packet(f"call-{token.name}", steps))
    end_ts = max(course.end_ts for course in courses) + HOUR
    names = tuple(token.name for token in tokens)
    return Scenario(
        "buckets",
        "a micro, a mid and a large cap: S1 success, failure and missed, S3 retest success and failure",
        configuration_text(tokens),
        Script("15m", end_ts, tuple(courses), tuple(signals_of(courses)), names),
        tuple(packets),
    )
