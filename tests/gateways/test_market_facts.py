"""Facts of a market that a person injects: each line judged, named, and refused before anything enters."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Event
from tradeworthy.gateways.market_facts import events_of, read_facts
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import CASH_UNIT, Instrument, InstrumentChanged, with_tick
from tradeworthy.market.money import Scale
from tradeworthy.market.predictions import MarketClosed, MarketDisputed, MarketResolved
from tradeworthy.risk.operators import HealthObserved

NOW = 1_700_000_000_000_000_000
MARKET, YES = "polymarket:0xa", "polymarket:0xa:YES"


class Session:
    """What a session with one market knows."""

    def __init__(self) -> None:
        self.listed = Instrument(
            id=YES,
            venue="polymarket",
            quote="USD",
            tick=Decimal("0.01"),
            lot=Decimal("0.01"),
            taker_fee=Decimal(0),
            maker_fee=Decimal(0),
            price_max=Decimal(1),
        )

    def instrument(self, instrument: str) -> Instrument | None:
        """The one token."""
        return self.listed if instrument == YES else None

    def is_market(self, market: str) -> bool:
        """The one market."""
        return market == MARKET


def events(*facts: dict[str, Any]) -> list[Event]:
    """What the session would admit."""
    return events_of(facts, Session(), NOW)


def test_a_markets_life_is_told_in_its_own_words() -> None:
    """Closed, disputed, resolved: at session time, the payout in cash units."""
    told = events(
        {"event": "MarketClosed", "market": MARKET, "reason": "paused"},
        {"event": "MarketDisputed", "market": MARKET},
        {"event": "MarketResolved", "market": MARKET, "payout": "0.5", "reason": "split"},
    )
    assert told == [
        MarketClosed(MARKET, NOW, "paused"),
        MarketDisputed(MARKET, NOW, "injected"),
        MarketResolved(MARKET, NOW, CASH_UNIT // 2, "injected", "split"),
    ]


def test_a_book_is_told_in_prices_and_shares() -> None:
    """As text, exactly: floats can't say 0.07."""
    (book,) = events(
        {"event": "BookChanged", "instrument": YES, "bids": [["0.45", "100"]], "asks": [["0.47", "20.5"]]}
    )
    assert book == BookChanged(YES, NOW, (Level(45, 10_000),), (Level(47, 2_050),))


def test_a_new_tick_holds_for_the_books_after_it() -> None:
    """All else of the instrument stays."""
    changed, book = events(
        {"event": "InstrumentChanged", "instrument": YES, "tick": "0.001"},
        {"event": "BookChanged", "instrument": YES, "bids": [["0.455", "1"]], "asks": []},
    )
    assert isinstance(changed, InstrumentChanged)
    assert (changed.instrument.tick, changed.instrument.lot) == (Decimal("0.001"), Decimal("0.01"))
    assert isinstance(book, BookChanged)
    assert book.bids == (Level(455, 100),)


def test_health_and_gaps_are_told_too() -> None:
    """Of a part, and of one instrument's feed."""
    health, gap = events(
        {"event": "HealthObserved", "part": "oracle-binance", "ok": False, "word": "silent", "figure": 61.5},
        {"event": "FeedGap", "instrument": YES},
    )
    assert health == HealthObserved("oracle-binance", ok=False, figure=61.5, word="silent")
    assert gap == FeedGap("injected", YES, NOW, NOW, "injected")


BOOK: dict[str, Any] = {"event": "BookChanged", "instrument": YES, "bids": [], "asks": []}
RESOLVED = {"event": "MarketResolved", "market": MARKET}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "event is None; give one of MarketClosed"),
    ({"event": "MarketOpened"}, "event is 'MarketOpened'; give one of"),
    ({"event": "MarketClosed"}, "missing required field `market`"),
    ({"event": "MarketClosed", "market": MARKET, "reasn": "x"}, "unknown field `reasn`"),
    ({"event": "MarketClosed", "market": 5}, "Expected `str`, got `int` - at `$.market`"),
    ({"event": "MarketClosed", "market": "polymarket:0xb"}, "'polymarket:0xb' is not known"),
    ({**RESOLVED, "payout": "2"}, "payout is '2'; a YES share pays 0 to 1"),
    ({**RESOLVED, "payout": "-0.1"}, "payout is '-0.1'"),
    ({**RESOLVED, "payout": "0.123456789"}, "to 8 places"),
    ({**RESOLVED, "payout": "nan"}, "payout is 'nan'; write a decimal number as text"),
    ({**RESOLVED, "payout": "yes"}, "payout is 'yes'"),
    ({**RESOLVED, "payout": 1}, "Expected `str`, got `int` - at `$.payout`"),
    ({**BOOK, "instrument": "BTC"}, "instrument 'BTC' is not listed in this session"),
    ({**BOOK, "bids": [["0.455", "1"]]}, "price 0.455 is no whole number of ticks of 0.01"),
    ({**BOOK, "bids": [["0", "1"]]}, "price 0 is no whole number"),
    (
        {**BOOK, "bids": [["1.01", "1"]]},
        "price 1.01 is no whole number of ticks of 0.01, above 0 and up to 1",
    ),
    ({**BOOK, "bids": [["0.45", "0.001"]]}, "0.001 shares are no whole number of lots of 0.01"),
    ({**BOOK, "bids": [["0.45", "1e50"]]}, "shares is '1e50'"),
    ({**BOOK, "asks": [["1e50", "1"]]}, "price is '1e50'"),
    ({**BOOK, "asks": [["1" * 200, "1"]]}, "1...'; write a decimal number"),
    ({**BOOK, "bids": [["0.45", "1"]], "asks": [["0.45", "1"]]}, "is not below best ask"),
    ({**BOOK, "bids": [["0.45", "1"], ["0.46", "1"]]}, "bids fall and asks rise"),
    ({**BOOK, "bids": [["0.45"]]}, "at `$.bids[0]`"),
    ({"event": "InstrumentChanged", "instrument": YES, "tick": "0"}, "tick is '0'"),
    ({"event": "InstrumentChanged", "instrument": YES, "tick": "0.0000000001"}, "finer than cash's"),
]


@pytest.mark.parametrize(("fact", "said"), WRONG)
def test_a_wrong_fact_is_refused_with_its_number_and_value(fact: dict[str, Any], said: str) -> None:
    """A11: one line, and nothing of the file enters."""
    with pytest.raises(UsageError) as refused:
        events({"event": "MarketClosed", "market": MARKET}, fact)
    assert said in str(refused.value)
    assert str(refused.value).startswith("fact 2: ")
    assert "\n" not in str(refused.value)


def test_a_file_is_read_line_by_line_without_a_session(tmp_path: Path) -> None:
    """What only a session can know is left to it."""
    path = tmp_path / "facts.jsonl"
    lines = [{"event": "MarketClosed", "market": "elsewhere:1"}, {**RESOLVED, "payout": "1"}]
    path.write_text("\n\n".join(map(json.dumps, lines)))
    assert read_facts(path) == lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no fact; write lines like"),
        ("nonsense", "line 1: no JSON object"),
        ('{"event": "MarketClosed", "market": "a"}\n{"event": "X"}', "line 2: event is 'X'"),
        (json.dumps({**RESOLVED, "payout": "7"}), "line 1: payout is '7'"),
    ],
)
def test_a_file_with_a_wrong_line_is_refused_whole(tmp_path: Path, text: str, said: str) -> None:
    """A11: the file, the line, what is wrong."""
    path = tmp_path / "facts.jsonl"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"facts\.jsonl") as refused:
        read_facts(path)
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A11."""
    with pytest.raises(UsageError, match=r"nowhere\.jsonl can't be read"):
        read_facts(tmp_path / "nowhere.jsonl")


def test_a_finer_tick_reaches_further() -> None:
    """A token that was listed up to .99 can be quoted at .995 once its tick is .001."""
    listed = msgspec.structs.replace(
        Session().listed, market=MARKET, outcome="YES", price_max=Decimal("0.99")
    )
    assert Scale(with_tick(listed, Decimal("0.001"))).ticks_max == 999
    assert Scale(with_tick(Session().listed, Decimal("0.001"))).ticks_max == 1_000, "no token: as it was"
