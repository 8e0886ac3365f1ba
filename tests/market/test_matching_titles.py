"""Titles of markets: what they ask of a price, and why the others are left alone."""

from datetime import UTC, datetime

import msgspec
import pytest

from tradeworthy.market.matching import TOUCHES, Match, Shape, match, match_title
from tradeworthy.market.predictions import Market

MINUTE_NS = 60_000_000_000

MATCHED = [
    # The specification's
    ("Will Bitcoin be above $95,000 on February 4?", Shape.ABOVE, "BTC", 95_000),
    ("Will the price of Ethereum be below $2,400 on March 1, 12:00 ET?", Shape.BELOW, "ETH", 2_400),
    ("Will Bitcoin reach $150k in December?", Shape.TOUCH_UP, "BTC", 150_000),
    ("Will Ethereum dip to $1,800 by March 31?", Shape.TOUCH_DOWN, "ETH", 1_800),
    ("Will Solana hit $1m?", Shape.TOUCH_UP, "SOL", 1_000_000),
    ("Will Solana hit $1.2M?", Shape.TOUCH_UP, "SOL", 1_200_000),
    ("Will Solana hit $0.5k?", Shape.TOUCH_UP, "SOL", 500),
    ("Will the price of Bitcoin be above $97,000 on December 1?", Shape.ABOVE, "BTC", 97_000),
    # Where the price ends
    ("Will BTC be over 95k at 3PM ET on March 3?", Shape.ABOVE, "BTC", 95_000),
    ("Will Dogecoin's price exceed $0.25 on March 1?", Shape.ABOVE, "DOGE", 0.25),
    ("Will XRP surpass $3.10 on 2026-02-04?", Shape.ABOVE, "XRP", 3.10),
    ("Will Bitcoin close above $95,000 on Feb 4, 2026?", Shape.ABOVE, "BTC", 95_000),
    ("Will the price of Solana be greater than $180 on May 3?", Shape.ABOVE, "SOL", 180),
    ("Will the price of Bitcoin be less than $94,000 on March 3?", Shape.BELOW, "BTC", 94_000),
    ("Ethereum above 2,000 on June 5?", Shape.ABOVE, "ETH", 2_000),
    ("Will ETH be under $2.5k on Friday?", Shape.BELOW, "ETH", 2_500),
    ("Will Ripple trade below $2 on April 10 at noon?", Shape.BELOW, "XRP", 2),
    ("Will Bitcoin be at or above $100,000 on January 1?", Shape.ABOVE, "BTC", 100_000),
    # What it meets on the way
    ("Will Bitcoin hit (LOW) $80k in May?", Shape.TOUCH_DOWN, "BTC", 80_000),
    ("Will Bitcoin hit (HIGH) $120k in May?", Shape.TOUCH_UP, "BTC", 120_000),
    ("Will XRP fall below $2 before April?", Shape.TOUCH_DOWN, "XRP", 2),
    ("Will Dogecoin drop to $0.10 by December 31, 2026?", Shape.TOUCH_DOWN, "DOGE", 0.10),
    ("Will Bitcoin reach $150k by December 31, 2026, 11:59 PM ET?", Shape.TOUCH_UP, "BTC", 150_000),
    ("Will Bitcoin reach $2,025 in 2026?", Shape.TOUCH_UP, "BTC", 2_025),
    ("Will Ethereum rise above $5,000 by June?", Shape.TOUCH_UP, "ETH", 5_000),
    ("Will SOL crash to $50 this year?", Shape.TOUCH_DOWN, "SOL", 50),
    ("Will Bitcoin be ≥ $130k by March 31?", Shape.TOUCH_UP, "BTC", 130_000),
    ("BTCUSD-26FEB04-T104000", Shape.ABOVE, "BTC", 104_000),
    ("FEDRATE-26MAR-T4P0", Shape.ABOVE, "FEDRATE", 4.0),
    ("FEDRATE-26MAR-T450", Shape.ABOVE, "FEDRATE", 4.5),
    ("TEMP-NYC-26FEB04-T40", Shape.ABOVE, "TEMP-NYC", 40),
]

REFUSED = [
    # The specification's
    ("MicroStrategy holds 700k+ BTC by March 31?", "holdings"),
    ("Will Bitcoin dominance be above 60%?", "dominance"),
    ("Bitcoin ETF inflows above $1b?", "fund_flows"),
    ("Will Bitcoin outperform Ethereum above $3,000?", "comparison"),
    # About something else
    ("Will Bitcoin reach a new all time high in March?", "all_time_high"),
    ("Will Ethereum hit an ATH by June?", "all_time_high"),
    ("Will Solana's market cap be above $100k on May 3?", "market_cap"),
    ("Will Ethereum flip Bitcoin in 2026?", "comparison"),
    ("Will Bitcoin Cash be above $500 on May 3?", "other_asset"),
    ("Will Ethereum gas be above 50 on May 3?", "chain_figure"),
    ("Will Ethereum TVL be above $60k on May 3?", "chain_figure"),
    ("Will the US buy Bitcoin above $100k in 2026?", "holdings"),
    ("Will Bitcoin drop 10% in March?", "percentage"),
    ("Will gold be above $3,000 on May 3?", "no_asset"),
    ("Will the Fed cut rates in March?", "no_asset"),
    ("Will Elon Musk say Bitcoin above $90k on May 3?", "words_unknown"),
    ("Will Satoshi move any Bitcoin in 2026?", "no_verb"),
    # Ambiguous
    ("Will Bitcoin or Ethereum be above $4,000 on May 3?", "several_assets"),
    ("Will Bitcoin hit $80k or $150k by May?", "several_numbers"),
    ("Will Bitcoin hit $80k or $150k first?", "first_of_two"),
    ("Will Bitcoin be above $90,000 and below $95,000 on May 3?", "several_numbers"),
    ("Will Bitcoin stay above $90k in December?", "path_dependent"),
    ("Will Bitcoin not reach $100k in May?", "negated"),
    ("Will Bitcoin be above $100k in December?", "period_unclear"),
    ("Will Bitcoin hit $98,000 on February 4?", "period_unclear"),
    ("Will Bitcoin be between $94,000 and $96,000 by May 3?", "period_unclear"),
    ("Will Bitcoin rise above and fall below $90k in May?", "several_verbs"),
    ("Will Bitcoin be between $96,000 and $94,000 on May 3?", "range_unclear"),
    ("Will Bitcoin be between $96,000 and the moon on May 3?", "words_unknown"),
    ("Bitcoin above ___ on December 1?", "no_strike"),
    ("Will Bitcoin be above zero on December 1?", "words_unknown"),
    ("Bitcoin Up or Down on March 12?", "window_unknown"),
    ("Bitcoin Up or Down most - March 12, 5:20AM-5:25AM ET", "words_unknown"),
]


@pytest.mark.parametrize(("title", "shape", "underlying", "strike"), MATCHED)
def test_a_title_that_is_understood(title: str, shape: Shape, underlying: str, strike: float) -> None:
    """A3: shape, asset and strike."""
    found = match_title(title)
    assert (found.shape, found.underlying, found.strike, found.reason) == (shape, underlying, strike, "")
    assert 0.5 < found.confidence <= 1.0


@pytest.mark.parametrize(("title", "reason"), REFUSED)
def test_a_title_that_is_not(title: str, reason: str) -> None:
    """It names why, and holds nothing that could be priced."""
    found = match_title(title)
    assert (found.shape, found.reason) == (Shape.NONE, reason)
    assert (found.strike, found.confidence) == (None, 0.0)


@pytest.mark.parametrize("when", ["March 3", "…", "May 3, 4:00 PM ET"])
def test_a_range_has_two_strikes(when: str) -> None:
    """From the lower up to the higher."""
    found = match_title(f"Will the price of Bitcoin be between $94,000 and $96,000 on {when}?")
    assert (found.shape, found.strike, found.strike_high) == (Shape.RANGE, 94_000.0, 96_000.0)


@pytest.mark.parametrize(
    ("title", "slug", "minutes"),
    [
        ("Bitcoin Up or Down - March 12, 5:20AM-5:25AM ET", "", 5),
        ("Bitcoin Up or Down - March 12, 11:50PM-12:05AM ET", "", 15),
        ("Bitcoin Up or Down - March 12, 5:45-6:00AM ET", "", 15),
        ("Bitcoin Up or Down", "btc-updown-15m-1741770000", 15),
        ("Bitcoin Up or Down - March 12, 5:20AM-5:25AM ET", "btc-updown-5m-1741771200", 5),
        ("Bitcoin Up or Down - March 12, 5AM ET", "btc-updown-1h-1741770000", 60),
    ],
)
def test_a_window_lasts_as_its_title_or_slug_says(title: str, slug: str, minutes: int) -> None:
    """O3: the strike is the price at its start, which a title does not know."""
    found = match_title(title, slug=slug)
    assert (found.shape, found.underlying, found.strike) == (Shape.WINDOW, "BTC", None)
    assert found.window_ns == minutes * MINUTE_NS


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Bitcoin Up or Down - March 12, 5:20AM-5:25AM ET", "btc-updown-15m-1741771200"),
        ("Bitcoin Up or Down - March 12, 5:20AM-5:25AM ET", "eth-updown-5m-1741771200"),
    ],
)
def test_a_slug_that_speaks_of_another_window_is_believed_by_nobody(title: str, slug: str) -> None:
    """Neither length nor asset may differ."""
    assert match_title(title, slug=slug).reason == "slug_disagrees"


@pytest.mark.parametrize(
    ("title", "at"),
    [
        ("Will the price of Ethereum be below $2,400 on March 1, 12:00 ET?", "12:00 ET"),
        ("Will Bitcoin be above $95,000 on February 4 at 3PM ET?", "15:00 ET"),
        ("Will Bitcoin be above $95,000 on February 4 at 12:30 am UTC?", "00:30 UTC"),
        ("Will Bitcoin be above $95,000 on February 4?", ""),
    ],
)
def test_the_time_in_a_title_is_read_and_is_no_strike(title: str, at: str) -> None:
    """It is what decides, so it is kept."""
    assert match_title(title).at == at


def test_what_was_guessed_lowers_the_confidence() -> None:
    """A hit without its direction, and a title without its time."""
    assert match_title("Will Bitcoin be above $95,000 on February 4?").confidence == 1.0
    assert match_title("Will Bitcoin be above $95,000?").confidence == pytest.approx(0.9)
    assert match_title("Will Bitcoin hit $95,000 in May?").confidence == pytest.approx(0.8)
    assert match_title("Will the price be above $95,000 on May 3?", underlying="BTC").confidence == 0.9


WINDOW = Market(
    id="polymarket:w",
    venue="polymarket",
    external_id="w",
    title="Bitcoin Up or Down - March 12, 5:20AM-5:25AM ET",
    yes="polymarket:w:YES",
    no="polymarket:w:NO",
    slug="btc-updown-5m-1741771200",
    labels=("Up", "Down"),
    end_ts=1_741_771_500_000_000_000,
)
LEVEL = msgspec.structs.replace(
    WINDOW, title="Will Bitcoin be above $95,000 on March 12?", slug="", labels=("Yes", "No")
)


def changed(market: Market, **changes: object) -> Match:
    """The match of `market` with other fields."""
    return match(msgspec.structs.replace(market, **changes))


def test_up_is_yes_and_down_is_no() -> None:
    """A venue that turns its labels round, or names teams, is not understood."""
    assert match(WINDOW).shape is Shape.WINDOW
    assert changed(WINDOW, labels=("Down", "Up")).reason == "labels_unclear"
    assert changed(WINDOW, labels=("Yes", "No")).reason == "labels_unclear"
    assert match(LEVEL).shape is Shape.ABOVE
    assert changed(LEVEL, labels=("Bulls", "Bears")).reason == "labels_unclear"


def test_the_venue_and_the_title_must_not_disagree() -> None:
    """Its strike, its underlying, and the end of a window."""
    assert changed(LEVEL, strike=95_000.0, underlying="BTC").strike == 95_000.0
    assert changed(LEVEL, strike=96_000.0).reason == "strike_disagrees"
    assert changed(LEVEL, underlying="ETH").reason == "asset_disagrees"
    assert changed(WINDOW, end_ts=WINDOW.end_ts + 60_000_000_000).reason == "end_disagrees"
    assert changed(WINDOW, end_ts=0).shape is Shape.WINDOW


def utc(*when: int) -> int:
    """A date and time as UTC ns."""
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000_000  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("title", "end", "begins"),
    [
        ("Will Bitcoin reach $150k in December?", (2025, 1, 1, 5), (2024, 12, 1, 5)),
        ("Will Bitcoin reach $150k in December?", (2024, 12, 31), (2024, 12, 1, 5)),
        ("Will Bitcoin hit (HIGH) $120k during May?", (2026, 6, 1, 4), (2026, 5, 1, 4)),
        ("Will Bitcoin reach $150k in 2025?", (2026, 1, 1, 5), (2025, 1, 1, 5)),
        ("Will Bitcoin dip to $50k in Q2 2026?", (2026, 7, 1, 4), (2026, 4, 1, 4)),
        ("Will Ethereum reach $4,000 December 8-14?", (2025, 12, 15, 5), (2025, 12, 8, 5)),
        ("Will Ethereum reach $4,000 December 29 - January 4?", (2026, 1, 5, 5), (2025, 12, 29, 5)),
        ("Will Ethereum reach $4,000 June 31-33?", (2026, 1, 5, 5), None),
        ("Will Bitcoin reach $150k by December 31, 2025?", (2026, 1, 1, 5), None),
        ("Will Bitcoin reach $150k before April?", (2026, 4, 1, 4), None),
        ("Will Bitcoin reach $150k this week?", (2026, 4, 6, 4), None),
    ],
)
def test_a_period_begins_when_its_title_says(
    title: str, end: tuple[int, ...], begins: tuple[int, ...] | None
) -> None:
    """O2: only touches within it count; in New York's time, and the last such date before the end."""
    found = changed(LEVEL, title=title, end_ts=utc(*end))
    assert found.shape in TOUCHES
    assert found.from_ts == (utc(*begins) if begins else 0)


def test_a_direction_that_is_not_said_is_marked_as_a_guess() -> None:
    """Nothing but `hit` and `touch` leaves it open."""
    assert match_title("Will Bitcoin hit $95,000 in May?").guessed
    for title in ("Will Bitcoin hit (LOW) $80k in May?", "Will Bitcoin reach $95,000 in May?"):
        assert not match_title(title).guessed


def test_the_time_in_a_title_must_be_that_of_the_end() -> None:
    """Venues say noon and give noon of another zone: one of the two is wrong, and the last hours are everything."""
    noon = "Will the price of Bitcoin be above $95,000 on March 1, 12:00 ET?"
    assert changed(LEVEL, title=noon, end_ts=utc(2026, 3, 1, 17)).shape is Shape.ABOVE
    assert changed(LEVEL, title=noon, end_ts=utc(2026, 7, 1, 16)).shape is Shape.ABOVE
    assert changed(LEVEL, title=noon, end_ts=utc(2026, 3, 1, 12)).reason == "end_disagrees"
    zoned = "Will Bitcoin be above $95,000 on February 4 at 12:30 am UTC?"
    assert changed(LEVEL, title=zoned, end_ts=utc(2026, 2, 4, 0, 30)).shape is Shape.ABOVE
    assert changed(LEVEL, title=zoned.replace(" UTC", ""), end_ts=utc(2026, 2, 4, 9)).shape is Shape.ABOVE


def test_the_venue_fills_in_what_the_title_leaves_open() -> None:
    """A window's first price, and the strike of a title with a blank; 0 is a number in a row, and no strike."""
    assert changed(WINDOW, strike=97_500.0).strike == 97_500.0
    blank = "Bitcoin above ___ on December 1?"
    assert changed(LEVEL, title=blank, strike=97_000.0).strike == 97_000.0
    assert changed(LEVEL, title=blank, strike=0.0).reason == "no_strike"
    assert changed(LEVEL, strike=0.0).strike == 95_000.0


def test_enough_titles_are_tested() -> None:
    """At least forty beyond the specification's twelve."""
    assert len(MATCHED) + len(REFUSED) >= 52
