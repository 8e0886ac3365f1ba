"""The sign-off list: dated, made by the machine, and nothing is passed that was not run."""

from pathlib import Path

import msgspec
import pytest

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.proving.parity.coverage import Coverage
from tradeworthy.proving.parity.differences import Compared, Difference
from tradeworthy.proving.parity.pairs import Pair
from tradeworthy.proving.parity.proof import ENGINE, LISTENER, REPLAY, STACK, Parity
from tradeworthy.proving.signing.parity_evidence import evidence_of_parity
from tradeworthy.proving.signing.sign_off import (
    PARTS,
    REQUIREMENTS,
    Evidence,
    SignOff,
    Status,
    sign,
    standing,
)

COMMAND = "tradeworthy prove parity made.toml"
TWIN = "vectorised twin = batch engine within 0.5 %, no script"


def parity(*pairs: Pair, trades: int = 1_500, name: str = "made") -> Parity:
    """A parity run with `pairs`, or with all that the list rests on."""
    compared = (Compared("bar log short", 900), Compared("trades short", 600))
    given = pairs or tuple(
        Pair(one, compared, trades, 1.0) for one in (ENGINE, STACK, REPLAY, LISTENER, TWIN)
    )
    return Parity(
        configuration=name,
        feed={"feed": "recorded"},
        seed=42,
        first_day="2025-05-05",
        last_day="2025-05-06",
        days=2,
        rows=900,
        trades=trades,
        trades_min=1_000,
        fingerprint="ab" * 16,
        capital={"short": 1},
        coverage=Coverage({}, {}, {}),
        refused={},
        pairs=given,
        seconds=1.0,
        made_at="2026-01-01T00:00:00+00:00",
    )


def statuses(made: SignOff) -> dict[str, str]:
    """The list in short."""
    return {line.id: line.status for line in made.lines}


def test_what_was_not_run_is_never_passed(tmp_path: Path) -> None:
    """D15: a parity run speaks of its own lines alone, and the list is not done."""
    made = statuses(sign(tmp_path, evidence_of_parity(parity(), COMMAND)))
    assert list(made) == list(REQUIREMENTS)
    assert {line for line, status in made.items() if status == "passed"} == {"D4", "D5", "D6", "D7"}
    assert {made[line] for line in ("D1", "D2", "D3", "D8", "D9", "D10", "D11", "D12", "D14")} == {"not run"}
    assert made["D13"] == made["D15"] == "in part"


def test_a_difference_fails_its_lines_and_is_told(tmp_path: Path) -> None:
    """D15: with date, bar, field and both values."""
    first = Difference("trades short", "2025-05-05", 17, "fees", "1", "2")
    differing = Pair(ENGINE, (Compared("trades short", 600, 3, first),), 1_500, 1.0)
    equal = Pair(STACK, (Compared("trades short", 600),), 1_500, 1.0)
    made = sign(tmp_path, evidence_of_parity(parity(differing, equal), COMMAND))
    lines = {line.id: line for line in made.lines}
    assert (lines["D4"].status, lines["D7"].status, lines["D6"].status) == ("failed", "failed", "in part")
    assert "first on 2025-05-05, bar 17: trades short, fees 1 against 2" in lines["D4"].evidence[0].result


@pytest.mark.parametrize(
    ("pair", "status"),
    [
        (Pair(LISTENER, (), 0, 0.0, absent="no database"), "not run"),
        (Pair(LISTENER, (Compared("x", 1),), 5, 0.0, missing=("MAX_HOLD",)), "failed"),
    ],
)
def test_an_absent_pair_is_not_run_and_an_unreached_one_fails(
    tmp_path: Path, pair: Pair, status: str
) -> None:
    """D15: nothing is skipped on "probably fine"."""
    assert statuses(sign(tmp_path, evidence_of_parity(parity(pair), COMMAND)))["D5"] == status


def test_too_few_trades_pass_no_line(tmp_path: Path) -> None:
    """D15: nothing equals nothing is no proof."""
    made = statuses(sign(tmp_path, evidence_of_parity(parity(trades=12), COMMAND)))
    assert {made[line] for line in ("D4", "D5", "D6", "D7")} == {"failed"}


def test_a_run_that_was_content_with_few_trades_is_evidence_in_part(tmp_path: Path) -> None:
    """D4: whoever asks for less than a thousand gets no line passed."""
    few = msgspec.structs.replace(parity(trades=12), trades_min=10)
    made = statuses(sign(tmp_path, evidence_of_parity(few, COMMAND)))
    assert {made[line] for line in ("D4", "D5", "D6", "D7", "D13")} == {"in part"}


def part(name: str, status: Status, key: str = "") -> dict[str, Evidence]:
    """Evidence for one part of D13."""
    return {"D13": Evidence(key or name, "2026-01-01T00:00:00+00:00", COMMAND, status, "said", part=name)}


def test_a_line_of_parts_is_passed_when_each_part_is(tmp_path: Path) -> None:
    """D13: the twin, the flow and the cache, by three commands in any order; a failure of one fails the line."""
    assert PARTS["D13"] == ("twin", "flow", "cache")
    steps: tuple[tuple[str, Status, str, tuple[str, ...]], ...] = (
        ("cache", "in part", "in part", ("twin", "flow", "cache")),
        ("twin", "passed", "in part", ("flow", "cache")),
        ("cache", "passed", "in part", ("flow",)),
        ("flow", "passed", "passed", ()),
    )
    for name, given, status, left in steps:
        made = sign(tmp_path, part(name, given))
        line = next(line for line in made.lines if line.id == "D13")
        assert (line.status, line.open_parts) == (status, left)
    assert statuses(sign(tmp_path, part("flow", "failed", "another day")))["D13"] == "failed"
    assert statuses(sign(tmp_path, part("flow", "passed", "another day")))["D13"] == "passed"


def test_the_list_is_done_when_every_line_is_passed(tmp_path: Path) -> None:
    """D15: its own line is the last to pass."""
    found = {name: Evidence("k", "", COMMAND, "passed", "") for name in REQUIREMENTS if name != "D13"}
    assert statuses(sign(tmp_path, found))["D15"] == "in part"
    for name in PARTS["D13"]:
        sign(tmp_path, part(name, "passed"))
    assert set(statuses(standing(tmp_path)).values()) == {"passed"}


def test_a_list_can_be_read_without_being_changed(tmp_path: Path) -> None:
    """D15: what stands there is judged by its evidence; where there is none, one line says so."""
    made = sign(tmp_path, evidence_of_parity(parity(), COMMAND))
    before = (tmp_path / "sign_off.json").read_bytes()
    assert statuses(standing(tmp_path)) == statuses(made)
    assert (tmp_path / "sign_off.json").read_bytes() == before
    with pytest.raises(NotAvailable, match="prove audit"):
        standing(tmp_path / "nowhere")


def test_evidence_joins_and_renews(tmp_path: Path) -> None:
    """D15: two universes stand beside each other; the same one again takes its own place."""
    sign(tmp_path, evidence_of_parity(parity(), COMMAND))
    both = sign(tmp_path, evidence_of_parity(parity(name="other"), COMMAND))
    assert [len(line.evidence) for line in both.lines if line.id == "D4"] == [2]
    again = sign(tmp_path, evidence_of_parity(parity(trades=12), COMMAND))
    line = next(line for line in again.lines if line.id == "D4")
    assert (len(line.evidence), line.status) == (2, "failed")


def test_the_list_is_written_for_people_and_programs(tmp_path: Path) -> None:
    """D15: dated, with command, result, figures and hashes."""
    made = sign(tmp_path, evidence_of_parity(parity(), COMMAND))
    assert msgspec.json.decode((tmp_path / "sign_off.json").read_bytes(), type=SignOff) == made
    text = (tmp_path / "sign_off.md").read_text(encoding="utf-8")
    for words in (made.made_at, "| D2 |", "**not run**", COMMAND, "trades: 1500", "fingerprint: abab"):
        assert words in text


def test_a_broken_list_is_refused(tmp_path: Path) -> None:
    """D15: it is never silently begun anew."""
    (tmp_path / "sign_off.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="move it away"):
        sign(tmp_path, {})
