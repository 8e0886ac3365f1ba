"""Signals out of a seed: the same in any range, evenly spread, and ignorant of prices."""

from collections import Counter
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.uptrend.signalling import Signalling, settings_of
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.deciding import BUY_INTENTS
from tradeworthy.desks.uptrend.events import PositionsAllocated, SignalTaken, SocialSignal
from tradeworthy.gateways.feeds.seeded_signals import DAY_NS, SignalSettings, seeded_signals

DESK = settings_of()
FIRST = 20_000 * DAY_NS


def rows(
    from_ts: int = FIRST, to_ts: int = FIRST + 10 * DAY_NS, seed: int = 7, **changes: Any
) -> list[tuple[int, SocialSignal]]:
    """The stream of the desk's tokens and curators."""
    settings = SignalSettings.model_validate({"source": "seeded", "per_token_per_day": 2.5} | changes)
    return list(seeded_signals(settings, DESK.tokens, DESK.curators, seed=seed, from_ts=from_ts, to_ts=to_ts))


WHOLE = rows()


def test_the_stream_is_a_function_of_its_seed() -> None:
    """The same seed, the same signals; another, others; in order of time, each id once."""
    assert rows() == WHOLE
    assert rows(seed=8) != WHOLE
    assert [ts for ts, _ in WHOLE] == sorted(one.ts_event for _, one in WHOLE)
    assert len({one.signal for _, one in WHOLE}) == len(WHOLE)


@given(st.integers(0, 10 * DAY_NS), st.integers(0, 10 * DAY_NS))
def test_any_range_holds_the_same_signals(first: int, last: int) -> None:
    """A session goes on from wherever it stood, and meets what it would have met."""
    found = rows(FIRST + first, FIRST + last)
    assert found == [one for one in WHOLE if FIRST + first <= one[0] < FIRST + last]


def test_tokens_days_curators_and_intents_get_their_share() -> None:
    """2.5 a day are two or three, majors have none, and a weight of 0 is never drawn."""
    found = rows(to_ts=FIRST + 400 * DAY_NS, curators={"ann": 3.0, "who": 1.0, "never": 0.0})
    a_day = Counter((one.ticker, ts // DAY_NS) for ts, one in found)
    assert {ticker for ticker, _ in a_day} == {"BONK", "WIF", "PEPE"}
    assert set(a_day.values()) == {2, 3}
    assert len(found) == pytest.approx(400 * 3 * 2.5, rel=0.05)
    voices = Counter(one.curator for _, one in found)
    assert set(voices) == {"ann", "who"}
    assert voices["ann"] / len(found) == pytest.approx(0.75, abs=0.03)
    bought = sum(one.intent in BUY_INTENTS for _, one in found)
    assert bought / len(found) == pytest.approx(0.9, abs=0.03)
    hours = Counter(ts % DAY_NS // (DAY_NS // 24) for ts, _ in found)
    assert min(hours.values()) > 0.6 * max(hours.values())


def test_the_desks_own_curators_speak_unless_others_are_named() -> None:
    """All alike: ann and bob."""
    assert {one.curator for _, one in WHOLE} == {"ann", "bob"}


def test_a_token_more_shifts_no_other_tokens_signals() -> None:
    """Draws are by token: a study with one token more is comparable."""
    fewer = seeded_signals(
        SignalSettings(source="seeded", per_token_per_day=2.5),
        DESK.tokens[:1],
        DESK.curators,
        seed=7,
        from_ts=FIRST,
        to_ts=FIRST + 10 * DAY_NS,
    )
    assert list(fewer) == [one for one in WHOLE if one[1].ticker == "BONK"]


def test_the_desk_takes_them_as_any_other_signal() -> None:
    """Each names its token by contract, and those of a curator who is heard make rows."""
    desk = Signalling()
    for ts, signal in WHOLE:
        desk.put(signal, ts)
    assert {one.blocked for one in desk.events(SignalTaken)} == {""}
    assert {one.grade for one in desk.events(SignalTaken)} == {"high"}
    assert {one.instrument for one in desk.events(PositionsAllocated)} == {"BONK", "WIF", "PEPE"}
    assert len(desk.trader.rows()) == 12


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"per_token_per_day": -1}, "per_token_per_day"),
        ({"source": "twitter"}, "source"),
        ({"intents": {}}, "signals.intents is empty"),
        ({"intents": {"buy": 1.0}}, "signals.intents names 'buy'"),
        ({"intents": {"new_discovery": 0.0}}, "at least one weight above 0"),
        ({"curators": {"ann": -1.0}}, "weights of 0 or more"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], said: str) -> None:
    """The key and what it must be."""
    with pytest.raises(pydantic.ValidationError, match=said):
        SignalSettings.model_validate(changes)


def test_without_a_curator_nothing_can_be_said() -> None:
    """One line with the next step."""
    stream = seeded_signals(SignalSettings(source="seeded"), DESK.tokens, (), seed=1, from_ts=0, to_ts=DAY_NS)
    with pytest.raises(UsageError, match="have no curator; list some"):
        next(stream)
