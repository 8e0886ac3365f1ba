"""Proving: is it ready for real money? What the run is, and what was proven of it or of its code, and when."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from nicegui import ui

from tradeworthy.core.errors import AllHalted
from tradeworthy.proving.evidence_log import Proof, newest_of, read_proofs
from tradeworthy.proving.run_on_disk import RunOnDisk, run_on_disk
from tradeworthy.web.dashboard.charts import Chart
from tradeworthy.web.dashboard.frame import card
from tradeworthy.web.dashboard.markup import Html, html, joined, tag
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.pages.proving import tables as proof_tables
from tradeworthy.web.pages.proving.groups import QUESTIONS, Subject, standings_of
from tradeworthy.web.records import Reading

Found = dict[str, Any]

LOOK_EVERY_S = 2.0


def build(view: View, _: Request) -> None:
    """The page's panels."""
    ladder, certificate = Slot("wide"), Slot("wide")
    certificate.show(_no_certificate())
    with card("This run", "", "what it is, and what must come out the same again"):
        identity, ending = Slot("twofold"), Slot("ending")
    trouble = Slot("wide")
    with ui.element("div").classes("tw-columns"):
        questions = [_question(place) for place in range(len(QUESTIONS))]
    with card("The gap to the backtest, part by part", "", "from the newest comparison of this run"):
        chart = Chart(view.colours, "From the backtest's result to the run's, part by part")
        words = Slot()

    def show_run(found: Found) -> None:
        identity.show(proof_tables.identity(found["on_disk"], found["row"], found["parents"]))
        ending.show(
            _broken(found["damage"])
            if found["damage"]
            else proof_tables.ending(found["on_disk"], found["row"])
        )

    def show_proofs(found: Found) -> None:
        subject = found["subject"]
        standings = standings_of(found["newest"], subject)
        ladder.show(proof_tables.ladder(standings))
        trouble.show(_trouble(found["trouble"]))
        for slot, (_, told) in zip(questions, standings, strict=True):
            slot.show(proof_tables.question(told, subject))
        compared: list[Proof] = [
            one for one in found["newest"].get("compare", ()) if one.subject == subject.run
        ]
        newest = compared[0] if compared else None
        chart.show(proof_tables.gap_options(chart.base(), newest, view.colours) if newest else None, "")
        words.show(proof_tables.gap_words(newest, subject.run))

    view.panel("proving.run", {"pulse"}, lambda reading: _run(view, reading), show_run, every_s=LOOK_EVERY_S)
    view.panel(
        "proving.proofs",
        {"status"},
        lambda reading: _proofs(view, reading),
        show_proofs,
        every_s=LOOK_EVERY_S,
    )


def _question(place: int) -> Slot:
    with card(QUESTIONS[place].name):
        return Slot()


def _run(view: View, reading: Reading) -> Found:
    row = reading.listings.about()
    on_disk: RunOnDisk | None = None
    damage = ""
    try:
        on_disk = run_on_disk(view.face.home.runs / row["run"])
    except AllHalted as error:
        damage = str(error)
    return {"row": row, "parents": reading.queries.runs[1:], "on_disk": on_disk, "damage": damage}


def _proofs(view: View, reading: Reading) -> Found:
    row, log = reading.listings.about(), read_proofs(view.face.home)
    kinds = frozenset(desk["kind"] or "" for desk in row["desks"])
    subject = Subject(row["run"], row["decision_hash"] or "", row["configuration"] or "", kinds)
    return {"subject": subject, "newest": newest_of(log.proofs), "trouble": log.trouble}


def _no_certificate() -> Html:
    parts = [tag("b", "No certificate"), tag("span", proof_tables.NO_CERTIFICATE)]
    return tag("div", joined(parts), class_="tw-banner calm", role="note", data_certificate="none")


def _trouble(words: str) -> Html:
    if not words:
        return html("")
    return tag(
        "div",
        joined([tag("b", "The list of proofs"), tag("span", words)]),
        class_="tw-banner warn",
        role="alert",
    )


def _broken(words: str) -> Html:
    return tag("p", words, class_="down")
