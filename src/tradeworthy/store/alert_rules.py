"""What is worth telling a person: rules over a run's packets, which give the same alerts whoever applies them.

The store makes rows of them and the notifiers send them, each from the journal, with a state of its own. A text says
the figures, and what to do next where something can be done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tradeworthy.core.candidates import Decision, Outcome, Verdict
from tradeworthy.core.events import Event, Quarantined, Resumed
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import (
    CashMoved,
    EquityMarked,
    Opened,
    PositionChanged,
    ResolutionOverdue,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.execution.orders import OrderObserved, PlaceOrder
from tradeworthy.execution.reasons import Reason
from tradeworthy.market.bars import BarClosed, FeedGap, PriceObserved
from tradeworthy.market.books import BookChanged
from tradeworthy.market.instruments import InstrumentDelisted, Side
from tradeworthy.market.predictions import MarketDisputed, MarketOpened
from tradeworthy.risk.operators import DailyReset, HaltChanged, HaltRule, HealthObserved
from tradeworthy.risk.posture import SKEW_S_MAX
from tradeworthy.risk.stance import Posture, PostureChanged
from tradeworthy.store.alert_words import (
    duration,
    money,
    percent,
    plain,
    signed,
    times,
    token_name,
    trace,
    trader,
)
from tradeworthy.store.alerts import TITLES_MAX, Alert, AlertState, Entry, Gap, Group, Held, Severity
from tradeworthy.store.risk_rows import CRASHED

SECOND = 1_000_000_000
HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
PPM = 1_000_000
DRAWDOWN_PPM = 20_000
"""A drawdown beyond this share of the peak is told (horizon.md section 8)."""

SILENCE_NS = 60 * SECOND
"""A hole in a feed, or its silence after one, is told beyond this (arbitrage.md section 25)."""

GROUP_NS = HOUR
"""Refusals by one rule, and holes of one feed, are told once in this much session time, with their count."""

SHOWN_MAX = 3
"""Instruments that a text lists at most."""

DATA = (BookChanged, PriceObserved, BarClosed)
"""What ends the silence of a feed."""

Rule = Callable[[Packet, Any], list[Alert]]


class AlertRules:
    """The rules over one run's packets, to be taken in their order; `state` is kept up."""

    def __init__(self, state: AlertState) -> None:
        self.state = state
        self._rules: Mapping[type[Event], Rule] = {
            CashMoved: self._cash,
            Opened: self._opened,
            PlaceOrder: self._order,
            PositionChanged: self._position,
            Verdict: self._verdict,
            TradeClosed: self._closed,
            TradeReversed: self._reversed,
            OrderObserved: self._answer,
            Decision: self._decision,
            Quarantined: self._crash,
            HaltChanged: self._halt,
            HealthObserved: self._health,
            Resumed: self._resumed,
            EquityMarked: self._equity,
            DailyReset: self._day,
            PostureChanged: self._posture,
            MarketOpened: self._listed,
            InstrumentDelisted: self._delisted,
            MarketDisputed: self._disputed,
            ResolutionOverdue: self._overdue,
            FeedGap: self._gap,
            **dict.fromkeys(DATA, self._data),
        }
        self._told = frozenset(kind.__name__ for kind in self._rules if kind not in DATA)

    def wants(self, name: str) -> bool:
        """Whether a packet of the event class `name` may say anything now; the others need not be decoded."""
        return name in self._told or bool(self.state.gaps)

    def take(self, packet: Packet) -> list[Alert]:
        """What `packet` is worth telling; most are worth nothing."""
        state = self.state
        late = self._silence(packet.ts) if state.gaps and packet.ts > state.gaps_due else []
        rule = self._rules.get(type(packet.event))
        return late + rule(packet, packet.event) if rule is not None else late

    # The account begins

    def _cash(self, _: Packet, event: CashMoved) -> list[Alert]:
        return self._start(f"A new run begins with {money(event.amount)} in cash ({event.reason}).")

    def _opened(self, _: Packet, event: Opened) -> list[Alert]:
        for one in event.positions:
            self.state.held[f"{one.desk}/{one.position}"] = Held(one.instrument, one.lots, one.cost)
        latches = f" Still halted: {', '.join(event.latches)}." if event.latches else ""
        return self._start(
            f"It goes on from {event.parent} with {money(event.cash)} in cash and {len(event.positions)} open"
            f" positions.{latches}"
        )

    def _start(self, text: str) -> list[Alert]:
        if self.state.started:
            return []
        self.state.started = True
        return [Alert(Severity.LOW, "started", "Started", f"{text} See `tradeworthy status`.")]

    # Trades

    def _order(self, _: Packet, event: PlaceOrder) -> list[Alert]:
        if not event.reduce_only:
            candidate = str(event.candidate)
            entry = self.state.entries.setdefault(candidate, Entry(trader(event.desk, event.position), []))
            leg = f"{'bought' if event.side is Side.BUY else 'sold'} {self._name(event.instrument)}"
            if leg not in entry.legs:
                entry.legs.append(leg)
            self.state.entering[f"{event.desk}/{event.position}"] = candidate
        return []

    def _position(self, _: Packet, event: PositionChanged) -> list[Alert]:
        key = f"{event.desk}/{event.position}"
        before = self.state.held.pop(key, None) or Held(event.instrument, 0, 0)
        if event.lots:
            self.state.held[key] = Held(event.instrument, event.lots, event.cost)
        entry = self.state.entries.get(self.state.entering.get(key, ""))
        if entry is not None and abs(event.lots) > abs(before.lots):
            entry.cost += abs(event.cost) - abs(before.cost)
        return []

    def _verdict(self, _: Packet, event: Verdict) -> list[Alert]:
        entry = self.state.entries.pop(str(event.candidate), None)
        if entry is None:
            return []
        entering = self.state.entering
        for key in [key for key, candidate in entering.items() if candidate == str(event.candidate)]:
            del entering[key]
        what, next_step = f"{entry.who} {', '.join(entry.legs)}", trace(event.candidate)
        if event.outcome is Outcome.FAILED:
            text = f"Nothing is held of it: {plain(event.reason)}. {next_step}"
            return [Alert(Severity.HIGH, f"failed:{event.desk}", f"Trade FAILED: {what}", text)]
        if event.outcome is not Outcome.FILLED or not entry.cost:
            return []
        fees = event.figures.get("fees", 0)
        paid = f", fees {money(fees)}" if isinstance(fees, int) else ""
        part = "" if event.share >= 1.0 else f" ({event.share:.0%} of what was asked, {plain(event.reason)})"
        text = f"Cost {money(entry.cost)}{paid}{part}. {next_step}"
        return [Alert(Severity.NORMAL, f"entry:{event.desk}", f"Trade: {what}", text)]

    def _closed(self, _: Packet, event: TradeClosed) -> list[Alert]:
        self.state.trades += 1
        self.state.wins += event.pnl > 0
        text = (
            f"In for {money(event.entry_notional)}, out for {money(event.exit_notional)}, fees"
            f" {money(event.fees)}: {percent(event.pnl, event.entry_notional)} after"
            f" {duration(event.closed_ts - event.opened_ts)}, {plain(event.reason) or 'no reason given'}."
        )
        who, name = trader(event.desk, event.position), self._name(event.instrument)
        title = f"Trade: {who} closed {name}, P&L {signed(event.pnl)}"
        candidate = event.candidate or event.entry_candidate
        step = f" {trace(candidate)}" if candidate else ""
        return [Alert(Severity.NORMAL, f"close:{event.desk}", title, f"{text}{step}")]

    def _reversed(self, _: Packet, event: TradeReversed) -> list[Alert]:
        self.state.trades -= 1
        self.state.wins -= event.pnl > 0
        who, name = trader(event.desk, event.position), self._name(event.instrument)
        title = f"Trade FAILED: {who}, {name} is void"
        text = (
            f"A fill of it failed ({event.reason}): its P&L of {signed(event.pnl)} is taken back."
            f" {trace(event.candidate)}"
        )
        return [Alert(Severity.HIGH, f"failed:{event.desk}", title, text)]

    def _answer(self, _: Packet, event: OrderObserved) -> list[Alert]:
        if event.reason != Reason.NOT_AT_VENUE:
            return []
        text = (
            f"Order {event.order} was sent and the venue does not know it: it counts as {event.status.value}."
            f" Compare `tradeworthy status` with the venue. {trace(event.order.partition('.')[0])}"
        )
        return [Alert(Severity.HIGH, "reconciliation", "Reconciliation mismatch", text)]

    def _decision(self, packet: Packet, event: Decision) -> list[Alert]:
        if event.approved:
            return []
        key = f"refused:{event.desk}:{event.reason}"
        count = self._counted(key, packet.ts)
        if not count:
            return []
        text = (
            f"{times(count)} by {event.by}. See why with `tradeworthy why {event.desk}`."
            f" {trace(event.candidate)}"
        )
        return [Alert(Severity.LOW, key, f"Refused: {event.desk}, {plain(event.reason)}", text)]

    # What stops trading

    def _crash(self, _: Packet, event: Quarantined) -> list[Alert]:
        who = event.desk or "all"
        waits = (
            "Its entries wait, and five faults in ten minutes latch it." if event.desk else "All is halted."
        )
        text = f"Packet {event.seq} was withheld from {who}: {event.error}. {waits} {trace(event.seq)}"
        return [Alert(Severity.CRITICAL, f"crash:{who}", f"CRASH: {who}", text)]

    def _halt(self, _: Packet, event: HaltChanged) -> list[Alert]:
        who = event.desk or "all"
        key = f"halt:{who}:{event.rule}"
        if not event.halted:
            title = "Trading resumed" + (f": {event.desk}" if event.desk else "")
            text = f"{event.by} released {event.rule}: {event.reason}. Entries are judged again."
            return [Alert(Severity.NORMAL, f"resume:{who}", title, text, ends=key)]
        title = f"TRADING HALTED: {event.desk}" if event.desk else "TRADING HALTED"
        if event.rule == HaltRule.FAULTS and event.desk:
            title = f"AGENT DEAD: {event.desk}"
        desk = f" --desk {event.desk}" if event.desk else ""
        text = (
            f"{event.rule} by {event.by}: {event.reason}. No entries of {who}; exits go on."
            f" Go on with `tradeworthy resume{desk} --by NAME --reason TEXT`."
        )
        return [Alert(Severity.CRITICAL, key, title, text, lasting=True)]

    def _health(self, _: Packet, event: HealthObserved) -> list[Alert]:
        unwell, part = self.state.unwell, event.part
        skewed = part == "clock" and abs(event.figure) >= SKEW_S_MAX
        if event.ok and not skewed:
            before = unwell.pop(part, None)
            if before is None:
                return []
            return [Alert(Severity.LOW, f"well:{part}", f"Well again: {part}", f"It was: {plain(before)}.")]
        word = f"skew of {event.figure:.3g} s" if skewed else event.word or f"figure {event.figure:.6g}"
        if unwell.get(part, "").partition(" ")[0] == word.partition(" ")[0]:
            return []
        unwell[part] = word
        if event.word.endswith(CRASHED):
            text = "It is started again by itself, at once and then every minute at the latest; see the log."
            return [Alert(Severity.CRITICAL, f"crash:{part}", f"CRASH: {part}", text)]
        title = "Clock skew" if skewed else f"Not well: {part}"
        if event.word.endswith("stale"):
            title = f"Feed stale: {part}"
        step = "Set the machine's clock by NTP." if skewed else "See `tradeworthy doctor` and the log."
        return [Alert(Severity.HIGH, f"unwell:{part}", title, f"It says: {plain(word)}. {step}")]

    def _resumed(self, _: Packet, event: Resumed) -> list[Alert]:
        text = (
            f"The process was away for {duration(event.gap_ns)}: books are stale, paper orders in flight ended."
            " See `tradeworthy status`."
        )
        return [Alert(Severity.NORMAL, "resumed", "Resumed after a gap", text)]

    # The account

    def _equity(self, _: Packet, event: EquityMarked) -> list[Alert]:
        lost = event.peak - event.equity
        deep = event.peak > 0 and lost * PPM > event.peak * DRAWDOWN_PPM
        if deep is self.state.drawn_down:
            return []
        self.state.drawn_down = deep
        if not deep:
            return []
        title = f"Drawdown of {lost / event.peak:.2%}"
        text = (
            f"Equity {money(event.equity)} is {money(lost)} under its peak of {money(event.peak)}; told"
            f" beyond {DRAWDOWN_PPM / PPM:.0%}. `tradeworthy report` says which trades;"
            " `tradeworthy halt --by NAME --reason TEXT` stops entries."
        )
        return [Alert(Severity.HIGH, "drawdown", title, text)]

    def _day(self, packet: Packet, event: DailyReset) -> list[Alert]:
        state, day = self.state, datetime.fromtimestamp((packet.ts - DAY) // SECOND, UTC).date()
        rate = f", won {state.wins} ({state.wins / state.trades:.0%})" if state.trades > 0 else ""
        text = (
            f"{day}: P&L {signed(event.pnl)} ({percent(event.pnl, event.equity - event.pnl)}),"
            f" {max(0, state.trades)} trades closed{rate}, equity {money(event.equity)}."
            " See `tradeworthy report --days 1`."
        )
        state.trades = state.wins = 0
        return [Alert(Severity.LOW, "daily", "Daily Summary", text)]

    def _posture(self, _: Packet, event: PostureChanged) -> list[Alert]:
        if event.posture is not Posture.HIBERNATE:
            return []
        text = (
            f"Rm is {event.rm:.3g}, it was {event.before.value}: {event.reason}. No entries until it rises."
        )
        return [Alert(Severity.HIGH, "posture", "Posture HIBERNATE", text)]

    # Markets and feeds

    def _listed(self, _: Packet, event: MarketOpened) -> list[Alert]:
        titles = self.state.titles
        # No older one makes room: jsonb keeps no order, and a restart may change nothing.
        if len(titles) < TITLES_MAX or event.market.id in titles:
            titles[event.market.id] = event.market.title
        return []

    def _delisted(self, _: Packet, event: InstrumentDelisted) -> list[Alert]:
        self.state.titles.pop(event.instrument.rpartition(":")[0], None)
        return []

    def _name(self, instrument: str) -> str:
        return token_name(instrument, self.state.titles)

    def _disputed(self, _: Packet, event: MarketDisputed) -> list[Alert]:
        severity, stake = self._stake(event.market)
        title = f"Resolution disputed: {self.state.titles.get(event.market, event.market)}"
        reason = event.reason or "no reason given"
        return [Alert(severity, f"disputed:{severity}", title, f"{reason[0].upper()}{reason[1:]}{stake}")]

    def _overdue(self, packet: Packet, event: ResolutionOverdue) -> list[Alert]:
        severity, stake = self._stake(event.market)
        text = f"It ended {duration(packet.ts - event.since_ts)} ago and has no outcome{stake}"
        title = f"Resolution overdue: {self.state.titles.get(event.market, event.market)}"
        return [Alert(severity, f"overdue:{severity}", title, text)]

    def _stake(self, market: str) -> tuple[Severity, str]:
        """High if money waits for the market, with how much."""
        costs = [one.cost for one in self.state.held.values() if one.instrument.rpartition(":")[0] == market]
        if not costs:
            return Severity.LOW, "; nothing is held in it."
        return Severity.HIGH, f"; positions that cost {money(sum(costs))} wait for it. Look at the venue."

    def _gap(self, packet: Packet, event: FeedGap) -> list[Alert]:
        state, hole = self.state, event.to_ts - event.from_ts
        if hole <= 0:
            state.gaps.setdefault(event.instrument, Gap(event.feed, packet.ts, event.reason))
            state.gaps_due = min(gap.since for gap in state.gaps.values()) + SILENCE_NS
        if hole <= SILENCE_NS:
            return []
        count = self._counted(f"gap:{event.feed}", packet.ts)
        if not count:
            return []
        text = (
            f"{times(count)}, the last of {event.instrument or 'all'} for {duration(hole)} ({plain(event.reason)}):"
            " desks trade on without it. `tradeworthy data check` lists the holes of files."
        )
        return [Alert(Severity.NORMAL, f"gap:{event.feed}", f"Feed gap: {event.feed}", text)]

    def _data(self, _: Packet, event: BookChanged | PriceObserved | BarClosed) -> list[Alert]:
        gaps = self.state.gaps
        if gaps:
            gaps.pop(event.instrument, None)
            gaps.pop("", None)
        return []

    def _silence(self, now: int) -> list[Alert]:
        """Holes that have lasted too long, told once for each feed."""
        state, late = self.state, dict[str, list[str]]()
        reasons = dict[str, Gap]()
        for instrument, gap in list(state.gaps.items()):
            if now - gap.since > SILENCE_NS:
                late.setdefault(gap.feed, []).append(instrument or "all")
                reasons.setdefault(gap.feed, gap)
                del state.gaps[instrument]
        state.gaps_due = min((gap.since for gap in state.gaps.values()), default=0) + SILENCE_NS
        made = []
        for feed, names in late.items():
            more = f" and {len(names) - SHOWN_MAX} more" if len(names) > SHOWN_MAX else ""
            text = (
                f"Nothing of {', '.join(names[:SHOWN_MAX])}{more} for {duration(now - reasons[feed].since)}"
                f" ({plain(reasons[feed].reason)}). See `tradeworthy status` and the log."
            )
            made.append(Alert(Severity.HIGH, f"stale:{feed}", f"Feed stale: {feed}", text))
        return made

    def _counted(self, key: str, ts: int) -> int:
        """How often it happened since it was told last if it is to be told now, else 0."""
        group = self.state.groups.get(key)
        if group is None:
            self.state.groups[key] = Group(ts)
            return 1
        group.count += 1
        if ts - group.told_ts < GROUP_NS:
            return 0
        count, group.count, group.told_ts = group.count, 0, ts
        return count
