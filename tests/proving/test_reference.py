"""Frozen references: what the engine made once, held against what it makes now."""

import json
from pathlib import Path

import pytest

from tests.cli.command_line import call
from tests.proving.parity_rig import plan_of, recorded, subject
from tests.proving.planting import features, once, one_more, plant
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.desks.divergence import engine as batch_steps
from tradeworthy.proving.parity.batch_path import run_batch
from tradeworthy.proving.reference import freeze, read_reference, reference_pair
from tradeworthy.proving.subject import Subject

ROWS = 480


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made market in a file."""
    return recorded(tmp_path_factory.mktemp("data"), ROWS)


@pytest.fixture(scope="module")
def frozen(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reference of it."""
    out = tmp_path_factory.mktemp("references") / "made"
    freeze(plan_of(data), out)
    return out


@pytest.fixture
def traded(data: Path, tmp_path: Path) -> Subject:
    """The made market and its desks."""
    return subject(data, tmp_path / "home")


def test_a_reference_holds_all_files_and_their_hashes(frozen: Path) -> None:
    """D3: trades, daily figures, summary and bar log of each desk, and the hashes of configuration and data."""
    reference = read_reference(frozen)
    assert sorted(reference.files) == [
        f"{desk}/{file}"
        for desk in ("long", "short")
        for file in ("bars.csv", "daily.csv", "summary.json", "trades.csv")
    ]
    assert reference.feed["files"]
    assert len(reference.configuration_sha256) == 64
    assert json.loads((frozen / "short" / "summary.json").read_text())["Trades"] == reference.trades["short"]
    assert all(not (frozen / name).stat().st_mode & 0o222 for name in reference.files)


def test_a_reference_is_never_overwritten(data: Path, frozen: Path) -> None:
    """D3: nor is anything else that stands there."""
    before = (frozen / "reference.json").read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        freeze(plan_of(data), frozen)
    assert (frozen / "reference.json").read_bytes() == before


def test_the_same_again_is_equal(traded: Subject, frozen: Path) -> None:
    """D3, D4: file against file, as text."""
    pair = reference_pair(traded, run_batch(traded, together=True), frozen)
    assert (pair.verdict, len(pair.compared)) == ("EQUAL", 8)
    assert pair.trades > 10


def test_a_changed_step_is_found_in_the_files(
    traded: Subject, frozen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4: the first differing trade, date and field is named."""
    trade = run_batch(traded, together=True).outcome.desks["short"].trades[1]
    plant(monkeypatch, batch_steps, "ledger_step", once(1, one_more("pnl"), 1))
    pair = reference_pair(traded, run_batch(traded, together=True), frozen)
    named = {one.what: one.first for one in pair.compared if one.first}
    assert next(iter(named)) == "trades.csv short"
    first = named["trades.csv short"]
    assert (first.date, first.bar) == ("2025-05-05", trade.exit_bar)
    assert first.field in ("pnl_pct", "pnl_absolute")
    assert named["daily.csv short"].field == "capital"


def test_a_change_that_no_file_shows_is_none(
    traded: Subject, frozen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D3: files hold what was logged; the records themselves are compared between living paths."""
    plant(monkeypatch, batch_steps, "feature_step", features)
    assert reference_pair(traded, run_batch(traded, together=True), frozen).equal


def test_a_file_that_was_changed_is_refused(data: Path, traded: Subject, tmp_path: Path) -> None:
    """D3: its sha256 says so."""
    out = tmp_path / "reference"
    freeze(plan_of(data), out)
    trades = out / "long" / "trades.csv"
    trades.chmod(0o644)
    trades.write_text(trades.read_text().replace("MAX_HOLD", "FIXED_TP", 1))
    with pytest.raises(UsageError, match="was changed after it was frozen"):
        reference_pair(traded, run_batch(traded), out)


def test_another_configuration_is_refused(data: Path, frozen: Path, tmp_path: Path) -> None:
    """D3: like is compared with like."""
    other = subject(data, tmp_path / "home", account={"cash": "60000"})
    with pytest.raises(UsageError, match="another configuration"):
        reference_pair(other, run_batch(other), frozen)


def test_no_reference_is_not_available(tmp_path: Path) -> None:
    """D3: exit 3, with the next step."""
    with pytest.raises(NotAvailable, match="prove reference"):
        read_reference(tmp_path)
    answer = call("prove", "reference", "nowhere.toml", "--out", tmp_path / "x")
    assert (answer.code, answer.err.count("\n")) == (2, 1)
