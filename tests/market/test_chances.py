"""What prices say of an outcome: how likely, and who has clearly won."""

from typing import Any

import pytest

from tests.market.session import Session
from tests.market.tokens import market
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.chances import Chances
from tradeworthy.market.digital import YEAR_NS, above
from tradeworthy.market.markets import Markets
from tradeworthy.market.oracles import Oracles, OracleSettings
from tradeworthy.market.predictions import Market, MarketOpened

S = 1_000_000_000
START = 1_704_067_200 * S
END = START + 300 * S
K = 97_000.0
TITLE = "Bitcoin above $97,000 on December 1?"
WINDOW: dict[str, Any] = {
    "title": "Bitcoin Up or Down - January 1, 12:00AM-12:05AM UTC",
    "labels": ("Up", "Down"),
    "start_ts": START,
}


class Desk:
    """One market on BTC that ends five minutes after START, at a volatility of 0.6."""

    def __init__(self, **facts: Any) -> None:
        self.markets = Markets()
        self.oracles = Oracles(OracleSettings(volatility_prior=0.6, prior_minutes=1e9))
        self.chances = Chances(self.markets, self.oracles)
        self._session = Session(self.markets, self.oracles)
        known: dict[str, Any] = {"title": TITLE, "end_ts": END} | facts
        self.market: Market = market("m", **known)
        self._session.admit(MarketOpened(self.market), START)

    def hear(self, price: float, *seconds: int) -> None:
        """BTC stands at `price` that many seconds after START."""
        for second in seconds:
            ts = START + second * S
            self._session.admit(PriceObserved("BTC", price, ts), ts)


@pytest.mark.parametrize("word", ["above", "below"])
def test_the_probability_is_the_models(word: str) -> None:
    """O1 by spot, strike, volatility and time left; of a market on what is below, the rest of 1."""
    desk = Desk(title=TITLE.replace("above", word))
    assert desk.chances.now(desk.market, START) is None
    desk.hear(97_100.0, 0)
    fair = above(97_100.0, K, 0.6, 200 * S / YEAR_NS)
    wanted = fair if word == "above" else 1.0 - fair
    assert desk.chances.now(desk.market, START + 100 * S) == pytest.approx(wanted, abs=1e-12)


def test_a_windows_strike_is_the_first_price_at_its_start() -> None:
    """Within two seconds of it, else nothing is known; the venue's own strike comes first."""
    for second, strike, wanted in ((2, None, 0.5), (3, None, None), (3, 98_000.0, 0.0)):
        desk = Desk(**WINDOW, strike=strike)
        desk.hear(97_000.0, second)
        chance = desk.chances.now(desk.market, START + 10 * S)
        assert chance == (wanted if wanted is None else pytest.approx(wanted, abs=1e-2))


def test_what_does_not_rest_on_where_one_price_ends_is_not_spoken_of() -> None:
    """A touch, a title that is not understood, a market without an end."""
    for facts in (
        {"title": "Will Bitcoin reach $98,000 by January 8?"},
        {"title": "Will it rain on December 1?"},
        {"end_ts": 0},
    ):
        desk = Desk(**facts)
        desk.hear(97_000.0, 0, *range(285, 300))
        assert desk.chances.now(desk.market, START) is None
        assert desk.chances.winner(desk.market) is None


LAST = tuple(range(285, 300))


@pytest.mark.parametrize(
    ("said", "winner"),
    [
        ({97_300.0: LAST}, True),
        ({96_700.0: LAST}, False),
        ({97_300.0: (290, 295)}, True),
        ({97_300.0: (291, 295)}, None),
        ({97_050.0: (285,), 97_300.0: LAST[1:]}, None),
        ({97_300.0: LAST[:-1], 97_001.0: (299,)}, None),
        ({97_300.0: LAST[:7], 96_700.0: LAST[7:]}, None),
        ({97_010.0: LAST}, None),
        ({97_300.0: (284,)}, None),
    ],
)
def test_a_winner_is_clear_if_it_was_certain_for_fifteen_seconds(
    said: dict[float, tuple[int, ...]], *, winner: bool | None
) -> None:
    """At each price of them, on the same side, and heard within the first five seconds."""
    desk = Desk()
    for price, seconds in said.items():
        desk.hear(price, *seconds)
    assert desk.chances.winner(desk.market) is winner
