"""The uptrend desk on every path: equal as it is, and the smallest change in one of them is found and named."""

import math
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.command_line import call
from tests.proving.planting import plant
from tests.proving.uptrend_rig import plan_of, recorded
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend import position_manager as session_manager
from tradeworthy.desks.uptrend import uptrend_engine as session_engine
from tradeworthy.learning.events import OverridesChanged
from tradeworthy.market.instruments import Side
from tradeworthy.proving.parity import uptrend_learning, uptrend_proof
from tradeworthy.proving.parity.pairs import Pair
from tradeworthy.proving.parity.proof import ENGINE, REPLAY, STACK, Parity
from tradeworthy.proving.parity.session_path import empty_home
from tradeworthy.proving.parity.uptrend_account import Closed
from tradeworthy.proving.parity.uptrend_batch import run_batch
from tradeworthy.proving.parity.uptrend_nautilus import (
    NAME,
    OutsideClose,
    OutsideFill,
    compare_closes,
    compare_fills,
)
from tradeworthy.proving.parity.uptrend_paths import run_backtest_path
from tradeworthy.proving.parity.uptrend_proof import engine_pair, prove_uptrend
from tradeworthy.proving.parity.uptrend_subject import UptrendSubject, uptrend_subject
from tradeworthy.runtime.configuration import from_values
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan

MINUTE = 60_000_000_000
FEW = 520
START = 1_746_316_800_000_000_000
CONFIGS = Path(__file__).parents[3] / "configs"
CONFIG = CONFIGS / "uptrend-hyperliquid.toml"


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Parity:
    """The whole proof, once."""
    return prove_uptrend(plan_of(recorded(tmp_path_factory.mktemp("data"))), trades_min=5)


@pytest.fixture
def few(tmp_path: Path) -> UptrendSubject:
    """The first hours, with some trades in them."""
    return uptrend_subject(plan_of(recorded(tmp_path / "few", FEW)), Home(tmp_path / "home").make())


def held_against(one: UptrendSubject, tmp_path: Path) -> Pair:
    """The engine against a session, both computed now."""
    home = Home(tmp_path / "home").make()
    return engine_pair(one, run_batch(one), run_backtest_path(one, home), home)


def firsts(pair: Pair) -> dict[str, str]:
    """By what differs, the first field that does."""
    return {one.what: one.first.field for one in pair.compared if one.first}


def test_every_path_computes_the_same(proved: Parity) -> None:
    """L5, L11, P6: batch engine, session, session with database and bus, its replay, NautilusTrader; no sweep."""
    verdicts = {pair.name: pair.verdict for pair in proved.pairs}
    assert verdicts.pop(NAME) in ("EQUAL", "ABSENT")
    assert verdicts == {
        ENGINE: "EQUAL",
        STACK: "EQUAL",
        REPLAY: "EQUAL",
        "sweep = batch engine": "NOT APPLICABLE",
    }, [(pair.name, firsts(pair), pair.missing) for pair in proved.pairs]
    assert proved.passed


def test_all_that_is_owed_occurred(proved: Parity) -> None:
    """L5, L10: every action and window, orders filled whole and in part, and overrides that learning changed."""
    assert all(proved.coverage.others["actions"].values())
    assert all(proved.coverage.others["windows"].values())
    assert set(proved.coverage.branches) == {"taker", "taker, in part"}
    assert proved.refused == {}
    compared = {one.what: one.rows for one in proved.pairs[0].compared}
    assert compared["overrides"] > 3
    assert compared["levels"] > 20


def test_too_few_trades_fail(proved: Parity) -> None:
    """L5: nothing equals nothing is no proof."""
    assert msgspec.structs.replace(proved, trades_min=10_000).exit_code == 1


def test_the_table_says_what_does_not_apply(proved: Parity, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: a desk that learns from its own trades has no sweep; the rest of the table is as for other desks."""
    monkeypatch.setattr(uptrend_proof, "prove_uptrend", lambda *_, **__: proved)
    said = call("prove", "parity", CONFIG, "--feed", "recorded:nowhere")
    assert said.code == 0, said.out
    assert "sweep = batch engine: does not apply" in said.out
    assert "fills: taker" in said.out
    assert "actions: buy_signal" in said.out


def test_one_ulp_in_an_average_is_found_and_named(
    few: UptrendSubject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: the session's EMA144 of one bar, and nothing that follows from it."""
    at = START + 300 * MINUTE

    def raised(given: tuple[Any, ...], answer: Any) -> Any:
        if int(given[0].ts[-1]) != at:
            return answer
        emas = msgspec.structs.replace(answer.emas, ema144=math.nextafter(answer.emas.ema144, math.inf))
        return msgspec.structs.replace(answer, emas=emas)

    plant(monkeypatch, session_engine, "technicals", raised)
    pair = held_against(few, tmp_path)
    first = pair.first
    assert first is not None
    assert (first.what, first.date, first.bar) == ("payloads", "2025-05-04", 300)
    assert "payload." in first.field
    assert "1m@" in first.field


def test_one_lot_more_is_found_and_named(
    few: UptrendSubject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: of every buy of the session; order, fill and account part with it."""
    plant(monkeypatch, session_manager, "order_of", lambda _, order: order._replace(lots=order.lots + 1))
    found = firsts(held_against(few, tmp_path))
    assert found["candidates"].startswith("figures.")
    assert found["orders, fills and closes"] == "lots"
    assert {"fingerprint", "account"} <= found.keys()


def test_another_override_is_found_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """L11: one multiplier that the batch engine learned otherwise."""
    one = uptrend_subject(plan_of(recorded(tmp_path / "data", 1_000)), Home(tmp_path / "home").make())
    real = uptrend_learning.Learning.run_due

    def other(self: Any, now: int) -> OverridesChanged | None:
        changed = real(self, now)
        if changed is None:
            return None
        first, *rest = changed.overrides
        first = msgspec.structs.replace(first, multiplier=math.nextafter(first.multiplier, 9.0))
        return msgspec.structs.replace(changed, overrides=(first, *rest))

    monkeypatch.setattr(uptrend_learning.Learning, "run_due", other)
    found = firsts(held_against(one, tmp_path))
    assert found == {"overrides": "overrides.0.4"}


def test_a_fee_or_pnl_of_nautilus_may_differ_by_the_rounding_alone() -> None:
    """P6: a unit a fill; two are a difference, with its place."""
    ours = ("fill", "uptrend", "WAVE", "buy", 20_000, 5, 100, "buy_flag", START)
    theirs = OutsideFill(START, "WAVE", Side.BUY, 20_000, 5, 99, "buy_flag")
    assert compare_fills([ours], [theirs]).differences == 0
    found = compare_fills([ours], [theirs._replace(fee=98)])
    assert found.first is not None
    assert (found.first.field, found.first.left, found.first.right) == ("fee", "100", "98")
    closed, their = Closed(START, "1m@WAVE", "WAVE", 700, 2), OutsideClose(START, "1m@WAVE", 702)
    assert compare_closes([closed], [their]).differences == 0
    assert compare_closes([closed], [their._replace(pnl=703)]).differences == 1
    assert compare_closes([closed], []).first is not None


@pytest.mark.parametrize(
    ("changes", "feed", "words"),
    [
        ({"market": {"backfill": True}}, "", "market.backfill = true"),
        ({"market": {"grace_s": 120}}, "", "one base bar at most"),
        ({"market": {"bars": {"1m": "1m", "15m": "1m", "1h": "15m"}}}, "", "which it makes itself"),
        ({}, "simulator", "give --feed recorded"),
    ],
)
def test_what_has_one_computation_alone_is_refused(
    changes: dict[str, Any], feed: str, words: str, tmp_path: Path
) -> None:
    """Each refusal names the value and the next step."""
    plan = plan_of(recorded(tmp_path / "data", 40), **changes)
    plan = Plan(plan.configuration, feed=feed or plan.feed)
    with empty_home() as home, pytest.raises(UsageError, match=words):
        uptrend_subject(plan, home)


def test_a_reference_is_of_other_desks(tmp_path: Path) -> None:
    """Only divergence desks have a frozen one."""
    said = call("prove", "parity", CONFIG, "--reference", tmp_path)
    assert said.code == 2
    assert "leave it out" in said.err


def test_a_day_of_real_minutes(recorded_data: Path, tmp_path: Path) -> None:
    """L5, L13, P6: two perpetuals on 1m, 15m and 1h: batch engine and session to the last bit."""
    values = tomllib.loads((CONFIGS / "uptrend-binance.toml").read_text())
    names = ["BTCUSDT", "SUIUSDT"]
    (desk,) = values["desks"]
    desk["instruments"], settings = names, desk["settings"]
    settings["tokens"] = [one for one in settings["tokens"] if one["instrument"] in names]
    values["instruments"] = [one for one in values["instruments"] if one["id"] in names]
    values["signals"]["per_token_per_day"] = 20.0
    folder = recorded_data / "binance_um_1m"
    plan = Plan(from_values(values, "the test"), feed=f"recorded:{folder}", duration_s=100_000.0)
    pair = held_against(uptrend_subject(plan, Home(tmp_path / "home").make()), tmp_path)
    assert pair.equal, firsts(pair)
    rows = {one.what: one.rows for one in pair.compared}
    assert rows["payloads"] > 2_000
    assert rows["actions"] > 5
