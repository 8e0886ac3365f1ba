"""Risk's record as the page Risk asks for it: halts with their ends, refusals by rule, stance, and the day's base."""

from decimal import Decimal

from tests.store.story import CASH, DAY, Story, project
from tradeworthy.core.candidates import Decision
from tradeworthy.core.events import Figure
from tradeworthy.execution.accounting import EquityMarked
from tradeworthy.market.predictions import Market, MarketOpened
from tradeworthy.risk.operators import DailyReset
from tradeworthy.risk.stance import Posture, PostureChanged, PostureReported
from tradeworthy.store.queries import Connection
from tradeworthy.store.risk_listings import RiskListings

RUN = "breakout-1"
NOTHING = dict.fromkeys(("seq", "created_at", "equity", "peak", "base", "pnl", "midnight"))


def mark(story: Story, equity: int) -> None:
    """The account is marked at the next bar."""
    bar = story.bar()
    story.turn(bar, EquityMarked(story.ts, equity * CASH, 0, equity * CASH, 0, 0, 12_000 * CASH, 0))


def judged(story: Story, equity: int, loss: int) -> None:
    """Risk decides, and says from what the day counts."""
    figures: dict[str, Figure] = {"equity": equity * CASH, "daily_loss": loss * CASH}
    story.turn(story.bar(), Decision("risk-guardian", 1, "breakout", True, "", figures, {}))


def test_halts_say_who_set_and_who_released_them(story: Story, url: str, connection: Connection) -> None:
    """One is over, one holds; what people asked for stands beside them, and which desk raised how often."""
    story.open_account()
    story.operations()
    project(story, url)
    risk = RiskListings(connection, [RUN])
    latched, released = risk.halts()
    assert (latched["desk"], latched["rule"], latched["released_at"]) == ("breakout", "drawdown", None)
    assert (released["by"], released["reason"]) == ("ann", "looks odd")
    assert (released["released_by"], released["release_reason"]) == ("ann", "fine")
    assert risk.holding() == [latched]
    assert [(row["said"], row["by"], row["reason"]) for row in risk.orders()] == [
        ("resume", "ann", "fine"),
        ("halt", "ann", "looks odd"),
    ]
    (fault,) = risk.faults()
    assert (fault["desk"], fault["faults"]) == ("breakout", 2)
    assert fault["reason"] == "ZeroDivisionError: division by zero"


def test_a_halt_of_a_parent_holds_no_more(story: Story, url: str, connection: Connection) -> None:
    """The run that took over was told of the latches and has rows of its own."""
    story.open_account()
    story.operations()
    project(story, url)
    risk = RiskListings(connection, ["breakout-2", RUN])
    assert risk.holding() == []
    assert len(risk.halts()) == 2


def test_refusals_are_counted_by_rule(story: Story, url: str, connection: Connection) -> None:
    """P2: the newest refused candidate leads to its trace."""
    story.open_account()
    story.order_refused()
    newest = story.order_refused()
    project(story, url)
    (row,) = RiskListings(connection, [RUN]).refused()
    assert (row["rule"], row["refused"], row["candidate"], row["run"]) == ("position_limit", 2, newest, RUN)


def test_tokens_have_their_markets_title(story: Story, url: str, connection: Connection) -> None:
    """P2: a refusal names the question and the outcome, not the token's number."""
    story.open_account()
    question = Market("pm:1", "polymarket", "0xa", "Up or down?", "pm:1:YES", "pm:1:NO")
    story.turn(MarketOpened(question))
    project(story, url)
    risk = RiskListings(connection, [RUN])
    (found,) = risk.tokens({"pm:1:NO", "BTCUSDT"}).values()
    assert (found["market"], found["title"], found["outcome"]) == ("pm:1", "Up or down?", "NO")
    assert risk.tokens(()) == {}


def test_stances_are_ours_and_the_outside_writers(story: Story, url: str, connection: Connection) -> None:
    """Both move what desks may do; the newest is the first."""
    story.open_account()
    stresses = (0.0, 0.5, 0.0, 0.0, 0.0)
    story.turn(story.bar(), PostureChanged(Posture.STALKER, Posture.APEX, 0.875, stresses, "structure 0.5"))
    story.turn(story.bar(), PostureReported(Posture.TURTLE, story.ts, seq=4, writer="watchdog"))
    project(story, url)
    reported, changed = RiskListings(connection, [RUN]).stances()
    assert (reported["type"], reported["event"]["posture"]) == ("PostureReported", "TURTLE")
    assert (changed["type"], changed["event"]["cats"]) == ("PostureChanged", list(stresses))


def test_a_run_without_marks_has_no_day(story: Story, url: str, connection: Connection) -> None:
    """No figure is made up."""
    story.open_account()
    project(story, url)
    risk = RiskListings(connection, [RUN])
    assert risk.day() == NOTHING
    about = risk.about()
    assert (about["posture"], about["risk"], about["has_decided"]) == (None, None, False)


def test_the_first_days_base_is_the_cash_that_was_paid_in(
    story: Story, url: str, connection: Connection
) -> None:
    """A loss before the first mark counts."""
    story.open_account()
    mark(story, 9_900)
    project(story, url)
    day = RiskListings(connection, [RUN]).day()
    assert (day["equity"], day["base"], day["pnl"]) == (Decimal(9_900), Decimal(10_000), Decimal(-100))
    assert day["peak"] == Decimal(12_000)


def test_a_new_day_counts_from_its_reset(story: Story, url: str, connection: Connection) -> None:
    """Of several resets the day's own; of several days the newest."""
    story.open_account()
    for equity in (9_900, 9_800, 9_700):
        mark(story, equity)
        story.ts += DAY - story.ts % DAY
        story.turn(story.bar(), DailyReset(story.ts, (equity - 10) * CASH, 0))
    mark(story, 9_650)
    project(story, url)
    day = RiskListings(connection, [RUN]).day()
    assert (day["base"], day["pnl"]) == (Decimal(9_690), Decimal(-40))


def test_a_decision_says_what_the_day_counts_from(story: Story, url: str, connection: Connection) -> None:
    """A person's resume moves the base: what risk judges by goes before what the day began with."""
    story.open_account()
    mark(story, 9_000)
    judged(story, 9_000, 1_000)
    judged(story, 9_000, 0)
    mark(story, 9_020)
    project(story, url)
    day = RiskListings(connection, [RUN]).day()
    assert (day["base"], day["pnl"]) == (Decimal(9_000), Decimal(20))
