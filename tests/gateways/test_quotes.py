"""Books on the bus: few enough to look at, the newest never lost, prices exact."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.candidates import Verdict
from tradeworthy.core.events import Event
from tradeworthy.core.packets import Kind, Packet
from tradeworthy.gateways.quotes import SECOND_NS, Conflation, Quotes, booked_instrument
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.instruments import (
    Instrument,
    InstrumentChanged,
    InstrumentDelisted,
    InstrumentListed,
)
from tradeworthy.runtime.event_union import codec

TS = 1_746_316_800 * SECOND_NS
YES = "polymarket:0x" + "ab" * 32 + ":YES"
MARKET = YES.removesuffix(":YES")


def book(instrument: str = YES, bid: int = 83, ask: int = 85, ts: int = TS) -> BookChanged:
    """A book of one level a side."""
    return BookChanged(instrument, ts, (Level(bid, 12_050),), (Level(ask, 40_000),))


def record(event: Event, ts: int = TS, seq: int = 7) -> bytes:
    """The record body of an input."""
    return codec().encode(Kind.INPUT, Packet(seq, seq, 0, ts, "feed", event, 3))


def token(tick: str = "0.01") -> Instrument:
    """A YES token."""
    zero = Decimal(0)
    return Instrument(
        YES, "polymarket", "USDT", Decimal(tick), Decimal("0.01"), zero, zero, market=MARKET, outcome="YES"
    )


@given(instrument=st.text(min_size=1, max_size=60), seq=st.integers(1, 1 << 62))
def test_the_instrument_of_a_record_is_told_without_decoding(instrument: str, seq: int) -> None:
    """Short and long ids alike, and whatever stands before them."""
    assert booked_instrument(record(book(instrument), seq=seq)) == instrument.encode()


def test_other_records_are_no_books() -> None:
    """Not even if they speak of one."""
    assert booked_instrument(record(PriceObserved("BTC", 1.0, TS))) == b""
    assert booked_instrument(record(PriceObserved("\xabBookChanged", 1.0, TS))) == b""


def test_a_second_shows_one_book_of_each_instrument() -> None:
    """The first at once, of those that follow the newest once the second is over; others are not held up."""
    quotes = Conflation()
    bodies = [record(book(bid=bid), TS + ms * 1_000_000) for bid, ms in ((10, 0), (11, 100), (12, 900))]
    assert quotes.admit(TS, bodies[0]) == [bodies[0]]
    assert quotes.admit(TS + 100_000_000, bodies[1]) == []
    other = record(book("polymarket:0xc:NO"))
    assert quotes.admit(TS + 150_000_000, other) == [other]
    price = record(PriceObserved("BTC", 1.0, TS))
    assert quotes.admit(TS + 200_000_000, price) == [price]
    assert quotes.admit(TS + 900_000_000, bodies[2]) == []
    assert quotes.admit(TS + SECOND_NS, price) == [bodies[2], price]
    assert quotes.rest() == []


def test_what_waits_at_the_end_is_shown() -> None:
    """The last word on a book that moves no more."""
    quotes = Conflation()
    quotes.admit(TS, record(book(bid=10)))
    last = record(book(bid=11))
    assert quotes.admit(TS + 1, last) == []
    assert (quotes.rest(), quotes.rest()) == ([last], [])


def told(body: bytes) -> tuple[int, int]:
    """Which of the instruments t0 to t3 a record is about, and its number."""
    packet = codec().decode(body)[1]
    assert isinstance(packet.event, BookChanged)
    return int(packet.event.instrument[1:]), packet.seq - 1


@given(steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 900)), max_size=80))
def test_conflation_never_shows_an_older_book_after_a_newer_one(steps: list[tuple[int, int]]) -> None:
    """Per instrument in order, at most one in any second, and the newest one in the end."""
    quotes, now = Conflation(), TS
    shown: list[tuple[int, int, int]] = []
    last: dict[str, int] = {}
    for number, (which, ms) in enumerate(steps):
        now += ms * 1_000_000
        last[f"t{which}"] = number
        made = quotes.admit(now, record(book(f"t{which}"), now, seq=number + 1))
        shown += [(*told(body), now) for body in made]
    rest = [told(body) for body in quotes.rest()]
    for which in range(4):
        mine = [(seq, at) for one, seq, at in shown if one == which]
        assert mine == sorted(mine)
        assert all(later[1] - earlier[1] >= SECOND_NS for earlier, later in pairwise(mine))
        left = [number for one, number in rest if one == which]
        newest = [last[f"t{which}"]] if f"t{which}" in last else []
        assert [*[number for number, _ in mine], *left][-1:] == newest


def test_tokens_that_are_quiet_are_forgotten() -> None:
    """Markets come and go by the thousand (A10)."""
    quotes = Conflation()
    for number in range(5_000):
        quotes.admit(TS + number * SECOND_NS // 10, record(book(f"polymarket:{number}:YES")))
    assert len(quotes._shown) < 250
    assert quotes._waiting == {}


def test_a_quote_has_exact_prices_and_sizes() -> None:
    """Decimals as text by the tick of the time; an empty side is null; nobody's book is none (A4)."""
    quotes = Quotes(lambda _: None)
    assert quotes.data(book()) is None
    quotes.note(Packet(1, 1, 0, TS, "feed", InstrumentListed(token())))
    assert quotes.data(book()) == {
        "event": "BookChanged",
        "instrument": YES,
        "market": MARKET,
        "outcome": "YES",
        "bid": "0.83",
        "bid_size": "120.50",
        "ask": "0.85",
        "ask_size": "400.00",
        "spread": "0.02",
        "crossed": False,
        "book_ts": "2025-05-04T00:00:00Z",
    }
    quotes.note(Packet(2, 2, 0, TS, "feed", InstrumentChanged(token("0.001"))))
    finer = quotes.data(BookChanged(YES, TS, (), (Level(851, 1),)))
    assert finer is not None
    assert (finer["bid"], finer["bid_size"], finer["ask"], finer["spread"]) == (None, None, "0.851", None)
    quotes.note(Packet(3, 3, 0, TS, "settlement", InstrumentDelisted(YES)))
    assert quotes.data(book()) is None
    quotes.note(Packet(4, 4, 0, TS, "orders", Verdict(1, "d", "FILLED", "filled")))  # type: ignore[arg-type]
    known = Quotes({YES: token()}.get)
    assert known.data(book()) is not None
