"""The questions that flows ask of the database, as steps of a packet's way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, LiteralString

from tradeworthy.desks.uptrend.names import TIMEFRAMES
from tradeworthy.learning.events import Scope
from tradeworthy.proving.flows.stages import FlowStage, Found, Step, Want, both, column, count, each, last

CAPS = (50, 125, 700, 125)
"""A tenth of 10,000 by the timeframes' shares."""

SIGNAL: Final = """\
SELECT id, symbol, content->>'blocked' AS blocked, tags FROM ad_strands
WHERE run = %(run)s AND kind = 'social_lowcap' AND content->>'signal' = %(packet)s ORDER BY seq"""

DECISION: Final = """\
SELECT decision.content->>'action' AS action, decision.content->>'reasoning' AS reason, decision.parent_id,
       jsonb_array_length(decision.content->'checks') AS checks
FROM ad_strands decision JOIN ad_strands said ON said.id = decision.parent_id AND said.run = decision.run
WHERE decision.run = %(run)s AND decision.kind = 'decision_lowcap' AND said.kind = 'social_lowcap'
  AND said.content->>'signal' = %(packet)s ORDER BY decision.seq"""

POSITIONS: Final = """\
SELECT timeframe, status, alloc_cap_usd, total_allocation_pct FROM lowcap_positions
WHERE run = %(run)s AND token_contract = %(contract)s
ORDER BY array_position(ARRAY['1m', '15m', '1h', '4h'], timeframe)"""

BACKFILLED: Final = """\
SELECT timeframe, status, bars_count, bars_threshold FROM lowcap_positions
WHERE run = %(run)s AND token_contract = %(contract)s AND timeframe = ANY(%(timeframes)s) ORDER BY timeframe"""

ROLLED: Final = """\
SELECT timeframe, source, count(*) AS bars, min(coverage) AS coverage FROM lowcap_price_data_ohlc
WHERE run = %(run)s AND token_contract = %(contract)s GROUP BY timeframe, source ORDER BY timeframe, source"""

TRANSITIONS: Final = """\
SELECT content->>'from_state' AS from_state, content->>'to_state' AS to_state FROM ad_strands
WHERE run = %(run)s AND kind = 'uptrend_stage_transition' AND content->>'position' = %(position)s ORDER BY seq"""

ENGINE: Final = """\
SELECT timeframe, features->'uptrend_engine_v4' IS NOT NULL AS judged, status FROM lowcap_positions
WHERE run = %(run)s AND token_contract = %(contract)s AND timeframe = ANY(%(timeframes)s) ORDER BY timeframe"""

WINDOWS: Final = """\
SELECT window_id, episode_type, decision, outcome, reason, resolutions, blocked_by, factors FROM pattern_episode_events
WHERE run = %(run)s AND position = %(position)s ORDER BY ts"""

SUMMARIES: Final = """\
SELECT content->>'episode_type' AS episode_type, content->>'outcome' AS outcome FROM ad_strands
WHERE run = %(run)s AND kind = 'uptrend_episode_summary' AND content->>'position' = %(position)s ORDER BY seq"""

SKIPPED: Final = """\
SELECT event->>'kind' AS kind, event->>'skip' AS skip FROM packets
WHERE run = %(run)s AND type = 'Candidate' AND event->'figures'->>'window' LIKE %(position)s || '/%%' ORDER BY seq"""

ACTIONS: Final = """\
SELECT content->>'decision_type' AS decision_type, content->>'signal' AS signal, content->>'state' AS state,
       content->'execution_result'->>'status' AS status, (content->>'size_frac')::float8 AS size_frac,
       (content->>'pm_strength_applied')::float8 AS pm_strength_applied,
       (content->>'exposure_skew_applied')::float8 AS exposure_skew_applied
FROM ad_strands WHERE run = %(run)s AND kind = 'pm_action' AND content->>'position' = %(position)s ORDER BY seq"""

BOOKED: Final = """\
SELECT event->>'why' AS why, event->>'status' AS status, (event->>'lots')::bigint AS lots FROM packets
WHERE run = %(run)s AND type = 'PositionBooked' AND event->>'position' = %(position)s AND event->>'why' <> 'refresh'
ORDER BY seq"""

ROW: Final = """\
SELECT status, total_quantity, current_trade_id IS NOT NULL AS in_trade,
       features->'pm_execution_history'->'last_s1_buy' IS NOT NULL AS last_s1_buy FROM lowcap_positions
WHERE run = %(run)s AND position = %(position)s"""

CLOSED: Final = """\
SELECT trade_id, content->>'exit_reason' AS exit_reason, (content->>'rr')::float8 AS rr FROM ad_strands
WHERE run = %(run)s AND kind = 'position_closed' AND content->>'position' = %(position)s ORDER BY seq"""

FACTS: Final = """\
SELECT fact.action_category, fact.rr, fact.pnl_usd, fact.rr = (closed.content->'trade_summary'->>'rr')::float8
       AND abs(fact.pnl_usd - (closed.content->'trade_summary'->>'pnl_usd')::numeric) < 0.000001 AS as_summary
FROM pattern_trade_events fact JOIN ad_strands closed ON closed.run = fact.run AND closed.trade_id = fact.trade_id
  AND closed.kind = 'position_closed'
WHERE fact.run = %(run)s AND closed.content->>'position' = %(position)s ORDER BY fact.ts, fact.action"""

IMPORTED_FACTS: Final = """\
SELECT action_category, count(*) AS facts, count(DISTINCT trade_id) AS trades FROM pattern_trade_events
WHERE run = %(run)s AND trade LIKE %(packet)s || '-%%' GROUP BY action_category ORDER BY action_category"""

IMPORTED_WINDOWS: Final = """\
SELECT decision, outcome, count(*) AS windows FROM pattern_episode_events
WHERE run = %(run)s AND window_id LIKE %(packet)s || '-%%' GROUP BY decision, outcome"""

LESSONS: Final = """\
SELECT scope_subset, n, (stats->>'edge_raw')::float8 AS edge_raw, (stats->>'n_misses')::int AS n_misses,
       (stats->>'n_fps')::int AS n_fps FROM learning_lessons
WHERE run = %(run)s AND status = 'active' AND pattern_key = %(pattern)s AND action_category = %(category)s
  AND scope_subset = %(scope)s::jsonb"""

OVERRIDES: Final = """\
SELECT scope_subset, multiplier, confidence_score FROM pm_overrides
WHERE run = %(run)s AND status = 'active' AND pattern_key = %(pattern)s AND action_category = %(category)s
  AND scope_subset = %(scope)s::jsonb"""

MAJORS: Final = """\
SELECT timestamp, open_usd, high_usd, low_usd, close_usd, volume FROM majors_price_data_ohlc
WHERE run = %(run)s AND token_contract = %(contract)s AND timeframe = %(timeframe)s ORDER BY timestamp"""


def ingested(blocked: str = "") -> Step:
    """The signal is a strand."""
    return Step(FlowStage.INGEST, "ad_strands social_lowcap", SIGNAL, last(blocked=blocked))


def decided(action: str = "approve", reason: str = "approved") -> Step:
    """Its decision, with all five checks, has it as parent."""
    want = last(action=action, reason=reason, checks=5)
    return Step(FlowStage.DECISION, "ad_strands decision_lowcap", DECISION, want)


def four_positions(contract: str) -> Step:
    """The token has exactly four rows, with their caps."""
    want = both(column("timeframe", TIMEFRAMES), column("alloc_cap_usd", CAPS))
    return Step(FlowStage.POSITIONS, "lowcap_positions", POSITIONS, want, {"contract": contract})


def backfilled(contract: str, timeframes: Sequence[str]) -> Step:
    """These rows of the token have bars enough, and none is dormant."""
    want = each(
        "bars_count at its threshold, not dormant",
        lambda row: row["status"] != "dormant" and (row["bars_count"] or 0) >= row["bars_threshold"],
        len(timeframes),
    )
    values = {"contract": contract, "timeframes": list(timeframes)}
    return Step(FlowStage.BACKFILL, "lowcap_positions bars_count", BACKFILLED, want, values)


def moved(position: str, *states: str) -> Step:
    """The row went through these states, from its first bar on."""
    want = column("to_state", states)
    return Step(
        FlowStage.ENGINE, "ad_strands uptrend_stage_transition", TRANSITIONS, want, {"position": position}
    )


def opened_windows(position: str, *kinds: str) -> Step:
    """The row had these windows, each resolved once."""
    return Step(
        FlowStage.EPISODES,
        "pattern_episode_events",
        WINDOWS,
        both(
            column("episode_type", kinds),
            each("resolved once", lambda row: row["resolutions"] == 1, len(kinds)),
        ),
        {"position": position},
    )


def resolved(position: str, *outcomes: tuple[str, str]) -> Step:
    """The row's windows by decision and outcome, in order."""

    def want(rows: list[Found]) -> str:
        found = [(row["decision"], row["outcome"]) for row in rows]
        return "" if found == list(outcomes) else f"windows are {found}, expected {list(outcomes)}"

    return Step(FlowStage.EPISODES, "pattern_episode_events outcome", WINDOWS, want, {"position": position})


def summarised(position: str, *outcomes: str) -> Step:
    """The row's episodes ended so, in order."""
    return Step(
        FlowStage.EPISODES,
        "ad_strands uptrend_episode_summary",
        SUMMARIES,
        column("outcome", outcomes),
        {"position": position},
    )


def acted(position: str, *signals: str) -> Step:
    """The row's actions were these, and all were executed."""
    want = both(
        column("signal", signals), each("executed", lambda row: row["status"] == "executed", len(signals))
    )
    return Step(FlowStage.ACTION, "ad_strands pm_action", ACTIONS, want, {"position": position})


def booked(position: str, held: str) -> Step:
    """After each action and closure the row holds something (+), or nothing (-)."""

    def want(rows: list[Found]) -> str:
        found = "".join("+" if row["lots"] > 0 else "-" for row in rows)
        lots = ", ".join(str(row["lots"]) for row in rows) or "not booked"
        return "" if found == held else f"lots are {lots}, expected {held}"

    return Step(FlowStage.BOOKS, "packets PositionBooked", BOOKED, want, {"position": position})


def stands(position: str, **values: Any) -> Step:
    """The row's columns at the end."""
    return Step(FlowStage.BOOKS, "lowcap_positions", ROW, last(**values), {"position": position})


def closed(position: str, trades: int = 1) -> Step:
    """So many trades of the row were closed."""
    return Step(
        FlowStage.CLOSURE,
        "ad_strands position_closed",
        CLOSED,
        count(trades, trades),
        {"position": position},
    )


def facts(position: str, *categories: str) -> Step:
    """The closed trade's actions are facts with its result."""
    want = both(
        column("action_category", categories),
        each("rr and pnl of the trade summary", lambda row: row["as_summary"], len(categories)),
    )
    return Step(FlowStage.FACTS, "pattern_trade_events", FACTS, want, {"position": position})


def lesson(pattern: str, category: str, scope: Scope, want: Want) -> Step:
    """The lesson of one slice."""
    return Step(FlowStage.LESSONS, "learning_lessons", LESSONS, want, _slice(pattern, category, scope))


def override(pattern: str, category: str, scope: Scope, want: Want) -> Step:
    """The override of one slice."""
    return Step(FlowStage.OVERRIDES, "pm_overrides", OVERRIDES, want, _slice(pattern, category, scope))


def applied(position: str, want: Want) -> Step:
    """What the row's actions were multiplied by."""
    return Step(FlowStage.RUNTIME, "ad_strands pm_action", ACTIONS, want, {"position": position})


def look(stage: FlowStage, sink: str, query: LiteralString, want: Want, **values: Any) -> Step:
    """Any other question."""
    return Step(stage, sink, query, want, values)


def _slice(pattern: str, category: str, scope: Scope) -> dict[str, Any]:
    return {"pattern": pattern, "category": category, "scope": json.dumps(scope)}
