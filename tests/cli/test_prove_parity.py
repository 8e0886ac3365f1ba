"""prove parity and prove reference, as people and programs see them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import call
from tests.proving.parity_rig import configured, recorded
from tests.proving.test_sign_off import parity
from tradeworthy.proving.parity import proof
from tradeworthy.proving.parity.differences import Compared, Difference
from tradeworthy.proving.parity.pairs import Pair

CONFIG = Path(__file__).parents[2] / "configs" / "parity-dense.toml"
ENGINE, OUTSIDE = Pair("a = b", (Compared("trades short", 600),), 1_500, 1.0), "NautilusTrader = b"


@pytest.fixture
def come_to(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets the proof come to something at once."""

    def answer(*pairs: Pair, **given: Any) -> None:
        monkeypatch.setattr(proof, "prove_parity", lambda *_, **__: parity(*pairs, **given))

    return answer


def test_a_proof_is_a_table_and_exits_with_0(come_to: Any, tmp_path: Path) -> None:
    """D4, D15: a line a pair, totals, and the sign-off list beside the whole result."""
    come_to()
    said = call("prove", "parity", CONFIG, "--feed", "recorded:data", "--out", tmp_path / "proof")
    assert said.code == 0
    assert (
        said.lines[0]
        == "made, recorded feed, 2025-05-05 to 2025-05-06: 900 rows of 1 desks over 2 days, seed 42"
    )
    assert said.lines[1].split()[:3] == ["pair", "rows", "compared"]
    assert sum("EQUAL" in line for line in said.lines) == 5
    assert said.lines[-1].startswith("parity passed")
    assert "guards that bound: none" in said.out
    assert sorted(path.name for path in (tmp_path / "proof").iterdir()) == [
        "parity.json",
        "sign_off.json",
        "sign_off.md",
    ]
    evidence = json.loads((tmp_path / "proof" / "sign_off.json").read_text())["lines"][3]["evidence"][0]
    assert evidence["command"] == f"tradeworthy prove parity {CONFIG} --feed recorded:data"


def test_evidence_says_how_it_was_asked_for(come_to: Any, tmp_path: Path) -> None:
    """D15: days, seed and the least number of trades are in the command that is signed."""
    come_to()
    words = ("--from", "2025-04-01", "--seed", "7", "--trades-min", "10", "--reference", tmp_path / "a b")
    call("prove", "parity", CONFIG, *words, "--out", tmp_path / "proof")
    evidence = json.loads((tmp_path / "proof" / "sign_off.json").read_text())["lines"][3]["evidence"][0]
    said = evidence["command"].partition("--seed")
    assert said[1:] == ("--seed", f" 7 --from 2025-04-01 --trades-min 10 --reference '{tmp_path / 'a b'}'")


def test_a_difference_is_named_and_exits_with_1(come_to: Any) -> None:
    """D4: pair, rows, first date, bar, field and both values."""
    first = Difference("trades short", "2025-05-05", 17, "fees", "1", "2")
    come_to(Pair("a = b", (Compared("trades short", 600, 3, first),), 1_500, 1.0))
    said = call("prove", "parity", CONFIG)
    assert said.code == 1
    assert "a = b: trades short: 3 of 600 differ" in said.lines
    assert "  first on 2025-05-05, bar 17, fees: 1 against 2" in said.lines
    assert said.lines[-1].startswith("parity FAILED")


def test_too_few_trades_and_what_was_not_reached_exit_with_1(come_to: Any) -> None:
    """D4: nothing equals nothing is no proof."""
    come_to(Pair("a = b", (Compared("x", 9),), 12, 1.0, missing=("MAX_HOLD", "maker_missed")), trades=12)
    said = call("prove", "parity", CONFIG)
    assert said.code == 1
    assert "a = b: never reached: MAX_HOLD, maker_missed" in said.lines
    assert "12 trades, and 1000 are the least" in said.out


def test_an_absent_engine_is_said_and_exits_with_3(come_to: Any) -> None:
    """P6: after all else ran."""
    come_to(ENGINE, Pair(OUTSIDE, (), 0, 0.1, absent="nautilus_trader is not installed"))
    said = call("prove", "parity", CONFIG, "--json")
    assert said.code == 3
    assert [one["absent"] for one in said.json["pairs"]] == ["", "nautilus_trader is not installed"]
    assert "could not run: nautilus_trader is not installed" in call("prove", "parity", CONFIG).out


def test_a_feed_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Absent data is 3."""
    said = call("prove", "parity", CONFIG, "--feed", f"recorded:{tmp_path}")
    assert (said.code, said.err.count("\n")) == (3, 1)


def test_a_reference_is_frozen_once(tmp_path: Path) -> None:
    """D3: the second time is wrong use."""
    config = tmp_path / "made.toml"
    config.write_text(_toml(configured(script=[]).resolved()), encoding="utf-8")
    words = ("prove", "reference", config, "--feed", f"recorded:{recorded(tmp_path / 'data', 180)}")
    said = call(*words, "--out", tmp_path / "reference")
    assert said.code == 0
    assert said.lines[0].startswith("made, 2025-05-05 to 2025-05-05: short ")
    assert said.lines[1].startswith(f"8 files in {tmp_path / 'reference'}, fingerprint=")
    again = call(*words, "--out", tmp_path / "reference")
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert call(*words, "--out", tmp_path / "other", "--json").json["files"]


def _toml(values: dict[str, Any]) -> str:
    """Enough of TOML for a resolved configuration: inline values, without those that are None."""
    kept = {key: value for key, value in values.items() if value not in (None, {}, [])}
    return "\n".join(f"{key} = {_inline(value)}" for key, value in kept.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{key} = {_inline(one)}" for key, one in value.items() if one is not None) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)
