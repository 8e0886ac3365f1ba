"""Why candidates were not taken: a reason with what it means, and the figure that a rule refused for."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tradeworthy.web.dashboard.figure_words import method_words
from tradeworthy.web.pages.pilot.candidates import (
    candidates_table,
    counted,
    rejections,
    verdicts,
)


def row(**more: Any) -> dict[str, Any]:
    """A row of Listings.candidates."""
    return {
        "run": "run-1",
        "seq": 9,
        "created_at": datetime(2026, 5, 1, tzinfo=UTC),
        "title": None,
        "instrument": "SOLX",
        "strategy": None,
        "desk": "uptrend",
        "kind": "s1_window",
        "method": None,
        "net_edge": None,
        "edge": None,
        "verdict": "SKIPPED",
        "reason": "no_edge",
        "decision_figures": {},
        "limits": {},
        **more,
    }


def test_a_skipped_candidate_says_what_its_reason_means() -> None:
    """The code in words, and the sentence that explains it."""
    made = candidates_table([row()])
    assert "<b>no edge</b>" in made
    assert "no better than what it is worth" in made
    assert 'href="/trace?packet=9&amp;run=run-1"' in made


def test_a_refused_one_shows_the_figure_beside_its_limit() -> None:
    """Of the rule that refused, and of no other."""
    figures = {"position": Decimal("62.5"), "cash_left": Decimal(3)}
    made = candidates_table(
        [
            row(
                verdict="REJECTED",
                reason="position_limit",
                decision_figures=figures,
                limits={"position": Decimal("55.25"), "cash_left": Decimal(0)},
            )
        ]
    )
    assert "One market 62.50, limit 55.25" in made
    assert "Cash left" not in made


def test_a_limit_of_none_at_all_is_not_told() -> None:
    """A pause has no "limit clear"."""
    waits = row(
        verdict="REJECTED",
        reason="loss_pause",
        decision_figures={"pause_left_ms": 720_000},
        limits={"pause_left_ms": 0},
    )
    assert "limit" not in candidates_table([waits])


def test_a_duplicate_names_the_candidate_that_it_repeats() -> None:
    """A packet's number is no amount: no thousands apart, and nothing that it may come to."""
    again = row(
        verdict="REJECTED",
        reason="duplicate",
        decision_figures={"duplicate_of": 457645},
        limits={"duplicate_of": 0},
    )
    made = candidates_table([again])
    assert "Duplicate of 457645<" in made


def test_a_filled_one_needs_no_reason() -> None:
    """Its edge is a share where it is one, else cash."""
    made = candidates_table([row(verdict="FILLED", reason="filled", net_edge=0.0532)])
    assert "5.32%" in made
    assert ">filled<" not in made
    assert "in cash" in candidates_table([row(edge=Decimal("1.25"))])


def test_titles_are_escaped() -> None:
    """A market's title is other people's text."""
    assert "<script" not in candidates_table([row(title="<script>", reason="<script>")])


def test_reasons_are_counted_with_their_share() -> None:
    """The most frequent first."""
    made = counted([("", "small", 1), ("", "large_one", 3)], caption="Counts", empty="None.")
    assert made.index("large one") < made.index("small")
    assert "width:75.0%" in made
    assert counted([], caption="Counts", empty="None.") == '<p class="empty">None.</p>'


def test_what_was_filled_is_not_among_what_was_not_taken() -> None:
    """And risk's refusals are those that the report counts."""
    found = {
        "verdicts": [
            {"outcome": "FILLED", "reason": "filled", "count": 5},
            {"outcome": "SKIPPED", "reason": "no_edge", "count": 2},
        ],
        "risk_rejections": [{"reason": "position_limit", "count": 2}],
    }
    assert "filled" not in verdicts(found)
    assert "position limit" in rejections(found)
    assert "Risk has refused nothing" in rejections({"risk_rejections": []})


def test_methods_are_named() -> None:
    """By the specification's name, and what it is."""
    assert method_words("M4") == "M4 buy all no"
    assert method_words("X9") == "X9"
