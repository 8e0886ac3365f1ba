"""Tells of the uptrend desk in a story: the golden packet of specs/uptrend.md 26, and what is learned of it."""

from decimal import Decimal
from typing import Any

from tests.store.story import CASH, MINUTE, Story
from tradeworthy.core.events import Event, Figure, TimeAdvanced
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    Allocated,
    Check,
    Curator,
    CuratorsChanged,
    EngineReported,
    EpisodeEnded,
    PositionBooked,
    PositionClosed,
    PositionsAllocated,
    PositionStatusChanged,
    SignalDecided,
    SignalTaken,
    SocialSignal,
    StageChanged,
    WindowClosed,
    WindowResolved,
)
from tradeworthy.desks.uptrend.names import DecisionType, Stage, Status
from tradeworthy.desks.uptrend.payloads import Emas, Payload
from tradeworthy.learning.events import (
    ActionsImported,
    EpisodeFact,
    Job,
    JobAnswered,
    Lesson,
    Override,
    OverrideRolledBack,
    OverridesChanged,
    Threshold,
    ThresholdsChanged,
    TradeFact,
)
from tradeworthy.learning.scopes import subset_key
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.instruments import Instrument, InstrumentListed
from tradeworthy.market.ticks import BarBuilt

DESK, BONK, ROW, TRADE = "uptrend", "BONKUSDT", "1h@BONKUSDT", "1h@BONKUSDT#1"
LISTED = Instrument(BONK, "paper", "USDT", Decimal("0.01"), Decimal(1), Decimal(0), Decimal(0))
HOUR = 60 * MINUTE
ENTRY = {"curator": "ann", "chain": "solana", "mcap_bucket": "micro"}
SCOPE = {**ENTRY, "market_family": "lowcaps", "timeframe": "1h", "macro_phase": "good"}
CAPS = {"1m": 50, "15m": 125, "1h": 700, "4h": 125}
SPLITS = {"1m": 0.05, "15m": 0.125, "1h": 0.7, "4h": 0.125}
HISTORY = {"last_s1_buy": {"timestamp": 1, "price": 1.0, "size_frac": 0.3, "signal": "buy_signal"}}
CONFIGURED = {
    "name": "uptrend",
    "account": {"currency": "USDT"},
    "desks": [
        {
            "name": DESK,
            "kind": "uptrend",
            "settings": {
                "tokens": [
                    {"instrument": BONK, "ticker": "BONK", "contract": "DezX"},
                    {"instrument": "BTC-PERP", "ticker": "BTC", "chain": "hyperliquid", "major": True},
                ]
            },
        }
    ],
    "store": {"bars": True},
}


class UptrendStory:
    """Writes turns of the desk into `story`."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.is_listed = False

    def turn(self, event: Event, *decisions: Event) -> int:
        """One turn, an hour after the one before; its first seq."""
        self.story.ts += HOUR
        return self.story.turn(event, *decisions, agent=DESK)

    def signal(self, *, approved: bool = True) -> int:
        """The word, the decision and the four rows, in one turn; the seq of the signal's strand."""
        story = self.story
        if not self.is_listed:
            story.turn(InstrumentListed(LISTED))
            self.is_listed = True
        taken = story.seq + 2
        said = SocialSignal(
            "post-1",
            "ann",
            "BONK",
            story.ts,
            contract="DezX",
            chain="solana",
            mapping_confidence="contract",
            url="https://example.org/post-1",
        )
        entered = SignalTaken(
            desk=DESK,
            signal="post-1",
            curator="ann",
            instrument=BONK,
            ticker="BONK",
            chain="solana",
            contract="DezX",
            intent="new_discovery",
            grade="high",
            blocked="",
            health={"volume_24h": 5e4, "volume_ok": False},
            entry=ENTRY,
            figures={"market_cap": 1e6},
            ts_event=story.ts,
        )
        keys = tuple(f"{timeframe}@{BONK}" for timeframe in CAPS)
        decided = SignalDecided(
            DESK,
            taken,
            BONK,
            approved,
            (Check("curator", approved, 0.8, 0.6, "score 0.8"),),
            "all five passed" if approved else "curator",
            allocation_pct=10.0 if approved else 0.0,
            allocation=1_000 * CASH if approved else 0,
            curator="ann",
            curator_score=0.8,
            positions=keys if approved else (),
        )
        more = [self.allocated()] if approved else []
        self.turn(said, entered, decided, *more)
        return taken

    def allocated(self, *, reused: bool = False) -> PositionsAllocated:
        """The four rows, with enough bars."""
        rows = tuple(
            Allocated(
                f"{timeframe}@{BONK}", timeframe, SPLITS[timeframe], 10 * SPLITS[timeframe], cap * CASH,
                Status.WATCHLIST, 666, 333,
            )
            for timeframe, cap in CAPS.items()
        )  # fmt: skip
        return PositionsAllocated(DESK, BONK, "solana", "DezX", "BONK", rows, ENTRY, ("ann",), reused)

    def action(self, decision: DecisionType, motif: str, lots: int, cents: int, **more: Any) -> ActionTaken:
        """An action of `lots` for `cents` each, executed at once."""
        state = Stage.S1 if motif == "entry" else Stage.S3
        values: dict[str, Any] = {
            "desk": DESK,
            "position": ROW,
            "instrument": BONK,
            "chain": "solana",
            "timeframe": "1h",
            "bar_ts": self.story.ts,
            "decision_type": decision,
            "state": state,
            "signal": "buy_signal",
            "size_frac": 0.3,
            "a_value": 0.5,
            "e_value": 0.5,
            "reasons": {"flag": "buy_signal"},
            "pattern_key": f"pm.uptrend.{state.value}.{motif}",
            "action_category": "exit" if motif == "exit" else decision.value,
            "scope": SCOPE,
            "signals": {"TS": 0.7, "OX": float("nan")},
            "trade": TRADE,
            "candidate": 7,
            "status": "executed",
            "lots": lots,
            "notional": lots * cents * CASH // 100,
            "price": cents / 100,
        }
        return ActionTaken(**{**values, **more})

    def booked(
        self, lots: int, sold: int, extracted: int, value: int, why: str = "action", **more: Any
    ) -> PositionBooked:
        """The row's books after 210 lots were bought for 210.00; sums in hundredths of cash."""
        closed = why == "closed"
        cents = CASH // 100
        return PositionBooked(
            desk=DESK,
            position=ROW,
            instrument=BONK,
            status=Status.ACTIVE,
            trade="" if closed else TRADE,
            lots=lots,
            lots_bought=0 if closed else 210,
            lots_sold=0 if closed else sold,
            spent=0 if closed else 21_000 * cents,
            extracted=0 if closed else extracted * cents,
            remaining=49_000 * cents,
            value=value * cents,
            realised=-210 * cents if closed else 0,
            trades_closed=int(closed),
            avg_entry=1.0,
            avg_exit=0.99,
            first_entry_ts=self.story.ts,
            why=why,
            **more,
        )

    def payload(self, state: Stage, before: Stage, **more: Any) -> EngineReported:
        """What the engine reports of the row."""
        made = Payload(
            state, before, self.story.ts, 1.0, Emas(1.0, 1.0, 0.98, 0.9, 0.8, 0.7), 0.02, ts_score=0.7, **more
        )
        return EngineReported(DESK, ROW, BONK, "1h", Status.ACTIVE, made)

    def stage(self, before: Stage, after: Stage) -> StageChanged:
        """One transition."""
        key = f"pm.uptrend.{after.value}.entry"
        return StageChanged(DESK, ROW, f"{ROW}/s1/1", before, after, self.story.ts, 1.0, key, "entry", SCOPE)

    def window(self, decision: str, name: str = f"{ROW}/s1/1") -> WindowClosed:
        """A closed window."""
        return WindowClosed(
            desk=DESK,
            position=ROW,
            window=name,
            episode=f"{ROW}/s1/1",
            episode_type="s1_entry",
            pattern_key="pm.uptrend.S1.entry",
            decision_taken=decision,
            factors={"ts_score_median": 0.7, "halo_distance_max": 0.4},
            gates={"ts_min": 60.0},
            passed={"ts": True, "halo": False},
            blocked_by=("halo",),
            scope=SCOPE,
            opened_ts=self.story.ts - HOUR,
            closed_ts=self.story.ts,
            bars=1,
            samples=({"price": 1.0},),
        )

    def golden(self) -> dict[str, int]:
        """Steps 1 to 9: bought for 210.00, sold for 75.60 and 132.30; the seqs of what is asked for."""
        story = self.story
        signal = self.signal()
        bought = self.action(DecisionType.ENTRY, "entry", 210, 100, history=HISTORY, pm_strength_applied=1.25)
        opened = PositionStatusChanged(DESK, ROW, Status.WATCHLIST, Status.ACTIVE, "bought", trade=TRADE)
        first = self.turn(
            TimeAdvanced(),
            self.stage(Stage.S0, Stage.S1),
            self.payload(Stage.S1, Stage.S0, buy_signal=True),
            bought,
            self.booked(210, 0, 0, 21_000, history=HISTORY),
            opened,
        )
        trimmed = self.action(DecisionType.TRIM, "trim", 63, 120)
        self.turn(TimeAdvanced(), self.window("acted"), trimmed, self.booked(147, 63, 7_560, 17_640))
        left = self.action(DecisionType.EMERGENCY_EXIT, "exit", 147, 90)
        self.turn(
            TimeAdvanced(),
            self.stage(Stage.S2, Stage.S3),
            self.payload(Stage.S3, Stage.S2, s3_start_ts=story.ts),
            WindowResolved(DESK, ROW, f"{ROW}/s1/1", f"{ROW}/s1/1", "acted", "success", "s3", story.ts),
            left,
            self.booked(0, 210, 20_790, 0),
        )
        ended = EpisodeEnded(
            DESK, ROW, f"{ROW}/s1/1", "s1_entry", "success", True, story.ts - HOUR, story.ts, "pm.uptrend.S1.entry",
            SCOPE, (f"{ROW}/s1/1",),
        )  # fmt: skip
        summary: dict[str, Figure] = {"rr": -0.083333, "pnl_usd": -2.1, "outcome_class": "small_loss"}
        closed = PositionClosed(
            DESK, ROW, BONK, "solana", "1h", TRADE, ENTRY, summary, -0.083333, -210 * CASH // 100, "s0",
            "emergency_exit", story.ts - 3 * HOUR, story.ts,
        )  # fmt: skip
        watched = PositionStatusChanged(DESK, ROW, Status.ACTIVE, Status.WATCHLIST, "closed")
        last = self.turn(
            TimeAdvanced(),
            self.stage(Stage.S3, Stage.S0),
            ended,
            closed,
            self.booked(0, 210, 20_790, 0, "closed"),
            watched,
        )
        return {"signal": signal, "entry": first + 3, "closed": last + 3}

    def bars(self) -> None:
        """A built bar, a backfilled one, and one of a major."""
        ts = self.story.ts // HOUR * HOUR
        self.turn(
            TimeAdvanced(),
            BarBuilt(BONK, "1h", ts, 1.0, 1.2, 0.9, 1.1, 500.0, "rollup", 59, 60, 2e5, 1e6),
            BarBuilt("BTC-PERP", "1m", ts, 10.0, 12.0, 9.0, 11.0, 42.0, "ticks", 1, 1),
        )
        self.turn(
            BackfillAnswered(
                "1", BONK, "4h", (ts - 8 * HOUR, ts - 4 * HOUR), (1.0, 2.0), (1.0, 2.0), (1.0, 2.0), (1.0, 2.0),
                (5.0, 6.0),
            )
        )  # fmt: skip

    def learned(self) -> None:
        """Facts, lessons and overrides, thresholds, curators and imported windows; then less of them."""
        fact = TradeFact(TRADE, "7", "pm.uptrend.S1.entry", "entry", SCOPE, -0.083333, -2.1, self.story.ts)
        other = TradeFact(TRADE, "9", "pm.uptrend.S3.trim", "trim", SCOPE, -0.083333, -2.1, self.story.ts + 1)
        for _ in range(2):
            self.turn(JobAnswered(Job.FACTS, "f", 10, facts=(fact, other)))
        some, more = lesson({"chain": "solana"}), lesson({})
        self.turn(JobAnswered(Job.LESSONS, "l", 20, lessons=(some, more)))
        tuning = Lesson("pm.uptrend.S1.entry", "tuning", {}, 40, {"n_misses": 40}, "tuning_rates")
        self.turn(JobAnswered(Job.TUNING, "t", 20, lessons=(tuning,)))
        first, second = override({"chain": "solana"}, 1.5), override({}, 0.8)
        self.turn(OverridesChanged((first, second), "materialiser", "hourly", 20))
        self.turn(JobAnswered(Job.LESSONS, "l", 30, lessons=(some,)))
        self.turn(JobAnswered(Job.LESSONS, "l", 31, error="no memory"))
        self.turn(
            OverridesChanged(
                (override({"chain": "solana"}, 1.7, previous=1.5),), "materialiser", "vanished", 30
            )
        )
        self.turn(
            OverrideRolledBack(first.id, "ann", "looks odd"), OverridesChanged((), "ann", "rolled back")
        )
        entries = Threshold("ts_threshold", 0.55, "1h"), Threshold("cooldown_bars", 5.0)
        self.turn(ThresholdsChanged(entries, "operator", "ann"))
        self.turn(ThresholdsChanged((Threshold("cooldown_bars", None),), "operator", "ann"))
        self.turn(CuratorsChanged((Curator("ann", 0.8), Curator("bob", 0.5)), "ann"))
        self.turn(CuratorsChanged((Curator("ann", 0.9),), "ann"))
        outside = EpisodeFact(
            "w-1", "e-1", "pm.uptrend.S1.entry", {"chain": "base"}, "skipped", {"ts_score": 0.5}, {}, (),
            self.story.ts, outcome="success",
        )  # fmt: skip
        self.turn(ActionsImported((), (outside,), "ann"))


def lesson(subset: dict[str, str], **stats: Any) -> Lesson:
    """A strength lesson of entries in S1."""
    figures = {"avg_rr": 1.5, "baseline_rr": 1.0, "edge_raw": 1.684, "q_value": 0.01, **stats}
    return Lesson("pm.uptrend.S1.entry", "entry", subset, 40, figures, decay_halflife_hours=24.0)


def override(
    subset: dict[str, str], multiplier: float, category: str = "entry", *, previous: float | None = None
) -> Override:
    """An override of entries in S1."""
    key = subset_key("pm.uptrend.S1.entry", category, subset)
    return Override(
        key,
        "pm.uptrend.S1.entry",
        category,
        subset,
        multiplier,
        0.55,
        (f"pm_strength|{key}",),
        "stable",
        previous,
    )
