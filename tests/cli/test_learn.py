"""learn: what was learned on screen, one stage alone on stored rows, and what a person asks of a session."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from tests.cli.command_line import call
from tests.store.story import Story
from tests.store.uptrend_story import CONFIGURED, UptrendStory, override
from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.control import ControlServer, Inject, Request
from tradeworthy.learning.events import (
    ActionsImported,
    ImportedAction,
    ImportedTrade,
    Job,
    JobAnswered,
    OverrideRolledBack,
    OverridesChanged,
    Threshold,
    ThresholdsChanged,
    TradeFact,
)
from tradeworthy.store.addresses import database_url, leave

RUN = "uptrend-1-1"
S1 = "pm.uptrend.S1.entry"
SOLANA = {"chain": "solana", "market_family": "lowcaps"}


@pytest.fixture(scope="module")
def learned_home(warm: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home of its own with a run that learned, and a database of its own on the warm server."""
    place = tmp_path_factory.mktemp("learned")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        server = database_url(warm).rpartition("/")[0]
        leave(warm)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE learned")
    with Story(place / "runs" / RUN, kind="uptrend") as story:
        story.header = msgspec.structs.replace(
            story.header,
            configuration={**CONFIGURED, "signals": {"source": "seeded"}},
            feed={"feed": "simulator"},
        )
        story.resume()
        tell(UptrendStory(story))
    return place, f"{server}/learned"


def tell(teller: UptrendStory) -> None:
    """The golden packet, 40 good trades on solana and 40 bad ones on base; an override, a threshold."""
    teller.golden()
    trades = tuple(trade(number) for number in range(80))
    teller.turn(ActionsImported(trades, (), "ann"))
    facts = tuple(
        TradeFact(one.trade, "0", S1, "entry", one.actions[0].scope, one.rr, one.pnl_usd, one.closed_ts)
        for one in trades
    )
    teller.turn(JobAnswered(Job.FACTS, "facts/1", 10, facts=facts))
    made = override({"chain": "solana"}, 1.5), override({}, 0.9), override({"chain": "bsc"}, 0.5)
    teller.turn(OverridesChanged(made, "learning-schedule", "judged", 20))
    teller.turn(
        OverrideRolledBack(made[2].id, "ann", "looks odd"), OverridesChanged(made[:2], "ann", "looks odd")
    )
    teller.turn(ThresholdsChanged((Threshold("ts_threshold", 0.55, "1h"),), "operator", "ann"))


def trade(number: int) -> ImportedTrade:
    """The first forty earn, the others lose; each on its own chain."""
    good = number < 40
    scope = SOLANA if good else {**SOLANA, "chain": "base"}
    ts = 1_699_000_000_000_000_000 + number * 3_600_000_000_000
    rr = (2.0 if good else -0.8) + 0.01 * (number % 7)
    return ImportedTrade(f"t-{number}", rr, 10 * rr, ts, (ImportedAction(S1, "entry", scope, ts),))


@pytest.fixture
def learned(learned_home: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of the test."""
    place, url = learned_home
    monkeypatch.setenv("TRADEWORTHY_HOME", str(place))
    monkeypatch.setenv("DATABASE_URL", url)
    return place


def test_show_says_what_was_learned_and_what_it_changes(learned: Path) -> None:
    """L17, P5: overrides with their lesson and id, what was taken back and why, thresholds, and what it can't mean."""
    said = call("learn", "show")
    assert said.code == 0
    assert said.lines[0] == f"run {RUN}"
    assert "learned from 80 actions of closed trades and 1 closed windows" in said.out
    assert f"x1.5 on size of the first buy ({S1} entry where chain=solana)" in said.out
    assert f"taken back: {override({'chain': 'bsc'}, 0.5).id} (looks odd)" in said.out
    assert "threshold ts_threshold = 0.55 (timeframe 1h) by operator, ann" in said.out
    assert "note: signals were drawn from a seed" in said.out
    assert "note: prices were simulated" in said.out


def test_show_explains_the_multiplier_of_a_scope(learned: Path) -> None:
    """L17: every match with its weight, and the blend of .55 x 2^1.5 x 1.5 and .55 x .9."""
    said = call("learn", "show", "--scope", "chain=solana", "--scope", "timeframe=1h")
    assert said.lines[1] == f"{S1} entry where chain=solana, timeframe=1h"
    assert "  {}: x0.9, weight 0.55 = confidence 0.55 x (0 + 1)^1.5" in said.lines
    assert said.lines[-1].endswith("kept within 0.3 and 3: x1.34328")
    (found,) = call("learn", "show", "--scope", "chain=solana", "--json").json["inspection"]
    assert found["multiplier"] == pytest.approx(1.3432777)
    assert [one["multiplier"] for one in found["matches"]] == [0.9, 1.5]


def test_show_in_json_can_be_read_back_as_overrides(learned: Path) -> None:
    """What `learning.overrides_file` takes: each field of an override by name, in order."""
    rows = call("learn", "show", "--json").json["overrides"]
    fields = type(override({}, 1.0)).__struct_fields__
    assert all(tuple(row) == fields for row in rows)
    made = [msgspec.convert(list(row.values()), type(override({}, 1.0))) for row in rows]
    assert {one.multiplier for one in made} == {0.9, 1.5}


def test_show_draws_the_multipliers(learned: Path, tmp_path: Path) -> None:
    """P5: multipliers by scope with confidence, in a file."""
    file = tmp_path / "multipliers.svg"
    assert call("learn", "show", "--out", file).code == 0
    assert file.read_text(encoding="utf-8").count("<rect ") == 1 + 2
    said = call("learn", "show", "--out", tmp_path / "nowhere" / "x.svg")
    assert (said.code, said.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("scope", "word"), [("solana", "write it like chain=solana"), ("chian=solana", "did you mean 'chain'")]
)
def test_a_wrong_scope_is_refused_in_one_line(learned: Path, scope: str, word: str) -> None:
    """A11: exit 2, and the nearest name."""
    said = call("learn", "show", "--scope", scope)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert word in said.err


def test_a_dry_run_of_facts_replays_the_stored_trades(learned: Path) -> None:
    """L17: the golden packet's three facts are new; the imported trades have theirs."""
    said = call("learn", "facts", "--dry-run", "--json").json
    assert (said["run"], said["table"], said["rows"]) == (RUN, "pattern_trade_events", 164)
    new = [one for one in said["differences"] if one["sign"] == "+"]
    assert len(new) == 3
    golden = [one for one in said["found"] if one["trade"].endswith("#1")]
    assert [one["action_category"] for one in golden] == ["entry", "trim", "exit"]
    assert {one["rr"] for one in golden} == {-0.083333}
    assert {one["pnl_usd"] for one in golden} == {-2.1}
    text = call("learn", "facts", "--dry-run").out
    assert "nothing is written" in text
    assert "pattern_trade_events: 3 new (+)" in text


def test_a_dry_run_of_mining_shows_lessons_that_are_new(learned: Path) -> None:
    """L8, L17: {chain} and {chain, market_family} with N 40 from eighty facts, and nothing is written."""
    said = call("learn", "mine", "--dry-run", "--json").json
    found = {tuple(sorted(one["scope_subset"].items())): one["n"] for one in said["found"]}
    assert found[("chain", "solana"),] == 40
    assert found[("chain", "solana"), ("market_family", "lowcaps")] == 40
    assert {one["sign"] for one in said["differences"]} == {"+"}
    assert call("learn", "show", "--json").json["lessons"] == []


def test_a_dry_run_of_the_judge_is_a_diff(learned: Path) -> None:
    """L17: overrides whose lesson is not there would be archived."""
    said = call("learn", "judge", "--dry-run")
    assert "pm_overrides:" in said.out
    changed = [line for line in said.lines if line.startswith("~")]
    assert len(changed) == 2
    assert all("status active -> archived" in line for line in changed)


def test_a_dry_run_of_tuning_reads_the_windows(learned: Path) -> None:
    """One window is too few for a lesson, and the table has none either."""
    said = call("learn", "tune", "--dry-run")
    assert said.lines == [
        f"run {RUN}: tuning of 1 stored rows gives 0 rows; nothing is written",
        "learning_lessons holds just that",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("judge",),
        ("facts",),
        ("rollback", "x", "--reason", "r"),
        ("threshold", "ts_threshold", "0.5"),
    ],
)
def test_without_a_session_a_request_is_not_available(learned: Path, words: tuple[str, ...]) -> None:
    """A11: exit 3 in one line; a job names the way that needs no session."""
    said = call("learn", *words)
    assert (said.code, said.err.count("\n")) == (3, 1)
    assert ("--dry-run" in said.err) == (len(words) == 1)


def test_a_job_is_not_asked_for_another_run(learned: Path) -> None:
    """--run names stored rows."""
    said = call("learn", "judge", "--run", RUN)
    assert said.code == 2
    assert "goes with --dry-run" in said.err


@contextmanager
def listening(home: Path, refuse: str = "") -> Iterator[list[Inject]]:
    """A control socket that notes what is handed in."""
    heard: list[Inject] = []

    async def handle(request: Request) -> dict[str, Any]:
        assert isinstance(request, Inject)
        heard.append(request)
        if refuse:
            raise UsageError(refuse)
        return {"admitted": len(request.events)}

    loop = asyncio.new_event_loop()
    server = ControlServer(home, handle)
    loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield heard
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_requests_reach_the_session_with_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """L9, L14: jobs, roll-backs, thresholds and curators, each with who asks."""
    monkeypatch.setenv("TRADEWORTHY_HOME", str(tmp_path))
    file = tmp_path / "curators.jsonl"
    file.write_text('{"id": "ann", "final_weight": 0.8}\n\n{"id": "bob"}\n', encoding="utf-8")
    with listening(tmp_path) as heard:
        assert call("learn", "mine").code == 0
        assert (
            call("learn", "rollback", "id-1", "--reason", "odd", "--by", "ann").out == "id-1 is taken back\n"
        )
        assert call("learn", "rollback", "id-1", "--reason", "fine", "--by", "ann", "--undo").code == 0
        assert (
            call("learn", "threshold", "ts_threshold", "0.62", "--timeframe", "1h", "--by", "ann").code == 0
        )
        assert call("learn", "threshold", "ts_threshold", "none", "--by", "ann").code == 0
        assert call("learn", "curators", file, "--by", "ann").out == "2 curators listed\n"
    assert heard[0].kind == "job"
    assert heard[0].events[0]["job"] == "lessons"
    assert heard[0].events[0]["by"]
    told = [(one.kind, one.events[0]) for one in heard[1:]]
    back = {"override": "id-1", "by": "ann"}
    entry = {"key": "ts_threshold", "phase": "", "a_level": "", "by": "ann"}
    assert told == [
        ("rollback", {**back, "reason": "odd", "undo": False}),
        ("rollback", {**back, "reason": "fine", "undo": True}),
        ("threshold", {**entry, "value": 0.62, "timeframe": "1h"}),
        ("threshold", {**entry, "value": None, "timeframe": ""}),
        ("curators", {"curators": [{"id": "ann", "final_weight": 0.8}, {"id": "bob"}], "by": "ann"}),
    ]


def test_what_the_session_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A11: the session's own sentence, exit 2."""
    monkeypatch.setenv("TRADEWORTHY_HOME", str(tmp_path))
    with listening(tmp_path, "there is no override 'id-1'"):
        said = call("learn", "rollback", "id-1", "--reason", "odd")
    assert (said.code, said.err) == (2, "error: there is no override 'id-1'\n")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('{"final_weight": 0.8}', "needs an id"),
        ('{"id": "ann", "final_weight": 1.5}', "from 0 to 1"),
        ('{"id": "ann", "final_weight": true}', "from 0 to 1"),
        ('{"id": "ann", "weight": 0.5}', "line 1: unknown field 'weight'; write it like"),
        ('{"id": "ann"}\n{"id": "ann"}', "curator ann stands twice"),
        ("ann 0.8", "no JSON object"),
        ("", "has no curators"),
    ],
)
def test_a_wrong_list_of_curators_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, word: str
) -> None:
    """A11: before anything is asked of a session; file, line and what is wrong."""
    monkeypatch.setenv("TRADEWORTHY_HOME", str(tmp_path))
    file = tmp_path / "curators.jsonl"
    file.write_text(f"{line}\n", encoding="utf-8")
    said = call("learn", "curators", file)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert word in said.err


@pytest.mark.parametrize("value", ["high", "nan", "inf", "1e400"])
def test_a_threshold_is_a_number(learned: Path, value: str) -> None:
    """L14: or `none`. What is not finite would go out as null, and take the entry away."""
    said = call("learn", "threshold", "ts_threshold", value)
    assert said.code == 2
    assert f"threshold value {value!r} is no number" in said.err
