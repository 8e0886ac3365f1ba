"""The figures of a decision beside its limits."""

from typing import Any

from tests.web.paths import path_of, step
from tradeworthy.web.pages.trace.judging import decided, judged, judgement, unjudged
from tradeworthy.web.pages.trace.steps import Step


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
    told = decided(step(3, "Decision", approved=True, reason="reduce_only", **said))
    assert "only reduces" in told
    assert "broken" not in told
    assert "only reduces" not in decided(refused())
    least = {"figures": {"expected_profit": -451_268_376}, "limits": {"expected_profit": 5_000_000}}
    assert "only reduces" in decided(step(3, "Decision", approved=True, reason="reduce_only", **least))
    assert "only reduces" not in decided(step(3, "Decision", approved=True, reason="", **least)), "an entry"
    within = {"figures": {"expected_profit": 6_000_000}, "limits": {"expected_profit": 5_000_000}}
    assert "only reduces" not in decided(step(3, "Decision", approved=True, reason="reduce_only", **within))


def test_a_signals_checks_are_figures_too() -> None:
    """L2: the decision maker's five checks beside their limits."""
    checks = [{"name": "chain", "passed": False, "figure": "eth", "limit": "base", "reason": "chain"}]
    rows = judged(step(2, "SignalDecided", approved=False, checks=checks))
    assert [(row.name, row.value, row.limit, row.is_broken) for row in rows] == [
        ("chain", "eth", "base", True)
    ]


def test_what_risk_was_never_asked_shows_what_the_desk_saw() -> None:
    """A skipped candidate has figures, and no limits."""
    told = unjudged(path_of(step(2, "Candidate", skip="skew", figures={"spread": 0.04})))
    assert "never asked" in told
    assert "spread" in told


def test_figures_have_the_words_and_units_of_the_page_risk() -> None:
    """P2: what a rule looked at is named for people, in seconds and basis points and currency."""
    figures = {"time_left_ms": 421_000, "spread_bps": 300, "cash_left": 40_000_000_000}
    limits = {"time_left_ms": 20_000, "spread_bps": 1500, "cash_left": 0}
    told = judgement(judged(step(3, "Decision", approved=True, figures=figures, limits=limits)))
    plain = told.replace("\N{NO-BREAK SPACE}", " ")
    for words in ("7 min 1 s", "at least 20.0 s", "300 bps", "1,500 bps", "at least 0.00"):
        assert f">{words}</td>" in plain, words
    assert ">Cash left</span>" in told
    assert not any(name in told for name in figures)


def test_a_days_gain_is_no_loss() -> None:
    """The figure of that rule is below nothing while the day has won."""
    said = {"figures": {"daily_loss": -145_509_000_000}, "limits": {"daily_loss": 5_000_000_000}}
    (row,) = judged(step(3, "Decision", approved=True, **said))
    assert (row.value, row.limit, row.used) == ("0.00", "50.00", 0.0)


def test_what_is_clear_is_told_in_one_line() -> None:
    """Rules that have no figure, only something that stops; one that does stop is a row."""
    figures = {
        "kill_file": False,
        "halt": "",
        "backoff_left_ms": 0,
        "orders_in_minute": 0,
        "price_age_ms": None,
    }
    limits = {"kill_file": False, "halt": "", "backoff_left_ms": 0, "orders_in_minute": 120}
    told = judgement(judged(step(3, "Decision", approved=True, figures=figures, limits=limits)))
    table, _, clear = told.partition("Clear: ")
    for name in ("System halt", "Kill file", "Wait after a fault"):
        assert name in clear
        assert name not in table
    assert "Orders in a minute" in table, "none of a hundred and twenty is a figure"
    assert "Age of the price" not in told, "it was not looked at"
    halted = {"figures": {"halt": "drawdown_halt"}, "limits": {"halt": ""}}
    stopped = judgement(judged(step(3, "Decision", approved=False, reason="system_halt", **halted)))
    assert "drawdown halt" in stopped
    assert "broken" in stopped
