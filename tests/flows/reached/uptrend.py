"""The uptrend desk: from a word to a lesson, and every reason why it goes no further (P2, L2-L15)."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.flows.reached.demanded import code_of
from tests.flows.reached.stage import Stage
from tests.flows.reached.table import reaches
from tests.flows.reached.words import Listener, code, words_of
from tradeworthy.core.events import Event, Figure
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    Curator,
    CuratorsChanged,
    EngineJudged,
    PositionStatusChanged,
    RowOperated,
    StageChanged,
    StateForced,
)
from tradeworthy.desks.uptrend.names import DecisionType, Status
from tradeworthy.desks.uptrend.names import Stage as State
from tradeworthy.execution.accounting import Opened, PositionRecord
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.learning.events import (
    ActionsImported,
    Job,
    JobAnswered,
    JobAsked,
    Override,
    OverrideRolledBack,
    OverridesChanged,
    RunJob,
    ThresholdsChanged,
)
from tradeworthy.learning.scopes import S1_ENTRY, TUNING_HALO
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.market.bars import BarClosed
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import cash_of
from tradeworthy.market.ticks import BarBuilt, BarRefused, PricePoint, TradeTick
from tradeworthy.proving.flows.action_flows import actions
from tradeworthy.proving.flows.market_flows import empty, majors
from tradeworthy.proving.flows.moves import (
    REST,
    S1_BOTTOM,
    S1_BUY,
    S1_FAR,
    S1_NEAR,
    S2_CALM,
    S2_TRIM,
    S3_BOTTOM,
    S3_CALM,
    S3_DIP,
    S3_DIP_BUY,
    S3_EMERGENCY,
    S3_RECLAIM,
    S3_TRIM,
)
from tradeworthy.proving.flows.scripts import (
    HOUR,
    MINUTE,
    START,
    Course,
    Move,
    Script,
    ScriptFeed,
    signal,
    signals_of,
)
from tradeworthy.proving.flows.signal_flows import rejected
from tradeworthy.proving.flows.worlds import BONK, BTC, MIDAS, Token, configuration_text
from tradeworthy.runtime.assembly import first_inputs
from tradeworthy.runtime.configuration import from_values

Happened = dict[str, None]
Values = dict[str, Any]

_FINE: dict[str, Figure] = {"entry_zone_ok": True, "slope_ok": True, "ts_ok": True}
S1_MUTE = Move(1.00, State.S1, {"atr": 0.02}, _FINE)
"""Every gate is met, and the engine asks for nothing."""

S1_FLAT = Move(1.00, State.S1, {"atr": 0.02}, _FINE | {"slope_ok": False})
S1_EDGE = Move(1.00, State.S1, {"atr": 0.02}, _FINE | {"halo": 1.0, "halo_distance": 0.8})
S3_FIRST_DIP = Move(1.10, State.S3, {"first_dip_buy_flag": True, "atr": 0.02})
BEARISH = Move(0.95, State.S0, {"exit_position": True, "exit_reason": "bearish_order"})
WATCHING = Move(1.00, State.S4)


class World(Stage):
    """A session of the uptrend desk at a flow's START; its history is answered as a flow's is."""

    def __init__(
        self, text: str, script: Script, opened: Sequence[PositionRecord] = (), **changes: Values
    ) -> None:
        values = tomllib.loads(text)
        for name, section in changes.items():
            place = values["desks"][0]["settings"] if name in {"manager", "decision"} else values
            place[name] = place.get(name, {}) | section
        heard: Happened = {}
        super().__init__(values, observers=[Listener(heard)], new=False)
        self.heard = heard
        configuration = from_values(values, "the scenario")
        self.feed = ScriptFeed(script, tuple(one.id for one in configuration.instruments))
        self.now = START
        cash = cash_of(configuration.account.cash)
        self.put(*first_inputs(configuration, Opened("before", cash, tuple(opened)) if opened else None))

    def put(self, *events: Event) -> None:
        """Admit events at the present time, and answer what is asked because of them."""
        for event in events:
            known = len(self.tape.packets)
            super().put(event)
            self._answer(known)

    def wait(self, ns: int) -> None:
        """Let time pass, and answer what is asked in it."""
        known = len(self.tape.packets)
        super().wait(ns)
        self._answer(known)

    def play(self) -> World:
        """Put in all of the script."""
        for batch in self.feed.batches():
            for _, ts, event in batch:
                self.wait(max(0, ts - self.now))
                self.put(event)
        return self

    def read(self) -> Happened:
        """The codes that were reached, the desk's words and states among them."""
        for packet in self.tape.packets:
            event = packet.event
            self.heard |= {code(word): None for word in words_of(event) if word}
            if isinstance(event, EngineJudged):
                self.heard[code_of(event.payload.state)] = None
            elif isinstance(event, StageChanged):
                self.heard[code_of(event.from_state)] = None
            elif isinstance(event, PositionStatusChanged):
                self.heard |= {code_of(event.before): None, code_of(event.status): None}
            elif isinstance(event, ActionTaken):
                self.heard[code_of(event.decision_type)] = None
        return self.happened | self.heard

    def _answer(self, known: int) -> None:
        for packet in self.tape.packets[known:]:
            if isinstance(packet.event, RequestBackfill):
                self.put(self.feed.backfill(packet.event, self.now))
            elif isinstance(packet.event, RunJob):
                self.put(JobAnswered(packet.event.job, packet.event.key, packet.seq))


def course(*moves: Move, manager: Values | None = None) -> World:
    """BONK's way through these moves, played."""
    way = Course(BONK.name, "15m", moves)
    script = Script("15m", way.end_ts, (way,), tuple(signals_of([way])), (BONK.name,))
    return World(configuration_text([BONK]), script, manager=manager or {}).play()


def named(*words: str) -> list[str]:
    """The codes of these words."""
    return [code(word) for word in words]


@reaches(
    *(f"event.{one}" for one in ("SocialSignal", "StateForced", "SignalTaken", "SignalDecided")),
    *(f"event.{one}" for one in ("PositionsAllocated", "PositionStatusChanged", "EngineReported")),
    *(f"event.{one}" for one in ("StageChanged", "WindowClosed", "WindowResolved", "EpisodeEnded")),
    *(f"event.{one}" for one in ("ActionTaken", "PositionBooked", "PositionClosed")),
    *(f"event.{one.__name__}" for one in (RequestBackfill, BackfillAnswered, RunJob, JobAnswered)),
    *(State.NONE, State.S0, State.S1, State.S2, State.S3, *DecisionType),
    *(Status.DORMANT, Status.WATCHLIST, Status.ACTIVE),
    *named("signal_taken", "approved", "bar_kept", "bars_merged", "bars_reached", "judged", "hold"),
    *named("warming_up", "buy_signal", "trim_flag", "emergency_exit", "reclaimed_ema333", "exit_position"),
    *named("first_buy", "trade_closed", "s3_reached", "all_emas_below_333", "rows_recounted"),
)
def a_whole_life(_: Path) -> Happened:
    """The flow `actions`: entry, trim, emergency exit, reclaim, exit."""
    found = actions()
    return World(found.configuration, found.script).play().read()


@reaches(
    *named("already_holding", "low_curator_score", "no_buy_intent", "curator_score"),
    *named("max_positions", "supported_chain", "not_holding", "curator_score_met", "buy_intent"),
    *named("room_in_book"),
)
def what_is_turned_down(_: Path) -> Happened:
    """The flow `rejected`."""
    found = rejected()
    return World(found.configuration, found.script).play().read()


@reaches(
    *(f"event.{one.__name__}" for one in (PricePoint, BarBuilt, BarRefused, EngineJudged)),
    *named("pool_seen"),
)
def what_points_make(_: Path) -> Happened:
    """The flow `empty`, and half of a quarter of an hour, which makes no bar of one."""
    found = empty()
    world = World(found.configuration, found.script).play()
    for _half in range(36):
        world.wait(MINUTE // 2)
        if world.now % (15 * MINUTE) > 10 * MINUTE:
            world.put(PricePoint(BONK.name, 0.95, world.now))
    return world.read()


@reaches("event.TradeTick", "event.PriceLate")
def what_trades_make(_: Path) -> Happened:
    """The flow `majors`, and a trade of its first minute."""
    found = majors()
    world = World(found.configuration, found.script).play()
    world.put(TradeTick(BTC.name, 11.0, START + 10, 1.0, "late"))
    return world.read()


@reaches(
    *named("bought_already", "signal_not_acted", "no_signal", "blocked_ts", "blocked_slope", "s0_reached"),
    *named("bearish_order"),
)
def what_is_not_bought_in_s1(_: Path) -> Happened:
    """A second signal of one episode, a bar without a word, weakness, a slope that falls; then S0."""
    moves = (S1_BUY, S1_FAR, S1_BUY, S1_FAR, S1_MUTE, S1_FAR, S1_NEAR, S1_FAR, S1_FLAT, S1_FAR)
    return course(REST, *moves, BEARISH, REST).read()


@reaches(
    *named("no_quantity", "no_exit_to_reclaim", "buy_flag", "blocked_dx", "trim_cooldown"),
    *named("first_dip_buy_flag", "first_dip"),
)
def what_happens_in_s3(_: Path) -> Happened:
    """Nothing to sell, nothing to reclaim, dips that are bought or not, one trim of two, and a first dip."""
    moves = (S3_EMERGENCY, S3_RECLAIM, S3_DIP, S3_CALM, S3_DIP_BUY, S3_CALM, S3_TRIM, S3_TRIM)
    first = course(REST, S1_FAR, S2_CALM, *moves, S3_BOTTOM, REST).read()
    return first | course(REST, S1_FAR, S2_CALM, S3_FIRST_DIP, S3_CALM).read()


@reaches(State.S4, *named("fast_band_at_bottom"))
def what_ends_a_try(_: Path) -> Happened:
    """A row that only watches, and one whose fast averages fall under all others."""
    watched = course(REST, WATCHING, WATCHING).read()
    return watched | course(REST, S1_BUY, S1_FAR, S1_BOTTOM, REST).read()


@reaches(*named("unsupported_chain", "ignored_ticker", "unknown_token", "ambiguous_token", "major_token"))
def what_no_token_is_found_for(_: Path) -> Happened:
    """A foreign chain, a ticker nobody wants, one nobody knows, one of two chains, a major."""
    twin = Token("TWIN2", "base")
    text = configuration_text([BONK, MIDAS, twin, BTC]).replace('ticker = "TWIN2"', 'ticker = "MIDAS"')
    world = World(text, Script("15m", START + HOUR), decision={"ignored_tickers": ["DULL"]})
    world.put(signal("1", BONK.name, chain="tron"), signal("2", "DULL"), signal("3", "NOBODY"))
    world.put(signal("4", MIDAS.name), signal("5", BTC.name))
    return world.read()


@reaches(*named("no_capital", "unknown_curator"))
def what_nobody_pays_for(_: Path) -> Happened:
    """A curator who is on no list, and an account that is all but empty."""
    text = configuration_text([BONK]).replace('cash = "10000"', 'cash = "0.00000001"')
    world = World(text, Script("15m", START + HOUR))
    world.put(signal("1", BONK.name, curator="stranger"), signal("2", BONK.name))
    return world.read()


@reaches(*named("too_small", "illiquid", "cap_reached", "token_cap_reached"))
def what_bounds_a_buy(_: Path) -> Happened:
    """A cap of a few cents, a pool of ten dollars, a row that is full, and a token that is."""
    small = configuration_text([BONK]).replace('cash = "10000"', 'cash = "2"')
    way = Course(BONK.name, "15m", (REST, S1_BUY, S1_FAR))
    script = Script("15m", way.end_ts, (way,), tuple(signals_of([way])), (BONK.name,))
    pool = (START + 12 * MINUTE, PricePoint(BONK.name, 1.0, START + 12 * MINUTE, liquidity_usd=10.0))
    drying = Script("15m", way.end_ts, (way,), (*script.said, pool), (BONK.name,))
    all_in = {"entry_s1": [1.0, 1.0, 1.0]}
    full = (REST, S1_BUY, S1_FAR, S2_CALM, S3_DIP_BUY, S3_CALM)
    return (
        World(small, script).play().read()
        | World(configuration_text([BONK]), drying, manager={"liquidity_min_usd": 1_000.0}).play().read()
        | course(*full, manager=all_in).read()
        | course(*full, manager=all_in | {"token_cap": 0.05}).read()
    )


@reaches(*named("trim_too_small"))
def what_is_too_little_to_trim(_: Path) -> Happened:
    """Three cents' worth, of which a third is less than the least lot."""
    text = configuration_text([BONK]).replace('lot = "0.01"', 'lot = "10"')
    way = Course(BONK.name, "15m", (REST, S1_BUY, S1_FAR, S2_TRIM, S2_CALM))
    script = Script("15m", way.end_ts, (way,), tuple(signals_of([way])), (BONK.name,))
    return World(text, script).play().read()


@reaches(
    "event.RowOperated",
    *(Status.PAUSED, Status.ARCHIVED),
    *named("open_quantity", "open_trade", "no_such_row", "row_held_back"),
)
def what_a_person_says_of_rows(_: Path) -> Happened:
    """Rows that hold something or have an open trade stay; the others are held back."""
    world = course(REST, S1_BUY, S1_FAR)
    pause = RowOperated(BONK.name, "15m", Status.PAUSED, "anna", "test")
    world.put(pause, msgspec.structs.replace(pause, instrument="NOBODY"))
    world.put(msgspec.structs.replace(pause, timeframe="1h"))
    world.put(msgspec.structs.replace(pause, timeframe="4h", status=Status.ARCHIVED))
    world.put(BarClosed(BONK.name, "1h", world.now - HOUR, 1.0, 1.0, 1.0, 1.0, 1.0))
    sold = course(REST, S1_BUY, S1_FAR, S3_EMERGENCY, S3_CALM)
    sold.put(pause)
    return world.read() | sold.read()


@reaches(*named("too_few_bars", "row_not_traded", "bar_judged_before", "bar_of_no_row", "bar_acted_on"))
def what_bars_bring_nothing(_: Path) -> Happened:
    """Bars of a row without history, of no row, that were judged, and that were acted on."""
    world = course(REST, S1_BUY)
    acted = next(one for one in reversed(world.of(EngineJudged)) if one.payload.buy_signal)
    again = world.feed.backfill(RequestBackfill("again", BONK.name, "4h", 10), world.now)
    bar = BarClosed("GIANT", "15m", world.now - 15 * MINUTE, 1.0, 1.0, 1.0, 1.0, 1.0)
    world.put(acted, again, again, bar)
    bare = World(configuration_text([BONK]), Script("15m", START + HOUR))
    bare.put(signal("1", BONK.name))
    bare.wait(HOUR)
    lonely = msgspec.structs.replace(bar, instrument=BONK.name, ts_event=bare.now - 30 * MINUTE)
    later = msgspec.structs.replace(lonely, ts_event=bare.now - 15 * MINUTE)
    bare.put(lonely, StateForced(BONK.name, "15m", State.S0), later)
    return world.read() | bare.read()


@reaches(*named("action_under_way"))
def what_waits_for_its_answer(_: Path) -> Happened:
    """An order on its way for ten minutes, and the row's next bars."""
    way = Course(BONK.name, "1m", (*(REST,) * 12, *(S1_BUY,) * 4))
    script = Script("1m", way.end_ts, (way,), tuple(signals_of([way])), (BONK.name,))
    return World(configuration_text([BONK], "1m"), script, venue={"latency_ms": 600_000}).play().read()


@reaches(*named("taken_over", "fill_failed"))
def what_the_books_bring(_: Path) -> Happened:
    """A position of the run before this one; and a buy that a venue takes back."""
    way = Course(BONK.name, "15m", (REST, S1_FAR, S1_FAR))
    script = Script("15m", way.end_ts, (way,), tuple(signals_of([way])), (BONK.name,))
    held = PositionRecord("uptrend", way.position, BONK.name, 1_000, 10 * 10**8, START)
    heir = World(configuration_text([BONK]), script, opened=(held,))
    back = course(REST, S1_FAR)
    order = ("1.0", "uptrend", way.position, BONK.name, Side.BUY)
    fill = FillObserved("outside", "1", *order, 100, 100, 0, False, back.now, reason="filled")
    back.put(fill, msgspec.structs.replace(fill, status=FillStatus.FAILED))
    return heir.play().read() | back.read()


@reaches(
    *(f"event.{one.__name__}" for one in (OverridesChanged, OverrideRolledBack, ThresholdsChanged)),
    *(f"event.{one.__name__}" for one in (ActionsImported, JobAsked, CuratorsChanged)),
    *named("blocked_halo"),
)
def what_learning_changes(_: Path) -> Happened:
    """A halo of half its width blocks what was near; a person asks, imports, takes back, and changes the list."""
    narrow = Override("narrow", S1_ENTRY, TUNING_HALO, {}, 0.5, 1.0, ())
    way = Course(BONK.name, "15m", (REST, S1_EDGE, S1_FAR, S1_FAR))
    table = (START + 11 * MINUTE, OverridesChanged((narrow,), "anna", "test"))
    script = Script("15m", way.end_ts, (way,), (*signals_of([way]), table), (BONK.name,))
    world = World(configuration_text([BONK]), script).play()
    world.put(OverrideRolledBack("narrow", "anna", "test"), JobAsked(Job.FACTS, "anna"))
    world.put(ThresholdsChanged((), "operator", "anna"), ActionsImported(by="anna"))
    world.put(CuratorsChanged((Curator("ann", 0.9),), "anna"))
    return world.read()
