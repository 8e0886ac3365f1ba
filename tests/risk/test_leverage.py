"""Leverage: how far exposures and borrowed cash may go."""

from decimal import Decimal

import pytest

from tests.risk.rig import Rig, all_of, entry, only
from tradeworthy.core.candidates import Decision, Verdict
from tradeworthy.market.money import cash_of
from tradeworthy.risk.settings import PPM, DeskRisk, RiskSettings, limits_of


def borrowing(leverage: str, **limits: str) -> RiskSettings:
    """Limits that only the leverage binds, unless `limits` say otherwise."""
    free = {"position_max": "1", "portfolio_max": "1", "daily_loss_max": "1", "drawdown_max": "1"}
    given = free | {"market_order_margin": "0", "leverage_max": leverage} | limits
    return RiskSettings.model_validate(given)


def refusal(rig: Rig, lots: int, desk: str = "alpha") -> str:
    """Why an entry is refused; "" for one that is approved."""
    decision = only(rig.ask(desk, entry(lots=lots)), Decision)
    return decision.reason


@pytest.mark.parametrize("sign", [1, -1])
def test_twice_the_equity_carries_one_and_a_fifth_of_it_either_way(sign: int) -> None:
    """P6: long or short, after fees, through risk, venue and ledger."""
    rig = Rig(borrowing("2"))
    rig.hold("alpha", "AAA", sign * 120_000)
    fee = cash_of(12_000) // 2000
    assert rig.ledger.state.cash == cash_of(10_000) - sign * cash_of(12_000) - fee
    assert rig.ledger.free_cash() == -cash_of(2_000) - fee


@pytest.mark.parametrize("sign", [1, -1])
def test_what_may_be_borrowed_ends_where_it_says(sign: int) -> None:
    """Without fees twice the equity and not a lot more; fees come off it."""
    rig = Rig(borrowing("2"), fee="0")
    assert refusal(rig, sign * 200_001) == "position_limit"
    assert refusal(rig, sign * 200_000) == ""
    with_fees = Rig(borrowing("2"))
    assert refusal(with_fees, sign * 200_000) == "cash"
    assert refusal(with_fees, sign * 199_900) == ""


def test_without_leverage_nothing_is_borrowed() -> None:
    """As it was: the whole of the cash, less fees."""
    rig = Rig(borrowing("1"))
    assert refusal(rig, 100_000) == "cash"
    assert refusal(rig, 99_950) == ""


def test_the_reserve_is_kept_on_top_of_what_may_be_borrowed() -> None:
    """A tenth of the equity in reserve leaves nine tenths to borrow."""
    rig = Rig(borrowing("2", cash_reserve="0.1"), fee="0")
    decision = only(rig.ask("alpha", entry(lots=190_001)), Decision)
    assert (decision.reason, decision.limits["cash_left"]) == ("cash", -cash_of(9_000))
    assert refusal(rig, 190_000) == ""


@pytest.mark.parametrize(
    ("limits", "desks", "reason"),
    [
        ({"position_max": "0.25"}, {}, "position_limit"),
        ({"portfolio_max": "0.25"}, {}, "portfolio_limit"),
        ({"venue_max": "0.25"}, {}, "platform_limit"),
        ({}, {"alpha": DeskRisk(share=Decimal("0.25"))}, "desk_share"),
    ],
)
def test_each_limit_of_exposure_is_a_fraction_of_the_levered_equity(
    limits: dict[str, str], desks: dict[str, DeskRisk], reason: str
) -> None:
    """A quarter of three times 10,000 is 7,500, and a lot more is refused."""
    rig = Rig(borrowing("3", **limits), desks or None)
    events = rig.ask("alpha", entry(lots=75_001))
    assert only(events, Verdict).reason == reason
    assert list(only(events, Verdict).limits.values()) == [cash_of(7_500)]
    assert refusal(rig, 75_000) == ""


def test_losses_are_counted_without_leverage() -> None:
    """The day's loss and the drawdown stay fractions of the equity itself."""
    limits = limits_of(RiskSettings(leverage_max=Decimal(20)))
    assert (limits.daily_loss_ppm, limits.drawdown_ppm) == (50_000, 200_000)
    assert (limits.leverage_ppm, limits.position_ppm, limits.event_ppm) == (20 * PPM, 5 * PPM, 20 * PPM)


def test_two_desks_borrow_together() -> None:
    """Each 1.2 times its half of the account, one long and one short."""
    half = DeskRisk(share=Decimal("0.6"))
    rig = Rig(borrowing("2"), {"alpha": half, "beta": half})
    rig.hold("alpha", "AAA", 60_000)
    rig.hold("beta", "BBB", -60_000)
    assert all_of(rig.ask("alpha", entry(lots=80_000)), Verdict)[0].reason == "desk_share"
