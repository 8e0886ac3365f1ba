"""What a chart of candles finds in real runs: in the table of bars, else in the journal, and says which."""

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.web.served import Served
from tradeworthy.runtime.home import Home
from tradeworthy.web.candles import CandleBook
from tradeworthy.web.dashboard.candle_chart import Answer, Drawn, Wanted, find
from tradeworthy.web.records import Records


@pytest.fixture
def heard() -> threading.Event:
    """Set when candles changed."""
    return threading.Event()


@pytest.fixture
def book(finished: Served, heard: threading.Event) -> Iterator[CandleBook]:
    """Over the archive's runs."""
    made = CandleBook(finished.home.runs, heard.set)
    yield made
    made.close()


def asked(home: Path, book: CandleBook, run: str, wanted: Wanted) -> Answer:
    """One answer."""
    records = Records(Home(home))
    try:
        return asyncio.run(records.read(partial(find, book, wanted), run))
    finally:
        records.close()


def test_a_pilots_candles_are_made_of_its_journals_prices(
    finished: Served, book: CandleBook, heard: threading.Event
) -> None:
    """First it says that it reads, then there are ten minutes of each oracle."""
    run, home = finished.newest("pilot"), finished.home.path
    asked(home, book, run, Wanted())
    while not (answer := asked(home, book, run, Wanted("ETH", "1m"))).scene.candles:
        assert heard.wait(20)
        heard.clear()
    assert set(answer.names) == {"BTC", "ETH", "SOL"}
    assert answer.names["ETH"] == ["1m", "5m", "15m", "1h"]
    assert answer.name == "ETH"
    assert "made from the prices in the run's journal" in answer.words


def test_what_was_never_heard_of_is_said(finished: Served, book: CandleBook) -> None:
    """A sentence with the reason, and no chart."""
    run = finished.newest("uptrend")
    answer = asked(finished.home.path, book, run, Wanted("NONE", "1m"))
    assert answer.scene.candles == []
    assert answer.words


def test_another_part_comes_into_sight_only_for_another_picture() -> None:
    """A candle more is the same one; another instrument, a trade, or much more of it is not."""
    before = Drawn("BTC", "1m", None, 100)
    assert not before._replace(candles=101).is_other_than(before)
    assert before._replace(candles=200).is_other_than(before)
    assert before._replace(candles=50).is_other_than(before)
    assert before._replace(name="ETH").is_other_than(before)
    assert before._replace(chosen=("run", 1)).is_other_than(before)
