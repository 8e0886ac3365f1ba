"""How a run stands with the questions before real money, from the list of proofs alone."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from typer.main import get_command

from tradeworthy.cli.commands import app
from tradeworthy.journal.segments import Header
from tradeworthy.proving.evidence_log import Proof, newest_of
from tradeworthy.proving.run_on_disk import RunOnDisk
from tradeworthy.web.dashboard.markup import code
from tradeworthy.web.dashboard.theme import DARK, base_options
from tradeworthy.web.pages.proving import tables as proof_tables
from tradeworthy.web.pages.proving.figures import figures
from tradeworthy.web.pages.proving.groups import (
    QUESTIONS,
    State,
    Subject,
    question_state,
    standing_of,
    standings_of,
)

BASE = base_options(DARK, "chart")
RUN = Subject("blue-1", "abc", "blue", frozenset({"divergence"}))
EVIL = "<b>x</b>"
VERBS = {verb.name: verb for question in QUESTIONS for verb in question.verbs}
_minutes = count()
ROW = {"run": "blue-1", "configuration": "blue", "mode": "paper", "decision_hash": "abc", "seed": 7}


def proof(verb: str, subject: str, found: str = "yes", code: str = "abc", **figures: Any) -> Proof:
    """A proof, each later than the one before; `found` is yes, no, or open."""
    made_at = (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=next(_minutes))).isoformat()
    return Proof(verb, subject, made_at, {"yes": True, "no": False}.get(found), figures, code)


def state_of(verb: str, *proofs: Proof, run: Subject = RUN) -> State:
    """How `verb` stands after these proofs."""
    return standing_of(VERBS[verb], newest_of(proofs).get(verb, []), run).state


def test_every_proof_that_is_told_of_is_a_command() -> None:
    """Each verb of the page is one of the command line's, and each of `prove` is on the page."""
    commands: Any = get_command(app)
    known = set(commands.commands["prove"].commands) | {"replay"}
    assert set(VERBS) == known
    for verb in VERBS.values():
        words = verb.command.split()
        assert words[1:3] == ["prove", verb.name] or words[1] == verb.name


@pytest.mark.parametrize(
    ("proofs", "state"),
    [
        ((), State.NOT_PROVEN),
        ((("blue", "yes", "abc"),), State.PROVEN),
        ((("blue", "no", "abc"),), State.FAILED),
        ((("blue", "open", "abc"),), State.OPEN),
        ((("blue", "yes", "old"),), State.STALE),
        ((("blue", "no", "old"),), State.STALE),
        ((("blue", "yes", "abc"), ("blue", "yes", "old")), State.STALE),
        ((("blue", "no", "abc"), ("blue", "yes", "abc")), State.PROVEN),
        ((("blue", "yes", "abc"), ("other", "no", "abc")), State.PROVEN),
        ((("one", "yes", "abc"), ("two", "no", "abc"), ("three", "yes", "abc")), State.FAILED),
    ],
)
def test_the_newest_proof_of_this_code_counts(proofs: tuple[tuple[str, str, str], ...], state: State) -> None:
    """P3: of other code it is stale, whatever it found; of the run's own configuration it goes before others."""
    assert state_of("parity", *(proof("parity", *one) for one in proofs)) is state


def test_a_proof_of_another_run_says_nothing_of_this_one() -> None:
    """P1: replay and compare are about one run."""
    assert state_of("replay", proof("replay", "blue-2")) is State.NOT_PROVEN
    assert state_of("replay", proof("replay", "blue-1"), proof("replay", "blue-2", "no")) is State.PROVEN


def test_an_audit_of_other_configurations_says_nothing_of_this_run() -> None:
    """P3: neither that they differ nor that they don't; it stays listed, as one of others."""
    found = {"audit": [proof("audit", "green.toml and other.toml", "no")]}
    assert state_of("audit", *found["audit"]) is State.NOT_PROVEN
    own = proof("audit", "green.toml and blue.toml")
    assert state_of("audit", *found["audit"], own) is State.PROVEN
    named = proof("audit", "left.toml and right.toml", "no", configurations=["blue", "blue"])
    assert state_of("audit", *found["audit"], own, named) is State.FAILED, "files are not named as runs are"
    assert ">blue<" in figures(named)
    told = proof_tables.question(standings_of(found, RUN)[1][1], RUN)
    assert "green.toml and other.toml" in told
    assert told.count("not this run&#x27;s</span>") == 1
    assert "this run&#x27;s code" not in told


def test_a_replay_of_another_run_is_called_that() -> None:
    """It is listed, and does not pass for this run's."""
    told = proof_tables.question(standings_of({"replay": [proof("replay", "blue-2")]}, RUN)[0][1], RUN)
    assert "not this run&#x27;s</span>" in told


def test_names_that_came_to_the_same_are_told_once() -> None:
    """Hundreds of keys that may not differ are a list, not hundreds of pills; a few keep theirs."""
    keys = [[f"desks.{number}", "NOT ALLOWED"] for number in range(200)]
    told = figures(proof("audit", "blue.toml and b.toml", "no", not_allowed=keys))
    assert told.count("NOT ALLOWED") == 1
    assert "200: NOT ALLOWED" in told
    assert told.count("<li>") == 200
    mixed = figures(
        proof("flow", "all flows", flows=[[f"f{number}", "PASS"] for number in range(9)] + [["x", "FAIL"]])
    )
    assert mixed.count('class="pill ok"') == 9
    assert mixed.count('class="pill bad"') == 1


def test_amounts_and_times_are_as_people_write_them() -> None:
    """No zeros that say nothing, no letter between day and hour, and a digest as it is."""
    told = figures(
        proof(
            "compare",
            "blue-1",
            run_pnl="4.84378000",
            gap="0E-8",
            start="2024-01-01T00:10:00Z",
            digest="12e4",
            n="1200",
        )
    )
    for said in (">4.84378<", ">0<", "2024-01-01 00:10:00 UTC", ">12e4<", ">1200<", "Run P&amp;L"):
        assert said in told


def test_a_proof_of_another_kind_of_desk_does_not_apply() -> None:
    """A pilot is not asked for drills of divergence desks; proofs of them stay listed."""
    pilot = Subject("pilot-1", "abc", "pilot", frozenset({"arbitrage"}))
    standing = standing_of(VERBS["preflight"], [proof("preflight", "blue")], pilot)
    assert standing.state is State.NOT_APPLICABLE
    assert len(standing.proofs) == 1


def test_a_question_is_as_good_as_its_worst_proof() -> None:
    """One that failed fails it; one that only measures proves nothing by itself, and spoils nothing."""
    found = {
        "parity": [proof("parity", "blue")],
        "audit": [proof("audit", "blue.toml and b.toml")],
        "lookahead": [proof("lookahead", "blue")],
        "reference": [proof("reference", "blue", "open")],
    }
    assert _question(found) is State.PROVEN
    assert _question({**found, "audit": [proof("audit", "blue.toml and b.toml", "no")]}) is State.FAILED
    assert _question({**found, "audit": []}) is State.NOT_PROVEN
    assert _question({**found, "audit": [proof("audit", "blue.toml and b.toml", code="old")]}) is State.STALE


def _question(found: dict[str, list[Proof]]) -> State:
    standings = dict(standings_of(found, RUN))
    return question_state(standings[QUESTIONS[1]])


def test_what_is_lacking_says_what_to_run() -> None:
    """The command has the run's name; a proof's words from outside are no HTML."""
    told = proof_tables.question(standings_of({}, RUN)[0][1], RUN)
    assert f"Not proven yet: run {code('tradeworthy prove compare blue-1')}" in told
    assert code("tradeworthy replay blue-1") in told
    found = {"audit": [proof("audit", EVIL, "no", differing=2, not_allowed=[[EVIL, "NOT ALLOWED"]])]}
    told = proof_tables.question(standings_of(found, RUN)[1][1], RUN)
    assert EVIL not in told
    assert '<span class="pill bad">&lt;b&gt;x&lt;/b&gt;: NOT ALLOWED</span>' in told


def test_the_ladder_has_a_step_for_each_question() -> None:
    """How each stands is there as a word."""
    told = proof_tables.ladder(standings_of({}, RUN))
    assert told.count('data-state="not proven"') == 5
    assert told.count('data-state="does not apply"') == 1
    assert len(QUESTIONS) == 6


def compared(**more: Any) -> Proof:
    """A comparison."""
    figures = {
        "backtest_pnl": "10",
        "run_pnl": "4",
        "gap": "-6",
        "currency": "USD",
        "parts": [["data", "-8"], ["fills", "2"], ["fees", "0E-8"]],
        "trades_matched": 3,
    }
    return proof("compare", "blue-1", **{**figures, **more})


def test_the_gap_is_steps_from_the_backtest_to_the_run() -> None:
    """P6: each part begins where the one before it ended, and the last ends at the run's result."""
    options = proof_tables.gap_options(BASE, compared(), DARK)
    assert options is not None
    assert options["xAxis"]["data"] == ["backtest", "data", "fills", "fees", "run"]
    boxes = [box["value"][:2] for box in options["series"][0]["data"]]
    assert boxes == [[0.0, 10.0], [10.0, 2.0], [2.0, 4.0], [4.0, 4.0], [0.0, 4.0]]
    assert [spot["name"] for spot in options["series"][1]["data"]] == [
        *("+10.00", "\N{MINUS SIGN}8.00", "+2.00", "0", "+4.00"),
    ]


@pytest.mark.parametrize(
    "figures", [{"parts": []}, {"parts": [["data", "0"]]}, {"backtest_pnl": None}, {"run_pnl": "NaN"}]
)
def test_without_a_gap_nothing_is_drawn(figures: dict[str, Any]) -> None:
    """No parts, parts of nothing, or figures that are none."""
    assert proof_tables.gap_options(BASE, compared(**figures), DARK) is None


def test_the_gap_is_said_in_words() -> None:
    """With its trades; and what to run where there is no comparison."""
    told = proof_tables.gap_words(compared(), "blue-1")
    assert "a gap of" in told
    assert [name in told for name in ("data ", "fills ", "fees ")] == [True, True, False], (
        "those that are not zero"
    )
    assert "no gap" in proof_tables.gap_words(compared(gap="0E-8"), "blue-1")
    assert code("tradeworthy prove compare blue-1") in proof_tables.gap_words(None, "blue-1")


def on_disk(**more: Any) -> RunOnDisk:
    """A run on disk that has ended."""
    header = Header(
        "blue-1",
        {},
        "abc",
        7,
        feed={"feed": "simulator", "seed": 7, "settings": {"a": 1}},
        versions={"python": "3"},
    )
    end = {"run": "blue-1", "packets": 9, "digest": "d1", "fingerprint": "f1"}
    told: dict[str, Any] = {
        "end": end,
        "snapshot": None,
        "segments": 2,
        "deaths": 1,
        "code": "abc",
        "differing": (),
    }
    return RunOnDisk(header, **{**told, **more})


def test_a_run_says_what_made_it_and_what_must_equal_it() -> None:
    """P1: hash, feed, seed, lives; digest and fingerprint once it has ended."""
    told = proof_tables.identity(on_disk(), ROW, ["blue-0"])
    assert 'data-decision-hash="abc"' in told
    assert "the same</span>" in told
    assert "feed simulator, seed 7" in told
    assert "2 segments: one begins with each process" in told
    assert "; 1 died in a turn" in told
    assert "blue-0" in told
    ended = proof_tables.ending(on_disk(), ROW)
    assert 'data-digest="d1"' in ended
    assert 'data-fingerprint="f1"' in ended
    assert f"{code('tradeworthy replay blue-1')} must give this digest" in ended


def test_a_run_that_has_not_ended_or_is_gone_says_so() -> None:
    """No digest is made up."""
    open_run = on_disk(end=None, snapshot={"packets": 1_200, "digest": "d0"})
    assert "d0</span> at packet 1,200" in proof_tables.ending(open_run, ROW)
    assert "data-digest" not in proof_tables.ending(open_run, ROW)
    assert "no longer on disk" in proof_tables.ending(None, ROW)
    assert "This code" not in proof_tables.identity(None, ROW, [])


def test_other_code_says_what_differs() -> None:
    """What decided in the run is not what would decide here."""
    told = proof_tables.identity(on_disk(code="new", differing=("decision hash abc then, new now",)), ROW, [])
    assert "differs</span>" in told
    assert "decision hash abc then, new now" in told
    assert "none: it began empty" in told
