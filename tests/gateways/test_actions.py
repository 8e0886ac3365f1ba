"""Closed trades and windows for `inject actions`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.actions import actions_of, read_actions
from tradeworthy.learning.events import ActionsImported, EpisodeFact, ImportedAction, ImportedTrade

NOW = 1_746_316_800_000_000_000
ENTRY: dict[str, Any] = {
    "pattern_key": "pm.uptrend.S1.entry",
    "action_category": "entry",
    "scope": {"timeframe": "1h", "chain": "solana", "vol_bucket": ""},
}
TRIM: dict[str, Any] = {
    "pattern_key": "pm.uptrend.S2.trim",
    "action_category": "trim",
    "scope": {"chain": "solana"},
}
TRADE: dict[str, Any] = {"trade": "t1", "rr": 1.5, "pnl_usd": 30, "actions": [ENTRY, TRIM]}
WINDOW: dict[str, Any] = {
    "window": "w1",
    "pattern_key": "pm.uptrend.S1.entry",
    "decision": "skipped",
    "outcome": "success",
    "scope": {"chain": "solana"},
}


def written(folder: Path, *lines: dict[str, Any]) -> Path:
    """A file of lines."""
    path = folder / "actions.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def test_trades_and_windows_come_in_one_event(tmp_path: Path) -> None:
    """L7, L9: two shapes of line; empty values of a scope are left out, and its dimensions stand in their order."""
    timed = TRADE | {
        "trade": "t2",
        "closed_at": "2025-05-04T00:00:02Z",
        "actions": [ENTRY | {"at": NOW + 1}],
        "entry_context": {"curator": "ann"},
    }
    window = WINDOW | {
        "factors": {"ts_score": 0.5, "word": "w"},
        "gates": {"ts_min": 60},
        "blocked_by": ["ts"],
    }
    lines = read_actions(written(tmp_path, TRADE, timed, window))
    scope = {"chain": "solana", "timeframe": "1h"}
    entry = ImportedAction("pm.uptrend.S1.entry", "entry", scope, NOW)
    trim = ImportedAction("pm.uptrend.S2.trim", "trim", {"chain": "solana"}, NOW)
    early = ImportedAction("pm.uptrend.S1.entry", "entry", scope, NOW + 1)
    found = actions_of(lines, NOW, "kim")
    assert found == ActionsImported(
        (
            ImportedTrade("t1", 1.5, 30.0, NOW, (entry, trim)),
            ImportedTrade("t2", 1.5, 30.0, NOW + 2_000_000_000, (early,), {"curator": "ann"}),
        ),
        (
            EpisodeFact(
                *("w1", "w1", "pm.uptrend.S1.entry", {"chain": "solana"}, "skipped"),
                {"ts_score": 0.5, "word": "w"},
                {"ts_min": 60.0},
                ("ts",),
                NOW,
                outcome="success",
            ),
        ),
        "kim",
    )
    assert list(found.trades[0].actions[0].scope) == ["chain", "timeframe"]


def test_forty_trades_of_two_actions_are_eighty_actions(tmp_path: Path) -> None:
    """L7: an entry and a trim each."""
    path = written(tmp_path, *(TRADE | {"trade": f"t{number}"} for number in range(40)))
    trades = actions_of(read_actions(path), NOW, "").trades
    assert sum(len(one.actions) for one in trades) == 80


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (TRADE | {"trade": ""}, "trade is ''"),
        (TRADE | {"actions": []}, "trade 't1' has no actions"),
        ({"trade": "t1"}, "missing required field `rr`"),
        (TRADE | {"rr": "1"}, "Expected `float`, got `str` - at `$.rr`"),
        (TRADE | {"rr": 1e300}, "rr is 1e+300; it must be from -1e+06 to 1e+06"),
        (TRADE | {"pnl_usd": -1e300}, "pnl_usd is -1e+300"),
        (TRADE | {"rrr": 1}, "unknown field 'rrr'; did you mean 'rr'?"),
        (TRADE | {"closed_at": "noon"}, "closed_at is 'noon'"),
        (TRADE | {"closed_at": NOW, "actions": [ENTRY, TRIM | {"at": NOW + 1}]}, "action 2: at"),
        (TRADE | {"actions": [ENTRY | {"pattern_key": "pm.s1_entry"}]}, "pattern_key is 'pm.s1_entry'"),
        (
            TRADE | {"actions": [ENTRY | {"pattern_key": "pm.uptrend.S1.unknown"}]},
            "must be like pm.uptrend.S1.entry",
        ),
        (TRADE | {"actions": [ENTRY | {"action_category": "entri"}]}, "did you mean 'entry'?"),
        (TRADE | {"actions": [ENTRY | {"scope": {"bucket": "micro"}}]}, "unknown dimension 'bucket'"),
        (TRADE | {"actions": [ENTRY | {"scope": {"bucket_rank_position": 1}}]}, "Expected `str`, got `int`"),
        (WINDOW | {"window": ""}, "window is ''"),
        (WINDOW | {"decision": "skip"}, "unknown decision 'skip'; did you mean 'skipped'?"),
        (WINDOW | {"outcome": ""}, "unknown outcome ''"),
        (WINDOW | {"factors": {"ts": [1]}}, "$.factors"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, line: dict[str, Any], said: str) -> None:
    """B15, B32: one form of pattern keys, the known dimensions, and text as their values."""
    path = written(tmp_path, TRADE | {"trade": "t0"}, line)
    with pytest.raises(UsageError) as error:
        read_actions(path)
    assert str(error.value).startswith(f"{path} line 2")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("lines", "noun"), [((TRADE, TRADE), "trade 't1'"), ((WINDOW, WINDOW), "window 'w1'")]
)
def test_what_stands_twice_is_refused(tmp_path: Path, lines: tuple[dict[str, Any], ...], noun: str) -> None:
    """A trade that counts twice would be two trades to learn from."""
    with pytest.raises(UsageError, match=f"{noun} stands twice"):
        read_actions(written(tmp_path, *lines))


@pytest.mark.parametrize(
    "line",
    [
        TRADE | {"rr": float("nan")},
        TRADE | {"pnl_usd": float("inf")},
        WINDOW | {"factors": {"ts_score": float("nan")}},
        WINDOW | {"gates": {"ts_min": float("inf")}},
    ],
)
def test_a_figure_that_is_not_finite_is_refused(line: dict[str, Any]) -> None:
    """It came over the socket: files can't hold one."""
    with pytest.raises(UsageError, match=r"action line 1: .*finite"):
        actions_of([line], NOW, "")
