"""The guardian in the real core: judged candidates, reservations, latches and baselines."""

from decimal import Decimal

import msgspec
import pytest

from tests.risk.rig import DAY, MINUTE, NEW_YEAR, SECOND, START, Rig, all_of, entry, only
from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.events import Resumed
from tradeworthy.execution.accounting import CashMoved, EquityMarked, Opened, PositionRecord
from tradeworthy.execution.intents import Intent, Leg, TimeInForce, TradeCandidate
from tradeworthy.execution.orders import CancelOrder, CancelWorking, FillObserved, FillStatus, PlaceOrder
from tradeworthy.market.instruments import INT64_MAX, Side
from tradeworthy.market.money import cash_of
from tradeworthy.risk.guards import plain_rules
from tradeworthy.risk.operators import DailyReset, HaltChanged, Operator, Order
from tradeworthy.risk.settings import DeskRisk, RiskSettings, limits_of


def share(text: str) -> Decimal:
    """A fraction."""
    return Decimal(text)


def test_an_approved_entry_becomes_an_order_with_every_figure_recorded() -> None:
    """One Decision by risk-guardian for the candidate, with a figure and a limit for each rule that binds (P2)."""
    rig = Rig()
    events = rig.ask("alpha", entry())
    decision = only(events, Decision)
    assert (decision.by, decision.desk, decision.approved, decision.reason) == (
        "risk-guardian",
        "alpha",
        True,
        "",
    )
    asked = [rule.figure for rule in plain_rules(limits_of(RiskSettings()))]
    assert list(decision.limits) == asked, "bars have no market facts"
    assert list(decision.figures) == ["equity", *decision.limits]
    assert decision.figures["equity"] == cash_of(10_000)
    assert decision.figures["position"] == cash_of(101), "a market order counts with its margin"
    assert only(events, PlaceOrder).candidate == decision.candidate
    assert all_of(events, Verdict) == []


def test_a_refused_entry_has_its_verdict_and_no_order() -> None:
    """REJECTED by the first rule that failed, with its figure and limit; nothing is reserved (P2)."""
    rig = Rig()
    events = rig.ask("alpha", entry(lots=30_000))
    decision, verdict = only(events, Decision), only(events, Verdict)
    assert (decision.approved, decision.reason) == (False, "position_limit")
    assert (verdict.outcome, verdict.reason, verdict.candidate) == (
        Outcome.REJECTED,
        "position_limit",
        decision.candidate,
    )
    assert verdict.figures == {"position": cash_of(3030)}
    assert verdict.limits == {"position": cash_of(2500)}
    assert all_of(events, PlaceOrder) == []
    assert rig.guardian.reserved() == 0
    assert rig.sequencer.candidates.open == {}


def test_a_skipped_candidate_is_not_judged() -> None:
    """A desk's own no stays the only word on it."""
    events = Rig().ask("alpha", entry(skip="no_edge"))
    assert all_of(events, Decision) == []
    assert only(events, Verdict).outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("rule", "settings", "candidate"),
    [
        ("request_expired", RiskSettings(), entry(expires_at=START)),
        ("unfit_order", RiskSettings(), entry("ZZZ")),
        ("unfit_order", RiskSettings(), entry(lots=0)),
        ("unfit_order", RiskSettings(), entry(limit=0)),
        ("unfit_order", RiskSettings(), TradeCandidate("signal", "AAA", {}, intent=Intent(()))),
        ("unfit_order", RiskSettings(), entry(lots=10**12 + 1)),
        ("position_limit", RiskSettings(position_max=share("0.01")), entry()),
        ("portfolio_limit", RiskSettings(portfolio_max=share("0.01")), entry()),
        ("cash", RiskSettings(cash_reserve=share("0.99")), entry()),
    ],
)
def test_a_rule_refuses_through_the_core(
    rule: str, settings: RiskSettings, candidate: TradeCandidate
) -> None:
    """Each limit, set tight, is the reason of the refusal (P2)."""
    decision = Rig(settings).decide("alpha", candidate)
    assert (decision.approved, decision.reason) == (False, rule)


def test_a_price_that_is_too_old_refuses_entries() -> None:
    """stale_data counts from the last price of each instrument of the intent."""
    rig = Rig()
    rig.wait(120)
    assert rig.decide("alpha", entry()).approved
    rig.wait(0.001)
    decision = rig.decide("beta", entry())
    assert (decision.reason, decision.figures["price_age_ms"]) == ("stale_data", 120_001)
    rig.price("AAA", 100.0)
    assert rig.decide("beta", entry()).approved
    legs = (Leg("AAA", Side.BUY, 1), Leg("BBB", Side.BUY, 1))
    assert rig.decide("beta", TradeCandidate("pair", "AAA", {}, intent=Intent(legs))).reason == "stale_data"


def test_a_price_that_is_none_refuses_and_halts_nothing() -> None:
    """A garbled price is the candidate's failure; the session goes on."""
    rig = Rig()
    for price in (float("nan"), -1.0, 0.0, 1e300):
        rig.price("AAA", price)
        assert rig.decide("alpha", entry()).reason == "unfit_order"
    rig.price("AAA", 100.0)
    assert rig.decide("alpha", entry()).approved


def test_desks_share_the_limit_of_an_instrument() -> None:
    """What one desk holds and another has reserved add up."""
    rig = Rig()
    rig.hold("alpha", "AAA", 10_000)
    assert rig.decide("beta", entry(lots=10_000)).approved
    decision = rig.decide("beta", entry(lots=10_000, kind="more"))
    assert (decision.reason, decision.figures["position"]) == ("position_limit", cash_of(1000 + 1010 + 1010))
    assert rig.decide("beta", entry("BBB", lots=10_000)).approved


def test_a_desk_keeps_to_its_share() -> None:
    """One desk's share binds it and not the other."""
    rig = Rig(desks={"alpha": DeskRisk(share=share("0.1")), "beta": DeskRisk()})
    assert rig.decide("alpha", entry(lots=5_000)).approved
    assert rig.decide("alpha", entry("BBB", lots=5_000)).reason == "desk_share"
    assert rig.decide("beta", entry("BBB", lots=5_000)).approved


def test_entries_a_minute_slide_with_session_time() -> None:
    """The limit is on any minute, by desk; the oldest entry leaves it after sixty seconds."""
    rig = Rig(RiskSettings(orders_per_minute_max=2))
    assert rig.decide("alpha", entry(kind="one")).approved
    rig.wait(30)
    assert rig.decide("alpha", entry(kind="two")).approved
    rig.wait(29.999)
    assert rig.decide("alpha", entry(kind="three")).reason == "rate_limit"
    assert rig.decide("beta", entry(kind="three")).approved
    rig.wait(0.001)
    assert rig.decide("alpha", entry(kind="three")).approved
    assert rig.decide("alpha", entry(kind="four")).reason == "rate_limit"


def test_a_repeat_is_refused_while_the_first_is_open() -> None:
    """By key, or by desk, instrument and kind; afterwards it is new again."""
    rig = Rig()
    first = rig.decide("alpha", entry()).candidate
    decision = rig.decide("alpha", entry())
    assert (decision.reason, decision.figures["duplicate_of"]) == ("duplicate", first)
    assert rig.decide("beta", entry()).approved
    assert rig.decide("alpha", entry(dedupe_key="k")).approved
    assert rig.decide("alpha", entry("BBB", dedupe_key="k")).reason == "duplicate"
    rig.bar("AAA", 100.0)
    assert rig.decide("alpha", entry()).approved


def test_a_turn_around_in_one_bar_passes() -> None:
    """An entry against a position counts alone: the position must be closed on the way."""
    rig = Rig()
    rig.hold("alpha", "AAA", 20_000)
    assert rig.decide("alpha", entry(lots=-20_000, reduce_only=True, kind="exit")).approved
    assert rig.decide("alpha", entry(lots=-20_000)).approved
    rig.bar("AAA", 100.0)
    assert rig.ledger.position("alpha", "AAA").lots == -20_000
    assert rig.decide("alpha", entry(lots=-10_000)).reason == "position_limit"


def test_an_order_beyond_all_measure_is_refused_like_any_other() -> None:
    """What would not fit a record's integers stands at their end; the session goes on."""
    rig = Rig()
    rig.price("AAA", 999_999.0)
    lots = rig.listing.scale("AAA").lots_max
    legs = tuple(Leg("AAA", side, lots) for side in [Side.BUY] * 5)
    decision = rig.decide("alpha", TradeCandidate("signal", "AAA", {}, intent=Intent(legs)))
    assert (decision.reason, decision.figures["position"]) == ("position_limit", INT64_MAX)
    assert decision.figures["cash_left"] == -INT64_MAX
    rig.price("AAA", 100.0)
    assert rig.decide("alpha", entry()).approved


# Reservations


def limit_order(lots: int, ticks: int, expires_at: int = 0) -> TradeCandidate:
    """A resting order."""
    leg = Leg("AAA", Side.BUY, lots, ticks, time_in_force=TimeInForce.GTC)
    return TradeCandidate("signal", "AAA", {}, intent=Intent((leg,), expires_at=expires_at))


def test_a_reservation_is_the_limit_price_with_its_fee() -> None:
    """A limit buy can't cost more than its limit; the taker's fee is on top."""
    rig = Rig()
    rig.ask("alpha", limit_order(1000, 9_000))
    assert rig.guardian.reserved() == cash_of("90.045")


def test_a_fill_turns_a_reservation_into_a_position() -> None:
    """Nothing is counted twice, and nothing is left when the verdict is there."""
    rig = Rig()
    rig.ask("alpha", entry())
    assert rig.guardian.reserved() > 0
    verdict = only(rig.bar("AAA", 100.0), Verdict)
    assert verdict.outcome is Outcome.FILLED
    assert rig.guardian.state.reservations == {}
    assert rig.decide("alpha", entry("BBB")).figures["portfolio"] == cash_of(201)


def test_a_fill_counts_once_and_comes_back_if_it_fails() -> None:
    """Matched, matched again, confirmed: one conversion. A failed one is reserved again while the order works."""
    rig = Rig(fee="0")
    rig.ask("alpha", limit_order(1000, 9_000))
    (work,) = rig.orders.state.works.values()
    (order,) = work.orders

    def fill(number: int, status: FillStatus) -> int:
        event = FillObserved(
            "live",
            f"f{number}",
            order,
            "alpha",
            "AAA",
            "AAA",
            Side.BUY,
            9_000,
            400,
            0,
            False,
            rig.now,
            status,
        )
        rig.admit(event)
        return rig.guardian.reserved()

    assert rig.guardian.reserved() == cash_of(90)
    assert fill(1, FillStatus.MATCHED) == cash_of(54)
    assert fill(1, FillStatus.MATCHED) == cash_of(54)
    assert fill(1, FillStatus.CONFIRMED) == cash_of(54)
    assert fill(2, FillStatus.MATCHED) == cash_of(18)
    assert fill(2, FillStatus.FAILED) == cash_of(54)


@pytest.mark.parametrize("path", ["expired", "cancelled", "unfilled", "flattened", "restart"])
def test_a_reservation_is_released_on_every_path(path: str) -> None:
    """Whatever ends the candidate, its verdict releases it."""
    rig = Rig()
    if path == "unfilled":
        rig.ask("alpha", entry(limit=9_000))
    else:
        rig.ask("alpha", limit_order(1000, 9_000, rig.now + 10 * SECOND))
    assert len(rig.guardian.state.reservations) == 1
    match path:
        case "expired":
            rig.wait(10)
            rig.bar("AAA", 100.0)
        case "cancelled":
            rig.halt()
        case "flattened":
            rig.flatten()
        case "unfilled":
            rig.bar("AAA", 100.0)
        case _:
            rig.admit(Resumed(SECOND))
    rig.bar("AAA", 100.0)
    assert rig.guardian.state.reservations == {}
    assert rig.guardian.reserved() == 0
    assert rig.sequencer.candidates.open == {}


# Exits


def test_exits_pass_whatever_fails() -> None:
    """Under a halt, with an old price and no rate left, a reduce-only intent is approved; its figures are there."""
    rig = Rig(RiskSettings(orders_per_minute_max=1))
    rig.hold("alpha", "AAA", 1000)
    rig.halt()
    rig.wait(3600)
    events = rig.ask("alpha", entry(lots=-1000, reduce_only=True, expires_at=rig.now + SECOND))
    decision = only(events, Decision)
    assert (decision.approved, decision.reason) == (True, "reduce_only")
    assert decision.figures["halt"] == "operator"
    assert decision.figures["price_age_ms"] == 3_600_000
    assert only(events, PlaceOrder).reduce_only
    assert rig.guardian.reserved() == 0
    assert rig.decide("alpha", entry()).reason == "system_halt"


# Latches


def test_a_halt_stops_entries_and_takes_working_ones_back() -> None:
    """HaltChanged and CancelWorking at once; entries are refused until a resume."""
    rig = Rig()
    rig.ask("alpha", limit_order(1000, 9_000))
    events = rig.halt("odd venue")
    assert only(events, HaltChanged) == HaltChanged("", True, "operator", "anna", "odd venue")
    assert only(events, CancelWorking) == CancelWorking("", "operator")
    assert len(all_of(events, CancelOrder)) == 1
    decision = rig.decide("alpha", entry())
    assert (decision.reason, decision.figures["halt"]) == ("system_halt", "operator")
    assert rig.guardian.halted() == "operator"
    assert all_of(rig.halt("again"), HaltChanged) == []
    assert rig.resume()[0] == HaltChanged("", False, "operator", "ben", "looked at it")
    assert rig.decide("alpha", entry()).approved


def test_a_halt_of_one_desk_leaves_the_others() -> None:
    """desk_halt for the one; the other goes on; a resume of that desk or of all releases it."""
    rig = Rig()
    rig.halt(desk="alpha")
    assert rig.decide("alpha", entry()).reason == "desk_halt"
    assert rig.decide("beta", entry()).approved
    assert all_of(rig.resume(desk="beta"), HaltChanged) == []
    assert only(rig.resume(desk="alpha"), HaltChanged).desk == "alpha"
    rig.halt(desk="beta")
    assert only(rig.resume(), HaltChanged).desk == "beta"


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("ben", ""), (" ", "why"), ("ben", "\n")])
def test_a_resume_without_name_or_reason_changes_nothing(by: str, reason: str) -> None:
    """It is on record as an input, and that is all."""
    rig = Rig()
    rig.halt()
    assert rig.resume(by, reason) == []
    assert rig.guardian.halted() == "operator"


def test_money_moved_is_neither_profit_nor_loss() -> None:
    """A withdrawal trips no limit, a deposit hides no loss."""
    rig = Rig()
    rig.admit(CashMoved(-cash_of(5_000), "withdrawal"))
    figures = rig.decide("alpha", entry()).figures
    assert (figures["daily_loss"], figures["drawdown"]) == (0, 0)
    rig.admit(CashMoved(cash_of(90_000), "deposit"))
    figures = rig.decide("beta", entry()).figures
    assert (figures["daily_loss"], figures["drawdown"], figures["equity"]) == (0, 0, cash_of(95_000))


TIGHT = RiskSettings(daily_loss_max=share("0.01"), drawdown_max=share("0.03"), position_max=share("0.5"))


def test_a_daily_loss_latches_when_an_entry_meets_it() -> None:
    """Open positions count: the entry is refused by daily_loss_limit, and the latch takes working entries back."""
    rig = Rig(TIGHT, fee="0")
    rig.hold("alpha", "AAA", 20_000)
    rig.price("AAA", 95.0)
    assert rig.decide("beta", entry("BBB", kind="at the limit")).approved
    rig.price("AAA", 94.99)
    events = rig.ask("beta", entry("BBB"))
    decision = only(events, Decision)
    assert decision.reason == "daily_loss_limit"
    assert decision.figures["daily_loss"] == cash_of("100.2")
    assert decision.limits["daily_loss"] == cash_of(100)
    changed = only(events, HaltChanged)
    assert (changed.desk, changed.rule, changed.by) == ("", "daily_loss", "risk-guardian")
    assert changed.reason == "equity fell by 100.20, limit 100.00"
    assert only(events, CancelWorking).reason == "daily_loss"
    rig.price("AAA", 100.0)
    assert rig.decide("beta", entry("BBB")).reason == "system_halt", (
        "the latch holds though the price came back"
    )


def test_a_loss_latches_at_the_mark_and_after_a_trade() -> None:
    """Without any candidate the timer finds it; a closed trade finds it at once."""
    rig = Rig(TIGHT, fee="0")
    rig.hold("alpha", "AAA", 20_000)
    rig.price("AAA", 94.0)
    events = rig.wait(3600)
    assert only(events, EquityMarked).equity == cash_of(9_880)
    assert only(events, HaltChanged).rule == "daily_loss"

    rig = Rig(TIGHT, fee="0")
    rig.hold("alpha", "AAA", 20_000)
    rig.ask("alpha", entry(lots=-20_000, reduce_only=True))
    events = rig.bar("AAA", 94.0)
    marked = only(events, EquityMarked)
    assert (marked.equity, marked.realised, marked.open_positions) == (cash_of(9_880), -cash_of(120), 0)
    assert only(events, HaltChanged).rule == "daily_loss"


def test_midnight_begins_a_new_day_but_releases_no_latch() -> None:
    """The loss of yesterday is no loss of today; who was halted stays halted."""
    rig = Rig(TIGHT, fee="0")
    rig.hold("alpha", "AAA", 20_000)
    rig.price("AAA", 95.0)
    assert rig.decide("alpha", entry("BBB")).figures["daily_loss"] == cash_of(100)
    rig.wait((NEW_YEAR + DAY - rig.now) / SECOND)
    rig.price("BBB", 100.0)
    figures = rig.decide("beta", entry("BBB")).figures
    assert (figures["daily_loss"], figures["drawdown"]) == (0, cash_of(100))
    rig.price("AAA", 90.0)
    assert rig.decide("beta", entry("BBB", kind="more")).reason == "daily_loss_limit"
    rig.wait(86_400)
    rig.price("BBB", 100.0)
    decision = rig.decide("beta", entry("BBB", kind="more"))
    assert (decision.reason, decision.figures["halt"], decision.figures["daily_loss"]) == (
        "system_halt",
        "daily_loss",
        0,
    )


def test_a_daily_loss_that_is_resumed_counts_from_there() -> None:
    """The resume re-bases the day: the whole limit may be lost once more, and then it latches again."""
    rig = Rig(TIGHT, fee="0")
    rig.hold("alpha", "AAA", 20_000)
    rig.price("AAA", 94.0)
    assert rig.decide("beta", entry("BBB")).reason == "daily_loss_limit"
    rig.resume()
    figures = rig.decide("beta", entry("BBB")).figures
    assert (figures["daily_loss"], figures["drawdown"]) == (0, cash_of(120))
    rig.price("AAA", 89.0)
    assert rig.decide("alpha", entry("CCC")).reason == "daily_loss_limit"


def test_a_drawdown_latches_over_days_and_a_resume_moves_the_peak() -> None:
    """The peak is the highest equity seen; a resume of the drawdown makes today's equity the peak."""
    rig = Rig(TIGHT, fee="0")
    rig.hold("alpha", "AAA", 20_000)
    rig.price("AAA", 110.0)
    assert only(rig.wait(3600), EquityMarked).peak == cash_of(10_200)
    for price in (106.0, 102.0, 98.0):
        rig.wait(86_400)
        rig.price("AAA", price)
        rig.price("BBB", 100.0)
        assert rig.decide("beta", entry("BBB", kind=str(price))).approved
    rig.wait(86_400)
    rig.price("AAA", 94.0)
    rig.price("BBB", 100.0)
    events = rig.ask("beta", entry("BBB"))
    decision = only(events, Decision)
    assert (decision.reason, decision.figures["drawdown"], decision.limits["drawdown"]) == (
        "drawdown_halt",
        cash_of(320),
        cash_of(306),
    )
    assert only(events, HaltChanged).rule == "drawdown"
    assert only(rig.resume(), HaltChanged).rule == "drawdown"
    assert rig.guardian.state.peak == cash_of(9_880)
    assert rig.decide("beta", entry("BBB")).approved


def test_two_breakers_latch_and_release_together() -> None:
    """Neither hides the other, and one resume releases and re-bases both."""
    rig = Rig(TIGHT, fee="0")
    rig.hold("alpha", "AAA", 20_000)
    rig.price("AAA", 80.0)
    rules = [changed.rule for changed in all_of(rig.ask("beta", entry("BBB")), HaltChanged)]
    assert rules == ["daily_loss", "drawdown"]
    assert rig.guardian.latches() == ("/daily_loss", "/drawdown")
    assert [changed.rule for changed in all_of(rig.resume(), HaltChanged)] == rules
    assert rig.decide("beta", entry("BBB")).approved


# Faults


def test_entries_wait_after_a_fault_and_exits_do_not() -> None:
    """1 s after the first, 2 s after the second, of session time; the other desk never waits."""
    rig = Rig()
    rig.hold("alpha", "AAA", 1000)
    for wait_s in (1, 2, 4, 8):
        rig.wait(1)
        assert all_of(rig.fault("alpha"), HaltChanged) == []
        rig.wait(wait_s - 0.001)
        decision = rig.decide("alpha", entry("BBB"))
        assert (decision.reason, decision.figures["backoff_left_ms"]) == ("desk_halt", 1)
        assert rig.decide("alpha", entry(lots=-10, reduce_only=True)).approved
        assert rig.decide("beta", entry("BBB", kind=f"after {wait_s}")).approved
        rig.wait(0.001)
        assert rig.decide("alpha", entry("CCC", kind=f"after {wait_s}")).approved


def test_five_faults_in_ten_minutes_latch_the_desk() -> None:
    """Its working entries are taken back, its entries refused until a resume, which forgets the faults."""
    rig = Rig()
    rig.ask("alpha", limit_order(1000, 9_000))
    rig.ask("beta", limit_order(1000, 9_000))
    for _ in range(4):
        assert all_of(rig.fault("alpha"), HaltChanged) == []
    events = rig.fault("alpha")
    changed = only(events, HaltChanged)
    assert (changed.desk, changed.rule) == ("alpha", "faults")
    assert changed.reason == "5 faults in ten minutes, the last: ValueError: odd bar"
    assert only(events, CancelWorking) == CancelWorking("alpha", "faults")
    assert len(all_of(events, CancelOrder)) == 1
    rig.wait(3600)
    rig.price("AAA", 100.0)
    assert rig.decide("alpha", entry()).figures["desk_halt"] == "faults"
    assert rig.decide("beta", entry(kind="late")).approved
    rig.resume(desk="alpha")
    assert rig.decide("alpha", entry()).approved
    assert rig.guardian.state.backoffs == {}


def test_a_fault_of_no_desk_halts_all() -> None:
    """A packet that was withheld from everybody latches the session."""
    rig = Rig()
    assert only(rig.fault(""), HaltChanged).rule == "quarantine"
    assert rig.decide("alpha", entry()).figures["halt"] == "quarantine"


# Runs and snapshots


def test_a_run_that_follows_another_takes_over_its_latches() -> None:
    """Latches go from run to run by name; the baselines begin at the equity handed over."""
    first = Rig()
    first.halt(desk="alpha")
    first.fault("")
    second = Rig(cash="0")
    held = PositionRecord("alpha", "AAA", "AAA", 1000, cash_of(100), START)
    events = second.admit(Opened("run-1", cash_of(900), (held,), latches=first.guardian.latches()))
    assert [(one.desk, one.rule) for one in all_of(events, HaltChanged)] == [
        ("alpha", "operator"),
        ("", "quarantine"),
    ]
    assert second.guardian.state.day_equity == second.guardian.state.peak == cash_of(1000)
    assert second.guardian.halted("alpha") == "quarantine"
    assert len(all_of(second.resume(), HaltChanged)) == 2


def test_the_state_survives_a_snapshot() -> None:
    """Every part of it is plain: written, read, equal, and judged the same."""
    rig = Rig()
    rig.ask("alpha", entry())
    rig.fault("beta")
    rig.halt(desk="beta")
    state = rig.guardian.state
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(state))
    assert again == state
    rig.guardian.state = again
    assert rig.decide("alpha", entry()).reason == "duplicate"
    assert rig.decide("beta", entry()).reason == "desk_halt"


def test_memory_is_flat() -> None:
    """After many trades nothing is kept of them."""
    rig = Rig(RiskSettings(orders_per_minute_max=5))
    for _ in range(30):
        rig.ask("alpha", entry())
        rig.bar("AAA", 100.0)
        rig.ask("alpha", entry(lots=-1000, reduce_only=True))
        rig.bar("AAA", 100.0)
    state = rig.guardian.state
    assert state.reservations == {}
    assert len(state.entered["alpha"]) <= 2


def test_marks_come_hourly_and_know_the_account() -> None:
    """An EquityMarked at each full hour of session time, with cash, cost and equity apart."""
    rig = Rig(fee="0")
    rig.hold("alpha", "AAA", 1000)
    rig.price("AAA", 110.0)
    marks = all_of(rig.wait(2 * 3600), EquityMarked)
    assert [(mark.ts_event - START) // MINUTE for mark in marks] == [60, 120]
    mark = marks[0]
    assert (mark.cash, mark.cost, mark.equity, mark.peak, mark.open_positions) == (
        cash_of(9_900),
        cash_of(100),
        cash_of(10_010),
        cash_of(10_010),
        1,
    )


def test_a_flatten_of_another_account_is_not_ours() -> None:
    """Nothing happens to this one."""
    rig = Rig()
    assert rig.flatten(account="live-7") == []
    assert rig.guardian.halted() == ""


def test_an_operator_needs_no_name_to_halt() -> None:
    """Stopping is never refused."""
    rig = Rig()
    rig.admit(Operator(Order.HALT, "", ""))
    assert rig.guardian.halted() == "operator"


def test_the_latch_file_halts_under_its_own_name() -> None:
    """kill_file is a rule of its own, beside what people say to a running session; a resume releases both."""
    rig = Rig()
    found = Operator(Order.HALT, "anna", "halt.latch was found", latch=True)
    assert only(rig.admit(found), HaltChanged).rule == "kill_file"
    decision = rig.decide("alpha", entry())
    assert (decision.reason, decision.figures["kill_file"], decision.figures["halt"]) == (
        "kill_file",
        True,
        "",
    )
    assert rig.guardian.halted() == "kill_file"
    rig.halt()
    assert rig.decide("alpha", entry()).reason == "system_halt"
    assert [changed.rule for changed in all_of(rig.resume(), HaltChanged)] == ["kill_file", "operator"]
    assert rig.decide("alpha", entry()).approved


def test_midnight_tells_what_the_day_made() -> None:
    """daily_reset: one event a day, with the equity that the new day's loss counts from."""
    rig = Rig(fee="0")
    rig.hold("alpha", "AAA", 10_000)
    rig.price("AAA", 103.0)
    resets = all_of(rig.wait((NEW_YEAR + 2 * DAY - rig.now) / SECOND), DailyReset)
    assert resets == [
        DailyReset(NEW_YEAR + DAY, cash_of(10_030), cash_of(30)),
        DailyReset(NEW_YEAR + 2 * DAY, cash_of(10_030), 0),
    ]
    assert rig.guardian.state.day_equity == cash_of(10_030)


def test_a_run_that_follows_another_counts_the_drawdown_from_its_peak() -> None:
    """What was lost before the change of code is lost still; a peak below the equity means nothing."""
    rig = Rig(TIGHT, cash="0")
    rig.admit(Opened("run-1", cash_of(9_800), (), peak=cash_of(10_000)))
    assert rig.guardian.state.peak == cash_of(10_000)
    assert rig.decide("alpha", entry()).figures["drawdown"] == cash_of(200)
    rig = Rig(TIGHT, cash="0")
    rig.admit(Opened("run-1", cash_of(9_600), (), peak=cash_of(10_000)))
    assert rig.decide("alpha", entry()).reason == "drawdown_halt"
    rig = Rig(TIGHT, cash="0")
    rig.admit(Opened("run-1", cash_of(9_600), (), peak=cash_of(100)))
    assert rig.guardian.state.peak == cash_of(9_600)


def test_a_resume_of_the_drawdown_marks_the_account() -> None:
    """The peak that counts from now on is on record, for whoever takes the run over."""
    rig = Rig(TIGHT, fee="0")
    rig.hold("alpha", "AAA", 20_000)
    rig.price("AAA", 80.0)
    rig.decide("beta", entry("BBB"))
    assert only(rig.resume(), EquityMarked).peak == cash_of(9_600)
    assert all_of(rig.resume(), EquityMarked) == []
