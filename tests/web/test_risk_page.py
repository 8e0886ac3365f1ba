"""What the page Risk shows, from rows alone: gauges by how near they are, halts, refusals, and the stance over time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tradeworthy.risk.guards import CASH_FIGURES, RULES
from tradeworthy.risk.stance import Posture
from tradeworthy.web.dashboard.figure_words import WORDS, shown, word_of
from tradeworthy.web.dashboard.theme import DARK, base_options
from tradeworthy.web.pages.risk import tables as risk_tables
from tradeworthy.web.pages.risk.charts import stance_options, stances_of
from tradeworthy.web.pages.risk.gauges import closeness, figures_of, gauges

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASE = base_options(DARK, "chart")
EVIL = "<script>alert(1)</script>"


def figure(
    name: str, value: Any, limit: Any, used: float | None = None, *, failed: bool = False
) -> dict[str, Any]:
    """A rule's newest figure, as the listings have it."""
    told = {"rule": name, "figure": name, "value": value, "limit": limit, "used": used, "failed": failed}
    return {**told, "is_cash": name in CASH_FIGURES, "run": "r-1", "candidate": 9, "created_at": NOON}


def test_every_figure_of_the_guard_chain_has_its_words() -> None:
    """A figure that nobody explained would be a bare code."""
    assert [rule.figure for rule in RULES if rule.figure not in WORDS] == []
    assert word_of("new_rule").name == "New rule"


@pytest.mark.parametrize(
    ("row", "near"),
    [
        (figure("venue", Decimal(20), Decimal(100), 0.2), 0.2),
        (figure("expected_profit", Decimal(1), Decimal("0.25")), 0.25),
        (figure("expected_profit", Decimal(-1), Decimal("0.25")), 1.0),
        (figure("cash_left", Decimal(5), Decimal(0)), None),
        (figure("halt", "", ""), None),
        (figure("kill_file", True, False), None),
    ],
)
def test_how_near_a_figure_is_to_its_limit(row: dict[str, Any], near: float | None) -> None:
    """Of a maximum the used part, of a minimum the limit by the figure, of a word nothing."""
    assert closeness(row) == near


def test_the_nearest_gauge_is_on_top_and_says_so() -> None:
    """Close from four fifths on, beyond above the limit: in words, not by colour alone."""
    rows = [
        figure("portfolio", Decimal(10), Decimal(100), 0.1),
        figure("position", Decimal(85), Decimal(100), 0.85),
        figure("venue", Decimal(120), Decimal(100), 1.2, failed=True),
    ]
    told = gauges(rows)
    places = [told.index(f'data-figure="{name}"') for name in ("venue", "position", "portfolio")]
    assert places == sorted(places)
    assert "beyond</span>" in told
    assert "close</span>" in told
    assert 'style="width:100.0%"' in told
    assert told.count('role="meter"') == 3


def test_a_least_is_told_as_such() -> None:
    """Under it a figure is beyond its rule, however little it is; a limit that is none shows nothing."""
    told = gauges([figure("time_left_ms", 109_000, 20_000)])
    assert "1 min 49 s, at least 20.0 s" in told
    under = gauges([figure("expected_profit", Decimal("-0.8"), Decimal("0.05"))])
    assert "beyond</span>" in under
    assert "close</span>" not in under
    assert 'role="meter"' not in gauges([figure("spread_bps", 300, None)])
    assert "Spread" not in gauges([figure("spread_bps", 300, None)])


def test_a_price_that_is_missing_is_beyond_every_age() -> None:
    """None beside a limit is what risk refuses for: no bar of an older, healthy figure."""
    told = gauges([figure("price_age_ms", None, 10_000, failed=True)])
    assert "none of 10.0 s" in told
    assert "beyond</span>" in told
    assert 'style="width:100.0%"' in told


def test_a_figure_that_was_judged_before_the_others_says_when() -> None:
    """In words that a keyboard and a telephone reach."""
    early = {**figure("portfolio", Decimal(10), Decimal(100), 0.1), "created_at": NOON - timedelta(hours=2)}
    told = gauges([early, figure("position", Decimal(85), Decimal(100), 0.85)])
    assert told.count("Judged ") == 1
    assert "03-01 10:00</time> for" in told
    assert 'href="/trace?packet=9&amp;run=r-1"' in told


def test_a_gain_is_no_loss() -> None:
    """On a day of gain nothing is lost; other figures keep their sign."""
    assert shown(figure("daily_loss", Decimal("-1539.71"), Decimal(50)), Decimal("-1539.71")) == "0.00"
    assert shown(figure("cash_left", Decimal(-5), Decimal(0)), Decimal(-5)) == "\N{MINUS SIGN}5.00"


def test_the_newest_decision_says_whether_it_was_bound() -> None:
    """An exit passes, whatever its figures are."""
    decision = {
        "created_at": NOON,
        "candidate": 7,
        "run": "r-1",
        "desk": "one",
        "approved": True,
        "reason": "",
    }
    assert "of one, approved." in risk_tables.newest_decision(decision)
    exit_ = risk_tables.newest_decision({**decision, "reason": "reduce_only"})
    assert "approved as an exit, which no guard holds up" in exit_


def test_words_are_clear_or_bad_by_themselves() -> None:
    """A latch that another figure's rule shares its code with does not colour a wait of nothing."""
    rows = [figure("desk_halt", "operator", "", failed=True), figure("backoff_left_ms", 0, 0, failed=True)]
    told = gauges([*rows, figure("expires_in_ms", None, 0)])
    assert (
        '<span class="pill bad" title="No latch stops the desk that asked.">Desk halt operator</span>' in told
    )
    assert '<span class="pill ok"' in told
    assert "Wait after a fault clear" in told
    assert "Time left" not in told


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("price_age_ms", 90_000, "1 min 30 s"),
        ("spread_bps", 1_500, "1,500 bps"),
        ("equity", Decimal("1234.5"), "1,234.50"),
        ("kill_file", True, "yes"),
        ("one_sided", "", "clear"),
        ("untradable", "not_accepting", "not accepting"),
        ("lots_short", 0, "clear"),
        ("orders_in_minute", 0, "0"),
        ("price_age_ms", None, "-"),
    ],
)
def test_figures_have_their_units(name: str, value: Any, text: str) -> None:
    """Times as times, money as money, and what stops nothing as clear."""
    assert shown({"figure": name, "is_cash": name in CASH_FIGURES}, value) == text


def test_a_refusal_shows_every_figure_and_escapes_what_comes_from_outside() -> None:
    """All figures stand beside their limits; a market's name is no HTML."""
    row = {
        "created_at": NOON,
        "reason": "position_limit",
        "strategy": None,
        "desk": "breakout",
        "side": "buy",
        "instrument": EVIL,
        "candidate": 7,
        "run": "r-1",
        "figures": {"position": Decimal(30), "halt": "", "price_age_ms": None},
        "limits": {"position": Decimal(20), "halt": "", "price_age_ms": None},
    }
    told = risk_tables.refusals([row])
    assert EVIL not in told
    assert "&lt;script&gt;" in told
    assert "30.00 / 20.00" in told
    assert "Age of the price" not in told
    assert 'href="/trace?packet=7&amp;run=r-1"' in told
    named = risk_tables.refusals([{**row, "instrument": "pm:1:NO", "title": "Up or down?", "outcome": "NO"}])
    assert 'breakout: buy NO <b title="pm:1:NO">Up or down?</b>' in named
    assert "Risk has refused nothing" in risk_tables.refusals([])
    assert "<dd>clear</dd>" in figures_of({"halt": ""}, {"halt": ""}, "")


def test_a_halt_that_holds_is_a_banner_and_one_that_ended_says_by_whom() -> None:
    """Who and why, for both ends."""
    halt = {
        "created_at": NOON,
        "desk": "",
        "rule": "operator",
        "by": "ann",
        "reason": EVIL,
        "released_at": None,
        "released_by": None,
        "release_reason": None,
    }
    banner = risk_tables.halt_banner([halt])
    assert "All entries are halted" in banner
    assert EVIL not in banner
    assert risk_tables.halt_banner([]) == ""
    ended = {**halt, "released_at": NOON, "released_by": "ben", "release_reason": "fine"}
    told = risk_tables.halts([halt, ended])
    assert "it holds" in told
    assert "by ben: fine" in told


def test_the_headline_counts_the_day_from_its_base() -> None:
    """Value, peak, fall and day, with what is left to a halt; nothing is made up before the first mark."""
    found = {
        "equity": Decimal(900),
        "peak": Decimal(1_000),
        "base": Decimal(950),
        "pnl": Decimal(-50),
        "created_at": NOON,
        "currency": "USD",
        "about": {"risk": {"drawdown_max": "0.2", "daily_loss_max": "0.1"}},
    }
    told = risk_tables.tiles(found)
    assert "10.00%" in told
    assert "100.00 of 200.00 to a halt" in told
    assert "50.00 of 95.00 to a halt" in told
    nothing = dict.fromkeys(found)
    assert "not marked yet" in risk_tables.tiles(nothing)


def test_breakers_say_where_they_trip_and_whether_they_hold() -> None:
    """One that latched says so in words."""
    found: dict[str, Any] = {
        "about": {"risk": {"drawdown_max": "0.2", "daily_loss_max": "0.1"}},
        "day": {"peak": Decimal(1_000), "base": None},
        "holding": [{"rule": "drawdown"}],
        "faults": [{"desk": "one", "faults": 3, "created_at": NOON, "reason": EVIL}],
        "figures": {"pause_left_ms": figure("pause_left_ms", 60_000, 0)},
    }
    told = risk_tables.breakers(found)
    assert "equity under 800.00" in told
    assert told.count("latched</span>") == 1
    assert "1 min left" in told
    found["about"]["last_at"] = NOON + timedelta(seconds=20)
    assert "40.0 s left" in risk_tables.breakers(found)
    found["about"]["last_at"] = NOON + timedelta(hours=2)
    assert "nobody waits" in risk_tables.breakers(found), "session time has gone on since risk was asked"
    assert "raised 3 times" in told
    assert EVIL not in told


def test_exposures_stand_against_their_limit() -> None:
    """Without a limit there is a dash, not a share."""
    row = {"market": "m-1", "title": EVIL, "positions": 1, "cost": Decimal(45)}
    told = risk_tables.exposures([row], what="Market", key="market", limit=Decimal(50))
    assert "90.0%" in told
    assert "meter warn" in told
    assert EVIL not in told
    bare = risk_tables.exposures([row], what="Market", key="market", limit=None)
    assert "meter" not in bare
    assert "Of its limit" not in bare


def changed(hours: int, posture: str, rm: float, *stresses: float) -> dict[str, Any]:
    """A change of our own posture."""
    event = {"posture": posture, "rm": rm, "cats": list(stresses), "reason": "structure 0.5"}
    return {"created_at": NOON + timedelta(hours=hours), "type": "PostureChanged", "event": event}


def reported(hours: int, posture: str) -> dict[str, Any]:
    """An outside writer's report."""
    event = {"posture": posture, "rm": 1.0, "writer": "watchdog", "reasons": ["late"]}
    return {"created_at": NOON + timedelta(hours=hours), "type": "PostureReported", "event": event}


def test_the_stricter_of_both_postures_holds() -> None:
    """D12: our own rules and the outside writer's report; one does not wipe the other out."""
    rows = [reported(3, "APEX"), reported(2, "TURTLE"), changed(1, "STALKER", 0.875, 0, 0.5, 0, 0, 0)]
    stances = stances_of(rows, NOON)
    names = [one.posture for one in stances]
    assert names == [Posture.APEX, Posture.STALKER, Posture.TURTLE, Posture.STALKER]
    assert [one.rm for one in stances] == [1.0, 0.875, 0.875, 0.875]
    assert stances[2].reason == "watchdog reports TURTLE: late"


def test_a_run_without_changes_is_well_since_its_start() -> None:
    """The survival stack says nothing while all is well, and the page says that."""
    stances = stances_of([], NOON)
    assert [one.posture for one in stances] == [Posture.APEX]
    told = risk_tables.stance_now(stances, {"reports": "none", "own_rules": True})
    assert "APEX since the run began" in told
    assert 'data-posture="APEX"' in told


def test_what_may_go_unsaid_is_said() -> None:
    """A report that is expected and missing counts as TURTLE, and rules may be off."""
    told = risk_tables.stance_now(stances_of([], NOON), {"reports": "expected", "own_rules": False})
    assert "go by TURTLE" in told
    assert "Own rules are off" in told


def test_the_stance_chart_goes_on_to_the_end_of_the_run() -> None:
    """Posture, multiplier and five stresses, each a step line over the same time."""
    rows = [changed(1, "STALKER", 0.875, 0, 0.5, 0, 0, 0)]
    options = stance_options(BASE, stances_of(rows, NOON), NOON + timedelta(hours=5), DARK)
    assert [line["name"] for line in options["series"]] == [
        *("Posture", "Rm", "hard", "structure", "scan", "outside", "capital"),
    ]
    posture, structure = options["series"][0]["data"], options["series"][3]["data"]
    assert [value for _, value in posture] == ["APEX", "STALKER", "STALKER"]
    assert [value for _, value in structure] == [0.0, 0.5, 0.5]
    assert posture[-1][0] - posture[0][0] == 5 * 3_600_000
    assert len(options["grid"]) == len(options["xAxis"]) == len(options["yAxis"]) == 7


def test_a_posture_holds_until_the_next() -> None:
    """Over an axis of names a step turns the other way round; and no strip gives way to its name."""
    rows = [changed(1, "STALKER", 0.875, 0, 0.5, 0, 0, 0)]
    options = stance_options(BASE, stances_of(rows, NOON), NOON + timedelta(hours=5), DARK)
    posture, *others = options["series"]
    assert posture["step"] == "start"
    assert {line["step"] for line in others} == {"end"}
    assert {grid["outerBoundsMode"] for grid in options["grid"]} == {"none"}


def test_refusals_are_bars_by_rule() -> None:
    """Each beside the most frequent, with what the rule means; each leads to the newest one's path."""
    rows = [
        {"rule": "position_limit", "refused": 5, "last_at": NOON, "candidate": 7, "run": "r-1"},
        {"rule": "cash", "refused": 1, "last_at": NOON, "candidate": 3, "run": "r-1"},
    ]
    told = risk_tables.refused_rules(rows)
    assert told.count('class="meter"') == 2
    assert "width:100.0%" in told
    assert "width:20.0%" in told
    assert "There is not enough free cash." in told
    assert 'href="/trace?packet=7&amp;run=r-1"' in told
    assert "Risk has refused nothing" in risk_tables.refused_rules([])
