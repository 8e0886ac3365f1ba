"""The overrides that a run begins with: a file that is none, or of another version, is refused in one line."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.runtime.configuration import Configuration, load

CONFIGURATION = Path(__file__).parents[2] / "configs" / "uptrend.toml"
ROW: dict[str, Any] = {
    "id": "1",
    "pattern_key": "pm.uptrend.S1.entry",
    "action_category": "entry",
    "scope_subset": {"chain": "solana"},
    "multiplier": 1.5,
    "confidence": 0.5,
    "lessons": [],
}


def loaded(folder: Path, held: str | None) -> Configuration:
    """The uptrend desk's configuration, with a file of overrides that holds this."""
    named = "" if held is None else "overrides.json"
    (folder / "overrides.json").write_text(held or "")
    text = CONFIGURATION.read_text()
    (folder / "c.toml").write_text(f'{text}\n[learning]\noverrides_file = "{named}"\n')
    return load(folder / "c.toml")


def test_a_whole_file_is_what_the_run_begins_with(tmp_path: Path) -> None:
    """L11: named relative to the configuration; no name is no file."""
    assert loaded(tmp_path, json.dumps({"overrides": [ROW]})).starting_overrides == (ROW,)
    assert loaded(tmp_path, None).starting_overrides == ()


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("{", "overrides.json is no JSON"),
        ("[" * 100_000, "overrides.json is no JSON"),
        ("5", "holds no list of overrides"),
        ('{"overrides": [5]}', "holds no list of overrides"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, held: str, said: str) -> None:
    """A11: by its name, and with what writes it."""
    with pytest.raises(UsageError, match=said):
        loaded(tmp_path, held)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"multiplyer": 1.5}, "override 2: unknown field 'multiplyer'; did you mean 'multiplier'?"),
        ({"multiplier": 50}, r"override 2: multiplier is 50, and \[learning\] bounds it to 0.3 to 3"),
        ({"multiplier": -1}, "multiplier is -1"),
        ({"multiplier": math.nan}, "multiplier is nan"),
        ({"multiplier": None}, "is wrong: Expected `float`, got `null`"),
        ({"confidence": 7}, "confidence is 7; it must be 0 to 1"),
        ({"status": "actve"}, "unknown status 'actve'; did you mean 'active'?"),
        ({"scope_subset": {"chian": "solana"}}, "unknown dimension 'chian'; did you mean 'chain'?"),
    ],
)
def test_a_row_that_would_size_by_chance_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    """L11: overrides are bounded, also those that come from a file."""
    with pytest.raises(UsageError, match=said) as refused:
        loaded(tmp_path, json.dumps([ROW, ROW | changes]))
    assert "\n" not in str(refused.value)
