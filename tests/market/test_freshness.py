"""Books that can be believed and those that can't: their age, what they say for too long, and whose it was."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market.session import Session, reborn
from tests.market.tokens import opening, token
from tradeworthy.core.events import Resumed
from tradeworthy.market.bars import FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged, Level
from tradeworthy.market.digital import YEAR_NS
from tradeworthy.market.freshness import BookFault, Freshness, FreshnessSettings
from tradeworthy.market.instruments import InstrumentChanged, InstrumentDelisted
from tradeworthy.market.markets import Markets
from tradeworthy.market.oracles import Oracles, OracleSettings
from tradeworthy.market.predictions import Market, MarketClosed, MarketOpened

S = 1_000_000_000
T0 = 1_704_067_200 * S
WINDOW = 300 * S
PRIOR = 0.6


def window(number: int, **changes: object) -> Market:
    """The five-minute window of that number in its series."""
    start = T0 + number * WINDOW
    name = f"polymarket:w{number}"
    values: dict[str, object] = {
        "id": name,
        "venue": "polymarket",
        "external_id": f"w{number}",
        "title": "Bitcoin Up or Down - January 1, 12:00AM-12:05AM ET",
        "slug": f"btc-updown-5m-{start // S}",
        "yes": f"{name}:YES",
        "no": f"{name}:NO",
        "labels": ("Up", "Down"),
        "start_ts": start,
        "end_ts": start + WINDOW,
        "underlying": "BTC",
        "series": "btc-updown-5m",
    }
    return Market(**(values | changes))  # type: ignore[arg-type]


class Desk:
    """Markets, oracles and freshness in a sequencer, at the start of the first window."""

    def __init__(self, settings: FreshnessSettings | None = None) -> None:
        self.markets, self.oracles = Markets(), Oracles(OracleSettings(volatility_prior=PRIOR))
        self.freshness = Freshness(self.markets, self.oracles, settings or FreshnessSettings())
        self.session = Session(self.markets, self.oracles, self.freshness)

    @property
    def now(self) -> int:
        """Session time."""
        return self.session.sequencer.now

    def open(self, *numbers: int) -> None:
        """Windows of these numbers are listed and become known."""
        for number in numbers:
            for event in opening(window(number)):
                self.session.admit(event, max(self.now, T0))

    def price(self, price: float, after_s: float = 0.0) -> None:
        """BTC trades at `price`."""
        ts = self.now + round(after_s * S)
        self.session.admit(PriceObserved("BTC", price, ts), ts)

    def book(self, token: str, bid: int = 52, lots: int = 100, after_s: float = 0.0) -> None:
        """A whole book of `token`, one tick wide, its best bid at `bid` ticks."""
        ts = self.now + round(after_s * S)
        bids, asks = (Level(bid, lots), Level(bid - 1, lots)), (Level(bid + 1, lots),)
        self.session.admit(BookChanged(token, ts, bids, asks), ts)

    def fault(self, token: str, after_s: float = 0.0) -> str:
        """What is wrong with the book."""
        return self.freshness.fault(token, self.now + round(after_s * S))


UP = "polymarket:w0:YES"


def test_a_book_that_never_came_is_none() -> None:
    """No arrival time, and the fault says so."""
    desk = Desk()
    desk.open(0)
    assert (desk.freshness.arrived_ts(UP), desk.fault(UP)) == (0, BookFault.NO_BOOK)
    desk.book(UP)
    assert (desk.freshness.arrived_ts(UP), desk.fault(UP)) == (desk.now, "")


@pytest.mark.parametrize("name", [UP, ""])
def test_a_gap_of_the_feed_loses_the_book_until_the_next(name: str) -> None:
    """Of the instrument that it names, or of all; the same levels bring it back."""
    desk = Desk()
    desk.open(0, 1)
    other = "polymarket:w1:YES"
    desk.book(UP)
    desk.book(other, 40)
    desk.session.admit(FeedGap("books", name, 0, 0, "reconnect"))
    assert desk.fault(UP) == BookFault.NO_BOOK
    assert desk.fault(other) == ("" if name else BookFault.NO_BOOK)
    desk.book(UP, after_s=1)
    assert (desk.fault(UP), desk.freshness.arrived_ts(UP)) == ("", desk.now)


def test_a_restart_loses_every_book() -> None:
    """On the wall clock nobody knows what the books did meanwhile."""
    desk = Desk()
    desk.open(0)
    desk.book(UP)
    desk.session.admit(Resumed(S))
    assert desk.fault(UP) == BookFault.NO_BOOK


def test_other_ticks_void_the_book() -> None:
    """After a tick change nothing is known until a snapshot, whose levels count as new."""
    desk = Desk()
    desk.open(0)
    desk.price(97_500.0)
    desk.book(UP)
    desk.session.admit(InstrumentChanged(token(window(0), "YES", tick="0.001")), desk.now + 60 * S)
    assert desk.fault(UP) == BookFault.NO_BOOK
    desk.book(UP)
    assert desk.freshness.state.books[UP].same_ts == desk.now


def test_a_repeat_is_an_arrival_and_no_news() -> None:
    """The same levels again refresh the arrival, not the age of what they say."""
    desk = Desk()
    desk.open(0)
    desk.book(UP)
    first = desk.now
    desk.book(UP, after_s=7)
    seen = desk.freshness.state.books[UP]
    assert (seen.arrived_ts, seen.same_ts) == (first + 7 * S, first)
    desk.book(UP, lots=99, after_s=1)
    assert (seen.arrived_ts, seen.same_ts) == (desk.now, desk.now)


def moved(desk: Desk, sigmas: float, after_s: float) -> float:
    """The price that stands `sigmas` from 97,500 after `after_s`."""
    desk.session.sequencer.advance(desk.now)
    return 97_500.0 * math.exp(sigmas * PRIOR * math.sqrt(after_s * S / YEAR_NS))


@pytest.mark.parametrize(
    ("sigmas", "after_s", "frozen"),
    [
        (3.05, 30, True),
        (-3.05, 30, True),
        (2.95, 30, False),
        (3.05, 29, False),
        (9.0, 29, False),
        (9.0, 60, True),
    ],
)
def test_a_book_that_its_underlying_left_behind_is_frozen(
    sigmas: float, after_s: float, *, frozen: bool
) -> None:
    """Unchanged for 30 s while the oracle moved more than 3 sigma of the time since: either alone is fine (A3)."""
    desk = Desk()
    desk.open(0)
    desk.price(97_500.0)
    desk.book(UP)
    desk.price(moved(desk, sigmas, after_s), after_s)
    assert (desk.fault(UP) == BookFault.FROZEN_BOOK) is frozen
    desk.book(UP)
    assert (desk.fault(UP) == BookFault.FROZEN_BOOK) is frozen, "a repeat does not thaw it"
    desk.book(UP, 60)
    assert desk.fault(UP) == ""


def test_a_frozen_book_stays_so_though_its_underlying_comes_back() -> None:
    """It was proven once that nobody minds the quotes; a change of them is what clears it."""
    desk = Desk()
    desk.open(0)
    desk.price(97_500.0)
    desk.book(UP)
    desk.price(moved(desk, 6.0, 40), 40)
    desk.book(UP)
    desk.price(97_500.0, 1)
    assert desk.fault(UP) == BookFault.FROZEN_BOOK
    desk.book(UP, 40)
    assert desk.fault(UP) == ""


def test_a_gap_does_not_make_old_quotes_young() -> None:
    """A reconnect that brings back the same levels goes on counting from when they were new."""
    desk = Desk()
    desk.open(0)
    desk.price(97_500.0)
    desk.book(UP)
    desk.session.admit(FeedGap("books", UP, 0, 0, "reconnect"))
    desk.price(moved(desk, 5.0, 31), 31)
    desk.book(UP)
    assert desk.fault(UP) == BookFault.FROZEN_BOOK


def test_without_an_oracle_nothing_freezes() -> None:
    """An oracle that comes later is measured from its own first price on."""
    desk = Desk()
    desk.open(0)
    desk.book(UP)
    desk.book(UP, after_s=100)
    assert desk.fault(UP) == ""
    desk.price(97_500.0)
    desk.book(UP)
    desk.price(moved(desk, 4.0, 10), 10)
    assert desk.fault(UP) == BookFault.FROZEN_BOOK


def test_a_window_that_opens_with_the_last_ones_book_is_carried_over() -> None:
    """Until it says something of its own; the same levels later are chance."""
    desk = Desk()
    desk.open(0, 1)
    desk.book(UP, 64)
    desk.book(UP, 66, after_s=299)
    new = "polymarket:w1:YES"
    desk.book(new, 66, after_s=2)
    assert desk.fault(new) == BookFault.CARRIED_OVER
    assert desk.fault(UP) == ""
    desk.book(new, 66, after_s=3)
    assert desk.fault(new) == BookFault.CARRIED_OVER
    desk.book(new, 50)
    assert desk.fault(new) == ""
    desk.book(new, 66)
    assert desk.fault(new) == ""


def test_a_window_with_a_book_of_its_own_is_not_carried_over() -> None:
    """Another book, the twin's book, another series, or two windows before either has begun."""
    desk = Desk()
    desk.open(0, 1, 2)
    other = window(7, series="eth-updown-5m", start_ts=T0 + WINDOW, end_ts=T0 + 2 * WINDOW, slug="x")
    desk.session.admit(MarketOpened(other))
    desk.book("polymarket:w1:YES", 50)
    desk.book("polymarket:w2:YES", 50)
    assert desk.fault("polymarket:w2:YES") == "", "both wait at one half"
    desk.book(UP, 64, after_s=299)
    desk.book("polymarket:w1:NO", 64, after_s=1)
    desk.book("polymarket:w1:YES", 51)
    desk.book(other.yes, 64)
    for name in ("polymarket:w1:NO", "polymarket:w1:YES", other.yes):
        assert desk.fault(name) == ""


def test_a_book_seen_before_the_change_of_windows_is_judged_after_it() -> None:
    """What stood there early and equals the last book of the window before was not made for this one."""
    desk = Desk()
    desk.open(0, 1)
    new = "polymarket:w1:YES"
    desk.book(UP, 66)
    desk.book(new, 66, after_s=299.5)
    assert desk.fault(new) == ""
    assert desk.fault(new, after_s=0.5) == BookFault.CARRIED_OVER


def test_empty_books_are_nobodys() -> None:
    """That two windows show nothing says nothing about either."""
    desk = Desk()
    desk.open(0, 1)
    for name in (UP, "polymarket:w1:YES"):
        desk.session.admit(BookChanged(name, desk.now, (), ()), T0 + WINDOW)
    assert desk.fault("polymarket:w1:YES") == ""


def test_what_is_delisted_is_forgotten_but_for_the_next_window() -> None:
    """The last book of the newest window that is gone stays, however many there were."""
    desk = Desk()
    for number in range(40):
        desk.open(number)
        name = f"polymarket:w{number}:YES"
        desk.book(name, 30 + number, after_s=300 if number else 0)
        assert desk.fault(name) == ""
        for gone in (name, name.replace("YES", "NO")):
            desk.session.admit(InstrumentDelisted(gone))
    state = desk.freshness.state
    assert (state.books, [len(windows) for windows in state.lines.values()]) == ({}, [1])
    desk.open(40)
    desk.book("polymarket:w40:YES", 69, after_s=300)
    assert desk.fault("polymarket:w40:YES") == BookFault.CARRIED_OVER


def test_a_book_of_no_known_market_is_not_kept() -> None:
    """Nobody would ever forget it: what comes before its market, or after its end."""
    desk = Desk()
    desk.book("BTCUSDT", 66)
    desk.book(UP, 66)
    assert desk.freshness.state.books == {}
    desk.open(0)
    assert desk.fault(UP) == BookFault.NO_BOOK
    desk.book(UP, 66)
    assert desk.fault(UP) == ""


def test_a_markets_new_definition_is_taken() -> None:
    """A window that is placed anew stands once in its series, at its new time."""
    desk = Desk()
    desk.open(0, 1)
    desk.book(UP, 66)
    desk.book("polymarket:w1:YES", 66, after_s=300)
    assert desk.fault("polymarket:w1:YES") == BookFault.CARRIED_OVER
    desk.session.admit(MarketOpened(window(1, series="other")))
    assert desk.fault("polymarket:w1:YES") == ""
    desk.open(1)
    assert desk.fault("polymarket:w1:YES") == BookFault.CARRIED_OVER
    assert [len(windows) for windows in desk.freshness.state.lines.values()] == [2, 0]


def quote(desk: Desk, number: int, bid: int, seconds: int = 1, price: float = 0.0) -> None:
    """Both tokens of the window quoted once a second, mirrored and two ticks wide, with the oracle at `price`."""
    up = f"polymarket:w{number}"
    for _ in range(seconds):
        ts = desk.now + S
        if price:
            desk.price(price, after_s=1)
        for name, at in ((f"{up}:YES", bid), (f"{up}:NO", 98 - bid)):
            bids, asks = (Level(at, 100),) if at > 0 else (), (Level(at + 2, 100),) if at < 98 else ()
            desk.session.admit(BookChanged(name, ts, bids, asks), ts)


FAR = 97_900.0
"""Certainly up, from a strike of 97,500, for some minutes."""


def ended(bid: int, price: float = FAR, turned_s: int = 16) -> Desk:
    """The first window is over: up was bid `bid` and the oracle stood at `price` for its last seconds."""
    desk = Desk()
    desk.open(0, 1)
    desk.price(97_500.0)
    quote(desk, 0, 49, 300 - turned_s, 97_500.0)
    quote(desk, 0, bid, turned_s, price)
    quote(desk, 1, 40)
    return desk


NEXT = ("polymarket:w1:YES", "polymarket:w1:NO")


@pytest.mark.parametrize(
    ("bid", "price", "turned_s", "faulty"),
    [
        (49, FAR, 16, True),
        (64, FAR, 16, True),
        (88, FAR, 16, True),
        (89, FAR, 16, False),
        (97, FAR, 16, False),
        (98, FAR, 16, False),
        (49, 97_100.0, 16, True),
        (97, 97_100.0, 16, True),
        (9, 97_100.0, 16, False),
        (49, FAR, 14, False),
        (49, 97_510.0, 16, False),
    ],
)
def test_quotes_that_never_came_to_the_outcome_are_not_trusted_in_the_next_window(
    bid: int, price: float, turned_s: int, *, faulty: bool
) -> None:
    """The winner below .90 though it was certain for 15 s: both ways, and not where that was late or unclear (P2)."""
    desk = ended(bid, price, turned_s)
    assert {desk.fault(name) for name in NEXT} == ({BookFault.NEVER_SETTLED} if faulty else {""})


def test_a_series_is_trusted_again_once_a_window_of_it_settled() -> None:
    """A window without a clear winner changes nothing; other series were never meant."""
    desk = ended(49)
    other = window(7, series="eth-updown-5m", start_ts=T0 + WINDOW, end_ts=T0 + 2 * WINDOW, slug="x")
    for event in opening(other):
        desk.session.admit(event)
    desk.book(other.yes, 40)
    assert desk.fault(other.yes) == ""
    desk.open(2, 3)
    quote(desk, 1, 49, 300, FAR)
    quote(desk, 2, 41)
    assert desk.fault("polymarket:w2:YES") == BookFault.NEVER_SETTLED
    quote(desk, 2, 49, 280, FAR)
    quote(desk, 2, 97, 19, FAR + 400)
    quote(desk, 3, 42)
    assert desk.fault("polymarket:w3:YES") == ""
    assert desk.freshness.state.unsettled == {}


@pytest.mark.parametrize("how", ["lost", "old", "one_sided", "no_strike", "silent"])
def test_what_is_not_known_convicts_nobody(how: str) -> None:
    """A lost, old or one-sided book at the end; a strike that was missed, or an oracle without a word."""
    desk = Desk()
    desk.open(0, 1)
    desk.price(97_500.0, after_s=3 if how == "no_strike" else 0)
    quote(desk, 0, 49, 280, 97_500.0)
    if how != "old":
        quote(desk, 0, 49, 17, FAR if how != "silent" else 0.0)
    match how:
        case "lost":
            desk.session.admit(FeedGap("books", "", 0, 0, "reconnect"))
        case "one_sided":
            for name in (UP, UP.replace("YES", "NO")):
                desk.session.admit(BookChanged(name, desk.now, (Level(49, 1),), ()))
        case "old":
            for _ in range(19):
                desk.price(FAR, 1)
    desk.session.admit(MarketClosed("polymarket:w0", T0 + WINDOW), T0 + WINDOW)
    assert (desk.freshness.state.unsettled, desk.freshness.state.ends) == ({}, {})


@pytest.mark.parametrize("end", ["closed", "price", "book", "opened", "delisted"])
def test_any_word_after_the_end_has_the_window_judged(end: str) -> None:
    """The venue need not say that it closed it."""
    desk = Desk()
    desk.open(0)
    desk.price(97_500.0)
    quote(desk, 0, 49, 280, 97_500.0)
    quote(desk, 0, 49, 19, FAR)
    over = T0 + WINDOW
    events = {
        "closed": MarketClosed("polymarket:w0", over),
        "price": PriceObserved("BTC", FAR, over),
        "book": BookChanged(UP, over, (Level(98, 1),), (Level(99, 1),)),
        "opened": MarketOpened(window(1)),
        "delisted": InstrumentDelisted(UP),
    }
    assert desk.freshness.state.unsettled == {}
    desk.session.admit(events[end], over)
    assert desk.freshness.state.unsettled == {"btc-updown-5m": "polymarket:w0"}


def test_windows_that_are_gone_leave_nothing_but_the_verdict_on_their_series() -> None:
    """Ticks and ends of delisted tokens are dropped, judged or not."""
    desk = ended(49)
    desk.open(2)
    for number in range(3):
        for outcome in ("YES", "NO"):
            desk.session.admit(InstrumentDelisted(f"polymarket:w{number}:{outcome}"))
    state = desk.freshness.state
    assert (state.books, state.units, state.ends, state.next_end) == ({}, {}, {}, 0)
    assert state.unsettled == {"btc-updown-5m": "polymarket:w0"}


@pytest.mark.parametrize(
    ("flicker", "price", "away_s", "frozen"),
    [
        (0, 97_620.0, 31, True),
        (2, 97_620.0, 31, True),
        (3, 97_620.0, 31, False),
        (2, 97_380.0, 31, True),
        (2, 97_620.0, 29, False),
        (2, 97_530.0, 60, False),
    ],
)
def test_quotes_that_flicker_and_never_answer_are_frozen(
    flicker: int, price: float, away_s: int, *, frozen: bool
) -> None:
    """A middle within two ticks while the probability is more than .20 away for 30 s, either way: not if shorter."""
    desk = Desk(FreshnessSettings(sigmas=1_000))
    desk.open(0)
    desk.price(97_500.0)
    quote(desk, 0, 49, 40, 97_500.0)
    for second in range(away_s):
        quote(desk, 0, 49 + flicker * (second % 2), 1, price)
    for name in (UP, UP.replace("YES", "NO")):
        assert (desk.fault(name) == BookFault.FROZEN_BOOK) is frozen
    quote(desk, 0, 80)
    assert desk.fault(UP) == ""


def test_makers_who_answer_late_are_not_frozen() -> None:
    """Ten seconds behind a price that runs: each move is answered before it has been away for 30 s."""
    desk = Desk(FreshnessSettings(sigmas=1_000))
    desk.open(0)
    desk.price(97_500.0)
    quote(desk, 0, 49, 20, 97_500.0)
    for price, before, after in ((97_600.0, 49, 78), (97_450.0, 78, 25), (97_700.0, 25, 96)):
        quote(desk, 0, before, 10, price)
        assert desk.fault(UP) == ""
        quote(desk, 0, after, 40, price)
        assert desk.fault(UP) == ""


def test_a_probability_that_came_back_in_time_begins_anew() -> None:
    """Away for 20 s, back for one, and away for 20 s again is no proof; nor is once above and once below."""
    desk = Desk(FreshnessSettings(sigmas=1_000))
    desk.open(0)
    desk.price(97_500.0)
    for price, seconds in ((97_500.0, 20), (97_620.0, 20), (97_500.0, 1), (97_620.0, 20), (97_380.0, 20)):
        quote(desk, 0, 49, seconds, price)
        assert desk.fault(UP) == ""
    quote(desk, 0, 49, 12, 97_380.0)
    assert desk.fault(UP) == BookFault.FROZEN_BOOK


steps = st.lists(
    st.tuples(
        st.sampled_from(["book", "book", "price", "gap", "delist", "restart"]),
        st.integers(0, 3),
        st.integers(20, 24),
        st.sampled_from([0.0, 0.3, 20.0, 31.0, 300.0]),
    ),
    max_size=40,
)


@given(steps)
def test_a_snapshot_at_any_moment_changes_nothing(moves: list[tuple[str, int, int, float]]) -> None:
    """The state read back from its bytes gives the same answers from then on (A9)."""
    plain, dumped = Desk(), Desk()
    for desk in (plain, dumped):
        desk.open(0, 1, 2, 3)
    names = [f"polymarket:w{number}:YES" for number in range(4)]
    for what, number, level, wait_s in moves:
        for desk in (plain, dumped):
            act(desk, what, names[number], level, wait_s)
        dumped.freshness.state = reborn(dumped.freshness.state)
        answers = [
            [(desk.freshness.arrived_ts(name), desk.fault(name, wait_s)) for name in names]
            for desk in (plain, dumped)
        ]
        assert answers[0] == answers[1]


def act(desk: Desk, what: str, name: str, level: int, wait_s: float) -> None:
    """One step of a random history."""
    match what:
        case "book":
            desk.book(name, level, after_s=wait_s)
        case "price":
            desk.price(95_000.0 + level * 100, after_s=wait_s)
        case "gap":
            desk.session.admit(FeedGap("books", name, 0, 0, "lost"))
        case "delist":
            desk.session.admit(InstrumentDelisted(name))
        case _:
            desk.session.admit(Resumed(S), desk.now + round(wait_s * S))
