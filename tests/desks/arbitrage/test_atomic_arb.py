"""Atomic arbitrage: one request of equal lots with a floor, and what happens when a leg falls short."""

from typing import Any

import pytest

from tests.desks.arbitrage.scanning import MS, levels, market
from tests.desks.arbitrage.trading_rig import SECOND, START, Trading, opportunity
from tradeworthy.core.candidates import Outcome
from tradeworthy.desks.arbitrage.events import ATOMIC_ARB, Method, OpportunityDetected
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.execution.intents import IntentProposed, Policy, TimeInForce
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import cash_of

ONE = market()
NAMES = [
    market(f"m{n}", f"Will candidate {n} win?", event="e", event_size=3, neg_risk=True) for n in range(3)
]


def rig(**options: object) -> Trading:
    """A market whose YES is offered at 0.40 and NO at 0.50: 300 shares of one, 200 of the other."""
    made = Trading(atomic_arb=True, **options)  # type: ignore[arg-type]
    made.share(ATOMIC_ARB, 0.5)
    made.open(ONE)
    made.book(ONE.yes, levels((38, 500)), levels((40, 300), (41, 500)))
    made.book(ONE.no, levels((48, 500)), levels((50, 200), (52, 500)))
    return made


def gap(lots: int = 30_000, **fields: Any) -> OpportunityDetected:
    """M1 up to 0.41 and 0.52, which pays 1 a share for sure."""
    return opportunity(
        (ONE.yes, Side.BUY, lots, 41),
        (ONE.no, Side.BUY, lots, 52),
        **{"strategy": ATOMIC_ARB, "method": Method.BUY_BOTH, "payout_floor": lots * 1_000_000, **fields},
    )


def asked(made: Trading) -> IntentProposed:
    """The one request."""
    (found,) = made.proposed()
    return found


def test_one_group_with_all_legs_equal_lots_and_a_floor() -> None:
    """M1 within the target notional of 50: as many sets as that buys, fees included, all or none."""
    made = rig()
    made.tell(gap())
    intent = asked(made).intent
    yes, no = intent.legs
    assert (yes.instrument, no.instrument, yes.side, no.side) == (ONE.yes, ONE.no, Side.BUY, Side.BUY)
    assert yes.lots == no.lots
    assert (yes.limit_ticks, no.limit_ticks) == (40, 50), "no dearer than so few sets need"
    assert intent.payout_floor == yes.lots * 1_000_000
    each = 900_000 + 16_800 + 17_500
    assert yes.lots == pytest.approx(cash_of(50) / each, rel=0.01)
    assert yes.lots * each <= cash_of(50)
    assert intent.edge == pytest.approx(yes.lots * (1_000_000 - each), abs=3000)
    assert (intent.policy, yes.time_in_force) == (Policy.ALL_OR_NONE, TimeInForce.FOK)
    assert (intent.strategy, intent.expires_at) == (ATOMIC_ARB, START + 2 * SECOND)
    assert yes.position == f"{ATOMIC_ARB}@{ONE.yes}"
    made.wait(250 * MS)
    assert made.verdicts()[-1].outcome is Outcome.FILLED
    assert made.position(ATOMIC_ARB, ONE.no).lots == no.lots


def test_never_above_the_thinnest_leg_nor_the_opportunity() -> None:
    """With money for more, the second level of NO is taken too, up to what was told of; a thin leg bounds both."""
    made = rig(target_notional=5000)
    made.tell(gap(lots=25_000))
    assert [(leg.lots, leg.limit_ticks) for leg in asked(made).intent.legs] == [(25_000, 40), (25_000, 52)]
    thin = rig(target_notional=5000)
    thin.book(ONE.no, levels((48, 500)), levels((50, 60)))
    thin.tell(gap())
    assert [leg.lots for leg in asked(thin).intent.legs] == [6_000, 6_000]


def test_within_its_share_of_the_capital() -> None:
    """A share of 2 % is 10: ten sets and no more; with nothing left it says so."""
    made = rig()
    made.share(ATOMIC_ARB, 0.02)
    made.tell(gap())
    assert 1000 < asked(made).intent.legs[0].lots < 1100
    made.tell(gap(dedupe_key="gap-2"))
    assert made.verdicts()[-1].reason == SkipReason.ALREADY_WORKING
    made.wait(250 * MS)
    made.tell(gap(dedupe_key="gap-3"))
    assert made.verdicts()[-1].reason in (SkipReason.NO_CAPITAL_LEFT, SkipReason.BELOW_MIN_SIZE)


@pytest.mark.parametrize(
    ("yes", "no", "reason"),
    [
        (levels((47, 300)), levels((55, 300)), SkipReason.GAP_VANISHED),
        (levels((40, 4)), levels((50, 300)), SkipReason.BELOW_MIN_SIZE),
        (levels((10, 9)), levels((52, 300)), SkipReason.BELOW_MIN_NOTIONAL),
        ((), levels((50, 300)), SkipReason.GAP_VANISHED),
    ],
)
def test_it_looks_at_the_books_as_they_are(yes: tuple, no: tuple, reason: SkipReason) -> None:  # type: ignore[type-arg]
    """What the opportunity counted on is gone, or not worth it any more."""
    made = rig()
    made.book(ONE.yes, levels((5, 500)), yes)
    made.book(ONE.no, levels((48, 500)), no)
    made.tell(gap())
    assert made.proposed() == []
    assert made.verdicts()[-1].reason == reason


def test_the_same_gap_is_asked_for_once() -> None:
    """A3: one live request per gap."""
    made = rig()
    made.tell(gap(), gap())
    assert len(made.proposed()) == 1
    assert made.verdicts()[-1].reason == SkipReason.DUPLICATE_REQUEST


def test_all_no_of_three_candidates() -> None:
    """M4: three tokens of NO at 0.60 pay 2 at the least, and so much the intent promises."""
    made = Trading(atomic_arb=True)
    made.open(*NAMES)
    for one in NAMES:
        made.book(one.no, levels((58, 500)), levels((60, 300)))
    made.tell(
        opportunity(
            *((one.no, Side.BUY, 30_000, 60) for one in NAMES),
            strategy=ATOMIC_ARB,
            method=Method.BUY_ALL_NO,
            payout_floor=2 * 30_000 * 1_000_000,
        )
    )
    intent = asked(made).intent
    assert len(intent.legs) == 3
    assert intent.payout_floor == 2 * intent.legs[0].lots * 1_000_000
    assert intent.payout_floor > sum(leg.lots * 600_000 for leg in intent.legs)


def test_splitting_sells_both() -> None:
    """M2: bids of 0.56 and 0.50; both tokens are sold, and what they will cost at the end is the floor."""
    made = Trading(atomic_arb=True)
    made.open(ONE)
    made.book(ONE.yes, levels((56, 100)), levels((58, 100)))
    made.book(ONE.no, levels((50, 100)), levels((52, 100)))
    made.tell(
        opportunity(
            (ONE.yes, Side.SELL, 10_000, 56),
            (ONE.no, Side.SELL, 10_000, 50),
            strategy=ATOMIC_ARB,
            method=Method.SPLIT_AND_SELL,
            payout_floor=-10_000 * 1_000_000,
        )
    )
    intent = asked(made).intent
    assert [leg.side for leg in intent.legs] == [Side.SELL, Side.SELL]
    assert intent.payout_floor == -intent.legs[0].lots * 1_000_000
    assert cash_of(45) < -intent.payout_floor <= cash_of(50), "the money that is split is within the target"
    assert intent.edge > 0


def test_all_or_none_buys_nothing_when_a_leg_is_gone() -> None:
    """The other leg would be a bet."""
    made = rig()
    made.tell(gap())
    made.book(ONE.no, levels((58, 500)), levels((60, 500)))
    made.wait(250 * MS)
    assert made.position(ATOMIC_ARB, ONE.yes).lots == 0
    assert made.verdicts()[-1].outcome is Outcome.CANCELLED


def test_complete_pays_up_to_a_tick_past_break_even() -> None:
    """The missing leg may cost what the set earns and a tick: here six ticks and one."""
    made = rig(leg_policy="complete")
    made.tell(gap())
    intent = asked(made).intent
    assert intent.policy is Policy.COMPLETE
    assert intent.legs[0].time_in_force is TimeInForce.FAK
    assert intent.complete_ticks == 7
    made.book(ONE.no, levels((53, 500)), levels((55, 500)))
    made.wait(250 * MS)
    made.wait(250 * MS)
    assert made.position(ATOMIC_ARB, ONE.yes).lots == made.position(ATOMIC_ARB, ONE.no).lots > 0


def test_complete_unwinds_what_it_cannot_complete() -> None:
    """Beyond that, what was bought is sold back at the bids, and the loss is named."""
    made = rig(leg_policy="complete")
    made.tell(gap())
    made.book(ONE.no, levels((70, 500)), levels((72, 500)))
    for _ in range(4):
        made.wait(250 * MS)
        made.book(ONE.yes, levels((38, 500)), levels((40, 300)))
    assert made.position(ATOMIC_ARB, ONE.yes).lots == 0
    assert made.verdicts()[-1].reason == Reason.UNWOUND
    assert int(str(made.verdicts()[-1].figures["leg_risk_loss"])) > 0
