"""The position manager in a whole core: golden packet, sizes, fills that fall short or are taken back, closures."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.desks.uptrend.managing import (
    BONK,
    HOUR,
    KEY,
    START,
    Managing,
    all_of,
    candidates,
    only,
    statuses,
    token,
)
from tradeworthy.core.candidates import Candidate, Outcome, Verdict
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.events import ActionTaken, PositionBooked, PositionClosed, SignalTaken
from tradeworthy.desks.uptrend.names import DecisionType, Row, Stage, Status
from tradeworthy.execution.accounting import CashMoved, Opened, PositionRecord
from tradeworthy.execution.intents import TradeCandidate
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.execution.reasons import Reason
from tradeworthy.learning.events import Override
from tradeworthy.learning.scopes import S1_ENTRY
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import cash_of
from tradeworthy.market.ticks import PricePoint
from tradeworthy.risk.operators import Operator, Order
from tradeworthy.risk.settings import RiskSettings

S0, S1, S2, S3 = Stage.S0, Stage.S1, Stage.S2, Stage.S3
EXIT: dict[str, Any] = {"exit_position": True, "exit_reason": "all_emas_below_333"}


def took(events: list[Event]) -> ActionTaken:
    """The one action among `events`."""
    return only(events, ActionTaken)


def taken(rig: Managing) -> list[ActionTaken]:
    """All actions so far."""
    return [packet.event for packet in rig.tape.packets if isinstance(packet.event, ActionTaken)]


def test_the_golden_packet_holds_to_the_cent() -> None:
    """L5, L6, L15: specs/uptrend.md 26, steps 2 to 7."""
    rig = Managing()
    rig.step(S0, 1.00)
    bought = rig.step(S1, 1.00, buy_signal=True)
    entry = took(bought)
    assert (entry.status, entry.decision_type, entry.size_frac) == ("executed", DecisionType.ENTRY, 0.30)
    assert (entry.notional, entry.lots, entry.price) == (cash_of("210"), 210_00, 1.0)
    assert (entry.pm_strength_applied, entry.exposure_skew_applied) == (1.0, 1.0)
    assert (entry.pattern_key, entry.action_category) == (S1_ENTRY, "entry")
    assert statuses(bought) == [("watchlist", "active")]
    assert entry.trade == f"{KEY}#1"
    assert entry.history["last_s1_buy"]["signal"] == "buy_signal"

    assert candidates(rig.step(S1, 1.00, buy_signal=True)) == []

    trimmed = rig.step(S2, 1.20, trim_flag=True, sr_level=1.2)
    trim = took(trimmed)
    assert (trim.lots, trim.notional) == (63_00, cash_of("75.60"))
    assert trim.reasons["deployed"] == pytest.approx(0.36)
    assert trim.reasons["trim_multiplier"] == 1.0
    assert only(trimmed, PositionBooked).lots == 147_00
    assert candidates(rig.step(S2, 1.20)) == []
    assert candidates(rig.step(S2, 1.20, trim_flag=True, sr_level=1.2)) == []

    rig.step(S3, 1.20)
    left = rig.step(S3, 0.90, low=0.88, emergency_exit=True)
    out = took(left)
    assert (out.lots, out.notional, out.size_frac) == (147_00, cash_of("132.30"), 1.0)
    assert (rig.lots(), rig.status(), statuses(left)) == (0, Status.ACTIVE, [])
    assert out.history["last_trim"]["sr_level_price"] == 1.2, "B13: an exit is no trim"

    ended = rig.step(S0, 0.90, low=0.80, **EXIT)
    closed = only(ended, PositionClosed)
    assert closed.pnl == cash_of("-2.10")
    assert closed.summary["pnl_usd"] == -2.10
    assert closed.summary["exit_price"] == pytest.approx(0.99)
    assert closed.summary["return"] == pytest.approx(-0.01)
    assert closed.summary["max_drawdown"] == pytest.approx(0.12)
    assert closed.rr == pytest.approx(-0.083333, abs=1e-6)
    assert closed.summary["outcome_class"] == "small_loss"
    assert closed.exit_reason == "all_emas_below_333"
    assert statuses(ended) == [("active", "watchlist")]
    books = only(ended, PositionBooked)
    assert (books.trade, books.lots, books.realised, books.trades_closed) == ("", 0, cash_of("-2.10"), 1)
    assert rig.ledger.state.cash == cash_of("9997.90")
    assert [one.trade for one in taken(rig)] == [f"{KEY}#1"] * 3


def test_s0_without_a_trade_emits_nothing() -> None:
    """L5, B8: an exit flag on every bar of a downtrend is nobody's action."""
    rig = Managing()
    for _ in range(3):
        assert rig.step(S0, 1.0, **EXIT) == []


def test_s0_sells_what_is_held_and_closes_in_the_same_turn() -> None:
    """L5: S1 to S0 closes and returns to the watchlist."""
    rig = Managing()
    rig.enter()
    ended = rig.step(S0, 0.95, **EXIT)
    assert took(ended).signal == "exit_position"
    assert only(ended, PositionClosed).pnl == cash_of("-10.50")
    assert (rig.lots(), rig.status()) == (0, Status.WATCHLIST)


def test_s1_is_bought_once_in_each_episode() -> None:
    """B11: the next S0 to S1 may be bought again, S1 to S2 to S1 may not."""
    rig = Managing()
    rig.enter()
    assert candidates(rig.step(S2, 1.0)) == []
    assert candidates(rig.step(S1, 1.0, buy_signal=True)) == []
    rig.step(S0, 1.0, **EXIT)
    assert took(rig.step(S1, 1.0, buy_signal=True)).trade == f"{KEY}#2"


def test_s2_is_bought_once_until_a_trim_or_another_state() -> None:
    """B9: a retest is remembered by its state, so it is not bought on every bar."""
    rig = Managing()
    rig.enter()
    add = took(rig.step(S2, 1.0, buy_flag=True))
    assert (add.decision_type, add.size_frac, add.pattern_key) == (
        DecisionType.ADD,
        0.15,
        "pm.uptrend.S2.add",
    )
    assert add.notional == cash_of("105")
    assert candidates(rig.step(S2, 1.0, buy_flag=True)) == []
    rig.step(S2, 1.0, trim_flag=True)
    assert took(rig.step(S2, 1.0, buy_flag=True)).status == "executed"
    rig.step(S1, 1.0)
    assert took(rig.step(S2, 1.0, buy_flag=True)).status == "executed"


def test_a_reclaim_is_bought_once_and_only_after_an_exit() -> None:
    """B10: the rebuy has the size of an add, and needs an executed emergency exit."""
    rig = Managing()
    rig.enter()
    rig.step(S2, 1.0)
    assert candidates(rig.step(S3, 1.0, reclaimed_ema333=True)) == []
    rig.step(S3, 0.9, emergency_exit=True)
    back = took(rig.step(S3, 1.0, reclaimed_ema333=True))
    assert (back.pattern_key, back.size_frac) == ("pm.uptrend.S3.reclaim", 0.15)
    assert back.history["last_reclaim_buy"]["reclaimed_at"] == back.bar_ts
    assert candidates(rig.step(S3, 1.0, reclaimed_ema333=True)) == []


def test_overrides_multiply_what_is_bought_and_never_what_is_sold() -> None:
    """L11, B12: an exit is whole whatever learning says."""
    rig = Managing()
    wide = [("pm.uptrend.S1.entry", "entry", 1.5), ("pm.uptrend.S2.trim", "trim", 0.3)]
    wide += [("pm.uptrend.S0.exit", "exit", 0.3)]
    rig.overrides = tuple(
        Override(f"o{place}", pattern, category, {"chain": "solana"}, multiplier, 1.0, ())
        for place, (pattern, category, multiplier) in enumerate(wide)
    )
    entry = took(rig.enter())
    assert (entry.pm_strength_applied, entry.notional) == (1.5, cash_of("315"))
    assert entry.size_frac == pytest.approx(0.45)
    assert took(rig.step(S2, 1.0, trim_flag=True)).size_frac == 0.30
    out = took(rig.step(S0, 1.0, **EXIT))
    assert (out.size_frac, out.pm_strength_applied, rig.lots()) == (1.0, 1.0, 0)


def test_forced_levers_choose_the_size() -> None:
    """L4, L6: A of 0.7 buys half of the cap, A of 0.2 a tenth."""
    for a, notional in ((0.7, "350"), (0.6999, "210"), (0.2999, "70")):
        rig = Managing()
        rig.step(S0)
        entry = took(rig.step(S1, buy_signal=True, forced_a=a, forced_e=0.1))
        assert (entry.notional, entry.a_value, entry.e_value) == (cash_of(notional), a, 0.1)


def test_a_tuning_override_turns_a_signal_on() -> None:
    """L11, B15: the look-up and the lesson have one key."""
    rig = Managing()
    check = {"ts_threshold": 0.6, "entry_zone_ok": True, "slope_ok": True, "ts_ok": False, "halo": 1.0}
    near: dict[str, Any] = {"ts_with_boost": 0.5, "check": check}
    rig.step(S0)
    assert candidates(rig.step(S1, **near)) == []
    rig.overrides = (Override("t", S1_ENTRY, "tuning_ts_min", {}, 0.8187, 1.0, ()),)
    assert took(rig.step(S1, **near)).status == "executed"


def test_the_rows_of_a_token_share_its_cap() -> None:
    """B38: what one row has deployed is not there for the others."""
    rig = Managing(token_cap=0.25)
    rig.enter()
    rig.state = S0
    rig.judge(S0, timeframe="4h")
    rig.state = S0
    fours = rig.judge(S1, timeframe="4h", buy_signal=True, forced_a=1.0)
    assert took(fours).notional == cash_of("40"), "a quarter of 1000, less the 210 of the hour's row"
    rig.state = S0
    rig.judge(S0, timeframe="15m")
    (skipped,) = candidates(rig.judge(S1, timeframe="15m", buy_signal=True))
    assert skipped.skip == "token_cap_reached"


def test_a_small_pool_is_not_bought_from_and_a_pool_bounds_a_buy() -> None:
    """B41: a hard gate on liquidity, and a share of the pool as the most that is bought."""
    rig = Managing(liquidity_min_usd=5000)
    rig.put(PricePoint(BONK, 1.0, rig.now, liquidity_usd=4999.0))
    (skipped,) = candidates(rig.enter())
    assert (skipped.skip, rig.lots()) == ("illiquid", 0)
    rig.put(PricePoint(BONK, 1.0, rig.now, liquidity_usd=5000.0))
    assert took(rig.step(S1, 1.0, buy_signal=True)).notional == cash_of("100")


def test_what_is_too_small_for_the_venue_is_skipped_once_a_bar() -> None:
    """P2: the opportunity has its verdict, and is not asked for twice on one bar."""
    rig = Managing(listed=[token(BONK, notional_min=Decimal(300))])
    (skipped,) = candidates(rig.enter())
    assert isinstance(skipped, Candidate)
    assert (skipped.skip, skipped.kind, skipped.figures["wanted"]) == (
        "too_small",
        "s1_entry",
        cash_of("210"),
    )
    assert candidates(rig.judge(S1, buy_signal=True)) == []


def test_a_buy_of_dust_is_none() -> None:
    """L15: what could be given up unsold at once is not bought."""
    rig = Managing(dust_usd=15.01)
    rig.state = S0
    rig.bar(1.0)
    rig.judge(S0, timeframe="1m")
    (skipped,) = candidates(rig.judge(S1, timeframe="1m", buy_signal=True, bar_ts=rig.now))
    assert (skipped.skip, skipped.figures["wanted"]) == ("too_small", cash_of("15"))


def test_trims_end_before_they_are_dust() -> None:
    """L6: ninety bars of trim flags make sales that are worth a unit each, and no candidates that are skipped."""
    rig = Managing(fees="0.003")
    rig.enter()
    made = [event for _ in range(90) for event in rig.step(S2, 1.0, trim_flag=True)]
    trims = all_of(made, ActionTaken)
    assert len(candidates(made)) == len(trims)
    assert 10 < len(trims) < 25
    assert min(one.notional for one in trims) >= cash_of("1")
    assert rig.lots() > 0


def test_fees_are_within_the_cap_and_in_the_books() -> None:
    """L15: spent and extracted include fees, and a full buy leaves room for its fee."""
    rig = Managing(fees="0.01", entry_s1=(1.0, 1.0, 1.0))
    entry = took(rig.enter())
    assert entry.notional + entry.fee <= cash_of("700")
    holding = rig.manager.holding(KEY)
    assert holding is not None
    assert holding.spent == entry.notional + entry.fee
    out = only(rig.step(S0, 1.0, **EXIT), PositionClosed)
    assert out.pnl == rig.ledger.state.cash - cash_of("10000") < 0


def test_a_refusal_by_risk_is_a_failed_action_and_asked_again_next_bar() -> None:
    """P2: risk's reason stands on the action; nothing is remembered as bought."""
    rig = Managing(risk=RiskSettings(position_max=Decimal("0.01"), stale_after_s=7200))
    refused = took(rig.enter())
    assert (refused.status, refused.error, refused.lots, refused.trade) == ("failed", "position_limit", 0, "")
    assert refused.history.get("last_s1_buy") is None
    assert rig.judge(S1, buy_signal=True) == []
    assert took(rig.step(S1, 1.0, buy_signal=True)).error == "position_limit"
    assert rig.status() is Status.WATCHLIST


def test_a_partial_fill_counts_as_what_was_filled() -> None:
    """L15: the bar has less volume than was asked for."""
    rig = Managing()
    rig.step(S0)
    rig.bar(1.0, volume=50.0)
    entry = took(rig.judge(S1, buy_signal=True))
    assert (entry.status, entry.lots, entry.notional) == ("executed", 50_00, cash_of("50"))
    assert rig.status() is Status.ACTIVE


def test_an_exit_is_tried_again_until_it_is_sold() -> None:
    """L15: a bar without volume leaves the trade open; a later one closes it."""
    rig = Managing()
    rig.enter()
    rig.bar(0.9, volume=0.0)
    failed = rig.judge(S0, **EXIT)
    assert (took(failed).status, took(failed).error) == ("failed", str(Reason.NO_LIQUIDITY))
    assert rig.status() is Status.ACTIVE
    ended = rig.step(S0, 0.8)
    assert (took(ended).status, only(ended, PositionClosed).exit_reason) == ("executed", "all_emas_below_333")
    assert rig.status() is Status.WATCHLIST


def test_dust_does_not_keep_a_trade_open_and_joins_the_next() -> None:
    """L15: what cannot be sold and is worth less than dust_usd counts as lost."""
    rig = Managing()
    rig.enter()
    rig.bar(0.9, volume=209.5)
    ended = rig.judge(S0, **EXIT)
    closed = only(ended, PositionClosed)
    books = all_of(ended, PositionBooked)[-1]
    assert (rig.lots(), books.lots, rig.status()) == (50, 0, Status.WATCHLIST)
    assert closed.pnl == cash_of("188.55") - cash_of("210")
    rig.step(S1, 0.9, buy_signal=True)
    holding = rig.manager.holding(KEY)
    assert holding is not None
    assert holding.lots == rig.lots()
    assert only(rig.step(S0, 0.9, **EXIT), PositionClosed).pnl == cash_of("0.45")
    assert rig.lots() == 0


def test_a_token_that_falls_under_one_tick_is_given_up() -> None:
    """L15: nothing can be sold there; the trade ends at S0 with all of its loss, and nothing is bought there."""
    rig = Managing()
    rig.enter()
    ended = rig.step(S0, 1e-9, **EXIT)
    assert (took(ended).status, took(ended).error) == ("failed", str(Reason.NO_LIQUIDITY))
    assert only(ended, PositionClosed).pnl == cash_of("-210")
    assert took(rig.step(S1, 1e-9, buy_signal=True)).error == str(Reason.NO_LIQUIDITY)


def test_an_action_under_way_keeps_the_next_one_back() -> None:
    """B22: one action of a row at a time; its fill comes with a later bar."""
    rig = Managing(fills="next_open")
    rig.step(S0)
    asked = rig.step(S1, 1.0, buy_signal=True)
    assert all_of(asked, TradeCandidate)
    assert all_of(asked, ActionTaken) == []
    rig.sequencer.now += 1
    assert candidates(rig.judge(S1, buy_signal=True, bar_ts=rig.now)) == []
    filled = rig.bar(1.0)
    assert took(filled).status == "executed"
    assert statuses(filled) == [("watchlist", "active")]


def said_of_last_fill(rig: Managing, status: FillStatus) -> list[Event]:
    """The venue's second word on the newest fill."""
    fills = [packet.event for packet in rig.tape.packets if isinstance(packet.event, FillObserved)]
    return rig.put(msgspec.structs.replace(fills[-1], status=status))


def let_fills_fail(rig: Managing) -> None:
    """Let the paper venue report fills as matched: they wait for a second word, as on a chain."""
    venue = rig.sequencer.agents["paper-executor"]
    own = venue._fill  # type: ignore[attr-defined]
    venue._fill = lambda resting, match: msgspec.structs.replace(  # type: ignore[attr-defined]
        own(resting, match), status=FillStatus.MATCHED
    )


def test_a_buy_that_is_taken_back_was_none() -> None:
    """B22: the row is on the watchlist again, and may be bought again."""
    rig = Managing()
    let_fills_fail(rig)
    assert all_of(rig.enter(), ActionTaken) == []
    undone = said_of_last_fill(rig, FillStatus.FAILED)
    assert statuses(undone) == [("active", "watchlist")]
    assert (took(undone).status, took(undone).error) == ("failed", "fill_failed")
    holding = rig.manager.holding(KEY)
    assert holding is not None
    assert (holding.trade, holding.lots, holding.spent, rig.lots()) == ("", 0, 0, 0)
    rig.step(S1, 1.0, buy_signal=True)
    assert took(said_of_last_fill(rig, FillStatus.CONFIRMED)).trade == f"{KEY}#2"


def test_a_buy_that_is_taken_back_leaves_no_trade_of_dust_alone() -> None:
    """B22: dust that had joined it is dust again, so that no trade without a cost is ever closed."""
    rig = Managing()
    rig.enter()
    rig.bar(0.9, volume=209.5)
    rig.judge(S0, **EXIT)
    let_fills_fail(rig)
    rig.step(S1, 0.9, buy_signal=True)
    assert statuses(said_of_last_fill(rig, FillStatus.FAILED)) == [("active", "watchlist")]
    holding = rig.manager.holding(KEY)
    assert holding is not None
    assert (holding.trade, holding.lots, holding.dust, rig.lots()) == ("", 0, 50, 50)
    assert all_of(rig.step(S0, 0.9, **EXIT), PositionClosed) == []


def test_a_sale_that_is_taken_back_after_the_close_opens_a_trade_that_s0_ends() -> None:
    """B22: no lots stay behind without a trade, and what both trades made is what the ledger says."""
    rig = Managing()
    rig.enter()
    let_fills_fail(rig)
    rig.bar(0.9)
    rig.put(Operator(Order.FLATTEN, "anna", "go home", rig.desk, "paper"))
    assert all_of(rig.step(S0, 0.9, **EXIT), PositionClosed)
    undone = said_of_last_fill(rig, FillStatus.FAILED)
    assert statuses(undone) == [("watchlist", "active")]
    holding = rig.manager.holding(KEY)
    assert holding is not None
    assert holding.lots == rig.lots() == 210_00
    rig.step(S0, 0.8)
    said_of_last_fill(rig, FillStatus.CONFIRMED)
    assert (rig.lots(), rig.status()) == (0, Status.WATCHLIST)
    assert holding.realised == rig.ledger.state.cash - cash_of("10000") == cash_of("-21")


def test_a_buy_that_is_taken_back_after_its_sale_leaves_the_money_whole() -> None:
    """B22: what the sale brought is in the row's result, and nothing is closed that never cost anything."""
    rig = Managing()
    let_fills_fail(rig)
    rig.enter()
    bought = [packet.event for packet in rig.tape.packets if isinstance(packet.event, FillObserved)][-1]
    rig.bar(0.9)
    rig.put(Operator(Order.FLATTEN, "anna", "go home", rig.desk, "paper"))
    rig.put(msgspec.structs.replace(bought, status=FillStatus.FAILED))
    holding = rig.manager.holding(KEY)
    assert holding is not None
    assert (holding.trade, rig.status()) == ("", Status.WATCHLIST)
    assert holding.realised == rig.ledger.state.cash - cash_of("10000") == cash_of("189")
    assert all_of(rig.step(S0, 0.9, **EXIT), PositionClosed) == []


def test_a_flatten_is_booked_in_the_row() -> None:
    """L15: what risk sells is in the row's books, and S0 closes the trade."""
    rig = Managing()
    rig.enter()
    rig.bar(1.1)
    made = rig.put(Operator(Order.FLATTEN, "anna", "go home", rig.desk, "paper"))
    books = [one for one in all_of(made, PositionBooked) if one.position == KEY]
    assert (books[-1].lots, books[-1].extracted, rig.status()) == (0, cash_of("231"), Status.ACTIVE)
    assert only(rig.step(S0, 1.0, **EXIT), PositionClosed).pnl == cash_of("21")


def test_positions_that_are_taken_over_are_traded_on() -> None:
    """L15: a run that follows another goes on with its rows; S0 ends them at their cost."""
    rig = Managing(allocated=False)
    fresh = Managing(allocated=False)
    record = PositionRecord(rig.desk, KEY, BONK, 100_00, cash_of("90"), START - HOUR)
    fresh.manager.take_over(Opened("run0", cash_of("100"), (record,)), fresh.manager.context(fresh.sequencer))
    made = fresh.allocate()
    assert statuses(made) == [("watchlist", "active")]
    told = only(made, PositionBooked)
    assert (told.position, told.trade, told.lots, told.spent) == (KEY, f"{KEY}#1", 100_00, cash_of("90"))
    assert statuses(fresh.step(S1, 1.0)) == []
    assert fresh.manager.lots(KEY) == 100_00


def test_a_paused_row_is_left_alone_and_a_warm_up_too() -> None:
    """L3, L5: rows that are not on the watchlist or active are nobody's; a bootstrap bar brings no action."""
    rig = Managing(allocated=False)
    rig.allocate(status=Status.PAUSED)
    assert rig.step(S1, 1.0, buy_signal=True) == []
    rig = Managing()
    assert rig.step(S1, 1.0, buy_signal=True, warmup=True) == []


def test_another_desk_is_not_heard() -> None:
    """L19: two desks on the same tokens keep their own books."""
    rig = Managing(desk="shadow")
    rig.step(S0)
    rig.bar(1.0)
    rig.desk = "uptrend"
    assert rig.judge(S1, buy_signal=True) == []


def test_two_desks_name_their_trades_apart() -> None:
    """L19: facts and rows of one desk's trade never mix with those of the other's on the same token."""
    assert [took(Managing(desk=desk).enter()).trade for desk in ("uptrend", "shadow")] == [
        f"{KEY}#1",
        f"{KEY}#1/shadow",
    ]


def test_books_are_told_at_most_every_refresh() -> None:
    """L5: the worth of what is held, at the last close."""
    rig = Managing()
    rig.enter()
    told = only(rig.bar(1.25), PositionBooked)
    assert (told.why, told.value, told.remaining) == ("refresh", cash_of("262.50"), cash_of("490"))
    minutes = [rig.bar(1.25, timeframe="1m") for _ in range(11)]
    assert [bool(all_of(made, PositionBooked)) for made in minutes] == ([False] * 4 + [True]) * 2 + [False]


def test_rows_that_share_a_scope_make_the_next_entry_smaller() -> None:
    """L12: three positions of one scope, and the fourth is cut; the first was not."""
    rig = Managing()
    rig.enter()
    skews = []
    for timeframe in ("15m", "4h", "1m"):
        rig.state = S0
        rig.judge(S0, timeframe=timeframe)
        rig.state = S0
        skews.append(took(rig.judge(S1, timeframe=timeframe, buy_signal=True)).exposure_skew_applied)
    assert skews[-1] < 1.0


def test_every_candidate_of_the_manager_has_one_verdict() -> None:
    """P2: whatever happens, one verdict each."""
    rig = Managing(listed=[token(BONK, notional_min=Decimal(100))])
    rig.enter()
    rig.step(S2, 1.0, buy_flag=True)
    rig.step(S2, 1.0, trim_flag=True)
    rig.step(S2, 1.0, buy_flag=True)
    rig.step(S0, 1.0, **EXIT)
    packets = rig.tape.packets
    opened = [packet.seq for packet in packets if isinstance(packet.event, Candidate)]
    ended = [packet.event.candidate for packet in packets if isinstance(packet.event, Verdict)]
    assert sorted(ended) == opened
    assert rig.sequencer.candidates.open == {}
    assert rig.manager.state.pending == {}
    assert rig.manager.state.candidates == {}


def test_a_snapshot_in_the_middle_changes_nothing() -> None:
    """B22: the state is whole in a snapshot, an action under way included."""
    rigs = [Managing(fills="next_open") for _ in range(2)]
    for rig in rigs:
        rig.enter()
    second = rigs[1]
    for agent in (second.manager, second.thresholds):
        agent.state = msgspec.msgpack.decode(msgspec.msgpack.encode(agent.state), type=type(agent.state))
    for rig in rigs:
        rig.bar(1.0)
        rig.step(S2, 1.2, trim_flag=True)
        rig.step(S0, 0.9, **EXIT)
        rig.bar(0.9)
    assert [packet.event for packet in rigs[0].tape.packets] == [
        packet.event for packet in second.tape.packets
    ]
    assert rigs[0].lots() == 0


def test_a_loss_of_equity_lowers_the_cap_and_a_gain_raises_none() -> None:
    """Spec 8: the cap of the decision is the most; less where the account shrank."""
    rig = Managing()
    rig.put(CashMoved(cash_of("-5000"), "test"))
    entry = took(rig.enter())
    assert entry.notional == cash_of("105")
    rich = Managing()
    rich.put(CashMoved(cash_of("5000"), "test"))
    assert took(rich.enter()).notional == cash_of("210")


STEPS = st.tuples(
    st.sampled_from([S0, S1, S2, S3]),
    st.sets(st.sampled_from(["buy_signal", "buy_flag", "trim_flag", "emergency_exit", "reclaimed_ema333"])),
    st.integers(5_000, 20_000),
    st.sampled_from([0.0, 20.0, 1e6]),
    st.sampled_from(["1h", "4h"]),
)


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(STEPS, min_size=8, max_size=30),
    fees=st.sampled_from(["0", "0.003"]),
    fills=st.sampled_from(["taker_close", "next_open"]),
    a=st.floats(0, 1),
)
def test_the_books_hold_whatever_the_engine_says(
    steps: list[tuple[Stage, set[str], int, float, str]], fees: str, fills: str, a: float
) -> None:
    """L15: lots are those of the ledger, money adds up to the unit, nothing exceeds a cap, one verdict each."""
    rig, at_once = Managing(fees=fees, fills=fills), fills == "taker_close"
    for state, flags, ticks, volume, timeframe in steps:
        rig.bar(ticks / 10_000, volume=volume)
        fields: dict[str, Any] = {"forced_a": a, "forced_e": 1 - a} | dict.fromkeys(flags, True)
        rig.judge(state, timeframe=timeframe, **fields)
        holdings = list(rig.manager.state.holdings.values())
        for one in holdings:
            assert one.lots >= 0
            assert one.lots + one.dust == rig.lots(one.position)
            assert bool(one.trade) is (rig.status(one.position) is Status.ACTIVE)
            assert one.trade or one.lots == 0
        cash = sum(one.realised + one.extracted - one.spent for one in holdings)
        assert rig.ledger.state.cash == cash_of("10000") + cash
        assert not at_once or sum(one.net_spent for one in holdings) <= cash_of("1000")
    rig.bar(1.0)
    booked = [packet.event for packet in rig.tape.packets if isinstance(packet.event, PositionBooked)]
    assert all(one.remaining >= 0 and one.lots == one.lots_bought - one.lots_sold for one in booked)
    closed = [packet.event for packet in rig.tape.packets if isinstance(packet.event, PositionClosed)]
    assert sum(one.pnl for one in closed) == sum(one.realised for one in rig.manager.state.holdings.values())
    for action in taken(rig):
        assert 0.0 <= action.size_frac <= 1.0
        if at_once and action.decision_type in {"entry", "add"}:
            assert action.notional + action.fee <= cash_of("700")
    assert rig.sequencer.candidates.open == {}


def test_a_packet_that_was_withheld_keeps_no_row_waiting() -> None:
    """B22: the fill is booked all the same, and the action that was never heard back is given up."""
    first = Managing()
    first.enter()
    (seq,) = [one.seq for one in first.tape.packets if isinstance(one.event, TradeCandidate)]
    rig = Managing()
    rig.sequencer.withheld[seq] = frozenset({rig.desk})
    assert all_of(rig.enter(), ActionTaken) == []
    assert (rig.lots(), rig.manager.state.holdings[KEY].lots, rig.status()) == (21000, 21000, Status.ACTIVE)
    assert only(rig.step(S0, 1.0, **EXIT), PositionClosed).pnl == 0
    assert rig.manager.state.pending == {}


def test_dips_of_s3_are_bought_as_entry_and_once() -> None:
    """L5: a first dip is used up by its buy; a discount rebuy waits for a trim."""
    rig = Managing()
    rig.step(S2)
    dip = took(rig.step(S3, 1.0, first_dip_buy_flag=True))
    assert (dip.pattern_key, dip.action_category) == ("pm.uptrend.S3.first_dip", "entry")
    assert (dip.size_frac, rig.status()) == (0.15, Status.ACTIVE)
    assert candidates(rig.step(S3, 1.0, first_dip_buy_flag=True, buy_flag=True)) == []
    rig.step(S3, 1.0, trim_flag=True)
    assert candidates(rig.step(S3, 1.0, first_dip_buy_flag=True)) == []
    again = took(rig.step(S3, 1.0, buy_flag=True))
    assert (again.pattern_key, again.action_category) == ("pm.uptrend.S3.dx", "add")


def test_the_levers_know_what_is_said_and_what_a_token_is_worth() -> None:
    """B37: nothing known is neutral; a signal and a price point move A."""
    rig = Managing(levers="regime")
    rig.step(S0)
    unknown = took(rig.step(S1, buy_signal=True))
    assert (unknown.a_value, unknown.e_value) == pytest.approx((0.5 * 1.45, 0.5 * 0.55)), "no active row"
    rig.step(S0, **EXIT)
    rig.put(PricePoint(BONK, 1.0, rig.now, market_cap=400_000.0))
    said: dict[str, Any] = {"age_days": 0.1, "curator_score": 0.8, "market_cap": None}
    words = ("ann", BONK, "BONK", "solana", "c0", "research_positive", "high", "")
    rig.put(SignalTaken(rig.desk, "s1", *words, {}, {}, said, ts_event=rig.now))
    known = took(rig.step(S1, buy_signal=True))
    decayed = 0.4 * 2 ** (-1 / 72)
    assert known.a_value == pytest.approx(min(1.0, (0.725 + 0.25 * decayed) * 1.15 * 1.10))
    assert known.e_value == pytest.approx((0.275 - 0.10 * decayed) * 1.15 * 1.10)


def test_the_side_and_key_of_an_order_are_the_rows() -> None:
    """L5: one leg, under the row's own key in the ledger; what sells can only reduce."""
    rig = Managing()
    buy = only(rig.enter(), TradeCandidate)
    (leg,) = buy.intent.legs
    assert (leg.side, leg.position, buy.intent.reduce_only) == (Side.BUY, Row(BONK, "1h").key, False)
    sell = only(rig.step(S0, 1.0, **EXIT), TradeCandidate)
    assert (sell.intent.legs[0].side, sell.intent.reduce_only) == (Side.SELL, True)
    assert {one.outcome for one in all_of([p.event for p in rig.tape.packets], Verdict)} == {Outcome.FILLED}


def test_slippage_is_paid_within_the_rows_share() -> None:
    """L15: with fills maker_draw a buy pays the close and the slippage beyond it, and never more than its share."""
    rig = Managing(fills="maker_draw", fees="0.003")
    rig.step(S0, 1.00)
    bought = took(rig.step(S1, 1.00, buy_signal=True))
    assert bought.price > 1.0
    assert bought.notional <= cash_of("210")
    assert bought.slippage > 0
