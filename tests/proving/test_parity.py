"""Every path against the others: equal as they are, and a change of the smallest size in one step is found."""

import os
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from tests.cli.command_line import call
from tests.proving.parity_rig import configured, desk, plan_of, recorded, subject
from tests.proving.planting import BAR, FEW, Change, decide, features, once, one_more, plant, signal, size, up
from tradeworthy.core.draws import word_of
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.desks.divergence import agent as session_steps
from tradeworthy.desks.divergence import engine as batch_steps
from tradeworthy.execution.steps import draw_step
from tradeworthy.journal.recorder import Divergence
from tradeworthy.proving.parity import outside_pairs, session_path
from tradeworthy.proving.parity import proof as parity
from tradeworthy.proving.parity.batch_path import run_batch
from tradeworthy.proving.parity.coverage import ALL, UNSCRIPTED, coverage_of
from tradeworthy.proving.parity.differences import day_of
from tradeworthy.proving.parity.outcomes import compare_trades
from tradeworthy.proving.parity.pairs import Pair
from tradeworthy.proving.parity.proof import ENGINE, REPLAY, STACK, Parity, engine_pair, prove_parity
from tradeworthy.proving.parity.session_path import run_backtest_path
from tradeworthy.proving.subject import Subject, subject_of
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan

MINUTE = 60_000_000_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made market in a file."""
    return recorded(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def proved(data: Path) -> Parity:
    """The whole proof, once."""
    return prove_parity(plan_of(data), trades_min=30, pure_rows=6)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its first hours."""
    return recorded(tmp_path_factory.mktemp("few"), FEW)


@pytest.fixture
def traded(few: Path, tmp_path: Path) -> Subject:
    """One desk on the first hours."""
    return subject(few, tmp_path / "home", desks=[desk("short", -1)])


def held_against(one: Subject, tmp_path: Path) -> Pair:
    """Engines against a session, both computed now."""
    home = Home(tmp_path / "home").make()
    batch = run_batch(one, together=True)
    return engine_pair(ENGINE, one, batch, run_backtest_path(one, home), home, ALL)


def test_every_path_computes_the_same(proved: Parity) -> None:
    """D4, D5, D6, D7, P6: engine, session, store and bus, replay, sweep, twin, NautilusTrader, plain Python."""
    verdicts = {pair.name: pair.verdict for pair in proved.pairs}
    outside = next(name for name in verdicts if name.startswith("NautilusTrader"))
    assert verdicts.pop(outside) in ("EQUAL", "ABSENT")
    assert set(verdicts.values()) == {"EQUAL"}, proved.pairs
    assert proved.passed
    assert len(proved.pairs) == 9


def test_all_that_is_owed_occurred(proved: Parity) -> None:
    """D4: every exit reason, fill branch and side, with no guard that bound."""
    assert proved.coverage.missing(ALL) == ()
    assert min((*proved.coverage.exits.values(), *proved.coverage.branches.values())) > 0
    assert proved.refused == {}


def test_bar_logs_are_compared_row_by_row(proved: Parity) -> None:
    """D7: every row of both desks, and the records that the steps left after each."""
    main = proved.pairs[0]
    rows = {one.what: one.rows for one in main.compared}
    assert rows["bar log short"] == rows["records long"] == proved.rows // 2 == 720
    assert rows["orders, fills and closes"] > proved.trades * 4


def test_trades_are_read_back_from_the_database(proved: Parity) -> None:
    """D4, D6: what PostgreSQL has of the paper session is compared, trade by trade."""
    stack = next(pair for pair in proved.pairs if pair.name == STACK)
    assert {one.what: one.rows for one in stack.compared}["trades in the database"] == proved.trades


@pytest.mark.parametrize(
    ("step", "change", "field"),
    [
        ("feature_step", features, "features.efficiency[C00]"),
        ("signal_step", signal, "memory.z"),
        ("decide_step", decide, "memory.posture_run"),
        ("size_step", size, "memory.regime"),
    ],
)
@pytest.mark.parametrize("module", [batch_steps, session_steps], ids=["batch", "session"])
def test_one_ulp_in_a_step_is_found_and_named(
    traded: Subject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    step: str,
    change: Change,
    field: str,
) -> None:
    """P6, D7: the smallest change in one path's step is named by date, bar and field."""
    plant(monkeypatch, module, step, change)
    first = held_against(traded, tmp_path).first
    assert first is not None
    assert (first.date, first.bar, first.field) == ("2025-05-05", BAR, field)


def test_one_unit_in_a_fill_is_found_and_named(
    traded: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: one cash unit of a fee, in the third fill."""
    fill = [row for row in run_batch(traded, together=True).outcome.rows if row[:2] == ("fill", "short")][2]
    plant(monkeypatch, batch_steps, "fill_step", once(2, one_more("fee"), 1))
    first = held_against(traded, tmp_path).first
    assert first is not None
    assert (first.field, first.left, first.right) == ("fee", str(fill[6] + 1), str(fill[6]))
    assert (first.date, first.bar) == (day_of(fill[8]), (fill[8] // MINUTE - 1) % 1440)


def test_one_unit_in_the_ledger_is_found_and_named(
    traded: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: one cash unit of a pnl, in the second close."""
    trade = run_batch(traded, together=True).outcome.desks["short"].trades[1]
    plant(monkeypatch, batch_steps, "ledger_step", once(1, one_more("pnl"), 1))
    pair = held_against(traded, tmp_path)
    fields = {one.what: one.first.field for one in pair.compared if one.first}
    assert fields["trades short"] in ("pnl_pct", "pnl_absolute")
    assert fields["orders, fills and closes"] == "pnl"
    assert pair.first is not None
    assert (pair.first.date, pair.first.bar) == ("2025-05-05", trade.exit_bar)


def test_one_ulp_in_a_draw_is_found_and_named(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: a draw just under the chance of being filled, one ulp up, is no longer a maker's."""
    plain = subject(few, tmp_path / "home", desks=[desk("short", -1)])
    entry = next(row for row in run_batch(plain).outcome.rows if row[:2] == ("fill", "short"))
    drawn = draw_step(plain.plan.the_seed, word_of(f"{batch_steps.MAKER_STREAM}short"), entry[8])
    books = {"provider": "mock", "fill": up(drawn), "imbalance": -0.09}
    one = subject(few, tmp_path / "home", desks=[desk("short", -1, order_books=books)])
    assert held_against(one, tmp_path).equal
    plant(monkeypatch, batch_steps, "draw_step", lambda _, answer: up(answer))
    first = held_against(one, tmp_path).first
    assert first is not None
    assert (first.date, first.bar) == (day_of(entry[8]), (entry[8] // MINUTE - 1) % 1440)
    assert first.field in ("ticks", "entry_price", "entry_branch")


def test_a_removed_trade_is_named(traded: Subject) -> None:
    """D4: counts are part of the comparison."""
    trades = run_batch(traded).outcome.desks["short"].trades
    found = compare_trades("trades", trades, [*trades[:2], *trades[3:]], MINUTE)
    assert found.differences == 1
    assert found.first is not None
    assert (found.first.field, found.first.bar, found.first.right) == (
        "missing",
        trades[2].entry_bar,
        "nothing",
    )


def test_what_never_occurred_fails(data: Path, tmp_path: Path) -> None:
    """D4: without a script no boost falls and no posture posts only; nothing equals nothing is no proof."""
    one = subject(data, tmp_path / "home", script=[])
    pair = held_against(one, tmp_path)
    assert pair.equal
    assert pair.verdict == "NOT REACHED"
    assert pair.missing == ("HIBERNATE_HALT", "SUBDAY_ACB_NORMALIZATION", "maker_missed")
    assert coverage_of(run_batch(one).outcome).missing(UNSCRIPTED) == ()


def test_too_few_trades_fail(proved: Parity) -> None:
    """D4: a thousand trades in all, unless told otherwise."""
    asked = msgspec.structs.replace(proved, trades_min=1_000)
    assert asked.too_few
    assert (asked.passed, asked.exit_code) == (False, 1)


def test_an_absent_outside_engine_is_said_and_ends_with_three(
    traded: Subject, proved: Parity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: without nautilus_trader all else runs."""

    def absent(*_: Any, **__: Any) -> Any:
        raise NotAvailable("nautilus_trader is not installed")

    monkeypatch.setattr(outside_pairs, "nautilus_trades", absent)
    pair = outside_pairs.nautilus_pair(traded)
    assert (pair.verdict, pair.absent) == ("ABSENT", "nautilus_trader is not installed")
    without = [one for one in proved.pairs if not one.name.startswith("NautilusTrader")]
    assert msgspec.structs.replace(proved, pairs=(*without, pair)).exit_code == 3


def test_a_replay_that_comes_out_otherwise_is_named(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D6: the packet, the field, both values, and the day and bar of it; the database and the bus were there."""

    def differs(folder: Path) -> Any:
        raise Divergence(400, "fee", "1", "2")

    monkeypatch.setattr(session_path, "replay", differs)
    one = subject(few, tmp_path / "home")
    session = run_backtest_path(one, Home(tmp_path / "home").make())
    stack, replayed = parity._stack_pairs(one, session)
    assert (stack.name, stack.equal) == (STACK, True)
    assert replayed.name == REPLAY
    assert replayed.first is not None
    assert (replayed.first.what, replayed.first.field) == ("packet 400", "fee")
    assert replayed.first.date in ("2025-05-04", "2025-05-05")


def test_desks_share_what_a_bar_trades(data: Path, tmp_path: Path) -> None:
    """D4: two desks that want the same bar's volume get no more together than it has, in engines as in a session."""
    both = [desk("first", -1, fraction=1.0), desk("second", -1, fraction=1.0)]
    one = subject(data, tmp_path / "home", desks=both)
    pair = held_against(one, tmp_path)
    assert pair.equal
    apart = run_batch(one).outcome.rows
    assert apart != run_batch(one, together=True).outcome.rows


def test_what_is_no_divergence_desk_is_refused(tmp_path: Path) -> None:
    """There is one computation of other desks, and nothing to hold it against."""
    answer = call(
        "prove", "parity", Path(__file__).parents[2] / "configs" / "breakout.toml", "--feed", "simulator"
    )
    assert answer.code == 2
    assert "no divergence desk" in answer.err


def test_an_endless_feed_needs_an_end(tmp_path: Path) -> None:
    """A simulator has none of its own."""
    with pytest.raises(UsageError, match="--duration"):
        prove_parity(Plan(configured(), feed="simulator"))


def test_a_week_of_real_bars(recorded_data: Path, tmp_path: Path) -> None:
    """D4, D7, P6: 28 instruments, five-minute bars: engines and session to the last bit."""
    config = load(Path(__file__).parents[2] / "configs" / "parity-dense.toml")
    plan = Plan(
        config,
        feed=f"recorded:{recorded_data / 'hyperliquid_candles'}",
        first_day=date(2025, 3, 20),
        last_day=date(2025, 3, 26),
    )
    one = subject_of(plan, Home(tmp_path / "home").make())
    pair = held_against(one, tmp_path)
    assert pair.verdict == "EQUAL"
    assert pair.trades > 150


def test_a_proof_touches_nothing_of_the_users(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D6: its paper session has servers and ledgers of its own, wherever the configuration points."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/x")
    monkeypatch.setenv("REDIS_URL", "redis://nowhere.invalid")
    one = subject(few, tmp_path / "home", desks=[desk("short", -1) | _logs("ledgers")])
    with session_path.empty_home() as home:
        assert session_path.run_paper_path(one, home).session.outcome.trades > 5
    assert not (tmp_path / "home" / "ledgers").exists()
    assert os.environ["REDIS_URL"] == "redis://nowhere.invalid"


def _logs(folder: str) -> dict[str, Any]:
    """A desk's settings with its ledger in `folder`."""
    return {"settings": desk("short", -1)["settings"] | {"log_dir": folder}}
