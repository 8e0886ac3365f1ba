"""Configuration files: every fault is one line that names the key, the value and the way out (A11)."""

import copy
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.rig import TOLD, desk, values
from tradeworthy.core.errors import UsageError
from tradeworthy.core.settings import Settings
from tradeworthy.journal.segments import Header
from tradeworthy.runtime.configuration import from_values, load, recorded, section

TEXT = """
name = "small"
seed = 3
[account]
cash = "2500.5"
[[instruments]]
id = "BTC"
tick = 0.1
lot = "0.001"
[[desks]]
name = "told"
file = "desks/told.py"
timeframe = "1m"
instruments = ["BTC"]
"""

Change = Callable[[dict[str, Any]], Any]


def put(*path: str | int, to: Any) -> Change:
    """A change that sets the value at `path`."""

    def change(whole: Any) -> None:
        for part in path[:-1]:
            whole = whole[part] if isinstance(part, int) else whole.setdefault(part, {})
        whole[path[-1]] = to

    return change


def cut(*path: str | int) -> Change:
    """A change that takes the value at `path` out."""

    def change(whole: Any) -> None:
        for part in path[:-1]:
            whole = whole[part]
        del whole[path[-1]]

    return change


def fault(change: Change) -> str:
    """What is said of the test's configuration after `change`."""
    whole = copy.deepcopy(values())
    change(whole)
    with pytest.raises(UsageError) as refused:
        from_values(whole, "desk.toml")
    text = str(refused.value)
    assert "\n" not in text
    return text.removeprefix("desk.toml: ")


def written(folder: Path, text: str = TEXT) -> Path:
    """A file with `text`, and a desk where it says."""
    (folder / "desks").mkdir()
    (folder / "desks" / "told.py").write_text(TOLD.read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_becomes_frozen_values_with_the_defaults_of_the_rest(tmp_path: Path) -> None:
    """Decimals keep their places, and a desk's file is found beside the configuration."""
    found = load(written(tmp_path))
    assert (found.name, found.seed, found.account.cash) == ("small", 3, Decimal("2500.5"))
    assert found.instruments[0].tick == Decimal("0.1")
    assert found.desks[0].file == tmp_path / "desks" / "told.py"
    assert found.risk.drawdown_max == Decimal("0.20")
    with pytest.raises(ValueError, match="frozen"):
        found.seed = 4  # type: ignore[misc]


def test_what_is_resolved_gives_the_same_configuration_again(tmp_path: Path) -> None:
    """The journal's header holds all of it."""
    found = load(written(tmp_path))
    assert from_values(found.resolved(), "header").resolved() == found.resolved()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("sead", to=1), "unknown key sead; did you mean seed?"),
        (put("risk", "drawdwn_max", to="0.1"), "unknown key risk.drawdwn_max; did you mean drawdown_max?"),
        (put("venue", "latency", to=5), "unknown key venue.latency; did you mean latency_ms?"),
        (put("instruments", 1, "tik", to="0.1"), "unknown key instruments.1.tik; did you mean tick?"),
        (put("desks", 0, "timefram", to="1m"), "unknown key desks.0.timefram; did you mean timeframe?"),
        (
            put("store", "zzz", to=True),
            "unknown key store.zzz; the keys are bars",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(change: Change, said: str) -> None:
    """At each depth; without a near one the keys that there are."""
    assert fault(change) == said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("seed", to="abc"), "seed: Input should be a valid integer"),
        (put("seed", to=1.5), "seed: Input should be a valid integer, got a number with a fractional part"),
        (put("seed", to=-1), "seed: Input should be greater than or equal to 0 (given: -1)"),
        (put("account", "cash", to="lots"), "account.cash: Input should be a valid decimal (given: 'lots')"),
        (put("account", "cash", to=0), "account.cash: Input should be greater than 0 (given: 0)"),
        (
            put("venue", "matcher", to="baar"),
            "venue.matcher: Input should be 'bar' or 'book' (given: 'baar')",
        ),
        (put("desks", 0, "on_fault", to="x"), "desks.0.on_fault: Input should be 'keep' or 'flatten'"),
        (put("desks", 0, "timeframe", to="2m"), "desks.0: timeframe '2m' is none of 1m, 5m, 15m, 1h, 4h, 1d"),
        (put("name", to="Bad Name"), "name: String should match pattern"),
        (put("risk", to=3), "risk: is a section, write it as [risk] (given: 3)"),
        (put("risk", to=[1]), "risk: is a section, write it as [risk] (given: [1])"),
        (put("desks", to=[]), "desks: Tuple should have at least 1 item"),
        (
            put("instruments", 0, "lots_min", to=0),
            "instruments.0.lots_min: Input should be greater than or equal to 1",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_key(change: Change, said: str) -> None:
    """Types, bounds, words and shapes."""
    assert fault(change).startswith(said)


@pytest.mark.parametrize(
    "path",
    [
        ("account", "cash"),
        ("instruments", 0, "tick"),
        ("instruments", 0, "taker_fee"),
        ("desks", 0, "share"),
        ("venue", "participation"),
        ("risk", "stale_after_s"),
        ("simulator", "volatility"),
    ],
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_infinity_are_no_numbers(path: tuple[str | int, ...], value: float) -> None:
    """A limit that compares with nothing would hold nothing."""
    place = ".".join(str(part) for part in path)
    assert fault(put(*path, to=value)) == f"{place}: Input should be a finite number (given: {value})"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("name",), "name"),
        (("desks",), "desks"),
        (("instruments", 1, "tick"), "instruments.1.tick"),
        (("desks", 0, "name"), "desks.0.name"),
    ],
)
def test_a_missing_key_is_named(path: tuple[str | int, ...], name: str) -> None:
    """At each depth."""
    assert fault(cut(*path)) == f"{name} is missing; add it"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            cut("desks", 0, "file"),
            (
                'desks.0: desk told has neither a kind nor a file; give kind = "arbitrage" for a built-in desk,'
                " or the file of your own"
            ),
        ),
        (put("desks", 0, "kind", to="arbitrage"), "desks.0: desk told has both a kind and a file; give"),
        (
            put("desks", 0, "instruments", to=[]),
            "desks.0: desk told has no instruments; name those it trades",
        ),
        (cut("desks", 0, "timeframe"), "desks.0: timeframe '' is none of 1m, 5m"),
        (cut("instruments"), "desk told trades BTC, which no [[instruments]] lists; listed are none"),
        (
            put("desks", 0, to={"name": "a", "kind": "arbitrag"}),
            "desks.0: desk a: there is no kind 'arbitrag'; did you mean arbitrage?",
        ),
        (
            put("desks", 0, to={"name": "a", "kind": "zzz"}),
            "desks.0: desk a: there is no kind 'zzz'; there is arbitrage",
        ),
        (
            put("desks", 0, to={"name": "a", "kind": "arbitrage", "timeframe": "1m"}),
            "desks.0: desk a: a desk of kind arbitrage trades what its feed lists; leave timeframe out",
        ),
        (
            put("desks", to=[{"name": "a", "kind": "arbitrage", "share": "0.5"}, desk("b", "0.5")]),
            "desk b trades bars and desk a order books, which no feed has together; give each a session",
        ),
        (
            put("desks", to=[{"name": name, "kind": "arbitrage", "share": "0.5"} for name in "ab"]),
            "desk of kind arbitrage stands twice; remove or rename one",
        ),
    ],
)
def test_a_desk_is_built_in_or_a_file(change: Change, said: str) -> None:
    """One of both, and each with what it needs."""
    assert fault(change).startswith(said)


def test_a_built_in_desk_needs_neither_instruments_nor_bars() -> None:
    """Its feed lists what it trades; the venue fills from books."""
    whole = {"name": "p", "venue": {"matcher": "book"}, "desks": [{"name": "a", "kind": "arbitrage"}]}
    found = from_values(whole, "p.toml")
    assert (found.on_predictions, found.desk_files, found.instruments) == (True, (), ())
    assert not from_values(values(), "x").on_predictions
    whole["venue"] = {"matcher": "bar"}
    with pytest.raises(UsageError, match=r'desk a trades order books.*set matcher = "book" in \[venue\]'):
        from_values(whole, "p.toml")


def test_several_faults_stand_in_one_line() -> None:
    """All that is wrong is said at once."""

    def change(whole: dict[str, Any]) -> None:
        whole["sead"] = 1
        whole["account"] = {"cash": "x"}

    assert fault(change) == (
        "account.cash: Input should be a valid decimal (given: 'x'); unknown key sead; did you mean seed?"
    )


def test_a_long_value_is_cut() -> None:
    """The line stays a line."""
    said = fault(put("name", to="a" * 500))
    assert len(said) < 160
    assert said.endswith("aaa...)")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda whole: whole["instruments"].append(whole["instruments"][0]),
            "instrument BTC stands twice; remove or rename one",
        ),
        (lambda whole: whole["desks"].append(desk()), "desk told stands twice; remove or rename one"),
        (put("desks", 0, "instruments", to=["BTC", "BTC"]), "instrument of desk told BTC stands twice"),
        (
            lambda whole: whole["desks"].append(desk("other", "0.5")),
            "the desks' shares sum to 1.5, and 1 is the whole account; lower them",
        ),
        (
            put("instruments", 0, "quote", to="EUR"),
            "instruments are quoted in EUR, and the account is in USDT; an account trades what is quoted in",
        ),
        (
            put("desks", 0, "instruments", to=["BTD"]),
            "desk told trades BTD, which no [[instruments]] lists; did you mean BTC?",
        ),
        (
            put("desks", 0, "instruments", to=["SOL"]),
            "desk told trades SOL, which no [[instruments]] lists; listed are BTC, ETH",
        ),
    ],
)
def test_sections_that_contradict_each_other_are_refused(change: Change, said: str) -> None:
    """Duplicates, shares over the whole, another currency, an instrument that nobody lists."""
    assert fault(change).startswith(said)


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRADEWORTHY_SECTION__KEY changes that key and leaves its section's others."""
    path = written(tmp_path, TEXT + '[risk]\ndrawdown_max = "0.1"\nposition_max = "0.3"\n')
    monkeypatch.setenv("TRADEWORTHY_SEED", "9")
    monkeypatch.setenv("TRADEWORTHY_RISK__DRAWDOWN_MAX", "0.5")
    monkeypatch.setenv("TRADEWORTHY_SIMULATOR__START_PRICE", '{"BTC": 5}')
    monkeypatch.setenv("TRADEWORTHY_HOME", "anywhere")
    found = load(path)
    assert found.seed == 9
    assert (found.risk.drawdown_max, found.risk.position_max) == (Decimal("0.5"), Decimal("0.3"))
    assert found.simulator.start_price == {"BTC": 5.0}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RISK__DRAWDOWN_MAX", "lots", "risk.drawdown_max: Input should be a valid decimal (given: 'lots')"),
        ("RISK__DRAWDWN_MAX", "0.1", "unknown key risk.drawdwn_max; did you mean drawdown_max?"),
        ("RISC__DRAWDOWN_MAX", "0.1", "there is no section risc; did you mean risk?"),
        ("RISK", "{bad", "give it as JSON"),
    ],
)
def test_a_wrong_environment_is_refused_like_a_wrong_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    """A misspelt limit must not be a limit that is not there."""
    monkeypatch.setenv(f"TRADEWORTHY_{name}", value)
    path = written(tmp_path)
    with pytest.raises(UsageError) as refused:
        load(path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_recorded_configuration_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay reads its header and nothing else: today's environment does not change a run of yesterday (P1)."""
    was = from_values(values(), "then").resolved()
    monkeypatch.setenv("TRADEWORTHY_RISK__DRAWDOWN_MAX", "0.01")
    assert recorded(Header("test-1", was, "", 7)).resolved() == was


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_text('name = "x"\nname = "y"', encoding="utf-8"), "is not TOML: "),
        (lambda path: path.write_bytes(b"name = '\xff'"), "is not TOML: "),
        (lambda path: path.mkdir(), "Is a directory; name a TOML file"),
        (lambda path: path.with_name("other").touch(), "No such file or directory; name a TOML file"),
    ],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, make: Callable[[Path], Any], said: str) -> None:
    """Bad syntax, no text, a folder, nothing."""
    path = tmp_path / "desk.toml"
    make(path)
    with pytest.raises(UsageError) as refused:
        load(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_whose_tables_are_of_another_shape_is_refused(tmp_path: Path) -> None:
    """Nothing is looked for in what is no table."""
    path = tmp_path / "desk.toml"
    for text in ("desks = 3", "desks = [1, 2]", "[desks]\nfile = 'x'", "instruments = 'BTC'"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=r"desk\.toml: "):
            load(path)


class Inner(Settings):
    """A table in a desk's settings."""

    depth: int = 1


class Own(Settings):
    """A desk's own settings."""

    lookback: int
    inner: Inner = Inner()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lookbak": 3, "lookback": 3}, "desk x: unknown key lookbak; did you mean lookback?"),
        ({"lookback": 3, "inner": {"dept": 3}}, "desk x: unknown key inner.dept; did you mean depth?"),
        ({"lookback": "three"}, "desk x: lookback: Input should be a valid integer"),
        ({}, "desk x: lookback is missing; add it"),
    ],
)
def test_a_desks_own_settings_are_judged_the_same_way(given: dict[str, Any], said: str) -> None:
    """By the class that its file defines."""
    with pytest.raises(UsageError) as refused:
        section(Own, given, "desk x")
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (put("venue", "participation", to=True), "venue.participation"),
        (put("instruments", 0, "lots_min", to=True), "instruments.0.lots_min"),
        (put("simulator", "start_price", to={"BTC": True}), "simulator.start_price.BTC"),
    ],
)
def test_true_is_no_number(change: Change, place: str) -> None:
    """It would count as 1, and trade."""
    assert fault(change) == f"{place} is true or false; give a number"
    assert from_values(values() | {"store": {"bars": True}}, "x").store.bars


def test_true_is_no_number_of_a_desks_own() -> None:
    """A share of the capital that nobody wrote; a switch is one."""

    class Own(Settings):
        share: float = 0.5
        gate: bool = False

    with pytest.raises(UsageError, match="desk a: share is true or false; give a number"):
        section(Own, {"share": True, "gate": True}, "desk a")
    assert section(Own, {"gate": True}, "desk a").gate


def test_a_fault_names_the_variables_that_go_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads the file would not find the value there."""
    monkeypatch.setenv("TRADEWORTHY_ACCOUNT__CASH", "lots")
    path = written(tmp_path)
    with pytest.raises(UsageError) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path} with TRADEWORTHY_ACCOUNT__CASH: account.cash: ")


def test_a_variable_for_one_desk_of_a_list_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list is changed in the file, or given whole."""
    monkeypatch.setenv("TRADEWORTHY_DESKS__0__SHARE", "0.5")
    with pytest.raises(
        UsageError, match=r"DESKS__0__SHARE: desks is a list; .* as JSON in TRADEWORTHY_DESKS$"
    ):
        load(written(tmp_path))
