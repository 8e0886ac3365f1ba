"""pilot: its configuration, what it refuses, and what people ask of one that runs."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CONFIG, ROOT, call, ended, session, until
from tests.cli.conftest import enter
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.examples import example_files
from tradeworthy.runtime.pilot import CONFIGURATION, pilot_plan

PILOT_TOML = ROOT / "configs" / "pilot.toml"


def test_the_pilots_configuration_comes_along() -> None:
    """The one in the checkout is the one that `pilot` runs and `init` writes."""
    packaged = example_files()[CONFIGURATION]
    assert packaged.read_bytes() == PILOT_TOML.read_bytes()
    plan = pilot_plan()
    assert plan.configuration.resolved() == load(PILOT_TOML).resolved()
    assert (plan.the_seed, plan.feed, plan.mode.value) == (7, "simulator", "paper")


def test_the_pilots_limits_are_the_specifications() -> None:
    """Section 8: the account's 500 and the twenty rules' numbers."""
    whole = load(PILOT_TOML).resolved()
    assert whole["account"] == {"currency": "USD", "cash": "500"}
    shares = {"position": "0.10", "event": "0.15", "underlying": "0.20", "venue": "0.50", "portfolio": "0.80"}
    assert {name: whole["risk"][f"{name}_max"] for name in shares} == shares
    assert (whole["risk"]["daily_loss_max"], whole["risk"]["drawdown_max"]) == ("0.10", "0.20")
    assert (whole["risk"]["requests_per_minute_max"], whole["risk"]["loss_streak_max"]) == (10, 5)
    assert whole["desks"][0]["settings"]["atomic_arb"] is False


REFUSALS = [
    (["--config", CONFIG], 2, 'has no desk of kind "arbitrage"'),
    (["--config", "/nowhere.toml"], 2, "can't read configuration /nowhere.toml"),
    (["--feed", "foo"], 2, "no feed 'foo' of prediction markets; give simulator, recorded"),
    (["--feed", "catalog"], 2, "no feed 'catalog' of prediction markets"),
    (["--feed", "simulator:x"], 2, "no feed 'simulator:x'"),
    (["--feed", "recorded"], 3, "TRADEWORTHY_DATA__RECORDED"),
    (["--feed", "recorded:/nowhere"], 3, "/nowhere"),
    (["--feed", "live"], 3, "a live feed is there only for desks of kind uptrend"),
    (["--from", "2024-01-01"], 2, "for the simulator give --duration"),
    (["--duration", "0"], 2, "--duration is 0"),
]


@pytest.mark.parametrize(("words", "code", "said"), REFUSALS)
def test_a_pilot_that_can_not_be_is_refused_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, said: str
) -> None:
    """A11: what, the value and the next step; no server was started for it."""
    monkeypatch.delenv("TRADEWORTHY_DATA__RECORDED", raising=False)
    answer = call("pilot", *words)
    assert answer.code == code
    assert answer.err.count("\n") == 1
    assert said in answer.err


@pytest.fixture(scope="module")
def busy_home() -> Iterator[tuple[Path, int]]:
    """A home folder, and the process id of the pilot in it, at ten session seconds a second."""
    with (
        tempfile.TemporaryDirectory(prefix="tw-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        enter(patch, Path(folder))
        with session("--speed", "10", verb=("pilot",)) as process:
            patch.undo()
            yield Path(folder), process.pid


@pytest.fixture
def running(busy_home: tuple[Path, int], monkeypatch: pytest.MonkeyPatch) -> int:
    """A pilot, by its process id."""
    enter(monkeypatch, busy_home[0])
    until(lambda: call("status", "--json").json["markets"])
    return busy_home[1]


def test_status_says_that_the_pilot_runs(running: int) -> None:
    """Its process, its seven parts, and what came in through the feed's two faces."""
    said = call("status")
    assert said.code == 0
    assert said.lines[0] == f"Pilot is running (PID {running})"
    found = call("status", "--json").json
    parts = {part["agent"]: part for part in found["parts"]}
    assert [*parts] == [
        *("venue-watcher-polymarket", "oracle-binance", "opportunity-scanner", "risk-guardian"),
        *("paper-executor", "oracle-sniper", "capital-allocator"),
    ]
    assert {part["state"] for part in parts.values()} == {"running"}
    assert parts["venue-watcher-polymarket"]["admitted"] > 0
    assert parts["oracle-binance"]["admitted"] > 0
    assert {"BTC", "ETH"} <= set(found["prices"])
    assert any(line.startswith("  feed ") and "admitted since the start" in line for line in said.lines)


def test_facts_are_injected_all_or_none(running: int, tmp_path: Path) -> None:
    """A market's dispute, by hand, on record; a wrong line admits nothing and is named."""
    run = call("status", "--json").json["run"]
    path = tmp_path / "facts.jsonl"
    health = {"event": "HealthObserved", "part": "oracle-binance", "ok": False, "word": "silent"}
    wrong = {"event": "MarketDisputed", "market": "polymarket:nope"}
    path.write_text("\n".join(map(json.dumps, (health, wrong))))
    said = call("inject", "state", path)
    assert said.code == 2
    assert "fact 2: market 'polymarket:nope' is not known" in said.err
    path.write_text(json.dumps({**health, "ok": "no"}))
    said = call("inject", "state", path)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "facts.jsonl line 1: HealthObserved" in said.err
    path.write_text(json.dumps(health))
    assert call("inject", "state", path).out == "1 facts admitted\n"
    assert call("status", "--json").json["run"] == run


def test_a_symbols_price_is_injected_by_its_bare_name(running: int, tmp_path: Path) -> None:
    """What the oracle speaks of is no instrument, and yet has a price."""
    path = tmp_path / "prices.jsonl"
    price = call("status", "--json").json["prices"]["BTC"]["price"]
    path.write_text(json.dumps({"instrument": "BTC", "price": price}))
    assert call("inject", "price", path).out == "1 prices admitted\n"


def test_a_second_pilot_is_refused(running: int) -> None:
    """A11: it names the process and the run that are there."""
    said = call("pilot", "--duration", "60")
    assert said.code == 2
    assert f"PID {running}" in said.err


def test_stop_ends_the_pilot_gracefully(place: Path) -> None:
    """And its pid file is gone."""
    with session("--speed", "10", "--fresh", verb=("pilot",)) as process:
        assert (place / "pilot.pid").read_text() == f"{process.pid}\n"
        assert call("stop").out == "Pilot stopped gracefully\n"
        assert ended(process).code == 0
    assert not (place / "pilot.pid").exists()


def test_without_a_pilot_status_says_so(home: Path) -> None:
    """Exit 3, and a pid file that nobody cleaned is called stale; stop cleans it."""
    assert call("status").lines[0] == "Pilot is not running"
    home.mkdir(exist_ok=True)
    (home / "pilot.pid").write_text("4194305\n")
    said = call("status")
    assert said.code == 3
    assert said.lines[:2] == [
        "Pilot is not running",
        "its pid file is stale (PID 4194305 is gone): the next start or stop cleans it",
    ]
    assert call("stop").code == 3
    assert not (home / "pilot.pid").exists()


def test_the_doctor_checks_the_pilots_configuration(place: Path) -> None:
    """A11: without instruments or bars of its own."""
    found = {one["check"]: one for one in call("doctor", PILOT_TOML, "--json").json}
    assert found["config"]["found"] == "pilot: 1 desks on prediction markets"


def test_a_pilot_in_json_is_one_document(place: Path) -> None:
    """With the closing line on standard error, and a run of its own each time it is finished."""
    said = call("pilot", "--duration", "30", "--json")
    assert said.json["finished"] is True
    assert said.json["outcome"]["face"] == "pilot"
    assert said.err.splitlines()[-1].startswith("run_finished run=pilot-")
