"""Runs beside backtests of their days: equal ones, and ones with one thing planted, which lands in its part."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.proving import parity_rig
from tests.proving.compare_rig import (
    HOURS_S,
    Said,
    breakout,
    fed,
    live,
    paper,
    plan_of,
    recorded,
    rows_of,
    stopped,
    with_fee,
)
from tests.runtime.rig import events_of
from tradeworthy.core.errors import DeskHalted, NotAvailable, UsageError
from tradeworthy.core.events import Quarantined
from tradeworthy.execution.accounting import CashMoved, Opened
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.proving.calibration.records import RECORDED
from tradeworthy.proving.compare.comparison import REST, Comparison, compare_run, write_comparison
from tradeworthy.proving.compare.record import DATA, FEES, FILLS, GUARDS, PARTS, PEOPLE, TIMING
from tradeworthy.risk.operators import Operator, Order
from tradeworthy.risk.stance import BoostChanged, Posture, PostureReported
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.requests import OPERATOR

SHAKY = Path(__file__).parents[1] / "flows" / "desks" / "shaky.py"
SECOND = 1_000_000_000
HALT = Operator(Order.HALT, "ann", "lunch")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home folder."""
    return Home(tmp_path / "home").make()


@pytest.fixture
def rows(home: Home) -> list[Row]:
    """Four simulated hours of three instruments."""
    return rows_of(plan_of(breakout()), home)


def amounts(found: Comparison) -> dict[str, Decimal]:
    """The parts that are not zero; they always sum to the gap, by part and by trade."""
    by = found.by_trade
    assert sum(one.amount for one in found.parts) == found.gap == found.run_pnl - found.backtest_pnl
    assert by.matched + by.only_run + by.only_backtest + by.still_open == found.gap
    assert [one.name for one in found.parts] == [*PARTS, REST]
    return {one.name: one.amount for one in found.parts if one.amount}


def differed(found: Comparison) -> set[str]:
    """The parts in which anything differed at all."""
    return {one.name for one in found.parts if one.differed}


def live_run(home: Home, rows: list[Row], inputs: list[Said], gaps: tuple[int, ...] = ()) -> str:
    """The breakout desk on the wall clock, given `inputs`; it begins a minute before the first of `rows`."""
    plan = replace(plan_of(breakout()), duration_s=None)
    return live(plan, home, rows[0][1] - 60 * SECOND, inputs, gaps=gaps)


# Nothing differs


def test_a_run_beside_its_own_backtest_has_no_gap_in_any_part(home: Home) -> None:
    """P6: equal runs compare to zero everywhere, and the backtest is the one that `backtest` makes."""
    plan = plan_of(breakout())
    found = compare_run(home, paper(plan, home))
    assert amounts(found) == {}
    assert differed(found) == set()
    assert found.explained
    assert found.same_feed
    assert len(found.trades.matched) > 5
    assert all(one.equal for one in found.trades.matched)
    assert not (*found.trades.only_run, *found.trades.only_backtest, *found.data, *found.settings)
    done = run_backtest(replace(plan, mode=Mode.BACKTEST), home)
    assert Decimal(done.overview["equity"]) - 10_000 == found.backtest_pnl


def test_a_live_run_on_time_is_equal_to_the_recorded_days(
    home: Home, rows: list[Row], tmp_path: Path
) -> None:
    """P6: on the wall clock, by another feed, with the same bars at their closes."""
    run = live_run(home, rows, fed(rows))
    found = compare_run(home, run, feed=f"recorded:{recorded(tmp_path / 'data', rows)}")
    assert amounts(found) == {}
    assert not found.same_feed
    assert (found.events_run, found.events_feed) == (len(rows), len(rows))


# One thing differs


def test_bars_that_the_run_never_got_are_data(home: Home, rows: list[Row], tmp_path: Path) -> None:
    """P6: each is listed, and so is one whose figures differ."""
    inputs = fed(rows)
    late, source, bar = inputs[135]
    assert isinstance(bar, BarClosed)
    lower = msgspec.structs.replace(bar, close=bar.low)
    inputs[135] = (late, source, lower)
    gone = inputs[150:153]
    run = live_run(home, rows, inputs[:150] + inputs[153:])
    found = compare_run(home, run, feed=f"recorded:{recorded(tmp_path / 'data', rows)}")
    assert set(amounts(found)) == {DATA}
    assert differed(found) == {DATA}
    assert sorted((one.what, one.subject) for one in found.data if one.what == "missing") == [
        ("missing", f"{event.instrument} 1m") for _, _, event in gone if isinstance(event, BarClosed)
    ]
    (changed,) = [one for one in found.data if one.what == "different"]
    assert (changed.field, float(changed.run), float(changed.feed)) == ("close", bar.low, bar.close)
    assert found.explained


def test_bars_that_came_late_are_timing(home: Home, rows: list[Row], tmp_path: Path) -> None:
    """P6: a decision made after the next open trades a bar later."""
    run = live_run(home, rows, fed(rows, late_ns=3 * SECOND // 2))
    found = compare_run(home, run, feed=f"recorded:{recorded(tmp_path / 'data', rows)}")
    assert set(amounts(found)) == {TIMING}
    assert found.parts[1].differed[0].endswith("by 1.500 s on average and 1.500 s at most")
    assert {one.part for one in (*found.trades.only_run, *found.trades.only_backtest)} <= {TIMING}
    assert found.trades.matched


def test_latency_is_timing(home: Home) -> None:
    """P6: the venue's latency is when an order is there, not what it gets."""
    run = paper(plan_of(breakout(venue={"latency_ms": 500})), home)
    found = compare_run(home, run, backtest=breakout())
    assert set(amounts(found)) == {TIMING}
    assert found.parts[1].differed == ("venue.latency_ms 500, in the backtest 0",)


def test_a_restart_that_took_an_order_away_is_timing(home: Home, rows: list[Row], tmp_path: Path) -> None:
    """P6: the order in flight ended with the process."""
    inputs = fed(rows)
    whole = compare_run(home, paper(plan_of(breakout()), home))
    first = min(whole.trades.matched, key=lambda one: one.run.entry_at)
    at = next(
        place for place, (ts, _, _) in enumerate(inputs) if ts > _ns(first.run.entry_at)
    )  # its entry was asked for in the input before, at the close that is its open
    run = live_run(home, rows, inputs, gaps=(at - 1,))
    found = compare_run(home, run, feed=f"recorded:{recorded(tmp_path / 'data', rows)}")
    assert set(amounts(found)) == {TIMING}
    assert found.parts[1].differed[0].startswith("restarts: 1, away for")
    assert "CANCELLED restart" in found.trades.only_backtest[0].said


def _ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def test_another_rule_of_the_venue_is_fills(home: Home) -> None:
    """P6: what an order gets."""
    run = paper(plan_of(breakout(venue={"fills": "taker_close"})), home)
    found = compare_run(home, run, backtest=breakout())
    assert set(amounts(found)) == {FILLS}
    assert differed(found) == {FILLS}


def test_another_fee_is_fees(home: Home) -> None:
    """P6: every trade is there, and each paid more."""
    run = paper(plan_of(with_fee(breakout(), "0.001")), home)
    found = compare_run(home, run, backtest=breakout())
    assert set(amounts(found)) == {FEES}
    assert found.gap < 0
    assert found.parts[3].differed == ("instruments.*.taker_fee (3 of them) 0.001, in the backtest 0.0005",)


def test_a_tighter_limit_is_guards(home: Home) -> None:
    """P6: what it refused is counted on both sides, and each trade that is missing names the rule."""
    run = paper(plan_of(breakout(risk={"position_max": "0.1"})), home)
    found = compare_run(home, run, backtest=breakout())
    assert set(amounts(found)) == {GUARDS}
    (refused,) = found.refused
    assert (refused.desk, refused.rule, refused.backtest) == ("breakout", "position_limit", 0)
    assert refused.run > 0
    assert {one.part for one in found.trades.only_backtest} == {GUARDS}
    assert all("REJECTED position_limit" in one.said for one in found.trades.only_backtest)


def test_a_halt_by_an_operator_is_people(home: Home, rows: list[Row]) -> None:
    """P6: who said it, when, and what it kept from being traded."""
    middle = rows[len(rows) // 2][1]
    run = paper(plan_of(breakout()), home, [(middle, OPERATOR, HALT)])
    found = compare_run(home, run)
    assert set(amounts(found)) == {PEOPLE}
    assert found.parts[5].differed == ("2024-01-01T02:01:00Z Operator command_name=halt by=ann reason=lunch",)
    assert found.trades.only_backtest
    assert all("REJECTED system_halt" in one.said for one in found.trades.only_backtest)
    assert {one.part for one in found.trades.only_backtest} == {PEOPLE}


def test_several_things_at_once_each_keep_their_part(home: Home, rows: list[Row], tmp_path: Path) -> None:
    """P6: the chain takes them one at a time, and the sum is the gap to the last unit."""
    middle = rows[len(rows) // 2][1]
    inputs = fed(rows, late_ns=SECOND)
    inputs = [one for place, one in enumerate(inputs) if place not in range(130, 140)]
    inputs = sorted([*inputs, (middle + 2 * SECOND, OPERATOR, HALT)], key=lambda one: one[0])
    run = live_run(home, rows, inputs)
    found = compare_run(
        home,
        run,
        feed=f"recorded:{recorded(tmp_path / 'data', rows)}",
        backtest=with_fee(breakout(risk={"position_max": "0.31"}), "0.0004"),
    )
    assert {DATA, TIMING, FEES, PEOPLE} <= set(amounts(found))
    assert differed(found) == {DATA, TIMING, FEES, GUARDS, PEOPLE}
    assert found.explained


# Books that are taken over, faults, deposits


def test_the_backtest_begins_with_what_the_run_took_over(home: Home, rows: list[Row], tmp_path: Path) -> None:
    """P6: cash and positions are the run's Opened; its latches are guards."""
    middle, third = len(rows) // 2, len(rows) // 3
    plan = replace(plan_of(breakout()), duration_s=None)
    halted = [*fed(rows[:third]), (rows[third][1], OPERATOR, HALT), *fed(rows[third:middle])]
    live(plan, home, rows[0][1] - 60 * SECOND, halted)
    heir = replace(plan, configuration=with_fee(breakout(), "0.0006"))
    run = live(heir, home, rows[middle][1] - SECOND, fed(rows[middle:]))
    (opened,) = events_of(home.runs / run, Opened)
    assert opened.latches == ("/operator",)
    found = compare_run(home, run, feed=f"recorded:{recorded(tmp_path / 'data', rows)}")
    assert set(amounts(found)) == {GUARDS}
    assert found.parts[4].differed[0] == "it began halted by /operator"
    assert found.explained


def test_what_a_desk_raised_on_is_withheld_in_every_course(home: Home) -> None:
    """P6: the back-off of its entries is the guards'; the backtest does not end at the fault."""
    values = breakout().resolved()
    settings = {"fault": "raise", "minutes": [54, 55]}
    values["desks"][0] |= {"name": "shaky", "file": str(SHAKY), "settings": settings}
    plan = plan_of(from_values(values, "the test's configuration"))
    run = paper(plan, home)
    assert len(events_of(home.runs / run, Quarantined)) == 2
    found = compare_run(home, run)
    assert set(amounts(found)) == {GUARDS}
    assert found.parts[4].differed[0].startswith("2 packets were withheld from a desk that raised")
    assert found.explained


ALARMED = """
from tradeworthy import BarClosed, Desk, Side, State, WokeUp, on

SECOND = 1_000_000_000


class Alarmed(Desk):
    class Memory(State):
        bars: int = 0

    @on(BarClosed)
    def decide(self, bar, context):
        self.state.bars += 1
        if self.state.bars % 40 == 1:
            context.wake_at(context.now + 30 * SECOND, "alarm")
        if context.position(bar.instrument).lots:
            return "holding" if context.working(bar.instrument) else context.leave("out", bar.instrument, figures={})
        return context.enter("in", bar.instrument, Side.BUY, notional=500.0, price=bar.close, figures={})

    @on(WokeUp)
    def wake(self, event, context):
        if self.state.bars > 100:
            raise ValueError("no alarm any more")
        return "woken"
"""


def test_a_fault_in_a_timer_is_withheld_at_its_time(home: Home, tmp_path: Path) -> None:
    """P6: its turn has no input of the feed, and in each course it is found by when it was."""
    (tmp_path / "alarmed.py").write_text(ALARMED, encoding="utf-8")
    values = breakout().resolved()
    values["desks"][0] |= {"name": "alarmed", "file": str(tmp_path / "alarmed.py"), "settings": {}}
    plan = replace(plan_of(from_values(values, "the test's configuration")), duration_s=4_000.0)
    run = paper(plan, home)
    found = compare_run(home, run)
    assert len(events_of(home.runs / run, Quarantined)) == 2
    assert found.parts[4].differed[0].startswith("2 packets were withheld")
    assert amounts(found) == {}
    assert found.explained


def test_a_course_in_which_a_desk_raises_ends_in_one_line(home: Home, tmp_path: Path) -> None:
    """P6: a backtest has no quarantine, and the run never met what the desk raised on."""
    values = breakout().resolved()
    values["desks"][0] |= {
        "name": "shaky",
        "file": str(SHAKY),
        "settings": {"fault": "raise", "minutes": [54]},
    }
    plan = plan_of(from_values(values, "the test's configuration"))
    rows = rows_of(plan, home)
    met = [
        row
        for row in rows
        if not (isinstance(row[2], BarClosed) and row[2].ts_event // 60 // SECOND % 1440 == 54)
    ]
    run = paper(plan, home, rows=met)
    with pytest.raises(DeskHalted, match=r"shaky raises ValueError: no good bar.*'backtest'"):
        compare_run(home, run)


def test_money_put_in_is_no_profit_and_what_it_changes_is_peoples(home: Home, rows: list[Row]) -> None:
    """P6: the sizes after it are larger; the deposit itself is in no pnl."""
    deposit = CashMoved(5_000 * CASH_UNIT, "deposit")
    run = paper(plan_of(breakout()), home, [(rows[len(rows) // 2][1], OPERATOR, deposit)])
    found = compare_run(home, run)
    assert set(amounts(found)) == {PEOPLE}
    assert abs(found.gap) < 1_000


# The divergence desks


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 300 minutes of a made market."""
    return parity_rig.recorded(tmp_path_factory.mktemp("made"), rows=300)


def divergence(made: Path, configuration: Configuration | None = None) -> Plan:
    """Both desks over the whole folder, with the script."""
    return Plan(configuration or parity_rig.configured(), Mode.PAPER, f"recorded:{made}")


def compared(made: Path, home: Home, run: str, **asked: Any) -> Comparison:
    """The run beside a backtest on the same folder."""
    return compare_run(home, run, feed=f"recorded:{made}", **asked)


def test_divergence_desks_compare_to_zero_and_a_boost_and_a_posture_are_people(
    home: Home, made: Path
) -> None:
    """P6: panels, maker draws and script are the same on both sides; what somebody else said is not."""
    plan = divergence(made)
    equal = compared(made, home, paper(plan, home))
    assert amounts(equal) == {}
    assert equal.explained
    assert equal.same_feed
    assert len(equal.trades.matched) > 10
    early = rows_of(plan, home)[600][1]
    said: list[Said] = [
        (early, "state", BoostChanged(3.0, 1.0, early)),
        (early + 1_800 * SECOND, "state", PostureReported(Posture.TURTLE, early, 1)),
    ]
    found = compared(made, home, paper(plan, home, said))
    assert set(amounts(found)) == {PEOPLE}
    assert [one.split()[1] for one in found.parts[5].differed] == ["BoostChanged", "PostureReported"]
    assert found.explained


def test_recorded_data_is_found_where_the_setting_says(
    home: Home, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: the run's header has no paths; without any setting one line says what to name."""
    monkeypatch.delenv(RECORDED, raising=False)
    run = paper(replace(divergence(made), duration_s=3_600.0), home)
    with pytest.raises(NotAvailable, match=r"--feed recorded:DIR, or set data.recorded"):
        compare_run(home, run)
    monkeypatch.setenv(RECORDED, str(made))
    found = compare_run(home, run)
    assert found.same_feed
    assert amounts(found) == {}


def test_a_script_that_the_backtest_had_not_is_people_and_draws_are_fills(home: Home, made: Path) -> None:
    """P6: the same desks under another venue and another script."""
    run = paper(divergence(made), home)
    other = parity_rig.configured(script=[], venue={"fills": "taker_close"})
    found = compared(made, home, run, backtest=other)
    assert set(amounts(found)) == {FILLS, PEOPLE}
    assert found.explained


# What can't be compared, and what is not explained


def test_a_run_that_does_not_come_out_again_has_a_rest(home: Home, tmp_path: Path) -> None:
    """P6: with the desk's code changed since, nothing is hidden in another part."""
    file = tmp_path / "breakout.py"
    source = Path(breakout().desks[0].file or "").read_text(encoding="utf-8")
    file.write_text(source, encoding="utf-8")
    values = breakout().resolved()
    values["desks"][0]["file"] = str(file)
    run = paper(plan_of(from_values(values, "the test's configuration")), home)
    file.write_text(source.replace("0.9 * context", "0.5 * context"), encoding="utf-8")
    found = compare_run(home, run)
    assert set(amounts(found)) == {REST}
    assert not found.explained
    assert found.parts[-1].differed
    assert found.differs_here[0].startswith("decision hash")


def test_another_strategy_is_refused(home: Home) -> None:
    """Desks, lots and currency must be the same."""
    run = paper(plan_of(breakout()), home)
    values = breakout().resolved()
    values["desks"][0]["settings"] = {"lookback": 16, "hold": 8}
    values["instruments"][0]["lot"] = "0.01"
    with pytest.raises(UsageError, match=r"differ in desks, instruments.BTCUSDT.lot, which makes them other"):
        compare_run(home, run, backtest=from_values(values, "another"))


def test_a_backtest_and_an_unrecorded_feed_are_not_available(home: Home, rows: list[Row]) -> None:
    """The first has no inputs on record; the second wants a feed to compare with."""
    done = run_backtest(replace(plan_of(breakout()), mode=Mode.BACKTEST), home)
    with pytest.raises(NotAvailable, match="is a backtest: its inputs are not on record"):
        compare_run(home, str(done.figures["run"]))
    run = live_run(home, rows, fed(rows[:30]))
    with pytest.raises(NotAvailable, match=r"was fed by venue, which nothing recorded.*--feed recorded:DIR"):
        compare_run(home, run)
    nothing = live(plan_of(with_fee(breakout(), "0.0007")), home, rows[40][1], [])
    with pytest.raises(NotAvailable, match="was given nothing yet"):
        compare_run(home, nothing)


def test_a_run_that_was_stopped_is_compared_up_to_there(home: Home, rows: list[Row]) -> None:
    """Its feed's own rows count up to the last one that it admitted, though others have the same time."""
    run = stopped(plan_of(breakout()), home, rows[:400])
    found = compare_run(home, run)
    assert amounts(found) == {}
    assert not found.finished
    assert (found.events_run, found.events_feed, found.data) == (400, 400, ())


def test_the_comparison_is_written_whole(home: Home, tmp_path: Path) -> None:
    """compare.json has every field; a folder that is a file is the user's mistake."""
    found = compare_run(home, paper(replace(plan_of(breakout()), duration_s=HOURS_S / 2), home))
    (path,) = write_comparison(found, tmp_path / "out")
    read = msgspec.json.decode(path.read_bytes())
    assert read.keys() == set(Comparison.__struct_fields__)
    assert read["gap"] == 0
    with pytest.raises(UsageError, match=r"--out .* can't be written to"):
        write_comparison(found, path)
