"""From closed trades and windows to lessons, overrides, and the next action that they change."""

from __future__ import annotations

from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.learning.events import ActionsImported, EpisodeFact, ImportedAction, ImportedTrade, Scope
from tradeworthy.learning.scopes import (
    S1_ENTRY,
    S3_DX,
    TUNING,
    TUNING_DX_MIN,
    TUNING_HALO,
    TUNING_TS_MIN,
    pattern_key,
)
from tradeworthy.proving.flows.action_flows import arrival
from tradeworthy.proving.flows.moves import (
    REST,
    S1_BUY,
    S1_FAR,
    S1_NEAR,
    S2_CALM,
    S3_BOTTOM,
    S3_CALM,
    S3_DIP,
    S3_TRIM,
)
from tradeworthy.proving.flows.playing import Scenario
from tradeworthy.proving.flows.queries import (
    ACTIONS,
    IMPORTED_FACTS,
    IMPORTED_WINDOWS,
    SKIPPED,
    acted,
    applied,
    lesson,
    look,
    moved,
    opened_windows,
    override,
    resolved,
    summarised,
)
from tradeworthy.proving.flows.scripts import HOUR, MINUTE, START, Course, Script, signals_of
from tradeworthy.proving.flows.stages import FlowStage, Packet, column, count, each, last
from tradeworthy.proving.flows.worlds import BONK, configuration_text

TRADES = 40
IMPORTED_TS = START + 6 * MINUTE
S1_TRIM = pattern_key(Stage.S2, "trim")

EVERYWHERE: Scope = {}
"""All windows are of one chain, so the widest slice says all that there is to say."""

SOLANA: Scope = {"chain": "solana"}
SOLANA_MEME: Scope = {"chain": "solana", "market_family": "meme"}
ETHEREUM_DEFI: Scope = {"chain": "ethereum", "market_family": "defi"}


def trades(name: str, scope: Scope, rr: float) -> tuple[ImportedTrade, ...]:
    """Forty closed trades with an entry and a trim each, a minute apart."""
    made = []
    for number in range(TRADES):
        ts = START - (TRADES - number) * HOUR
        actions = (
            ImportedAction(S1_ENTRY, "entry", scope, ts),
            ImportedAction(S1_TRIM, "trim", scope, ts + MINUTE),
        )
        made.append(ImportedTrade(f"{name}-{number}", rr, 10 * rr, ts + 2 * MINUTE, actions, scope))
    return tuple(made)


def windows(name: str, pattern: str, decision: str, outcome: str) -> tuple[EpisodeFact, ...]:
    """Forty closed windows of one pattern with one end."""
    return tuple(
        EpisodeFact(
            window=f"{name}-{number}",
            episode=f"{name}-{number}",
            pattern_key=pattern,
            scope=SOLANA,
            decision=decision,
            factors={"ts_score": 0.5},
            gates={},
            blocked_by=(),
            ts=START - (TRADES - number) * HOUR,
            outcome=outcome,
        )
        for number in range(TRADES)
    )


def learning() -> Scenario:
    """Two groups of trades, one better than the other: facts, lessons, overrides, and a larger buy."""
    course = Course(BONK.name, "15m", (REST, REST, REST, REST, REST, S1_BUY, S1_FAR))
    imported = (*trades("good", SOLANA_MEME, 1.5), *trades("poor", ETHEREUM_DEFI, 0.2))
    said = (*signals_of([course]), (IMPORTED_TS, ActionsImported(imported, by="flow")))
    thirty = each("N of 40", lambda row: row["n"] == TRADES)
    within = each("a multiplier above 1 and at most 3", lambda row: 1 < row["multiplier"] <= 3)
    under = each("a multiplier under 1 and at least 0.3", lambda row: 0.3 <= row["multiplier"] < 1)
    counted = column("facts", [TRADES, TRADES])
    good = (
        look(FlowStage.FACTS, "pattern_trade_events", IMPORTED_FACTS, counted),
        lesson(S1_ENTRY, "entry", SOLANA, thirty),
        lesson(S1_ENTRY, "entry", SOLANA_MEME, thirty),
        override(S1_ENTRY, "entry", SOLANA, within),
        override(S1_ENTRY, "entry", SOLANA_MEME, within),
    )
    poor = (
        look(FlowStage.FACTS, "pattern_trade_events", IMPORTED_FACTS, counted),
        lesson(S1_ENTRY, "entry", {"chain": "ethereum"}, thirty),
        override(S1_ENTRY, "entry", {"chain": "ethereum"}, under),
    )
    larger = each("pm_strength_applied above 1", lambda row: row["pm_strength_applied"] > 1)
    next_buy = (
        *arrival(BONK, "15m"),
        acted(course.position, "buy_signal"),
        override(S1_ENTRY, "entry", SOLANA, within),
        applied(course.position, larger),
    )
    return Scenario(
        "learning",
        "40 entry and trim trades and a second group: 80 facts of each, lessons of 40, overrides, a larger next buy",
        configuration_text([BONK]),
        Script("15m", START + 2 * HOUR, (course,), said, (BONK.name,)),
        (Packet("good", good), Packet("poor", poor), Packet(f"call-{BONK.name}", next_buy)),
    )


def tuning() -> Scenario:
    """Forty missed S1 entries loosen their gates, forty failed S3 rebuys tighten theirs."""
    imported = (
        *windows("missed", S1_ENTRY, "skipped", "success"),
        *windows("failed", S3_DX, "acted", "failure"),
    )
    above = each("a multiplier above 1", lambda row: row["multiplier"] > 1)
    below = each("a multiplier under 1", lambda row: row["multiplier"] < 1)
    missed = (
        look(
            FlowStage.LESSONS,
            "pattern_episode_events",
            IMPORTED_WINDOWS,
            last(decision="skipped", outcome="success", windows=TRADES),
        ),
        lesson(S1_ENTRY, TUNING, SOLANA, last(n_misses=TRADES, n_fps=0)),
        override(S1_ENTRY, TUNING_TS_MIN, EVERYWHERE, below),
        override(S1_ENTRY, TUNING_HALO, EVERYWHERE, above),
    )
    failed = (
        look(
            FlowStage.LESSONS,
            "pattern_episode_events",
            IMPORTED_WINDOWS,
            last(decision="acted", outcome="failure", windows=TRADES),
        ),
        lesson(S3_DX, TUNING, SOLANA, last(n_misses=0, n_fps=TRADES)),
        override(S3_DX, TUNING_TS_MIN, EVERYWHERE, above),
        override(S3_DX, TUNING_DX_MIN, EVERYWHERE, above),
    )
    return Scenario(
        "tuning",
        "40 S1 misses: tuning_ts_min under 1, tuning_halo above; 40 S3 false positives: both gates above 1",
        configuration_text([BONK]),
        Script(
            "15m",
            START + 2 * HOUR,
            (Course(BONK.name, "15m", (REST,)),),
            ((IMPORTED_TS, ActionsImported(episodes=imported, by="flow")),),
        ),
        (Packet("missed", missed), Packet("failed", failed)),
    )


def skips() -> Scenario:
    """What was not bought and went up: an S1 window before S3, an S3 dip before a trim."""
    moves = (REST, S1_NEAR, S1_FAR, S2_CALM, S3_CALM, S3_DIP, S3_CALM, S3_TRIM, S3_BOTTOM, REST)
    course = Course(BONK.name, "1h", moves)
    row = course.position
    begun = (*arrival(BONK, "1h"), moved(row, "S0", "S1", "S2", "S3", "S0"))
    steps = (
        *begun,
        opened_windows(row, "s1_entry", "s3_retest"),
        look(
            FlowStage.EPISODES,
            "candidates skipped",
            SKIPPED,
            column("kind", ["s1_window", "s3_window"]),
            position=row,
        ),
        look(FlowStage.EPISODES, "no ad_strands pm_action", ACTIONS, count(0, 0), position=row),
        resolved(row, ("skipped", "success"), ("skipped", "success")),
        summarised(row, "missed", "missed"),
    )
    return Scenario(
        "skips",
        "an S1 window that was skipped before S3 is a missed opportunity, an S3 dip before a trim a success",
        configuration_text([BONK]),
        Script("15m", course.end_ts + HOUR, (course,), tuple(signals_of([course])), (BONK.name,)),
        (Packet(f"call-{BONK.name}", steps),),
    )
