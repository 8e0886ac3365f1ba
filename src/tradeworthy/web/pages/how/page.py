"""How It Works: the idea, an example that can be moved, the maths, and what none of it can tell."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from nicegui import ui

from tradeworthy.learning.settings import LearningSettings
from tradeworthy.web.dashboard.charts import Chart
from tradeworthy.web.dashboard.frame import card, tile
from tradeworthy.web.dashboard.markup import (
    MINUS,
    Column,
    Html,
    facts,
    gain,
    html,
    joined,
    link,
    pill,
    table,
    tag,
)
from tradeworthy.web.dashboard.reason_words import reason_words
from tradeworthy.web.dashboard.view import Slot, View
from tradeworthy.web.pages.how import pictures, words
from tradeworthy.web.pages.how.example import (
    CAPITAL,
    FEE_RATE,
    SETTINGS,
    Situation,
    Worked,
    curve_options,
    worked,
)
from tradeworthy.web.records import Reading

SIGNS: Final = {
    "*": "\N{MULTIPLICATION SIGN}",
    "-": MINUS,
    "sigma": "\N{GREEK SMALL LETTER SIGMA}",
    "tau": "\N{GREEK SMALL LETTER TAU}",
    "Phi(d)": "\N{GREEK CAPITAL LETTER PHI}(d)",
    "sum": "\N{N-ARY SUMMATION}",
    "root": "\N{SQUARE ROOT}",
    "sigma^2": "\N{GREEK SMALL LETTER SIGMA}\N{SUPERSCRIPT TWO}",
    ">=": "\N{GREATER-THAN OR EQUAL TO}",
}
"""How words of a formula are printed."""


def build(view: View, _: Request) -> None:
    """The page's panels."""
    with card(
        "The idea",
        "",
        "everything that enters is an input in a journal; one core decides; gateways do the rest",
    ):
        Slot("drawing-place").show(joined([pictures.platform(), pictures.platform_tall()]))
        Slot("prose").show(_idea())
    Example(view)
    _timeline(view)
    with card("Three kinds of opportunity", ""):
        Slot("kinds").show(_kinds())
    _loop()
    with card("What research found", "s6", words.RESEARCH_SOURCE):
        Slot("stacked").show(facts(words.RESEARCH))
        Slot("note", "p").show(html(words.RESEARCH_CAVEAT))
    with card("What this can't tell you", "s6"):
        Slot().show(tag("ul", joined(tag("li", one) for one in words.UNTOLD), class_="untold"))
    with card("Words", ""):
        Slot("glossary").show(facts(words.GLOSSARY))


class Example:
    """BTC has moved, the market has not: five figures that can be moved, and what the desk makes of them."""

    def __init__(self, view: View) -> None:
        self._view = view
        title = "A worked example: will BTC be above $97,000 in 15 minutes?"
        with card(title, "", "computed here by the desk's own functions; move a figure"):
            self._tiles = Slot("tw-tiles inner")
            self._tiles.mark(**{"data-figure": "how-tiles"})
            with ui.element("div").classes("how-example"):
                with ui.element("div"):
                    start = Situation()
                    self._spot = self._slider("BTC now", start.spot, 95_500, 98_500, 10, "$")
                    self._volatility = self._slider(
                        "Volatility a year", start.volatility * 100, 15, 150, 1, "%"
                    )
                    self._minutes = self._slider("Minutes to the end", start.minutes, 1, 60, 1, "")
                    self._ask = self._slider("Ask for a YES, in cents", start.ask * 100, 5, 97, 1, "")
                    self._steps = Slot("steps stacked")
                with ui.element("div"):
                    self._chart = Chart(
                        view.colours, "What a YES is worth over the price of BTC, beside the ask"
                    )
        with card("The maths", ""):
            Slot("maths").show(_maths())
        self._show()

    def _slider(self, name: str, value: float, low: float, high: float, step: float, unit: str) -> ui.slider:
        with ui.element("div").classes("slider"):
            said = Slot("name", "span")
            made = ui.slider(min=low, max=high, step=step, value=value)
            made.props(f'aria-label="{name}" data-slide="{name.split(maxsplit=1)[0].lower()}"')

        def tell() -> None:
            said.show(_slid(name, made.value, unit))
            self._show()

        made.on_value_change(tell)
        said.show(_slid(name, value, unit))
        return made

    def _show(self) -> None:
        at = Situation(
            spot=float(self._spot.value),
            volatility=float(self._volatility.value) / 100,
            minutes=float(self._minutes.value),
            ask=float(self._ask.value) / 100,
        )
        found = worked(at)
        self._tiles.show(_tiles(found))
        self._steps.show(_steps(at, found))
        self._chart.show(curve_options(self._chart.base(), at, self._view.colours), "")


def _slid(name: str, value: float, unit: str) -> Html:
    told = f"${value:,g}" if unit == "$" else f"{value:,g} {unit}"
    return joined([name, " ", tag("b", told.strip())])


def typeset(formula: str) -> Html:
    """A formula in plain letters as it is printed: signs, Greek letters, and what stands behind _ as an index."""
    parts = []
    for word in formula.split(" "):
        name, _, index = SIGNS.get(word, word).partition("_")
        parts.append(joined([name, tag("sub", index)]) if index else html(name))
    return joined(parts, " ")


def _tiles(found: Worked) -> Html:
    edge = found.gross - found.fee
    verdict = pill("buys it", "ok") if not found.skip else pill("skips it", "warn")
    why = (
        html(reason_words(found.skip))
        if found.skip
        else html(f"an edge of at least {SETTINGS.sniper_min_edge:g} is asked")
    )
    return joined(
        [
            tile(
                "YES is worth", tag("span", f"{found.fair:.6f}", data_figure="how-fair"), "of a payout of 1"
            ),
            tile(
                "Edge after fees",
                tag("span", f"{edge:.6f}", data_figure="how-edge"),
                f"gross {found.gross:.6f}",
            ),
            tile("The desk", verdict, why),
            tile("Stake", f"${found.budget:,.2f}" if found.shares else "-", f"{found.shares:,.2f} shares"),
            tile("If YES", gain(found.won), "won on the stake"),
            tile("If NO", gain(found.lost), "lost on the stake"),
        ]
    )


def _steps(at: Situation, found: Worked) -> Html:
    all_in = at.ask + found.fee
    rows = (
        ("Fee of a share", f"{FEE_RATE} * {at.ask:g} * {1 - at.ask:.2f} = {found.fee:.6f}"),
        ("Net edge", f"{found.fair:.6f} - {at.ask:g} - {found.fee:.6f} = {found.gross - found.fee:.6f}"),
        ("Signal", f"{found.signal:.2f} of 1 (full at twice the least edge)"),
        ("Kelly share", f"( {found.fair:.6f} - {all_in:.6f} ) / ( 1 - {all_in:.6f} ) = {found.kelly:.5f}"),
        ("Stake", f"{SETTINGS.kelly:g} * {found.kelly:.5f} * ${CAPITAL} = ${found.budget:.2f}"),
        ("Cost and fee", f"${found.cost:.4f} and ${found.fees:.5f} for {found.shares:.2f} shares"),
        ("Expected", f"{found.shares:.2f} * {found.gross - found.fee:.6f} = ${found.expected:.4f}"),
    )
    return facts((name, typeset(said)) for name, said in rows)


def _idea() -> Html:
    trace, proving = link("/trace", "Trace"), link("/proving", "Proving")
    return joined(
        [
            tag(
                "p",
                "What enters is written down before it counts. One thread turns inputs into "
                "decisions, with no clock, no"
                " chance and no input of its own, so the same journal makes the same decisions again. "
                "Backtest, replay and"
                " paper trading differ in what feeds the journal and who fills the orders, in nothing else.",
            ),
            tag(
                "p",
                joined(
                    [
                        (
                            "So every run can be played again bit for bit, a crash ends in the same state "
                            "as no crash, and each"
                            " candidate can be followed from the price that began it to the reason that "
                            "ended it: see "
                        ),
                        trace,
                        ". Whether all paths agree is checked by ",
                        proving,
                        ".",
                    ]
                ),
            ),
        ]
    )


def _maths() -> Html:
    lines = (
        (
            "What a YES is worth",
            "P = Phi(d) , d = ( ln(S / K) - sigma^2 tau / 2 ) / ( sigma root tau )",
            "S price, K strike, then volatility a year, years left, and the normal distribution",
        ),
        (
            "What a share costs",
            "c = ask + rate * ask * ( 1 - ask )",
            "the venue's fee curve; takers pay it, makers do not",
        ),
        (
            "Edge",
            "e = P_low - c or ( 1 - P_high ) - c_NO",
            (
                f"for YES or NO; low and high: volatility may be {SETTINGS.volatility_error:.0%} off, S "
                f"{SETTINGS.basis_bps:g} basis points"
            ),
        ),
        (
            "Stake",
            f"{SETTINGS.kelly:g} * ( P - c ) / ( 1 - c ) * capital",
            "a part of what Kelly would stake: the whole of it ruins whoever overrates his view",
        ),
        (
            "A locked set",
            "floor - sum ask - sum fee - fixed >= least",
            "walked level by level through all books, in equal shares, until the next share is not worth it",
        ),
    )
    return joined(
        tag(
            "div",
            joined(
                [
                    tag("h3", name),
                    tag("div", typeset(formula), class_="formula"),
                    tag("p", text, class_="note"),
                ]
            ),
        )
        for name, formula, text in lines
    )


def _timeline(view: View) -> None:
    with card(
        "The race",
        "",
        "what the example has time for; the desk waits until a gap has lasted, so that it is no flicker",
    ):
        Slot("drawing-place").show(joined([pictures.race(), pictures.race_tall()]))
        said = Slot("note", "p")
        said.mark(**{"data-figure": "how-gaps"})
    view.panel("how.gaps", {"opportunities"}, _gaps, lambda text: said.show(html(text)), every_s=5.0)


def _gaps(reading: Reading) -> str:
    """What this run has measured of the race."""
    found = reading.queries.summary()["opportunities"]
    if found["p50_ms"] is None:
        return "This run has measured no gap yet: how long one lasts is told here when one has closed."
    total = (found["survived"] or 0) + (found["vanished"] or 0)
    half, most = (float(found[name]) / 1000 for name in ("p50_ms", "p90_ms"))
    return (
        f"In this run half of the gaps closed within {half:.3g} s and nine of ten within {most:.3g} s;"
        f" {found['survived']} of {total} outlived the wait of {SETTINGS.latency_ms} ms."
    )


def _kinds() -> Html:
    made = [
        tag(
            "section",
            joined(
                [tag("h3", joined([name, " ", pill(methods)])), tag("p", text), tag("p", risk, class_="note")]
            ),
        )
        for name, methods, text, risk in words.OPPORTUNITIES
    ]
    note = "The same question on two venues would be a fourth kind; this desk watches one venue."
    return joined([tag("div", joined(made), class_="three"), tag("p", note, class_="note")])


def _loop() -> None:
    settings = LearningSettings()
    with card("How the uptrend desk learns", "", "from what it took, and from what it let pass"):
        Slot("drawing-place").show(joined([pictures.learning_loop(), pictures.learning_loop_tall()]))
        rows = (
            ("Enough", f"{settings.n_min} trades in a slice before there is a lesson"),
            (
                "Bounded",
                (
                    f"an override of strength is {settings.strength_min:g} to {settings.strength_max:g} "
                    f"times, never more"
                ),
            ),
            (
                "Let pass",
                "a window that was skipped and then did well is counted as missed, and loosens its gate",
            ),
            (
                "Reversible",
                "each override can be taken back, and decays by itself where the market says otherwise",
            ),
        )
        Slot().show(
            table((Column("Rule"), Column("What it means")), rows, caption="Rules of learning", empty="")
        )
        Slot("note", "p").show(
            joined(["What this installation has learned: ", link("/learning", "Learning"), "."])
        )
