"""Forced engine states for tests, and a person's word on rows."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.events import RowOperated, StateForced
from tradeworthy.desks.uptrend.names import Stage, Status
from tradeworthy.gateways.forced_states import read_rows, read_states, rows_of, states_of
from tradeworthy.runtime.event_union import codec

GOOD: dict[str, Any] = {"instrument": "BONK", "timeframe": "1h", "state": "S1"}
ROW: dict[str, Any] = {"instrument": "BONK", "status": "paused"}


def written(folder: Path, *lines: dict[str, Any]) -> Path:
    """A file of lines."""
    path = folder / "lines.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def test_a_line_becomes_a_forced_state(tmp_path: Path) -> None:
    """L4: flags, scores and levers by the names that the payload has."""
    line = GOOD | {
        "payload": {"buy_signal": True, "price": 1, "ts_score": 0.7, "s3_start_ts": 5, "exit_reason": "x"},
        "check": {"entry_zone_ok": True, "halo_distance": 0.5, "word": "w", "none": None},
        "a_value": 0.5,
        "e_value": 1,
        "bars": 3,
    }
    assert states_of(read_states(written(tmp_path, line, GOOD))) == [
        StateForced("BONK", "1h", Stage.S1, line["payload"], line["check"], 0.5, 1.0, 3),
        StateForced("BONK", "1h", Stage.S1),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"instrument": ""}, "instrument is ''"),
        ({"timeframe": "5m"}, "unknown timeframe '5m'; did you mean '15m'?"),
        ({"state": "S9"}, "unknown state 'S9'"),
        ({"state": ""}, "unknown state ''"),
        ({"payload": {"buy_signl": True}}, "unknown payload field 'buy_signl'; did you mean 'buy_signal'?"),
        ({"payload": {"bar_ts": 5}}, "unknown payload field 'bar_ts'"),
        ({"payload": {"emas": 5}}, "unknown payload field 'emas'"),
        ({"payload": {"buy_signal": 1}}, "buy_signal is 1; it must be of type bool"),
        ({"payload": {"price": True}}, "price is True; it must be of type float"),
        ({"payload": {"price": "1"}}, "price is '1'; it must be of type float"),
        ({"payload": {"price": None}}, "price is None; it must be of type float"),
        ({"payload": {"price": -1}}, "price is -1; it must be 0 or more"),
        ({"payload": {"bars": 1.5}}, "bars is 1.5; it must be of type int"),
        ({"payload": {"bars": 1 << 63}}, "fit 64 bits"),
        ({"check": {"halo": [1]}}, "check 'halo' is [1]"),
        ({"check": {"halo": "a\nb"}}, "printable characters"),
        ({"a_value": 1.1}, "a_value is 1.1; it must be 0 to 1"),
        ({"e_value": -0.1}, "e_value is -0.1"),
        ({"bars": -1}, "bars is -1"),
        ({"bars": 1.5}, "Expected `int`, got `float`"),
        ({"stat": "S1"}, "unknown field 'stat'; did you mean 'state'?"),
    ],
)
def test_a_wrong_state_is_named_by_its_line(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    """A name that the payload does not have would force nothing: it is refused, and the nearest one offered."""
    path = written(tmp_path, GOOD, GOOD | changes)
    with pytest.raises(UsageError) as error:
        read_states(path)
    assert str(error.value).startswith(f"{path} line 2: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
@pytest.mark.parametrize("part", ["payload", "check"])
def test_a_figure_that_is_not_finite_is_refused(part: str, figure: float) -> None:
    """It came over the socket: files can't hold one."""
    with pytest.raises(UsageError, match=r"forced state 1: .*price'? is"):
        states_of([GOOD | {part: {"price": figure}}])


def test_a_person_names_rows_and_what_becomes_of_them(tmp_path: Path) -> None:
    """Paused, archived or back; without a timeframe it is all rows of the token."""
    lines = [ROW, ROW | {"timeframe": "1h", "status": "back", "reason": "well"}, ROW | {"status": "archived"}]
    assert rows_of(read_rows(written(tmp_path, *lines)), "kim") == [
        RowOperated("BONK", "", Status.PAUSED, "kim", "paused"),
        RowOperated("BONK", "1h", Status.WATCHLIST, "kim", "well"),
        RowOperated("BONK", "", Status.ARCHIVED, "kim", "archived"),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "active"}, "unknown status 'active'"),
        ({"status": "pausd"}, "did you mean 'paused'?"),
        ({"timeframe": "2h"}, "unknown timeframe '2h'"),
        ({"instrument": ""}, "instrument is ''"),
        ({"by": "eve"}, "unknown field 'by'"),
    ],
)
def test_a_wrong_word_on_rows_is_named_by_its_line(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    """Nobody makes a row active by hand, and who says it is not for the file to tell."""
    path = written(tmp_path, ROW | changes)
    with pytest.raises(UsageError) as error:
        read_rows(path)
    assert str(error.value).startswith(f"{path} line 1: ")
    assert said in str(error.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
payloads = st.dictionaries(st.sampled_from(["price", "bars", "buy_signal", "exit_reason", "x"]), anything)


@given(payloads, st.dictionaries(st.text(max_size=5), anything, max_size=2), anything)
def test_whatever_comes_is_an_event_that_can_be_recorded_or_one_line(
    payload: dict[str, Any], check: dict[str, Any], lever: object
) -> None:
    """No input ends in a traceback, and none in a record that can't be read again."""
    try:
        made: list[Event] = [*states_of([GOOD | {"payload": payload, "check": check, "a_value": lever}])]
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017 - what it says is the point
    else:
        assert codec().encode_payload(made[0])
