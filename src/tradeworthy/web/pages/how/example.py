"""The worked example, computed by the desk's own functions: a price has moved, and a prediction market has not yet."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from tradeworthy.desks.arbitrage.config import ArbitrageSettings
from tradeworthy.desks.arbitrage.edges import SECOND_NS, oracle_edge, signal_strength, view
from tradeworthy.desks.arbitrage.partitions import LegBook
from tradeworthy.desks.arbitrage.sizing import Purse, Stake, stake
from tradeworthy.market import digital
from tradeworthy.market.books import Level
from tradeworthy.market.instruments import CASH_UNIT, FeeCurve, Instrument, Side
from tradeworthy.market.matching import Match, Shape
from tradeworthy.market.money import Scale, cash_of
from tradeworthy.market.predictions import NO, YES
from tradeworthy.web.dashboard.charts import Options
from tradeworthy.web.dashboard.theme import Palette

MARKET: Final = "polymarket:example"
SETTINGS: Final = ArbitrageSettings()
FEE_RATE: Final = Decimal("0.07")
SHARES_SHOWN: Final = 400
CAPITAL: Final = "50"
"""The strategy's tenth of an account of 500."""

CURVE_POINTS: Final = 81
CURVE_SPAN: Final = 0.02


class Situation(NamedTuple):
    """What the example begins with: prices of the underlying, volatility a year, minutes left, an ask of YES."""

    spot: float = 97_500.0
    strike: float = 97_000.0
    volatility: float = 0.5
    minutes: float = 15.0
    ask: float = 0.85


class Worked(NamedTuple):
    """The example's figures, per share where nothing else is said, in units of currency.

    `edge` is None where the market offers nothing against the view. `won` and `lost` are what the stake makes if the
    market ends YES, and if it ends NO.
    """

    fair: float
    fee: float
    gross: float
    edge: float | None
    signal: float
    kelly: float
    budget: float
    shares: float
    cost: float
    fees: float
    expected: float
    won: float
    lost: float
    skip: str


def worked(at: Situation = Situation()) -> Worked:  # noqa: B008 - a frozen value
    """The figures of section 19's flow for a situation, without doubt of volatility or price (the desk has some)."""
    yes, no = _leg(YES, at.ask), _leg(NO, round(1.0 - at.ask, 2) + 0.02)
    seconds = round(at.minutes * 60)
    match = Match(Shape.ABOVE, "BTC", at.strike)
    exact = view(
        match, at.spot, at.strike, at.volatility, seconds * SECOND_NS, volatility_error=0.0, basis_bps=0.0
    )
    fee = _fee(yes)
    offer = oracle_edge(yes, no, exact, 0.0)
    is_yes = offer is not None and offer.leg.outcome == YES
    edge = exact.fair - at.ask - fee
    signal = signal_strength(max(0.0, edge), SETTINGS.sniper_min_edge)
    sized = stake(
        yes.levels, yes.scale, exact.fair, signal, Purse(cash_of(CAPITAL), cash_of(CAPITAL)), SETTINGS
    )
    money = _money(sized)
    shares = sized.lots / 100
    return Worked(
        fair=exact.fair,
        fee=fee,
        gross=exact.fair - at.ask,
        edge=edge if is_yes else None,
        signal=signal,
        kelly=sized.kelly,
        budget=sized.budget / CASH_UNIT,
        shares=shares,
        cost=money.cost,
        fees=money.fees,
        expected=shares * edge,
        won=shares - money.cost - money.fees,
        lost=-money.cost - money.fees,
        skip=_why_not(edge, sized),
    )


class _Money(NamedTuple):
    cost: float
    fees: float


def _money(sized: Stake) -> _Money:
    return _Money(sized.cost / CASH_UNIT, sized.fee / CASH_UNIT)


def _why_not(edge: float, sized: Stake) -> str:
    """The first reason for which nothing would be bought, "" if something would."""
    if edge < SETTINGS.sniper_min_edge:
        return "below_min_edge"
    if edge > SETTINGS.max_credible_edge:
        return "not_credible"
    return str(sized.skip.value) if sized.skip else ""


def _leg(outcome: str, ask: float) -> LegBook:
    """A token whose book offers SHARES_SHOWN at `ask`."""
    name = f"{MARKET}:{outcome}"
    instrument = Instrument(
        name,
        "polymarket",
        "USDC",
        Decimal("0.01"),
        Decimal("0.01"),
        Decimal(0),
        Decimal(0),
        lots_min=500,
        price_max=Decimal(1),
        fee_curve=FeeCurve(FEE_RATE),
        market=MARKET,
        outcome=outcome,
        token=name,
    )
    ticks = min(99, max(1, round(ask * 100)))
    return LegBook(MARKET, name, outcome, Side.BUY, (Level(ticks, SHARES_SHOWN * 100),), Scale(instrument))


def _fee(leg: LegBook) -> float:
    """The fee of one share at the best ask, exact to the venue's step over many."""
    lots = 100_000_000
    return leg.scale.fee(leg.levels[0].ticks, lots, maker=False) / CASH_UNIT / (lots / 100)


def curve_options(base: Options, at: Situation, colours: Palette) -> Options:
    """What a YES is worth over the price of the underlying, at three times to the end, beside the ask."""
    spots = [
        at.strike * (1 - CURVE_SPAN + 2 * CURVE_SPAN * number / (CURVE_POINTS - 1))
        for number in range(CURVE_POINTS)
    ]
    lines = []
    for number, minutes in enumerate((at.minutes, at.minutes / 3, at.minutes * 4)):
        tau = minutes * 60 * SECOND_NS / digital.YEAR_NS
        worth = [(spot, digital.above(spot, at.strike, at.volatility, tau)) for spot in spots]
        lines.append(
            {
                "name": f"{minutes:g} min left",
                "type": "line",
                "showSymbol": False,
                "data": [[round(spot, 2), round(fair, 6)] for spot, fair in worth],
                "lineStyle": {
                    "width": 2.4 if not number else 1.3,
                    "type": ("solid", "dashed", "dotted")[number],
                },
            }
        )
    fair = digital.above(at.spot, at.strike, at.volatility, at.minutes * 60 * SECOND_NS / digital.YEAR_NS)
    lines[0]["markLine"] = {
        "silent": True,
        "symbol": "none",
        "label": {"color": colours.soft, "position": "insideStartTop", "formatter": "{b}"},
        "data": [
            {"name": f"ask {at.ask:g}", "yAxis": at.ask, "lineStyle": {"color": colours.down}},
            {"name": "strike", "xAxis": at.strike, "lineStyle": {"color": colours.soft}},
        ],
    }
    lines[0]["markPoint"] = {
        "symbol": "circle",
        "symbolSize": 11,
        "itemStyle": {"color": colours.up},
        "label": {"position": "left", "color": colours.ink, "formatter": f"worth {fair:.4f}"},
        "data": [{"coord": [round(at.spot, 2), round(fair, 6)]}],
    }
    x_axis = {
        **base["yAxis"],
        "min": round(spots[0]),
        "max": round(spots[-1]),
        "name": "price of the underlying",
    }
    y_axis = {**base["yAxis"], "min": 0, "max": 1, "scale": False}
    legend = {"top": 0, "right": 0, "textStyle": {"color": colours.soft}}
    grid = {**base["grid"], "top": 34, "bottom": 24}
    # The range ends at no round figure, and its end would be cut at the chart's edge.
    labels = {**x_axis["axisLabel"], "showMinLabel": False, "showMaxLabel": False}
    x_axis = {
        **x_axis,
        "axisLabel": labels,
        "nameLocation": "middle",
        "nameGap": 26,
        "nameTextStyle": {"color": colours.soft},
    }
    return {**base, "xAxis": x_axis, "yAxis": y_axis, "legend": legend, "grid": grid, "series": lines}
