"""The uptrend desk's events for people, and the life of one of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tradeworthy.cli.console import table_lines
from tradeworthy.core.candidates import Candidate
from tradeworthy.core.events import Figure
from tradeworthy.core.packets import Packet
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    Allocated,
    EngineReported,
    EpisodeEnded,
    PositionBooked,
    PositionClosed,
    PositionsAllocated,
    PositionStatusChanged,
    SignalDecided,
    SignalTaken,
    StageChanged,
    WindowClosed,
    WindowResolved,
)
from tradeworthy.desks.uptrend.gates import DX, HALO, PERCENT, TS
from tradeworthy.journal.segments import Header
from tradeworthy.learning.events import TradeFact
from tradeworthy.market.bars import utc_text
from tradeworthy.market.money import decimal_of
from tradeworthy.runtime.row_lives import TRADE_MARK, RowLife
from tradeworthy.store.values import Ids, plain

SKIPPED, SUCCESS = "skipped", "success"
FLAGS = (
    *("buy_signal", "buy_flag", "first_dip_buy_flag", "trim_flag", "emergency_exit", "reclaimed_ema333"),
    *("exit_position", "warmup", "forced"),
)


def said(event: Any) -> str:
    """What matters of an event that only this desk knows; "" for any other."""
    return _of_signal(event) or _of_row(event) or _of_window(event) or _of_trade(event)


def _of_signal(event: Any) -> str:
    match event:
        case SignalTaken():
            blocked = f", goes no further: {event.blocked}" if event.blocked else ""
            again = f", a repeat of {event.repeat_of}" if event.repeat_of else ""
            return f"{event.curator} on {event.ticker}: {event.intent}, grade {event.grade}{again}{blocked}"
        case SignalDecided():
            failed = [f"{one.name} {one.figure}, limit {one.limit}" for one in event.checks if not one.passed]
            if failed:
                return f"{event.instrument} refused: {event.reason} ({'; '.join(failed)})"
            cap = decimal_of(event.allocation)
            made = "its rows stand already" if event.reused else "four rows"
            return (
                f"{event.instrument} approved, all {len(event.checks)} checks met:"
                f" {event.allocation_pct:g} % of equity, {cap:.2f}, {made}"
            )
        case PositionsAllocated():
            return "; ".join(_row(one) for one in event.rows)
        case _:
            return ""


def _row(one: Allocated) -> str:
    return f"{one.position} cap {decimal_of(one.cap):.2f}, {one.status}, {one.bars_count} of {one.bars_threshold} bars"


def _of_row(event: Any) -> str:
    match event:
        case PositionStatusChanged():
            return f"{event.position} {event.before} -> {event.status}: {event.reason}"
        case StageChanged():
            before = event.from_state or "none"
            return f"{event.position} {before} -> {event.to_state} at {event.price:g}"
        case EngineReported():
            payload = event.payload
            flags = "".join(f", {name}" for name in FLAGS if getattr(payload, name))
            return (
                f"{event.position} {payload.state} at {payload.price:g}, ts {payload.ts_with_boost:.3f}"
                f" dx {payload.dx:.3f} ox {payload.ox:.3f}{flags}"
            )
        case PositionBooked():
            return (
                f"{event.position} {event.why}: {event.lots} lots, spent {decimal_of(event.spent):.2f},"
                f" extracted {decimal_of(event.extracted):.2f}, worth {decimal_of(event.value):.2f}"
            )
        case _:
            return ""


def _of_window(event: Any) -> str:
    match event:
        case WindowClosed():
            bars = f"{event.bars} bar{'' if event.bars == 1 else 's'}"
            if event.decision_taken != SKIPPED:
                return f"{event.window} {event.decision_taken} within {bars}"
            return f"{event.window} skipped after {bars}: {', '.join(_missed(event))}"
        case WindowResolved():
            return f"{event.window} {window_outcome(event)}"
        case EpisodeEnded():
            windows = len(event.windows)
            return (
                f"{event.position} {event.episode_type} {event.outcome},"
                f" {windows} window{'' if windows == 1 else 's'}"
                f"{''.join(f', {_lever(one)}' for one in event.levers_considered)}"
            )
        case _:
            return ""


def _missed(event: WindowClosed) -> Iterator[str]:
    """Each gate that was not met on the window's last bar, with what it asked for."""
    factors, gates = event.factors, event.gates
    for name in event.blocked_by or ("no gate: it was no buy",):
        match name:
            case "ts":
                asked = _number(gates, f"{TS}_min", PERCENT)
                yield f"trend strength {_number(factors, 'ts_with_boost')}, {asked} asked"
            case "halo":
                away, most = _number(factors, "halo_distance"), _number(gates, f"{HALO}_mult")
                yield f"{away} ATR from the average, {most} allowed"
            case "dx":
                yield f"discount {_number(factors, 'dx')}, {_number(gates, f'{DX}_threshold')} asked"
            case _:
                yield name


def window_outcome(event: WindowResolved) -> str:
    """What became of a window: what was skipped and did well is a miss."""
    good = event.outcome == SUCCESS
    word = event.outcome
    if event.decision_taken == SKIPPED and event.outcome != "neutral":
        word = "a missed opportunity" if good else "rightly skipped"
    return f"turned out {word}: {event.reason}"


def _of_trade(event: Any) -> str:
    match event:
        case ActionTaken():
            if event.error or not event.lots:
                return f"{event.trade} {event.decision_type} {event.status}: {event.error or 'nothing was filled'}"
            learned = ""
            if event.pm_final_multiplier != 1.0:
                learned = (
                    f", size times {event.pm_final_multiplier:.3f}"
                    f" (strength {event.pm_strength_applied:.3f}, exposure {event.exposure_skew_applied:.3f})"
                )
            return (
                f"{event.trade} {event.decision_type} by {event.signal} in {event.state}: {event.size_frac:.0%},"
                f" {decimal_of(event.notional):.2f} at {event.price:g}, A {event.a_value:.2f}"
                f" E {event.e_value:.2f}{learned}"
            )
        case PositionClosed():
            summary = event.summary
            return (
                f"{event.trade} {summary['outcome_class']}: pnl {decimal_of(event.pnl):.2f}, rr {event.rr:+.2f},"
                f" return {summary['return']:+.2%}, held {summary['hold_time_days']:.2f} days,"
                f" last {event.decision_type}, ended by {event.exit_reason}"
            )
        case _:
            return ""


def _number(figures: Mapping[str, Figure], name: str, per: float = 1.0) -> str:
    value = figures.get(name)
    return f"{value / per:.3f}" if isinstance(value, int | float) else "unknown"


def _lever(one: Any) -> str:
    return f"{one['lever']} {one['delta']:+.4f}"


def fact_line(fact: TradeFact) -> str:
    """A fact for people."""
    scope = ", ".join(f"{name}={value}" for name, value in fact.scope.items())
    result = f"rr {fact.rr:+.2f}, pnl {fact.pnl_usd:.2f}"
    return f"{fact.trade} {fact.pattern_key} {fact.action_category}: {result} ({scope})"


def life_lines(life: RowLife) -> Iterator[str]:
    """A row's life from its signal on, a line for each event, then its facts."""
    yield f"run {life.run}, row {life.row}"
    yield from table_lines(
        [
            (one.seq, utc_text(one.ts)[:-1], f"{type(one.event).__name__} {_told(one, life.row)}")
            for one in life.packets
        ],
        right=(0,),
    )
    yield ""
    if life.facts:
        yield "learned from:"
        yield from table_lines([(fact_line(one),) for one in life.facts])
    count = life.tally()
    closed = count.get("PositionClosed", 0)
    yield (
        f"{count.get('ActionTaken', 0)} actions, {closed} trade{'' if closed == 1 else 's'} closed,"
        f" {count.get('Candidate', 0)} windows skipped, {len(life.facts)} facts"
    )
    if life.doubt:
        yield life.doubt


def _told(packet: Packet, asked: str) -> str:
    event = packet.event
    if isinstance(event, PositionsAllocated):
        return next(_row(one) for one in event.rows if one.position == asked.partition(TRADE_MARK)[0])
    if isinstance(event, Candidate):
        return f"{event.kind} skipped: {event.skip}; `trace {packet.seq}` shows its figures"
    return said(event) or " ".join(
        f"{name}={value}" for name, value in plain(event).items() if value not in ("", None, [], {})
    )


def life_json(life: RowLife, header: Header) -> dict[str, Any]:
    """A row's life in JSON values."""
    ids = Ids(header.run)
    return {
        "run": life.run,
        "row": life.row,
        "packets": [
            {
                "id": str(ids.of(one.seq)),
                "seq": one.seq,
                "time": utc_text(one.ts),
                "agent": one.agent,
                "type": type(one.event).__name__,
                "event": plain(one.event),
            }
            for one in life.packets
        ],
        "facts": [{name: getattr(one, name) for name in TradeFact.__struct_fields__} for one in life.facts],
        "doubt": life.doubt,
    }
