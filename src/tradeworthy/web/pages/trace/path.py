"""One path on the page: from the tables at once, from the journal in a thread, and growing while it is open."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

from nicegui import background_tasks, ui

from tradeworthy.core.errors import TradeworthyError
from tradeworthy.web.dashboard.frame import card
from tradeworthy.web.dashboard.markup import Html, html, joined, link, tag
from tradeworthy.web.dashboard.reason_words import reason_words, spoken
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.pages.trace.folding import Folded
from tradeworthy.web.pages.trace.headline import description, died_at, headline, is_open
from tradeworthy.web.pages.trace.judging import decided, unjudged
from tradeworthy.web.pages.trace.panels import nodes_of, step_entry, units_words
from tradeworthy.web.pages.trace.picture import COMPACT, WIDE, drawn
from tradeworthy.web.pages.trace.reading import (
    ROW,
    NoPath,
    Path,
    from_journal,
    from_tables,
    root_packet,
    with_root,
)
from tradeworthy.web.pages.trace.steps import ROOT, Step
from tradeworthy.web.pages.trace.words import name_of
from tradeworthy.web.records import Reading

ROOT_BYTES_MAX = 64 << 20
"""The first input is looked up unasked if it stands in so many bytes from the journal's beginning."""

OTHERS_TOLD = 8

GROWS = {"candidates", "decisions", "orders", "trades", "equity", "opportunities"}
READING = "Reading the journal: a long run takes a while. The page stays as it is meanwhile."

_one_at_a_time = asyncio.Semaphore(1)
"""The journal is read for one page at a time: reading it takes a whole core."""


class PathPanels:
    """The path of `packet` (a seq, an id, or a row): picture, headline, figures and list."""

    def __init__(self, view: View, packet: str) -> None:
        self._view, self._packet = view, packet
        self._root: Step | None = None
        self._asked_root = self._asked_journal = False
        self._path: Path | None = None
        self._headline = Slot("tw-tiles")
        self._headline.mark(**{"data-figure": "trace-headline"})
        with card(
            "Path", "", "time runs down, lines lead from cause to effect; a node opens its fields below"
        ):
            self._said = Slot("empty", "p")
            self._said.mark(role="status", **{"data-figure": "trace-said"})
            self._picture = Slot("scroll path-scroll")
            self._again = self._button("Read it again", "trace-journal", self._ask_journal)
            self._deeper = self._button("Look up its first input", "trace-root", self._ask_root)
        with card("Figures against limits at the decision", "s5") as self._decision:
            self._decided = Slot("decided")
        with card("The same as a list", "s7", "each step opens to all its fields") as self._listed:
            self._steps = StepList()
        self._wait()
        if ROW in packet:
            self._ask_journal()
        else:
            view.panel(f"trace {packet}", GROWS, self._ask, self._show)

    def _button(self, word: str, name: str, act: object) -> ui.element:
        made = ui.element("button").classes("tw-btn").props(f'type="button" data-figure="{name}"')
        made.on("click", act)  # type: ignore[arg-type]
        with made:
            ui.label(word)
        made.set_visibility(False)
        return made

    def _wait(self) -> None:
        for one in (self._decision, self._listed):
            one.set_visibility(False)

    def _ask(self, reading: Reading) -> Path | NoPath:
        return from_tables(reading, self._packet)

    def _show(self, found: Path | NoPath) -> None:
        if isinstance(found, NoPath):
            if found.in_journal and not self._asked_journal:
                self._ask_journal()
            elif not found.in_journal:
                self._said.show(html(found.sentence))
            return
        if self._path is not None and self._path.of_journal:
            return
        self._tell(with_root(found, self._root) if self._root else found)
        if not self._asked_root and found.steps and found.steps[0].type == ROOT:
            self._asked_root = True
            background_tasks.create(self._look_up_root(found, ROOT_BYTES_MAX), name="trace root")

    def _ask_root(self) -> None:
        self._deeper.set_visibility(False)
        if self._path is not None:
            background_tasks.create(self._look_up_root(self._path, sys.maxsize), name="trace root")

    async def _look_up_root(self, found: Path, bytes_max: int) -> None:
        """Say what the first input was, once the journal has been looked through for it."""
        home, seq = self._view.face.home, found.steps[0].seq
        ask = partial(root_packet, home, found.run, seq, bytes_max=bytes_max)
        try:
            async with _one_at_a_time:
                if self._said.is_gone:
                    return
                self._root = await asyncio.to_thread(ask)
        except TradeworthyError as error:
            self._said.show(html(f"Its first input can't be read from the journal: {error}"))
        self._deeper.set_visibility(self._root is None and bytes_max == ROOT_BYTES_MAX)
        if self._root and self._path is not None:
            self._tell(with_root(self._path, self._root))

    def _ask_journal(self) -> None:
        self._asked_journal = True
        self._again.set_visibility(False)
        self._said.show(html(READING))
        background_tasks.create(self._read_journal(), name="trace journal")

    async def _read_journal(self) -> None:
        view = self._view
        async with _one_at_a_time:
            if self._said.is_gone:
                return
            found = await asyncio.to_thread(from_journal, view.face.home, view.run_asked, self._packet)
        if isinstance(found, NoPath):
            self._said.show(html(found.sentence))
            return
        self._tell(found)
        self._again.set_visibility(view.is_living and (ROW in self._packet or not found.steps))

    def _tell(self, path: Path) -> None:
        """Show all of it."""
        self._path = path
        nodes = nodes_of(path)
        self._said.show(_said(path))
        title = f"Path of {self._packet}"
        self._picture.show(
            # The style sheet shows the one that fits.
            joined(
                drawn([node for node, _ in nodes], title, description(path), shape)
                for shape in (WIDE, COMPACT)
            )
        )
        if path.steps:
            self._headline.show(headline(path))
            self._steps.show([part for _, part in nodes], path)
        decisions = [step for step in path.steps if step.type in {"Decision", "SignalDecided"}]
        self._decided.show(decided(decisions[0]) if decisions else unjudged(path))
        is_whole = bool(path.candidate) or bool(decisions)
        self._decision.set_visibility(is_whole)
        self._listed.set_visibility(bool(path.steps))


class StepList:
    """The steps as an ordered list; entries that did not change keep their state, open ones too."""

    def __init__(self) -> None:
        self._place = ui.element("ol").classes("path-steps").props('data-figure="trace-steps"')
        self._slots = dict[int, Slot]()

    def show(self, parts: list[Folded], path: Path) -> None:
        """Show these, in their order."""
        keys = [part.first.seq for part in parts]
        if list(self._slots) != keys[: len(self._slots)]:
            self._place.clear()
            self._slots = {}
        start = path.steps[0].at_us
        for part in parts:
            slot = self._slots.get(part.first.seq)
            if slot is None:
                with self._place:
                    slot = self._slots[part.first.seq] = Slot("", "li")
            slot.show(step_entry(part, path, start))


def _said(path: Path) -> Html:
    """What there is to say of the path in words: where it died, and what is not certain."""
    found, end = list[Html](), died_at(path)
    if is_open(path):
        found.append(html("It is open: what comes next is added here as it happens."))
    if end is not None and not path.reasons:
        reason = str(end.event.get("skip") or end.event.get("reason") or end.event.get("blocked") or "")
        where = f"{name_of(end.type)} {end.seq}" + (f", {spoken(reason)}" if reason else "")
        found.append(joined([tag("b", f"It died at {where}. "), reason_words(reason)]))
    if path.reasons:
        told = [f"{desk}: {reason_words(code)}" for desk, code in sorted(path.reasons.items())]
        found.append(joined([tag("b", "No desk opened a candidate. "), " ".join(told)]))
    elif path.of_journal and not path.is_life and not path.ended and not path.doubt:
        found.append(html("No desk was asked anything in this turn."))
    if path.is_life:
        found.append(
            html(f"Of one trade alone: look up {path.title}#1 and so on." if "#" not in path.title else "")
        )
        found.append(html(f"Learning took {len(path.facts)} facts from its closed trades."))
    found += [
        html(one) for one in (f"In doubt: {path.doubt}." if path.doubt else "", units_words(path)) if one
    ]
    if path.steps:
        run = link("/trace", path.run, run=path.run)
        found.append(joined(["Run ", run, ", trace ", path.root, "."]))
    if path.others:
        links = joined(
            (link("/trace", seq, packet=seq, run=path.run) for seq in path.others[:OTHERS_TOLD]), ", "
        )
        more = f" and {len(path.others) - OTHERS_TOLD} more" if len(path.others) > OTHERS_TOLD else ""
        found.append(
            joined(
                [f"The same input led to {'other ' if path.candidate else ''}candidates: ", links, more, "."]
            )
        )
    return joined((tag("span", one) for one in found), " ")
