"""What became of a path, in tiles."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.web.paths import path_of, step
from tradeworthy.web.pages.trace.headline import about, died_at, headline
from tradeworthy.web.pages.trace.reading import Path
from tradeworthy.web.pages.trace.steps import ROOT

TOKEN = "polymarket:eth-5m:YES"
LEG = {
    "outcome": "YES",
    "quantity": "96.48",
    "price": "0.84",
    "market": "polymarket:eth-5m",
    "instrument": TOKEN,
}
CANDIDATE = {
    "seq": 9,
    "desk": "arbitrage",
    "strategy": "oracle-sniper",
    "kind": "oracle_lag",
    "side": "buy",
    "instrument": TOKEN,
    "legs": [LEG],
    "quantity": Decimal("96.48"),
    "price": Decimal("0.84"),
    "verdict": "FILLED",
    "reason": "filled",
    "share": 1.0,
}
TRADE = {
    "status": "closed",
    "pnl": Decimal("49.01692"),
    "reason": "take_profit",
    "entry_candidate": 9,
    "candidate": 30,
    "closed_seq": 33,
    "opened_at": datetime(2024, 1, 1, 11, 16, 17, tzinfo=UTC),
    "closed_at": datetime(2024, 1, 1, 11, 16, 34, tzinfo=UTC),
}


def told(**fields: Any) -> Path:
    """A path of a candidate."""
    found = step(9, "OpportunityDetected", kind="oracle_lag", net_edge=0.1, method="O3")
    return path_of(step(8, "PricePoint", instrument="ETH", price=3400.0), found, **fields)


def traded(**changes: Any) -> str:
    """What the tiles of a path say whose trade is so."""
    return headline(told(candidate=CANDIDATE, trades=[{**TRADE, **changes}]))


def test_where_it_died_is_the_first_step_that_stopped_it() -> None:
    """P2: the verdict that follows from a no is not the place."""
    no = step(3, "Decision", approved=False, reason="position_limit")
    verdict = step(4, "Verdict", outcome="REJECTED", reason="position_limit")
    path = path_of(step(2, "OpportunityDetected", kind="oracle_lag", net_edge=0.1), no, verdict)
    assert died_at(path) is no
    told = headline(path)
    assert "REJECTED" in told
    assert "One market would hold too much" in told


def test_a_life_goes_on_and_does_not_die() -> None:
    """A row's skipped windows are no end of it."""
    path = path_of(step(1, "Candidate", kind="s1_window", skip="blocked_ts"), is_life=True, title="1h@BONK")
    assert died_at(path) is None
    assert "1h@BONK" in headline(path)


def test_a_path_is_about_what_was_asked_for() -> None:
    """Side, quantity, outcome and limit; beneath it the market, the strategy and the way it was found."""
    what, beneath = about(told(candidate=CANDIDATE, title="Ethereum Up or Down"))
    assert what == "Buy 96.48 YES at 0.84"
    assert "Ethereum Up or Down" in beneath
    assert "arbitrage · oracle-sniper · oracle lag · O3 window" in beneath


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"legs": None, "quantity": None, "price": None}, "Buy YES"),
        ({"legs": [LEG, LEG]}, "Buy 2 legs"),
        ({"legs": None, "instrument": "WAGX", "price": None, "quantity": Decimal("19.10")}, "Buy 19.1 WAGX"),
        ({"legs": None, "instrument": "PEPX", "side": None, "quantity": None, "price": None}, "PEPX"),
    ],
)
def test_what_was_asked_for_is_told_as_far_as_it_is_known(changes: dict[str, Any], what: str) -> None:
    """A skipped window names its token alone."""
    assert about(told(candidate={**CANDIDATE, **changes}))[0] == what


def test_without_a_candidate_it_is_about_its_input() -> None:
    """In words, not by the name of a class."""
    assert about(told())[0] == "Price"
    assert about(path_of(step(1, ROOT)))[0] == "Market data"


def test_a_trade_that_was_closed_elsewhere_is_told_with_a_link_there() -> None:
    """P2: who comes from a trade sees what it brought and what closed it."""
    tiles = traded()
    assert "+49.02" in tiles
    assert "opened here" in tiles
    assert 'href="/trace?packet=30&amp;run=run-1"' in tiles
    assert "take profit" in tiles
    assert 'href="/trace?packet=33&amp;run=run-1"' in traded(candidate=None, reason="settled"), (
        "no candidate closed it"
    )


def test_a_trade_that_was_closed_here_is_told_with_a_link_to_its_entry() -> None:
    """An exit's path leads back."""
    path = path_of(
        step(8, ROOT), step(33, "TradeClosed", pnl=1, reason="stop"), candidate={**CANDIDATE, "seq": 30}
    )
    tiles = headline(Path(**{**vars(path), "trades": [TRADE]}))
    assert "closed here: take profit" in tiles
    assert 'href="/trace?packet=9&amp;run=run-1"' in tiles


def test_a_trade_that_is_not_over_is_open() -> None:
    """It has no P&L yet."""
    tiles = traded(status="open", pnl=None, candidate=None, closed_seq=None, closed_at=None)
    assert ">open<" in tiles
    assert "not closed yet" in tiles


def test_of_many_trades_those_that_are_told_and_summed_are_counted() -> None:
    """A sum over some of them says so."""
    legs = [{**TRADE}] * 3 + [{**TRADE, "status": "open", "pnl": None}] * 2
    tiles = headline(told(candidate=CANDIDATE, trades=legs))
    assert "+147.05" in tiles
    assert "and 2 more" in tiles
    assert "3 of 5 are closed, and summed here" in tiles
    assert "summed" not in traded()


def test_a_trade_whose_fill_failed_has_no_result() -> None:
    """It was taken back, and what it had brought with it."""
    tiles = traded(status="reversed")
    assert "49.02" not in tiles
    assert "taken back: a fill of it failed" in tiles
    assert ">open<" not in tiles


def test_a_candidate_without_a_trade_says_so() -> None:
    """Nothing was bought."""
    assert "no trade came of it" in headline(told(candidate={**CANDIDATE, "verdict": "SKIPPED"}))


def test_a_part_that_was_filled_is_told_as_a_share() -> None:
    """How much of what was asked for."""
    tiles = headline(told(candidate={**CANDIDATE, "reason": "partly_filled", "share": 0.2911}))
    assert "29% of what was asked was filled." in tiles
