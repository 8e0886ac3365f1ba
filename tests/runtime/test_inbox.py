"""What a live gateway delivered: in order, repeats dropped, books conflated, an overflow on record."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.rig import BTC, ETH, START, book, price
from tradeworthy.core.events import Event
from tradeworthy.market.bars import FeedGap
from tradeworthy.market.books import BookChanged
from tradeworthy.runtime.inbox import NOWHERE, OVERFLOW, Inbox

ALL = 1_000_000

Delivery = tuple[int, Event]


def deliver(inbox: Inbox, *deliveries: Delivery) -> None:
    """Put them in, as a gateway does."""

    async def go() -> None:
        for position, event in deliveries:
            await inbox.put(position, event)

    asyncio.run(go())


def test_what_comes_is_taken_in_order() -> None:
    """As much as is asked for at a time."""
    inbox = Inbox("prices", -1)
    events = [(position, price(at=100.0 + position)) for position in range(5)]
    deliver(inbox, *events)
    assert len(inbox) == 5
    assert inbox.take(2) == events[:2]
    assert inbox.take(ALL) == events[2:]
    assert inbox.take(ALL) == []


def test_a_repeat_is_dropped() -> None:
    """Of what was delivered in this life, or admitted in an earlier one."""
    inbox = Inbox("prices", after=3)
    deliver(
        inbox, (2, price()), (3, price()), (5, price(at=5.0)), (5, price()), (4, price()), (6, price(at=6.0))
    )
    assert inbox.take(ALL) == [(5, price(at=5.0)), (6, price(at=6.0))]
    assert inbox.after == 6


def test_of_an_instruments_books_only_the_newest_waits() -> None:
    """Prices never give way, and the books of another instrument are another matter."""
    inbox = Inbox("prices", -1)
    old, new, other = book(1), book(2), book(3, ETH)
    deliver(inbox, (0, old), (1, other), (2, price()), (3, new))
    assert inbox.take(ALL) == [(1, other), (2, price()), (3, new)]
    deliver(inbox, (4, old), (5, price()))
    assert inbox.take(1) == [(4, old)]
    deliver(inbox, (6, new))
    assert inbox.take(ALL) == [(5, price()), (6, new)]


def test_an_overflow_is_a_gap_on_record() -> None:
    """What could not wait is named by instrument and time, where the last of it would have stood."""
    inbox = Inbox("prices", -1, waiting_max=2)
    prices = [
        (number, price(instrument=BTC if number % 2 else ETH, ts=START + number)) for number in range(7)
    ]
    deliver(inbox, *prices)
    assert inbox.take(ALL) == prices[:2]
    assert inbox.take(ALL) == [
        (5, FeedGap("prices", BTC, START + 3, START + 5, OVERFLOW)),
        (6, FeedGap("prices", ETH, START + 2, START + 6, OVERFLOW)),
    ]
    deliver(inbox, (7, price()))
    assert inbox.take(ALL) == [(7, price())]


def test_a_newer_book_finds_room_in_a_full_inbox() -> None:
    """It takes the older one's place, behind what came between; nothing is lost."""
    inbox = Inbox("prices", -1, waiting_max=2)
    deliver(inbox, (0, book(1)), (1, price()), (2, book(2)))
    assert inbox.take(ALL) == [(1, price()), (2, book(2))]


def test_a_hole_in_the_feed_stands_where_it_was_noticed() -> None:
    """Behind what was delivered before it: an older book must not come after it."""
    inbox = Inbox("prices", -1)
    deliver(inbox, (0, book(1)))
    inbox.note_gap("gateway_crashed", START)
    deliver(inbox, (1, price()))
    assert inbox.take(ALL) == [
        (0, book(1)),
        (NOWHERE, FeedGap("prices", "", START, START, "gateway_crashed")),
        (1, price()),
    ]


def test_whoever_waits_is_told_of_the_first_delivery() -> None:
    """And waits again once all is taken."""

    async def go() -> None:
        inbox = Inbox("prices", -1)
        for position in range(2):
            waiting = asyncio.create_task(inbox.filled())
            await asyncio.sleep(0)
            assert not waiting.done()
            await inbox.put(position, price())
            await waiting
            inbox.take(ALL)

    asyncio.run(go())


@pytest.mark.parametrize("step", [0, 1])
def test_a_gateway_with_much_in_hand_lets_the_session_work(step: int) -> None:
    """Deliveries that never wait for the network, or repeats, must not keep the loop to themselves."""

    async def go() -> int:
        inbox = Inbox("prices", -1)
        turns = 0

        async def session() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(session())
        for position in range(2_000):
            await inbox.put(position * step, price())
        task.cancel()
        return turns

    assert asyncio.run(go()) >= 7


@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.sampled_from([BTC, ETH])), max_size=60),
    st.integers(1, 6),
    st.lists(st.integers(0, 4), max_size=60),
)
def test_whatever_comes_positions_grow_and_nothing_goes_missing_in_silence(
    deliveries: Sequence[tuple[int, bool, str]], room: int, takes: Sequence[int]
) -> None:
    """Each position past the highest so far is taken, covered by a gap, or a book that a newer one replaced."""
    inbox = Inbox("prices", -1, waiting_max=room)
    taken: list[Delivery] = []
    fresh: dict[int, Event] = {}
    for number, (position, is_book, name) in enumerate(deliveries):
        event: Event = book(number + 1, name) if is_book else price(instrument=name, ts=START + position)
        if position > max(fresh, default=-1):
            fresh[position] = event
        deliver(inbox, (position, event))
        taken += inbox.take(takes[number] if number < len(takes) else 0)
    taken += inbox.take(ALL) + inbox.take(ALL)
    positions = [position for position, _ in taken]
    assert positions == sorted(set(positions))
    gaps = {(event.instrument, position) for position, event in taken if isinstance(event, FeedGap)}
    for position, event in fresh.items():
        if (position, event) in taken or isinstance(event, BookChanged):
            continue
        assert any(name == event.instrument and position <= to for name, to in gaps)  # type: ignore[attr-defined]
    newest = {
        event.instrument: position for position, event in fresh.items() if isinstance(event, BookChanged)
    }
    for name, position in newest.items():
        assert (position, fresh[position]) in taken or any(gap == name and position <= to for gap, to in gaps)
