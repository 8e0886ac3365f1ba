"""Episodes and opportunity windows of one row, bar by bar."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.uptrend.judging import HOUR, ROW, START, in_s0, in_s1, in_s2, in_s3
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.episode_log import sample_of
from tradeworthy.desks.uptrend.episodes import (
    SAMPLES_MAX,
    WINDOWS_MAX,
    Bar,
    Ended,
    RowEpisodes,
    offered,
    take_bar,
    take_buy,
)
from tradeworthy.desks.uptrend.events import EpisodeEnded, WindowClosed, WindowResolved
from tradeworthy.desks.uptrend.gates import base_controls, effective
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.learning.lookup import Controls


def bar_of(seen: Payload, controls: Controls | None = None) -> Bar:
    """The payload as the log takes it in."""
    gates = controls or base_controls(seen)
    return Bar(seen, effective(seen, gates, gates), {"chain": "solana"}, sample_of(seen))


class Told:
    """A row that is told of bars and buys; it keeps all that was made of them."""

    def __init__(self) -> None:
        self.row = RowEpisodes(ROW.key)
        self.made: list[Event] = []

    def bars(self, *payloads: Payload) -> "Told":
        """Take these bars in."""
        for seen in payloads:
            made = take_bar(self.row, bar_of(seen), "uptrend")
            self.made += [one.event if isinstance(one, Ended) else one for one in made]
        return self

    def buy(self, bar: int, state: Stage = Stage.S1) -> "Told":
        """A buy that was decided on at that bar."""
        take_buy(self.row, state, START + bar * HOUR, f"{ROW.key}#1")
        return self

    def closed(self) -> list[WindowClosed]:
        """The windows that are over."""
        return [one for one in self.made if isinstance(one, WindowClosed)]

    def outcomes(self) -> dict[str, str]:
        """By window its outcome, each resolved once."""
        found = [one for one in self.made if isinstance(one, WindowResolved)]
        assert len({one.window for one in found}) == len(found)
        return {one.window: one.outcome for one in found}

    def ended(self) -> list[EpisodeEnded]:
        """The episodes that are over."""
        return [one for one in self.made if isinstance(one, EpisodeEnded)]


def window(kind: str, bar: int) -> str:
    """The id of a window that opened at that bar."""
    return f"{ROW.key}/{kind}/{START + bar * HOUR}"


def test_a_skipped_entry_before_s3_is_a_missed_opportunity() -> None:
    """L10: S1 skipped, then S3: the window is a success that was skipped, and the episode missed."""
    told = Told().bars(in_s0(0), in_s1(1), in_s1(2), in_s2(3), in_s3(4))
    (closed,) = told.closed()
    assert (closed.window, closed.decision_taken, closed.bars) == (window("s1", 1), "skipped", 2)
    assert closed.blocked_by == ("ts",)
    assert (closed.opened_ts, closed.closed_ts) == (START + HOUR, START + 3 * HOUR)
    assert told.outcomes() == {window("s1", 1): "success"}
    (ended,) = told.ended()
    assert (ended.episode_type, ended.outcome, ended.entered) == ("s1_entry", "missed", False)
    assert ended.windows == (window("s1", 1),)
    assert ended.episode == closed.episode == f"s1/{START + HOUR}"


@pytest.mark.parametrize(
    ("last", "bought", "outcome"),
    [
        (in_s3(3), True, "success"),
        (in_s0(3), True, "failure"),
        (in_s3(3), False, "missed"),
        (in_s0(3), False, "correct_skip"),
    ],
)
def test_an_episode_ends_in_one_of_four_ways(*, last: Payload, bought: bool, outcome: str) -> None:
    """L10: entered or not, reached S3 or back to S0."""
    told = Told().bars(in_s0(0), in_s1(1, strong=bought))
    if bought:
        told.buy(1)
    told.bars(in_s2(2), last)
    assert [one.outcome for one in told.ended()] == [outcome]
    assert [one.decision_taken for one in told.closed()] == ["acted" if bought else "skipped"]


def test_an_episode_survives_flips_between_s1_and_s2() -> None:
    """L10: S1, S2, S1 keeps one episode with two windows, resolved together."""
    told = Told().bars(in_s0(0), in_s1(1), in_s2(2), in_s1(3), in_s2(4), in_s3(5))
    assert [one.window for one in told.closed()] == [window("s1", 1), window("s1", 3)]
    assert len({one.episode for one in told.closed()}) == 1
    assert [one.retest_index for one in told.closed()] == [0, 1]
    assert set(told.outcomes().values()) == {"success"}
    assert [one.windows for one in told.ended()] == [(window("s1", 1), window("s1", 3))]


@pytest.mark.parametrize("leaving", [in_s0(2), in_s3(2)])
def test_a_window_that_is_open_when_the_state_leaves_is_not_lost(leaving: Payload) -> None:
    """B14: it is closed and resolved on that very bar."""
    told = Told().bars(in_s0(0), in_s1(1), leaving)
    assert [(one.window, one.closed_ts) for one in told.closed()] == [(window("s1", 1), START + 2 * HOUR)]
    assert set(told.outcomes()) == {window("s1", 1)}
    assert [type(one) for one in told.made] == [WindowClosed, WindowResolved, EpisodeEnded]


def test_a_skipped_dip_before_a_trim_is_a_success() -> None:
    """L10: S3 dip skipped, then the engine's trim flag, though nothing was held to trim."""
    told = Told().bars(in_s3(0), in_s3(1, dip=True), in_s3(2), in_s3(3, trim_flag=True), in_s0(4))
    assert [(one.window, one.decision_taken) for one in told.closed()] == [(window("s3", 1), "skipped")]
    assert told.outcomes() == {window("s3", 1): "success"}
    assert [(one.episode_type, one.outcome) for one in told.ended()] == [("s3_retest", "missed")]


def test_a_dip_without_a_trim_before_s0_is_a_failure() -> None:
    """B13: failures are written, so tuning can tighten as well as loosen."""
    told = Told().bars(in_s3(0), in_s3(1, dip=True, cheap=True)).buy(1, Stage.S3).bars(in_s3(2), in_s0(3))
    assert [one.decision_taken for one in told.closed()] == ["acted"]
    assert told.outcomes() == {window("s3", 1): "failure"}
    assert [one.outcome for one in told.ended()] == ["failure"]


def test_an_earlier_trim_and_an_emergency_exit_make_no_success() -> None:
    """B13: only a trim after the window's start counts, and an emergency exit is none."""
    told = Told().bars(
        in_s3(0, trim_flag=True),
        in_s3(1, dip=True, trim_flag=True),
        in_s3(2),
        in_s3(3, dip=True, trim_flag=True, emergency_exit=True),
        in_s0(4),
    )
    assert told.outcomes() == {window("s3", 1): "failure", window("s3", 3): "failure"}


def test_a_trim_resolves_the_windows_before_it_and_not_those_after() -> None:
    """B13: the second dip has to wait for its own trim."""
    told = Told().bars(
        in_s3(0), in_s3(1, dip=True), in_s3(2, trim_flag=True), in_s3(3, dip=True), in_s3(4), in_s0(5)
    )
    assert told.outcomes() == {window("s3", 1): "success", window("s3", 3): "failure"}
    assert [one.outcome for one in told.ended()] == ["missed"]


def test_a_trim_inside_a_window_is_its_success_when_it_closes() -> None:
    """L10: closed first, resolved after it, once."""
    told = Told().bars(in_s3(0), in_s3(1, dip=True), in_s3(2, dip=True, trim_flag=True), in_s3(3))
    assert [type(one) for one in told.made] == [WindowClosed, WindowResolved]
    assert told.outcomes() == {window("s3", 1): "success"}


def test_a_row_found_in_s3_has_an_episode_since_s3_began() -> None:
    """L3: bootstrapped straight into S3; without an entry and a success it was rightly skipped."""
    told = Told().bars(in_s3(5, s3_start_ts=START), in_s0(6))
    assert [(one.episode, one.started_ts, one.outcome) for one in told.ended()] == [
        (f"s3/{START}", START, "correct_skip")
    ]


@pytest.mark.parametrize("bought_at", [0, 2])
def test_a_buy_outside_a_window_does_not_make_it_acted(bought_at: int) -> None:
    """L10: acted if and only if the buy was decided on in it."""
    told = Told().bars(in_s1(0, near=False), in_s1(1), in_s1(2, near=False))
    told.buy(bought_at).bars(in_s1(3), in_s2(4))
    decisions = {one.window: one.decision_taken for one in told.closed()}
    assert decisions == {window("s1", 1): "skipped", window("s1", 3): "skipped"}


def test_a_window_reaches_as_far_as_the_wider_of_both_halos() -> None:
    """L10: a halo that tuning widened opens a window where the engine's does not, and names the gates."""
    far = in_s1(1, near=False, price=104.4, check={"halo_distance": 1.2})
    wide = Controls(60.0, 1.3, 60.0, moved=True)
    assert offered(bar_of(far)) == ""
    assert offered(bar_of(far, wide)) == "s1"
    near = in_s1(1, check={"halo_distance": 0.9})
    tight = Controls(60.0, 0.8, 60.0, moved=True)
    assert offered(bar_of(near, tight)) == "s1"
    assert bar_of(near, tight).judged.blocked_by == ("halo", "ts")


def test_a_long_window_keeps_twelve_samples_and_all_extremes() -> None:
    """L10: the first and the last eleven; least and greatest are over all bars."""
    prices = [102.0, 103.9, *[102.5] * 20, 102.1]
    told = Told().bars(*(in_s1(place, price=price) for place, price in enumerate(prices)), in_s2(99))
    (closed,) = told.closed()
    assert (closed.bars, len(closed.samples)) == (23, SAMPLES_MAX)
    assert [one["bar_ts"] for one in closed.samples] == [
        START + place * HOUR for place in (0, *range(12, 23))
    ]
    factors = closed.factors
    assert (factors["price_min"], factors["price_max"], factors["price"]) == (102.0, 103.9, 102.1)
    assert (factors["price_median"], factors["sample_count"]) == (102.5, 12)
    assert {"ts_score", "ts_with_boost_max", "halo_distance_median"} <= set(factors)


def test_a_summary_tells_by_how_much_each_lever_fell_short() -> None:
    """L10: mean shortfall over the bars, its severity, and the share of bars behind it."""
    told = Told().bars(in_s1(0, ts_with_boost=0.55), in_s1(1, ts_with_boost=0.55), in_s2(2))
    told.bars(in_s1(3, strong=True), in_s2(4), in_s3(5))
    levers = {str(one["lever"]): one for one in told.ended()[0].levers_considered}
    assert levers["ts"]["delta"] == pytest.approx(-0.05)
    assert levers["ts"]["severity"] == pytest.approx(0.5)
    assert levers["ts"]["confidence"] == pytest.approx(2 / 3)
    assert set(levers) == {"ts", "sr_boost"}


def test_windows_that_wait_are_bounded() -> None:
    """L10: one too many, and the oldest is resolved as neutral; all are resolved, once."""
    told = Told()
    count = WINDOWS_MAX + 5
    for place in range(count):
        told.bars(in_s1(2 * place), in_s1(2 * place + 1, near=False))
    assert Counter(told.outcomes().values()) == {"neutral": 5}
    assert len(told.row.waiting) == WINDOWS_MAX
    told.bars(in_s0(2 * count))
    assert Counter(told.outcomes().values()) == {"neutral": 5, "failure": WINDOWS_MAX}


@pytest.mark.parametrize("at", range(1, 6))
def test_what_is_remembered_survives_a_snapshot(at: int) -> None:
    """L10: written and read between any two bars, the same comes of it."""
    payloads = [in_s0(0), in_s1(1), in_s1(2, near=False), in_s1(3), in_s3(4, dip=True), in_s0(5)]
    whole = Told().bars(*payloads)
    halves = Told().bars(*payloads[:at])
    halves.row = msgspec.msgpack.decode(msgspec.msgpack.encode(halves.row), type=RowEpisodes)
    halves.bars(*payloads[at:])
    assert halves.made == whole.made


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["s0", "s1", "s1 near", "s1 strong", "s2", "s3", "s3 dip", "s3 trim", "s3 both"]),
        st.booleans(),
    ),
    max_size=40,
)


def payloads_of(steps: Iterable[tuple[str, bool]]) -> list[Payload]:
    """Payloads of any states in any order, as forced ones may be."""
    made: dict[str, Callable[[int], Payload]] = {
        "s0": in_s0,
        "s1": lambda bar: in_s1(bar, near=False),
        "s1 near": in_s1,
        "s1 strong": lambda bar: in_s1(bar, strong=True),
        "s2": in_s2,
        "s3": in_s3,
        "s3 dip": lambda bar: in_s3(bar, dip=True),
        "s3 trim": lambda bar: in_s3(bar, trim_flag=True),
        "s3 both": lambda bar: in_s3(bar, dip=True, trim_flag=True),
    }
    return [made[word](bar) for bar, (word, _) in enumerate(steps)]


def kinds_of(payloads: Sequence[Payload]) -> list[str]:
    """By bar the kind of window that it is in."""
    return [offered(bar_of(one)) for one in payloads]


@given(STEPS)
def test_any_course_accounts_for_every_window_once(steps: list[tuple[str, bool]]) -> None:
    """L10: one event for each window, acted if and only if a buy lies in it; S0 resolves everything."""
    payloads = [*payloads_of(steps), in_s0(len(steps))]
    told = Told()
    for bar, seen in enumerate(payloads):
        told.bars(seen)
        if bar < len(steps) and steps[bar][1]:
            told.buy(bar, seen.state)
    kinds = kinds_of(payloads)
    opened = [bar for bar, kind in enumerate(kinds) if kind and (bar == 0 or kinds[bar - 1] != kind)]
    closed = told.closed()
    assert [one.window for one in closed] == [window(kinds[bar], bar) for bar in opened]
    for one, bar in zip(closed, opened, strict=True):
        inside = range(bar, bar + one.bars)
        assert {kinds[each] for each in inside} == {kinds[bar]}
        assert (one.decision_taken == "acted") is any(steps[each][1] for each in inside)
    assert set(told.outcomes()) == {one.window for one in closed}
    assert not told.row.waiting
    assert not told.row.episodes
    places = {one.window: place for place, one in enumerate(told.made) if isinstance(one, WindowClosed)}
    for place, event in enumerate(told.made):
        assert not isinstance(event, WindowResolved) or places[event.window] < place


def outcome_of(words: Sequence[str], kind: str) -> str:
    """What the bars after a window's first bar make of it."""
    for word in words:
        if word == "s0":
            return "failure"
        if word.startswith("s3") if kind == "s1" else word in {"s3 trim", "s3 both"}:
            return "success"
    raise AssertionError("a course ends in S0")


@given(STEPS)
def test_any_course_gives_each_window_the_outcome_that_follows_it(steps: list[tuple[str, bool]]) -> None:
    """L10: S1 windows by whether S3 or S0 comes first, S3 windows by whether a trim or S0 does."""
    words = [*(word for word, _ in steps), "s0"]
    told = Told().bars(*payloads_of(steps), in_s0(len(steps)))
    for one in told.closed():
        after = words[(one.opened_ts - START) // HOUR + 1 :]
        assert told.outcomes()[one.window] == outcome_of(after, one.window.split("/")[1])


@given(STEPS)
def test_an_episode_is_one_run_without_its_end(steps: list[tuple[str, bool]]) -> None:
    """L10: windows of S1 share an episode exactly if neither S0 nor S3 lies between them."""
    told = Told().bars(*payloads_of(steps), in_s0(len(steps)))
    found = [one for one in told.closed() if one.episode_type == "s1_entry"]
    for first, second in pairwise(found):
        a, b = ((one.opened_ts - START) // HOUR for one in (first, second))
        broken = any(steps[bar][0].startswith(("s0", "s3")) for bar in range(a, b))
        assert (first.episode != second.episode) is broken
