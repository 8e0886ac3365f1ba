"""What stands around a picture of a path."""

from typing import Any

from tradeworthy.web.pages.trace.panels import (
    decided,
    died_at,
    headline,
    judged,
    judgement,
    nodes_of,
    shown,
    step_entry,
    unjudged,
)
from tradeworthy.web.pages.trace.picture import OPEN
from tradeworthy.web.pages.trace.reading import Path
from tradeworthy.web.pages.trace.steps import Lane, Step

EVIL = "<script>alert(1)</script>"


def step(seq: int, kind: str, /, **event: Any) -> Step:
    """A step that is caused by the one before it."""
    return Step(seq, seq - 1 if seq > 1 else 0, 1, seq * 1_000, "agent", kind, event, Lane.DESK)


def path_of(*steps: Step, **fields: Any) -> Path:
    """A path of one candidate."""
    return Path("run-1", list(steps), {}, **fields)


def refused(reason: str = "position_limit", **figures: Any) -> Step:
    """Risk's no, with figures in cash units."""
    said = {"equity": 50_000_000_000, "position": 6_000_000_000, "cash_left": 40_000_000_000, **figures}
    limits = {"position": 5_000_000_000, "cash_left": 0, "drawdown": 10_000_000_000, "book_age_ms": 3000}
    return step(3, "Decision", approved=False, reason=reason, figures=said, limits=limits)


def test_the_figure_that_was_broken_is_named() -> None:
    """P2: figures and limits in the order of the rules, in currency, the broken one marked."""
    rows = {row.name: row for row in judged(refused())}
    assert list(rows) == ["position", "cash_left"], "equity has no rule; the rest had no figure"
    assert (rows["position"].value, rows["position"].limit) == ("60.00", "50.00")
    assert rows["position"].used == 1.2
    assert [name for name, row in rows.items() if row.is_broken] == ["position"]
    assert 'class="meter bad"' in judgement(list(rows.values()))


def test_of_several_figures_of_a_rule_the_broken_one_is_marked() -> None:
    """A rule may look at three ages; one of them was too high."""
    rows = judged(refused("stale_data", book_age_ms=4000, price_age_ms=10))
    assert [row.name for row in rows if row.is_broken] == ["book_age_ms"]


def test_a_least_is_broken_from_below() -> None:
    """Cash that is left must not be less than its limit."""
    assert [row.name for row in judged(refused("cash", cash_left=-1)) if row.is_broken] == ["cash_left"]


def test_a_yes_breaks_nothing() -> None:
    """Nor does it need figures."""
    assert not any(row.is_broken for row in judged(step(3, "Decision", approved=True, figures={}, limits={})))
    assert "no figures" in judgement([])


def test_an_exit_that_passes_over_a_limit_says_why() -> None:
    """Limits bind entries: what only reduces a position is let through, and is no broken rule."""
    said = {"figures": {"position": 6_000_000_000}, "limits": {"position": 5_000_000_000}}
    told = decided(step(3, "Decision", approved=True, reason="", **said))
    assert "only reduces" in told
    assert "broken" not in told
    assert "only reduces" not in decided(refused())


def test_a_signals_checks_are_figures_too() -> None:
    """L2: the decision maker's five checks beside their limits."""
    checks = [{"name": "chain", "passed": False, "figure": "eth", "limit": "base", "reason": "chain"}]
    rows = judged(step(2, "SignalDecided", approved=False, checks=checks))
    assert [(row.name, row.value, row.limit, row.is_broken) for row in rows] == [
        ("chain", "eth", "base", True)
    ]


def test_where_it_died_is_the_first_step_that_stopped_it() -> None:
    """P2: the verdict that follows from a no is not the place."""
    no, verdict = refused(), step(4, "Verdict", outcome="REJECTED", reason="position_limit")
    path = path_of(step(2, "OpportunityDetected", kind="oracle_lag", net_edge=0.1), no, verdict)
    assert died_at(path) is no
    told = headline(path)
    assert "REJECTED" in told
    assert "One market would hold too much" in told


def test_an_open_candidate_ends_in_an_open_node() -> None:
    """It grows: what is last has not ended."""
    steps = (step(1, "BarClosed"), step(2, "TradeCandidate", kind="entry"))
    path = path_of(*steps, candidate={"verdict": None, "kind": "entry"})
    assert [node.state for node, _ in nodes_of(path)] == ["", OPEN]
    assert "OPEN" in headline(path)


def test_a_lines_cause_is_the_node_that_its_step_was_folded_into() -> None:
    """Cause lines survive folding."""
    steps = [step(seq, "WindowClosed" if seq % 2 else "WindowResolved") for seq in range(1, 101)]
    nodes = [node for node, _ in nodes_of(path_of(*steps, step(101, "TradeClosed", pnl=1, reason="x")))]
    assert [(node.key, node.cause, node.packets) for node in nodes] == [(1, 0, 100), (101, 1, 1)]


def test_a_life_goes_on_and_does_not_die() -> None:
    """A row's skipped windows are no end of it."""
    path = path_of(step(1, "Candidate", kind="s1_window", skip="blocked_ts"), is_life=True, title="1h@BONK")
    assert died_at(path) is None
    assert "1h@BONK" in headline(path)


def test_fields_are_told_for_people_and_escaped() -> None:
    """Cash as amounts, times as times, nested values in a line, nothing as a dash."""
    assert shown("fee", 10_478_000) == "0.10"
    assert "00:03:36" in shown("ts_event", 1_704_067_416_250_000_000)
    assert shown("skip", "") == "-"
    assert "&lt;script&gt;" in shown("legs", [{"market": EVIL}])
    entry = step_entry(nodes_of(path_of(step(1, "Note", reason=EVIL)))[0][1], path_of(), 0)
    assert "<script>" not in entry
    assert 'id="step-1"' in entry


def test_what_risk_was_never_asked_shows_what_the_desk_saw() -> None:
    """A skipped candidate has figures, and no limits."""
    told = unjudged(path_of(step(2, "Candidate", skip="skew", figures={"spread": 0.04})))
    assert "never asked" in told
    assert "spread" in told
