"""What is worth telling: which packet makes which alert, with its figures and the next step."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.events import Event, Quarantined, Resumed, TimeAdvanced
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import (
    CashMoved,
    EquityMarked,
    Opened,
    PositionChanged,
    PositionRecord,
    ResolutionOverdue,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.execution.intents import TimeInForce
from tradeworthy.execution.orders import OrderObserved, OrderStatus, PlaceOrder
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import CASH_UNIT, InstrumentDelisted, Side
from tradeworthy.market.predictions import Market, MarketDisputed, MarketOpened
from tradeworthy.risk.operators import DailyReset, HaltChanged, HealthObserved
from tradeworthy.risk.stance import Posture, PostureChanged
from tradeworthy.store.alert_rules import DRAWDOWN_PPM, GROUP_NS, SILENCE_NS, AlertRules
from tradeworthy.store.alerts import SEVERITIES, TITLES_MAX, Alert, AlertState, Severity

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
BEGIN = 1_700_000_000 * SECOND // DAY * DAY
MARKET, YES = "polymarket:0xa", "polymarket:0xa:YES"
SNIPER = f"oracle-sniper@{YES}"
QUESTION = "Bitcoin above $97,000 on January 1?"

Take = Callable[..., list[Alert]]


@pytest.fixture
def rules() -> AlertRules:
    """Those of a run that is told from its beginning."""
    return AlertRules(AlertState())


@pytest.fixture
def take(rules: AlertRules) -> Take:
    """Hands an event over, at a second of session time."""
    numbers = itertools.count(1)

    def give(event: Event, at_s: float = 0.0) -> list[Alert]:
        seq = next(numbers)
        return rules.take(Packet(seq, seq, 0, BEGIN + round(at_s * SECOND), "feed", event))

    return give


def the(alerts: list[Alert]) -> Alert:
    """The only one."""
    (alert,) = alerts
    return alert


def placed(candidate: int = 7, *, side: Side = Side.BUY, reduce_only: bool = False) -> PlaceOrder:
    """An order of the sniper's."""
    return PlaceOrder(
        f"{candidate}.0", candidate, "arbitrage", SNIPER, YES, side, 100, 45, TimeInForce.FAK, 0, reduce_only, "gap"
    )  # fmt: skip


def held(lots: int, cost: int) -> PositionChanged:
    """What the sniper holds, at a cost in whole currency."""
    return PositionChanged("arbitrage", SNIPER, YES, lots, cost * CASH_UNIT, 0, 0, BEGIN)


def filled(candidate: int = 7, outcome: Outcome = Outcome.FILLED, share: float = 1.0) -> Verdict:
    """How the candidate ended."""
    return Verdict(candidate, "arbitrage", outcome, "filled", share, {"fees": CASH_UNIT // 2})


def closed(pnl: int) -> TradeClosed:
    """A round trip of 45 in, with its result in whole currency."""
    return TradeClosed(
        "arbitrage", SNIPER, YES, Side.BUY, 100, 45 * CASH_UNIT, (45 + pnl) * CASH_UNIT, 0, pnl * CASH_UNIT,
        BEGIN, BEGIN + 300 * SECOND, "settled", 0, 7,
    )  # fmt: skip


def marked(equity: int, peak: int = 10_000) -> EquityMarked:
    """The account, in whole currency."""
    return EquityMarked(BEGIN, 0, 0, equity * CASH_UNIT, 0, 0, peak * CASH_UNIT, 0)


def test_a_run_starts_once(take: Take) -> None:
    """H10: with its cash; money that comes later is no start."""
    alert = the(take(CashMoved(500 * CASH_UNIT, "initial cash")))
    assert (alert.severity, alert.title) == (Severity.LOW, "Started")
    assert "500.00 in cash" in alert.text
    assert take(CashMoved(500 * CASH_UNIT, "deposit")) == []


def test_a_run_that_follows_another_says_what_it_took_over(take: Take, rules: AlertRules) -> None:
    """H10: cash, positions and latches; what it holds is known from then on."""
    books = (PositionRecord("arbitrage", SNIPER, YES, 100, 45 * CASH_UNIT, BEGIN),)
    alert = the(take(Opened("pilot-1", 455 * CASH_UNIT, books, latches=("/drawdown",))))
    assert "from pilot-1 with 455.00 in cash and 1 open positions. Still halted: /drawdown." in alert.text
    assert the(take(MarketDisputed(MARKET, BEGIN))).severity is Severity.HIGH


def test_an_entry_is_one_trade_however_many_fills_it_took(take: Take) -> None:
    """H10: when its candidate ends: what it cost with all fills, the fees, and where to look."""
    assert take(placed()) == take(held(60, 27)) == take(held(100, 45)) == []
    alert = the(take(filled()))
    assert (alert.severity, alert.title) == (Severity.NORMAL, f"Trade: oracle-sniper bought {YES}")
    assert alert.text == "Cost 45.00, fees 0.50. `tradeworthy trace 7` shows the path."


def test_what_was_held_before_is_no_part_of_an_entry(take: Take) -> None:
    """An addition costs what it adds, and says how much of it was filled."""
    take(placed(7))
    take(held(100, 45))
    take(filled(7))
    take(placed(8))
    take(held(150, 67))
    assert "Cost 22.00, fees 0.50 (50% of what was asked, filled)" in the(take(filled(8, share=0.5))).text


def test_an_exit_is_told_by_the_trade_that_it_closes(take: Take) -> None:
    """H10: with its result; the order that only reduces makes no alert of its own."""
    take(placed())
    take(held(100, 45))
    take(filled())
    take(placed(9, side=Side.SELL, reduce_only=True))
    take(held(0, 0))
    alert = the(take(closed(2)))
    assert take(filled(9)) == []
    assert (alert.severity, alert.title) == (
        Severity.NORMAL,
        f"Trade: oracle-sniper closed {YES}, P&L +2.00",
    )
    assert alert.text.startswith("In for 45.00, out for 47.00, fees 0.00: +4.44% after 5 min, settled. `")
    assert "+2.00" not in alert.text, "the title has said it"


def test_a_trade_that_failed_is_told(take: Take) -> None:
    """H10: an order that the venue lost, and a fill that is void."""
    take(placed())
    alert = the(take(filled(outcome=Outcome.FAILED, share=0.0)))
    assert (alert.severity, alert.title) == (Severity.HIGH, f"Trade FAILED: oracle-sniper bought {YES}")
    assert alert.text.startswith("Nothing is held of it: filled. `")
    void = TradeReversed(
        "arbitrage", SNIPER, YES, Side.BUY, 100, 0, 2 * CASH_UNIT, BEGIN, 9, BEGIN, "chain reorg"
    )
    alert = the(take(void))
    assert alert.title == f"Trade FAILED: oracle-sniper, {YES} is void"
    assert "P&L of +2.00 is taken back" in alert.text


def listed(market: str = MARKET, title: str = QUESTION) -> MarketOpened:
    """A market that asks `title`."""
    return MarketOpened(Market(market, "polymarket", "0xa", title, f"{market}:YES", f"{market}:NO"))


def test_a_market_is_called_by_what_it_asks(take: Take) -> None:
    """H10: title and outcome in the place of ids, from entry to exit, and in what becomes of its resolution."""
    take(listed())
    take(placed())
    take(held(100, 45))
    assert the(take(filled())).title == f"Trade: oracle-sniper bought YES of {QUESTION}"
    assert the(take(MarketDisputed(MARKET, BEGIN))).title == f"Resolution disputed: {QUESTION}"
    take(held(0, 0))
    assert the(take(closed(2))).title == f"Trade: oracle-sniper closed YES of {QUESTION}, P&L +2.00"


def test_titles_are_forgotten_with_their_tokens(take: Take, rules: AlertRules) -> None:
    """A10: what is remembered is bounded; who opens beyond that goes by an id."""
    for number in range(TITLES_MAX + 1):
        take(listed(f"polymarket:{number}", "Is it?"))
    assert len(rules.state.titles) == TITLES_MAX
    take(listed(f"polymarket:{TITLES_MAX - 1}", "Will it?"))
    assert rules.state.titles[f"polymarket:{TITLES_MAX - 1}"] == "Will it?"
    take(InstrumentDelisted("polymarket:0:YES"))
    take(InstrumentDelisted("polymarket:0:NO"))
    assert len(rules.state.titles) == TITLES_MAX - 1
    take(listed())
    assert rules.state.titles[MARKET] == QUESTION


def test_a_strategy_that_is_a_timeframe_has_its_desk_with_it(take: Take) -> None:
    """`1m` alone names nobody."""
    place = msgspec.structs.replace(placed(), desk="uptrend", position="1m@PEPX", instrument="PEPX")
    take(place)
    take(PositionChanged("uptrend", "1m@PEPX", "PEPX", 60, 9 * CASH_UNIT, 0, 0, BEGIN))
    assert the(take(filled())).title == "Trade: uptrend 1m bought PEPX"


def test_an_entry_that_nobody_filled_is_no_news(take: Take) -> None:
    """Expired, cancelled and refused candidates are in the tables; a pilot has hundreds of them."""
    take(placed())
    assert take(filled(outcome=Outcome.CANCELLED, share=0.0)) == []


def test_an_order_that_the_venue_does_not_know_is_a_mismatch(take: Take) -> None:
    """H10: what was sent, and that it counts as rejected."""
    alert = the(take(OrderObserved("7.0", OrderStatus.REJECTED, BEGIN, "not_at_venue")))
    assert (alert.severity, alert.title) == (Severity.HIGH, "Reconciliation mismatch")
    assert "Order 7.0" in alert.text


def refusal(rule: str) -> Decision:
    """A no of the guardian's."""
    return Decision("risk-guardian", 7, "arbitrage", False, rule, {}, {})


def test_refusals_are_low_and_grouped_by_rule(take: Take) -> None:
    """H10: the first, then one an hour with the count; another rule is another group."""
    first = the(take(refusal("position_limit")))
    assert (first.severity, first.title) == (Severity.LOW, "Refused: arbitrage, position limit")
    assert first.text.startswith("Once by risk-guardian. See why with")
    assert [take(refusal("position_limit"), at) for at in (1, 2, 3)] == [[], [], []]
    assert the(take(refusal("cash"), 4)).title == "Refused: arbitrage, cash"
    again = the(take(refusal("position_limit"), GROUP_NS / SECOND))
    assert again.text.startswith("4 times by risk-guardian")
    assert take(Decision("risk-guardian", 8, "arbitrage", True, "", {}, {})) == []


@pytest.mark.parametrize(
    ("desk", "rule", "title", "resume"),
    [
        ("", "drawdown", "TRADING HALTED", "tradeworthy resume --by NAME"),
        ("", "operator", "TRADING HALTED", "tradeworthy resume --by NAME"),
        ("uptrend", "operator", "TRADING HALTED: uptrend", "tradeworthy resume --desk uptrend --by NAME"),
        ("uptrend", "faults", "AGENT DEAD: uptrend", "tradeworthy resume --desk uptrend --by NAME"),
    ],
)
def test_a_halt_is_critical_and_lasts_until_it_is_released(
    take: Take, desk: str, rule: str, title: str, resume: str
) -> None:
    """H10: with the command that ends it; the release of that latch ends that alert."""
    alert = the(take(HaltChanged(desk, halted=True, rule=rule, by="ann", reason="20 % lost")))
    assert (alert.severity, alert.title, alert.lasting) == (Severity.CRITICAL, title, True)
    assert resume in alert.text
    assert "20 % lost" in alert.text
    release = the(take(HaltChanged(desk, halted=False, rule=rule, by="ann", reason="fine")))
    assert (release.severity, release.ends) == (Severity.NORMAL, alert.key)


def test_a_desk_that_raised_is_a_crash(take: Take) -> None:
    """H10, A10: which packet, which error, and what becomes of the desk."""
    alert = the(take(Quarantined(41, "uptrend", "ZeroDivisionError: division by zero")))
    assert (alert.severity, alert.title) == (Severity.CRITICAL, "CRASH: uptrend")
    assert "Packet 41 was withheld from uptrend: ZeroDivisionError" in alert.text
    assert the(take(Quarantined(42, "", "the process died twice"))).title == "CRASH: all"


def test_a_gateway_is_told_when_it_falls_and_when_it_is_back(take: Take) -> None:
    """H10, A11: once each, however often it says the same."""
    crash = the(take(HealthObserved("binance", ok=False, word="gateway_crashed")))
    assert (crash.severity, crash.title) == (Severity.CRITICAL, "CRASH: binance")
    assert take(HealthObserved("binance", ok=False, word="gateway_crashed")) == []
    stale = the(take(HealthObserved("binance", ok=False, word="agent_stale")))
    assert (stale.severity, stale.title) == (Severity.HIGH, "Feed stale: binance")
    assert stale.text.startswith("It says: agent stale.")
    back = the(take(HealthObserved("binance", ok=True, word="gateway_back")))
    assert (back.severity, back.title) == (Severity.LOW, "Well again: binance")
    assert take(HealthObserved("binance", ok=True)) == []


def test_a_clock_that_is_off_is_told_though_it_calls_itself_well(take: Take) -> None:
    """Section 25: a second of skew."""
    alert = the(take(HealthObserved("clock", ok=True, figure=-1.5)))
    assert (alert.severity, alert.title) == (Severity.HIGH, "Clock skew")
    assert "skew of -1.5 s. Set the machine's clock by NTP." in alert.text
    assert take(HealthObserved("clock", ok=True, figure=2.5)) == []
    assert the(take(HealthObserved("clock", ok=True, figure=0.01))).title == "Well again: clock"


def test_a_gap_without_the_process_is_told(take: Take) -> None:
    """A9: how long it was."""
    alert = the(take(Resumed(3_780 * SECOND)))
    assert (alert.title, alert.severity) == ("Resumed after a gap", Severity.NORMAL)
    assert "away for 1 h 3 min" in alert.text


def test_a_drawdown_is_told_once_for_each_crossing(take: Take) -> None:
    """H10: beyond 2 % of the peak; at 2 % it is not."""
    assert DRAWDOWN_PPM == 20_000
    assert take(marked(9_800)) == []
    alert = the(take(marked(9_799)))
    assert (alert.severity, alert.title) == (Severity.HIGH, "Drawdown of 2.01%")
    assert "Equity 9799.00 is 201.00 under its peak of 10000.00" in alert.text
    assert take(marked(9_000)) == take(marked(9_900)) == []
    assert the(take(marked(9_790))).title == "Drawdown of 2.10%"


def test_a_day_ends_with_its_summary(take: Take) -> None:
    """H10: the day's P&L, trades and win rate; the next day counts anew, and a void trade is taken back."""
    for pnl in (2, -1, 3):
        take(closed(pnl))
    take(TradeReversed("arbitrage", SNIPER, YES, Side.BUY, 1, 0, 3 * CASH_UNIT, BEGIN, 9, BEGIN, "void"))
    alert = the(take(DailyReset(BEGIN + DAY, 10_100 * CASH_UNIT, 100 * CASH_UNIT), DAY / SECOND))
    assert (alert.severity, alert.title) == (Severity.LOW, "Daily Summary")
    assert "2023-11-14: P&L +100.00 (+1.00%), 2 trades closed, won 1 (50%), equity 10100.00" in alert.text
    quiet = the(take(DailyReset(BEGIN + 2 * DAY, 10_100 * CASH_UNIT, 0), 2 * DAY / SECOND))
    assert "2023-11-15: P&L +0.00 (+0.00%), 0 trades closed, equity" in quiet.text


def test_the_strictest_posture_is_told(take: Take) -> None:
    """Entries stop, so a person hears why."""
    stress = (1.0, 0.0, 0.0, 0.0, 0.0)
    alert = the(take(PostureChanged(Posture.HIBERNATE, Posture.APEX, 0.1, stress, "hard 1")))
    assert alert.title == "Posture HIBERNATE"
    assert take(PostureChanged(Posture.TURTLE, Posture.HIBERNATE, 0.5, stress, "hard 0.5")) == []


def test_a_resolution_matters_by_what_waits_for_it(take: Take) -> None:
    """Section 25: disputed and overdue are high where money is held, low where none is."""
    assert the(take(MarketDisputed("polymarket:0xb", BEGIN))).severity is Severity.LOW
    take(held(100, 45))
    disputed = the(take(MarketDisputed(MARKET, BEGIN, "bond posted")))
    overdue = the(take(ResolutionOverdue(MARKET, BEGIN, held=True), 1_810))
    assert (disputed.severity, overdue.severity) == (Severity.HIGH, Severity.HIGH)
    assert disputed.text.startswith("Bond posted; positions that cost 45.00 wait for it")
    assert overdue.text.startswith("It ended 30 min 10 s ago")
    take(held(0, 0))
    assert the(take(ResolutionOverdue(MARKET, BEGIN, held=False), 1_810)).severity is Severity.LOW


def test_a_hole_in_a_feed_is_told_beyond_a_minute(take: Take) -> None:
    """Section 25: holes of one feed are grouped by the hour."""
    short = FeedGap("recorded", "BTC", BEGIN, BEGIN + SILENCE_NS, "missing")
    long = FeedGap("recorded", "ETH", BEGIN, BEGIN + 3 * SILENCE_NS, "missing")
    assert take(short, 60) == []
    alert = the(take(long, 180))
    assert (alert.severity, alert.title) == (Severity.NORMAL, "Feed gap: recorded")
    assert "Once, the last of ETH for 3 min (missing)" in alert.text
    assert take(long, 190) == []


def test_silence_after_a_break_is_told_beyond_a_minute(take: Take) -> None:
    """Section 25, H10: once, by whatever packet comes then; data that come before end it."""
    broken = FeedGap("binance", "BTC", BEGIN, BEGIN, "connection lost")
    take(broken)
    assert take(TimeAdvanced(), 60) == []
    alert = the(take(TimeAdvanced(), 61))
    assert (alert.severity, alert.title) == (Severity.HIGH, "Feed stale: binance")
    assert "Nothing of BTC for 1 min 1 s (connection lost)" in alert.text
    assert take(TimeAdvanced(), 500) == []
    take(broken, 500)
    take(BookChanged("BTC", BEGIN, (Level(1, 1),), ()), 510)
    assert take(TimeAdvanced(), 900) == []


def test_any_data_end_the_silence_of_a_whole_feed(take: Take) -> None:
    """A crash of the gateway breaks all of it; the first price says that it is back."""
    take(FeedGap("binance", "", BEGIN, BEGIN, "gateway_crashed"))
    take(PriceObserved("ETH", 3_000.0, BEGIN), 30)
    assert take(TimeAdvanced(), 100) == []


def test_many_silent_instruments_are_one_alert(take: Take) -> None:
    """With the first of them, and how many more there are."""
    for name in ("A", "B", "C", "D", "E"):
        take(FeedGap("binance", name, BEGIN, BEGIN, "connection lost"))
    assert "Nothing of A, B, C and 2 more" in the(take(TimeAdvanced(), 120)).text


def test_most_packets_need_not_be_decoded(take: Take, rules: AlertRules) -> None:
    """Books and prices are wanted only while a feed is silent."""
    assert not any(rules.wants(name) for name in ("BookChanged", "PriceObserved", "TimeAdvanced"))
    assert rules.wants("HaltChanged")
    take(FeedGap("binance", "BTC", BEGIN, BEGIN, "connection lost"))
    assert rules.wants("BookChanged")


def test_severities_are_ordered() -> None:
    """From what may wait to what may not."""
    assert [severity.rank for severity in SEVERITIES] == [0, 1, 2, 3]


EVENTS = (
    CashMoved(500 * CASH_UNIT, "initial cash"),
    listed(),
    InstrumentDelisted(YES),
    placed(),
    held(60, 27),
    held(100, 45),
    filled(),
    held(0, 0),
    closed(2),
    refusal("cash"),
    HealthObserved("binance", ok=False, word="agent_stale"),
    HealthObserved("binance", ok=True),
    FeedGap("binance", "BTC", BEGIN, BEGIN, "connection lost"),
    TimeAdvanced(),
    marked(9_000),
    marked(9_990),
    DailyReset(BEGIN, 0, 0),
)


@given(
    events=st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 100)), max_size=40),
    cut=st.integers(0, 40),
)
def test_who_goes_on_from_the_state_on_disk_tells_the_same(events: list[tuple[Event, int]], cut: int) -> None:
    """A9: a notifier that was killed, and a projector that lost its database, make the same alerts."""
    ts, packets = BEGIN, []
    for seq, (event, later_s) in enumerate(events, 1):
        ts += later_s * SECOND
        packets.append(Packet(seq, seq, 0, ts, "feed", event))
    whole, first = AlertRules(AlertState()), AlertRules(AlertState())
    expected = [alert for packet in packets for alert in whole.take(packet)]
    told = [alert for packet in packets[:cut] for alert in first.take(packet)]
    second = AlertRules(msgspec.json.decode(msgspec.json.encode(first.state), type=AlertState))
    told += [alert for packet in packets[cut:] for alert in second.take(packet)]
    assert told == expected
    assert second.state == whole.state
