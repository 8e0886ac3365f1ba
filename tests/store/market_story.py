"""A day of the arbitrage desk as its journal tells it, with every kind of packet that prediction markets add."""

from decimal import Decimal
from typing import Any

from tests.store.story import CASH, Story
from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.events import Event, Figure, TimeAdvanced
from tradeworthy.desks.arbitrage.events import (
    ALLOCATOR,
    SCANNER,
    Allocation,
    AllocationsChanged,
    DataHeard,
    GapClosed,
    Method,
    OpportunityDetected,
    OpportunityLeg,
)
from tradeworthy.execution.accounting import (
    PositionChanged,
    SetsMerged,
    Settled,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.execution.intents import Intent, IntentProposed, Leg, TimeInForce, position_key
from tradeworthy.execution.orders import (
    FillObserved,
    FillStatus,
    OrderObserved,
    OrderStatus,
    PlaceOrder,
)
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.instruments import (
    FeeCurve,
    Instrument,
    InstrumentDelisted,
    InstrumentListed,
    Side,
)
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
    MarketsFetched,
)

MS = 1_000_000
SECOND = 1_000 * MS
DESK, SNIPER, ATOMIC = "arbitrage", "oracle-sniper", "atomic-arb"
LOT_CASH = 1_000_000
"""What a lot (a hundredth of a share) pays."""


def market_id(name: str) -> str:
    """The id of the market of that name."""
    return f"polymarket:0x{name}"


def token(name: str, outcome: str) -> Instrument:
    """One token of market `name`: ticks and lots of 0.01, fees of 7 % * p * (1 - p)."""
    cent = Decimal("0.01")
    return Instrument(
        f"{market_id(name)}:{outcome}", "polymarket", "USDT", cent, cent, Decimal(0), Decimal(0), lots_min=500,
        fee_curve=FeeCurve(Decimal("0.07")), market=market_id(name), outcome=outcome, token=f"{outcome.lower()}-{name}",
    )  # fmt: skip


class MarketStory:
    """Tells `story` of markets; each method is one step of a desk's day."""

    def __init__(self, story: Story) -> None:
        self.story = story

    def later(self, ns: int = SECOND) -> TimeAdvanced:
        """An input at a later time."""
        self.story.ts += ns
        return TimeAdvanced()

    def open_market(self, name: str, books: str = "simulated") -> None:
        """Its tokens are listed, then it opens."""
        self.later()
        one = market_id(name)
        for outcome in ("YES", "NO"):
            self.story.turn(InstrumentListed(token(name, outcome)))
        market = Market(
            one, "polymarket", f"0x{name}", f"Will Bitcoin be above $97,000 ({name})?", f"{one}:YES", f"{one}:NO",
            event="btc-daily", end_ts=self.story.ts + 900 * SECOND, strike=97_000.0, books=books,
        )  # fmt: skip
        self.story.turn(MarketOpened(market))
        self.story.turn(MarketsFetched("polymarket", 200, self.story.ts))

    def detect(
        self, name: str, method: Method, legs: tuple[tuple[str, int, int], ...], skip: str = ""
    ) -> OpportunityDetected:
        """An opportunity to buy (outcome, lots, limit ticks) of a market."""
        one, ts = market_id(name), self.story.ts
        strategy = SNIPER if method.startswith("O") else ATOMIC
        kind = "oracle_lag" if strategy == SNIPER else "mispricing"
        made = tuple(
            OpportunityLeg(one, f"{one}:{outcome}", outcome, Side.BUY, lots, ticks, ticks / 100, 10_478_000)
            for outcome, lots, ticks in legs
        )
        oracle: dict[str, Any] = (
            {"oracle": "BTC", "oracle_value": 97_500.0, "oracle_ts": ts - 40 * MS}
            if kind == "oracle_lag"
            else {}
        )
        return OpportunityDetected(
            kind=kind, instrument=made[0].instrument, figures={"tau_s": 900.0}, skip=skip, strategy=strategy,
            method=method, markets=(one,), legs=made, gross_edge=0.122791, net_edge=0.113866, signal=1.0,
            fair=0.972791 if oracle else 0.0, capacity_lots=40_000, profit=45 * CASH, book_ts=ts - 900 * MS,
            expires_at=ts + 2 * SECOND, dedupe_key=f"{method}-{name}", **oracle,
        )  # fmt: skip

    def request(
        self, name: str, method: Method, legs: tuple[tuple[str, int, int], ...], refused: str = ""
    ) -> int:
        """Detected, asked for by its strategy, and judged: orders, or the rule that refuses; the candidate's seq."""
        story = self.story
        bar = self.later()
        found = self.detect(name, method, legs)
        candidate = story.seq + 2
        asked = Intent(
            tuple(
                Leg(leg.instrument, leg.side, leg.lots, leg.limit_ticks, position_key(found.strategy, leg.instrument))
                for leg in found.legs
            ),
            expires_at=found.expires_at, edge=133_680_000, reason=found.kind, strategy=found.strategy,
        )  # fmt: skip
        proposed = IntentProposed(candidate, DESK, found.kind, found.instrument, asked)
        figures: dict[str, Figure] = {"exposure": 10.08}
        decision = Decision(
            "risk-guardian", candidate, DESK, not refused, refused, figures, {"exposure": 50.0}
        )
        end: list[Event] = [Verdict(candidate, DESK, Outcome.REJECTED, refused)] if refused else []
        if not refused:
            end += [
                PlaceOrder(
                    f"{candidate}.{number}", candidate, DESK, leg.position, leg.instrument, leg.side, leg.lots,
                    leg.limit_ticks, TimeInForce.FAK, found.expires_at, False, found.kind,
                    group=candidate if len(legs) > 1 else 0, group_size=len(legs),
                )
                for number, leg in enumerate(asked.legs)
            ]  # fmt: skip
        story.turn(bar, found, proposed, decision, *end, agent=SCANNER)
        return candidate

    def fill(
        self,
        candidate: int,
        name: str,
        outcome: str,
        lots: int,
        ticks: int,
        leg: int = 0,
        strategy: str = SNIPER,
    ) -> tuple[FillObserved, PositionChanged, OrderObserved]:
        """The packets of a leg's whole fill."""
        instrument, ts = f"{market_id(name)}:{outcome}", self.story.ts
        key, order = position_key(strategy, instrument), f"{candidate}.{leg}"
        # Rounded up to 1e-5, as the venue does.
        fee = -(-lots * ticks * (100 - ticks) * 7 * 100 // 100_000) * 1_000 if ticks < 100 else 0
        filled = FillObserved(
            "polymarket", f"{order}/1", order, DESK, key, instrument, Side.BUY, ticks, lots, fee, False, ts
        )
        held = PositionChanged(DESK, key, instrument, lots, lots * ticks * 10_000, 0, fee, ts)
        return filled, held, OrderObserved(order, OrderStatus.FILLED, ts)

    def buy(self, name: str, lots: int = 1_174, ticks: int = 85) -> int:
        """The sniper's request for YES, filled whole 250 ms later; the candidate's seq."""
        candidate = self.request(name, Method.TERMINAL, (("YES", lots, ticks),))
        advanced = self.later(250 * MS)
        verdict = Verdict(candidate, DESK, Outcome.FILLED, "filled", 1.0)
        self.story.turn(
            advanced, *self.fill(candidate, name, "YES", lots, ticks), verdict, agent="paper-executor"
        )
        return candidate

    def closed(
        self, candidate: int, fill: FillObserved, proceeds: int, reason: str
    ) -> tuple[PositionChanged, TradeClosed]:
        """What the ledger says once the position of `fill` is gone for `proceeds`."""
        ts, cost = self.story.ts, fill.ticks * fill.lots * 10_000
        flat = PositionChanged(DESK, fill.position, fill.instrument, 0, 0, proceeds - cost, fill.fee, ts)
        trade = TradeClosed(
            DESK, fill.position, fill.instrument, Side.BUY, fill.lots, cost, proceeds, fill.fee,
            proceeds - cost - fill.fee, fill.ts_event, ts, reason, 0, candidate,
        )  # fmt: skip
        return flat, trade

    def entry_of(self, candidate: int, leg: int = 0) -> FillObserved:
        """The fill that a leg of `candidate` got."""
        fills = (packet.event for _, packet in self.story.packets if isinstance(packet.event, FillObserved))
        return next(fill for fill in fills if fill.order == f"{candidate}.{leg}")

    def resolve(self, name: str, candidate: int, payout: int = CASH) -> None:
        """The market closes, then pays the YES token that `candidate` bought."""
        self.later()
        self.story.turn(MarketClosed(market_id(name), self.story.ts))
        fill = self.entry_of(candidate)
        self.later(10 * SECOND)
        settled = Settled(fill.instrument, payout // 100, self.story.ts)
        closed = self.closed(candidate, fill, fill.lots * payout // 100, "settled")
        resolved = MarketResolved(market_id(name), self.story.ts, payout, "oracle")
        self.story.turn(resolved, settled, *closed, agent="ledger")

    def arbitrage(self, name: str, lots: int = 500) -> int:
        """Both tokens bought and merged at once; the candidate's seq."""
        story = self.story
        candidate = self.request(name, Method.BUY_BOTH, (("YES", lots, 46), ("NO", lots, 50)))
        advanced = self.later(250 * MS)
        legs = [
            self.fill(candidate, name, outcome, lots, ticks, leg, ATOMIC)
            for leg, (outcome, ticks) in enumerate((("YES", 46), ("NO", 50)))
        ]
        merged = SetsMerged(DESK, market_id(name), legs[0][0].position, legs[1][0].position, lots, story.ts)
        worth = lots * LOT_CASH
        parts = (worth * 46 // 96, worth - worth * 46 // 96)
        ends = [self.closed(candidate, leg[0], part, "merged") for leg, part in zip(legs, parts, strict=True)]
        # Both positions change before both trades close: the one packet that did it caused them all.
        story.turn(
            advanced, *legs[0], *legs[1], Verdict(candidate, DESK, Outcome.FILLED, "filled", 1.0), merged,
            ends[0][0], ends[1][0], ends[0][1], ends[1][1], agent="paper-executor",
        )  # fmt: skip
        return candidate

    def unfilled(self, name: str) -> int:
        """Both legs are approved, and the books have moved on; the candidate's seq."""
        candidate = self.request(name, Method.BUY_BOTH, (("YES", 600, 46), ("NO", 600, 50)))
        advanced = self.later(250 * MS)
        gone = [
            OrderObserved(f"{candidate}.{leg}", OrderStatus.CANCELLED, self.story.ts, "price_moved")
            for leg in (0, 1)
        ]
        self.story.turn(advanced, *gone, Verdict(candidate, DESK, Outcome.CANCELLED, "price_moved"))
        return candidate

    def skipped(self, name: str) -> int:
        """Found, counted, and left alone: its strategy is off; the candidate's seq."""
        advanced = self.later()
        found = self.detect(name, Method.BUY_BOTH, (("YES", 700, 46), ("NO", 700, 50)), skip="strategy_off")
        candidate = self.story.seq + 2
        self.story.turn(
            advanced, found, Verdict(candidate, DESK, Outcome.SKIPPED, "strategy_off"), agent=SCANNER
        )
        return candidate

    def gap(
        self, name: str, ms: int, candidate: int = 0, method: Method = Method.BUY_BOTH, reason: str = "closed"
    ) -> None:
        """A gap of so many ms is over; without a candidate it did not outlive the latency."""
        advanced = self.later()
        kind = "oracle_lag" if method is Method.TERMINAL else "mispricing"
        gap = GapClosed(
            kind, method, (market_id(name),), self.story.ts - ms * MS, self.story.ts, 0.04, bool(candidate), reason,
            candidate,
        )  # fmt: skip
        self.story.turn(advanced, gap, agent=SCANNER)

    def allocate(self, reason: str = "start") -> None:
        """The desk's capital is shared."""
        shares = (Allocation(SNIPER, 0.6, 1.4, 7, 5, 2, 3 * CASH), Allocation(ATOMIC, 0.4, 1.0, 0, 0, 0, 0))
        self.story.turn(self.later(), AllocationsChanged(DESK, shares, 500 * CASH, reason), agent=ALLOCATOR)

    def delist(self, name: str) -> None:
        """Nobody holds it any more."""
        gone = [InstrumentDelisted(f"{market_id(name)}:{outcome}") for outcome in ("YES", "NO")]
        self.story.turn(self.later(60 * SECOND), *gone, agent="settlement")

    def reverse(self, candidate: int) -> None:
        """The venue takes a fill back long after its trade closed."""
        fill = self.entry_of(candidate)
        trades = [packet.event for _, packet in self.story.packets if isinstance(packet.event, TradeClosed)]
        trade = next(one for one in trades if one.position == fill.position)
        self.later()
        values = {name: getattr(fill, name) for name in fill.__struct_fields__}
        failed = FillObserved(**values | {"status": FillStatus.FAILED, "reason": "chain reorganised"})
        void = TradeReversed(
            DESK, fill.position, fill.instrument, Side.BUY, trade.lots, trade.fees, trade.pnl, trade.closed_ts, 0,
            self.story.ts, "fill failed",
        )  # fmt: skip
        flat = PositionChanged(DESK, fill.position, fill.instrument, 0, 0, 0, 0, self.story.ts)
        self.story.turn(failed, void, flat, agent="ledger")

    def dispute(self, name: str) -> None:
        """The proposed outcome is contested."""
        self.later()
        self.story.turn(MarketClosed(market_id(name), self.story.ts))
        self.story.turn(MarketDisputed(market_id(name), self.story.ts, "contested"))

    def day(self) -> dict[str, int]:
        """All of it; the candidates by what became of them."""
        self.story.turn(PriceObserved("BTC", 97_500.0, self.story.ts))
        self.story.turn(DataHeard("price", "BTC", 1), agent=SCANNER)
        self.allocate()
        for name in ("aa", "bb", "cc"):
            self.open_market(name)
        made = {
            "settled": self.buy("aa"),
            "refused": self.request("aa", Method.TERMINAL, (("NO", 900, 14),), refused="position_limit"),
            "merged": self.arbitrage("bb"),
            "unfilled": self.unfilled("bb"),
            "skipped": self.skipped("bb"),
            "open": self.buy("cc", lots=800, ticks=70),
        }
        self.gap("aa", 4_250, made["settled"], Method.TERMINAL)
        self.gap("bb", 700, made["merged"])
        self.gap("bb", 120)
        self.gap("bb", 90)
        self.resolve("aa", made["settled"])
        self.dispute("cc")
        self.allocate("midnight")
        self.delist("aa")
        return made
