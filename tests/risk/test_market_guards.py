"""The market rules through the core: each refuses with its code when its fact goes bad, and names it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.risk.market_rig import DESK, MarketRig, one, pair, question, token
from tests.risk.rig import SECOND, START, only
from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.events import Resumed
from tradeworthy.execution.intents import Intent
from tradeworthy.execution.orders import PlaceOrder
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import InstrumentChanged, Side
from tradeworthy.market.money import cash_of
from tradeworthy.market.predictions import MarketClosed, MarketDisputed, MarketOpened, MarketResolved
from tradeworthy.risk.guards import RULES

Spoil = Callable[[MarketRig], object]


def test_a_good_request_is_approved_with_every_figure() -> None:
    """The worked message flow: one decision on what a strategy proposes, and its order (A4, P2)."""
    rig = MarketRig()
    events = rig.ask(one())
    decision = only(events, Decision)
    assert (decision.approved, decision.reason, decision.desk) == (True, "", DESK)
    assert list(decision.figures) == ["equity", *(rule.figure for rule in RULES)]
    figures = {
        name: decision.figures[name] for name in ("position", "event", "underlying", "venue", "portfolio")
    }
    assert figures == dict.fromkeys(figures, cash_of(8))
    assert decision.figures["spread_bps"] == 100
    assert decision.figures["time_left_ms"] == 900_000
    assert only(events, PlaceOrder).candidate == decision.candidate
    assert only(events, Verdict).outcome is Outcome.FILLED


def test_an_intent_of_its_own_candidate_is_judged_the_same() -> None:
    """IntentProposed or TradeCandidate: the same rules, figures and limits."""
    proposed, at_once = MarketRig().decide(one()), only(MarketRig().ask_at_once(one()), Decision)
    assert (proposed.figures, proposed.limits) == (at_once.figures, at_once.limits)


def test_a_refused_proposal_is_its_candidates_end() -> None:
    """One decision and one verdict for the candidate that another part opened (P2)."""
    rig = MarketRig()
    events = rig.ask(one(shares=200))
    decision, verdict = only(events, Decision), only(events, Verdict)
    assert (decision.approved, decision.reason) == (False, "position_limit")
    assert (verdict.candidate, verdict.outcome, verdict.reason) == (
        decision.candidate,
        Outcome.REJECTED,
        "position_limit",
    )
    assert rig.sequencer.candidates.open == {}
    assert rig.guardian.reserved() == 0


def reprice(rig: MarketRig) -> object:
    """BTC runs away from books that stay as they were for 40 s."""
    rig.wait(40)
    rig.refresh()
    return rig.admit(PriceObserved("BTC", 99_000.0, rig.now))


def carry(rig: MarketRig) -> object:
    """Market a turns out to be the window that follows one with the same book."""
    before = question("w", series="s", start_ts=START - 600 * SECOND, end_ts=START - 300 * SECOND)
    rig.open(before)
    rig.book(token("w"))
    after = question("a", series="s", event="E", start_ts=START - 300 * SECOND, title="BTC a")
    return rig.admit(MarketOpened(after))


def unsettle(rig: MarketRig) -> object:
    """Market a turns out to be of a series whose quotes never settled."""
    rig.freshness.state.unsettled["s"] = "polymarket:w"
    return rig.admit(MarketOpened(question("a", series="s", event="E", title="BTC a")))


def reopen(**changes: Any) -> Spoil:
    """The venue says something else of market a."""
    return lambda rig: rig.admit(MarketOpened(question("a", event="E", title="BTC a", **changes)))


@pytest.mark.parametrize(
    ("code", "figure", "value", "spoil"),
    [
        (
            "stale_data",
            "book_age_ms",
            3001,
            lambda rig: (rig.wait(3.001), rig.admit(PriceObserved("BTC", 97_500.0, rig.now))),
        ),
        ("stale_data", "oracle_age_ms", 2001, lambda rig: (rig.wait(2.001), rig.book(token("a")))),
        ("stale_data", "oracle_age_ms", None, lambda rig: rig.oracles.state.symbols.clear()),
        (
            "stale_data",
            "book_fault",
            "polymarket:a:YES: no_book",
            lambda rig: rig.admit(FeedGap("f", token("a"), 0, 0, "lost")),
        ),
        ("stale_data", "book_fault", "polymarket:a:YES: no_book", lambda rig: rig.admit(Resumed(SECOND))),
        ("stale_data", "book_fault", "polymarket:a:YES: frozen_book", reprice),
        ("stale_data", "book_fault", "polymarket:a:YES: carried_over", carry),
        ("stale_data", "book_fault", "polymarket:a:YES: never_settled", unsettle),
        ("degenerate_book", "one_sided", token("a"), lambda rig: rig.book(token("a"), bid=0)),
        ("degenerate_book", "spread_bps", 1600, lambda rig: rig.book(token("a"), bid=24)),
        (
            "market_not_tradable",
            "untradable",
            "polymarket:a: closed",
            lambda rig: rig.admit(MarketClosed("polymarket:a", 0)),
        ),
        (
            "market_not_tradable",
            "untradable",
            "polymarket:a: disputed",
            lambda rig: rig.admit(MarketDisputed("polymarket:a", 0)),
        ),
        (
            "market_not_tradable",
            "untradable",
            "polymarket:a: resolved",
            lambda rig: rig.admit(MarketResolved("polymarket:a", 0, 0)),
        ),
        (
            "market_not_tradable",
            "untradable",
            "polymarket:a: not_accepting_orders",
            reopen(accepting_orders=False),
        ),
        ("market_not_tradable", "untradable", "polymarket:a: no_order_book", reopen(order_book=False)),
        ("market_not_tradable", "time_left_ms", 19_999, reopen(end_ts=START + 20 * SECOND - 1)),
        ("slippage_guard", "lots_short", 1000, lambda rig: rig.book(token("a"), lots=1000)),
        ("slippage_guard", "slippage_bps", 500, lambda rig: rig.book(token("a"), bid=41, ask=42)),
    ],
)
def test_a_bad_market_or_book_is_refused_by_name(code: str, figure: str, value: object, spoil: Spoil) -> None:
    """Each fact that goes bad refuses the request that was good before, and no other rule is named (P2)."""
    rig = MarketRig()
    spoil(rig)
    events = rig.ask(one())
    decision = only(events, Decision)
    assert (decision.approved, decision.reason, decision.figures[figure]) == (False, code, value)
    assert only(events, Verdict).figures == {figure: value}


@pytest.mark.parametrize(
    ("code", "intent", "figure"),
    [
        ("unfit_order", one(shares=4.99), "polymarket:a:YES: 499 lots, 500 to "),
        ("unfit_order", one(ticks=0), "polymarket:a:YES: limit of 0 ticks, 1 to 99"),
        ("unfit_order", one(ticks=100), "polymarket:a:YES: limit of 100 ticks, 1 to 99"),
        ("minimum_profit", one(edge="0.04999999"), None),
        ("request_expired", one(expires_at=START), None),
    ],
)
def test_a_bad_request_is_refused_by_name(code: str, intent: Intent, figure: str | None) -> None:
    """What is wrong with the request itself, at the edge of each bound (P2)."""
    decision = MarketRig().decide(intent)
    assert decision.reason == code
    if figure:
        assert str(decision.figures["unfit_order"]).startswith(figure)


def test_the_smallest_notional_is_the_instruments() -> None:
    """A marketable order of less than the venue's 1 is unfit; an exit of it is not asked."""
    rig = MarketRig()
    small = msgspec.structs.replace(rig.listing.instrument(token("a")), notional_min=Decimal(1), lots_min=1)
    rig.admit(InstrumentChanged(small))
    rig.book(token("a"))
    assert (
        rig.decide(one(shares=2.49)).figures["unfit_order"] == "polymarket:a:YES: 0.996 of it, at least 1.00"
    )
    assert rig.decide(one(shares=2.5)).approved
    assert (
        rig.decide(one(shares=1, side=Side.SELL, ticks=39, reduce_only=True), "exit").figures["unfit_order"]
        == ""
    )


def test_slippage_is_recomputed_on_shares_in_the_present_book() -> None:
    """20 shares at 40 limit, 10 of them only at 41: 10 cents beyond the limit, 125 bps; half the edge is the bound."""
    rig = MarketRig(slippage_bps_max=125)
    rig.admit(BookChanged(token("a"), rig.now, (Level(39, 100),), (Level(40, 1000), Level(41, 1000))))
    decision = rig.decide(one(edge="0.2"))
    assert decision.approved
    assert (decision.figures["slippage"], decision.limits["slippage"]) == (cash_of("0.1"), cash_of("0.1"))
    assert decision.figures["slippage_bps"] == 125
    rig = MarketRig()
    rig.admit(BookChanged(token("a"), rig.now, (Level(39, 100),), (Level(40, 1000), Level(41, 1000))))
    refused = rig.decide(one(edge="0.199999"))
    assert (refused.reason, refused.limits["slippage"]) == ("slippage_guard", cash_of("0.0999995"))


def test_a_sale_slips_downwards() -> None:
    """Bids below the limit cost as much as asks above it."""
    rig = MarketRig(position_max="1")
    rig.admit(BookChanged(token("a"), rig.now, (Level(38, 9000),), (Level(40, 9000),)))
    decision = rig.decide(one(side=Side.SELL, ticks=39))
    assert (decision.reason, decision.figures["slippage"]) == ("slippage_guard", cash_of("0.2"))


def test_a_cheap_token_may_have_the_spread_of_a_tick() -> None:
    """At 4 and 5 cents a tick is 2,200 bps of the price and 100 of the payout: it is the payout that counts."""
    rig = MarketRig()
    rig.book(token("a"), bid=4, ask=5)
    decision = rig.decide(one(shares=20, ticks=5))
    assert (decision.approved, decision.figures["spread_bps"]) == (True, 100)


def test_an_exit_passes_a_dead_market() -> None:
    """Closed, stale and one-sided: what only reduces is let through, with its figures (P2)."""
    rig = MarketRig()
    rig.ask(one())
    rig.admit(MarketClosed("polymarket:a", 0))
    rig.book(token("a"), bid=39, ask=0)
    rig.wait(60)
    decision = rig.decide(one(side=Side.SELL, ticks=39, reduce_only=True), "exit")
    assert (decision.approved, decision.reason) == (True, "reduce_only")
    assert decision.figures["untradable"] == "polymarket:a: closed"


def test_what_is_locked_rests_on_no_oracle() -> None:
    """A set that pays whatever happens needs fresh books and no price of the underlying."""
    rig = MarketRig()
    rig.oracles.state.symbols.clear()
    assert rig.decide(one()).reason == "stale_data"
    decision = rig.decide(pair(20))
    assert (decision.approved, decision.figures["oracle_age_ms"]) == (True, None)


def test_every_leg_of_a_group_is_judged() -> None:
    """The worst leg decides, wherever it stands; one decision answers the whole group."""
    for names in ("ac", "ca"):
        rig = MarketRig()
        rig.admit(MarketClosed("polymarket:c", 0))
        decision = rig.decide(pair(20, names=names))
        assert (decision.reason, decision.figures["untradable"]) == (
            "market_not_tradable",
            "polymarket:c: closed",
        )
    rig = MarketRig()
    rig.book(token("b", "NO"), bid=20, ask=40)
    assert rig.decide(pair(20)).reason == "degenerate_book"


def test_ten_requests_a_minute_of_one_strategy() -> None:
    """The eleventh waits until the first is a minute old; another strategy of the desk is not in its way."""
    rig = MarketRig(loss_streak_max=None)
    for number in range(10):
        assert rig.decide(one(shares=5), f"lag {number}").approved
    decision = rig.decide(one(shares=5), "one more")
    assert (decision.reason, decision.figures["requests_in_minute"]) == ("rate_limit", 11)
    assert rig.decide(pair(5)).approved
    rig.wait(59.999)
    rig.refresh()
    assert rig.decide(one(shares=5), "still").reason == "rate_limit"
    rig.wait(0.001)
    assert rig.decide(one(shares=5), "again").approved


def test_a_key_that_was_approved_is_a_duplicate_for_a_minute() -> None:
    """Also after its candidate's end; a refused one left none. Desks that give no key may ask again at once."""
    rig = MarketRig()
    assert not rig.decide(one(shares=200, dedupe_key="k")).approved
    first = rig.decide(one(dedupe_key="k"))
    assert first.approved
    decision = rig.decide(one("c", dedupe_key="k"))
    assert (decision.reason, decision.figures["duplicate_of"]) == ("duplicate", first.candidate)
    assert rig.decide(one("c", dedupe_key="l")).approved
    rig.wait(60)
    rig.refresh()
    assert rig.decide(one("c", dedupe_key="k")).approved
    assert list(rig.guardian.state.keys) == [f"{DESK}/k"]
