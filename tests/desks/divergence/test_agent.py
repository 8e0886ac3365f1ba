"""The divergence desk in a session: the engine's trades and bars, across restarts and take-overs."""

from typing import Any

import msgspec
import numpy as np
import pytest

from tests.desks.divergence.desk_rig import (
    NAMES,
    STEP,
    DeskRig,
    configured,
    desk,
    engine_of,
    frame_of,
    rows_of,
)
from tests.desks.divergence.rows import START
from tests.desks.divergence.stage import only
from tradeworthy.core.candidates import Candidate, Outcome, Verdict
from tradeworthy.core.events import CountersClosed
from tradeworthy.desks.divergence.agent import Divergence
from tradeworthy.desks.divergence.engine import run_engine
from tradeworthy.desks.divergence.events import BarJudged
from tradeworthy.desks.divergence.results import BarLog
from tradeworthy.execution.accounting import (
    CashMoved,
    Opened,
    PositionRecord,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.execution.fingerprint import fingerprint_of
from tradeworthy.execution.intents import TradeCandidate
from tradeworthy.execution.orders import FillObserved, PlaceOrder
from tradeworthy.journal import snapshots
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.segments import START as JOURNAL_START
from tradeworthy.market.instruments import CASH_UNIT, Side
from tradeworthy.market.panels import PanelClosed
from tradeworthy.risk.stance import BoostChanged, ForewarnerReported, McStatus
from tradeworthy.runtime.assembly import listed_instruments

AT = "2024-10-04T{}:00Z"
SCRIPT: list[dict[str, Any]] = [
    {"at": AT.format("07:00"), "boost": 1.8, "beta": 0.5},
    {"at": AT.format("09:10"), "boost": 1.2, "beta": 0.2},
    {"at": AT.format("11:00"), "posture": "TURTLE"},
    {"at": AT.format("14:00"), "posture": "HIBERNATE"},
    {"at": AT.format("14:40"), "posture": "STALKER"},
    {"at": AT.format("16:00"), "posture": "APEX"},
    {"at": AT.format("17:00"), "mc": "ORANGE"},
    {"at": AT.format("18:00"), "mc": "RED"},
    {"at": AT.format("18:30"), "mc": "OK"},
]
"""A day in which all that a desk hears changes."""

ROWS = 280
PAIR = desk("short", "0.5"), desk("long", "0.5", direction=1)


def agent_of(rig: DeskRig, name: str = "divergence") -> Divergence:
    """The desk's own agent."""
    agent = rig.sequencer.agents[name]
    assert isinstance(agent, Divergence)
    return agent


def logged(judged: BarJudged) -> BarLog:
    """The same line in the engine's form."""
    bar_idx = judged.bar_idx
    rest = [getattr(judged, name) for name in BarLog.__struct_fields__[2:]]
    return BarLog(bar_idx, judged.ts_event, *rest)


def same(one: BarLog, other: BarLog) -> bool:
    """Whether two lines are equal to the bit; NaN equals itself."""
    return repr(one) == repr(other)


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("volume", [1e6, 3.0])
def test_a_session_trades_and_logs_what_the_engine_does(*, holes: bool, volume: float) -> None:
    """D4, D7: orders, fills, closes and every line of the bar log, with bars missing and with little volume."""
    configuration = configured(script=SCRIPT)
    closes = rows_of(ROWS)
    if holes:
        closes[60, 2] = closes[150:153, 4] = np.nan
    rig, engine = DeskRig(configuration), engine_of(configuration)
    rig.rows(closes, volume)
    days = run_engine(engine, frame_of(closes, volume))
    assert len(engine.trades) > 20
    assert rig.fingerprint() == fingerprint_of(engine.rows)
    lines = [line for day in days for line in day.bars_log or ()]
    judged = [logged(one) for one in rig.events(BarJudged)]
    assert len(judged) == ROWS
    assert all(map(same, judged, lines))


def test_two_desks_in_one_session_trade_as_if_alone() -> None:
    """D4: each on its own share, its own capital and its own draws."""
    configuration = configured(*PAIR, script=SCRIPT)
    closes = rows_of(ROWS, seed=3)
    rig = DeskRig(configuration)
    rig.rows(closes)
    for name in ("short", "long"):
        engine = engine_of(configuration, name)
        run_engine(engine, frame_of(closes))
        made = [(one.instrument, one.pnl, one.reason) for one in rig.events(TradeClosed) if one.desk == name]
        assert made == [(one.asset, one.pnl_absolute, one.exit_reason) for one in engine.trades]
        assert agent_of(rig, name).capital() == engine.capital
    assert sum(isinstance(agent, Divergence) for agent in rig.sequencer.agents.values()) == 2
    assert [name for name in rig.sequencer.agents if name.startswith("panel-")] == ["panel-6x5m"]


def test_a_restored_desk_goes_on_to_the_bit() -> None:
    """P1: from a snapshot at any row, flat or holding, the packets are those of the session that went on."""
    configuration = configured(script=SCRIPT)
    closes = rows_of(160)
    whole = DeskRig(configuration)
    taken = {}
    for place in range(len(closes)):
        if place in (0, 49, 95, 120):
            taken[place] = (
                snapshots.take(whole.sequencer, Digest(b""), JOURNAL_START),
                len(whole.tape.packets),
            )
        whole.row(place, closes[place])
    for place, (snapshot, packets) in taken.items():
        again = DeskRig(configuration)
        snapshots.restore(again.sequencer, Digest(b""), snapshot)
        again._position = snapshot.core.positions.get("feed", 0)
        again.tape.packets.clear()
        again.rows(closes, first=place)
        made = [msgspec.msgpack.encode(one) for one in again.tape.packets]
        assert made == [msgspec.msgpack.encode(one) for one in whole.tape.packets[packets:]]


def test_every_candidate_has_one_verdict_and_finite_figures() -> None:
    """P2: entries, exits and the triggers that end as skips."""
    rig = DeskRig(configured(desk(dc_threshold_bps=2.0), script=SCRIPT))
    rig.rows(rows_of(ROWS))
    candidates, verdicts = rig.events(Candidate), rig.events(Verdict)
    assert len(candidates) == len(verdicts) > 50
    kinds = {one.kind for one in candidates}
    assert {"divergence", "MAX_HOLD", "FIXED_TP", "STOP_LOSS"} <= kinds
    skipped = {one.reason for one in verdicts if one.outcome is Outcome.SKIPPED}
    assert {"contradicted", "posture", "forewarned"} <= skipped
    for one in candidates:
        assert all(value == value for value in one.figures.values())  # noqa: PLR0124 - NaN is no JSON


def test_a_bar_without_a_candidate_is_counted_under_its_reason() -> None:
    """P2: why it did not trade."""
    rig = DeskRig(configured(desk(warmup_bars=20)))
    rig.rows(rows_of(25))
    actions = [one.action for one in rig.events(BarJudged)]
    assert actions[:20] == ["warming_up"] * 20
    counted = [one.counts.get("warming_up", 0) for one in rig.events(CountersClosed)]
    assert sum(counted) == 20


def test_entries_and_take_profits_post_and_other_exits_take() -> None:
    """D4: only they have a chance to be maker, and an entry in TURTLE may only be one."""
    rig = DeskRig(configured(script=SCRIPT))
    rig.rows(rows_of(ROWS))
    orders = rig.events(PlaceOrder)
    assert {one.reason for one in orders if one.maker_chance} == {"entry", "FIXED_TP"}
    only_maker = [one for one in orders if one.maker_only]
    assert only_maker
    assert {one.reason for one in only_maker} == {"entry"}
    assert all(one.reduce_only for one in orders if one.reason != "entry")


def test_what_a_bar_could_not_fill_is_closed_in_the_next() -> None:
    """A rest of an exit: the position stays its own, and no entry comes before it is gone."""
    rig = DeskRig(configured())
    closes = rows_of(120)
    volume = np.full(closes.shape, 1e6)
    volume[1::2] = 2.0
    rig.rows(closes, volume)
    partial = [one for one in rig.events(Verdict) if one.outcome is Outcome.FILLED and one.share < 1]
    assert partial
    held = 0
    for fill in rig.events(FillObserved):
        held += fill.side.sign * fill.lots
        assert held <= 0 or fill.reason == "entry"


def taken_over(lots: int, instrument: str = NAMES[1], bars_ago: int = 4) -> Opened:
    """Books with a position that was opened at a close some bars before START."""
    cost = lots * 100 * CASH_UNIT // 1000
    record = PositionRecord("divergence", instrument, instrument, lots, cost, START - bars_ago * STEP)
    return Opened("the run before", 50_000 * CASH_UNIT - cost, (record,))


def test_a_position_taken_over_counts_its_hold_from_its_opening() -> None:
    """Four bars before: with a hold of six it goes at the second row."""
    configuration = configured(desk(stop_pct=0.5, fixed_tp_pct=0.5))
    rig = DeskRig(configuration, [taken_over(-1000), *listed_instruments(configuration)])
    flat = np.full(len(NAMES), 100.0)
    assert not only(rig.row(0, flat), TradeCandidate)
    assert [one.action for one in only(rig.row(1, flat), BarJudged)] == ["EXIT:MAX_HOLD"]
    assert [one.reason for one in rig.events(TradeClosed)] == ["MAX_HOLD"]


def test_a_position_outside_the_universe_is_left_to_people_and_blocks_entries() -> None:
    """It has no price here: nothing is guessed."""
    configuration = configured(desk(share="0.5") | {"instruments": list(NAMES[:-1])}, desk("other", "0.5"))
    rig = DeskRig(configuration, [taken_over(-1000, NAMES[-1]), *listed_instruments(configuration)])
    rig.rows(rows_of(60))
    judged = [one for one in rig.events(BarJudged) if one.desk == "divergence"]
    assert {one.action for one in judged} == {"no_price"}
    assert len([name for name in rig.sequencer.agents if name.startswith("panel-")]) == 2


def test_a_desk_compounds_its_own_share_and_results() -> None:
    """Cash by its share, its own trades alone, and a void trade is taken back."""
    rig = DeskRig(configured(*PAIR))
    short = agent_of(rig, "short")
    assert short.capital() == 25_000 * CASH_UNIT
    rig.put(CashMoved(1_000 * CASH_UNIT, "deposit"))
    assert short.capital() == 25_500 * CASH_UNIT
    name = NAMES[0]
    closed = TradeClosed("short", name, name, Side.SELL, 1, 1, 1, 0, 700, START, START, "MAX_HOLD", 0)
    rig.put(closed)
    rig.put(msgspec.structs.replace(closed, desk="long"))
    assert short.capital() == 25_500 * CASH_UNIT + 700
    rig.put(TradeReversed("short", name, name, Side.SELL, 1, 0, 700, START, 0, START, "failed"))
    assert short.capital() == 25_500 * CASH_UNIT


def test_a_boost_is_heard_by_its_desk_from_the_next_bar_on() -> None:
    """D5: one for another desk changes nothing; "" is everybody's."""
    rig = DeskRig(configured(*PAIR))
    closes = rows_of(4)
    rig.row(0, closes[0])
    rig.put(BoostChanged(1.5, 0.4, START, "long"))
    rig.row(1, closes[1])
    rig.put(BoostChanged(2.0, 0.8, START))
    rig.row(2, closes[2])
    rig.put(ForewarnerReported(McStatus.ORANGE, 0.5, START))
    rig.row(3, closes[3])
    seen = {
        name: [(one.boost, one.beta) for one in rig.events(BarJudged) if one.desk == name]
        for name in ("short", "long")
    }
    assert seen["short"] == [(1.0, 0.2), (1.0, 0.2), (2.0, 0.8), (2.0, 0.8)]
    assert seen["long"] == [(1.0, 0.2), (1.5, 0.4), (2.0, 0.8), (2.0, 0.8)]
    assert rig.events(BarJudged)[-1].regime_size_mult == pytest.approx(1.0, rel=1e-12)


def test_a_forewarning_is_for_the_desk_that_it_names() -> None:
    """Spec 9: one desk's days ahead are not another's."""
    rig = DeskRig(configured(*PAIR))
    rig.put(ForewarnerReported(McStatus.RED, 0.0, START, desk="long"))
    rig.rows(rows_of(60))
    said = {one.desk: one.regime_size_mult for one in rig.events(BarJudged)}
    assert (said["short"] >= 1.0, said["long"]) == (True, 0.0)
    skipped = {one.reason for one in rig.events(Verdict) if one.outcome is Outcome.SKIPPED}
    assert "forewarned" in skipped
    entered = {packet.desk for packet in rig.events(PlaceOrder)}
    assert entered == {"short"}


def test_a_desk_without_a_boost_runs_as_if_there_were_no_listener() -> None:
    """D5: the listener says nothing, and told what holds anyway the desk does bit for bit the same."""
    closes = rows_of(120)
    rig, told = DeskRig(configured()), DeskRig(configured())
    told.put(BoostChanged(1.0, 0.2, START))
    for one in (rig, told):
        one.rows(closes)
    assert not rig.events(BoostChanged)
    assert rig.fingerprint() == told.fingerprint()
    lines = [[repr(line) for line in one.events(BarJudged)] for one in (rig, told)]
    assert lines[0] == lines[1]


def test_a_row_of_another_universe_is_not_judged() -> None:
    """Its columns mean other instruments."""
    rig = DeskRig(configured())
    panel = PanelClosed("7x5m", "5m", START, (True,), (1.0,), (1.0,), (1.0,), (1.0,), (1.0,))
    assert not only(rig.put(panel), BarJudged)


def test_a_desk_waits_for_its_order_before_it_decides_again() -> None:
    """With a latency of more than a bar the next row finds the order on its way."""
    venue = {"fills": "maker_draw", "latency_ms": 400_000}
    rig = DeskRig(configured(venue=venue))
    rig.rows(rows_of(120))
    actions = [one.action for one in rig.events(BarJudged)]
    entered = [place for place, action in enumerate(actions[:-1]) if action == "ENTER"]
    assert entered
    assert {actions[place + 1] for place in entered} == {"order_working"}


def test_a_bar_that_waits_has_its_own_regime() -> None:
    """D7: regime_size_mult is of the bar that is logged, also where an order is under way."""
    script = [{"at": AT.format("00:00"), "boost": 1.5, "beta": 0.7}]
    rig = DeskRig(configured(venue={"fills": "maker_draw", "latency_ms": 400_000}, script=script))
    rig.rows(rows_of(120))
    waiting = [one for one in rig.events(BarJudged) if one.action == "order_working"]
    assert len(waiting) > 10
    for one in waiting:
        s = min(max((-one.vel_div - 0.02) / 0.03, 0.0), 1.0)
        assert one.regime_size_mult == pytest.approx(1.5 * (1.0 + 0.7 * s**3), rel=1e-12)
